"""Items as rows and rows as items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from functools import lru_cache
from operator import attrgetter
from typing import Any

from sqlite_utils import Database

from ...mapping.dates import is_date
from ...mapping.item import (
    ChangeKind,
    Decision,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
    WorkStatus,
)
from ..errors import RecordCorrupt
from ..times import moment

_Reader = Callable[[Any], Any]
CHILDREN = ("assets", "milestones", "milestone_changes")
ITEM_COLUMNS = tuple(field.name for field in fields(PoamItem) if field.name not in CHILDREN)
_VALUES = attrgetter(*ITEM_COLUMNS)


@lru_cache(maxsize=4096)
def _day(text: str) -> str:
    """A date, once it is known to be one: by hand anything can be put into a file. Raises ValueError."""
    if not is_date(text):
        raise ValueError
    return text


@lru_cache(maxsize=4096)
def _instant(text: str) -> str:
    """An instant, once it is known to be one, or blank. Raises ValueError."""
    if text:
        moment(text)
    return text


def _truth(number: int | str) -> bool:
    """Truth from 0 or 1, which the journal writes as text. Raises ValueError."""
    return bool(int(number))


def _words(vocabulary: type[Enum]) -> _Reader:
    """The words of a vocabulary by their texts. What it makes raises KeyError."""
    return {word.value: word for word in vocabulary}.__getitem__


_DATES = (
    *("original_detection_date", "scheduled_completion_date", "approved_extension_date", "forecast_date"),
    *("status_date", "last_vendor_check_in", "kev_due_date", "actual_completion_date"),
)
_RATING, _DECISION = _words(Rating), _words(Decision)
_KINDS = {kind.value: kind for kind in ChangeKind}
_READ: Mapping[str, _Reader] = {
    "finding_kind": _words(FindingKind),
    "original_risk_rating": _RATING,
    "adjusted_risk_rating": _RATING,
    "risk_adjustment": _DECISION,
    "false_positive": _DECISION,
    "operational_requirement": _DECISION,
    "state": _words(State),
    "work_status": _words(WorkStatus),
    "work_status_version": int,
    "vendor_dependency": _truth,
    "auto_approve": _truth,
    "kev_tracking": _truth,
    "work_done_at": _instant,
    "baselined_at": _instant,
    **dict.fromkeys(_DATES, _day),
}
_UNREADABLE = (AttributeError, LookupError, TypeError, ValueError)


def columns(item: PoamItem) -> dict[str, Any]:
    """The item's own row."""
    return dict(zip(ITEM_COLUMNS, map(_plain, _VALUES(item)), strict=True))


def children(item: PoamItem) -> dict[str, list[dict[str, Any]]]:
    """The item's child rows, as the journal keeps them with its creation."""
    return {
        "assets": asset_rows(item.assets),
        "milestones": [
            {"number": m.number, "description": m.description, "scheduled_completion_date": m.scheduled_completion_date}
            for m in item.milestones
        ],
        "milestone_changes": [change_row(item.uid, n, change) for n, change in enumerate(item.milestone_changes)],
    }


def asset_rows(assets: Iterable[str]) -> list[dict[str, Any]]:
    """Assets as rows, without their item: one a line, as the journal lists them."""
    lines = (line for asset in assets for line in asset.split("\n") if line)
    return [{"position": n, "identifier": line} for n, line in enumerate(lines)]


def change_row(uid: str, position: int, change: MilestoneChange) -> dict[str, Any]:
    """A milestone change as a row, without its item."""
    return {
        "id": f"{uid}:{position}",
        "position": position,
        "number": change.number,
        "kind": change.kind.value,
        "date": change.date,
        "description": change.description,
    }


def _plain(value: Any) -> Any:
    """A word of a vocabulary as text, truth as 0 or 1."""
    if isinstance(value, Enum):
        return value.value
    return int(value) if isinstance(value, bool) else value


def load(database: Database, where: str = "1 = 1", values: Sequence[Any] = ()) -> list[PoamItem]:
    """Items with their children, in the order of system and POA&M id. `where` speaks of the items table."""
    chosen = f"SELECT uid FROM items WHERE {where}"  # noqa: S608
    kids: dict[str, dict[str, list[Any]]] = {name: defaultdict(list) for name in CHILDREN}
    for row in database.query(f"SELECT * FROM assets WHERE item_uid IN ({chosen}) ORDER BY position", tuple(values)):  # noqa: S608
        kids["assets"][row["item_uid"]].append(row["identifier"])
    for row in database.query(f"SELECT * FROM milestones WHERE item_uid IN ({chosen}) ORDER BY number", tuple(values)):  # noqa: S608
        kids["milestones"][row["item_uid"]].append(milestone_from(row))
    changes = f"SELECT * FROM milestone_changes WHERE item_uid IN ({chosen}) ORDER BY position"  # noqa: S608
    for row in database.query(changes, tuple(values)):
        kids["milestone_changes"][row["item_uid"]].append(change_from(row))
    rows = database.query(f"SELECT * FROM items WHERE {where}", tuple(values))  # noqa: S608
    items = [item_from(row, {name: tuple(kids[name][row["uid"]]) for name in CHILDREN}) for row in rows]
    return sorted(items, key=lambda item: (item.system_id, natural(item.poam_id)))


def unmirrored(database: Database, states: Iterable[State]) -> list[PoamItem]:
    """Items in one of these states that no issue has ever been planned for."""
    listed = ", ".join(f"'{state.value}'" for state in sorted(states))
    new = f"state IN ({listed}) AND NOT EXISTS (SELECT 1 FROM links WHERE item_uid = uid)"  # noqa: S608
    return load(database, new) if any(database.query(f"SELECT 1 FROM items WHERE {new} LIMIT 1")) else []  # noqa: S608


def items_without_issue(database: Database, states: Iterable[State]) -> list[PoamItem]:
    """Items in one of these states that no issue mirrors now, though one may be planned."""
    listed = ", ".join(f"'{state.value}'" for state in sorted(states))
    has_one = "EXISTS (SELECT 1 FROM links WHERE item_uid = uid AND links.state IN ('live', 'missing'))"
    return load(database, f"state IN ({listed}) AND NOT {has_one}")


def natural(poam_id: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key that puts V-2 before V-10."""
    parts = "".join(c if c.isdigit() else f" {c} " for c in poam_id).split()
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def item_from(row: Mapping[str, Any], kids: dict[str, tuple[Any, ...]]) -> PoamItem:
    """An item from its row and its children. Raises RecordCorrupt for a value that its column cannot have."""
    own: dict[str, Any] = {name: row.get(name) for name in ITEM_COLUMNS}  # one that came later than the row is unknown
    name = ""
    try:
        for name, read in _READ.items():
            if (value := own[name]) is not None:
                own[name] = read(value)
    except _UNREADABLE:
        raise _damaged(f"item {own['poam_id']}", name, own[name]) from None
    own |= kids
    return PoamItem(**own)


def milestone_from(row: Mapping[str, Any]) -> Milestone:
    """A milestone from its row. Raises RecordCorrupt."""
    day = row["scheduled_completion_date"]
    try:
        return Milestone(row["number"], row["description"], day and _day(day))
    except _UNREADABLE:
        raise _damaged("a milestone", "scheduled_completion_date", day) from None


def change_from(row: Mapping[str, Any]) -> MilestoneChange:
    """A milestone change from its row. Raises RecordCorrupt."""
    kind, day = row["kind"], row["date"]
    try:
        return MilestoneChange(row["number"], _KINDS[kind], day and _day(day), row["description"])
    except _UNREADABLE:
        raise _damaged("a milestone change", "kind and date", f"{kind} {day}") from None


def _damaged(whose: str, column: str, value: object) -> RecordCorrupt:
    return RecordCorrupt(
        f"the record is damaged: {column} of {whose} is {value!r}",
        hint="run poam verify: it tells what was changed outside poam-sync",
    )
