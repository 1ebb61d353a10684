"""`poam link`, `poam unlink`: a person says which existing issue mirrors an item, or that one does not."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ...connectors.base import Tracker
from ...connectors.errors import Forbidden
from ..deciding.linking import Attachment, attach, detach, linked_as, plan_attachment
from ..errors import InputError
from ..looking.rules import Rules, rules_for
from ..record.memory import remembered
from ..settings.problems import did_you_mean
from ..settings.trackers import open_trackers
from .frame import Frame, json_option, pass_frame
from .output import line, print_json, say
from .shapes import Shape, find_item


@click.command("link")
@click.argument("item", metavar="ID")
@click.argument("connector", metavar="CONNECTOR")
@click.argument("key", metavar="KEY")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the journal.")
@click.option("--yes", is_flag=True, help="Attach it.")
@json_option
@pass_frame
def link(frame: Frame, item: str, connector: str, key: str, reason: str, yes: bool, as_json: bool) -> None:
    """Attach an existing issue to an item.

    KEY is what people call the issue: its key, its number or its address. What was found there and what would follow is
    shown; --yes attaches it. At the tracker nothing is written before the next cycle.
    """
    must_be_connector(frame, connector)
    with frame.planning() as record:
        find_item(record, item)
    with one_tracker(frame, connector) as tracker:
        issue = tracker.named(key)
        rules = rules_at(frame, connector, tracker)
    if yes:
        with frame.deciding() as (record, unit):
            found = find_item(record, item)
            attachment = plan_attachment(record.db, frame.config, rules, found, issue, frame.now())
            attach(frame.decider(unit, found.system_id), attachment, reason)
    else:
        with frame.planning() as record:
            attachment = plan_attachment(record.db, frame.config, rules, find_item(record, item), issue, frame.now())
    if as_json:
        print_json(shape(attachment, applied=yes))
        return
    for told in lines(attachment):
        say(line(told))
    say("Attached." if yes else "Nothing was changed yet. With --yes it is attached.")


@click.command("unlink")
@click.argument("item", metavar="ID")
@click.argument("connector", metavar="CONNECTOR")
@click.argument("key", metavar="KEY")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the journal.")
@pass_frame
def unlink(frame: Frame, item: str, connector: str, key: str, reason: str) -> None:
    """Take an issue off its item.

    Nothing is written there: it keeps its text, and what people do with it counts no more. An item at work that has no
    other issue gets a new one.
    """
    with frame.deciding() as (record, unit):
        found = find_item(record, item)
        mine = linked_as(record.db, found, connector, key)
        told = detach(frame.decider(unit, found.system_id), found, mine, reason)
    say(f"{found.poam_id}: {mine.remote_key} is taken off; {told}")


def must_be_connector(frame: Frame, connector: str) -> None:
    """Raises InputError for a connector that the configuration does not have."""
    known = frame.config.connectors
    if connector not in known:
        near = did_you_mean(connector, tuple(known))
        told = f"the configuration has {', '.join(known) or 'none'}"
        raise InputError(f"there is no connector {connector}{near if '?' in near else ''}", hint=told)


@contextmanager
def one_tracker(frame: Frame, connector: str) -> Iterator[Tracker]:
    """One configured tracker; the others, and their secrets, are none of a command's business that names it."""
    with open_trackers(frame.config, frame.secret, time.sleep, (connector,)) as trackers:
        yield trackers[connector]


def rules_at(frame: Frame, connector: str, tracker: Tracker) -> Rules:
    """What holds at the connector, as the tracker says it now. Raises TrackerError."""
    health = tracker.check()
    if health.problems:
        raise Forbidden(health.problems[0], hint="poam doctor tells more")
    with frame.planning() as record:
        former = remembered(record.db, f"accounts:{connector}") or ""
    accounts = f"{former} {health.account.id}"
    return rules_for(frame.config, connector, tracker.capabilities, accounts, health.visibility)


def lines(found: Attachment) -> Iterator[str]:
    """What was found, and what follows from it in the record and at the tracker."""
    issue, step, item = found.step.issue, found.step, found.item
    yield f"{item.poam_id}: {item.weakness_name}"
    due = f", due {', '.join(issue.due_dates)}" if issue.due_dates else ""
    yield f"{issue.key}: {issue.title} ({issue.status.name}{due}) {issue.url}"
    for change in step.item_changes:
        yield from (f"+ {name} becomes {value}" for name, value in change.values.items() if name in _TOLD)
    yield from (f"+ request {each.kind}{f' {day}' if (day := each.requested_date) else ''}" for each in step.requests)
    for both in step.conflicts:
        yield f"! {both.field}: the record has {both.record_value or 'nothing'}, {issue.key} {both.tracker_value}"
    writes = ", ".join(f"{name}{_value(name, each.value)}" for name, each in sorted(step.edited_fields.items()))
    yield f"the next cycle writes at {issue.key}: {writes or 'nothing'}; its title and its own text stay"


_TOLD = ("work_status", "state", "forecast_date")


def _value(name: str, value: str | None) -> str:
    return f" {value or 'none'}" if name in ("due_date", "work_status") else ""


def shape(found: Attachment, *, applied: bool) -> Shape:
    """An attachment as `--json` prints it."""
    issue, step = found.step.issue, found.step
    return {
        "system_id": found.item.system_id,
        "poam_id": found.item.poam_id,
        "connector": found.link.connector,
        "key": issue.key,
        "url": issue.url,
        "title": issue.title,
        "status": issue.status.name,
        "due_dates": list(issue.due_dates),
        "changes": {name: value for change in step.item_changes for name, value in change.values.items()},
        "requests": [each.kind for each in step.requests],
        "conflicts": [each.field for each in step.conflicts],
        "writes": sorted(step.edited_fields),
        "applied": applied,
    }
