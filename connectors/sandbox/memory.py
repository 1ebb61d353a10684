"""The world behind the tracker in memory: its issues, its people, and what goes wrong there on demand.

Lists may lag behind what a single read shows, and calls may fail once; everything else is exact and depends
on the clock and the calls alone. The statuses are five of the six that `base.Status` names.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from operator import attrgetter
from typing import Literal, TypedDict

from ..base import Account, Capabilities, Category, Change, Comment, Issue, Status, Visibility
from ..errors import Gone, Rejected, TrackerError
from .clock import Clock, iso
from .person import Closing

Operation = Literal[
    "check", "visibility", "changed_since", "get", "get_many", "find", "named", "unmarked", "create", "edit"
]
Fault = tuple[Operation, Literal["before", "after"], Callable[[str], TrackerError]]
"""The next call of this operation fails with this error, before or after its effect."""

CAPABILITIES = Capabilities(max_title=255, max_body=32_767)
OPEN = Status("open", "todo")
CLOSED: dict[Closing, Status] = {
    "completed": Status("completed", "done", "completed"),
    "wont_do": Status("not_planned", "done", "not_planned"),
    "duplicate": Status("duplicate", "done", "duplicate"),
}
STATUSES: dict[Category, Status] = {
    "todo": OPEN,
    "doing": Status("in progress", "doing"),
    "done": CLOSED["completed"],
}

_updated = attrgetter("updated")


class Values(TypedDict, total=False):
    """The fields of an issue that somebody may write."""

    title: str
    body: str
    status: Status
    due_dates: tuple[str, ...]
    labels: frozenset[str]
    marker: str | None
    marked: bool


class MemoryWorld:
    """The issues of one tracker and all that ever happened to them; it outlives the clients that look at it.

    `list_lag` is how long lists hide a change that a single read shows at once. `faults` strike once each and
    are removed as they do. `visibility` is what the tracker says of itself, `creates_at_once` how many issues one
    request makes. All of them may change at any time. `moved` holds the new keys of issues that left for another world.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.list_lag = timedelta()
        self.faults: list[Fault] = []
        self.visibility: Visibility = "private"
        self.creates_at_once = 3
        self.moved: dict[str, str] = {}
        self._issues: dict[str, Issue] = {}
        self._past: list[Issue] = []
        self._numbers = count(1)
        self._ticks = count(1)

    def now(self) -> str:
        """The server's time as the port writes it."""
        return iso(self.clock.now())

    def get(self, issue_id: str) -> Issue:
        """The issue as it stands. Raises Gone."""
        try:
            return self._issues[issue_id]
        except KeyError:
            raise Gone(f"there is no issue {issue_id}", moved_to=self.moved.get(issue_id, "")) from None

    def present(self, issue_ids: Sequence[str]) -> list[Issue]:
        """Those of the issues that are there."""
        return [self._issues[issue_id] for issue_id in issue_ids if issue_id in self._issues]

    def listed(self, since: str) -> list[Issue]:
        """What a list shows of the issues changed at or after that time, in the order of change."""
        until = iso(self.clock.now() - self.list_lag)
        first = bisect_left(self._past, since, key=_updated)
        last = bisect_right(self._past, until, key=_updated)
        latest = {issue.id: issue for issue in self._past[first:last]}
        present = [issue for issue in latest.values() if issue.id in self._issues]
        return sorted(present, key=lambda issue: int(issue.version))

    def add(self, author: Account, marker: str | None, values: Values) -> Issue:
        """A new issue with these values. Raises Rejected."""
        _accept(values)
        number, at = next(self._numbers), self.now()
        fresh = Issue(
            id=str(number),
            key=f"MEM-{number}",
            url=f"memory:MEM-{number}",
            title="",
            body="",
            status=OPEN,
            due_dates=(),
            labels=frozenset(),
            marker=marker,
            author=author,
            created=at,
            updated=at,
            version=str(next(self._ticks)),
        )
        return self._keep(replace(fresh, **_normal(values)))

    def change(self, author: Account, issue_id: str, values: Values) -> Issue:
        """The issue with these values, untouched if it has them already. Raises Gone, Rejected."""
        _accept(values)
        old = self.get(issue_id)
        new = replace(old, **_normal(values))
        if new == old:
            return old
        at = self.now()
        history = (*old.history, *self._changes(old, new, at, author))
        return self._keep(replace(new, updated=at, version=str(next(self._ticks)), history=history))

    def say(self, author: Account, issue_id: str, text: str) -> Issue:
        """The issue with one more comment. Raises Gone."""
        old, at = self.get(issue_id), self.now()
        comment = Comment(next(self._ticks), at, author, text)
        return self._keep(replace(old, updated=at, version=str(comment.id), comments=(*old.comments, comment)))

    def delete(self, issue_id: str) -> None:
        """Removes the issue for good, from lists too. Raises Gone."""
        del self._issues[self.get(issue_id).id]

    @contextmanager
    def call(self, operation: Operation) -> Iterator[None]:
        """Surrounds a client's call, and fails it when a fault says so."""
        fault = next((fault for fault in self.faults if fault[0] == operation), None)
        if fault is None:
            yield
            return
        self.faults.remove(fault)
        _, when, error = fault
        if when == "after":
            yield
        raise error(f"{operation} failed on demand, {when} its effect")

    def _keep(self, issue: Issue) -> Issue:
        self._issues[issue.id] = issue
        self._past.append(issue)
        return issue

    def _changes(self, old: Issue, new: Issue, at: str, author: Account) -> Iterator[Change]:
        for field, before, after in (
            ("status", old.status, new.status),
            ("due_date", _due(old), _due(new)),
            ("title", old.title, new.title),
        ):
            if before != after:
                yield Change(next(self._ticks), at, author, field, before, after)


class MemoryPerson:
    """Implements `Person` over a world."""

    def __init__(self, world: MemoryWorld, account: str = "ann") -> None:
        self.account = account
        self._world = world

    def start(self, issue_id: str) -> None:
        """See `Person`, here and below."""
        self._change(issue_id, {"status": STATUSES["doing"]})

    def close(self, issue_id: str, how: Closing = "completed") -> None:
        self._change(issue_id, {"status": CLOSED[how]})

    def reopen(self, issue_id: str) -> None:
        self._change(issue_id, {"status": OPEN})

    def set_due(self, issue_id: str, date: str) -> None:
        self._change(issue_id, {"due_dates": dates(date)})

    def rename(self, issue_id: str, title: str) -> None:
        self._change(issue_id, {"title": title})

    def rewrite_body(self, issue_id: str, body: str) -> None:
        self._change(issue_id, {"body": body})

    def label(self, issue_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        labels = self._world.get(issue_id).labels
        self._change(issue_id, {"labels": labels.difference(remove).union(add)})

    def comment(self, issue_id: str, text: str) -> None:
        self._world.say(Account(self.account), issue_id, text)

    def clone(self, issue_id: str) -> str:
        issue = self._world.get(issue_id)
        values = Values(title=issue.title, body=issue.body, due_dates=issue.due_dates, labels=issue.labels)
        return self._world.add(Account(self.account), issue.marker, values).id

    def delete(self, issue_id: str) -> None:
        self._world.delete(issue_id)

    def _change(self, issue_id: str, values: Values) -> None:
        self._world.change(Account(self.account), issue_id, values)


def dates(day: str | None) -> tuple[str, ...]:
    """A due date as an issue holds it: none is an empty tuple."""
    return (day,) if day else ()


def _due(issue: Issue) -> str | None:
    return issue.due_dates[0] if issue.due_dates else None


def _normal(values: Values) -> Values:
    """The values as they are kept: one way to end a line, and no blanks where nobody sees them."""
    normal = values.copy()
    if "title" in values:
        normal["title"] = values["title"].strip()
    if "body" in values:
        normal["body"] = values["body"].replace("\r\n", "\n").rstrip()
    return normal


def _accept(values: Values) -> None:
    """Raises Rejected for what a tracker would refuse."""
    title, body = values.get("title", "-").strip(), values.get("body", "")
    if not 0 < len(title) <= CAPABILITIES.max_title:
        raise Rejected("the title is empty or too long", field="title")
    if len(body) > CAPABILITIES.max_body:
        raise Rejected("the body is too long", field="body")
    for day in values.get("due_dates", ()):
        try:
            date.fromisoformat(day)
        except ValueError:
            raise Rejected(f"{day} is not a date", field="due_date") from None
