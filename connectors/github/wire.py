"""Requests to one repository: what GitHub accepted, or the error that its refusal amounts to.

The repository is addressed by its id, which no redirect ever meets.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..base import Account
from ..errors import TrackerError, Unavailable, Unsettled
from ..pace import Pace, spacing
from ..settings import GithubSettings
from .answers import Answer, Kind, refused
from .identity import identity

CREATE_LEAVES_WITHIN = 4.5
"""Seconds from the moment at which a create is asked for: what is under way leaves in five, or counts as sent."""


class Wire:
    """Speaks for one token, or one App, to one repository, at the pace of its host. Nothing is sent before the first
    call.
    """

    def __init__(self, settings: GithubSettings, secret: str, pace: Pace) -> None:
        self.repository = settings.repository
        self.identity = identity(settings, secret)
        self.spacing = spacing(settings)
        self._pace = pace

    @property
    def token(self) -> str:
        """What the next request will carry; an App's is renewed by the hour. Raises TrackerError."""
        return self.identity.token

    @property
    def graphql_url(self) -> str:
        """Where GraphQL is spoken."""
        return self.identity.sender().graphql_url

    def account(self) -> Account:
        """Whose writes ours are."""
        return self.identity.account(self._accepted(self.identity.who(), "read", None, False))

    def close(self) -> None:
        """Closes the connections."""
        self.identity.close()

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
        self._pace.wait({"write": self.spacing["write"]})
        return self._written(method, path, data, issue_id, many)

    def now(self) -> float:
        """Seconds by the clock of the pace, which knows no day."""
        return self._pace.now()

    def create(self, path: str, data: Any, *, begun: float) -> Answer:
        """The write that makes an issue, which is kept further apart from others of its kind. Raises as `write`, and
        Unavailable, before anything is sent, where its preparations since `begun` (`now`) took too long.
        """
        self._pace.wait(self.spacing)
        self.identity.sender()  # a token that has to be renewed is one of the preparations
        if self.now() - begun > CREATE_LEAVES_WITHIN:
            raise Unavailable(f"A new issue for {self.repository} was not sent: it took too long to prepare")
        return self._written("POST", path, data, None, False)

    def _written(self, method: str, path: str, data: Any, issue_id: str | None, many: bool) -> Answer:
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
        answer = self.identity.sender().ask(method, path, kind, parameters=parameters, headers=headers, data=data)
        if answer.status == 401:
            self.identity.forget()
        return answer

    def refusal(self, answer: Answer, kind: Kind = "read", issue_id: str | None = None) -> TrackerError | None:
        """The error that an answer amounts to, without our secrets; None for a success."""
        return refused(answer, kind, self.repository, issue_id, self.identity.secrets)

    def _accepted(self, answer: Answer, kind: Kind, issue_id: str | None, many: bool) -> Answer:
        error = self.refusal(answer, kind, issue_id)
        if error is None and not _is_ours(answer, many):
            unknown = Unsettled if kind == "write" else Unavailable
            error = unknown(f"The answer for {self.repository} does not look like GitHub's")
        if error:
            raise error
        return answer


def _is_ours(answer: Answer, many: bool) -> bool:
    """Whether a success holds what GitHub would answer; a proxy's page, even with a 200, does not."""
    if answer.status in (204, 304):
        return True
    try:
        data = answer.data
    except ValueError:
        return False
    return isinstance(data, list) if many else isinstance(data, dict) and "id" in data
