"""The sandbox's clock: real time plus what a test or the demonstration added, or standing still until told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class Clock:
    """Shared by the sandbox trackers and the engine under test, so that days pass without anybody waiting.

    `at` (an aware datetime) makes a standing clock; without it the clock runs with the machine's.
    """

    def __init__(self, at: datetime | None = None) -> None:
        self._at = at
        self._offset = timedelta()

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return (self._at or datetime.now(UTC)) + self._offset

    def advance(self, *, seconds: float = 0, minutes: float = 0, hours: float = 0, days: float = 0) -> None:
        """Moves the clock forward."""
        self._offset += timedelta(seconds=seconds, minutes=minutes, hours=hours, days=days)


def iso(moment: datetime) -> str:
    """An instant as the port writes it: `2026-11-22T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
