"""How long a tracker asks us to wait, from whatever form it says that in. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

UNNAMED_WAIT = 60.0
"""Seconds to wait when a tracker limits us and names no time (GitHub's rule for secondary limits)."""

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 86_400.0
"""Seconds: a limit that is over at once is not asked again at once, and no header keeps us out for more than a day."""

_EPOCH = 1_000_000_000
"""A number from here on is an instant in seconds since 1970: nobody asks for a pause of thirty years."""


def wait_told(texts: Iterable[str], now: datetime) -> float:
    """Seconds to wait, by the longest of what is told: seconds, an instant since 1970, an HTTP date or one of ISO 8601.

    Between a second and a day, and a minute where nothing that can be read is told.
    """
    told = [seconds for text in texts if (seconds := _seconds(text.strip(), now)) is not None]
    return min(max(SHORTEST_WAIT, *told), LONGEST_WAIT) if told else UNNAMED_WAIT


def moment_of(text: str) -> datetime | None:
    """The instant that an HTTP date or one of ISO 8601 names, None when it is neither."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            moment = read(text)
        except (ValueError, OverflowError):
            continue
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return None


def _seconds(text: str, now: datetime) -> float | None:
    if text.isascii() and text.isdecimal():
        number = float(text)
        return number if number < _EPOCH else number - now.timestamp()
    until = moment_of(text)
    return None if until is None else (until - now).total_seconds()
