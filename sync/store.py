"""Stores a connector's part of a plan in one unit of work: facts, journal, bases, outbox and cursor together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict

from ..connectors.base import Created
from .commit import commit, note_missing
from .deciding.linking import follow
from .delivery.outbox import bind, owe, owe_edit
from .delivery.twins import note_twin
from .looking.look import look
from .looking.rules import Rules
from .looking.steps import Step
from .looking.views import view_of
from .plan import ConnectorPlan, Moved, Sibling
from .record.kinds import Link
from .record.memory import cursor_of, remember
from .record.mirrors import links_of
from .record.record import Record
from .record.unit import Unit
from .settings.config import Config
from .settings.people import daemon


def store(record: Record, config: Config, each: ConnectorPlan, cycle: str) -> bool:
    """Stores everything that was seen at one connector, and notes everything that is now owed there.

    True when the cursor moved: our own writes move it, too, so that alone is no news.
    """
    if each.seen.rules is None:
        return False
    with record.unit(at=cycle, cycle=cycle) as unit:
        if each.approval is not None:
            unit.note(each.approval, "plans", each.plan_id, "approved")
        steps = [_looked_at(unit, config, each.seen.rules, step) for step in each.steps]
        _take_in(unit, config, each)
        if each.sends:
            _note_owed(unit, each, steps)
        remember(unit, {**(each.seen.learnt or {}), f"rules:{each.seen.connector}": str(each.seen.rules)})
        return _move_cursor(unit, each)


def _looked_at(unit: Unit, config: Config, rules: Rules, planned: Step) -> Step:
    """Stores a look. One of an item's several issues is looked at once more: another of them may have been before it in
    this cycle, and an item goes by all of its issues.
    """
    step = planned
    if planned.view.others:
        step = look(view_of(unit.db, config, planned.view.link), planned.issue, rules, unit.at) or planned
    commit(unit, config, step)
    return step


def _take_in(unit: Unit, config: Config, each: ConnectorPlan) -> None:
    for link in each.new_links:
        unit.create(daemon(link.connector), "links", asdict(link), reason="to be mirrored")
    for found in each.found:
        _bind(unit, found)
    for twin in each.twins:
        note_twin(unit, twin.link, twin.issue)
    lost = each.seen.missing | each.strangers
    for link in links_of(unit.db, each.seen.connector) if lost else ():
        if link.state == "live" and link.remote_id in lost:
            _lose(unit, config, link, each.seen.moved.get(link.issue_id))


def _lose(unit: Unit, config: Config, link: Link, moved: Moved | None) -> None:
    """An issue that moved to another configured connector is followed there; any other counts as not found."""
    if moved is None:
        note_missing(unit, config, link, f"{link.remote_key} is not there or not visible")
    elif not follow(unit, config, link, moved):
        note_missing(unit, config, link, f"{link.remote_key} was moved to {moved.key}")


def _note_owed(unit: Unit, each: ConnectorPlan, steps: Iterable[Step]) -> None:
    for step in steps:
        owe_edit(unit, step)
    for view in each.owed:
        owe(unit, view.link, "edit")
    bound = {found.link.id for found in each.found}
    for link in (*each.new_links, *each.retries):
        if link.id not in bound:
            owe(unit, link, "create")


def _bind(unit: Unit, found: Sibling) -> None:
    """A create whose answer was lost shows up in a read: that settles it."""
    issue = found.issue
    bind(unit, found.link, Created(issue.id, issue.key, issue.url), note="seen at the tracker")


def _move_cursor(unit: Unit, each: ConnectorPlan) -> bool:
    name, cursor = each.seen.connector, each.seen.cursor
    if cursor is None or cursor == cursor_of(unit.db, name):
        return False
    unit.put("cursors", {"connector": name, "cursor": cursor, "read_at": unit.at})
    return True
