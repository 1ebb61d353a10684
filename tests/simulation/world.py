"""A tracker's own truth: its issues with their attributed history, an index that lags behind, and who may see what.

The world breaks no promise of the port (`connectors/base.py`), as the contract in tests/connectors proves, and asserts
its own bounds; in harsh weather alone texts come back changed a little. All that a tracker's kind decides is data in
`KINDS`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import count, takewhile
from random import Random
from typing import Any

from poam.connectors.base import Account, Capabilities, Change, Comment, Draft, Issue, Status
from poam.connectors.errors import Gone, Rejected

from .swarm import OVERLAP, Swarm
from .timeline import SECOND, Timeline

BOT = Account("poam", "poam")
CANARY = "secret-host"
"""Part of every item, and of no text that may stand where strangers read."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a kind of tracker is like. `labels`: due dates are labels, so there may be two of them."""

    name: str
    resolution: int
    labels: bool
    answers_whole: bool
    capabilities: Capabilities
    statuses: Mapping[str, Status]


KINDS = {
    "jira": Kind(
        "jira",
        resolution=1,
        labels=False,
        answers_whole=False,
        capabilities=Capabilities(max_title=255, max_body=32_767, creates_at_once=3),
        statuses={
            "todo": Status("To Do", "todo"),
            "doing": Status("In Progress", "doing"),
            "blocked": Status("Blocked", "doing"),
            "done": Status("Done", "done", "Done"),
            "wont_do": Status("Done", "done", "Won't Do"),
            "duplicate": Status("Done", "done", "Duplicate"),
        },
    ),
    "github": Kind(
        "github",
        resolution=SECOND,
        labels=True,
        answers_whole=True,
        capabilities=Capabilities(max_title=256, max_body=65_400),
        statuses={
            "todo": Status("open", "todo"),
            "doing": Status("in progress", "doing"),
            "blocked": Status("blocked", "doing"),
            "done": Status("completed", "done", "completed"),
            "wont_do": Status("not_planned", "done", "not_planned"),
            "duplicate": Status("duplicate", "done", "duplicate"),
        },
    ),
}


@dataclass(slots=True)
class World:
    """One tracker. `born` counts creates by marker, those in `doubled` are the tracker's own fault.

    `hidden` are issues that our account may not see for a while, `happened` is when a change truly was."""

    name: str
    kind: Kind
    time: Timeline
    rng: Random
    swarm: Swarm
    issues: dict[str, Issue]
    shown: dict[str, list[tuple[int, Issue]]]
    told_at: dict[int, int]
    settled_due: dict[str, str | None]
    due_as_of: dict[str, str | None]
    hidden: set[str]
    born: dict[str, int]
    happened: dict[int, int]
    past: dict[str, Issue]
    numbers: Iterator[int]
    ticks: Iterator[int]
    visibility: str = "private"
    doubled: set[str] = field(default_factory=set)
    read_anew: bool = False
    trespasses: int = 0
    once_hidden: set[str] = field(default_factory=set)
    healed: bool = False
    writes: int = 0

    @classmethod
    def empty(cls, name: str, kind: Kind, time: Timeline, rng: Random, swarm: Swarm) -> World:
        """A tracker without issues."""
        assert swarm.lag.get(name, 0) <= OVERLAP[kind.name], "an index never lags longer than the overlap"
        return cls(name, kind, time, rng, swarm, {}, {}, {}, {}, {}, set(), {}, {}, {}, count(1), count(1))

    @property
    def capabilities(self) -> Capabilities:
        """The limits of this kind."""
        return self.kind.capabilities

    def now(self) -> str:
        """The server's time."""
        return self.time.text(self.swarm.skew.get(self.name, 0), self.kind.resolution)

    # --- what a client sees

    def get(self, issue_id: str) -> Issue:
        """The issue as it stands. Raises Gone."""
        if issue_id not in self.issues or issue_id in self.hidden:
            raise Gone(f"there is no issue {issue_id}")
        return self.issues[issue_id]

    def listed(self) -> list[Issue]:
        """What the index shows, in the order of change."""
        rows = [row for row in map(self._indexed, list(self.issues)) if row is not None]
        return sorted(rows, key=lambda issue: (issue.updated, int(issue.id)))

    def _indexed(self, issue_id: str) -> Issue | None:
        if issue_id in self.hidden:
            return None
        seen = (issue for at, issue in reversed(self.shown[issue_id]) if at <= self.time.now)
        row = next(seen, None)
        return row and replace(row, history=self._told(row), comments=self._heard(row))

    def _heard(self, row: Issue) -> tuple[Comment, ...]:
        """Comments, too, come from another list, in order, and may come later."""
        return tuple(takewhile(lambda comment: self.told_at[comment.id] <= self.time.now, row.comments))

    def _told(self, row: Issue) -> tuple[Change, ...]:
        """History comes from another list, in order, and may come later than the issue.

        Of what contradicts the issue as it is shown the end is still to come: it is left out, and all that follows it.
        """
        told = tuple(takewhile(lambda change: self.told_at[change.id] <= self.time.now, row.history))
        if told == row.history:
            return told
        for name, shown in (("status", row.status), ("due_date", self.due_as_of[row.version])):
            news = [change for change in told if change.field == name]
            untold = takewhile(lambda change: change.new != shown, reversed(news))  # noqa: B023 - used at once
            first = min((change.id for change in untold), default=None)
            told = told if first is None else tuple(change for change in told if change.id < first)
        return told

    # --- what happens

    def create(self, author: Account, marker: str | None, values: Mapping[str, Any]) -> Issue:
        """A new issue. Raises Rejected."""
        normal, number, at = self._normal(values), next(self.numbers), self.now()
        if marker is not None and author == BOT:
            self.born[marker] = self.born.get(marker, 0) + 1
        fresh = Issue(
            id=str(number),
            key=f"{self.name.upper()}-{number}",
            url=f"https://{self.name}.example/{number}",
            title="",
            body="",
            status=self.kind.statuses["todo"],
            due_dates=(),
            labels=frozenset(),
            marker=marker,
            author=author,
            created=at,
            updated=at,
            version="",
            marked=marker is not None,
        )
        issue = replace(fresh, **normal)
        self.settled_due[issue.id] = issue.due_dates[0] if len(issue.due_dates) == 1 else None
        return self._keep(issue)

    def draft(self, draft: Draft) -> Issue:
        """Our own create takes effect."""
        due = (draft.due_date,) if draft.due_date else ()
        self.writes += 1
        values = {"title": draft.title, "body": draft.body, "due_dates": due, "labels": draft.labels}
        return self.create(BOT, draft.marker, values)

    def change(self, author: Account, issue_id: str, values: Mapping[str, Any]) -> Issue:
        """An issue gets these values; untouched if it has them. Raises Gone, Rejected."""
        if issue_id not in self.issues:
            raise Gone(f"there is no issue {issue_id}")
        old = self.issues[issue_id]
        new = replace(old, **self._normal(values))
        if new == old:
            return old
        self.trespasses += author == BOT != old.author
        at = max(self.now(), old.updated)
        history = (*old.history, *self._changes(old, new, at, author))
        self.writes += author == BOT
        return self._keep(replace(new, updated=at, history=history))

    def say(self, author: Account, issue_id: str, text: str) -> Issue:
        """One more comment below an issue. Raises Gone."""
        if issue_id not in self.issues:
            raise Gone(f"there is no issue {issue_id}")
        old, number = self.issues[issue_id], next(self.ticks)
        at = max(self.now(), old.updated)
        self.writes += author == BOT
        self.trespasses += author == BOT != old.author
        self.told_at[number] = self.time.now + (self._lag() if self.kind.answers_whole else 0)
        comment = Comment(number, at, author, self.text(text))
        return self._keep(replace(old, updated=at, comments=(*old.comments, comment)))

    def delete(self, issue_id: str) -> None:
        """Gone for good."""
        self.past[issue_id] = self.issues.pop(issue_id)

    def known(self) -> dict[str, Issue]:
        """Every issue there ever was, as it stands or last stood."""
        return self.past | self.issues

    def _keep(self, issue: Issue) -> Issue:
        told = repr((issue.title, issue.body, issue.status, issue.due_dates, sorted(issue.labels), issue.marker))
        told += repr(len(issue.comments)) if issue.comments else ""
        digest = hashlib.sha256(told.encode()).hexdigest()[:10]
        kept = replace(issue, version=f"{issue.updated}-{digest}")
        self.issues[issue.id] = kept
        self.due_as_of[kept.version] = self.settled_due[issue.id]
        self.shown.setdefault(issue.id, []).append((self.time.now + self._lag(), kept))
        return kept

    def _lag(self) -> int:
        most = self.swarm.lag.get(self.name, 0)
        return self.rng.randint(0, most) if most and not self.healed and self.rng.random() < self.swarm.lagging else 0

    def _changes(self, old: Issue, new: Issue, at: str, author: Account) -> Iterator[Change]:
        before, after = self.settled_due[old.id], self._settled(new)
        self.settled_due[old.id] = after
        for name, was, becomes in (
            ("status", old.status, new.status),
            ("due_date", before, after),
            ("title", old.title, new.title),
        ):
            if was != becomes:
                number = next(self.ticks)
                self.happened[number] = self.time.now
                self.told_at[number] = self.time.now + (self._lag() if self.kind.answers_whole else 0)
                yield Change(number, at, author, name, was, becomes)

    def _settled(self, issue: Issue) -> str | None:
        """Two dates at once are no date: a person exchanging labels passes through this."""
        if len(issue.due_dates) > 1:
            return self.settled_due[issue.id]
        return issue.due_dates[0] if issue.due_dates else None

    def _normal(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values as this tracker keeps them. Raises Rejected for what is longer than it takes."""
        normal = dict(values)
        if "title" in values:
            normal["title"] = self.text(values["title"]).strip()
        if "body" in values:
            normal["body"] = self.text(values["body"].replace("\r\n", "\n")).rstrip()
        if "due_dates" in values:
            normal["due_dates"] = tuple(sorted(set(values["due_dates"])))
        for name, most in (("title", self.capabilities.max_title), ("body", self.capabilities.max_body)):
            if len(normal.get(name, "")) > most:
                raise Rejected(f"the {name} is too long", field=name)
        return normal

    def text(self, text: str) -> str:
        """Text as this tracker keeps it."""
        return text.replace("“", '"').replace("”", '"').replace("  ", " ") if self.swarm.harsh else text
