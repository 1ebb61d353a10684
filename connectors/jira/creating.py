"""Makes issues: up to fifty in one request, one at a time where a deployment has no such endpoint."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ..base import Created, Draft
from ..errors import Forbidden, Rejected, TrackerError, Unavailable, Unsettled
from .answers import Answer, Missing
from .fields import Fields
from .reading import Json
from .searching import Search
from .wire import Wire

AT_ONCE = 50
"""So many issues Jira makes in one request."""


class Creator:
    """Makes issues, `at_once` so many in a request, until it turns out that this deployment makes one only."""

    def __init__(self, wire: Wire, fields: Fields, search: Search) -> None:
        self._wire = wire
        self._fields = fields
        self._search = search
        self.at_once = AT_ONCE

    def forget(self) -> None:
        """Takes nothing for known any more."""
        self.at_once = AT_ONCE

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """See `base.Tracker`."""
        if len(drafts) > 1 and self.at_once > 1:
            updates = [self._fields.new(draft) for draft in drafts]
            try:
                answer = self._wire.write("POST", "issue/bulk", body={"issueUpdates": updates})
                return list(self._ended(updates, answer))
            except Missing:
                pass
            except Forbidden:
                raise
            except Rejected:
                pass  # a refusal of the whole says nothing of any one
            answers = self._first(drafts)
            self.at_once = 1
            return answers
        return self._first(drafts)

    def _first(self, drafts: Sequence[Draft]) -> list[Created | TrackerError]:
        """Sends the first of them. Whatever became of it says nothing of the others, which are left out."""
        first, *others = drafts
        try:
            answer: Created | TrackerError = self._one(first)
        except Forbidden:
            raise
        except Rejected as refusal:
            answer = refusal
        except Unsettled as lost:
            if not others:
                raise
            answer = lost
        return [answer, *(self._left_out() for _ in others)]

    def _one(self, draft: Draft) -> Created:
        update = self._fields.new(draft)
        try:
            answer = self._wire.write("POST", "issue", body=update)
        except Rejected as refusal:
            if not self._is_the_date(refusal, update):
                raise
            answer = self._wire.write("POST", "issue", body=self._fields.new(draft))
        return self._made(answer.data)

    def _ended(self, updates: Sequence[Json], answer: Answer) -> Iterator[Created | TrackerError]:
        """What became of each. The issues that were made are told in the order in which they were sent."""
        refused, made = self._wire.refusals(answer), list(answer.data["issues"])
        if len(made) + len(refused) != len(updates):
            raise Unsettled(f"{self._wire.where}: {len(updates)} issues were sent, {len(made)} are told of")
        for place, update in enumerate(updates):
            refusal = refused.get(place)
            if refusal is None:
                yield self._made(made.pop(0))
            else:
                yield self._left_out() if self._is_the_date(refusal, update) else refusal

    def _made(self, made: Any) -> Created:
        self._search.wrote(str(made["id"]))
        return Created(str(made["id"]), made["key"], f"{self._wire.site.address}/browse/{made['key']}")

    def _is_the_date(self, refusal: TrackerError, update: Json) -> bool:
        """Whether the due field that was sent cannot be set on creation, whatever its screen says; from now on it is
        left out, and an edit of the new issue sets it or tells why it cannot.
        """
        if not isinstance(refusal, Rejected) or refusal.field != "due_date" or not self._fields.dates(update):
            return False
        self._fields.undated = True
        return True

    def _left_out(self) -> Unavailable:
        return Unavailable(f"{self._wire.where}: not sent with the others")
