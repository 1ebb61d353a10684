"""How fast we may write: GitHub blocks whoever writes, or makes issues, too often. One pace for all at one host."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import inf
from typing import Literal

from .settings import GithubSettings

CREATES_PER_HOUR = 500
"""What GitHub allows, pages clicked by people included; and 80 a minute, of which some twenty quick ones may already be
too many.
"""

_LOOPBACK = frozenset({"127.0.0.1", "[::1]", "localhost"})

Kind = Literal["write", "create"]
Spacing = dict[Kind, float]
"""Seconds between two of a kind."""


def spacing(settings: GithubSettings) -> Spacing:
    """As the settings say; the loopback needs no pause, unless they say so of creates."""
    on_loopback = settings.url.host in _LOOPBACK
    told = "seconds_between_creates" in settings.model_fields_set
    return {
        "write": 0 if on_loopback else settings.seconds_between_writes,
        "create": 0 if on_loopback and not told else settings.seconds_between_creates,
    }


class Pace:
    """Keeps what is written to one host apart; `sleep` takes seconds, `clock` tells them."""

    def __init__(
        self, *, sleep: Callable[[float], None] = time.sleep, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._last: Spacing = {}

    def now(self) -> float:
        """Seconds by its clock."""
        return self._clock()

    def wait(self, apart: Spacing) -> None:
        """Waits for so many seconds after the last of each kind, and counts this one as all of them."""
        left = max(self._last.get(kind, -inf) + seconds - self._clock() for kind, seconds in apart.items())
        if left > 0:
            self._sleep(left)
        self._last |= dict.fromkeys(apart, self._clock())
