"""A tracker's webhooks: what it sends after an act, signed. A hook reads the issue through the sandbox's own API.

A delivery can be kept, sent again and sent late, as trackers do, and `changed`, as only a stranger would.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import requests

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery as it goes over the wire."""

    headers: Mapping[str, str]
    body: bytes

    def send(self, url: str) -> int:
        """Delivers it; the status of the answer."""
        return requests.post(url, data=self.body, headers=dict(self.headers), timeout=30).status_code

    def changed(self, body: bytes = b"", **headers: str) -> Delivery:
        """Another content or other headers (`x_github_delivery`) under the same signature; blank ones are left out."""
        kept = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return replace(self, headers={name: value for name, value in kept.items() if value}, body=body or self.body)


@dataclass(frozen=True, slots=True)
class GithubHook:
    """A webhook of one repository of a sandbox GitHub at `api`; `token` is that of the person whose acts it tells."""

    api: str
    repository: str
    token: str
    secret: str

    def delivery(self, issue_id: str, action: str = "edited", *, event: str = "issues") -> Delivery:
        """What GitHub sends after this person did that to an issue."""
        home = f"/repos/{self.repository}"
        told = {"action": action, "issue": self._read(f"{home}/issues/{issue_id}")}
        return self.of({**told, "repository": self._read(home), "sender": self._read("/user")}, event)

    def of(self, content: Json, event: str) -> Delivery:
        """A delivery of this content."""
        body = json.dumps(content).encode()
        headers = {
            "content-type": "application/json",
            "x-github-event": event,
            "x-github-delivery": str(uuid4()),
            "x-hub-signature-256": signature(self.secret, body),
        }
        return Delivery(headers, body)

    def _read(self, path: str) -> Json:
        return _read(f"{self.api}{path}", {"Authorization": f"Bearer {self.token}"}, None)


@dataclass(frozen=True, slots=True)
class JiraHook:
    """An administrator's webhook of a sandbox Jira at `api`, which tells the acts of one user."""

    api: str
    user: tuple[str, str]
    secret: str

    def delivery(self, issue_id: str, event: str = "jira:issue_updated", *, at: int = 0) -> Delivery:
        """What Jira sends after this user did that to an issue; `at` is in milliseconds since 1970."""
        place = f"{self.api}/rest/api/2"
        issue, user = (_read(f"{place}/{path}", {}, self.user) for path in (f"issue/{issue_id}", "myself"))
        return self.of({"timestamp": at, "webhookEvent": event, "user": user, "issue": issue})

    def of(self, content: Json) -> Delivery:
        """A delivery of this content."""
        body = json.dumps(content).encode()
        headers = {
            "content-type": "application/json; charset=UTF-8",
            "x-atlassian-webhook-identifier": str(uuid4()),
            "x-atlassian-webhook-flow": "Primary",
            "x-hub-signature": signature(self.secret, body),
        }
        return Delivery(headers, body)


def signature(secret: str, body: bytes) -> str:
    """The header that proves a body, as both vendors write it."""
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def _read(url: str, headers: Mapping[str, str], auth: tuple[str, str] | None) -> Json:
    answer = requests.get(url, headers=dict(headers), auth=auth, timeout=30)
    answer.raise_for_status()
    found: Json = answer.json()
    return found
