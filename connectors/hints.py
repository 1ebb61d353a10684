"""What a tracker's webhook tells: an issue may have changed, no more. Pure: raw bytes in, a hint or a refusal out.

What an issue holds is always read from the tracker itself, so a delivery that comes late, twice, out of order or once
more after a year does no harm. Nothing of a delivery is looked at before its signature is proved.

Sources: GitHub "Validating webhook deliveries" and "Webhook events and payloads" (`issues`, `issue_comment`);
Atlassian "Webhooks" of the Jira Cloud platform (`X-Hub-Signature`, `X-Atlassian-Webhook-Identifier`).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from .settings import GithubSettings, JiraSettings, Settings

Headers: TypeAlias = Mapping[str, str]
"""A delivery's headers by their names in small letters."""


@dataclass(frozen=True, slots=True)
class Hint:
    """An issue that may have changed.

    `delivery_id` is the tracker's own and stays over its retries, `issue_id` the port's, `event` the tracker's word for
    what happened. `account` is who did it there, blank where the tracker does not tell.
    """

    delivery_id: str
    issue_id: str
    event: str
    account: str = ""


class Refused(Exception):
    """A delivery that is not taken: `status` is the HTTP status to answer with, the text what the sender is told."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one kind of tracker sends: the headers that hold signature and delivery id, and what its content tells.

    `tell` finds the event, the issue and the account, each as the tracker writes it, or None where that is missing.
    """

    signature: str
    delivery_id: str
    events: frozenset[str]
    tell: Callable[[Any, Headers, Any], tuple[Any, Any, Any]]


def read(settings: Settings, secrets: Sequence[str], headers: Headers, body: bytes) -> Hint | None:
    """The hint of a delivery to the connector with these settings; None for one that is about no issue of its place.

    `secrets` are the ones in use, any of which may have signed. Raises Refused: 401 for a signature that is missing or
    wrong, 400 for content that is not JSON.
    """
    dialect = DIALECTS[settings.type]
    if not is_signed(headers.get(dialect.signature, ""), secrets, body):
        raise Refused(401, f"{dialect.signature} is missing, or is not the sha256 of this content under our secret")
    event, issue, account = dialect.tell(settings, headers, _parsed(body))
    event, issue_id = _text(event, r"[a-z:_]{1,64}"), _text(issue, r"[1-9][0-9]{0,18}")
    if event not in dialect.events or not issue_id:
        return None
    delivery_id = _text(headers.get(dialect.delivery_id), r"[\w.:-]{1,100}") or hashlib.sha256(body).hexdigest()
    return Hint(delivery_id, issue_id, event, _text(account, r"[\w.:@+\[\]-]{1,128}"))


def is_signed(signature: str, secrets: Sequence[str], body: bytes) -> bool:
    """Whether one of the secrets signed these bytes. How long it takes tells nothing of the secrets."""
    given = signature.encode(errors="replace")
    expected = [f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}" for secret in secrets]
    return sum(hmac.compare_digest(given, each.encode()) for each in expected) > 0  # every one is looked at


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Refused(400, "the content is not JSON; set the webhook's content type to application/json") from None


def _text(value: Any, pattern: str) -> str:
    """The value as text where it has that form, else nothing."""
    text = str(value) if isinstance(value, str | int) else ""
    return text if re.fullmatch(pattern, text, re.ASCII) else ""


def _at(value: Any, *names: str) -> Any:
    """What stands at the end of these names, one inside the other; None where the way breaks off."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def _github(settings: GithubSettings, headers: Headers, told: Any) -> tuple[Any, Any, Any]:
    """GitHub: an organization's webhook tells of all its repositories, and numbers are a repository's own."""
    repository = str(_at(told, "repository", "full_name")).casefold()
    number = _at(told, "issue", "number") if repository == settings.repository.casefold() else None
    return headers.get("x-github-event"), number, _at(told, "sender", "login")


def _jira(_: JiraSettings, headers: Headers, told: Any) -> tuple[Any, Any, Any]:
    """Jira: ids are the site's, so an issue that moved to another project is still told of."""
    person = _at(told, "user") or _at(told, "comment", "author")
    return _at(told, "webhookEvent"), _at(told, "issue", "id"), _at(person, "accountId") or _at(person, "name")


DIALECTS: Mapping[str, Dialect] = {
    "github": Dialect("x-hub-signature-256", "x-github-delivery", frozenset({"issues", "issue_comment"}), _github),
    "jira": Dialect(
        "x-hub-signature",
        "x-atlassian-webhook-identifier",
        frozenset(
            f"{what}_{done}"
            for what in ("jira:issue", "comment")
            for done in ("created", "updated", "deleted")
        ),
        _jira,
    ),
}  # fmt: skip
"""Every kind of tracker, by the `type` of its settings."""
