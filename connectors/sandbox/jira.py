"""A Jira Cloud on the loopback: `SandboxJira` is an application to put behind a `SandboxServer`."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Sequence
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .clock import Clock
from .jira_about import AboutSite
from .jira_call import Answer, Call
from .jira_issues import Issues
from .jira_search import Searches
from .jira_site import BOT, ENGINEER, JiraSite, JiraUser, RefusalError

__all__ = ["BOT", "ENGINEER", "JiraUser", "SandboxJira"]

Endpoint = Callable[[Call], Answer]


class SandboxJira(JiraSite):
    """One Jira site with one project, with the settings of `JiraSite`; `app` speaks versions 2 and 3."""

    def __init__(self, clock: Clock, *, project: str = "SEC", users: Sequence[JiraUser] = (BOT, ENGINEER)) -> None:
        super().__init__(clock, project=project, users=users)
        self.app = Starlette(routes=[self._route(*row) for row in _routes(self)])

    def _route(self, method: str, path: str, endpoint: Endpoint) -> Route:
        return Route(f"/rest/api/{{api:int}}/{path}", self._handler(endpoint), methods=[method])

    def _handler(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            return self._respond(request, await request.body(), endpoint)

        return handle

    def _respond(self, request: Request, body: bytes, endpoint: Endpoint) -> Response:
        user: JiraUser | None = None
        try:
            user = self._who(request.headers.get("authorization", ""))
            status, content = endpoint(_call(request, body, user))
        except RefusalError as refusal:
            status, content = refusal.status, refusal.body
        response = Response(status_code=status) if content is None else JSONResponse(content, status)
        response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        if user is not None:
            response.headers["X-Aaccountid"] = quote(user.account_id, safe="")
        return response

    def _who(self, authorization: str) -> JiraUser | None:
        """The user who logs in; nobody when nobody tries. Raises RefusalError (401) for a wrong token."""
        if self.anonymous or not authorization:
            return None
        scheme, _, secret = authorization.partition(" ")
        if scheme == "Basic":
            secret = b64decode(secret).decode()
        for user in self.users:
            if secret in (f"{user.email}:{user.token}", user.token):
                return user
        raise RefusalError(401, "Client must be authenticated to access this resource.")


def _call(request: Request, body: bytes, user: JiraUser | None) -> Call:
    try:
        read: Any = json.loads(body or b"{}")
    except ValueError:
        raise RefusalError(400, "There was an error parsing JSON. Check that your request body is valid.") from None
    base = str(request.base_url).rstrip("/")
    path = {name: str(value) for name, value in request.path_params.items()}
    return Call(user, path, dict(request.query_params), read, path["api"], base)


def _routes(site: JiraSite) -> list[tuple[str, str, Endpoint]]:
    """Every operation with its place, the more special places first."""
    about, issues, searches = AboutSite(site), Issues(site), Searches(site)
    return [
        ("GET", "serverInfo", about.server_info),
        ("GET", "myself", about.myself),
        ("GET", "field", about.fields),
        ("GET", "status", about.statuses),
        ("GET", "project/{project}", about.project),
        ("GET", "mypermissions", about.permissions),
        ("GET", "issue/createmeta/{project}/issuetypes", about.create_types),
        ("GET", "issue/createmeta/{project}/issuetypes/{type}", about.create_fields),
        ("POST", "issue/bulkfetch", searches.bulk_fetch),
        ("POST", "issue", issues.create),
        ("GET", "issue/{issue}", issues.get),
        ("PUT", "issue/{issue}", issues.edit),
        ("DELETE", "issue/{issue}", issues.delete),
        ("GET", "issue/{issue}/changelog", issues.changelog),
        ("GET", "issue/{issue}/transitions", issues.transitions),
        ("POST", "issue/{issue}/transitions", issues.transition),
        ("GET", "search/jql", searches.search),
        ("POST", "search/jql", searches.search),
        ("GET", "search", searches.removed_search),
        ("POST", "search", searches.removed_search),
    ]
