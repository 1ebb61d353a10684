"""One call to the sandbox GitHub and its reply: parameters, filters, pages and their links."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from .github_store import Refusal, StoredIssue, User

REPOSITORY_ID = 4711

_SORTS: dict[str, Callable[[StoredIssue], Any]] = {
    "created": lambda issue: (issue.created, issue.number),
    "updated": lambda issue: (issue.updated, issue.number),
    "comments": lambda issue: (issue.comments, issue.number),
}


@dataclass(frozen=True, slots=True)
class Call:
    """One request: who asks (None: nobody we know), and what for."""

    request: Request
    user: User | None
    data: Any

    @property
    def me(self) -> User:
        """The user, for what nobody may do anonymously."""
        if self.user is None:
            raise Refusal(401, "Requires authentication")
        return self.user

    @property
    def number(self) -> int:
        """The issue's number in the path."""
        return int(self.request.path_params["number"])

    def query(self, name: str, default: str = "") -> str:
        """A parameter of the query."""
        return self.request.query_params.get(name, default)


@dataclass(frozen=True, slots=True)
class Reply:
    """What to answer."""

    body: Any
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Reply]


async def json_of(request: Request) -> Any:
    """The request's content. Refuses with 400 what is not JSON."""
    content = await request.body()
    try:
        return json.loads(content) if content else {}
    except ValueError as flaw:
        raise Refusal(400, "Problems parsing JSON") from flaw


def label_name(label: Any) -> str:
    """A label of a request, which may be a text or an object."""
    return str(label["name"] if isinstance(label, dict) else label)


def matches(call: Call, issue: StoredIssue) -> bool:
    """Whether the list that was asked for holds this issue."""
    names = {label.name.casefold() for label in issue.labels}
    wanted = {name.strip().casefold() for name in call.query("labels").split(",") if name.strip()}
    since, creator = call.query("since"), call.query("creator")
    return (
        call.query("state", "open") in ("all", issue.state)
        and wanted <= names
        and (not creator or creator.casefold() == issue.author.login.casefold())
        and (not since or issue.updated >= datetime.fromisoformat(since))
    )


def in_order(call: Call, issues: Sequence[StoredIssue]) -> list[StoredIssue]:
    """Sorted as asked; an unknown sort is silently ignored, as GitHub does."""
    sort = _SORTS.get(call.query("sort"), _SORTS["created"])
    return sorted(issues, key=sort, reverse=call.query("direction", "desc") != "asc")


def paged(call: Call, rows: Sequence[Any], render: Callable[[Any], dict[str, Any]]) -> Reply:
    """One page of at most 100 rows with the Link header that leads to the others."""
    size = min(max(int(call.query("per_page", "30")), 1), 100)
    page = max(int(call.query("page", "1")), 1)
    last = max(-(-len(rows) // size), 1)
    turns = {"prev": page - 1, "next": page + 1, "last": last, "first": 1}
    shown = {rel: at for rel, at in turns.items() if 1 <= at <= last and (at != page)}
    base = call.request.url.replace(path=by_id(call.request.url.path), query="")
    query = {key: value for key, value in call.request.query_params.items() if key != "page"}
    links = [f'<{base}?{urlencode({**query, "page": at})}>; rel="{rel}"' for rel, at in shown.items()]
    body = [render(row) for row in rows[(page - 1) * size : page * size]]
    return Reply(body, headers={"Link": ", ".join(links)} if links else {})


def by_id(path: str) -> str:
    """GitHub's own links address the repository by its id."""
    parts = path.split("/")
    return "/".join(["", "repositories", str(REPOSITORY_ID), *parts[4:]]) if parts[1] == "repos" else path
