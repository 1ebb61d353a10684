"""The tracker in memory: the port's reference, and the client of the tests that need no wire.

All that is the tracker's own - issues, people, lag, faults - is the world's, which outlives its clients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from .base import Account, Capabilities, Created, Draft, Edit, Health, Issue, Page, Visibility
from .errors import Rejected, TrackerError
from .sandbox.clock import iso
from .sandbox.memory import CAPABILITIES, STATUSES, Fault, MemoryPerson, MemoryWorld, Values, dates

__all__ = ["Fault", "MemoryPerson", "MemoryTracker", "MemoryWorld"]

BEGINNING = "0001-01-01T00:00:00.000Z"


class MemoryTracker:
    """Implements `Tracker`, where the promises stand, over a world.

    A cursor is the newest time of change seen. Reads look `overlap` behind it; a longer lag loses changes.
    """

    def __init__(
        self,
        name: str,
        world: MemoryWorld,
        *,
        account: str = "poam",
        overlap: timedelta = timedelta(minutes=10),
    ) -> None:
        self._name = name
        self._world = world
        self._account = Account(account)
        self._overlap = overlap

    @property
    def name(self) -> str:
        """The connector's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Jira's limits, and a native due date."""
        return replace(CAPABILITIES, creates_at_once=self._world.creates_at_once)

    @property
    def credential(self) -> str:
        """The account itself: it needs no token."""
        return self._account.id

    def check(self) -> Health:
        """Always well."""
        with self._world.call("check"):
            world = self._world
            return Health(self._account, "memory", world.visibility, self._name, world.now())

    def visibility(self) -> Visibility:
        """What the world was told to say."""
        with self._world.call("visibility"):
            return self._world.visibility

    def changed_since(self, cursor: str | None) -> Page:
        """See `Tracker`; every issue comes with its whole history up to the change shown."""
        with self._world.call("changed_since"):
            seen = cursor or BEGINNING
            issues = self._world.listed(self._behind(seen))
            newest = max((issue.updated for issue in issues), default=seen)
            marked = [issue for issue in issues if issue.marker is not None]
            return Page(marked, max(seen, newest))

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """See `Tracker`; an issue that is known comes without its history."""
        with self._world.call("get"):
            issue = self._world.get(issue_id)
            return replace(issue, history=()) if issue.version == known else issue

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        """See `Tracker`."""
        with self._world.call("get_many"):
            return self._world.present(issue_ids)

    def find(self, marker: str, *, since: str) -> Sequence[Issue]:
        """See `Tracker`."""
        with self._world.call("find"):
            ours = [
                issue
                for issue in self._world.listed(since)
                if issue.marker == marker and issue.author == self._account and issue.created >= since
            ]
            return sorted(ours, key=lambda issue: int(issue.id))

    def named(self, key: str) -> Issue:
        """See `Tracker`."""
        with self._world.call("named"):
            return self._world.get(key.rpartition("-")[2])

    def unmarked(self, limit: int) -> Sequence[Issue]:
        """See `Tracker`."""
        with self._world.call("unmarked"):
            others = [issue for issue in self._world.listed(BEGINNING) if not issue.marker]
            return [replace(issue, history=()) for issue in others[::-1][:limit]]

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """See `Tracker`."""
        with self._world.call("create"):
            return [self._created(draft) for draft in drafts]

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `Tracker`. The world applies it to the issue as it stands by then."""
        with self._world.call("edit"):
            values = _edited(self._world.get(issue.id), edit)
            changed = self._world.change(self._account, issue.id, values)
            return self._world.say(self._account, issue.id, edit.comment) if edit.comment else changed

    def close(self) -> None:
        """Nothing to release."""

    def _created(self, draft: Draft) -> Created | TrackerError:
        values = Values(title=draft.title, body=draft.body, due_dates=dates(draft.due_date), labels=draft.labels)
        try:
            issue = self._world.add(self._account, draft.marker, values)
        except Rejected as refusal:
            return refusal
        return Created(issue.id, issue.key, issue.url, issue)

    def _behind(self, cursor: str) -> str:
        if cursor == BEGINNING:
            return BEGINNING
        return iso(datetime.fromisoformat(cursor) - self._overlap)


def _edited(issue: Issue, edit: Edit) -> Values:
    """The values an edit asks for. A status of the wanted category is right already, whatever its name."""
    values = Values(labels=(issue.labels - edit.remove_labels) | edit.add_labels)
    if edit.marker is not None:
        values |= {"marker": edit.marker, "marked": True}
    if edit.title is not None:
        values["title"] = edit.title
    if edit.body is not None:
        values["body"] = edit.body
    if edit.due_date is not None:
        values["due_dates"] = dates(edit.due_date)
    if edit.status not in (None, issue.status.category):
        values["status"] = STATUSES[edit.status]
    return values
