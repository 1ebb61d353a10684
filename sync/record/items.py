"""Items as rows and rows as items."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from enum import Enum
from operator import attrgetter
from typing import Any

from sqlite_utils import Database

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

WAITS_FOR_A_PERSON = "state = 'pending_verification' OR (state = 'open' AND work_status = 'wont_do')"
"""Items that only a person can move on: claimed done, or declined by the engineers and not yet decided."""

CHILDREN = ("assets", "milestones", "milestone_changes")
ITEM_COLUMNS = tuple(field.name for field in fields(PoamItem) if field.name not in CHILDREN)
_VALUES = attrgetter(*ITEM_COLUMNS)
_READ: Mapping[str, Any] = {
    "finding_kind": FindingKind,
    "original_risk_rating": Rating,
    "adjusted_risk_rating": Rating,
    "risk_adjustment": Decision,
    "false_positive": Decision,
    "operational_requirement": Decision,
    "state": State,
    "work_status": WorkStatus,
    "vendor_dependency": bool,
    "auto_approve": bool,
    "kev_tracking": bool,
}


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
        milestone = Milestone(row["number"], row["description"], row["scheduled_completion_date"])
        kids["milestones"][row["item_uid"]].append(milestone)
    changes = f"SELECT * FROM milestone_changes WHERE item_uid IN ({chosen}) ORDER BY position"  # noqa: S608
    for row in database.query(changes, tuple(values)):
        change = MilestoneChange(row["number"], ChangeKind(row["kind"]), row["date"], row["description"])
        kids["milestone_changes"][row["item_uid"]].append(change)
    rows = database.query(f"SELECT * FROM items WHERE {where}", tuple(values))  # noqa: S608
    items = [item_from(row, {name: tuple(kids[name][row["uid"]]) for name in CHILDREN}) for row in rows]
    return sorted(items, key=lambda item: (item.system_id, natural(item.poam_id)))


def unmirrored(database: Database, states: Iterable[State]) -> list[PoamItem]:
    """Items in one of these states that no issue has ever been planned for."""
    listed = ", ".join(f"'{state.value}'" for state in sorted(states))
    new = f"state IN ({listed}) AND NOT EXISTS (SELECT 1 FROM links WHERE item_uid = uid)"  # noqa: S608
    return load(database, new) if any(database.query(f"SELECT 1 FROM items WHERE {new} LIMIT 1")) else []  # noqa: S608


def natural(poam_id: str) -> tuple[tuple[int, int | str], ...]:
    """A sort key that puts V-2 before V-10."""
    parts = "".join(c if c.isdigit() else f" {c} " for c in poam_id).split()
    return tuple((0, int(part)) if part.isdecimal() else (1, part) for part in parts)


def item_from(row: Mapping[str, Any], kids: Mapping[str, tuple[Any, ...]]) -> PoamItem:
    """An item from its row and its children."""
    own = {
        name: _READ[name](row[name]) if name in _READ and row[name] is not None else row[name] for name in ITEM_COLUMNS
    }
    return PoamItem(**{**own, **kids})
