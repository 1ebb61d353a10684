"""The rhythm of the daemon: when the next cycle is due, and how waiting ends at once when it shall stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event

from filelock import FileLock, Timeout

from .errors import RecordLocked

FULL_EVERY = timedelta(days=1)


class Stopped(BaseException):
    """Raised out of a wait when the process shall stop; not an Exception, so nothing takes it for a failure."""


@contextmanager
def only_daemon(record_path: Path) -> Iterator[None]:
    """Holds the place of a record's one daemon, for as long as the process lives. Raises RecordLocked."""
    lock = FileLock(f"{record_path}.daemon.lock", timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise RecordLocked(f"a daemon runs for {record_path} already", hint="one is enough: stop it first") from None
    try:
        yield
    finally:
        lock.release()


def waiter(stop: Event) -> Callable[[float], None]:
    """A sleep that raises Stopped as soon as the stop signal comes."""

    def wait(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    return wait


def ticks(interval: timedelta, stop: Event, clock: Callable[[], datetime]) -> Iterator[bool]:
    """One turn per interval until stopped; true once a day, when everything is to be compared.

    A clock put back counts as a day gone by: nobody knows how much did.
    """
    last_full = clock()
    while not stop.is_set():
        now = clock()
        full = not last_full <= now < last_full + FULL_EVERY
        last_full = now if full else last_full
        yield full
        stop.wait(interval.total_seconds())
