"""`poam run`: cycles at an interval until SIGINT or SIGTERM."""

from __future__ import annotations

import signal
from threading import Event
from types import FrameType

import click

from ..cycle import run_cycle
from ..daemon import Stopped, ticks, waiter
from ..health import note_success
from ..trackers import open_trackers
from . import Outcome
from .cycle import tell
from .frame import Frame, pass_frame
from .output import say


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
    with frame.writing() as record, open_trackers(frame.config, frame.secret, waiter(stop)) as trackers:
        say(f"Running, one cycle every {frame.config.sync.interval}; stop with Ctrl-C.")
        try:
            for full in ticks(frame.config.sync.interval, stop, frame.clock):
                report = run_cycle(record, trackers, frame.config, frame.clock, full=full)
                if report.record_writes or any(each.error for each in report.connectors):
                    say(frame.now())
                    tell(report)
                note_success(frame.config.record_path, report, frame.now())
        except Stopped:
            pass
    say("Stopped.")
    return Outcome.IN_SYNC
