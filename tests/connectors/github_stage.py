"""A sandbox GitHub with our connector on one side and an engineer on the other, on a standing clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from poam.connectors.base import Draft, Edit, Issue
from poam.connectors.github import GithubTracker
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.github import SandboxGithub
from poam.connectors.sandbox.github_person import GithubPerson
from poam.connectors.sandbox.server import SandboxServer
from poam.connectors.settings import GithubSettings

from .traffic import recorded

REPOSITORY = "acme/web"
TOKEN = "bot-token"
MARKER = "mfrggzdfmztwq2lk"
DRAFT = Draft(MARKER, "Patch the parser", "What to do\n\nand why", due_date="2026-04-01")


def settings_for(url: str, **changed: Any) -> GithubSettings:
    """What a configuration would say."""
    values = {"type": "github", "url": url, "repository": REPOSITORY, "token_env": "TOKEN", **changed}
    return GithubSettings.model_validate(values)


@dataclass
class GithubStage:
    """Everything a scenario needs; `open()` sets it up and takes it down."""

    tracker: GithubTracker
    person: GithubPerson
    server: SandboxServer
    sandbox: SandboxGithub
    clock: Clock

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[GithubStage]:
        """Starts the server; the clock stands at noon of 2 March 2026."""
        clock = Clock(datetime(2026, 3, 2, 12, tzinfo=UTC))
        sandbox = SandboxGithub(clock, repository=REPOSITORY)
        with SandboxServer(recorded(sandbox.app, "github")) as server:
            tracker = GithubTracker("code", settings_for(server.url), TOKEN)
            person = GithubPerson(server.url, REPOSITORY, "maya-token")
            server.requests.clear()
            yield cls(tracker, person, server, sandbox, clock)
            tracker.close()

    def another(self, token: str = TOKEN, **changed: Any) -> GithubTracker:
        """The connector as a new process makes it, with other settings or another token if wanted."""
        return GithubTracker("code", settings_for(self.server.url, **changed), token)

    def edit(self, issue_id: str, edit: Edit) -> Issue:
        """Reads the issue and edits it."""
        return self.tracker.edit(self.tracker.get(issue_id), edit)

    def seed(self, count: int) -> list[str]:
        """Issues of ours, made without HTTP; their ids."""
        bot = self.sandbox.users["poam-bot"]
        return [str(self.sandbox.store.create(bot, f"Issue {n}", "", ["poam"]).number) for n in range(1, count + 1)]

    def settled(self) -> str:
        """A cursor after which nothing is new and whose tag the server knows; counting begins anew."""
        cursor = None
        for _ in range(3):
            cursor = self.tracker.changed_since(cursor).cursor
        assert cursor is not None
        self.server.requests.clear()
        return cursor
