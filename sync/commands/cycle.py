"""`poam plan` and `poam sync`: one cycle, shown or done."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial

import click

from ...mapping.issue_text import issue_title
from ...mapping.item import PoamItem
from ..cycle import plan_cycle, run_cycle
from ..errors import MassChange, NotAllowed
from ..guard import Approval, hold_back
from ..looking.due_date import NAME as DUE_DATE
from ..looking.due_date import wanted_date
from ..looking.rules import Rules
from ..looking.steps import NewRequest, View
from ..looking.wanted import moved_fields
from ..looking.work_status import NAME as WORK_STATUS
from ..looking.work_status import is_alike
from ..plan import ConnectorPlan, Plan, taking_in_only
from ..record.items import load
from ..record.record import Record
from ..restored import LOST
from ..settings.people import author
from ..settings.trackers import open_trackers
from ..telling.health import note_success
from ..telling.patience import patience
from ..telling.report import ConnectorReport, Recovered, Report, unread
from ..telling.resting import Resting, resting
from ..telling.standing import counted, instant
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import complain, print_json, say, warn
from .waiting import outcome_of, owed, waiting

UNROUTED = "no route leads anywhere; add a [[routes]] entry"


@click.command("plan")
@click.option("--full", is_flag=True, help="Compare everything, not only what changed.")
@json_option
@pass_frame
def plan(frame: Frame, full: bool, as_json: bool) -> Outcome:
    """Show what a cycle would do, and do none of it."""
    with frame.planning() as record, open_trackers(frame.config, frame.secret, time.sleep) as trackers:
        another = frame.is_not_as_left(record)
        decided = plan_cycle(record.db, trackers, frame.config, frame.clock, full=full or another)
        decided = taking_in_only(decided) if another else decided
        guarded = hold_back(decided, frame.config.sync.limits, None)
        items = {item.uid: item for item in load(record.db)}
        lines = [line for each in decided.connectors for line in _steps(each, items)] + [
            f"{item.poam_id}: {UNROUTED}" for item in decided.unrouted
        ]
        rests = [*resting(record.db, frame.config, [step for each in decided.connectors for step in each.steps])]
        waits = [*patience(record.db, guarded)]
    if as_json:
        held = [str(each.seen.error) for each in guarded.connectors if isinstance(each.seen.error, MassChange)]
        print_json({"steps": lines, "resting": [asdict(each) for each in rests], "held_back": held})
    else:
        for line in (*lines, *map(_rests, rests), *waits):
            say(line)
    failed = _failed(guarded)
    if not (lines or rests or failed or as_json):
        say("Nothing to do.")
    return failed or Outcome.IN_SYNC


def _failed(decided: Plan) -> Outcome | None:
    errors = [each.seen.error for each in decided.connectors if each.seen.error]
    for error in errors:
        complain(str(error), error.hint)
    held_back = all(isinstance(error, MassChange) for error in errors)
    return (Outcome.NEEDS_A_PERSON if held_back else Outcome.FATAL) if errors else None


_INTERNAL = frozenset({"work_status_version", "work_done_at", "work_done_by"})


def _steps(each: ConnectorPlan, items: Mapping[str, PoamItem]) -> list[str]:
    """A connector's part of the plan, one line per step; `items` by uid."""
    name, known = each.seen.connector, {found.link.id for found in each.found}
    names = {uid: item.poam_id for uid, item in items.items()}
    new = [link for link in (*each.new_links, *each.retries) if link.id not in known]
    lines = [_create(items[link.item_uid], name, each.seen.rules) for link in new]
    lines += [f"{names[found.link.item_uid]}: found again as {found.issue.key}" for found in each.found]
    for step in each.steps:
        who, key = step.view.item.poam_id, step.view.link.remote_key
        lines += [
            f"{who}: {field} becomes {value}, from {key}"
            for change in step.item_changes
            for field, value in change.values.items()
            if field not in _INTERNAL
        ]
        lines += [f"{who}: a request ({_asked(request)}) from {key}" for request in step.requests]
        lines += [f"{who}: the request {kind} is taken back, from {key}" for kind in step.withdrawn]
        lines += [f"{who}: a conflict over {conflict.field} with {key}" for conflict in step.conflicts]
        lines += [f"{who}: conflict {ended.id} over {ended.field} ends by itself" for ended in step.settled_conflicts]
        lines += [f"{who}: edit {key}: {', '.join(sorted(step.edited_fields))}"] if step.edit and each.sends else []
        lines += [f"{who}: {_UNREAD.format(one.label)}, at {key}" for one in unread([step.issue])]
    lines += [f"{names[link.item_uid]}: {link.remote_key} counts as missing" for link in each.vanishing]
    lines += [f"an issue was moved from {name} to {there.key} and is followed" for there in each.followed.values()]
    lines += [_owed_edit(view, each.seen.rules) for view in each.owed if each.seen.rules]
    lines += [f"{names[twin.link.item_uid]}: close {twin.issue.key}, a second issue for it" for twin in each.twins]
    return lines


def _create(item: PoamItem, connector: str, rules: Rules | None) -> str:
    """A new issue, with the title that strangers to the record will read."""
    told = f"{item.poam_id}: create an issue in {connector}"
    return f"{told}: {issue_title(item, rules.text, rules.capabilities.max_title)}" if rules else told


def _owed_edit(view: View, rules: Rules) -> str:
    """An edit because the record moved. What was seen there without its author is read again before."""
    who, key = view.item.poam_id, view.link.remote_key
    fields = [name for name in moved_fields(view, rules) if not _is_shown(name, view, rules)]
    return f"{who}: edit {key}: {', '.join(fields)}" if fields else f"{who}: read {key} again, with its history"


def _is_shown(name: str, view: View, rules: Rules) -> bool:
    """Whether the issue, as it was last seen, shows all the same what moved here and moved back."""
    if name == WORK_STATUS:
        return is_alike(view.work, view.sighting.seen_work_status)
    return name == DUE_DATE and view.sighting.seen_due_date == wanted_date(view, rules)


def _asked(request: NewRequest) -> str:
    return " ".join(filter(None, (request.kind, request.requested_date)))


@click.command("sync")
@click.option("--full", is_flag=True, help="Read and compare everything, not only what changed.")
@click.option("--approve-plan", "approved", default="", metavar="ID", help="Let exactly this held-back plan through.")
@json_option
@pass_frame
def sync(frame: Frame, full: bool, approved: str, as_json: bool) -> Outcome:
    """Do one cycle: read the trackers, decide, write what is owed.

    Exit code: 3 when a tracker could not be read or written, 2 when writes
    are still owed, 1 when something waits for a person (also a plan held back
    because far more changed than usual), 0 when all is in sync.
    """
    if approved and not frame.identity.may_decide:
        raise NotAllowed(
            f"{frame.identity.person} is {frame.identity.role} and cannot approve a plan", hint="an ISSO or AO can"
        )
    with frame.writing() as record, open_trackers(frame.config, frame.secret, time.sleep) as trackers:
        approval = Approval(approved, author(frame.identity, "cli")) if approved else None
        before = record.head
        tell_first = partial(_announce, record) if not as_json else _say_nothing
        report = run_cycle(
            record, trackers, frame.config, frame.clock, full=full, approval=approval, announce=tell_first
        )
        unnoted = note_success(frame.config.record_path, report, frame.now(), frame.config.sync.interval)
        outcome, left = outcome_of(record, report), [*owed(record, frame.config, frame.clock())]
        left += [f"waiting for a person: {', '.join(waits)}" for waits in [waiting(record, report)] if waits]
    if unnoted:
        warn(unnoted, "")
    if as_json:
        print_json(shape(report))
    else:
        tell(report)
        if report.head != before:
            say(f"journal row {report.head[0]} {report.head[1]}")
        for line in left:
            say(line)
    return outcome


def _announce(record: Record, decided: Plan) -> None:
    """What takes long is told before it is done."""
    for line in patience(record.db, decided):
        say(line)


def _say_nothing(_: Plan) -> None:
    """A program reads the report alone."""


def tell(report: Report) -> None:
    """A line per connector, and what stopped it."""
    if not report.connectors:
        say("No tracker is configured: nothing is mirrored.")
    for each in report.connectors:
        if each.error:
            complain(str(each.error), each.error.hint)
        else:
            say(line_of(each))
    for line in notes(report):
        say(line)


def notes(report: Report) -> list[str]:
    """What a cycle found that concerns single items and issues."""
    return [
        *(f"{item.poam_id}: {UNROUTED}" for item in report.unrouted),
        *(f"{found.key} {found.what}" for found in report.recovered if found.what != LOST),
        *_lost([found for found in report.recovered if found.what == LOST]),
        *(f"{each.key}: {_UNREAD.format(each.label)}" for part in report.connectors for each in part.unread),
        *map(_rests, report.resting),
    ]


_UNREAD = "the label {} sets no due date: it is not due:YYYY-MM-DD with a day of the calendar"
FEW = 3
"""Keys of issues that a line names; --json has all."""


def _lost(found: Sequence[Recovered]) -> Iterator[str]:
    """Issues of items that the record does not have, a line per connector: another record may share the place."""
    for connector in dict.fromkeys(each.connector for each in found):
        keys = [each.key for each in found if each.connector == connector]
        shown = ", ".join(keys[:FEW]) + (f" and {len(keys) - FEW} more" if len(keys) > FEW else "")
        yield f"{connector}: {counted(len(keys), 'issue')} of items that the record does not have: {shown}"


def _rests(rest: Resting) -> str:
    until = f"rests until {instant(rest.until)}, then becomes a request"
    return f"{rest.poam_id}: {rest.date}, moved by {rest.moved_by}, {until}"


_COUNTS = {
    "created": "issue{} created",
    "edited": "issue{} edited",
    "changed": "item change{}",
    "requests": "request{}",
    "conflicts": "conflict{}",
    "refused": "write{} refused",
    "owed": "write{} still owed",
}


def line_of(each: ConnectorReport) -> str:
    """What a cycle did at one connector."""
    told = [_counted(number, words) for name, words in _COUNTS.items() if (number := getattr(each, name))]
    return f"{each.connector}: {_counted(each.read, 'issue{} read')}; {', '.join(told) or 'nothing to do'}"


def _counted(number: int, words: str) -> str:
    return f"{number} {words.format('' if number == 1 else 's')}"


def happened(each: ConnectorReport) -> bool:
    """Whether a cycle changed anything at one connector, or because of it."""
    return any(getattr(each, name) for name in _COUNTS if name != "owed")


def shape(report: Report) -> dict[str, object]:
    """The report as `--json` prints it."""
    return {
        "record_writes": report.record_writes,
        "head_seq": report.head[0],
        "head_hash": report.head[1],
        "connectors": {
            each.connector: {
                **{name: getattr(each, name) for name in ("read", *_COUNTS)},
                "unread": [asdict(one) for one in each.unread],
                "error": str(each.error) if each.error else None,
            }
            for each in report.connectors
        },
        "resting": [asdict(each) for each in report.resting],
        "recovered": [asdict(each) for each in report.recovered],
        "unrouted": [item.poam_id for item in report.unrouted],
    }
