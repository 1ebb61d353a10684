"""What Jira's answers mean: an HTTP answer becomes an error of ours, or passes.

What was refused before it was done may be repeated, a write without a clear answer is unsettled, and a 404 or
an empty list means something only when Jira knew who asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from ..errors import Forbidden, Gone, RateLimited, Rejected, Stale, TrackerError, Unavailable, Unsettled
from ..waits import wait_told
from .deployment import CLOUD

Kind = Literal["read", "write"]

_PAUSES = ("retry-after", "x-ratelimit-reset", "x-ratelimit-interval-seconds")

_NEUTRAL = {"summary": "title", "description": "body"}
_CREDENTIALS = (
    "check the connector's url and user, and that the token is this user's, or make a new API token or personal access "
    "token; a token with scopes works only at https://api.atlassian.com/ex/jira/CLOUD-ID"
)
_BROWSER = "log in once with a browser, where Jira shows a picture to read"

# What a search answers for a project that is not there or not ours to see: a 400, and not a 404.
_NO_PROJECT = re.compile(r"does not exist for the field 'project'")


class Refused(Unavailable):
    """A read that Jira refuses as it was put, which says nothing against the write that it prepares."""


class Missing(Forbidden):
    """Nothing answers there: the project is out of our sight, or this deployment lacks the endpoint."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer. `data` is its JSON, None when it holds none; `time` is the server's clock."""

    status: int
    headers: Mapping[str, str]
    data: Any
    time: datetime

    @property
    def is_page(self) -> bool:
        """Whether this is a web page: a login form or a proxy's error."""
        return "html" in self.headers.get("content-type", "")

    @property
    def errors(self) -> Mapping[str, str]:
        """Jira's messages by field."""
        errors = self.data.get("errors") if isinstance(self.data, dict) else None
        return errors if isinstance(errors, dict) else {}

    @property
    def parts(self) -> Sequence[Mapping[str, Any]]:
        """The errors of a request that made several issues, one for each that was refused. With a 400 it was all."""
        errors = self.data.get("errors") if isinstance(self.data, dict) else None
        return errors if isinstance(errors, list) else ()

    @property
    def words(self) -> str:
        """Jira's own messages, one after the other."""
        body = self.data if isinstance(self.data, dict) else {}
        general = body.get("errorMessages") or body.get("message") or []
        said = [general] if isinstance(general, str) else general
        return " ".join(str(text).strip() for text in (*said, *self.errors.values()))


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked: `where` begins each message, `issue` is the one addressed, `account` who must ask.

    `missing` is what a 404 means when no issue was addressed, `advice` what to do then. Account None: anyone
    may ask, or nobody can tell who did. `identity` is the header that names whom an answer is for, `due_field` Jira's
    name for the due date.
    """

    where: str
    kind: Kind = "read"
    issue: str = ""
    account: str | None = None
    identity: str = CLOUD.identity
    due_field: str = "duedate"
    missing: str = "Jira shows no such project: it is missing or this token has no access"
    advice: str = "check the connector's url and project"


def failure(answer: Answer, asked: Asked) -> TrackerError | None:
    """The error that an answer amounts to, None when it is a good one."""
    if answer.status < 300 or (answer.status == 400 and answer.parts):
        return _odd_success(answer, asked)
    if answer.status < 400:
        return _redirect(answer, asked)
    if answer.status == 429:
        reason = answer.headers.get("ratelimit-reason", "")
        said = f"{asked.where}: too many requests" + (f" ({reason})" if reason else "")
        return RateLimited(said, retry_after=pause(answer.headers, answer.time))
    if answer.status >= 500 or answer.status in (408, 425):
        return _unclear(f"{asked.where}: the server failed with status {answer.status}", asked)
    return _refused(answer, asked)


def refusals(answer: Answer, asked: Asked) -> dict[int, TrackerError]:
    """Why parts of a request were refused, by their places in it: each as if it had been sent alone."""
    refused = {}
    for part in answer.parts:
        error = failure(Answer(part.get("status") or 400, {}, part.get("elementErrors"), answer.time), asked)
        if error is not None:
            refused[part["failedElementNumber"]] = error
    return refused


def pause(headers: Mapping[str, str], now: datetime) -> float:
    """Seconds to wait, at least one, as a Data Center often says 0: Retry-After (seconds or a date), else Cloud's
    X-RateLimit-Reset (ISO 8601), else the seconds in which a Data Center's bucket fills.
    """
    return wait_told(islice(filter(None, (headers.get(name, "").strip() for name in _PAUSES)), 1), now)


def _odd_success(answer: Answer, asked: Asked) -> TrackerError | None:
    if asked.kind == "write":
        confirmed = answer.status == 204 or answer.data is not None
        return None if confirmed else Unsettled(f"{asked.where}: the answer to our write is unreadable")
    if answer.is_page:
        return Forbidden(
            f"{asked.where}: a web page came instead of Jira's data",
            hint="check the connector's url, and that no login page stands before it",
        )
    if answer.data is None:
        return Unavailable(f"{asked.where}: the answer is unreadable")
    return _stranger(answer, asked)


def _stranger(answer: Answer, asked: Asked) -> TrackerError | None:
    """An expired token turns us into a stranger, for whom most things look empty or missing."""
    named = named_in(answer.headers, asked.identity) or ""
    failed = "FAILED" in answer.headers.get("x-seraph-loginreason", "")
    if not failed and (asked.account is None or named.casefold() == asked.account.casefold()):
        return None
    who = "as a stranger" if failed or named in ("", "anonymous") else "as somebody else"
    return Forbidden(f"{asked.where}: Jira treated us {who}", hint=_CREDENTIALS)


def named_in(headers: Mapping[str, str], identity: str) -> str | None:
    """Whom an answer is for, None where it does not tell."""
    return unquote(headers[identity]) if identity in headers else None


def _redirect(answer: Answer, asked: Asked) -> TrackerError:
    target = urlsplit(answer.headers.get("location", ""))
    place = f"{target.scheme}://{target.netloc}" if target.netloc else "another address"
    hint = "put the right address into the connector's url"
    return Forbidden(f"{asked.where}: we are sent on to {place}", hint=hint)


def _unclear(message: str, asked: Asked) -> TrackerError:
    return Unsettled(message) if asked.kind == "write" else Unavailable(message)


def _refused(answer: Answer, asked: Asked) -> TrackerError:
    where, words = asked.where, answer.words
    if answer.status == 401:
        hint = _BROWSER if _is_captcha(answer) else _CREDENTIALS
        return Forbidden(f"{where}: the user or the token was refused", hint=hint)
    if answer.status == 403:
        return _denied(answer, asked)
    if answer.status in (404, 410) or (answer.status == 405 and not asked.issue):
        return _absent(answer, asked)
    if asked.kind == "read" and _NO_PROJECT.search(words):
        return Forbidden(f"{where}: {asked.missing}", hint=asked.advice)
    said = f"{where}: {words or f'refused with status {answer.status}'}"
    if asked.kind == "read":
        return Refused(said)
    if answer.status == 409 and asked.issue:
        return Stale(f"{where}: somebody else changed issue {asked.issue} at the same moment")
    return Rejected(said, field=_field(answer, asked))


def _field(answer: Answer, asked: Asked) -> str:
    """The first field that Jira complains about, by its neutral name if it has one."""
    name = next(iter(answer.errors), "")
    return "due_date" if name == asked.due_field else _NEUTRAL.get(name, name)


def _denied(answer: Answer, asked: Asked) -> TrackerError:
    hint = _BROWSER if _is_captcha(answer) else "give the account the permission it lacks"
    return Forbidden(f"{asked.where}: {answer.words or 'not permitted'}", hint=hint)


def _is_captcha(answer: Answer) -> bool:
    """Whether Jira wants to see a person, after too many wrong passwords: no token is taken until then."""
    return "captcha" in answer.headers.get("x-authentication-denied-reason", "").lower()


def _absent(answer: Answer, asked: Asked) -> TrackerError:
    if asked.issue:
        gone = Gone(f"{asked.where}: issue {asked.issue} is not there, or not visible to us")
        return _stranger(answer, asked) or gone
    return Missing(f"{asked.where}: {asked.missing}", hint=asked.advice)
