"""The rhythm of the daemon: when the next cycle is due, and how waiting ends at once when it shall stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from threading import Event

from filelock import FileLock, Timeout

from .errors import RecordLocked


class Stopped(BaseException):
    """Raised out of a wait when the process shall stop; not an Exception, so nothing takes it for a failure."""


@contextmanager
def only_daemon(record_path: Path) -> Iterator[None]:
    """Holds the place of a record's one daemon, which a restore takes, too: until left, or the process dies.

    Raises RecordLocked.
    """
    lock = FileLock(f"{record_path}.daemon.lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise RecordLocked(
            f"a daemon runs for {record_path} already",
            hint="stop it first: one is enough, and none may run while a backup is restored",
        ) from None
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


def ticks(interval: timedelta, stop: Event) -> Iterator[None]:
    """One turn per interval until stopped."""
    while not stop.is_set():
        yield
        stop.wait(interval.total_seconds())
