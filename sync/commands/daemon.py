"""`poam run`: cycles at an interval until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import FrameType

import click

from ...connectors.base import Tracker
from ...connectors.errors import Forbidden
from ..cycle import run_cycle
from ..daemon import Alarm, Doorbell, Stopped, only_daemon, ticks, waiter
from ..errors import PoamSyncError
from ..hinted import hinted_issues
from ..parking import parked_until
from ..record.record import Record
from ..settings.limits import duration_text
from ..settings.trackers import open_trackers
from ..telling.health import Liveness, liveness, note_success
from ..telling.report import Report
from ..telling.standing import counted
from ..webhooks.inbox import Inbox, InboxError, Waiting
from . import Outcome
from .cycle import happened, line_of, notes
from .frame import Frame, pass_frame
from .output import complain, say


@click.command("run")
@pass_frame
def run(frame: Frame) -> Outcome:
    """Keep everything in sync until stopped.

    One cycle per interval, and one as soon as a webhook tells of an issue;
    once a day everything is compared. SIGINT and SIGTERM end it cleanly after
    the write in hand.
    """
    stop, inbox, told = Alarm(), Inbox(frame.config.record_path), Told()
    bell = Doorbell(stop, frame.config.webhooks.least_rest, lambda: is_worth_a_cycle(frame, inbox, told))

    def end(number: int, _: FrameType | None) -> None:
        stop.set()
        bell.ring()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    with frame.planning():
        pass  # what no cycle could mend is told now
    interval = frame.config.sync.interval
    with (
        only_daemon(frame.config.record_path),
        open_trackers(frame.config, frame.secret, waiter(stop)) as trackers,
        taking_hints(frame, inbox, bell.ring) as url,
    ):
        say(f"Running, one cycle every {duration_text(interval)}; stop with Ctrl-C.")
        if url:
            say(f"Webhooks are taken at {url}/webhooks/CONNECTOR.")
        with suppress(Stopped):
            opens: Callable[..., Record] = Record.open
            for _ in ticks(interval, stop, bell.rest):
                told = cycle(frame, trackers, told, opens)
                opens = Record.open if RECORD in told.troubles else Record.reopen
    say("Stopped.")
    return Outcome.IN_SYNC


@contextmanager
def taking_hints(frame: Frame, inbox: Inbox, ring: Callable[[], None]) -> Iterator[str]:
    """Takes webhooks in meanwhile, where the configuration says so; gives where, or nothing. Rings for each hint.

    Raises ConfigError, InboxError.
    """
    config = frame.config
    if not config.webhooks.listen:
        yield ""
        return
    from ..webhooks.listener import listening
    from ..webhooks.reception import Door, Reception

    secrets = {name: frame.webhook_secrets(name) for name in config.connectors}
    doors = {name: Door(config.connectors[name], each) for name, each in secrets.items() if each}
    inbox.prepare()
    reception = Reception(doors, inbox, ring, lambda: _is_fresh(frame), frame.now)
    with listening(config.webhooks.address, reception.app()) as url:
        yield url


def _is_fresh(frame: Frame) -> bool:
    """Whether no connector's last good cycle is too long ago."""
    live, config = liveness(frame.config.record_path), frame.config
    known = [live.get(name, Liveness()) for name in config.connectors]
    return not any(each.is_stale(frame.clock(), config.sync.interval) for each in known)


def is_worth_a_cycle(frame: Frame, inbox: Inbox, told: Told) -> bool:
    """Whether a hint waits that is about an issue of ours. A tracker that does not let us in, or that wants to be left
    alone, is left to the interval, and so are all while the record cannot be used.
    """
    try:
        hints = {name: each for name, each in inbox.waiting().hints.items() if name not in told.locked_out}
        if not hints or RECORD in told.troubles:
            return False
        with Record.read(frame.config.record_path) as record:
            free = {name: each for name, each in hints.items() if not parked_until(record.db, name, frame.clock())}
            return any(hinted_issues(record.db, name, each) for name, each in free.items())
    except (PoamSyncError, OSError):
        return False


@dataclass(frozen=True, slots=True)
class Told:
    """What was so in the last cycle and was told when it began: the troubles by what they are about, with a hint, and
    the notes about single items. `locked_out` names the connectors whose trackers do not let us in.
    """

    troubles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    locked_out: frozenset[str] = frozenset()


RECORD, HEALTH, INBOX = "the record", "the health file", "the inbox"


def cycle(
    frame: Frame,
    trackers: Mapping[str, Tracker],
    told: Told,
    open_record: Callable[..., Record] = Record.open,
) -> Told:
    """One cycle, and what is to be told of the next one too. The record is let go of afterwards: people decide between
    the cycles of a running daemon.

    Whatever goes wrong is told, and the next cycle tries again: a daemon does not die of a bad hour.
    """
    inbox = Inbox(frame.config.record_path)
    waiting, unread = _waiting(inbox)
    try:
        with frame.writing(open_record) as record:
            report = run_cycle(record, trackers, frame.config, frame.clock, hints=waiting.hints)
        unnoted = note_success(frame.config.record_path, report, frame.now(), frame.config.sync.interval)
    except (PoamSyncError, OSError) as error:
        failed = {**told.troubles, RECORD: (str(error), "the next cycle tries again")}
        return _tell(frame.now(), told, Told(failed, told.notes), [])
    troubles = _troubles(report) | ({HEALTH: (unnoted, "")} if unnoted else {})
    troubles |= unread or _handled(inbox, waiting, report)
    done = [line_of(each) for each in report.connectors if happened(each)]
    done += [f"journal row {report.head[0]} {report.head[1]}"] if done else []
    locked_out = frozenset(each.connector for each in report.connectors if isinstance(each.error, Forbidden))
    return _tell(frame.now(), told, Told(troubles, tuple(notes(report)), locked_out), done)


def _waiting(inbox: Inbox) -> tuple[Waiting, dict[str, tuple[str, str]]]:
    """The hints to look at, and what keeps them from being known."""
    try:
        return inbox.waiting(), {}
    except InboxError as error:
        return Waiting(), {INBOX: (str(error), error.hint)}


def _handled(inbox: Inbox, waiting: Waiting, report: Report) -> dict[str, tuple[str, str]]:
    """Notes the hints of every connector that the cycle served, and tells what keeps them from being noted."""
    try:
        for each in report.connectors:
            if each.error is None and each.connector in waiting.hints:
                inbox.handled(each.connector, waiting.until, report.cycle)
    except InboxError as error:
        return {INBOX: (str(error), error.hint)}
    return {}


def _troubles(report: Report) -> dict[str, tuple[str, str]]:
    """What keeps a connector from being in step."""
    owed = {
        each.connector: (f"{each.connector}: {counted(each.owed, 'write')} still owed", "the next cycle tries again")
        for each in report.connectors
        if each.owed
    }
    return owed | {each.connector: (str(each.error), each.error.hint) for each in report.connectors if each.error}


def _tell(at: str, before: Told, now: Told, done: list[str]) -> Told:
    """Tells what was done, and of what lasts when it begins, changes and ends; nothing where there is no news."""
    begun = [trouble for about, trouble in now.troubles.items() if before.troubles.get(about) != trouble]
    ended = [f"{about}: all is well again" for about in before.troubles if about not in now.troubles]
    news = [*done, *(note for note in now.notes if note not in before.notes), *ended]
    if begun or news:
        say(at)
    for message, hint in begun:
        complain(message, hint)
    for line in news:
        say(line)
    return now
