"""Opens conflicts: what a person has to see. Both values, both authors and both times are kept."""

from __future__ import annotations

from dataclasses import asdict

from .looking.due_date import AMBIGUOUS
from .looking.due_date import NAME as DUE_DATE
from .looking.steps import NewConflict
from .record.journal import Author
from .record.kinds import Conflict, Link
from .record.mirrors import open_conflicts
from .record.past import last_changed, last_words
from .record.unit import Unit
from .settings.people import SYSTEM, daemon
from .settings.policies import Policy


def raise_conflict(unit: Unit, link: Link, new: NewConflict, *, by: Author) -> None:
    """Opens a conflict, or brings the open one of this kind and field up to date; the journal keeps what it said."""
    record_by, record_at = _said_here(unit, link, new)
    told = {
        "base_value": new.base_value,
        "record_value": new.record_value,
        "tracker_value": new.tracker_value,
        "record_by": record_by,
        "record_at": record_at,
        "tracker_by": by.person if new.because else "",
        "tracker_at": new.because.at if new.because else "",
    }
    same = [each for each in open_conflicts(unit.db, link.id) if (each.field, each.policy) == (new.field, new.policy)]
    if same:
        unit.change(by, "conflicts", same[0].id, told)
        return
    opened = Conflict(
        id=unit.next_id("conflicts"),
        item_uid=link.item_uid,
        link_id=link.id,
        field=new.field,
        policy=new.policy,
        raised_at=unit.at,
        state="open",
        resolution="",
        resolved_by="",
        resolved_at=None,
        **told,  # type: ignore[arg-type]
    )
    unit.create(by, "conflicts", asdict(opened))


def _said_here(unit: Unit, link: Link, new: NewConflict) -> tuple[str, str]:
    """Who gave the record its side, and when: of a due date that both sides set, who here spoke of the forecast."""
    if (new.field, new.policy) != (DUE_DATE, Policy.TRACKER):
        return last_changed(unit.db, link.item_uid, new.field)
    here, _ = last_words(unit.db, link.item_uid, "forecast_date")
    return (here.person, here.at) if here else ("", "")


def end_by_itself(unit: Unit, link: Link, conflict: Conflict) -> None:
    """Ends a conflict that is over without anybody's decision: both sides show the same again, or one date of two is
    left, whatever that date means.
    """
    ended = {
        "state": "resolved",
        "resolution": "one date is left" if conflict.policy == AMBIGUOUS else "the tracker agrees again",
        "resolved_by": SYSTEM.person,
        "resolved_at": unit.at,
    }
    unit.change(daemon(link.connector), "conflicts", conflict.id, ended)
