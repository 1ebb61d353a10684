"""The contract's stage at a sandbox Jira: the real client over HTTP, an engineer, and everything a test may turn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.types import ASGIApp

from poam.connectors.jira import JiraTracker
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.jira import BOT, ENGINEER, SandboxJira
from poam.connectors.sandbox.jira_person import JiraPerson
from poam.connectors.sandbox.jira_site import Deployment
from poam.connectors.sandbox.server import Fault, SandboxServer
from poam.connectors.settings import JiraSettings

from .stage import Stage
from .traffic import recorded

CREATE = r"/issue$"
SEARCH = r"/search/jql$"
LOGIN: dict[Deployment, dict[str, str]] = {"Cloud": {"user": BOT.email}, "Data Center": {"user": ""}}
"""At a Data Center a personal access token needs no user."""


@dataclass(frozen=True)
class JiraStage(Stage):
    """A stage with the server in front of the sandbox in view; `server.requests` begins empty."""

    tracker: JiraTracker
    person: JiraPerson
    server: SandboxServer
    sandbox: SandboxJira

    @classmethod
    @contextmanager
    def open(cls, deployment: Deployment = "Cloud") -> Iterator[JiraStage]:
        """An empty project SEC at noon on 2 March 2026; the clock stands still until told."""
        clock = Clock(datetime(2026, 3, 2, 12, tzinfo=UTC))
        sandbox = SandboxJira(clock, deployment=deployment)
        with (
            SandboxServer(recorded(sandbox.app, deployment)) as server,
            closing(tracker(server.url, **LOGIN[deployment])) as ours,
        ):
            person = JiraPerson(server.url, ENGINEER.email, ENGINEER.token)
            server.requests.clear()

            def lose_next_create(when: Literal["before", "after"]) -> None:
                server.faults.append(Fault("POST", CREATE, "drop", when))

            yield cls(ours, person, clock, lose_next_create, server, sandbox)
            person.quit()

    def another(self, **changes: Any) -> JiraTracker:
        """A second tracker on the same project, as after a restart, with other settings."""
        return tracker(**{"url": self.server.url, **LOGIN[self.sandbox.deployment], **changes})


def tracker(url: str, *, token: str = BOT.token, **changes: Any) -> JiraTracker:
    """A tracker for project SEC with the bot's account."""
    settings = {"type": "jira", "url": url, "token_env": "T", "user": BOT.email, "project": "SEC"} | changes
    return JiraTracker("jira", JiraSettings(**settings), token)


@contextmanager
def through(stage: JiraStage, site: ASGIApp, **changes: Any) -> Iterator[JiraTracker]:
    """A tracker at the stage's site with something standing before it."""
    login = LOGIN[stage.sandbox.deployment]
    with SandboxServer(site) as server, closing(tracker(server.url, **login | changes)) as ours:
        yield ours
