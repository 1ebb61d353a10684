"""Requests to one Jira site through the session of the `jira` library: plain JSON in and out, each sent once.

The library's own methods send hidden requests, repeat POSTs and follow redirects, so it only holds the
session: address, authentication, TLS. Nothing is sent before the first call.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urlsplit

import requests
from jira import JIRA
from requests.cookies import RequestsCookieJar

from ..base import Account, Status, Visibility
from ..errors import Forbidden, TrackerError, Unavailable, Unsettled
from ..settings import JiraSettings
from ..silence import named, never_left
from ..texts import parsed, scrubbed
from .answers import Answer, Asked, Kind, failure
from .reading import statuses_of

_CONNECT_SECONDS = 5.0
_ADDRESS = "the connector's url must be the site's address, such as https://NAME.atlassian.net"


@dataclass(frozen=True, slots=True)
class Site:
    """What is learnt about a site once per process. `statuses` is by id and grows when a new one is met."""

    deployment: str
    address: str
    account: Account
    statuses: Mapping[str, Status]


class Wire:
    """Speaks for one token to one site about one project. `time` is the server's clock in its last answer."""

    def __init__(self, settings: JiraSettings, token: str) -> None:
        self.where = f"Jira at {urlsplit(settings.base_url).netloc}, project {settings.project}"
        self.time = datetime(1970, 1, 1, tzinfo=UTC)
        self._settings = settings
        self._secrets = (_basic(settings.user, token), token)
        self._sought: frozenset[str] = frozenset()
        self._timeout = (min(_CONNECT_SECONDS, settings.timeout_seconds), settings.timeout_seconds)
        self._jira = JIRA(
            settings.base_url,
            options={"rest_api_version": "2", "check_update": False},
            basic_auth=(settings.user, token) if settings.user else None,
            token_auth=None if settings.user else token,
            max_retries=0,
            timeout=self._timeout,
            validate=False,
            get_server_info=False,
            logging=False,
        )
        # A session cookie would outlive the token that it stands for.
        self._jira._session.cookies = RequestsCookieJar(DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        """Closes the connections."""
        self._jira.close()  # type: ignore[no-untyped-call]

    @cached_property
    def site(self) -> Site:
        """The site, by three requests the first time. Raises Forbidden when it is no Jira Cloud."""
        asked = Asked(self.where, missing="there is no Jira at this address", advice=_ADDRESS)
        info = self._judged("GET", "serverInfo", asked).data
        if not isinstance(info, dict) or "versionNumbers" not in info:
            raise Forbidden(f"{self.where}: there is no Jira at this address", hint=_ADDRESS)
        if info.get("deploymentType") != "Cloud":
            kind = info.get("deploymentType", "Server")
            hint = "choose a project on a Jira Cloud site"
            raise Forbidden(f"{self.where}: this is a Jira {kind}, and only Jira Cloud is supported", hint=hint)
        me = self._judged("GET", "myself", asked).data
        account = Account(me["accountId"], me.get("displayName", ""))
        return Site("Cloud", info.get("baseUrl", self._jira.server_url), account, self._statuses(account))

    def statuses(self, needed: Set[str]) -> Mapping[str, Status]:
        """The site's statuses by id, asked again for one made since; a deleted one is sought only once."""
        missing = needed - self.site.statuses.keys() - self._sought
        if missing:
            self.site = replace(self.site, statuses=self._statuses(self.site.account))
            self._sought |= missing
        return self.site.statuses

    def read(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Mapping[str, str] | None = None,
        issue: str = "",
        missing: str = "",
    ) -> Answer:
        """One request that changes nothing. The answer is JSON for our own account, or an error is raised."""
        asked = self._asked("read", issue)
        return self._judged(method, path, replace(asked, missing=missing or asked.missing), body, params)

    def write(
        self,
        method: str,
        path: str,
        *,
        body: Any,
        params: Mapping[str, str] | None = None,
        issue: str = "",
    ) -> Answer:
        """One request that changes something. Raises Unsettled when nobody can say whether it did."""
        return self._judged(method, path, self._asked("write", issue), body, params)

    def visibility(self) -> Visibility:
        """Whether a stranger can read the project, by asking as one. Raises Unavailable: an outage tells nothing."""
        url = self._jira._get_url(f"project/{self._settings.project}")
        try:
            # The empty `auth` keeps a password file of this machine out of it.
            status = requests.get(url, auth=_nobody, timeout=self._timeout, allow_redirects=False).status_code
        except requests.RequestException as lost:
            raise self._lost(lost, "read") from None
        if status >= 500 or status in (408, 425, 429):
            raise Unavailable(f"{self.where}: the server failed with status {status}")
        by_status: dict[int, Visibility] = {200: "public", 401: "private", 403: "private", 404: "private"}
        return by_status.get(status, "unknown")

    def _statuses(self, account: Account) -> Mapping[str, Status]:
        """Asked now. A site without a status is none: without them every history would be misread."""
        statuses = statuses_of(self._judged("GET", "status", Asked(self.where, account=account.id)).data)
        if not statuses:
            raise Unavailable(f"{self.where}: Jira names no status")
        return statuses

    def _asked(self, kind: Kind, issue: str) -> Asked:
        return Asked(self.where, kind, issue, self.site.account.id, self._settings.due_field)

    def _judged(
        self, method: str, path: str, asked: Asked, body: Any = None, params: Mapping[str, str] | None = None
    ) -> Answer:
        answer = self._send(method, path, asked.kind, body, params)
        error = failure(answer, asked)
        if error is not None:
            raise scrubbed(error, self._secrets)
        return answer

    def _send(self, method: str, path: str, kind: Kind, body: Any, params: Mapping[str, str] | None) -> Answer:
        """One request and its answer, whatever it is. Raises when none came."""
        data = None if body is None else json.dumps(body)
        try:
            # Past the library's own `request`: that one repeats, logs bodies and trips over unusual errors.
            response = requests.Session.request(
                self._jira._session,
                method,
                self._jira._get_url(path),
                params=params,
                data=data,
                timeout=self._timeout,
                allow_redirects=False,
            )
            return self._answer(response)
        except requests.RequestException as lost:
            error = self._lost(lost, kind)
        # Raised out here, so that the failure, which holds the request and so the token, is not its context.
        raise error

    def _answer(self, response: requests.Response) -> Answer:
        with suppress(ValueError):  # a proxy's answer may have no time; the last one known is near enough
            self.time = parsedate_to_datetime(response.headers.get("Date", ""))
        try:
            data = parsed(response.content.decode("utf-8-sig", "replace"))
        except ValueError:
            data = None
        return Answer(response.status_code, response.headers, data, self.time)

    def _lost(self, lost: requests.RequestException, kind: Kind) -> TrackerError:
        if kind == "read" or never_left(lost):
            hint = "check the connector's url and the network"
            return Unavailable(f"{self.where}: no answer ({named(lost)})", hint=hint)
        return Unsettled(f"{self.where}: our write was not confirmed ({named(lost)})")


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _basic(user: str, token: str) -> str:
    """What the Authorization header holds of user and token, without the padding."""
    return b64encode(f"{user}:{token}".encode("latin1", "replace")).decode().rstrip("=")
