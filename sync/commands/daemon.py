"""`poam run`: cycles at an interval until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event
from types import FrameType

import click

from ...connectors.base import Tracker
from ..cycle import run_cycle
from ..daemon import Stopped, only_daemon, ticks, waiter
from ..errors import PoamSyncError
from ..record.record import Record
from ..settings.limits import duration_text
from ..settings.trackers import open_trackers
from ..telling.health import note_success
from ..telling.report import Report
from ..telling.standing import counted
from . import Outcome
from .cycle import happened, line_of, notes
from .frame import Frame, pass_frame
from .output import complain, say


@click.command("run")
@pass_frame
def run(frame: Frame) -> Outcome:
    """Keep everything in sync until stopped.

    One cycle per interval; once a day everything is compared. SIGINT and
    SIGTERM end it cleanly after the write in hand.
    """
    stop = Event()

    def end(number: int, _: FrameType | None) -> None:
        stop.set()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, end)
    with frame.planning():
        pass  # what no cycle could mend is told now
    told, interval = Told(), frame.config.sync.interval
    with only_daemon(frame.config.record_path), open_trackers(frame.config, frame.secret, waiter(stop)) as trackers:
        say(f"Running, one cycle every {duration_text(interval)}; stop with Ctrl-C.")
        with suppress(Stopped):
            opens: Callable[..., Record] = Record.open
            for _ in ticks(interval, stop):
                told = cycle(frame, trackers, told, opens)
                opens = Record.open if RECORD in told.troubles else Record.reopen
    say("Stopped.")
    return Outcome.IN_SYNC


@dataclass(frozen=True, slots=True)
class Told:
    """What was so in the last cycle and was told when it began: the troubles by what they are about, with a hint, and
    the notes about single items.
    """

    troubles: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


RECORD, HEALTH = "the record", "the health file"


def cycle(
    frame: Frame, trackers: Mapping[str, Tracker], told: Told, open_record: Callable[..., Record] = Record.open
) -> Told:
    """One cycle, and what is to be told of the next one too. The record is let go of afterwards: people decide between
    the cycles of a running daemon.

    Whatever goes wrong is told, and the next cycle tries again: a daemon does not die of a bad hour.
    """
    try:
        with frame.writing(open_record) as record:
            report = run_cycle(record, trackers, frame.config, frame.clock)
        unnoted = note_success(frame.config.record_path, report, frame.now(), frame.config.sync.interval)
    except (PoamSyncError, OSError) as error:
        failed = {**told.troubles, RECORD: (str(error), "the next cycle tries again")}
        return _tell(frame.now(), told, Told(failed, told.notes), [])
    troubles = _troubles(report) | ({HEALTH: (unnoted, "")} if unnoted else {})
    done = [line_of(each) for each in report.connectors if happened(each)]
    done += [f"journal row {report.head[0]} {report.head[1]}"] if done else []
    return _tell(frame.now(), told, Told(troubles, tuple(notes(report))), done)


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
