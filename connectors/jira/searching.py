"""Asks Jira for many issues: what changed, what carries a marker, what has which id. A page is one request.

Search is eventually consistent, bulk fetch and a single issue are not; all bring the history along unless it is very
long.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ..base import Issue
from ..errors import Gone
from ..settings import JiraSettings
from .answers import Answer, Refused
from .comments import with_comments
from .due import DueField
from .histories import Histories, joined
from .reading import MARK, PROPERTY, Json, fields_of, iso, issue_of, marker_label, status_ids, version_of
from .walking import PAGE, rows, walk
from .wire import Wire

RECONCILED = 50
"""So many issues one search looks up as they stand, and so many of our writes are remembered."""

LATELY = timedelta(minutes=15)
"""How far behind Jira Cloud's index may be, with some room to spare."""

BEYOND = 3
"""So many keys without an issue in a row, and there are no newer issues."""


class Search:
    """Reads of many issues. Remembers what we wrote lately, so that search shows it at once."""

    def __init__(self, wire: Wire, settings: JiraSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._histories = Histories(wire, settings)
        self._due = DueField.of(settings)
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
        since = datetime.fromisoformat(cursor) - self._settings.overlap if cursor else None
        try:
            return self._changed(since, self._bound)
        except Refused:
            if self._bound != _by_epoch:
                raise
        found = self._changed(since, self._by_age)
        self._bound = self._by_age
        return found

    def carrying(self, marker: str) -> list[Issue]:
        """Every issue with that marker, by ascending id; the newest ones even before search knows them."""
        known = self._found(self._pages(f'labels = "{marker_label(marker)}"'))
        newest = [issue for issue in self._beyond_the_index() if issue.marker == marker]
        found = {issue.id: issue for issue in (*self._completed(known), *newest)}
        return sorted(found.values(), key=lambda issue: int(issue.id))

    def unmarked(self, limit: int) -> list[Issue]:
        """Issues of the project without our mark, the one changed last first."""
        others = f'(labels IS EMPTY OR labels != "{MARK}")'
        jql = f'project = "{self._settings.project}" AND {others} ORDER BY updated DESC'
        query = self._query() | {"jql": jql, "expand": "", "maxResults": min(limit, PAGE)}
        found: dict[str, Json] = {}
        following: dict[str, Any] | None = {}
        while following is not None:
            answer, known = self._wire.search({**query, **following}), len(found)
            found |= {str(raw["id"]): raw for raw in rows(answer)}
            token = answer.data.get("nextPageToken")
            more = token is not None or len(found) < answer.data.get("total", 0)
            goes_on = more and known < len(found) < limit
            following = {"nextPageToken": token, "startAt": len(found)} if goes_on else None
        return [replace(self._issue(joined(raw)), history=()) for raw in [*found.values()][:limit]]

    def fetch(self, ids_or_keys: Sequence[str]) -> list[Issue]:
        """The issues as they stand, the missing ones left out."""
        names = list(dict.fromkeys(ids_or_keys))
        together = self._together if self._wire.site.deployment.bulk_fetch else self._listed
        found = (together(names[start : start + PAGE]) for start in range(0, len(names), PAGE))
        return self._completed(raw for page in found for raw in page)

    def one(self, id_or_key: str) -> Json:
        """The issue as it stands, with what came along of its history. Raises Gone."""
        params = {"fields": ",".join(fields_of(self._due.name)), "properties": PROPERTY, "expand": "changelog"}
        raw: Json = self._wire.read("GET", f"issue/{id_or_key}", params=params, issue=id_or_key).data
        return raw

    def complete(self, raw: Json, since: datetime | None = None, *, known: str = "") -> Issue:
        """The issue with its history, all of it or `since`; one more request where Jira cut that short.

        Of an issue whose version is `known`, what came along is enough.
        """
        if known == version_of(raw["fields"], self._due.name):
            return self._issue(joined(raw))
        return self._completed([raw], since)[0]

    def _completed(self, raws: Iterable[Json], since: datetime | None = None) -> list[Issue]:
        told = [with_comments(self._wire, raw, since) for raw in raws]
        return [self._issue(raw) for raw in self._histories.completed(told, since)]

    def _issue(self, raw: Json) -> Issue:
        return issue_of(raw, self._wire.site.address, self._wire.statuses(status_ids(raw)), self._due)

    def _changed(self, since: datetime | None, bound: Callable[[datetime], str]) -> tuple[list[Issue], str]:
        times: list[str] = []
        pages = self._pages(f'project = "{self._settings.project}" AND labels = "{MARK}"', since, bound)
        issues = self._completed(self._found(pages, times), since)
        return sorted(issues, key=lambda issue: issue.updated), times[0]

    def _found(self, pages: Iterable[Answer], times: list[str] | None = None) -> list[Json]:
        """The issues of a walk, each once, as it came last; `times` takes the server's time of each page."""
        found: dict[str, Json] = {}
        for answer in pages:
            if times is not None:
                times.append(iso(answer.time))
            found |= {str(raw["id"]): raw for raw in rows(answer)}
        return list(found.values())

    def _pages(
        self, where: str, since: datetime | None = None, bound: Callable[[datetime], str] | None = None, **more: Any
    ) -> Iterator[Answer]:
        """Every page of what meets a condition. What is looked up as it stands is the same on each."""
        query, after = self._query() | more, bound or self._bound

        def ask(begin: datetime | None, following: Json) -> Answer:
            jql = f"{where}{after(begin) if begin else ''} ORDER BY updated ASC, id ASC"
            return self._wire.search({**query, **following, "jql": jql})

        return walk(self._wire.site.deployment, ask, since)

    def _query(self) -> dict[str, Any]:
        recent = [int(number) for number, at in self._recent.items() if at > self._wire.time - LATELY]
        return {
            "fields": fields_of(self._due.name),
            "properties": [PROPERTY],
            "expand": "changelog",
            "maxResults": PAGE,
            **({"reconcileIssues": recent} if recent else {}),
        }

    def _together(self, names: Sequence[str]) -> Sequence[Json]:
        """Up to a hundred issues past the index."""
        body = {
            "issueIdsOrKeys": list(names),
            "fields": fields_of(self._due.name),
            "properties": [PROPERTY],
            "expand": ["changelog"],
        }
        return rows(self._wire.read("POST", self._wire.site.deployment.bulk_fetch, body=body))

    def _listed(self, ids: Sequence[str]) -> Sequence[Json]:
        """Up to a hundred issues by a search, and one by one what it does not find: an index lags and hides what is
        archived. One id that is not there would be an error, so the query is not validated.
        """
        listed = self._found(self._pages(f"id in ({', '.join(ids)})", validateQuery="false"))
        missing = set(ids) - {str(raw["id"]) for raw in listed}
        return [*listed, *self._singly(sorted(missing, key=int))]

    def _singly(self, names: Iterable[str], patience: int = PAGE) -> Iterator[Json]:
        """The issues that are there, one request each, until so many in a row are not."""
        misses = 0
        for name in names:
            try:
                yield self.one(name)
                misses = 0
            except Gone:
                misses += 1
            if misses >= patience:
                return

    def _beyond_the_index(self) -> list[Issue]:
        """The issues made after the newest one that search knows."""
        if self._wire.site.deployment.bulk_fetch:
            return self.fetch(self._next_keys())
        return self._completed(self._singly(self._next_keys(), BEYOND))

    def _next_keys(self) -> list[str]:
        project = self._settings.project
        query = {"jql": f'project = "{project}" ORDER BY created DESC', "fields": ["id"], "maxResults": 1}
        newest = rows(self._wire.search(query))
        last = int(newest[0]["key"].rpartition("-")[2]) if newest else 0
        return [f"{project}-{number}" for number in range(last + 1, last + 1 + PAGE)]

    def _by_age(self, since: datetime) -> str:
        """Relative to the server's clock, which is asked first: an old answer's time would lose changes."""
        now = self._wire.read("GET", "serverInfo").time
        return f' AND updated >= "-{math.ceil((now - since).total_seconds() / 60)}m"'


def _by_epoch(since: datetime) -> str:
    """The instant itself. Jira reads dates in the account's time zone, but unquoted milliseconds in none. Its index
    holds whole seconds.
    """
    return f" AND updated >= {math.floor(since.astimezone(UTC).timestamp()) * 1000}"
