"""Asks Jira for many issues: what changed, what carries a marker, what has which id. A page is one request.

Search is eventually consistent, bulk fetch is not; both bring the history along unless it is very long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import Issue
from ..settings import JiraSettings
from .answers import Answer, Refused
from .reading import MARK, PROPERTY, Json, fields_of, iso, issue_of, marker_label, status_ids, utc, version_of
from .wire import Wire

PAGE = 100
RECONCILED = 50
"""So many issues one search looks up as they stand, and so many of our writes are remembered."""

LATELY = timedelta(minutes=15)
"""How far behind Jira Cloud's index may be, with some room to spare."""


class Search:
    """Reads of many issues. Remembers what we wrote lately, so that search shows it at once."""

    def __init__(self, wire: Wire, settings: JiraSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._bound: Callable[[datetime], str] = _by_epoch
        self._recent: dict[str, datetime] = {}

    def wrote(self, issue_id: str) -> None:
        """Remembers a write of ours."""
        self._recent.pop(issue_id, None)
        self._recent[issue_id] = self._wire.time
        for oldest in list(self._recent)[:-RECONCILED]:
            del self._recent[oldest]

    def changed(self, cursor: str) -> tuple[list[Issue], str]:
        """Our issues changed since the cursor (empty: all), oldest change first, and the server's time."""
        if not cursor:
            return self._changed("", None)
        since = datetime.fromisoformat(cursor) - self._settings.overlap
        try:
            return self._changed(self._bound(since), since)
        except Refused:
            if self._bound != _by_epoch:
                raise
        found = self._changed(self._by_age(since), since)
        self._bound = self._by_age
        return found

    def carrying(self, marker: str) -> list[Issue]:
        """Every issue with that marker, by ascending id; the newest ones even before search knows them."""
        jql = f'labels = "{marker_label(marker)}" ORDER BY id ASC'
        known = [self.complete(raw) for answer in self._pages(jql) for raw in answer.data["issues"]]
        newest = [issue for issue in self.fetch(self._next_keys()) if issue.marker == marker]
        found = {issue.id: issue for issue in (*known, *newest)}
        return sorted(found.values(), key=lambda issue: int(issue.id))

    def unmarked(self, limit: int) -> list[Issue]:
        """Issues of the project without our mark, the one changed last first."""
        others = f'(labels IS EMPTY OR labels != "{MARK}")'
        jql = f'project = "{self._settings.project}" AND {others} ORDER BY updated DESC'
        found = self._wire.read("POST", "search/jql", body={**self._query(jql), "maxResults": limit}).data["issues"]
        return [replace(self.complete(raw, known="-"), history=()) for raw in found]

    def fetch(self, ids_or_keys: Sequence[str]) -> list[Issue]:
        """The issues as they stand, the missing ones left out."""
        names = list(dict.fromkeys(ids_or_keys))
        issues = []
        for start in range(0, len(names), PAGE):
            body = {
                "issueIdsOrKeys": names[start : start + PAGE],
                "fields": fields_of(self._settings.due_field),
                "properties": [PROPERTY],
                "expand": ["changelog"],
            }
            answer = self._wire.read("POST", "issue/bulkfetch", body=body)
            issues += [self.complete(raw) for raw in answer.data["issues"]]
        return issues

    def complete(self, raw: Json, since: datetime | None = None, *, known: str = "") -> Issue:
        """The issue with its history, all of it or `since`; one more request where Jira cut that short.

        Of an issue whose version is `known`, what came along is enough.
        """
        site = self._wire.site
        log = raw.get("changelog") or {}
        histories = log.get("histories", [])
        cut = log.get("total", 0) - len(histories)
        told = known == version_of(raw["fields"], self._settings.due_field)
        if cut > 0 and not told and (since is None or iso(since) < min(utc(entry["created"]) for entry in histories)):
            histories = [*self._earliest(str(raw["id"]), cut), *histories]
        whole = {**raw, "changelog": {"histories": {entry["id"]: entry for entry in histories}.values()}}
        return issue_of(whole, site.address, self._wire.statuses(status_ids(whole)), self._settings.due_field)

    def _changed(self, bound: str, since: datetime | None) -> tuple[list[Issue], str]:
        jql = f'project = "{self._settings.project}" AND labels = "{MARK}"{bound} ORDER BY updated ASC, id ASC'
        issues: dict[str, Issue] = {}
        times = []
        for answer in self._pages(jql):
            times.append(iso(answer.time))
            for raw in answer.data["issues"]:
                # An issue edited during the walk comes again, newer, and stands where it was changed.
                issues.pop(raw["id"], None)
                issues[raw["id"]] = self.complete(raw, since)
        return sorted(issues.values(), key=lambda issue: issue.updated), times[0]

    def _pages(self, jql: str) -> Iterator[Answer]:
        """A walk along the tokens; one that repeats ends it, as a missing one does."""
        query = self._query(jql)
        tokens = {None}
        while True:
            answer = self._wire.read("POST", "search/jql", body=query)
            yield answer
            token = answer.data.get("nextPageToken")
            if token in tokens:
                return
            tokens.add(token)
            query = {**query, "nextPageToken": token}

    def _query(self, jql: str) -> dict[str, Any]:
        recent = [int(number) for number, at in self._recent.items() if at > self._wire.time - LATELY]
        return {
            "jql": jql,
            "fields": fields_of(self._settings.due_field),
            "properties": [PROPERTY],
            "expand": "changelog",
            "maxResults": PAGE,
            **({"reconcileIssues": recent} if recent else {}),
        }

    def _next_keys(self) -> list[str]:
        """The keys of the issues made after the newest one that search knows."""
        project = self._settings.project
        query = {"jql": f'project = "{project}" ORDER BY created DESC', "fields": ["id"], "maxResults": 1}
        newest = self._wire.read("POST", "search/jql", body=query).data["issues"]
        last = int(newest[0]["key"].rpartition("-")[2]) if newest else 0
        return [f"{project}-{number}" for number in range(last + 1, last + 1 + PAGE)]

    def _earliest(self, issue_id: str, wanted: int) -> list[Json]:
        entries: list[Json] = []
        while len(entries) < wanted:
            params = {"startAt": str(len(entries)), "maxResults": str(PAGE)}
            page = self._wire.read("GET", f"issue/{issue_id}/changelog", params=params, issue=issue_id).data
            entries += page["values"]
            if not page["values"]:
                break
        return entries

    def _by_age(self, since: datetime) -> str:
        """Relative to the server's clock, which is asked first: an old answer's time would lose changes."""
        now = self._wire.read("GET", "serverInfo").time
        return f' AND updated >= "-{math.ceil((now - since).total_seconds() / 60)}m"'


def _by_epoch(since: datetime) -> str:
    """The instant itself. Jira reads dates in the account's time zone, but unquoted milliseconds in none."""
    return f" AND updated >= {math.floor(since.astimezone(UTC).timestamp() * 1000)}"
