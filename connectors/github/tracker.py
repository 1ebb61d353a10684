"""One GitHub repository behind the port.

Due dates stand where `carriers.py` finds a place, work in progress is a label, closing has GitHub's reason. Our issues
carry the label `poam` and a marker in the first line of the body, which callers never see in `Issue.body`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from itertools import chain, islice, takewhile
from typing import Any

from ..base import Capabilities, Created, Draft, Edit, Health, Issue, Page, Visibility
from ..errors import Forbidden, Gone, Rejected, TrackerError, Unavailable, Unsettled
from ..pace import CREATES_PER_HOUR, Pace
from ..settings import GithubSettings
from ..texts import fingerprint
from .answers import TAKES_NO_WRITE, Answer
from .carriers import DueDates
from .checking import examine, visibility_of
from .cursor import Cursor, begin
from .editing import label_path, labels_after, patch_of
from .feed import NOTHING, Feed, Told
from .history import history_of
from .place import Place, repository_of
from .reading import MARK, issue_of, join_body, version_of
from .talk import comments_of, references_of
from .wire import Wire

Row = Mapping[str, Any]

# Of the 65,536 characters that a body may have, the marker's line gets these.
_MARKER_ROOM = 136

_CAPABILITIES = Capabilities(max_title=256, max_body=65_536 - _MARKER_ROOM)


class GithubTracker:
    """Implements Tracker. Making one sends nothing; the repository's id is looked up once, if no cursor
    knows it.

    `pace` is that of all connectors to the same host; without one, its own.
    """

    def __init__(self, name: str, settings: GithubSettings, token: str, *, pace: Pace | None = None) -> None:
        self._name = name
        self._settings = settings
        self._token = token
        self._wire = Wire(settings, token, pace or Pace())
        self._source = f"{settings.base_url} {settings.repository}"
        self._place = Place(self._wire, settings)
        self._due = DueDates(settings, self._wire, self._place)
        self._feed = Feed(self._wire, self._home, settings.overlap)
        self._login: str | None = None

    @property
    def name(self) -> str:
        """The connector's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """GitHub's limits; a body may be as long as its limit less the marker's line."""
        seconds = self._wire.spacing["create"]
        limits = replace(_CAPABILITIES, move_date=self._due.move_date)
        return replace(limits, seconds_per_create=seconds, creates_per_hour=CREATES_PER_HOUR if seconds else None)

    @property
    def credential(self) -> str:
        """See `Tracker`."""
        return fingerprint(self._token)

    def check(self) -> Health:
        """Who we are, and what the repository is like: two reads, and up to three more for an App or for due dates
        that do not stand in labels.
        """
        return examine(self._wire, self._settings, self._due)

    def visibility(self) -> Visibility:
        """One read, never remembered: a repository becomes public with one click."""
        return visibility_of(self._place.look())

    def changed_since(self, cursor: str | None) -> Page:
        """One conditional read while nothing happens; else the list's pages, then events for who did what, and
        comments where the changed issues have any. Pull requests that name an issue are told by `get` alone.

        Newest first on the wire: what changes between two pages moves to the first, past no boundary unseen,
        and what changes after them makes the first page's ETag a new one.
        """
        known = Cursor.parse(cursor, self._source) or Cursor(self._source, self._place.known_id())
        self._place.id = known.repository_id
        token = self._wire.token
        tag = known.etag_for(token)
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
        following = known.after(rows, first, token, self._settings.overlap)
        changed = [row for row in reversed(rows) if "pull_request" not in row and known.is_new(row)]
        told = begin(known.watermark, self._settings.overlap) if known.watermark else ""
        news = self._due.completed(self._feed.since(changed, told))
        return Page([self._issue(row, news[row["number"]]) for row in changed], following.text)

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """One read for an issue that is known; else two, the issue, then its timeline, and one more where that tells of
        fields.
        """
        row = self._row(issue_id)
        return self._issue(row) if version_of(row) == known else self._whole(row)

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
        row = self._row(self._place.number_in(key))
        if "pull_request" in row:
            raise Rejected(f"{key} is a pull request", hint="name an issue: a pull request is not worked off as one")
        return self._whole(row)

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
        """One POST with marker, labels and date, which GitHub drops silently where we may not push. What it needs, such
        as a milestone, comes first; where that takes too long, nothing is sent, and the next time it is there.
        """
        begun = self._wire.now()
        due = self._due.parts(draft.due_date or "")
        data = {
            "title": draft.title,
            "body": join_body(draft.marker, draft.body),
            "labels": sorted({MARK} | due.labels | draft.labels),
            **due.data,
        }
        try:
            row = self._wire.create(f"{self._home()}/issues", data, begun=begun).data
        except Rejected as refused:
            if not self._due.is_elsewhere(due.data, draft.due_date or ""):
                raise
            raise Unavailable(f"{refused}, where dates stand elsewhere by now: it is sent again") from refused
        self._due.verify(row, due.data, draft.due_date or "")
        issue = self._issue(row)
        return Created(issue.id, issue.key, issue.url, issue)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """One PATCH, whose answer is the issue, then the labels that are still to be changed, then the comment; and
        one read after labels, two after a comment.

        The PATCH replaces the whole body and goes first: each write before it is time in which people lose theirs. The
        answer to labels holds no time of change, and so no version. What was written has no history here, unless the
        issue is read again for what was said meanwhile. A write that finds no issue is not the last word: the read
        after it says where a transferred one is, or shows that it is there.
        """
        try:
            return self._edited(issue, edit)
        except Gone:
            self._row(issue.id)
        raise Forbidden(f"GitHub shows {issue.key} and takes no write to it", hint=TAKES_NO_WRITE)

    def _edited(self, issue: Issue, edit: Edit) -> Issue:
        issue = self._patched(issue, patch_of(edit, issue), self._due.patch(edit, issue), edit.due_date or "")
        add, remove = labels_after(self._due.in_labels(edit, issue), issue)
        cleared = self._due.cleared(edit, issue)
        self._relabel(issue.id, add, remove)
        if edit.comment:
            return self._said(issue.id, edit.comment)
        return self._issue(self._row(issue.id)) if add or remove or cleared else issue

    def _patched(self, issue: Issue, patch: Row, due: Row, day: str) -> Issue:
        """The issue after one PATCH. One that is refused because a field or milestone is gone was not applied, and is
        sent with what has taken its place.
        """
        if not patch and not due:
            return issue
        try:
            path = f"{self._home()}/issues/{issue.id}"
            row = self._ours(issue.id, self._wire.write("PATCH", path, {**patch, **due}, issue_id=issue.id))
        except Rejected:
            if not self._due.is_elsewhere(due, day):
                raise
            return self._patched(issue, patch, self._due.parts(day).data, day)
        self._due.verify(row, due, day)
        return self._issue(row)

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

    def _said(self, issue_id: str, text: str) -> Issue:
        """The issue with one more comment. A read that fails after it must not look like a write that never was."""
        path = f"{self._home()}/issues/{issue_id}/comments"
        self._wire.write("POST", path, {"body": text}, issue_id=issue_id)
        try:
            return self.get(issue_id)
        except (Unavailable, Forbidden) as silence:
            said = f"Our comment on issue {issue_id} could not be read back: {silence}"
            raise Unsettled(said, hint=silence.hint) from silence

    def _whole(self, row: Row) -> Issue:
        """The issue with all that its timeline tells."""
        told = self._due.completed({row["number"]: self._feed.of(str(row["number"]))})
        return self._issue(row, told[row["number"]])

    def _issue(self, row: Row, told: Told = NOTHING) -> Issue:
        history = history_of(row, told.events, told.settled, self._due.told(row, told))
        issue = self._due.shown(issue_of(row, self._settings.repository, history), row)
        return replace(issue, comments=comments_of(told.comments), references=references_of(row, told.events))

    def _row(self, issue_id: str) -> Row:
        """The issue as it stands."""
        return self._ours(issue_id, self._wire.read(f"{self._home()}/issues/{issue_id}", issue_id=issue_id))

    def _ours(self, issue_id: str, answer: Answer) -> Row:
        """The issue in an answer. Raises Gone when it was transferred: PyGithub follows it there, and we do not."""
        row: Row = answer.data
        if str(row["number"]) != issue_id or not self._place.holds(row):
            told = f"Issue {issue_id} left {self._settings.repository}: it is now {row['html_url']}"
            raise Gone(told, moved_to=f"{repository_of(row)}#{row['number']}")
        return row

    def _home(self) -> str:
        return self._place.home

    def _me(self) -> str:
        """Our own login, asked once."""
        if self._login is None:
            self._login = self._wire.account().id
        return self._login

    def _is_me(self, login: str) -> bool:
        return login.casefold() == self._me().casefold()
