"""The histories of issues where Jira sends only the newest part along: the rest is asked for, when it may be news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ..settings import JiraSettings
from .reading import Json, iso, utc
from .wire import Wire

PAGE = 100
TOGETHER = 1000
"""So many histories are read in one request, and so many entries in one answer."""


class Histories:
    """Completes what came along with issues. Several at once cost one request where the deployment can do that."""

    def __init__(self, wire: Wire, settings: JiraSettings) -> None:
        self._wire = wire
        self._told = ["status", "resolution", "summary", settings.due_field]

    def completed(self, raws: Sequence[Json], since: datetime | None) -> list[Json]:
        """The issues with their histories, whole or at least `since` then, in the same order."""
        short = [raw for raw in raws if _hides_news(raw, since)]
        rest = self._rest(short) if short else {}
        return [joined(raw, rest.get(str(raw["id"]), ())) for raw in raws]

    def _rest(self, short: Sequence[Json]) -> Mapping[str, Sequence[Json]]:
        """What is missing of these, by their ids, perhaps with what is there already."""

        def singly() -> Mapping[str, Sequence[Json]]:
            return {str(raw["id"]): self._one(raw) for raw in short}

        together = self._wire.site.deployment.histories
        if not together or len(short) == 1:
            return singly()
        return self._wire.first(together, lambda: self._together(together, short), singly)

    def _together(self, path: str, short: Sequence[Json]) -> Mapping[str, Sequence[Json]]:
        found: dict[str, Sequence[Json]] = {}
        for start in range(0, len(short), TOGETHER):
            found |= self._thousand(path, [str(raw["id"]) for raw in short[start : start + TOGETHER]])
        return found

    def _thousand(self, path: str, ids: Sequence[str]) -> Mapping[str, Sequence[Json]]:
        found: dict[str, list[Json]] = {}
        query: dict[str, Any] = {
            "issueIdsOrKeys": list(ids),
            "fieldIds": self._told,
            "maxResults": TOGETHER,
        }
        while True:
            page = self._wire.read("POST", path, body=query).data
            for log in page["issueChangeLogs"]:
                found.setdefault(str(log["issueId"]), []).extend(map(_dated, log["changeHistories"]))
            if not page.get("nextPageToken") or page["nextPageToken"] == query.get("nextPageToken"):
                return found
            query["nextPageToken"] = page["nextPageToken"]

    def _one(self, raw: Json) -> Sequence[Json]:
        """The earliest entries by pages, or what comes along with the issue alone, which is more than with a list.

        A Data Center that cuts that short, too, shows the rest nowhere: then the history begins where it begins.
        """
        issue_id, log = str(raw["id"]), raw.get("changelog") or {}
        if self._wire.site.deployment.pages_history:
            return self._earliest(issue_id, log.get("total", PAGE) - len(log.get("histories", ())))
        params = {"fields": "status", "expand": "changelog"}
        whole = self._wire.read("GET", f"issue/{issue_id}", params=params, issue=issue_id).data
        return list((whole.get("changelog") or {}).get("histories", ()))

    def _earliest(self, issue_id: str, wanted: int) -> list[Json]:
        entries: list[Json] = []
        while len(entries) < wanted:
            params = {"startAt": str(len(entries)), "maxResults": str(PAGE)}
            page = self._wire.read("GET", f"issue/{issue_id}/changelog", params=params, issue=issue_id).data
            entries += page["values"]
            if not page["values"]:
                break
        return entries


def _hides_news(raw: Json, since: datetime | None) -> bool:
    """Whether an entry since then may be missing: the newest come first, and a list may bring none at all."""
    log = raw.get("changelog")
    if log is None:
        return since is None or utc(raw["fields"]["updated"]) >= iso(since)
    shown = log.get("histories", [])
    if log.get("total", 0) <= len(shown):
        return False
    return since is None or not shown or iso(since) < min(utc(entry["created"]) for entry in shown)


def joined(raw: Json, rest: Sequence[Json] = ()) -> Json:
    """The issue with all that is known of its history."""
    shown = (raw.get("changelog") or {}).get("histories", ())
    entries = {str(entry["id"]): entry for entry in (*rest, *shown)}
    return {**raw, "changelog": {"histories": list(entries.values())}}


def _dated(entry: Json) -> Json:
    """The entry with its time as elsewhere: where many histories are read together, it is in milliseconds."""
    created = entry["created"]
    return {**entry, "created": iso(datetime.fromtimestamp(created / 1000, UTC))} if isinstance(created, int) else entry
