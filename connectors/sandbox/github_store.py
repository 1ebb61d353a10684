"""What a sandbox repository holds: issues with every version they ever had, labels, events and comments.

Issues are immutable; a change appends a version. That is what makes list lag exact: a list shows the
version that was current `lag` ago, a direct read the last one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal

from .clock import Clock

MAX_TITLE = 256
MAX_BODY = 65_536
MAX_LABEL = 50

Role = Literal["push", "pull", "none"]


class Refusal(Exception):
    """The answer is no: an HTTP status, GitHub's sentence and the fields at fault."""

    def __init__(self, status: int, message: str, errors: Sequence[dict[str, str]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors


@dataclass(frozen=True, slots=True)
class User:
    """Someone with a token. `pull` reads and opens issues, `push` also labels, edits and closes them."""

    login: str
    id: int
    token: str
    role: Role = "push"


@dataclass(frozen=True, slots=True)
class Label:
    """A label object of the repository; names are unique whatever their case."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class IssueField:
    """A field that an organisation gives its issues."""

    id: int
    name: str
    data_type: str = "date"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone, shared by its issues. `due` is midnight of its last day in GitHub's own time zone."""

    number: int
    title: str
    creator: User
    created: datetime
    due: datetime | None = None
    state: str = "open"


@dataclass(frozen=True, slots=True)
class StoredIssue:
    """One version of one issue. `pull_request` makes it one of those that GitHub lists among the issues."""

    number: int
    title: str
    body: str | None
    author: User
    created: datetime
    updated: datetime
    labels: tuple[Label, ...] = ()
    state: str = "open"
    state_reason: str | None = None
    closed: datetime | None = None
    closed_by: User | None = None
    comments: int = 0
    pull_request: bool = False
    values: Mapping[int, str] = field(default_factory=dict)
    milestone: int | None = None


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """Something that happened to an issue; `details` is what that kind of event adds to the answer, `untold` what
    GraphQL tells alone.
    """

    id: int
    number: int
    at: datetime
    actor: User
    kind: str
    details: dict[str, Any] = field(default_factory=dict)
    untold: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on an issue."""

    id: int
    number: int
    at: datetime
    author: User
    body: str


class Store:
    """The repository's content and the rules for changing it. Raises Refusal as GitHub would answer.

    `hidden` are the numbers of issues that a replica has not heard of yet: no list shows them. `fields` are those of
    the organisation by id, None where the repository is a user's; `fields_touch` says whether a value that is set
    counts as a change of its issue, which the vendor leaves open.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._versions: dict[int, list[tuple[datetime, StoredIssue | None]]] = {}
        self._labels: dict[str, Label] = {}
        self.hidden: set[int] = set()
        self.events: list[StoredEvent] = []
        self.fields: dict[int, IssueField] | None = None
        self.fields_touch = True
        self.milestones: dict[int, Milestone] = {}
        self.comments: list[Comment] = []

    def current(self, number: int) -> StoredIssue:
        """The issue as it stands. Refuses with 404, or 410 when it was deleted."""
        versions = self._versions.get(number)
        if versions is None:
            raise Refusal(404, "Not Found")
        issue = versions[-1][1]
        if issue is None:
            raise Refusal(410, "This issue was deleted")
        return issue

    def everything(self) -> list[StoredIssue]:
        """Every issue as it stands."""
        return self.listed(timedelta())

    def listed(self, lag: timedelta) -> list[StoredIssue]:
        """Every issue as a list shows it: as it stood `lag` ago."""
        horizon = self._clock.now() - lag
        known = (versions for number, versions in self._versions.items() if number not in self.hidden)
        shown = ([issue for at, issue in versions if at <= horizon][-1:] for versions in known)
        return [issue for last in shown for issue in last if issue is not None]

    def events_until(self, lag: timedelta) -> list[StoredEvent]:
        """The repository's events as a list shows them, oldest first."""
        horizon = self._clock.now() - lag
        return [event for event in self.events if event.at <= horizon and self._exists(event.number)]

    def create(
        self,
        actor: User,
        title: str,
        body: str | None,
        labels: Iterable[str] = (),
        *,
        pull_request: bool = False,
    ) -> StoredIssue:
        """A new issue. Labels of someone who may not push are silently dropped, as GitHub does."""
        _check_text(title, body)
        now = self.second()
        number = len(self._versions) + 1
        self._versions[number] = []
        self.append(StoredIssue(number, title, body, actor, now, now, pull_request=pull_request))
        return self.add_labels(actor, number, labels) if actor.role == "push" else self.current(number)

    def edit(self, actor: User, number: int, wanted: dict[str, Any]) -> StoredIssue:
        """Applies a PATCH: title, body, state with its reason, and labels, which it replaces."""
        issue = self.current(number)
        if actor.role != "push" and actor != issue.author:
            raise Refusal(403, "Must have admin rights to Repository.")
        title, body = wanted.get("title") or issue.title, wanted.get("body", issue.body)
        _check_text(title, body)
        if title != issue.title:
            self.note(actor, number, "renamed", rename={"from": issue.title, "to": title})
        if (title, body) != (issue.title, issue.body):
            self.append(replace(issue, title=title, body=body, updated=self.second()))
        self._move(actor, number, wanted.get("state"), wanted.get("state_reason"))
        if "labels" in wanted and actor.role == "push":
            self._replace_labels(actor, number, wanted["labels"])
        return self.current(number)

    def add_labels(self, actor: User, number: int, names: Iterable[str]) -> StoredIssue:
        """Adds labels, creating the label objects that do not exist."""
        issue = self.current(number)
        wanted = {label.id: label for label in map(self.label, names)}
        added = [label for label in wanted.values() if label not in issue.labels]
        for label in added:
            self.note(actor, number, "labeled", label={"name": label.name, "color": "ededed"})
        if added:
            self.append(replace(issue, labels=(*issue.labels, *added), updated=self.second()))
        return self.current(number)

    def remove_label(self, actor: User, number: int, name: str) -> StoredIssue:
        """Takes one label off the issue. Refuses with 404 when it is not on it."""
        issue = self.current(number)
        label = self._labels.get(name.casefold())
        if label is None or label not in issue.labels:
            raise Refusal(404, "Label does not exist")
        self.note(actor, number, "unlabeled", label={"name": label.name, "color": "ededed"})
        kept = tuple(other for other in issue.labels if other != label)
        self.append(replace(issue, labels=kept, updated=self.second()))
        return self.current(number)

    def comment(self, actor: User, number: int, body: str) -> Comment:
        """Adds a comment, which also touches the issue."""
        issue = self.current(number)
        comment = Comment(len(self.comments) + 1, number, self._clock.now(), actor, body)
        self.comments.append(comment)
        self.append(replace(issue, comments=issue.comments + 1, updated=self.second()))
        return comment

    def delete(self, number: int) -> None:
        """Removes the issue for good; its number is never used again."""
        self.current(number)
        self._versions[number].append((self._clock.now(), None))

    def label(self, name: str) -> Label:
        """The label object of that name, created when it is new. Refuses with 422 a name too long."""
        if not name or len(name) > MAX_LABEL:
            raise Refusal(422, "Validation Failed", [_fault("Label", "name", "is too long (maximum is 50 characters)")])
        return self._labels.setdefault(name.casefold(), Label(len(self._labels) + 1, name))

    def second(self) -> datetime:
        """The time; GitHub's timestamps are whole seconds."""
        return self._clock.now().replace(microsecond=0)

    def append(self, issue: StoredIssue) -> None:
        """A new version of an issue."""
        self._versions[issue.number].append((self._clock.now(), issue))

    def note(self, actor: User, number: int, kind: str, untold: dict[str, Any] | None = None, **details: Any) -> None:
        """A new event."""
        number_of_event = 10_000 + len(self.events)
        self.events.append(StoredEvent(number_of_event, number, self._clock.now(), actor, kind, details, untold or {}))

    def _exists(self, number: int) -> bool:
        return self._versions[number][-1][1] is not None

    def _move(self, actor: User, number: int, state: str | None, reason: str | None) -> None:
        """Opens or closes; the reason alone changes nothing (REST: "Ignored unless `state` is changed")."""
        issue = self.current(number)
        if state in (None, issue.state):
            return
        now = self.second()
        if state == "closed":
            reason = reason or "completed"
            self.note(actor, number, "closed", state_reason=None if reason == "completed" else reason)
            moved = replace(issue, state=state, state_reason=reason, closed=now, closed_by=actor, updated=now)
        else:
            self.note(actor, number, "reopened", state_reason=None)
            moved = replace(issue, state="open", state_reason="reopened", closed=None, closed_by=None, updated=now)
        self.append(moved)

    def _replace_labels(self, actor: User, number: int, names: Sequence[str]) -> None:
        wanted = [self.label(name) for name in names]
        for label in self.current(number).labels:
            if label not in wanted:
                self.remove_label(actor, number, label.name)
        self.add_labels(actor, number, names)


def _check_text(title: str, body: str | None) -> None:
    if not title.strip():
        raise Refusal(422, "Validation Failed", [{"resource": "Issue", "code": "missing_field", "field": "title"}])
    for name, text, limit in (("title", title, MAX_TITLE), ("body", body or "", MAX_BODY)):
        if len(text) > limit:
            fault = _fault("Issue", name, f"{name} is too long (maximum is {limit} characters)")
            raise Refusal(422, "Validation Failed", [fault])


def _fault(resource: str, name: str, message: str) -> dict[str, str]:
    return {"resource": resource, "code": "custom", "field": name, "message": message}
