"""One Jira project behind the port.

Our issues carry the label `poam-sync`, a label with the marker, and the marker again in an entity property. Due
dates are a date field; statuses are reached along the project's own workflow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Any

from ..base import Capabilities, Created, Draft, Edit, Health, Issue, Page, Visibility
from ..errors import TrackerError
from ..settings import JiraSettings
from ..texts import fingerprint
from .checking import CreateScreen, examine, missing_type
from .reading import MARK, PROPERTY, Json, fields_of, marker_label, marking
from .searching import Search
from .wire import Wire
from .workflow import Workflow

CAPABILITIES = Capabilities(max_title=255, max_body=32_767)


class JiraTracker:
    """Implements `base.Tracker` for Jira Cloud. Making one sends nothing; the first call learns the site."""

    def __init__(self, name: str, settings: JiraSettings, token: str) -> None:
        self._name = name
        self._settings = settings
        self._credential = fingerprint(f"{settings.user} {token}")
        self._wire = Wire(settings, token)
        self._search = Search(self._wire, settings)
        self._workflow = Workflow(self._wire, settings.statuses)

    @property
    def name(self) -> str:
        """The connector's name in the configuration."""
        return self._name

    @property
    def capabilities(self) -> Capabilities:
        """Jira's limits."""
        return CAPABILITIES

    @property
    def credential(self) -> str:
        """See `base.Tracker`."""
        return self._credential

    def check(self) -> Health:
        """See `base.Tracker`. Asks everything anew."""
        self.__dict__.pop("_screen", None)
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
        """See `base.Tracker`. One request."""
        return self._search.complete(self._get(key.rstrip("/").rpartition("/")[2]))

    def unmarked(self, limit: int) -> Sequence[Issue]:
        """See `base.Tracker`. One request."""
        return self._search.unmarked(limit)

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """See `base.Tracker`. A due field missing on the create screen is left out; `check` warns of it."""
        return [self._create(draft) for draft in drafts]

    def _create(self, draft: Draft) -> Created:
        made = self._wire.write("POST", "issue", body=self._new(draft)).data
        self._search.wrote(str(made["id"]))
        return Created(str(made["id"]), made["key"], f"{self._wire.site.address}/browse/{made['key']}")

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `base.Tracker`. One write for the fields, whose answer is the issue, and one for each hop to the status,
        whose answer is empty: after hops the issue is read back.
        """
        body = self._changes(edit)
        edited = self._put(issue, body) if body else issue
        self._search.wrote(issue.id)
        if edit.status and self._workflow.bring(issue.id, edited.status, edit.status):
            return self._look(issue)
        # The answer to a write leaves the entity property out.
        return replace(edited, marker=edit.marker or issue.marker)

    def close(self) -> None:
        """Releases connections."""
        self._wire.close()

    @cached_property
    def _screen(self) -> CreateScreen:
        """The create screen, asked once per process: a field that is not on it fails the whole create."""
        screen = CreateScreen.read(self._wire, self._settings)
        if not screen.type_id:
            raise missing_type(self._wire, self._settings, screen)
        return screen

    def _new(self, draft: Draft) -> dict[str, Any]:
        labels = {MARK, marker_label(draft.marker), *draft.labels}
        fields: dict[str, Any] = {
            "project": {"key": self._settings.project},
            "issuetype": {"id": self._screen.type_id},
            "summary": draft.title,
            "description": draft.body,
            "labels": sorted(labels),
        }
        if draft.due_date and self._settings.due_field in self._screen.fields:
            fields[self._settings.due_field] = draft.due_date
        return {"fields": fields, "properties": marking(draft.marker)}

    def _changes(self, edit: Edit) -> dict[str, Any]:
        """The request for what the edit sets, empty when that is nothing."""
        wanted = {"summary": edit.title, "description": edit.body, self._settings.due_field: edit.due_date}
        fields: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        if edit.due_date == "":
            fields[self._settings.due_field] = None
        marks = {MARK, marker_label(edit.marker)} if edit.marker else set()
        labels = [{"add": label} for label in sorted(edit.add_labels | marks)]
        labels += [{"remove": label} for label in sorted(edit.remove_labels)]
        properties = marking(edit.marker) if edit.marker else []
        body = {"fields": fields, "update": {"labels": labels} if labels else {}, "properties": properties}
        return {name: value for name, value in body.items() if value}

    def _put(self, issue: Issue, body: dict[str, Any]) -> Issue:
        """Writes the fields; the answer holds the issue and its history, except where a proxy drops it."""
        params = {"returnIssue": "true", "expand": "changelog"}
        answer = self._wire.write("PUT", f"issue/{issue.id}", body=body, params=params, issue=issue.id).data
        complete = isinstance(answer, dict) and "fields" in answer and "changelog" in answer
        return self._search.complete(answer, datetime.fromisoformat(issue.updated)) if complete else self._look(issue)

    def _look(self, before: Issue) -> Issue:
        """The issue again, with its history since then."""
        return self._search.complete(self._get(before.id), datetime.fromisoformat(before.updated))

    def _get(self, issue_id: str) -> Json:
        params = {
            "fields": ",".join(fields_of(self._settings.due_field)),
            "properties": PROPERTY,
            "expand": "changelog",
        }
        raw: Json = self._wire.read("GET", f"issue/{issue_id}", params=params, issue=issue_id).data
        return raw


def _instant(cursor: str) -> str:
    """The cursor, or none where it is not one of ours."""
    try:
        datetime.fromisoformat(cursor)
    except ValueError:
        return ""
    return cursor
