"""A request to the sandbox Jira, read: what the operations see of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .jira_site import JiraSite, JiraUser, RefusalError
from .jira_views import Json, Views, Wanted


@dataclass(frozen=True, slots=True)
class Call:
    """`user` is None for a stranger, `api` is the version (2 or 3), `base` the site's address."""

    user: JiraUser | None
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Json
    api: str
    base: str

    def views(self, site: JiraSite) -> Views:
        """The views this caller sees."""
        return Views(site, self.base, self.api, self.user.zone if self.user else "UTC")

    def known(self) -> JiraUser:
        """The user. Raises RefusalError (401) for a stranger."""
        if self.user is None:
            raise RefusalError(401, "Client must be authenticated to access this resource.")
        return self.user

    def wanted(self, *fields: str) -> Wanted:
        """What to show of issues, from the body or else the query; `fields` is the endpoint's default."""
        return Wanted(self._several("fields") or fields, self._several("expand"), self._several("properties"))

    def number(self, name: str, default: int) -> int:
        """A whole number from the body or the query."""
        return int(self.body.get(name, self.query.get(name, default)))

    def _several(self, name: str) -> tuple[str, ...]:
        value = self.body.get(name, self.query.get(name, ""))
        return tuple(value if isinstance(value, list) else filter(None, value.split(",")))


Answer = tuple[int, Any]
"""A status and the JSON to go with it, None for no content."""
