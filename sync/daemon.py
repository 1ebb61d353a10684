"""The rhythm of the daemon: when the next cycle is due, and what ends a wait before its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from time import monotonic

from filelock import FileLock, Timeout

from .errors import RecordLocked


class Alarm(Event):
    """An event that a signal's handler may set while the same thread waits for it.

    The library's own must not be: its lock is held at the beginning and end of a wait, and a handler that runs just
    then waits for ever. A simple queue is made for that.
    """

    def __init__(self) -> None:
        super().__init__()
        self._is_set = False
        self._calls: SimpleQueue[None] = SimpleQueue()

    def is_set(self) -> bool:
        return self._is_set

    def set(self) -> None:
        self._is_set = True
        self._calls.put(None)

    def clear(self) -> None:
        self._is_set = False

    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else monotonic() + timeout
        with suppress(Empty):
            while not self._is_set:
                self._calls.get(timeout=None if until is None else max(0.0, until - monotonic()))
        return self._is_set


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


def ticks(interval: timedelta, stop: Event, rest: Callable[[float], object] | None = None) -> Iterator[None]:
    """One turn per interval until stopped. `rest` waits so many seconds or less; it is the stop signal's own wait
    where nothing else ends one.
    """
    wait = rest or stop.wait
    while not stop.is_set():
        yield
        wait(interval.total_seconds())


class Doorbell:
    """Ends a rest before its time when it rings for something that is `worth` a cycle, which is asked in the waiting
    thread; a rest lasts `least` at least. Any thread may ring, and whoever stops the daemon has to.
    """

    def __init__(self, stop: Event, least: timedelta, worth: Callable[[], bool]) -> None:
        self._rung = Alarm()
        self._stop = stop
        self._least = least.total_seconds()
        self._worth = worth

    def ring(self) -> None:
        """Something has come."""
        self._rung.set()

    def rest(self, seconds: float) -> None:
        """Waits so long, or until something worth it has come, or the daemon shall stop."""
        until = monotonic() + seconds
        self._stop.wait(min(self._least, seconds))
        while not self._stop.is_set() and self._rung.wait(max(0.0, until - monotonic())):
            self._rung.clear()
            if self._stop.is_set() or self._worth():
                return
            self._stop.wait(min(self._least, max(0.0, until - monotonic())))
