"""The comments of an issue of which Jira sends only some along: the others are asked for where they may be news."""

from __future__ import annotations

from datetime import datetime

from .reading import Json, comments_in, iso, utc
from .wire import Wire

PAGE = 100


def with_comments(wire: Wire, raw: Json, since: datetime | None) -> Json:
    """The issue with all its comments, or at least those `since` then; no request where they came along."""
    fields = raw["fields"]
    if not _hides_news(fields, since):
        return raw
    said = [*comments_in(fields), *_newest(wire, str(raw["id"]), since)]
    whole = {**fields["comment"], "comments": list({each["id"]: each for each in said}.values())}
    return {**raw, "fields": {**fields, "comment": whole}}


def _hides_news(fields: Json, since: datetime | None) -> bool:
    """Whether a comment since then may be missing. The list is oldest first and may be cut at either end."""
    page, shown = fields.get("comment") or {}, comments_in(fields)
    start, total = page.get("startAt", 0), page.get("total", 0)
    if start + len(shown) < total:
        return True
    return start > 0 and (since is None or iso(since) <= min(utc(each["created"]) for each in shown))


def _newest(wire: Wire, issue_id: str, since: datetime | None) -> list[Json]:
    """Comments by pages, the newest first, until then."""
    said: list[Json] = []
    while True:
        params = {"startAt": str(len(said)), "maxResults": str(PAGE), "orderBy": "-created"}
        page = wire.read("GET", f"issue/{issue_id}/comment", params=params, issue=issue_id).data
        said += page["comments"]
        if not page["comments"] or len(said) >= page["total"]:
            return said
        if since is not None and utc(said[-1]["created"]) < iso(since):
            return said
