"""The rhythm of the daemon, and what it leaves beside the record, without waiting for anything."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from threading import Event, Thread

import pytest

from poam.connectors.errors import Unavailable
from poam.sync.daemon import Alarm, Doorbell, Stopped, only_daemon, ticks, waiter
from poam.sync.errors import RecordLocked
from poam.sync.telling.health import health_path, liveness, note_success
from poam.sync.telling.report import ConnectorReport, Report

HOURLY = timedelta(hours=1)


class Time(Event):
    """A stop signal whose waits are over at once."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout)
        return self.is_set()

    def ticks(self) -> Iterator[None]:
        return ticks(HOURLY, self)


# ticks


def test_a_cycle_comes_at_once_and_then_one_per_interval() -> None:
    time = Time()
    assert len(list(islice(time.ticks(), 4))) == 4
    assert time.waits == [3600.0] * 3


def test_nothing_is_begun_once_told_to_stop() -> None:
    time = Time()
    time.set()
    assert list(time.ticks()) == []


def test_the_cycle_in_hand_is_the_last_one() -> None:
    time = Time()
    turns = time.ticks()
    next(turns)
    time.set()
    assert list(turns) == []


def test_a_real_wait_ends_at_once_when_told_to_stop() -> None:
    stop = Event()
    stop.set()
    with pytest.raises(Stopped):
        waiter(stop)(86_400.0)


def test_waiting_for_a_tracker_goes_on_while_nobody_says_stop() -> None:
    waiter(Event())(0.0)


def test_a_stop_is_no_failure_that_somebody_could_swallow() -> None:
    assert not issubclass(Stopped, Exception)


# the doorbell


def bell(worth: bool | Event, least: timedelta = timedelta()) -> tuple[Event, Doorbell]:
    """A doorbell and its stop signal; `worth` says what the ringing is for, or is set once that was asked."""
    stop = Event()

    def asked() -> bool:
        if isinstance(worth, Event):
            worth.set()
        return worth is True

    return stop, Doorbell(stop, least, asked)


def test_a_ring_for_something_ends_a_rest_at_once() -> None:
    _, doorbell = bell(worth=True)
    doorbell.ring()
    doorbell.rest(86_400.0)


def test_a_ring_for_nothing_ends_no_rest_and_a_stop_does() -> None:
    asked = Event()
    stop, doorbell = bell(asked)
    rest = Thread(target=doorbell.rest, args=(86_400.0,), daemon=True)
    rest.start()
    doorbell.ring()
    assert asked.wait(30)
    assert rest.is_alive()

    stop.set()
    doorbell.ring()
    rest.join(30)
    assert not rest.is_alive()


def test_nobody_rings_the_daemon_up_before_its_least_rest() -> None:
    time = Time()
    doorbell = Doorbell(time, timedelta(seconds=5), lambda: True)
    doorbell.ring()
    doorbell.rest(120.0)
    assert time.waits == [5.0]


def test_a_rest_without_a_ring_ends_in_time() -> None:
    _, doorbell = bell(worth=True)
    doorbell.rest(0.0)


def test_a_least_rest_is_no_longer_than_the_interval() -> None:
    time = Time()
    Doorbell(time, timedelta(days=1), lambda: False).rest(0.0)
    assert time.waits == [0.0]


# the one daemon


def test_a_second_daemon_is_refused_and_the_next_one_welcome(tmp_path: Path) -> None:
    record = tmp_path / "poam.db"
    with only_daemon(record):
        with pytest.raises(RecordLocked, match=r"a daemon runs for .*poam\.db already"), only_daemon(record):
            pass
        assert other_daemon(record) == "RecordLocked"
    assert other_daemon(record) == "running"


def other_daemon(record: Path) -> str:
    """What another process says that wants to be the daemon."""
    code = """
import sys, pathlib
from poam.sync.daemon import only_daemon
try:
    with only_daemon(pathlib.Path(sys.argv[1])):
        print("running")
except Exception as error:
    print(type(error).__name__)
"""
    command = [sys.executable, "-c", code, str(record)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


# liveness


def report(**errors: bool) -> Report:
    """A cycle in which these connectors failed, or did not."""
    return Report(
        tuple(ConnectorReport(name, error=Unavailable("down") if failed else None) for name, failed in errors.items())
    )


MINUTES = timedelta(minutes=2)


def successes(record: Path) -> dict[str, str]:
    return {name: each.last_success for name, each in liveness(record).items()}


def test_a_success_is_noted_beside_the_record_and_not_in_it(tmp_path: Path) -> None:
    record = tmp_path / "poam.db"
    note_success(record, report(jira=False, code=False), "2026-03-02T12:00:00.000Z", MINUTES)

    assert successes(record) == {"jira": "2026-03-02T12:00:00.000Z", "code": "2026-03-02T12:00:00.000Z"}
    assert [path.name for path in tmp_path.iterdir()] == ["poam.db.health.json"]


def test_a_connector_in_trouble_keeps_the_time_of_its_last_success(tmp_path: Path) -> None:
    record = tmp_path / "poam.db"
    note_success(record, report(jira=False, code=False), "2026-03-02T12:00:00.000Z", MINUTES)
    note_success(record, report(jira=True, code=False), "2026-03-02T13:00:00.000Z", MINUTES)

    assert successes(record) == {"jira": "2026-03-02T12:00:00.000Z", "code": "2026-03-02T13:00:00.000Z"}


@pytest.mark.parametrize("left", [b"", b"{", b"[]", b"\xff\xfe", b"null"])
def test_a_health_file_that_says_nothing_is_as_good_as_none(tmp_path: Path, left: bytes) -> None:
    record = tmp_path / "poam.db"
    assert successes(record) == {}
    health_path(record).write_bytes(left)
    assert successes(record) == {}
    note_success(record, report(jira=False), "2026-03-02T12:00:00.000Z", MINUTES)
    assert successes(record) == {"jira": "2026-03-02T12:00:00.000Z"}


# an alarm


def test_an_alarm_may_be_set_by_a_signal_that_comes_anywhere_in_a_wait_for_it() -> None:
    """The process that waits is sent signals without end; with the library's event it soon waits for its own lock."""
    code = """
import signal
from poam.sync.daemon import Alarm
alarm = Alarm()
signal.signal(signal.SIGALRM, lambda *_: alarm.set())
signal.setitimer(signal.ITIMER_REAL, 0.0002, 0.0002)
for _ in range(10_000):
    alarm.wait(0.00001)
    alarm.clear()
signal.setitimer(signal.ITIMER_REAL, 0)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_an_alarm_is_what_an_event_is() -> None:
    alarm = Alarm()
    assert (alarm.is_set(), alarm.wait(0)) == (False, False)
    alarm.set()
    alarm.set()
    assert (alarm.is_set(), alarm.wait(), alarm.wait(0)) == (True, True, True)
    alarm.clear()
    assert (alarm.is_set(), alarm.wait(0.001)) == (False, False), "what rang before does not ring again"
