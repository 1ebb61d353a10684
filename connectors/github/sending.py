"""One request, sent once, as one user of GitHub: plain JSON in and out, and a word for no answer.

PyGithub retries POSTs by itself, loads attributes lazily and loses the query of a redirected request; so its
retries are off and its objects unused.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from github import Auth, Github

from ..errors import TrackerError, Unavailable, Unsettled
from ..settings import GithubSettings
from ..silence import named, never_left
from .answers import Answer, Kind
from .once import Once


class Sender:
    """Speaks with one way to sign in. Nothing is sent before the first call."""

    def __init__(self, settings: GithubSettings, auth: Auth.Auth) -> None:
        self._repository = settings.repository
        self._github = Github(
            auth=auth,
            base_url=settings.base_url,
            timeout=math.ceil(settings.timeout_seconds),
            user_agent="poam-sync",
            per_page=100,
            retry=Once(),
            seconds_between_requests=0,
            seconds_between_writes=0,
            lazy=True,
        )

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is spoken, which on an Enterprise Server is not below the REST API's address."""
        return self._github.requester.graphql_url

    def close(self) -> None:
        """Closes the connections."""
        self._github.close()

    def ask(
        self,
        method: str,
        path: str,
        kind: Kind = "read",
        *,
        parameters: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        data: Any = None,
    ) -> Answer:
        """One request and whatever was answered to it, refusals included. Raises when no answer came."""
        send = self._github.requester.requestJson
        try:
            return Answer(*send(method, path, dict(parameters or {}), dict(headers or {}), data))
        except (requests.RequestException, RuntimeError, AssertionError, ValueError) as failure:
            error = self.silence(failure, kind)
        # Raised out here: the failure holds the request, and so the token, and must not become its context.
        raise error

    def silence(self, failure: Exception, kind: Kind) -> TrackerError:
        """No answer came: harmless for a read and for what never left, else an unsettled write."""
        if isinstance(failure, RuntimeError | AssertionError):
            message = f"GitHub sends us to another address for {self._repository}"
            return Unavailable(message, hint="correct the connector's url")
        if kind == "read" or never_left(failure):
            host = urlsplit(self._github.requester.base_url).netloc
            message = f"GitHub at {host} did not answer for {self._repository} ({named(failure)})"
            return Unavailable(message, hint="check the connector's url and the network")
        return Unsettled(f"GitHub did not confirm our write to {self._repository} ({named(failure)})")
