"""A system and its items as they stood at a past moment: the journal replayed up to it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from sqlite_utils import Database

from ...mapping.item import ChangeKind, Milestone, MilestoneChange, PoamItem
from .clocks import UNKNOWN
from .items import ITEM_COLUMNS, item_from, natural
from .journal import entries, last_row
from .verify import Rows, replay

_NUMBERS = frozenset({"vendor_dependency", "auto_approve", "kev_tracking", "work_status_version"})


def stood_at(
    database: Database, system_id: str, until: str, *, now: str = UNKNOWN
) -> tuple[Mapping[str, str | None] | None, list[PoamItem]]:
    """A system's row, None before there was one, and its items, up to and including the instant `until`.

    Ends with the last row written until then, as `clocks.py` understands the times: whatever a wrong clock said.
    """
    last = last_row(database, until, now=now)
    tables = replay(takewhile(lambda entry: entry.seq <= last, entries(database)))
    found = [_item(row, tables) for row in tables["items"].values() if row["system_id"] == system_id]
    return tables["systems"].get(system_id), sorted(found, key=lambda item: natural(item.poam_id))


def _item(row: dict[str, str | None], tables: dict[str, Rows]) -> PoamItem:
    uid = row["uid"]
    own = {
        name: int(value) if name in _NUMBERS and (value := row.get(name)) is not None else row.get(name)
        for name in ITEM_COLUMNS
    }

    def mine(table: str, order: str) -> list[dict[str, str | None]]:
        rows = [each for each in tables[table].values() if each["item_uid"] == uid]
        return sorted(rows, key=lambda each: int(each[order] or 0))

    kids = {
        "assets": tuple(each["identifier"] or "" for each in mine("assets", "position")),
        "milestones": tuple(
            Milestone(int(each["number"] or 0), each["description"] or "", each["scheduled_completion_date"] or "")
            for each in mine("milestones", "number")
        ),
        "milestone_changes": tuple(
            MilestoneChange(
                int(each["number"] or 0), ChangeKind(each["kind"] or ""), each["date"] or "", each["description"] or ""
            )
            for each in mine("milestone_changes", "position")
        ),
    }
    return item_from(own, kids)
