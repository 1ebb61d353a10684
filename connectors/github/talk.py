"""From GitHub's comments, closings and mentions to what was said of an issue, and what points to the work. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..base import Account, Comment, Reference
from .reading import account_of, moment

Row = Mapping[str, Any]

_COMMIT = re.compile(r"/repos/([^/]+/[^/]+)/commits/([0-9a-f]+)$")


def comments_of(rows: Iterable[Row]) -> tuple[Comment, ...]:
    """The comments in rows of a list, which may come twice, or in a timeline; oldest first."""
    found = {row["id"]: _comment(row) for row in rows}
    return tuple(found[number] for number in sorted(found))


def references_of(issue: Row, events: Iterable[Row]) -> tuple[Reference, ...]:
    """The commits that closed an issue and the pull requests that name it, oldest first, each once."""
    ordered = sorted(_references(issue, events), key=lambda reference: reference.at)
    return tuple({(each.kind, each.text): each for each in reversed(ordered)}.values())[::-1]


def number_of(comment: Row) -> int:
    """The number of the issue that a comment stands below, which only its address tells."""
    return int(comment["issue_url"].rpartition("/")[2])


def _comment(row: Row) -> Comment:
    text = (row.get("body") or "").replace("\r\n", "\n").replace("\r", "\n")
    return Comment(int(row["id"]), moment(row["created_at"]), account_of(row.get("user")), text)


def _references(issue: Row, events: Iterable[Row]) -> Iterator[Reference]:
    for event in events:
        if event.get("event") == "closed" and event.get("commit_id"):
            at, author = _when_and_who(event)
            yield Reference("commit", _commit_page(issue, event), at, author)
        source = (event.get("source") or {}).get("issue") or {}
        if event.get("event") == "cross-referenced" and source.get("pull_request"):
            at, author = _when_and_who(event)
            yield Reference("pull_request", source["html_url"], at, author)


def _when_and_who(event: Row) -> tuple[str, Account]:
    return moment(event["created_at"]), account_of(event.get("actor"))


def _commit_page(issue: Row, event: Row) -> str:
    """Where people see the commit, which may be in another repository than the issue it closed."""
    site, owner, name, _, _ = issue["html_url"].rsplit("/", 4)
    found = _COMMIT.search(event.get("commit_url") or "")
    return f"{site}/{found[1] if found else f'{owner}/{name}'}/commit/{event['commit_id']}"
