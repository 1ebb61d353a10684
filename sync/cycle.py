"""One cycle: observe, decide, act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from ..connectors.base import Tracker
from .decide import decide
from .delivery.deliver import deliver
from .delivery.postman import Delivery, Postman
from .guard import Approval, hold_back
from .hinted import NO_HINTS, Hints
from .observe import observe
from .parking import park
from .plan import ConnectorPlan, Plan
from .record.database import Database
from .record.journal import head
from .record.memory import has_followers, planned_seq, remember, remembered, remembered_instant
from .record.mirrors import connectors_with_issues
from .record.record import Record
from .restored import as_restored, end_restore, recovered, was_restored
from .settings.config import Config
from .store import store
from .telling.report import Report, report_of
from .telling.resting import resting
from .times import iso

FULL_EVERY = timedelta(days=1)


def run_cycle(
    record: Record,
    trackers: Mapping[str, Tracker],
    config: Config,
    clock: Callable[[], datetime],
    *,
    full: bool = False,
    approval: Approval | None = None,
    hints: Hints = NO_HINTS,
    announce: Callable[[Plan], None] = lambda plan: None,
) -> Report:
    """Brings record and trackers into step once: observe, decide, act.

    `approval` lets through one plan that was held back for its size; `hints` name issues to read besides the list;
    `announce` hears what will be done.
    """
    plan = plan_cycle(record.db, trackers, config, clock, full=full, hints=hints)
    held = hold_back(plan, config.sync.limits, approval)
    announce(held)
    report = act(record, trackers, config, held, clock)
    if plan.full and all(each.error is None for each in report.connectors):
        if plan.takes_in_only:
            end_restore(record, plan, report.cycle)
        else:
            _remember(record, {"full_at": report.cycle}, report.cycle)
    return report


def plan_cycle(
    database: Database,
    trackers: Mapping[str, Tracker],
    config: Config,
    clock: Callable[[], datetime],
    *,
    full: bool = False,
    hints: Hints = NO_HINTS,
) -> Plan:
    """What a cycle would do now. `full` reads and compares everything, which a day or a restore asks for as well."""
    began = clock()
    full = full or was_restored(database) or is_full_due(database, began)
    seen = observe(database, config, trackers, began, full=full, hints=hints)
    return as_restored(database, decide(database, config, seen, clock(), full=full))


def is_full_due(database: Database, now: datetime) -> bool:
    """Whether a day has passed since everything was compared; whoever runs the cycles, one a day does.

    A clock put back counts as a day gone by: nobody knows how much did.
    """
    last = remembered_instant(database, "full_at")
    return last is None or not timedelta() <= now - last < FULL_EVERY


def act(
    record: Record, trackers: Mapping[str, Tracker], config: Config, plan: Plan, clock: Callable[[], datetime]
) -> Report:
    """Does what the plan says: first everything that was seen is stored, for every tracker, then the owed is sent."""
    before, cycle = record.writes(), iso(clock())
    moved_cursors = sum(store(record, config, each, cycle) for each in plan.connectors)
    parts = []
    for each in plan.connectors:
        delivery = _deliver(record, trackers, config, each, clock, cycle)
        error = park(record, each.seen.connector, each.seen.error or delivery.error, clock(), cycle)
        parts.append(replace(report_of(record, each, delivery), error=error))
    _remember(record, {"planned_seq": str(_planned_seq(record, plan))}, cycle)
    return Report(
        tuple(parts),
        plan.unrouted,
        resting=tuple(resting(record.db, config)),
        recovered=tuple(recovered(plan)),
        unserved=tuple(name for name in connectors_with_issues(record.db) if name not in trackers),
        record_writes=record.writes() - before - moved_cursors,
        cycle=cycle,
        head=record.head,
    )


def _deliver(
    record: Record,
    trackers: Mapping[str, Tracker],
    config: Config,
    each: ConnectorPlan,
    clock: Callable[[], datetime],
    cycle: str,
) -> Delivery:
    name = each.seen.connector
    if each.seen.rules is None or not each.sends:
        return Delivery(error=each.seen.error)
    return deliver(Postman(record, config, trackers[name], each.seen.rules, clock, cycle))


def _planned_seq(record: Record, plan: Plan) -> int:
    """How far the journal is planned. A connector that could not be read still has all of it before it.

    This cycle's own rows are planned too, unless one of their items has a second issue that must follow.
    """
    if any(each.seen.rules is None for each in plan.connectors):
        return min(plan.head, planned_seq(record.db) or 0)
    return plan.head if has_followers(record.db, plan.head) else head(record.db)[0]


def _remember(record: Record, values: Mapping[str, str], cycle: str) -> None:
    if any(remembered(record.db, key) != value for key, value in values.items()):
        with record.unit(at=cycle, cycle=cycle) as unit:
            remember(unit, values)
