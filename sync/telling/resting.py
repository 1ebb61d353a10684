"""Later dates in their quiet period: seen, but not yet taken for a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from ..looking.due_date import AMBIGUOUS
from ..looking.steps import Step
from ..record.database import Database
from ..settings.config import Config
from ..settings.people import person_of
from ..times import later


@dataclass(frozen=True, slots=True)
class Resting:
    """A later date that rests: who put it there, and when it becomes a request."""

    poam_id: str
    date: str
    moved_by: str
    until: str


def resting(database: Database, config: Config, steps: Iterable[Step] = ()) -> Iterator[Resting]:
    """Every date that rests; one beside another is a conflict's business until it stands alone.

    `steps` are those of a plan that nobody has stored yet: what they saw last counts.
    """
    found = database.query(
        """SELECT link_id, poam_id, connector, date_waiting, date_waiting_by, date_waiting_by_name, date_waiting_at
           FROM sightings JOIN links ON links.id = link_id JOIN items ON items.uid = item_uid
           WHERE date_waiting IS NOT NULL AND links.state IN ('live', 'missing')
           AND link_id NOT IN (SELECT link_id FROM conflicts WHERE state = 'open' AND policy = ?)""",
        (AMBIGUOUS,),
    )
    looked_at = {step.view.link.id: step for step in steps}
    for row in (*(row for row in found if row["link_id"] not in looked_at), *map(_row, looked_at.values())):
        if row["date_waiting"]:
            until = later(row["date_waiting_at"], config.sync.limits.quiet_period)
            yield Resting(row["poam_id"], row["date_waiting"], _mover(config, row), until)


def _row(step: Step) -> Mapping[str, Any]:
    """What a step will leave of a date that rests, as the record tells it; nothing where two dates stand at once."""
    link, stands_alone = step.view.link, len(step.issue.due_dates) < 2
    kept = asdict(step.sighting) if stands_alone else {"date_waiting": None}
    return {"poam_id": step.view.item.poam_id, "connector": link.connector, **kept}


def _mover(config: Config, row: Mapping[str, Any]) -> str:
    """The person of the configuration who moved it; of an account that is nobody's, the name that its tracker tells."""
    person = person_of(config, row["connector"], row["date_waiting_by"]).person
    return person if person in config.people else row["date_waiting_by_name"] or row["date_waiting_by"]
