"""One cycle: observe, decide, act."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta

from ..connectors.base import Created, Tracker
from ..connectors.errors import TrackerError
from ..mapping.item import PoamItem
from .commit import commit, daemon, owe, owe_edit, settle
from .config import Config
from .decide import ConnectorPlan, Plan, decide
from .deliver import Delivery, Postman, bind, note_missing, report_twin
from .errors import MassChange
from .guard import held_back
from .observe import Seen, iso, observe
from .record.database import Database
from .record.journal import Author, head
from .record.mirrors import Link, Owed, cursor_of, remembered, rows, unsettled
from .record.record import Record
from .record.unit import Unit
from .resting import Resting, resting

FULL_EVERY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """What a cycle read, wrote and decided at one connector. `owed` writes wait for the next cycle."""

    connector: str
    read: int = 0
    created: int = 0
    edited: int = 0
    changed: int = 0
    requests: int = 0
    conflicts: int = 0
    refused: int = 0
    owed: int = 0
    error: TrackerError | MassChange | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a cycle. `record_writes` counts rows written to the record, engine memory included,

    a moved cursor apart.
    """

    connectors: tuple[ConnectorReport, ...]
    unrouted: tuple[PoamItem, ...] = ()
    resting: tuple[Resting, ...] = ()
    record_writes: int = 0
    cycle: str = field(default="")
    head: tuple[int, str] = (0, "")


def run_cycle(
    record: Record,
    trackers: Mapping[str, Tracker],
    config: Config,
    clock: Callable[[], datetime],
    *,
    full: bool = False,
    approval: Approval | None = None,
) -> Report:
    """Brings record and trackers into step once. `full` reads and compares everything, not only what changed.

    `approval` lets through one plan that was held back for its size.
    """
    now = clock()
    full = full or is_full_due(record.db, now)
    seen = observe(record.db, config, trackers, now, full=full)
    plan = decide(record.db, config, seen, clock(), full=full)
    report = act(record, trackers, config, hold_back(record, config, plan, approval), clock)
    if full and all(each.error is None for each in report.connectors):
        _remember(record, {"full_at": iso(now)}, iso(now))
    return report


def is_full_due(database: Database, now: datetime) -> bool:
    """Whether a day has passed since everything was compared; whoever runs the cycles, one a day does.

    A clock put back counts as a day gone by: nobody knows how much did.
    """
    last = remembered(database, "full_at")
    return last is None or not timedelta() <= now - datetime.fromisoformat(last) < FULL_EVERY


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word that lets exactly one held-back plan through."""

    plan_id: str
    by: Author


def hold_back(record: Record, config: Config, plan: Plan, approval: Approval | None) -> Plan:
    """The plan without the connectors whose part is too large to do unasked (see `guard`)."""
    return replace(plan, connectors=tuple(_guarded(record, config, each, approval) for each in plan.connectors))


def _guarded(record: Record, config: Config, each: ConnectorPlan, approval: Approval | None) -> ConnectorPlan:
    name = each.seen.connector
    links = rows(record.db, Link, "connector = ? AND state = 'live'", (name,))
    plan_id = held_back(each, len(links), config.sync.limits)
    if plan_id is None:
        return each
    if approval is not None and approval.plan_id == plan_id:
        return replace(each, approval=approval.by, plan_id=plan_id)
    error = MassChange(
        f"{name}: far more changed there than usual, so nothing was done (plan {plan_id})",
        hint=f"look at it with poam plan; if it is right: poam sync --approve-plan {plan_id}",
    )
    return ConnectorPlan(Seen(name, error=error))


def act(
    record: Record, trackers: Mapping[str, Tracker], config: Config, plan: Plan, clock: Callable[[], datetime]
) -> Report:
    """Does what the plan says: first everything that was seen is stored, for every tracker, then the owed is sent."""
    before, cycle = record.writes(), iso(clock())
    moved_cursors = sum(_store(record, config, each, cycle) for each in plan.connectors)
    reports = []
    for each in plan.connectors:
        name = each.seen.connector
        delivery = Delivery(error=each.seen.error)
        if each.seen.rules is not None:
            delivery = Postman(record, config, trackers[name], each.seen.rules, clock, cycle).deliver()
        reports.append(_report(record, each, delivery))
    _remember(record, {"planned_seq": str(_settled_seq(record, plan))}, cycle)
    rest = tuple(resting(record.db, config))
    return Report(tuple(reports), plan.unrouted, rest, record.writes() - before - moved_cursors, cycle, record.head)


def _settled_seq(record: Record, plan: Plan) -> int:
    """How far the journal is planned. A connector that could not be read still has all of it before it.

    This cycle's own rows are planned too, unless one of their items has a second issue that must follow.
    """
    if any(each.seen.rules is None for each in plan.connectors):
        return min(plan.head, int(remembered(record.db, "planned_seq") or 0))
    followers = record.db.conn.execute(
        """SELECT 1 FROM links WHERE state = 'live' AND item_uid IN (SELECT item_uid FROM journal WHERE seq > ?)
           GROUP BY item_uid HAVING count(*) > 1""",
        (plan.head,),
    )
    return plan.head if followers.fetchone() else head(record.db)[0]


def _store(record: Record, config: Config, each: ConnectorPlan, cycle: str) -> bool:
    """Everything seen at one connector in one unit of work: facts, journal, bases, outbox and cursor.

    True when the cursor moved: our own writes move it, too, so that alone is no news.
    """
    name = each.seen.connector
    if each.seen.rules is None:
        return False
    learnt = {**(each.seen.learnt or {}), f"rules:{name}": str(each.seen.rules)}
    with record.unit(at=cycle, cycle=cycle) as unit:
        if each.approval is not None:
            unit.note(each.approval, "plans", each.plan_id, "approved")
        for look in each.looks:
            commit(unit, config, look)
            owe_edit(unit, look)
        for view in each.owed:
            owe(unit, view.link, "edit")
        for link in each.new_links:
            unit.create(daemon(name), "links", asdict(link), reason="to be mirrored")
            owe(unit, link, "create")
        for link in each.retries:
            owe(unit, link, "create")
        for found in each.found:
            _bind_found(unit, found.link, Created(found.issue.id, found.issue.key, found.issue.url))
        for twin in each.twins:
            report_twin(unit, twin.link, twin.issue)
        lost = each.seen.missing | each.strangers
        for link in rows(unit.db, Link, "connector = ? AND state = 'live'", (name,)) if lost else ():
            if link.remote_id in lost:
                note_missing(unit, config, link, f"{link.remote_key} is not there or not visible")
        _put_meta(unit, learnt)
        moved = each.seen.cursor is not None and each.seen.cursor != cursor_of(unit.db, name)
        if moved:
            unit.put("cursors", {"connector": name, "cursor": each.seen.cursor, "read_at": cycle})
    return moved


def _bind_found(unit: Unit, link: Link, created: Created) -> None:
    """A create whose answer was lost shows up in a read: that settles it."""
    bind(unit, link, created)
    for owed in rows(unit.db, Owed, "link_id = ? AND state IN ('PENDING', 'SENDING', 'UNKNOWN')", (link.id,)):
        settle(unit, owed, note="seen at the tracker")


def _put_meta(unit: Unit, values: Mapping[str, str]) -> None:
    for key, value in values.items():
        if remembered(unit.db, key) != value:
            unit.put("meta", {"key": key, "value": value})


def _remember(record: Record, values: Mapping[str, str], cycle: str) -> None:
    if any(remembered(record.db, key) != value for key, value in values.items()):
        with record.unit(at=cycle, cycle=cycle) as unit:
            _put_meta(unit, values)


def _report(record: Record, each: ConnectorPlan, delivery: Delivery) -> ConnectorReport:
    looks = [*each.looks, *delivery.looks]
    return ConnectorReport(
        connector=each.seen.connector,
        read=len(each.seen.issues),
        created=delivery.created,
        edited=delivery.edited,
        changed=sum(len(look.item_changes) for look in looks),
        requests=sum(len(look.requests) for look in looks),
        conflicts=sum(len(look.conflicts) for look in looks),
        refused=delivery.refused,
        owed=len(unsettled(record.db, each.seen.connector)),
        error=each.seen.error or delivery.error,
    )
