"""What GitHub answered, and what a refusal means for us.

Decided from status, headers and message and never from PyGithub's exceptions: a 429 is no RateLimitExceeded
there (PyGithub 2.10.0, Requester.createException), and a 403 may be a rate limit or a missing permission.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Literal

from ..errors import Forbidden, Gone, RateLimited, Rejected, Stale, TrackerError, Unavailable, Unsettled
from ..texts import parsed, scrubbed
from ..waits import moment_of, wait_told

Kind = Literal["read", "write"]

# Below 500, and yet no word on what became of the request: it timed out, or came too early.
_UNCLEAR = (408, 425)

# A signed claim, as every JSON Web Token begins.
_SIGNED = re.compile(r"eyJ[\w.-]+")

_NEXT = re.compile(r'<([^>]+)>;\s*rel="next"')
_LIMITED = ("rate limit", "abuse detection", "submitted too quickly", "retry your request again later")
_HINTS = {
    401: "give the connector a valid token: this one is wrong, expired, revoked or of another site than its url",
    403: "let the token read and write the repository's issues, and authorise it for the organisation's SSO",
    404: "check the repository's name, and that the token may see it",
}
TAKES_NO_WRITE = "let the token, and the account behind it, write the repository's issues"

# What GitHub says of a permission that is missing, whatever its headers count: such an answer is no limit.
_REMEDIES = {
    "saml": "authorise the token for the organisation's single sign-on",
    "by integration": "give the GitHub App read and write access to issues, and let the organisation accept it",
    "by personal access token": "give the token read and write access to the repository's issues",
    "archived": "unarchive the repository, or name another one",
    "admin rights": "give the token's account write access to the repository",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, headers with lower-case names, and the text of the body."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def data(self) -> Any:
        """The body. Raises ValueError when it is not JSON."""
        return parsed(self.text)

    @property
    def object(self) -> Mapping[str, Any]:
        """The body where it is a JSON object, else an empty one."""
        try:
            data = self.data
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def next_page(self) -> str:
        """The address of the list's next page, empty on the last one."""
        match = _NEXT.search(self.headers.get("link", ""))
        return match[1] if match else ""

    @property
    def server_time(self) -> str:
        """When GitHub answered, by its own clock; an answer without a date gets ours."""
        return instant(moment_of(self.headers.get("date", "")) or datetime.now(UTC))

    @property
    def message(self) -> str:
        """GitHub's own explanation of a refusal, empty when it gave none."""
        details = ", ".join(map(_defect, self.object.get("errors") or ()))
        return ": ".join(filter(None, [str(self.object.get("message") or ""), details]))


def instant(moment: datetime) -> str:
    """An instant as the port writes it."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def refusal(answer: Answer, kind: Kind, repository: str, issue_id: str | None) -> TrackerError | None:
    """The error that an answer amounts to, None for a success. `issue_id` is the issue asked for, if one was.

    A write is unsettled by a timeout and any 5xx: a gateway's error says nothing about what GitHub did. And a
    read that is refused says nothing against the write that it prepares.
    """
    status, said = answer.status, f": {answer.message}" if answer.message else ""
    what = f"issue {issue_id} in {repository}" if issue_id else repository
    if status < 300 or status == 304:
        return None
    if _is_limit(answer):
        return RateLimited(f"GitHub limits our requests to {repository}{said}", retry_after=_wait(answer))
    if status >= 500 or status in _UNCLEAR:
        error = Unsettled if kind == "write" else Unavailable
        return error(f"GitHub answered {status} for {what}")
    if status == 410 and issue_id and "disabled" not in answer.message:
        return Gone(f"GitHub says that {what} was deleted{said}")
    if status == 404 and issue_id:
        return Gone(f"GitHub shows no {what}: it is deleted, moved or out of our sight")
    if status == 404:
        message = f"GitHub shows no repository {repository}: it is missing or this token has no access"
        return Forbidden(message, hint=_HINTS[404])
    if status == 410:
        return Forbidden(f"Issues are switched off in {repository}", hint="switch issues on in its settings")
    if status == 403 and issue_id and "issue is locked" in answer.message:
        return Rejected(
            f"The conversation on {what} is locked{said}", hint="unlock it, or give our account write access"
        )
    if status in (401, 403):
        return Forbidden(f"GitHub refuses us in {repository}{said}", hint=_remedy(answer) or _HINTS[status])
    if status < 400 and issue_id and kind == "write":
        return Gone(f"GitHub says that {what} was moved")
    if status < 400:
        return Unavailable(f"GitHub redirects {what} elsewhere", hint="correct the connector's url")
    if kind == "read":
        return Unavailable(f"GitHub refuses to show {what}{said}")
    if status == 409 and issue_id:
        return Stale(f"Somebody else changed {what} at the same moment{said}")
    return Rejected(f"GitHub rejected our request for {what}{said}", field=_field(answer))


def refused(
    answer: Answer, kind: Kind, repository: str, issue_id: str | None, secrets: Sequence[str]
) -> TrackerError | None:
    """As `refusal`, without anything that signs us in, whatever a server or a proxy before it echoes. Errors are made
    nowhere else from an answer's words.
    """
    error = refusal(replace(answer, text=_SIGNED.sub("***", answer.text)), kind, repository, issue_id)
    return error and scrubbed(error, secrets)


def _is_limit(answer: Answer) -> bool:
    if answer.status == 429:
        return True
    if _remedy(answer):
        return False
    named = "retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status == 403 and (named or any(word in answer.message.lower() for word in _LIMITED))


def _wait(answer: Answer) -> float:
    """Seconds until we may ask again: by `retry-after` (seconds or a date), the quota's reset, or unnamed."""
    spent = answer.headers.get("x-ratelimit-remaining") == "0"
    names = ("retry-after", "x-ratelimit-reset") if spent else ("retry-after",)
    told = (answer.headers.get(name, "") for name in names)
    return wait_told(told, datetime.fromisoformat(answer.server_time))


def _remedy(answer: Answer) -> str:
    """What to do about the permission that GitHub says is missing, empty where it says nothing of one."""
    if "x-github-sso" in answer.headers:
        return _REMEDIES["saml"]
    said = answer.message.lower()
    return next((remedy for words, remedy in _REMEDIES.items() if words in said), "")


def _defect(error: Any) -> str:
    if not isinstance(error, dict):
        return str(error)
    return str(error.get("message") or f"{error.get('field', '')} {error.get('code', '')}".strip())


def _field(answer: Answer) -> str:
    """The neutral field that a validation error names first, empty when it names none of ours.

    A comment has a body too, which is no field of the issue.
    """
    errors = [error for error in answer.object.get("errors") or () if isinstance(error, dict)]
    named = [error.get("field", "") for error in errors if error.get("resource", "Issue") == "Issue"]
    return next((name for name in named if name in ("title", "body")), "")
