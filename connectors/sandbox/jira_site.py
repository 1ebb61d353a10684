"""What a sandbox Jira remembers: settings, users and every version of its issues, so that search can lag."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any, Literal

from .clock import Clock
from .jira_workflow import RESOLUTION_IDS, WORKFLOW, Transition, status_by_id, status_named

Fields = Mapping[str, Any]
Deployment = Literal["Cloud", "Data Center"]
NOT_THERE = "Issue does not exist or you do not have permission to see it."


class RefusalError(Exception):
    """An answer other than success, in Jira's own words: `errors` is by field."""

    def __init__(self, status: int, *messages: str, errors: Mapping[str, str] | None = None) -> None:
        super().__init__(status, *messages)
        self.status = status
        self.body = {"errorMessages": list(messages), "errors": dict(errors or {})}


@dataclass(frozen=True, slots=True)
class JiraUser:
    """A user with a token; they log in as `email:token`, at a Data Center with the token alone or as `login:token`.

    `zone` is the time zone of their profile, in which Jira reads the dates of their queries.
    """

    account_id: str
    name: str
    email: str
    token: str
    login: str = ""
    zone: str = "America/Los_Angeles"


BOT = JiraUser("712020:poam-sync", "POA&M Sync", "poam@example.com", "bot-token", "poam-bot")
ENGINEER = JiraUser("5b10a2844c20165700ede21g", "Ann Engineer", "ann@example.com", "ann-token", "ann")


@dataclass(frozen=True, slots=True)
class Entry:
    """One changelog entry: what one user changed in one request."""

    id: int
    at: datetime
    author: JiraUser
    items: tuple[dict[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Version:
    """An issue's fields as they stood from `updated` on; `entries` is how much of its changelog there was."""

    updated: datetime
    fields: Fields
    entries: int


@dataclass(slots=True)
class StoredIssue:
    """An issue. `versions` is oldest first and never empty.

    `archived` takes it out of every list and against every edit; `hidden` gives it a security level that nobody has.
    """

    id: int
    key: str
    creator: JiraUser
    created: datetime
    type_name: str
    properties: dict[str, Any]
    versions: list[Version]
    entries: list[Entry] = field(default_factory=list)
    deleted: datetime | None = None
    archived: bool = False
    hidden: bool = False

    @property
    def project(self) -> str:
        """The key of the project it is in."""
        return self.key.rpartition("-")[0]

    @property
    def now(self) -> Version:
        """The issue as it stands."""
        return self.versions[-1]


@dataclass(frozen=True, slots=True)
class Said:
    """A comment, or a file that somebody attached: `text` is what was said, or the file's name."""

    id: int
    at: datetime
    author: JiraUser
    text: str


class JiraSite:
    """One project on one site. The public attributes are settings that a test may turn at any time.

    `index_lag` is how long search hides a change; `anonymous` makes the site forget who calls; `public` lets
    strangers read; `due_on_create` and `due_on_edit` put the due field on those screens; `required` are
    custom fields that a create must fill; `denied` holds permission keys nobody has; `epoch_jql` says whether
    JQL takes epoch milliseconds; `history_page` is how many changelog entries come along with an issue;
    `takes_properties` says whether creates and edits may hold entity properties. Search gives at most `page_limit`
    issues at a time, its next `empty_pages` pages hold none though more follow, and its next `expired_tokens` page
    tokens are refused; `stuck_token` hands out one for ever; `tells_last` has it say which page is the last.
    `scoped_tokens` makes tokens work through the gateway alone. `bulk_create` says whether there is a place to make
    many issues at once; whatever is to be created is refused with `grumble`, if there is one, and `grumble_status`;
    `comment_page` is how many comments come along with an issue, the oldest first; `after_edit` and `after_transition`
    are what happens at once after one; `names` are the statuses' names by id where they have others, `workflows` those
    of issue types that have their own; `options` are what custom fields offer, by id.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        project: str = "SEC",
        users: Sequence[JiraUser] = (BOT, ENGINEER),
        deployment: Deployment = "Cloud",
    ) -> None:
        self.clock = clock
        self.project = project
        self.users = tuple(users)
        self.index_lag = timedelta()
        self.anonymous = False
        self.public = False
        self.deployment = deployment
        self.issue_types = {"10001": "Task", "10002": "Bug", "10003": "Epic"}
        self.due_field = "duedate"
        self.due_type = "date"
        self.due_on_create = True
        self.due_on_edit = True
        self.required: set[str] = set()
        self.denied: set[str] = set()
        self.workflow: tuple[Transition, ...] = WORKFLOW
        self.epoch_jql = True
        self.history_page = 100
        self.takes_properties = True
        self.page_limit = 100 if deployment == "Cloud" else 1000
        self.empty_pages = 0
        self.expired_tokens = 0
        self.stuck_token = False
        self.tells_last = True
        self.scoped_tokens = False
        self.bulk_create = True
        self.grumble, self.grumble_status = "", 400
        self.comment_page = 100
        self.after_edit: Callable[[], None] = lambda: None
        self.after_transition: Callable[[], None] = lambda: None
        self.names: dict[str, str] = {}
        self.workflows: dict[str, tuple[Transition, ...]] = {}
        self.options: dict[str, dict[str, str]] = {}
        self._issues: dict[str, StoredIssue] = {}  # each under its id and under every key it had
        self._numbers = count(1)
        self._entry_ids = count(50001)
        self._said_ids = count(70001)

    def now(self) -> datetime:
        """The server's time, in the milliseconds Jira shows."""
        now = self.clock.now()
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def add(self, user: JiraUser, type_name: str, fields: Fields, properties: Mapping[str, Any]) -> StoredIssue:
        """Stores a new issue in To Do."""
        number, now = next(self._numbers), self.now()
        blank = {"summary": "", "description": None, "resolution": None, "labels": (), self.due_field: None}
        talk: Fields = {"comment": (), "attachment": ()}
        start = {**blank, **talk, "status": status_named("To Do").id, **fields}
        issue = StoredIssue(
            10000 + number,
            f"{self.project}-{number}",
            user,
            now,
            type_name,
            dict(properties),
            [Version(now, start, 0)],
        )
        self._issues |= {str(issue.id): issue, issue.key: issue}
        return issue

    def change(self, user: JiraUser, issue: StoredIssue, fields: Fields) -> None:
        """Stores what differs, with a changelog entry; a change of nothing leaves the issue untouched.

        Raises RefusalError (400) for an archived issue.
        """
        if issue.archived:
            raise RefusalError(400, f"Issue {issue.key} is archived and cannot be edited.")
        old = issue.now.fields
        changed = {name: value for name, value in fields.items() if old[name] != value}
        if not changed:
            return
        now = self.now()
        items = tuple(_item(name, old[name], value) for name, value in changed.items())
        issue.entries.append(Entry(next(self._entry_ids), now, user, items))
        issue.versions.append(Version(now, {**old, **changed}, len(issue.entries)))

    def say(self, user: JiraUser, issue: StoredIssue, text: str) -> Said:
        """Stores a comment. The changelog does not tell of it, the time of change does."""
        return self._add(user, issue, "comment", text)

    def attach(self, user: JiraUser, issue: StoredIssue, name: str) -> None:
        """Stores that a file of that name was attached; of the file itself nothing is kept."""
        self._add(user, issue, "attachment", name)

    def _add(self, user: JiraUser, issue: StoredIssue, field: str, text: str) -> Said:
        now, old = self.now(), issue.now.fields
        said = Said(next(self._said_ids), now, user, text)
        issue.versions.append(Version(now, {**old, field: (*old[field], said)}, len(issue.entries)))
        return said

    def move(self, user: JiraUser, issue: StoredIssue, project: str) -> None:
        """Moves the issue to another project: a new key, the same id. Its old key still leads to it."""
        old, issue.key = issue.key, f"{project}-{next(self._numbers)}"
        self._issues[issue.key] = issue
        now = self.now()
        moved = {
            "field": "Key",
            "fieldtype": "jira",
            "from": None,
            "fromString": old,
            "to": None,
            "toString": issue.key,
        }
        issue.entries.append(Entry(next(self._entry_ids), now, user, (moved,)))
        issue.versions.append(Version(now, issue.now.fields, len(issue.entries)))

    def delete(self, issue: StoredIssue) -> None:
        """Removes the issue; search notices when its index does."""
        issue.deleted = self.now()

    def get(self, id_or_key: str) -> StoredIssue:
        """The issue with that id or key. Raises RefusalError (404)."""
        issue = self._issues.get(id_or_key)
        if issue is None or issue.deleted is not None or issue.hidden:
            raise RefusalError(404, NOT_THERE)
        return issue

    def has(self, id_or_key: str) -> bool:
        """Whether there is such an issue."""
        issue = self._issues.get(id_or_key)
        return issue is not None and issue.deleted is None and not issue.hidden

    def indexed(self, fresh: frozenset[int] = frozenset()) -> Iterator[tuple[StoredIssue, Version]]:
        """What search knows: every issue as it stood one index lag ago, those in `fresh` as they stand."""
        for name, issue in self._issues.items():
            if name != str(issue.id) or issue.archived or issue.hidden:
                continue
            until = self.now() if issue.id in fresh else self.now() - self.index_lag
            known = [version for version in issue.versions if version.updated <= until]
            if known and not (issue.deleted and issue.deleted <= until):
                yield issue, known[-1]


def _item(name: str, old: Any, new: Any) -> dict[str, str | None]:
    """A changelog item: ids in `from` and `to` where there are any; due dates read as if they had a time."""
    start, start_text = _change_text(name, old)
    end, end_text = _change_text(name, new)
    return {
        "field": name,
        "fieldtype": "jira",
        "fieldId": name,
        "from": start,
        "fromString": start_text,
        "to": end,
        "toString": end_text,
    }


def _change_text(name: str, value: Any) -> tuple[str | None, str | None]:
    if value is None:
        return None, None
    if name == "status":
        return value, status_by_id(value).name
    if name == "resolution":
        return RESOLUTION_IDS[value], value
    if name == "labels":
        return "", " ".join(value)
    if name in ("summary", "description"):
        return None, value
    return value, f"{value} 00:00:00.0"
