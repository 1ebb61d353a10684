"""Keeps us from storming a tracker that is down: who does not answer is asked less, not more. Pure."""

from __future__ import annotations

from .errors import RateLimited, TrackerError, Unavailable, Unsettled

CREDIT = 20.0
"""So many repeats at once, when all went well before."""

EARNED = 0.2
"""Repeats that an answer earns: of a tracker that fails now and then, a fifth of the calls may be repeated."""


class Circuit:
    """What the calls to one tracker taught us so far.

    *Closed* is all well. A call that got no answer at all opens it: from then on each call is tried once, and the first
    one that is answered closes it. Cycles go on at their interval, so that is also how it is found out.
    """

    def __init__(self) -> None:
        self._credit = CREDIT
        self.is_open = False

    @property
    def may_repeat(self) -> bool:
        """Whether a call that failed may be tried again."""
        return not self.is_open and self._credit >= 1

    def repeats(self) -> None:
        """A call is tried again."""
        self._credit -= 1

    def answered(self) -> None:
        """A call was answered, by a refusal too."""
        self.is_open = False
        self._credit = min(CREDIT, self._credit + EARNED)

    def failed(self, error: TrackerError) -> None:
        """A call ended in an error. A tracker that limits us is well, and of an unsettled write nobody knows."""
        if isinstance(error, Unavailable) and not isinstance(error, RateLimited):
            self.is_open = True
        elif not isinstance(error, RateLimited | Unsettled):
            self.answered()
