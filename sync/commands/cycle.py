"""`poam plan` and `poam sync`: one cycle, shown or done."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict

import click

from ..cycle import Approval, ConnectorReport, Report, hold_back, run_cycle
from ..decide import ConnectorPlan, Plan, decide
from ..errors import MassChange, NotAllowed
from ..health import note_success
from ..observe import observe
from ..people import author
from ..record.items import WAITS_FOR_A_PERSON, load
from ..record.mirrors import Conflict, Request, rows
from ..record.record import Record
from ..trackers import open_trackers
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import complain, print_json, say


@click.command("plan")
@click.option("--full", is_flag=True, help="Compare everything, not only what changed.")
@json_option
@pass_frame
def plan(frame: Frame, full: bool, as_json: bool) -> Outcome:
    """Show what a cycle would do, and do none of it."""
    with frame.reading() as record, open_trackers(frame.config, frame.secret, time.sleep) as trackers:
        seen = observe(record.db, frame.config, trackers, frame.clock(), full=full)
        decided = decide(record.db, frame.config, seen, frame.clock(), full=full)
        guarded = hold_back(record, frame.config, decided, None)
        names = {item.uid: item.poam_id for item in load(record.db)}
    lines = [line for each in decided.connectors for line in _steps(each, names)] + [
        f"{item.poam_id}: no route leads anywhere; add a [[routes]] entry" for item in decided.unrouted
    ]
    if as_json:
        held = [str(each.seen.error) for each in guarded.connectors if isinstance(each.seen.error, MassChange)]
        print_json({"steps": lines, "held_back": held})
    else:
        say("\n".join(lines))
    failed = _failed(guarded)
    if not lines and failed is None and not as_json:
        say("Nothing to do.")
    return failed or Outcome.IN_SYNC


def _failed(decided: Plan) -> Outcome | None:
    errors = [each.seen.error for each in decided.connectors if each.seen.error]
    for error in errors:
        complain(str(error), error.hint)
    held_back = all(isinstance(error, MassChange) for error in errors)
    return (Outcome.NEEDS_A_PERSON if held_back else Outcome.FATAL) if errors else None


_INTERNAL = frozenset({"work_status_version", "work_done_at", "work_done_by"})


def _steps(each: ConnectorPlan, names: Mapping[str, str]) -> list[str]:
    """A connector's part of the plan, one line per step; `names` are the items' POA&M ids by uid."""
    name, known = each.seen.connector, {found.link.id for found in each.found}
    new = [link for link in (*each.new_links, *each.retries) if link.id not in known]
    steps = [f"{names[link.item_uid]}: create an issue in {name}" for link in new]
    steps += [f"{names[found.link.item_uid]}: found again as {found.issue.key}" for found in each.found]
    for look in each.looks:
        who, key = look.view.item.poam_id, look.view.link.remote_key
        steps += [
            f"{who}: {field} becomes {value}, from {key}"
            for change in look.item_changes
            for field, value in change.values.items()
            if field not in _INTERNAL
        ]
        steps += [
            f"{who}: a request ({request.kind}) {request.requested_date or ''} from {key}" for request in look.requests
        ]
        steps += [f"{who}: a conflict over {conflict.field} with {key}" for conflict in look.conflicts]
        steps += [f"{who}: edit {key}: {', '.join(sorted(look.edited_fields))}"] if look.edit else []
    steps += [f"{view.item.poam_id}: edit {view.link.remote_key}" for view in each.owed]
    steps += [f"{twin.link.remote_key}: a second issue {twin.issue.key}" for twin in each.twins]
    return steps


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
        report = run_cycle(record, trackers, frame.config, frame.clock, full=full, approval=approval)
        unnoted = note_success(frame.config.record_path, report, frame.now())
        outcome = outcome_of(record, report)
    if unnoted:
        complain(unnoted, "")
    if as_json:
        print_json(shape(report))
    else:
        tell(report)
    return outcome


def outcome_of(record: Record, report: Report) -> Outcome:
    """The exit code: the highest that holds."""
    if any(each.error and not isinstance(each.error, MassChange) for each in report.connectors):
        return Outcome.FATAL
    if any(each.owed for each in report.connectors):
        return Outcome.WRITES_OWED
    waiting = (
        bool(load(record.db, WAITS_FOR_A_PERSON))
        or bool(rows(record.db, Request, "state = 'waiting'"))
        or bool(rows(record.db, Conflict, "state = 'open'"))
    )
    held_back = any(each.error for each in report.connectors)
    return Outcome.NEEDS_A_PERSON if waiting or held_back or report.unrouted else Outcome.IN_SYNC


def tell(report: Report) -> None:
    """A line per connector, and what stopped it."""
    for each in report.connectors:
        if each.error:
            complain(str(each.error), each.error.hint)
        else:
            say(_line(each))
    for item in report.unrouted:
        say(f"{item.poam_id}: no route leads anywhere; add a [[routes]] entry")
    for rest in report.resting:
        say(f"{rest.poam_id}: {rest.date}, moved by {rest.moved_by}, rests until {rest.until}, then becomes a request")
    if report.record_writes:
        say(f"journal row {report.head[0]} {report.head[1]}")


_COUNTS = {
    "created": "issue{} created",
    "edited": "issue{} edited",
    "changed": "item change{}",
    "requests": "request{}",
    "conflicts": "conflict{}",
    "refused": "write{} refused",
    "owed": "write{} still owed",
}


def _line(each: ConnectorReport) -> str:
    told = [_counted(count, words) for name, words in _COUNTS.items() if (count := getattr(each, name))]
    return f"{each.connector}: {_counted(each.read, 'issue{} read')}; {', '.join(told) or 'nothing to do'}"


def _counted(count: int, words: str) -> str:
    return f"{count} {words.format('' if count == 1 else 's')}"


def shape(report: Report) -> dict[str, object]:
    """The report as `--json` prints it."""
    return {
        "record_writes": report.record_writes,
        "head_seq": report.head[0],
        "head_hash": report.head[1],
        "connectors": {
            each.connector: {
                **{name: getattr(each, name) for name in ("read", *_COUNTS)},
                "error": str(each.error) if each.error else None,
            }
            for each in report.connectors
        },
        "resting": [asdict(each) for each in report.resting],
        "unrouted": [item.poam_id for item in report.unrouted],
    }
