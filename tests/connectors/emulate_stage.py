"""A GitHub that other people wrote, `emulate` of npm, with our connector on one side and an engineer on the other.

It needs Node and npm, which fetches it once into the user's cache. In front of it stands a server of ours, which loses
answers on demand, dates them by the emulator's clock, knows a repository by its id, and puts together what the emulator
has in pieces: a repository's events and comments from those of its issues, and a timeline from both.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from itertools import count
from pathlib import Path
from typing import Any, Literal

import requests
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from poam.connectors.github import GithubTracker
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.github_person import GithubPerson
from poam.connectors.sandbox.server import Fault, SandboxServer

from .github_stage import settings_for
from .stage import Stage

PACKAGE = "emulate@0.11.2"
LAUNCHER = Path(__file__).with_name("emulate.mjs")
OURS, THEIRS = "bot-token", "maya-token"
SEED = {
    "tokens": {OURS: {"login": "poam-bot", "scopes": ["repo", "user"]}, THEIRS: {"login": "maya", "scopes": ["repo"]}},
    "github": {
        "users": [{"login": "poam-bot", "name": "poam-sync"}, {"login": "maya", "name": "Maya"}],
        "orgs": [{"login": "acme", "members": [{"login": name, "role": "admin"} for name in ("poam-bot", "maya")]}],
    },
}
LEFT_OUT = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding", "date"})


class Absent(Exception):
    """Why there is no emulator here."""


def installed() -> Path:
    """The emulator's entry point, fetched if it is not in the cache. Raises Absent."""
    if not (shutil.which("node") and shutil.which("npm")):
        raise Absent("Node and npm are not installed")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "poam-sync" / PACKAGE
    if not cache.is_dir():
        _fetch(cache)
    return cache / "node_modules" / "emulate" / "dist" / "api.js"


def _fetch(cache: Path) -> None:
    """Installs it beside its place first: other processes may be doing the same."""
    options = ("--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0")
    try:
        cache.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=cache.parent) as folder:
            command = ["npm", "install", *options, "--prefix", folder, PACKAGE]
            subprocess.run(command, check=True, capture_output=True, timeout=120)
            if not cache.is_dir():
                shutil.copytree(folder, f"{folder}.ready")
                os.rename(f"{folder}.ready", cache)
    except (OSError, subprocess.SubprocessError) as failure:
        if not cache.is_dir():
            raise Absent(f"npm could not fetch {PACKAGE}") from failure


class EmulatorClock(Clock):
    """The machine's clock with what was added, kept by the emulator's process as well."""

    def __init__(self) -> None:
        super().__init__()
        self.process: subprocess.Popen[str] | None = None

    def advance(self, **ahead: float) -> None:
        super().advance(**ahead)
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{self._offset.total_seconds()}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "set\n"


@dataclass
class Front:
    """An application that passes every request on; `target` is where to, `names` are repositories by their id."""

    clock: Clock
    target: str = ""
    names: dict[str, str] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        raw = scope["raw_path"].decode()
        path = re.sub(r"^/repositories/(\d+)(?=/|$)", lambda found: f"/repos/{self.names[found[1]]}", raw)
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        date = {"Date": format_datetime(self.clock.now(), usegmt=True)}
        put_together = next((made for ending, made in self._made.items() if path.endswith(ending)), None)
        if put_together:
            rows = put_together(path.rpartition("/")[0], headers, request.query_params.get("since", ""))
            await JSONResponse(rows, headers=date)(scope, receive, send)
            return
        url = f"{self.target}{path}?{scope['query_string'].decode()}"
        answer = requests.request(
            request.method, url, data=await request.body(), headers=headers, timeout=30, allow_redirects=False
        )
        passed = {name: value for name, value in answer.headers.items() if name.lower() not in LEFT_OUT}
        await Response(answer.content, answer.status_code, passed | date)(scope, receive, send)

    @property
    def _made(self) -> Mapping[str, Callable[[str, dict[str, str], str], list[Any]]]:
        """What the emulator has in pieces only, each on one page."""
        return {"/issues/events": self._events, "/issues/comments": self._comments, "/timeline": self._timeline}

    def _events(self, issues: str, headers: dict[str, str], _: str) -> list[Any]:
        """The events of all issues, newest first."""
        return sorted(self._each(issues, "events", headers), key=lambda event: int(event["id"]), reverse=True)

    def _comments(self, issues: str, headers: dict[str, str], since: str) -> list[Any]:
        """The comments of all issues since then, newest first."""
        begin = datetime.fromisoformat(since)
        comments = self._each(issues, "comments", headers)
        return [each for each in comments if datetime.fromisoformat(each["updated_at"]) >= begin][::-1]

    def _timeline(self, issue: str, headers: dict[str, str], _: str) -> list[Any]:
        """What happened to an issue and what was said."""
        said = ({**each, "event": "commented"} for each in self._all(f"{issue}/comments", headers))
        return [*self._all(f"{issue}/events", headers), *said]

    def _each(self, issues: str, what: str, headers: dict[str, str]) -> list[Any]:
        listed = self._all(issues, headers)
        return [row for issue in listed for row in self._all(f"{issues}/{issue['number']}/{what}", headers)]

    def _all(self, path: str, headers: dict[str, str]) -> list[Any]:
        rows: list[Any] = []
        for page in count(1):
            query = {"state": "all", "per_page": "100", "page": str(page)}
            found = requests.get(self.target + path, query, headers=headers, timeout=30).json()
            rows += found
            if len(found) < 100:
                break
        return rows


@dataclass
class Emulator:
    """The emulator behind its front. Each stage gets a repository of its own."""

    server: SandboxServer
    front: Front
    numbers: Iterator[int]

    @classmethod
    @contextmanager
    def start(cls) -> Iterator[Emulator]:
        """Starts it; it ends with its standard input. Raises Absent."""
        main, clock = installed(), EmulatorClock()
        front = Front(clock)
        with SandboxServer(front) as server:
            command = ["node", str(LAUNCHER), str(main), server.url, json.dumps(SEED)]
            with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
                assert process.stdin is not None
                assert process.stdout is not None
                clock.process = process
                with closing(process.stdin):
                    front.target = f"http://127.0.0.1:{int(process.stdout.readline())}"
                    yield cls(server, front, count(1))

    @contextmanager
    def stage(self) -> Iterator[Stage]:
        """A fresh repository with our connector and Maya."""
        name = f"web-{next(self.numbers)}"
        made = requests.post(
            f"{self.server.url}/orgs/acme/repos",
            json={"name": name, "private": True},
            headers={"Authorization": f"Bearer {OURS}"},
            timeout=30,
        ).json()
        self.front.names[str(made["id"])] = made["full_name"]
        settings = settings_for(self.server.url, repository=made["full_name"], due_date="label")
        with closing(GithubTracker("code", settings, OURS)) as tracker:
            person = GithubPerson(self.server.url, made["full_name"], THEIRS)
            yield Stage(tracker, person, self.front.clock, self._lose_next_create)

    def _lose_next_create(self, when: Literal["before", "after"]) -> None:
        self.server.faults.append(Fault("POST", "/issues$", "drop", when))
