"""One Jira project behind the port.

Our issues carry the label `poam-sync`, a label with the marker, and the marker again in an entity property. Due
dates are a date field; statuses are reached along the project's own workflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import urlsplit

from ..base import Capabilities, Category, Created, Draft, Edit, Health, Issue, Page, Visibility
from ..errors import Forbidden, Gone, Rejected, Stale, TrackerError, Unavailable, Unsettled
from ..settings import JiraSettings
from ..texts import fingerprint
from .checking import examine
from .creating import Creator
from .fields import Fields
from .naming import name_in
from .reading import Json, overwritten
from .searching import Search
from .wire import Wire
from .workflow import WORK, Workflow

CAPABILITIES = Capabilities(max_title=255, max_body=32_767)


class JiraTracker:
    """Implements `base.Tracker` for both deployments. Making one sends nothing; the first call learns the site."""

    def __init__(self, name: str, settings: JiraSettings, token: str) -> None:
        self._name = name
        self._settings = settings
        self._credential = fingerprint(f"{settings.user} {token}")
        self._wire = Wire(settings, token)
        self._search = Search(self._wire, settings)
        self._workflow = Workflow(self._wire, settings)
        self._fields = Fields(self._wire, settings)
        self._creator = Creator(self._wire, self._fields, self._search)

    @property
    def name(self) -> str:
        """The connector's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Jira's limits."""
        return replace(CAPABILITIES, creates_at_once=self._creator.at_once)

    @property
    def credential(self) -> str:
        """See `base.Tracker`."""
        return self._credential

    def check(self) -> Health:
        """See `base.Tracker`. Asks everything anew."""
        for known in (self._fields, self._creator, self._workflow):
            known.forget()
        return examine(self._wire, self._settings, self.visibility())

    def visibility(self) -> Visibility:
        """See `base.Tracker`. Never remembered: a permission scheme is changed with one click."""
        return self._wire.visibility()

    def changed_since(self, cursor: str | None) -> Page:
        """See `base.Tracker`. The cursor is the server's time of the last read that brought anything, empty before.

        Whatever changed longer than the overlap before a read was visible to it, so the next one need not go back
        further; a read that brings nothing moves nothing, so an idle project comes to rest.
        """
        known = _instant(cursor or "")
        issues, server_time = self._search.changed(known)
        return Page(issues, max(known, server_time) if issues else known)

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """See `base.Tracker`. One request; one more for a very long history, unless the issue is known."""
        return self._search.complete(self._get(issue_id), known=known)

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        """See `base.Tracker`. One request per hundred."""
        return self._search.fetch(issue_ids)

    def find(self, marker: str, *, since: str) -> Sequence[Issue]:
        """See `base.Tracker`. Looks past the index too, at the hundred keys after the newest issue in it."""
        ours, begin = self._wire.site.account.id, datetime.fromisoformat(since)
        return [
            issue
            for issue in self._search.carrying(marker)
            if issue.author.id == ours and datetime.fromisoformat(issue.created) >= begin
        ]

    def named(self, key: str) -> Issue:
        """See `base.Tracker`. One request. An issue of another project is refused: its changes would never be read."""
        hosts = {urlsplit(address).netloc.casefold() for address in (self._settings.base_url, self._wire.site.address)}
        issue = self._search.complete(self._get(name_in(key, hosts)))
        if issue.key.rpartition("-")[0].casefold() == self._settings.project.casefold():
            return issue
        hint = "choose an issue of this project, or a connector for that one"
        raise Rejected(f"{self._wire.where}: {issue.key} is in another project", hint=hint)

    def unmarked(self, limit: int) -> Sequence[Issue]:
        """See `base.Tracker`. One request per hundred."""
        return self._search.unmarked(limit)

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """See `base.Tracker`. A due field that cannot be set on creation is left out; `check` warns of it."""
        return self._creator.create(drafts)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `base.Tracker`. One write for the fields, whose answer is the issue, one for each hop to the status and
        one for a comment, whose answers are not: after those the issue is read back.

        A due date that is refused does not hold up the rest; but the comment is for an edit that was made whole.
        """
        try:
            return self._edited(issue, edit)
        except Rejected as refusal:
            rest = replace(edit, due_date=None, comment=None)
            if refusal.field != "due_date" or edit.due_date is None or rest == Edit():
                raise
            self._edited(issue, rest)
            raise

    def close(self) -> None:
        """Releases connections."""
        self._wire.close()

    def _edited(self, issue: Issue, edit: Edit) -> Issue:
        body = self._fields.changes(edit)
        edited = self._put(issue, edit, body) if body else issue
        self._search.wrote(issue.id)
        if edit.status:
            edited = self._moved(edited, edit.status)
        return self._said(edited, edit.comment) if edit.comment else edited

    def _put(self, issue: Issue, edit: Edit, body: Json) -> Issue:
        """Writes the fields; the answer holds the issue and its history, except where a proxy drops it."""
        params = {"returnIssue": "true", "expand": "changelog"}
        answer = self._wire.write("PUT", f"issue/{issue.id}", body=body, params=params, issue=issue.id).data
        told = isinstance(answer, dict) and "fields" in answer and "changelog" in answer
        raw = answer if told else self._get(issue.id)
        self._workflow.met(raw)
        if edit.body is not None:
            self._give_back(issue, raw)
        edited = self._search.complete(raw, datetime.fromisoformat(issue.updated))
        # The answer to a write leaves the entity property out.
        return replace(edited, marker=edit.marker or issue.marker) if told else edited

    def _give_back(self, issue: Issue, raw: Json) -> None:
        """Puts back what somebody wrote into the description after we read it: no request asks Jira to write only what
        nobody touched. Raises Stale then, and Rejected where that fails: nobody tries it again, so a person is told.
        """
        theirs = overwritten(raw, issue.updated, self._wire.site.account.id)
        if theirs is None:
            return
        written = f"{self._wire.where}: somebody wrote into issue {issue.id} at the same moment"
        try:
            self._wire.write("PUT", f"issue/{issue.id}", body={"fields": {"description": theirs}}, issue=issue.id)
        except Gone:
            raise
        except TrackerError as failure:
            said = f"{written}, and their text stands in the issue's history: we could not put it back ({failure})"
            hint = f"look into the history of {issue.key} and put their description back by hand"
            raise Rejected(said, hint=hint, field="body") from failure
        raise Stale(written)

    def _moved(self, issue: Issue, target: Category) -> Issue:
        """Brings the issue to a status and reads it back. Where a transition of ours led elsewhere than it did before,
        or than it says, the way is learnt anew, once.
        """
        for _ in range(2):
            if not self._workflow.bring(issue, target):
                return issue
            issue = self._look(issue)
            last = next((change for change in reversed(issue.history) if change.field == "status"), None)
            if issue.status.category == target or last is None or last.author.id != self._wire.site.account.id:
                return issue  # where somebody else moved it meanwhile, that is news and no fault
            self._workflow.forget()
        said = f"issue {issue.id} came to {issue.status.name} when it was to come to {WORK[target]}"
        hint = "ask whoever keeps the workflow which transition leads there"
        raise Rejected(f"{self._wire.where}: {said}", hint=hint, field="status")

    def _said(self, issue: Issue, text: str) -> Issue:
        """Says something below the issue and reads it back. A read that fails after it must not look like a write that
        never was.
        """
        path = f"issue/{issue.id}/comment"
        try:
            self._wire.write("POST", path, body={"body": text}, issue=issue.id)
        except Rejected as refusal:
            refusal.field = refusal.field or "comment"
            raise
        try:
            return self._look(issue)
        except (Unavailable, Forbidden) as silence:
            said = f"our comment on issue {issue.id} could not be read back ({silence})"
            raise Unsettled(f"{self._wire.where}: {said}", hint=silence.hint) from silence

    def _look(self, before: Issue) -> Issue:
        """The issue again, with its history since then."""
        return self._search.complete(self._get(before.id), datetime.fromisoformat(before.updated))

    def _get(self, issue_id: str) -> Json:
        raw = self._search.one(issue_id)
        self._workflow.met(raw)
        return raw


def _instant(cursor: str) -> str:
    """The cursor, or none where it is not one of ours."""
    try:
        datetime.fromisoformat(cursor)
    except ValueError:
        return ""
    return cursor
