"""Requests to one repository through PyGithub's requester: plain JSON in and out, each sent once.

PyGithub retries POSTs by itself, loads attributes lazily and loses the query of a redirected request; so its
retries are off, its objects unused, and the repository is addressed by its id, which no redirect ever meets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from github import Auth, Github

from ..errors import TrackerError, Unavailable, Unsettled
from ..settings import GithubSettings
from ..silence import named, never_left
from ..texts import scrubbed
from .answers import Answer, Kind, refusal

_LOOPBACK = {"127.0.0.1", "[::1]", "localhost"}


class Wire:
    """Speaks for one token to one repository. Nothing is sent before the first call.

    `write_spacing` is the pause between two writes in seconds; GitHub asks for one, the loopback for none.
    """

    def __init__(self, settings: GithubSettings, token: str, write_spacing: float) -> None:
        self.repository = settings.repository
        self._token = token
        self._github = Github(
            auth=Auth.Token(token),
            base_url=settings.base_url,
            timeout=math.ceil(settings.timeout_seconds),
            user_agent="poam-sync",
            per_page=100,
            retry=None,
            seconds_between_requests=0,
            seconds_between_writes=0 if settings.url.host in _LOOPBACK else write_spacing,
            lazy=True,
        )

    def close(self) -> None:
        """Closes the connections."""
        self._github.close()

    def read(
        self,
        path: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        issue_id: str | None = None,
        many: bool = False,
    ) -> Answer:
        """One GET: a success (or a 304) that holds an object, or a list where `many` are expected.

        `issue_id` names the issue that the path leads to, if any: it makes a 404 that issue's.
        """
        answer = self.ask("GET", path, parameters=parameters, headers=headers)
        return self._accepted(answer, "read", issue_id, many)

    def pages(self, first: Answer, *, issue_id: str | None = None) -> Iterator[list[dict[str, Any]]]:
        """The rows of a list page by page, beginning with an answer already here, following its links."""
        answer = first
        yield answer.data
        while answer.next_page:
            answer = self.read(answer.next_page, issue_id=issue_id, many=True)
            yield answer.data

    def write(
        self, method: str, path: str, data: Any = None, *, issue_id: str | None = None, many: bool = False
    ) -> Answer:
        """One write. Raises Unsettled when nobody can say whether it was applied."""
        answer = self.ask(method, path, "write", data=data)
        return self._accepted(answer, "write", issue_id, many)

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
            error = self._silence(failure, kind)
        # Raised out here: the failure holds the request, and so the token, and must not become its context.
        raise error

    def _accepted(self, answer: Answer, kind: Kind, issue_id: str | None, many: bool) -> Answer:
        error = refusal(answer, kind, self.repository, issue_id)
        if error is None and not _is_ours(answer, many):
            unknown = Unsettled if kind == "write" else Unavailable
            error = unknown(f"The answer for {self.repository} does not look like GitHub's")
        if error:
            raise scrubbed(error, (self._token,))
        return answer

    def _silence(self, failure: Exception, kind: Kind) -> TrackerError:
        """No answer came: harmless for a read and for what never left, else an unsettled write."""
        if isinstance(failure, RuntimeError | AssertionError):
            message = f"GitHub sends us to another address for {self.repository}"
            return Unavailable(message, hint="correct the connector's url")
        if kind == "read" or never_left(failure):
            host = urlsplit(self._github.requester.base_url).netloc
            message = f"GitHub at {host} did not answer for {self.repository} ({named(failure)})"
            return Unavailable(message, hint="check the connector's url and the network")
        return Unsettled(f"GitHub did not confirm our write to {self.repository} ({named(failure)})")


def _is_ours(answer: Answer, many: bool) -> bool:
    """Whether a success holds what GitHub would answer; a proxy's page, even with a 200, does not."""
    if answer.status == 304:
        return True
    try:
        data = answer.data
    except ValueError:
        return False
    return isinstance(data, list) if many else isinstance(data, dict) and "id" in data
