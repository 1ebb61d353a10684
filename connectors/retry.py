"""Asks a tracker again when that is safe: the only retry layer, the client libraries' own are turned off.

The errors carry the whole rule. `Unavailable`, and so `RateLimited`, says of a read that it may be repeated and of the
one request of a write that failed that it was never applied: of an edit, requests before it may be, so the issue is
looked at first. `Unsettled`, `Stale`, `Gone`, `Rejected` are for others to decide.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count
from typing import ParamSpec, TypeVar

import tenacity

from .base import Capabilities, Created, Draft, Edit, Health, Issue, Page, Tracker, Visibility
from .circuit import Circuit
from .errors import RateLimited, Stale, TrackerError, Unavailable, Unsettled

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE = 60.0
"""Seconds that one call may wait altogether: a longer pause is the cycle's business, nobody blocks for it."""

ODD = (LookupError, TypeError, AttributeError, ValueError, OverflowError)
"""What a connector stumbles with over an answer of an unforeseen form: `[]` where an object is expected."""


class Retrying:
    """A `Tracker` around a tracker.

    `sleep` takes seconds and may raise to abort the call, `random` yields the jitter from [0, 1), `attempts`
    counts the first one too. When patience, attempts or the circuit's credit run out, the last error is raised as it
    came.
    """

    def __init__(
        self,
        tracker: Tracker,
        *,
        sleep: Callable[[float], None],
        random: Callable[[], float],
        attempts: int = 5,
    ) -> None:
        self._tracker = tracker
        self._random = random
        self._attempts = attempts
        self._circuit = Circuit()
        self._again = tenacity.Retrying(
            sleep=sleep,
            retry=tenacity.retry_if_exception_type(Unavailable),
            wait=self._wait,
            stop=self._enough,
            before_sleep=lambda _: self._circuit.repeats(),
            reraise=True,
        )

    @property
    def name(self) -> str:
        """The connector's name in the configuration."""
        return self._tracker.name

    @property
    def capabilities(self) -> Capabilities:
        """What the tracker can do."""
        return self._tracker.capabilities

    @property
    def credential(self) -> str:
        """See `Tracker`, here and below."""
        return self._tracker.credential

    def check(self) -> Health:
        return self._call(self._formed(self._tracker.check))

    def visibility(self) -> Visibility:
        return self._call(self._formed(self._tracker.visibility))

    def changed_since(self, cursor: str | None) -> Page:
        return self._call(self._formed(self._tracker.changed_since), cursor)

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        return self._call(self._formed(self._tracker.get), issue_id, known=known)

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        return self._call(self._formed(self._tracker.get_many), issue_ids)

    def find(self, marker: str, *, since: str) -> Sequence[Issue]:
        return self._call(self._formed(self._tracker.find), marker, since=since)

    def named(self, key: str) -> Issue:
        return self._call(self._formed(self._tracker.named), key)

    def unmarked(self, limit: int) -> Sequence[Issue]:
        return self._call(self._formed(self._tracker.unmarked), limit)

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        # Sent once: a create has a deadline to keep, and the outbox is what sends it again.
        return self._formed(self._tracker.create, Unsettled)(drafts)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        send, look = self._formed(self._tracker.edit, Unsettled), self._formed(self._tracker.get)
        tries = count()

        def sent() -> Issue:
            # People go on working during a pause, and part of what failed may be applied. What an edit sets replaces
            # what stands there, all of a body too, so it is repeated only where nothing moved since it was planned.
            if next(tries) and look(issue.id, known=issue.version).version != issue.version:
                raise Stale(f"{issue.key} changed while we waited to write to it again")
            return send(issue, edit)

        return self._call(sent)

    def close(self) -> None:
        self._tracker.close()

    def _call(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The call, repeated where that is safe."""
        try:
            answer = self._again(call, *args, **kwargs)
        except TrackerError as error:
            self._circuit.failed(error)
            raise
        self._circuit.answered()
        return answer

    def _formed(self, call: Callable[P, T], error: type[TrackerError] = Unavailable) -> Callable[P, T]:
        """The call, with that error for an answer in no form we know: one odd issue shall stop nobody."""

        def asked(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return call(*args, **kwargs)
            except ODD as odd:
                raise error(f"{self.name} answered in a form that is not the tracker's") from odd

        return asked

    def _wait(self, state: tenacity.RetryCallState) -> float:
        """What the tracker asks for, else a random part of 1, 2, 4... seconds: clients shall not collide."""
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, RateLimited):
            return error.retry_after
        return self._random() * 2.0 ** (state.attempt_number - 1)

    def _enough(self, state: tenacity.RetryCallState) -> bool:
        if not self._circuit.may_repeat:
            return True
        return state.attempt_number >= self._attempts or state.idle_for + state.upcoming_sleep > PATIENCE
