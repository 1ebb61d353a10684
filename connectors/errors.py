"""What can go wrong with a tracker, sorted by what to do next.

TrackerError
├── Unavailable       try again later: timeout or refusal on a read, 5xx
│   └── RateLimited   refused before it was applied; wait `retry_after` seconds
├── Unsettled         a write whose fate is unknown: never repeated blindly, the outbox asks the tracker first
├── Stale             the issue changed since we looked: drop the write, look again
├── Gone              not there or not visible (404, 410): a person decides, nothing is closed because of it
└── Rejected          never retry: bad request, illegal transition, field not on the screen
    └── Forbidden     credentials, permission, or an anonymous answer
"""

from __future__ import annotations


class TrackerError(Exception):
    """A tracker refused or failed; `hint` says what the operator can do. Messages never hold a secret."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class Unavailable(TrackerError):
    """The tracker did not answer properly; asking again later is safe.

    Of a write it says that the request that failed was never applied. An edit takes several requests, and those before
    that one stand: whoever repeats the edit looks at the issue first.
    """


class RateLimited(Unavailable):
    """The tracker refused this request before doing anything; `retry_after` is in seconds, from one to a day.

    As with any `Unavailable`, requests of the same edit before it may be applied.

    `one_issue` says that too much was written to this issue alone, and the others may be written to.
    """

    def __init__(self, message: str, *, retry_after: float, hint: str = "", one_issue: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.retry_after = retry_after
        self.one_issue = one_issue


class Unsettled(TrackerError):
    """A write may or may not have been applied."""


class Stale(TrackerError):
    """The issue moved between our look and our write."""


class Gone(TrackerError):
    """The issue is deleted, moved out of sight or forbidden: trackers answer 404 for all three.

    `moved_to` is its new key where the tracker tells that it was moved (`acme/api#7`).
    """

    def __init__(self, message: str, *, hint: str = "", moved_to: str = "") -> None:
        super().__init__(message, hint=hint)
        self.moved_to = moved_to


class Rejected(TrackerError):
    """The tracker understood and refused; the same request will be refused again.

    `field` names the neutral field at fault when the tracker says so.
    """

    def __init__(self, message: str, *, hint: str = "", field: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class Forbidden(Rejected):
    """The credentials are wrong, expired, anonymous or lack a permission."""
