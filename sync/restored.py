"""The first sweep after a restore: an older record only takes in what happened since, and says what it forgot.

Its own last writes are at the trackers and not in it, so what it would send now could undo them. What people did since
is in the issues' histories and is read as ever; what is left is told, and the next cycle is an ordinary one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..mapping.life import MIRRORED_STATES
from .delivery.outbox import owe
from .looking.comments import COMMENT
from .plan import Plan, taking_in_only
from .record.database import Database
from .record.items import unmirrored
from .record.journal import holds
from .record.memory import forget, remember, remembered, remembered_instant
from .record.mirrors import doubt_answers, links_never_bound
from .record.owed import owed_at
from .record.record import Record
from .record.rows import keep
from .record.unit import Unit
from .settings.people import SYSTEM, author, daemon
from .telling.report import Recovered
from .times import iso, moment

RESTORED_AT = "restored_at"
LOST = "mirrors an item that the record does not have"
"""What is told of an issue whose item the record has lost, or never had: another record's, where two share a place."""


def orphans_to_look_at(database: Database, connector: str) -> list[str]:
    """Issues whose items a restored record had lost, when items are new: they may be those, imported again."""
    lost = (remembered(database, _orphans_key(connector)) or "").split()
    return lost if lost and unmirrored(database, MIRRORED_STATES) else []


def _orphans_key(connector: str) -> str:
    return f"orphans:{connector}"


def was_restored(database: Database) -> bool:
    """Whether the record was restored and has not been through a sweep since."""
    return remembered(database, RESTORED_AT) is not None


def is_not_as_left(record: Record, last_head: tuple[int, str] | None) -> bool:
    """Whether its journal does not hold the row that the last command ended with: then an older copy of the file was
    put in its place, by whatever means, or its history is another one. A restore that is known is no news.
    """
    return last_head is not None and not was_restored(record.db) and not holds(record.db, last_head)


def notice_restore(record: Record, last_head: tuple[int, str] | None, at: str) -> bool:
    """Takes a record for restored that is not as the last command left it."""
    if last_head is None or not is_not_as_left(record, last_head):
        return False
    with record.unit(at=at) as unit:
        remember(unit, {RESTORED_AT: at})
        unit.note(author(SYSTEM, "cli"), "record", str(last_head[0]), "is not as it was left", reason=last_head[1])
    return True


def as_restored(database: Database, plan: Plan) -> Plan:
    """The plan, which after a restore only takes in."""
    return taking_in_only(plan) if was_restored(database) else plan


def recovered(plan: Plan) -> Iterator[Recovered]:
    """What the trackers show that a restored record does not know: values it would undo, and items it has lost."""
    for each in plan.connectors if plan.takes_in_only else ():
        name = each.seen.connector
        for step in each.steps:
            if step.edit is not None:
                fields = ", ".join(sorted(step.edited_fields.keys() - {COMMENT}))
                told = f"shows another {fields} than the record" if fields else "has a command without an answer"
                yield Recovered(name, step.view.link.remote_key, told)
        for issue in each.orphans:
            yield Recovered(name, issue.key, LOST)


def end_restore(record: Record, plan: Plan, cycle: str) -> None:
    """Journals what was recovered, and lets the next cycle be an ordinary one, which sends."""
    with record.unit(at=cycle, cycle=cycle) as unit:
        for found in recovered(plan):
            unit.note(daemon(found.connector), "restores", found.key, found.what)
        doubt_answers(unit)
        for each in plan.connectors:
            _doubt_creates(unit, each.seen.connector)
            orphans = " ".join(sorted(issue.id for issue in each.orphans))
            remember(unit, {_orphans_key(each.seen.connector): orphans} if orphans else {})
        for key in (RESTORED_AT, "full_at"):  # and the next one compares everything
            forget(unit, key)


def _doubt_creates(unit: Unit, connector: str) -> None:
    """A create that the restored record owes may have been sent after it was saved: the tracker is asked first."""
    began = remembered_instant(unit.db, "created_at") or moment(unit.at)
    for link in links_never_bound(unit.db, connector, MIRRORED_STATES):
        owe(unit, link, "create")
        owed = owed_at(unit.db, link.id)
        if owed is not None:
            keep(unit, replace(owed, state="UNKNOWN", send_deadline=unit.at, created_at=iso(began)))
