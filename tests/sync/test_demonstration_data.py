"""The demonstration's POA&Ms are believable: in our vocabulary, and as consistent as an assessor demands."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import fields
from datetime import date, timedelta
from importlib.resources import files
from typing import Any

import pytest

from poam.mapping.item import (
    ChangeKind,
    Decision,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
)

SYSTEMS = {
    path.name.removesuffix(".toml"): tomllib.loads(path.read_text(encoding="utf-8"))
    for path in files("poam.sync").joinpath("demonstration").iterdir()
    if path.name.endswith(".toml")
}
WORDS = {
    "finding_kind": FindingKind,
    "state": State,
    "original_risk_rating": Rating,
    "adjusted_risk_rating": Rating,
    "risk_adjustment": Decision,
    "false_positive": Decision,
    "operational_requirement": Decision,
}
WINDOWS = {
    "fedramp_rev5": {"critical": 30, "high": 30, "moderate": 90, "low": 180},
    "agency_rmf": {"critical": 15, "high": 30, "moderate": 90, "low": 365},
}


def built(name: str, row: dict[str, Any]) -> PoamItem:
    """The row as an item; an unknown key or a word outside the vocabulary is an error here."""
    known = {key: WORDS[key](value) for key, value in row.items() if key in WORDS}
    children = {
        "assets": tuple(row["assets"]),
        "milestones": tuple(Milestone(**milestone) for milestone in row["milestones"]),
        "milestone_changes": tuple(
            MilestoneChange(**{**change, "kind": ChangeKind(change["kind"])}) for change in row["milestone_changes"]
        ),
    }
    return PoamItem(**{**row, **known, **children, "uid": f"{name}-{row['poam_id']}", "system_id": name})


ITEMS = {item.poam_id: item for name, system in SYSTEMS.items() for item in (built(name, r) for r in system["items"])}
PROFILES = {name: system["system"]["profile"] for name, system in SYSTEMS.items()}


def rating(item: PoamItem) -> Rating:
    """The rating that counts for the clock: an adjustment does once it is approved."""
    adjusted = item.adjusted_risk_rating if item.risk_adjustment == Decision.YES else None
    found = adjusted or item.original_risk_rating
    assert found is not None
    return found


def late(item: PoamItem, day: str) -> bool:
    excused = item.vendor_dependency or item.operational_requirement == Decision.YES
    due = min(filter(None, (item.approved_extension_date or item.scheduled_completion_date, item.kev_due_date)))
    return item.state == State.OPEN and not excused and due < day


def test_there_are_two_systems_and_thirty_items_each_with_its_own_id() -> None:
    assert {name: len(system["items"]) for name, system in SYSTEMS.items()} == {"harbor": 18, "ledger": 12}
    assert len(ITEMS) == 30
    assert {system["system"]["document_date"] for system in SYSTEMS.values()} == {"2026-10-01"}


def test_every_story_worth_showing_is_there() -> None:
    assert {item.finding_kind for item in ITEMS.values()} == set(FindingKind)
    assert {item.original_risk_rating for item in ITEMS.values()} == set(Rating)
    for column in ("risk_adjustment", "false_positive", "operational_requirement"):
        assert {Decision.PENDING, Decision.YES} <= {getattr(item, column) for item in ITEMS.values()}
    assert Counter(item.state for item in ITEMS.values()) == {State.OPEN: 24, State.CLOSED: 6}
    assert sum(item.vendor_dependency for item in ITEMS.values()) == 2
    assert sorted(name for name, item in ITEMS.items() if late(item, "2026-10-05")) == [
        "LGS-103",
        "V-1012",
        "V-1015",
        "V-1019",
    ]


@pytest.mark.parametrize("name", ITEMS)
def test_an_item_is_written_the_way_an_assessor_expects(name: str) -> None:
    item = ITEMS[name]

    assert re.fullmatch(r"[A-Z]{1,4}-\d{1,7}", item.poam_id)
    assert all(re.fullmatch(r"[A-Z]{2}-\d{1,2}(\(\d{1,2}\))?", control) for control in item.controls.split(", "))
    assert all(re.fullmatch(r"CVE-\d{4}-\d{4,}", cve) for cve in item.cves.split(", ") if cve)
    assert min(len(item.weakness_description), len(item.remediation_plan)) >= 40
    assert all((item.weakness_name, item.weakness_detector_source, item.point_of_contact, item.resources_required))
    assert bool(item.deviation_rationale) == any(
        (item.risk_adjustment, item.false_positive, item.operational_requirement)
    )
    assert (item.kev_due_date is not None) == bool(item.kev_tracking)
    assert bool(item.vendor_dependent_product) == bool(item.last_vendor_check_in) == item.vendor_dependency


@pytest.mark.parametrize("name", ITEMS)
def test_the_dates_of_an_item_agree_with_each_other_and_with_its_regime(name: str) -> None:
    item = ITEMS[name]
    detected, due = item.original_detection_date or "", item.scheduled_completion_date or ""
    window = WINDOWS[PROFILES[item.system_id]][rating(item)]
    texts = [getattr(item, f.name) for f in fields(item) if f.name.endswith("_date")]

    assert due == (date.fromisoformat(detected) + timedelta(days=window)).isoformat()
    assert [text for text in texts if text and date.fromisoformat(text).isoformat() != text] == []
    assert detected <= (item.status_date or "") <= "2026-10-01"
    if item.state == State.CLOSED:
        assert item.status_date == item.actual_completion_date
        assert item.closure_reason in {"remediated", "false_positive"}
    else:
        assert (item.status_date or "") >= "2026-08-27"
        assert item.closure_reason == ""


@pytest.mark.parametrize("name", ITEMS)
def test_every_milestone_lies_within_the_plan_and_none_passes_in_silence(name: str) -> None:
    item = ITEMS[name]
    dates = [milestone.scheduled_completion_date for milestone in item.milestones]
    spoken = {change.number for change in item.milestone_changes}
    slack = date.fromisoformat(item.scheduled_completion_date or "") - date.fromisoformat(dates[-1])

    assert [milestone.number for milestone in item.milestones] == list(range(1, len(dates) + 1))
    assert dates == sorted(dates)
    assert (item.original_detection_date or "") <= dates[0]
    assert timedelta(0) <= slack <= timedelta(days=30)
    assert {m.number for m in item.milestones if m.scheduled_completion_date < "2026-10-01"} <= spoken
    assert [c.date for c in item.milestone_changes if c.kind == ChangeKind.COMPLETE and c.date > "2026-10-01"] == []
