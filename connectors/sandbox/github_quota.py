"""What the sandbox GitHub rations: requests by the hour, and on demand new content by the minute."""

from __future__ import annotations

from datetime import datetime, timedelta

from .clock import Clock
from .github_store import Refusal

QUOTA = 5000
_MINUTE = timedelta(minutes=1)
_TOO_MUCH = (
    "You have exceeded a secondary rate limit and have been temporarily blocked from content creation."
    " Please retry your request again later."
)


class Quota:
    """`remaining` requests are left until the clock's next full hour; a conditional answer gives its own back.

    `content_limit` is how many issues and comments may be made in any minute, None for as many as one likes.
    """

    def __init__(self, clock: Clock) -> None:
        self.remaining = QUOTA
        self.content_limit: int | None = None
        self._clock = clock
        self._reset = self._next_hour()
        self._made: list[datetime] = []

    def spend(self) -> None:
        """Counts a request. Refuses with 403 once none is left."""
        if self._clock.now() >= self._reset:
            self.remaining, self._reset = QUOTA, self._next_hour()
        if self.remaining <= 0:
            raise Refusal(403, "API rate limit exceeded for user ID 101.")
        self.remaining -= 1

    def make(self) -> None:
        """Counts an issue or a comment. Refuses with 403, and with no word on when to come back, past the limit."""
        now = self._clock.now()
        self._made = [at for at in self._made if at > now - _MINUTE]
        if self.content_limit is not None and len(self._made) >= self.content_limit:
            raise Refusal(403, _TOO_MUCH)
        self._made.append(now)

    @property
    def headers(self) -> dict[str, str]:
        """What every answer tells of it."""
        counts = {"limit": QUOTA, "remaining": self.remaining, "used": QUOTA - self.remaining}
        reset = {"reset": int(self._reset.timestamp()), "resource": "core"}
        return {f"x-ratelimit-{name}": str(value) for name, value in {**counts, **reset}.items()}

    def _next_hour(self) -> datetime:
        return self._clock.now().replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
