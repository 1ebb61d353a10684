"""The port every tracker stands behind: issues with attributed history, nothing about POA&Ms.

Glossary
    tracker   Jira or GitHub as a system.
    issue     what lives there; `id` is the tracker's immutable identity, `key` is for people and may change.
    marker    our opaque mark inside an issue, set in the create request itself.
    status    the tracker's own status, with the category that tells open from done.
    change    one entry of an issue's history: which field, from what, to what, by whom, when (server clock).
    cursor    how far we have read, as the connector's own opaque text; only a connector looks inside.
    account   the tracker's immutable id of a user.
    comment   what somebody said below an issue.
    reference what an issue points to: a commit, a pull request, an attachment. Nothing of it is ever fetched.

Times are ISO 8601 UTC with `Z`, by the server's clock. Calendar dates are `YYYY-MM-DD` strings from end to end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from .errors import TrackerError

Category = Literal["todo", "doing", "done"]
Visibility = Literal["private", "public", "unknown"]


@dataclass(frozen=True, slots=True)
class Status:
    """A tracker's status. `reason` is Jira's resolution or GitHub's state_reason, empty when there is none.

    GitHub has six: `open`, `in progress` and `blocked` (open with that label), `completed`, `not_planned`, `duplicate`.
    `id` is the tracker's immutable one where it has one: names are changed and translated.
    """

    name: str
    category: Category
    reason: str = ""
    id: str = field(default="", compare=False)


Value = str | Status | None


@dataclass(frozen=True, slots=True)
class Account:
    """A tracker's user: `id` is immutable (Jira accountId, Data Center name, GitHub login), `name` is for people."""

    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an issue's history. `field` is `status`, `due_date` or `title`; `id` grows per tracker."""

    id: int
    at: str
    author: Account
    field: str
    old: Value
    new: Value


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said below an issue; `id` grows per tracker, `text` has `\\n` line ends."""

    id: int
    at: str
    author: Account
    text: str


ReferenceKind = Literal["commit", "pull_request", "attachment"]


@dataclass(frozen=True, slots=True)
class Reference:
    """What an issue points to: an address, or an attachment's name; who put it there is blank where nobody says."""

    kind: ReferenceKind
    text: str
    at: str
    author: Account


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue as last read. `history` is oldest first and holds at least what happened since the cursor asked about,
    as do `comments` and `references`.

    `due_dates` is normally empty or one date; more than one is a person's mistake (two `due:` labels).
    `body` is the whole description as plain text with `\\n` line ends.
    `version` is opaque and changes whenever the tracker says that the issue changed; `updated` is the server's time.
    `marked` says whether our mark is there, the constant label by which `changed_since` finds issues.
    """

    id: str
    key: str
    url: str
    title: str
    body: str
    status: Status
    due_dates: tuple[str, ...]
    labels: frozenset[str]
    marker: str | None
    author: Account
    created: str
    updated: str
    version: str
    history: tuple[Change, ...] = ()
    marked: bool = True
    comments: tuple[Comment, ...] = ()
    references: tuple[Reference, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """What a new issue shall hold. `labels` are added to the connector's own (the marker's)."""

    marker: str
    title: str
    body: str
    due_date: str | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Created:
    """What a tracker answered to a create: the new identity, and the whole issue where the answer held it (GitHub)."""

    id: str
    key: str
    url: str
    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A change to one issue: only what is set is touched. Labels are added and removed, never replaced.

    `due_date`: a date sets it, an empty string clears it, None leaves it.
    `status`: the category to bring the issue to (`todo` reopens; the connector finds the transitions), None leaves it.
    `marker`: the marker to put back, with our mark, where people removed them; None leaves them.
    `comment`: what to say below the issue. It is sent last, as no tracker knows a comment that comes twice.
    """

    title: str | None = None
    body: str | None = None
    due_date: str | None = None
    status: Category | None = None
    add_labels: frozenset[str] = frozenset()
    remove_labels: frozenset[str] = frozenset()
    marker: str | None = None
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a tracker can do, as data, as far as is known by now. `max_title` and `max_body` count characters.

    `move_date` tells a person there how a due date is moved, as the middle of a sentence. `creates_at_once` says how
    many issues one request can make, `seconds_per_create` how far apart new issues are kept, and `creates_per_hour` how
    many the tracker takes in an hour, if that is limited.
    """

    max_title: int
    max_body: int
    move_date: str = "move the due date"
    creates_at_once: int = 1
    seconds_per_create: float = 0
    creates_per_hour: int | None = None

    def seconds_for(self, creates: int) -> float:
        """How long so many new issues take at least: none waits before the first one."""
        pauses = max(creates - 1, 0)
        hours = pauses // self.creates_per_hour if self.creates_per_hour else 0
        return hours * 3600 + (pauses - hours * (self.creates_per_hour or 0)) * self.seconds_per_create


@dataclass(frozen=True, slots=True)
class Page:
    """The answer of an incremental read: `issues` in the order of change, the `cursor` to keep once they are stored."""

    issues: Sequence[Issue]
    cursor: str


@dataclass(frozen=True, slots=True)
class Health:
    """The answer of `check`: who we are there, what is readable, and findings in plain sentences, worst first.

    `problems` stop a connector; `warnings` are degradations (a due field that is not on the edit screen). Each says
    what is so and, after its last semicolon, what to do about it.
    """

    account: Account
    deployment: str
    visibility: Visibility
    container: str
    server_time: str
    problems: Sequence[str] = field(default_factory=tuple)
    warnings: Sequence[str] = field(default_factory=tuple)


class Tracker(Protocol):
    """One project or repository of one tracker, spoken to with one account.

    Every method may raise Unavailable, RateLimited or Forbidden; writes may raise Unsettled.
    """

    @property
    def name(self) -> str:
        """The connector's name in the configuration: `jira`, `code`."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What this tracker can do."""
        ...

    @property
    def credential(self) -> str:
        """A fingerprint of the credentials in use, which tells nothing of them: with others, we may be another one."""
        ...

    def check(self) -> Health:
        """Who we are, where, and whether everything this connector needs is there. Writes nothing."""
        ...

    def visibility(self) -> Visibility:
        """Whether strangers can read what we would write; `unknown` counts as public. Asked before every push."""
        ...

    def changed_since(self, cursor: str | None) -> Page:
        """Issues carrying our mark that changed since the cursor (None: all of them), with their history.

        Overlap is the connector's business, so repeats are normal; the caller recognises them by `version`.
        """
        ...

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """One issue by its immutable id, strongly consistent, with its whole history. Raises Gone.

        `known` is the version that the caller has seen already: an issue that still has it did nothing since, and may
        come without its history.
        """
        ...

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        """Many issues by id, strongly consistent, with their whole history; the missing ones are left out silently."""
        ...

    def find(self, marker: str, *, since: str) -> Sequence[Issue]:
        """Every issue created by our own account since that server time that carries the marker, oldest first.

        Not finding one proves nothing by itself: see the evidence rule of the outbox.
        """
        ...

    def named(self, key: str) -> Issue:
        """One issue by what people call it, its key or its address, with its whole history. Raises Gone, Rejected."""
        ...

    def unmarked(self, limit: int) -> Sequence[Issue]:
        """The issues of the place that do not carry our mark, the one changed last first; their history is not read."""
        ...

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """Sends one request that makes these issues, at most `capabilities.creates_at_once`, and nothing else.

        Answers for each draft in its place, with Rejected for one that was refused, and with Unavailable for one that
        was not sent. What concerns all is raised: Unsettled when the request left and no definite answer came,
        Unavailable when it provably never left or was not applied.
        """
        ...

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """Applies the edit to the issue as just read and returns it as the tracker now holds it.

        What is so already is not written, and nothing is read before the writes that the issue tells. What the edit
        sets replaces what stands there, a body as a whole: it is for this version of the issue and no later one. The
        answer's history may begin after that of the issue. Raises Gone, Rejected, Stale, Unsettled.
        """
        ...

    def close(self) -> None:
        """Releases connections."""
        ...
