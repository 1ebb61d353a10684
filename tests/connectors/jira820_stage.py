"""The contract's stage at jira820: a Jira Data Center 8.20 that other people wrote, so that it forgives us nothing.

Three things that every real Jira does and jira820 does not are done for it: issues are addressed by id as well as by
key, the creator of an issue is whoever logged in, and comments come along with an issue. Its clock knows one instant,
09:00 of one day, so the stage begins before that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Literal

import requests
from jira820.config import Config
from jira820.serialize import Serializer, iid
from jira820.server import make_app
from jira820.store import Store
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from poam.connectors.jira import JiraTracker
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.person import Closing
from poam.connectors.sandbox.server import Fault, SandboxServer

from .jira_sites import again, body_of
from .jira_stage import CREATE, tracker
from .stage import Stage

BEGIN = datetime(2026, 3, 2, 8, tzinfo=UTC)
US, ENGINEER = "poam-bot", "admin"
"""Accounts. Whatever moves an issue there is told as the engineer's doing."""

RESOLUTIONS: dict[Closing, str] = {"completed": "Done", "wont_do": "Won't Do", "duplicate": "Duplicate"}


def store() -> Store:
    """An empty project SEC, whose issues are done with a resolution."""
    screens = {"Done": ["resolution"]}
    config = Config(project_key="SEC", base_date=BEGIN.date(), current_user=US, transition_screens=screens)
    empty = Store(config, seed=False)
    empty.serializer = Telling(empty)
    empty.users = {name: {"name": name, "displayName": name} for name in (US, ENGINEER)}
    return empty


class Telling(Serializer):
    """Shows an issue with its comments."""

    def issue_fields(self, it: dict[str, Any], base_url: str = "") -> dict[str, Any]:
        """The fields of an issue."""
        said = self.store.jira_comments(it["key"])
        comment = {"comments": said, "startAt": 0, "maxResults": len(said), "total": len(said)}
        return {**super().issue_fields(it, base_url), "comment": comment}


class Front:
    """What stands before jira820: ids become keys, creates get their creator, answers the time of our clock."""

    def __init__(self, issues: Store, clock: Clock) -> None:
        self._app: ASGIApp = make_app(store=issues)
        self._issues = issues
        self._clock = clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""

        async def dated(message: Message) -> None:
            if message["type"] == "http.response.start":
                stamp = format_datetime(self._clock.now(), usegmt=True).encode()
                message["headers"] = [*message["headers"], (b"date", stamp)]
            await send(message)

        path, body = self._by_key(scope["path"]), await body_of(receive)
        query = scope["query_string"].replace(b"id+in+", b"key+in+")
        asked = {
            **scope,
            "path": path,
            "raw_path": path.encode(),
            "query_string": self._by_key(query.decode()).encode(),
        }
        created = scope["method"] == "POST" and path.endswith("/issue")
        await self._app(asked, again(_signed(body) if created else body), dated)

    def _by_key(self, text: str) -> str:
        """The text with the key of each issue whose id stands in it."""
        keys = {iid(key): key for key in self._issues.issues}
        return re.sub(r"\b\d+\b", lambda found: keys.get(found[0], found[0]), text)


def _signed(body: bytes) -> bytes:
    """A create as of whoever sends it, unless it names somebody."""
    asked = json.loads(body)
    asked["fields"].setdefault("reporter", {"name": US})
    return json.dumps(asked).encode()


class Jira820Person:
    """Implements `person.Person` with jira820's own API."""

    account = ENGINEER

    def __init__(self, url: str) -> None:
        self._url = f"{url}/rest/api/2"
        self._session = requests.Session()

    def quit(self) -> None:
        """Closes the connections."""
        self._session.close()

    def start(self, issue_id: str) -> None:
        """See `Person`."""
        self._move(issue_id, "In Progress")

    def close(self, issue_id: str, how: Closing = "completed") -> None:
        """See `Person`."""
        self._move(issue_id, "Done", resolution={"name": RESOLUTIONS[how]})

    def reopen(self, issue_id: str) -> None:
        """See `Person`."""
        self._move(issue_id, "Reopened")

    def set_due(self, issue_id: str, date: str) -> None:
        """See `Person`."""
        self._edit(issue_id, duedate=date or None)

    def rename(self, issue_id: str, title: str) -> None:
        """See `Person`."""
        self._edit(issue_id, summary=title)

    def rewrite_body(self, issue_id: str, body: str) -> None:
        """See `Person`."""
        self._edit(issue_id, description=body)

    def label(self, issue_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """See `Person`."""
        labels = self._call("GET", f"issue/{issue_id}")["fields"]["labels"]
        self._edit(issue_id, labels=[*(label for label in labels if label not in remove), *add])

    def comment(self, issue_id: str, text: str) -> None:
        """See `Person`."""
        self._call("POST", f"issue/{issue_id}/comment", {"body": text})

    def clone(self, issue_id: str) -> str:
        """See `Person`."""
        fields = self._call("GET", f"issue/{issue_id}")["fields"]
        copied = {name: fields[name] for name in ("summary", "description", "labels", "duedate")}
        place = {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "reporter": {"name": ENGINEER}}
        return str(self._call("POST", "issue", {"fields": {**copied, **place}})["id"])

    def delete(self, issue_id: str) -> None:
        """See `Person`."""
        self._call("DELETE", f"issue/{issue_id}")

    def _move(self, issue_id: str, status: str, **fields: Any) -> None:
        ways = self._call("GET", f"issue/{issue_id}/transitions")["transitions"]
        way = next(way for way in ways if way["to"]["name"] == status)
        self._call("POST", f"issue/{issue_id}/transitions", {"transition": {"id": way["id"]}, "fields": fields})

    def _edit(self, issue_id: str, **fields: Any) -> None:
        self._call("PUT", f"issue/{issue_id}", {"fields": fields})

    def _call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class Jira820Stage(Stage):
    """A stage with the server in view."""

    tracker: JiraTracker
    person: Jira820Person
    server: SandboxServer
    issues: Store

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Jira820Stage]:
        """An empty project, an hour before the one instant that jira820 knows."""
        clock, issues = Clock(BEGIN), store()
        with SandboxServer(Front(issues, clock)) as server, closing(tracker(server.url, user="")) as ours:
            person = Jira820Person(server.url)

            def lose_next_create(when: Literal["before", "after"]) -> None:
                server.faults.append(Fault("POST", CREATE, "drop", when))

            yield cls(ours, person, clock, lose_next_create, server, issues)
            person.quit()
