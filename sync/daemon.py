"""The rhythm of the daemon: when the next cycle is due, and how waiting ends at once when it shall stop."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from threading import Event

FULL_EVERY = timedelta(days=1)


class Stopped(BaseException):
    """Raised out of a wait when the process shall stop; not an Exception, so nothing takes it for a failure."""


def waiter(stop: Event) -> Callable[[float], None]:
    """A sleep that raises Stopped as soon as the stop signal comes."""

    def wait(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    return wait


def ticks(interval: timedelta, stop: Event, clock: Callable[[], datetime]) -> Iterator[bool]:
    """One turn per interval until stopped; true once a day, when everything is to be compared."""
    last_full = clock()
    while not stop.is_set():
        full = clock() - last_full >= FULL_EVERY
        last_full = clock() if full else last_full
        yield full
        stop.wait(interval.total_seconds())
