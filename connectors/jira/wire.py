"""Requests to one Jira site through the session of the `jira` library: plain JSON in and out, each sent once.

The library's own methods send hidden requests, repeat POSTs and follow redirects, so it only holds the
session: address, authentication, TLS. Nothing is sent before the first call.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from jira import JIRA
from requests.cookies import RequestsCookieJar

from ..base import Account, Status, Visibility
from ..errors import Forbidden, Rejected, TrackerError, Unavailable, Unsettled
from ..settings import JiraSettings
from ..silence import named, never_left
from ..texts import parsed, scrubbed
from .answers import Answer, Asked, Kind, Missing, failure, named_in, refusals
from .deployment import CLASSIC, Deployment, deployment_of
from .reading import Json, statuses_of

_CONNECT_SECONDS = 5.0
_ADDRESS = "the connector's url must be the site's address, such as https://NAME.atlassian.net"
_GATEWAY = "/ex/jira/"
"""In an address of Atlassian's gateway, which takes tokens with scopes and asks strangers to log in."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Site:
    """What is learnt about a site once per process. `statuses` is by id and grows when a new one is met.

    `address` is the site's own, for people. `called` is what its answers call us, None where they do not tell.
    """

    deployment: Deployment
    address: str
    account: Account
    called: str | None
    statuses: Mapping[str, Status]


class Wire:
    """Speaks for one token to one site about one project. `time` is the server's clock in its last answer."""

    def __init__(self, settings: JiraSettings, token: str) -> None:
        self.where = f"Jira at {urlsplit(settings.base_url).netloc}, project {settings.project}"
        self.time = datetime(1970, 1, 1, tzinfo=UTC)
        self._settings = settings
        self._secrets = (_basic(settings.user, token), token)
        self._sought: frozenset[str] = frozenset()
        self._lacking: set[str] = set()
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
        # A session cookie would outlive the token that it stands for; and a Data Center that gets both now and then
        # refuses a good personal access token because of the cookie (pycontribs/jira#1904). So none is ever sent.
        self._jira._session.cookies = RequestsCookieJar(DefaultCookiePolicy(allowed_domains=[]))

    def close(self) -> None:
        """Closes the connections."""
        self._jira.close()  # type: ignore[no-untyped-call]

    @cached_property
    def site(self) -> Site:
        """The site, by three requests the first time. Raises Forbidden when it is no Jira."""
        asked = Asked(self.where, missing="there is no Jira at this address", advice=_ADDRESS)
        info = self._judged("GET", "serverInfo", asked).data
        if not isinstance(info, dict) or "versionNumbers" not in info:
            raise Forbidden(f"{self.where}: there is no Jira at this address", hint=_ADDRESS)
        deployment, told = deployment_of(info), self._judged("GET", "myself", asked)
        account = Account(told.data[deployment.account], told.data.get("displayName", ""))
        address = str(info.get("baseUrl") or self._settings.base_url).rstrip("/")
        called = named_in(told.headers, deployment.identity)  # a stranger is told nothing of `myself`
        asked = replace(asked, account=called, identity=deployment.identity)
        return Site(deployment, address, account, called, self._statuses(asked))

    def statuses(self, needed: Set[str]) -> Mapping[str, Status]:
        """The site's statuses by id, asked again for one made since; a deleted one is sought only once."""
        missing = needed - self.site.statuses.keys() - self._sought
        if missing:
            self.site = replace(self.site, statuses=self._statuses(self._asked("read", "")))
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
        """One request that changes nothing. The answer is JSON for our own account, or an error is raised.

        A path belongs to version 2 of the API, unless it begins with a slash.
        """
        asked = self._asked("read", issue)
        return self._judged(method, path, replace(asked, missing=missing or asked.missing), body, params)

    def search(self, query: Json) -> Answer:
        """One request for issues: what this deployment does not understand of the query is left out."""
        deployment = self.site.deployment
        known = {name: value for name, value in query.items() if name in deployment.understands}
        if deployment.search != CLASSIC:
            return self.read("POST", deployment.search, body=known)
        # By GET, as a Data Center takes properties in no other way.
        params = {name: ",".join(value) if isinstance(value, list) else str(value) for name, value in known.items()}
        return self.read("GET", CLASSIC, params=params)

    def first(self, name: str, ask: Callable[[], T], otherwise: Callable[[], T]) -> T:
        """The answer of an endpoint, or what is got `otherwise` where a deployment lacks it, which is remembered.

        Where there is nothing otherwise either, it is the project that is out of sight.
        """
        if name not in self._lacking:
            with suppress(Missing):
                return ask()
        found = otherwise()
        self._lacking.add(name)
        return found

    def write(
        self,
        method: str,
        path: str,
        *,
        body: Any,
        params: Mapping[str, str] | None = None,
        issue: str = "",
    ) -> Answer:
        """One request that changes something. Raises Unsettled when nobody can say whether it did.

        Where a deployment takes no entity properties, which it says by a refusal of the whole, they are left out from
        then on, and the labels alone hold the marker.
        """
        asked = self._asked("write", issue)
        known = params if self.site.deployment.answers_edits else None
        if "properties" not in self._lacking:
            try:
                return self._judged(method, path, asked, body, known)
            except Rejected as refusal:
                if isinstance(refusal, Forbidden) or '"properties"' not in str(refusal):
                    raise
            self._lacking.add("properties")
        return self._judged(method, path, asked, without(body, "properties"), known)

    def refusals(self, answer: Answer) -> Mapping[int, TrackerError]:
        """Why parts of a write were refused, by their places in it."""
        refused = refusals(answer, self._asked("write", ""))
        return {place: scrubbed(error, self._secrets) for place, error in refused.items()}

    def visibility(self) -> Visibility:
        """Whether a stranger can read the project, by asking as one. Raises Unavailable: an outage tells nothing.

        Asked at the site: the gateway lets no stranger in, whatever a project shows them.
        """
        base = self.site.address if _GATEWAY in self._settings.base_url else self._settings.base_url
        try:
            # The empty `auth` keeps a password file of this machine out of it.
            url = f"{base}/rest/api/2/project/{self._settings.project}"
            response = requests.get(url, auth=_nobody, timeout=self._timeout, allow_redirects=False)
        except requests.RequestException as lost:
            raise self._lost(lost, "read") from None
        status = response.status_code
        if status >= 500 or status in (408, 425, 429):
            raise Unavailable(f"{self.where}: the server failed with status {status}")
        if self._answer(response).is_page:
            return "unknown"  # a login page or a portal: what stands behind it is not told
        by_status: dict[int, Visibility] = {200: "public", 401: "private", 403: "private", 404: "private"}
        return by_status.get(status, "unknown")

    def _statuses(self, asked: Asked) -> Mapping[str, Status]:
        """Asked now. A site without a status is none: without them every history would be misread."""
        statuses = statuses_of(self._judged("GET", "status", asked).data)
        if not statuses:
            raise Unavailable(f"{self.where}: Jira names no status")
        return statuses

    def _asked(self, kind: Kind, issue: str) -> Asked:
        site = self.site
        return Asked(self.where, kind, issue, site.called, site.deployment.identity, self._settings.due_field)

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
                f"{self._settings.base_url}{path}" if path.startswith("/") else self._jira._get_url(path),
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


def without(body: Any, name: str) -> Any:
    """The body without the members of that name, wherever they stand."""
    if isinstance(body, dict):
        return {key: without(value, name) for key, value in body.items() if key != name}
    return [without(each, name) for each in body] if isinstance(body, list) else body


def _nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _basic(user: str, token: str) -> str:
    """What the Authorization header holds of user and token, without the padding."""
    return b64encode(f"{user}:{token}".encode("latin1", "replace")).decode().rstrip("=")
