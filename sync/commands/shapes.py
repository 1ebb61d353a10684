"""What `--json` prints: the record's own columns and names, and with them what is derived for a day.

item      every column, `assets`, `milestones`, `milestone_changes`; derived: `effective_due`, `shown_due`,
          `days_late`, `late`
link      `connector`, `key`, `url`, `state`, `remote_id`, `number`, `author`, and as last seen there `work_status`
          and `due_date`
request, conflict, evidence, journal row    the record's columns, with `system_id` and `poam_id`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ...mapping.dates import days_late, effective_due, shown_due
from ...mapping.item import PoamItem
from ...mapping.profiles import PROFILES
from ..errors import InputError
from ..looking.views import profile_id
from ..record.items import load
from ..record.kinds import Conflict, Link, Request, Sighting
from ..record.record import Record
from ..settings.problems import did_you_mean
from .frame import Frame

Shape = dict[str, Any]


def find_item(record: Record, name: str) -> PoamItem:
    """The item of a POA&M id, or of SYSTEM:ID where several systems use the id. Raises InputError."""
    system, _, poam_id = name.partition(":")
    found = load(record.db, "poam_id = ?", (name,)) or load(
        record.db, "system_id = ? AND poam_id = ?", (system, poam_id)
    )
    if len(found) == 1:
        return found[0]
    if found:
        names = " or ".join(f"{item.system_id}:{item.poam_id}" for item in found)
        raise InputError(f"{name} is the id of {len(found)} items", hint=f"say which one: {names}")
    known = [row["poam_id"] for row in record.db.query("SELECT poam_id FROM items")]
    near = did_you_mean(name, known)
    raise InputError(f"there is no item {name}{near if '?' in near else ''}", hint="poam list shows them all")


def item_shape(frame: Frame, item: PoamItem) -> Shape:
    """An item as of today in its system's zone; of a system that is not configured nothing is derived."""
    if frame.config.system(item.system_id) is None:
        return {**asdict(item), "effective_due": None, "shown_due": None, "days_late": None, "late": None}
    profile = PROFILES[profile_id(frame.config, item)]
    late = days_late(item, profile, frame.today(item.system_id), zone=frame.zone(item.system_id))
    derived = {"effective_due": effective_due(item, profile), "shown_due": shown_due(item, profile)}
    return {**asdict(item), **derived, "days_late": late, "late": late > 0}


def link_shape(link: Link, seen: Sighting) -> Shape:
    """A link; `key` and `url` are for people, `remote_id` is the tracker's own identity of the issue.

    What was last seen there is null before the first look.
    """
    return {
        "connector": link.connector,
        "key": link.remote_key,
        "url": link.url,
        "state": link.state,
        "remote_id": link.remote_id,
        "number": link.number,
        "author": link.author,
        "work_status": seen.seen_work_status,
        "due_date": seen.seen_due_date,
    }


def named(record: Record, rows: Iterable[Request | Conflict]) -> list[Shape]:
    """Requests or conflicts with the names that people know their items by."""
    names = {
        row["uid"]: {"system_id": row["system_id"], "poam_id": row["poam_id"]}
        for row in record.db.query("SELECT uid, system_id, poam_id FROM items")
    }
    return [{"id": row.id, **names[row.item_uid], **asdict(row)} for row in rows]


def columns_of(shapes: Sequence[Shape], names: Sequence[str]) -> Sequence[str]:
    """The columns of a table; the system only where there are several."""
    return ("system_id", *names) if len({shape["system_id"] for shape in shapes}) > 1 else names


def cells(shapes: Iterable[Mapping[str, Any]], columns: Iterable[str]) -> list[list[object]]:
    """The rows of a table."""
    names = list(columns)
    return [[shape[name] for name in names] for shape in shapes]
