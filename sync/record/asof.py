"""A system and its items as they stood at a past moment: the journal replayed up to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from itertools import takewhile
from operator import itemgetter
from typing import Any

from sqlite_utils import Database

from ...mapping.item import PoamItem
from .clocks import UNKNOWN
from .items import change_from, item_from, milestone_from, natural
from .journal import entries, last_row
from .verify import Rows, Tables, replay

Row = dict[str, Any]
Children = defaultdict[str, list[Row]]

_ORDER = {"assets": "position", "milestones": "number", "milestone_changes": "position"}


def stood_at(
    database: Database, system_id: str, until: str, *, now: str = UNKNOWN
) -> tuple[Mapping[str, Any] | None, list[PoamItem]]:
    """A system's row, None before there was one, and its items, up to and including the instant `until`.

    Ends with the last row written until then, as `clocks.py` understands the times: whatever a wrong clock said.
    """
    last = last_row(database, until, now=now)
    return in_system(replay(takewhile(lambda entry: entry.seq <= last, entries(database))), system_id)


def in_system(tables: Tables, system_id: str) -> tuple[Mapping[str, Any] | None, list[PoamItem]]:
    """A system's row, None where there is none, and its items in the order of their POA&M ids. Raises RecordCorrupt."""
    kids = {name: _by_item(tables[name], order) for name, order in _ORDER.items()}
    found = [_item(row, kids) for row in tables["items"].values() if row["system_id"] == system_id]
    return tables["systems"].get(system_id), sorted(found, key=lambda item: natural(item.poam_id))


def _by_item(rows: Rows, order: str) -> Children:
    """The rows of a child table by their item, in that column's order."""
    found: Children = defaultdict(list)
    for row in sorted(rows.values(), key=itemgetter(order)):
        found[row["item_uid"]].append(row)
    return found


def _item(row: Row, kids: Mapping[str, Children]) -> PoamItem:
    mine = {name: rows[row["uid"]] for name, rows in kids.items()}
    children = {
        "assets": tuple(each["identifier"] for each in mine["assets"]),
        "milestones": tuple(map(milestone_from, mine["milestones"])),
        "milestone_changes": tuple(map(change_from, mine["milestone_changes"])),
    }
    return item_from(row, children)
