"""One GitHub repository behind the port.

Due dates are `due:YYYY-MM-DD` labels, work in progress is a label, closing has GitHub's reason. Our issues
carry the label `poam` and a marker in the first line of the body, which callers never see in `Issue.body`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import chain, islice, takewhile
from typing import Any

from ..base import Capabilities, Created, Draft, Edit, Health, Issue, Page, Visibility
from ..errors import Gone, Rejected, TrackerError
from ..settings import GithubSettings
from ..texts import fingerprint
from .answers import Answer
from .checking import examine, visibility_of
from .cursor import Cursor, begin
from .editing import label_path, labels_after, patch_of
from .history import Event, history_of
from .reading import MARK, due_label, issue_of, join_body, version_of
from .wire import Wire

Row = Mapping[str, Any]

_MOVE_DATE = "take the label due:YYYY-MM-DD off, put one with the new date on"

# Of the 65,536 characters that a body may have, the marker's line gets these.
_MARKER_ROOM = 136

_CAPABILITIES = Capabilities(max_title=256, max_body=65_536 - _MARKER_ROOM, move_date=_MOVE_DATE)


class GithubTracker:
    """Implements Tracker. Making one sends nothing; the repository's id is looked up once, if no cursor
    knows it.

    `write_spacing` is the pause between two writes in seconds, as GitHub asks; the loopback needs none.
    """

    def __init__(self, name: str, settings: GithubSettings, token: str, *, write_spacing: float = 1.0) -> None:
        self._name = name
        self._settings = settings
        self._token = token
        self._wire = Wire(settings, token, write_spacing)
        self._source = f"{settings.base_url} {settings.repository}"
        self._repository_id: int | None = None
        self._full_name = settings.repository
        self._login: str | None = None

    @property
    def name(self) -> str:
        """The connector's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """GitHub's limits; a body may be as long as its limit less the marker's line."""
        return _CAPABILITIES

    @property
    def credential(self) -> str:
        """See `Tracker`."""
        return fingerprint(self._token)

    def check(self) -> Health:
        """Two reads: whose token, and what the repository is like."""
        return examine(self._wire, self._settings.base_url)

    def visibility(self) -> Visibility:
        """One read, never remembered: a repository becomes public with one click."""
        return visibility_of(self._repository())

    def changed_since(self, cursor: str | None) -> Page:
        """One conditional read while nothing happens; else the list's pages, then events for who did what.

        Newest first on the wire: what changes between two pages moves to the first, past no boundary unseen,
        and what changes after them makes the first page's ETag a new one.
        """
        known = Cursor.parse(cursor, self._source) or Cursor(self._source, self._known_id())
        self._repository_id = known.repository_id
        tag = known.etag_for(self._token)
        first = self._wire.read(
            f"{self._home()}/issues",
            {"state": "all", "labels": MARK, "sort": "updated", "direction": "desc", "per_page": 100}
            | ({"since": known.since} if known.since else {}),
            headers={"If-None-Match": tag} if tag else {},
            many=True,
        )
        if first.status == 304:
            return Page((), known.text)
        rows = list(chain.from_iterable(self._wire.pages(first)))
        following = known.after(rows, first, self._token, self._settings.overlap)
        changed = [row for row in reversed(rows) if "pull_request" not in row and known.is_new(row)]
        told = begin(known.watermark, self._settings.overlap) if known.watermark else ""
        return Page(self._attributed(changed, told, self._settled(first)), following.text)

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """One read for an issue that is known; else two: the issue, then its events."""
        row = self._row(issue_id)
        if version_of(row) == known:
            return self._issue(row)
        path = f"{self._home()}/issues/{issue_id}/events"
        first = self._wire.read(path, {"per_page": 100}, issue_id=issue_id, many=True)
        events = chain.from_iterable(self._wire.pages(first, issue_id=issue_id))
        return self._issue(row, events, self._settled(first))

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        """REST reads issues by number one at a time only."""
        found = []
        for issue_id in issue_ids:
            try:
                found.append(self.get(issue_id))
            except Gone:
                continue
        return found

    def find(self, marker: str, *, since: str) -> Sequence[Issue]:
        """Walks our own issues, newest first, down to `since`; their history is not read."""
        earliest = datetime.fromisoformat(since).replace(microsecond=0)
        query = {
            "state": "all",
            "creator": self._me(),
            "sort": "created",
            "direction": "desc",
            "per_page": 100,
        }
        first = self._wire.read(f"{self._home()}/issues", query, many=True)
        rows = chain.from_iterable(self._wire.pages(first))
        recent = takewhile(lambda row: datetime.fromisoformat(row["created_at"]) >= earliest, rows)
        issues = [self._issue(row) for row in recent if "pull_request" not in row]
        ours = [issue for issue in issues if issue.marker == marker and self._is_me(issue.author.id)]
        return ours[::-1]

    def named(self, key: str) -> Issue:
        """Two reads. A number, `#7`, `acme/web#7` and the issue's address are all its name."""
        number = re.fullmatch(r"(?:.*[#/])?(\d+)/?", key)
        if number is None:
            raise Rejected(f"{key} names no issue of {self._settings.repository}")
        return self.get(number[1])

    def unmarked(self, limit: int) -> Sequence[Issue]:
        """One read per hundred issues until there are enough."""
        query = {"state": "all", "sort": "updated", "direction": "desc", "per_page": 100}
        first = self._wire.read(f"{self._home()}/issues", query, many=True)
        rows = (row for row in chain.from_iterable(self._wire.pages(first)) if "pull_request" not in row)
        return list(islice((issue for issue in map(self._issue, rows) if not issue.marked), limit))

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """A POST each."""
        return [self._create(draft) for draft in drafts]

    def _create(self, draft: Draft) -> Created:
        """One POST with marker, labels and date; GitHub drops the labels silently where we may not push."""
        due = {due_label(draft.due_date)} if draft.due_date else set()
        data = {
            "title": draft.title,
            "body": join_body(draft.marker, draft.body),
            "labels": sorted({MARK} | due | draft.labels),
        }
        issue = self._issue(self._wire.write("POST", f"{self._home()}/issues", data).data)
        return Created(issue.id, issue.key, issue.url, issue)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """One PATCH, whose answer is the issue, then the labels that are still to be changed, and one read after them.

        The PATCH replaces the whole body and goes first: each write before it is time in which people lose theirs. The
        answer to labels holds no time of change, and so no version. What was written has no history here.
        """
        patch = patch_of(edit, issue)
        if patch:
            path = f"{self._home()}/issues/{issue.id}"
            issue = self._issue(self._ours(issue.id, self._wire.write("PATCH", path, patch, issue_id=issue.id)))
        add, remove = labels_after(edit, issue)
        self._relabel(issue.id, add, remove)
        return self._issue(self._row(issue.id)) if add or remove else issue

    def close(self) -> None:
        """Closes the connections."""
        self._wire.close()

    def _relabel(self, issue_id: str, add: Sequence[str], remove: Sequence[str]) -> None:
        """Removes before adding: of a failure between, the next cycle mends a missing date, but two dates look
        like a person's doing and would stay. What is gone already is removed.
        """
        path = f"{self._home()}/issues/{issue_id}/labels"
        for name in remove:
            with suppress(Gone):
                self._wire.write("DELETE", label_path(path, name), issue_id=issue_id, many=True)
        if add:
            self._wire.write("POST", path, {"labels": add}, issue_id=issue_id, many=True)

    def _attributed(self, rows: Sequence[Row], since: str, settled: str) -> list[Issue]:
        """The issues with their events since then, or since the oldest of them was made."""
        if not rows:
            return []
        horizon = max(since, min(row["created_at"] for row in rows))
        events: dict[int, list[Event]] = defaultdict(list)
        for event in self._events(horizon):
            if event.get("issue"):
                events[event["issue"]["number"]].append(event)
        return [self._issue(row, events[row["number"]], settled) for row in rows]

    def _events(self, horizon: str) -> Iterable[Event]:
        """The repository's events, newest first, page by page until one is older."""
        first = self._wire.read(f"{self._home()}/issues/events", {"per_page": 100}, many=True)
        for page in self._wire.pages(first):
            yield from page
            if page and page[-1]["created_at"] < horizon:
                return

    def _settled(self, answer: Answer) -> str:
        """What happened before that is certainly listed."""
        return begin(answer.server_time, self._settings.overlap)

    def _issue(self, row: Row, events: Iterable[Event] = (), settled: str = "") -> Issue:
        return issue_of(row, self._settings.repository, history_of(row, events, settled))

    def _row(self, issue_id: str) -> Row:
        """The issue as it stands."""
        return self._ours(issue_id, self._wire.read(f"{self._home()}/issues/{issue_id}", issue_id=issue_id))

    def _ours(self, issue_id: str, answer: Answer) -> Row:
        """The issue in an answer. Raises Gone when it was transferred: PyGithub follows it there, and we do not."""
        row: Row = answer.data
        if str(row["number"]) != issue_id or not self._is_here(row):
            raise Gone(f"Issue {issue_id} left {self._settings.repository}: it is now {row['html_url']}")
        return row

    def _is_here(self, row: Row) -> bool:
        """Whether an issue is in our repository, which may have got another name since it was configured."""
        if not self._is_named_in(row):
            self._repository()
        return self._is_named_in(row)

    def _is_named_in(self, row: Row) -> bool:
        return str(row["repository_url"]).casefold().endswith(f"/repos/{self._full_name}".casefold())

    def _home(self) -> str:
        return f"/repositories/{self._known_id()}"

    def _known_id(self) -> int:
        return self._repository_id if self._repository_id is not None else int(self._repository()["id"])

    def _repository(self) -> Row:
        """The repository as it is now, by id once that is known, else by name."""
        known = self._repository_id
        path = f"/repos/{self._settings.repository}" if known is None else f"/repositories/{known}"
        row: Row = self._wire.read(path).data
        self._repository_id, self._full_name = int(row["id"]), str(row["full_name"])
        return row

    def _me(self) -> str:
        """Our own login, asked once."""
        if self._login is None:
            self._login = str(self._wire.read("/user").data["login"])
        return self._login

    def _is_me(self, login: str) -> bool:
        return login.casefold() == self._me().casefold()
