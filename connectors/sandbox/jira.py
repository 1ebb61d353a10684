"""A Jira, Cloud or Data Center, on the loopback: `SandboxJira` is an application to put behind a `SandboxServer`."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Awaitable, Callable, Mapping, Sequence
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
from .jira_site import BOT, ENGINEER, Deployment, JiraSite, JiraUser, RefusalError

__all__ = ["BOT", "ENGINEER", "GATEWAY", "JiraUser", "SandboxJira"]

Endpoint = Callable[[Call], Answer]
Row = tuple[str, str, Endpoint]
"""An operation: method, path and what answers."""

GATEWAY = "/ex/jira/1c6f3e2a"
"""Where a Cloud site is reached through Atlassian's gateway."""

# Paths before the operation's own.
_ROOTS: Mapping[Deployment, tuple[str, ...]] = {
    "Cloud": ("/rest/api/{api:int}", f"{GATEWAY}/rest/api/{{api:int}}"),
    "Data Center": ("/rest/api/{api:int}",),
}
_UNKNOWN_THERE = {"returnIssue"}
"""Parameters that a Data Center passes over."""


class SandboxJira(JiraSite):
    """One Jira site with one project, with the settings of `JiraSite`; `app` speaks versions 2 and 3, a Data Center
    version 2 alone.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        project: str = "SEC",
        users: Sequence[JiraUser] = (BOT, ENGINEER),
        deployment: Deployment = "Cloud",
    ) -> None:
        super().__init__(clock, project=project, users=users, deployment=deployment)
        rows = [*_routes(self), *_ROUTES[deployment](self)]
        self.app = Starlette(routes=[self._route(root, *row) for root in _ROOTS[deployment] for row in rows])

    def _route(self, root: str, method: str, path: str, endpoint: Endpoint) -> Route:
        return Route(f"{root}/{path}", self._handler(endpoint), methods=[method])

    def _handler(self, endpoint: Endpoint) -> Callable[[Request], Awaitable[Response]]:
        async def handle(request: Request) -> Response:
            return self._respond(request, await request.body(), endpoint)

        return handle

    def _respond(self, request: Request, body: bytes, endpoint: Endpoint) -> Response:
        user: JiraUser | None = None
        try:
            user = self._who(request.url.path, request.headers.get("authorization", ""))
            status, content = endpoint(self._call(request, body, user))
        except RefusalError as refusal:
            status, content = refusal.status, refusal.body
        response = Response(status_code=status) if content is None else JSONResponse(content, status)
        response.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        response.headers.update(self._identity(user))
        return response

    def _identity(self, user: JiraUser | None) -> Mapping[str, str]:
        """What an answer tells of whom it is for: Cloud tells a stranger nothing, a Data Center that they are one."""
        if self.deployment != "Cloud":
            return {"X-AUSERNAME": quote(user.login) if user else "anonymous"}
        return {"X-Aaccountid": quote(user.account_id, safe="")} if user else {}

    def _who(self, path: str, authorization: str) -> JiraUser | None:
        """The user who logs in; nobody when nobody tries, except at the gateway.

        Raises RefusalError (401) for a wrong token, and for a right one at the wrong address.
        """
        through = path.startswith(GATEWAY)
        if (through and not authorization) or (self.scoped_tokens and authorization and not through):
            raise RefusalError(401, "Unauthorized; scope does not match")
        if self.anonymous or not authorization:
            return None
        scheme, _, secret = authorization.partition(" ")
        if scheme == "Basic":
            secret = b64decode(secret).decode()
        for user in self.users:
            if secret in (f"{user.email}:{user.token}", f"{user.login}:{user.token}", user.token):
                return user
        raise RefusalError(401, "Client must be authenticated to access this resource.")

    def _call(self, request: Request, body: bytes, user: JiraUser | None) -> Call:
        try:
            read: Any = json.loads(body or b"{}")
        except ValueError:
            raise RefusalError(400, "There was an error parsing JSON. Check that your request body is valid.") from None
        written = [read, *read.get("issueUpdates", [])] if request.url.path.rpartition("/")[2] != "jql" else []
        if not self.takes_properties and any("properties" in each for each in written):
            raise RefusalError(400, 'Unrecognized field "properties" (Class IssueUpdateBean), not marked as ignorable')
        base = str(request.base_url).rstrip("/")
        path = {name: str(value) for name, value in request.path_params.items()}
        if self.deployment != "Cloud" and path["api"] != "2":
            raise RefusalError(404, "null for uri")
        deaf = _UNKNOWN_THERE if self.deployment != "Cloud" else set()
        query = {name: value for name, value in request.query_params.items() if name not in deaf}
        return Call(user, path, query, read, path["api"], base)


def _routes(site: JiraSite) -> list[Row]:
    """Every operation with its place that both deployments have, the more special places first."""
    about, issues = AboutSite(site), Issues(site)
    return [
        ("GET", "serverInfo", about.server_info),
        ("GET", "myself", about.myself),
        ("GET", "field", about.fields),
        ("GET", "status", about.statuses),
        ("GET", "project/{project}", about.project),
        ("GET", "mypermissions", about.permissions),
        ("GET", "issue/createmeta/{project}/issuetypes", about.create_types),
        ("GET", "issue/createmeta/{project}/issuetypes/{type}", about.create_fields),
        ("POST", "issue", issues.create),
        ("POST", "issue/bulk", issues.create_many),
        ("GET", "issue/{issue}", issues.get),
        ("PUT", "issue/{issue}", issues.edit),
        ("DELETE", "issue/{issue}", issues.delete),
        ("GET", "issue/{issue}/transitions", issues.transitions),
        ("POST", "issue/{issue}/transitions", issues.transition),
        ("GET", "issue/{issue}/comment", issues.comments),
        ("POST", "issue/{issue}/comment", issues.comment),
    ]


def _cloud_routes(site: JiraSite) -> list[Row]:
    """What Cloud alone has. The search of old answers that it is gone."""
    issues, searches = Issues(site), Searches(site)
    return [
        ("POST", "issue/bulkfetch", searches.bulk_fetch),
        ("GET", "issue/{issue}/changelog", issues.changelog),
        ("POST", "changelog/bulkfetch", searches.bulk_histories),
        ("GET", "search/jql", searches.search),
        ("POST", "search/jql", searches.search),
        ("GET", "search", searches.removed_search),
        ("POST", "search", searches.removed_search),
    ]


def _data_center_routes(site: JiraSite) -> list[Row]:
    """What a Data Center has of its own: the search by offset."""
    searches = Searches(site)
    return [("GET", "search", searches.classic_search), ("POST", "search", searches.classic_search)]


_ROUTES: Mapping[Deployment, Callable[[JiraSite], list[Row]]] = {
    "Cloud": _cloud_routes,
    "Data Center": _data_center_routes,
}
