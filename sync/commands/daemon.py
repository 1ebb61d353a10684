"""`poam run`: cycles at an interval until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from contextlib import suppress
from threading import Event
from types import FrameType

import click

from ...connectors.base import Tracker
from ..cycle import run_cycle
from ..daemon import Stopped, only_daemon, ticks, waiter
from ..errors import PoamSyncError
from ..health import note_success
from ..trackers import open_trackers
from . import Outcome
from .cycle import tell
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
    record_path = frame.config.record_path
    with only_daemon(record_path), open_trackers(frame.config, frame.secret, waiter(stop)) as trackers:
        say(f"Running, one cycle every {frame.config.sync.interval}; stop with Ctrl-C.")
        with suppress(Stopped):
            for _ in ticks(frame.config.sync.interval, stop):
                _cycle(frame, trackers)
    say("Stopped.")
    return Outcome.IN_SYNC


def _cycle(frame: Frame, trackers: Mapping[str, Tracker]) -> None:
    """One cycle. The record is let go of afterwards: people decide between the cycles of a running daemon.

    Whatever goes wrong is told, and the next cycle tries again: a daemon does not die of a bad hour.
    """
    try:
        with frame.writing() as record:
            report = run_cycle(record, trackers, frame.config, frame.clock)
        unnoted = note_success(frame.config.record_path, report, frame.now())
    except (PoamSyncError, OSError) as error:
        complain(str(error), "the next cycle tries again")
        return
    if unnoted:
        complain(unnoted, "")
    if report.record_writes or any(each.error for each in report.connectors):
        say(frame.now())
        tell(report)
