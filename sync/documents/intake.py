"""Takes a formal document in: what it would change is a plan first, and applied whole or not at all.

A field whose new value the item has had before is not news: the file is older than the record there. What is permanent
is never taken from a file, nor is a move to another tab: those are decisions.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from ...mapping.documents.document import Document, Reading, UnreadableDocument
from ...mapping.documents.fedramp_columns import LAYOUTS, Sheet
from ...mapping.documents.fedramp_read import read_workbook
from ...mapping.documents.fedramp_wording import carried
from ...mapping.documents.fedramp_write import belongs
from ...mapping.item import DEVIATIONS, Decision, PoamItem, State
from ...mapping.life import Role
from ..errors import InputError, NotAllowed
from ..record.database import Database
from ..record.items import change_row, columns, load
from ..record.journal import Author, text
from ..record.unit import Unit
from ..settings.config import Config, System
from ..settings.systems import keep_systems
from .doubts import doubts_of, in_the_future
from .export import IN_THE_DOCUMENT

PERMANENT = {
    "original_detection_date": "permanent; poam set moves it earlier where the rules allow",
    "scheduled_completion_date": "permanent; a later date is a request",
    "milestones": "planned milestones are permanent; changes are appended",
    "weakness_source_identifier": "permanent; another finding is another item",
    "original_risk_rating": "permanent; a lower or higher risk is a risk adjustment",
}
_NOT_FROM_A_FILE = frozenset(
    [
        "uid",
        "system_id",
        "poam_id",
        "state",
        "closure_reason",
        "actual_completion_date",
        "forecast_date",
        "approved_extension_date",
        "work_status",
        "work_status_version",
        "work_done_at",
        "work_done_by",
        "baselined_at",
        "finding_kind",
    ]
)
_ITEMS = UUID("5b1e2a4c-6d0f-5e3a-9c47-1f0d8a2b7c61")  # whatever it is, it must never change
COMPARED = tuple(each.name for each in fields(PoamItem) if each.name not in _NOT_FROM_A_FILE)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One cell that differs from the record."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True, slots=True)
class ItemPlan:
    """What a file says of a known item: changes to take, and what cannot be taken, with the reason."""

    item: PoamItem
    changes: tuple[FieldChange, ...] = ()
    older: tuple[FieldChange, ...] = ()
    refused: tuple[tuple[FieldChange, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What an import would do. `absent` are items that the file should list and does not: they stay.

    `left_out` is what the file holds beyond the template, `doubts` what a person should look at. Nobody is
    `absent` as long as there are rows that cannot be read.
    """

    system: System
    source: str
    layout: str
    new: tuple[PoamItem, ...] = ()
    known: tuple[ItemPlan, ...] = ()
    unchanged: int = 0
    absent: tuple[str, ...] = ()
    problems: tuple[str, ...] = field(default=())
    left_out: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def changes_anything(self) -> bool:
        """Whether applying it would write anything."""
        return bool(self.new or any(each.changes for each in self.known))


def read_document(name: str, data: bytes) -> Reading:
    """Reads a file's bytes as a formal document. Raises InputError for a file that is none."""
    try:
        return read_workbook(data)
    except UnreadableDocument as error:
        raise InputError(f"{name}: {error.message.rstrip('.')}", hint=error.hint.rstrip(".")) from None


def uid_of(record_id: str, system_id: str, poam_id: str) -> str:
    """The identity of an item that comes in for the first time. The same row brings the same one, so that an item that
    a restored record has lost finds its issue again when it is imported anew: the marker is made of it.
    """
    return str(uuid5(_ITEMS, "\n".join((record_id, system_id, poam_id))))


def choose_system(config: Config, document: Document, wanted: str) -> System:
    """The system a document speaks for: as told, the one its header names, or the only one. Raises InputError."""
    if wanted:
        if system := config.system(wanted):
            return system
        raise InputError(f"there is no system {wanted}", hint=f"the configuration has: {_ids(config)}")
    named = [
        each
        for each in config.systems
        if document.header.name.strip().casefold() in (each.name.casefold(), each.id.casefold())
    ]
    if len(named) == 1:
        return named[0]
    if len(config.systems) == 1 and not document.header.name.strip():
        return config.systems[0]
    raise InputError(
        f"the file speaks for the system “{document.header.name}”, which is not in the configuration",
        hint=f"if it is one of them under another name, add --system: {_ids(config)}",
    )


def _ids(config: Config) -> str:
    return ", ".join(each.id for each in config.systems)


def plan_import(
    database: Database,
    reading: Reading,
    system: System,
    *,
    name: str,
    data: bytes,
    at: str,
    new_uid: Callable[[str], str],
) -> ImportPlan:
    """Compares a document with the record. Imported rows are baselined: their dates are the authority's already."""
    known = {item.poam_id: item for item in load(database, "system_id = ?", (system.id,))}
    layout = LAYOUTS[reading.document.layout]
    new, plans, unchanged = [], [], 0
    for row in reading.document.items:
        existing = known.pop(row.poam_id, None)
        if existing is None:
            new.append(replace(row, uid=new_uid(row.poam_id), system_id=system.id, baselined_at=at))
            continue
        sheet = next(sheet for sheet in layout.sheets if belongs(existing, sheet))
        plan = _compare(database, existing, row, sheet)
        if plan.changes or plan.refused or plan.older:
            plans.append(plan)
        else:
            unchanged += 1
    source = f"{name} sha256:{hashlib.sha256(data).hexdigest()}"
    problems = tuple(str(problem) for problem in reading.problems)
    today = datetime.fromisoformat(at).astimezone(ZoneInfo(system.timezone)).date().isoformat()
    headings = {column.field: column.heading for sheet in layout.sheets for column in sheet.columns}
    doubts = [doubt for item in new for doubt in doubts_of(item, today, headings, reading.computed)]
    doubts += in_the_future(new, [(one.item.poam_id, to.field, to.new) for one in plans for to in one.changes], today)
    # A row that cannot be read may be any item's: who is missing is known once all can.
    listed = () if problems else known.items()
    absent = tuple(poam_id for poam_id, item in listed if item.state in IN_THE_DOCUMENT)
    return ImportPlan(
        system,
        source,
        layout.version,
        tuple(new),
        tuple(plans),
        unchanged,
        absent,
        problems,
        reading.left_out,
        tuple(doubts),
    )


def _compare(database: Database, item: PoamItem, row: PoamItem, sheet: Sheet) -> ItemPlan:
    now = carried(item, sheet)
    changes, older, refused = [], [], []
    if (item.state is State.CLOSED) != (row.state is State.CLOSED):
        moved = FieldChange("state", item.state.value, row.state.value)
        refused.append((moved, "a tab is not a decision; use poam transition"))
        now = replace(now, status_date=row.status_date)
    elif not belongs(row, sheet):
        moved = FieldChange("finding_kind", item.finding_kind.value, row.finding_kind.value)
        refused.append((moved, "a tab is not a decision; use poam set"))
    for name in COMPARED:
        change = FieldChange(name, getattr(now, name), getattr(row, name))
        if change.old == change.new:
            continue
        if _is_older(database, item, change):
            older.append(change)
        elif name in PERMANENT and change.old not in (None, "", ()):
            refused.append((change, PERMANENT[name]))
        elif _is_the_officials(item, change):
            refused.append((change, "the authorizing official decides it; use poam set"))
        elif name == "milestone_changes" and not _begins(change.new, change.old):
            refused.append((change, "recorded milestone changes are permanent; new ones are appended"))
        else:
            changes.append(change)
    return ItemPlan(item, tuple(changes), tuple(older), tuple(refused))


def _is_the_officials(item: PoamItem, change: FieldChange) -> bool:
    """Whether it approves a deviation, takes an approval back, or changes what was approved."""
    approved = change.field == "adjusted_risk_rating" and item.risk_adjustment is Decision.YES
    return approved or (change.field in DEVIATIONS and Decision.YES in (change.old, change.new))


def _begins(longer: tuple[Any, ...], shorter: tuple[Any, ...]) -> bool:
    return longer[: len(shorter)] == shorter


def _is_older(database: Database, item: PoamItem, change: FieldChange) -> bool:
    """Whether the item once had this value; milestone changes are only ever appended to."""
    if change.field == "milestone_changes":
        return _begins(change.old, change.new)
    history = list(
        database.query(
            "SELECT field, old, new FROM journal WHERE entity = 'items' AND entity_id = ? AND field IN ('*', ?)",
            (item.uid, change.field),
        )
    )
    values = {row[side] for row in history if row["field"] != "*" for side in ("old", "new")}
    created = [json.loads(row["new"]) for row in history if row["field"] == "*"]
    values |= {_plain(first.get(change.field)) for first in created}
    return _plain(change.new) in values


def _plain(value: Any) -> str | None:
    if isinstance(value, list | tuple):
        return "\n".join(
            str(each["identifier"] if isinstance(each, dict) and "identifier" in each else each) for each in value
        )
    return text(value)


def apply_import(unit: Unit, by: Author, config: Config, plan: ImportPlan) -> None:
    """Writes the plan in one unit of work. Raises NotAllowed for a person who could not decide what it says."""
    if by.role not in (Role.ISSO, Role.AO):
        raise NotAllowed(f"{by.person} is {by.role} and cannot import a POA&M", hint="an ISSO or AO has to do it")
    keep_systems(unit, by, config)
    unit.add_items(by, plan.new, source=plan.source)
    for each in plan.known:
        _apply(unit, by, each, plan.source)


def _apply(unit: Unit, by: Author, plan: ItemPlan, source: str) -> None:
    item = plan.item
    plain = {change.field: change.new for change in plan.changes if change.field not in ("assets", "milestone_changes")}
    row = columns(replace(item, **plain))
    unit.change(by, "items", item.uid, {name: row[name] for name in plain}, reason="imported", source=source)
    for change in plan.changes:
        if change.field == "assets":
            unit.replace_assets(by, item.uid, change.new, source=source)
        elif change.field == "milestone_changes":
            _append_changes(unit, by, item, change.new, source)


def _append_changes(unit: Unit, by: Author, item: PoamItem, changes: Sequence[Any], source: str) -> None:
    for position in range(len(item.milestone_changes), len(changes)):
        row: Mapping[str, Any] = {**change_row(item.uid, position, changes[position]), "item_uid": item.uid}
        unit.create(by, "milestone_changes", row, source=source)
