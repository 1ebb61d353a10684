"""True time, which no clock in the simulation shows, and what is still under way in it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from poam.connectors.sandbox.clock import iso

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
BEGIN = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Timeline:
    """Milliseconds since the story began. Time passes only when it is told to; what is due then happens in order."""

    def __init__(self) -> None:
        self.now = 0
        self._under_way: list[tuple[int, int, Callable[[], None]]] = []
        self._numbers = count()

    def after(self, wait: int, act: Callable[[], None]) -> None:
        """Something that happens so much later, whatever else does."""
        heapq.heappush(self._under_way, (self.now + wait, next(self._numbers), act))

    def pass_(self, wait: int) -> None:
        """Lets time go by."""
        until = self.now + wait
        while self._under_way and self._under_way[0][0] <= until:
            self.now, _, act = heapq.heappop(self._under_way)
            act()
        self.now = until

    @property
    def under_way(self) -> int:
        """How much is still to happen."""
        return len(self._under_way)

    def at(self, skew: int = 0) -> datetime:
        """What a clock shows that is wrong by `skew`."""
        return BEGIN + timedelta(milliseconds=self.now + skew)

    def text(self, skew: int = 0, resolution: int = 1) -> str:
        """The same as the port writes it, by a clock that counts in steps of `resolution`."""
        shown = self.now + skew
        return iso(BEGIN + timedelta(milliseconds=shown - shown % resolution))
