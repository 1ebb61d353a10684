"""The demonstration's texts as items, moved so that their document date lies a few days back from today."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any

from ...mapping.dates import add_days, days_between, is_date
from ...mapping.documents.document import Document, SystemHeader
from ...mapping.documents.fedramp_write import write_workbook
from ...mapping.item import ChangeKind, Decision, FindingKind, Milestone, MilestoneChange, PoamItem, Rating, State

DAYS_SINCE_THE_DOCUMENT = 4
_KINDS: Mapping[str, Any] = {
    "finding_kind": FindingKind,
    "original_risk_rating": Rating,
    "adjusted_risk_rating": Rating,
    "risk_adjustment": Decision,
    "false_positive": Decision,
    "operational_requirement": Decision,
    "state": State,
    "assets": tuple,
}
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")


@dataclass(frozen=True, slots=True)
class Material:
    """One fictional system: its configuration and its POA&M workbook of a few days ago."""

    system: Mapping[str, str]
    workbook: bytes


def material(name: str, today: str) -> Material:
    """The system of `NAME.toml` beside this module, with every date in it moved along with today."""
    raw = tomllib.loads((files(__package__) / f"{name}.toml").read_text(encoding="utf-8"))
    days = days_between(raw["system"]["document_date"], today) - DAYS_SINCE_THE_DOCUMENT
    told = _moved(raw, days)
    header = SystemHeader(*(told["system"][key] for key in ("provider", "name", "impact_level", "document_date")))
    items = tuple(_item(each) for each in told["items"])
    system = {key: value for key, value in told["system"].items() if key != "document_date"}
    return Material(system, write_workbook(Document("2.1", header, items), layout="2.1"))


def _moved(value: Any, days: int) -> Any:
    """The same, with every calendar date in every text so many days later."""
    if isinstance(value, dict):
        return {key: _moved(each, days) for key, each in value.items()}
    if isinstance(value, list):
        return [_moved(each, days) for each in value]
    if isinstance(value, str):
        return _DAY.sub(lambda found: add_days(found[0], days) if is_date(found[0]) else found[0], value)
    return value


def _item(told: Mapping[str, Any]) -> PoamItem:
    known = {each.name for each in fields(PoamItem)}
    plain = {key: _KINDS[key](value) if key in _KINDS else value for key, value in told.items() if key in known}
    plain["milestones"] = tuple(Milestone(**each) for each in told.get("milestones", ()))
    plain["milestone_changes"] = tuple(
        MilestoneChange(**{**each, "kind": ChangeKind(each["kind"])}) for each in told.get("milestone_changes", ())
    )
    return PoamItem(**{"uid": "", "system_id": "", **plain})
