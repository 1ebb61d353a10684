"""Later dates in their quiet period: seen, but not yet taken for a request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ..looking.due_date import AMBIGUOUS
from ..record.database import Database
from ..settings.config import Config
from ..times import later


@dataclass(frozen=True, slots=True)
class Resting:
    """A later date that rests: who put it there, and when it becomes a request."""

    poam_id: str
    date: str
    moved_by: str
    until: str


def resting(database: Database, config: Config) -> Iterator[Resting]:
    """Every date that rests; one beside another is a conflict's business until it stands alone."""
    found = database.query(
        """SELECT poam_id, date_waiting, date_waiting_by, date_waiting_by_name, date_waiting_at FROM sightings
           JOIN links ON links.id = link_id JOIN items ON items.uid = item_uid WHERE date_waiting IS NOT NULL
           AND link_id NOT IN (SELECT link_id FROM conflicts WHERE state = 'open' AND policy = ?)""",
        (AMBIGUOUS,),
    )
    for row in found:
        who = row["date_waiting_by_name"] or row["date_waiting_by"]
        until = later(row["date_waiting_at"], config.sync.limits.quiet_period)
        yield Resting(row["poam_id"], row["date_waiting"], who, until)
