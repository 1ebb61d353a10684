"""A compliance desk for tests: the real commands beside an engine whose tracker people work at."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from poam.connectors.sandbox.clock import iso
from poam.mapping.item import PoamItem
from poam.sync.commands import poam
from poam.sync.record.record import Record
from poam.sync.record.verify import problems
from poam.sync.settings.people import os_user
from poam.sync.telling.health import note_success

from .engine import Engine, engine

CONFIG = """
[[systems]]
id = "ACME"
name = "ACME Cloud"
profile = "fedramp_rev5"

[[systems]]
id = "LEDGER"
name = "Ledger"
profile = "agency_rmf"

[people."{me}"]
role = "{role}"
accounts = ["os:{user}"]
acts_for = ["otto@acme.example"]

[people."otto@acme.example"]
role = "ao"

[people."ann@acme.example"]
role = "engineer"
accounts = ["jira:ann"]

[connectors.jira]
type = "jira"
url = "https://acme.example"
project = "SEC"
token_env = "JIRA_TOKEN"

[[routes]]
connector = "jira"
"""
ME = "iris@acme.example"


@dataclass
class Desk:
    """The folder with configuration and record, and the engine, whose record is open only during `at_work`."""

    folder: Path
    engine: Engine

    @classmethod
    def open(cls, folder: Path, *items: PoamItem) -> Desk:
        """A desk whose items are mirrored; the operating-system user is the ISSO."""
        with engine(folder, *items) as ready:
            note_success(folder / "poam.db", ready.cycle(), iso(ready.clock.now()), ready.config.sync.interval)
        desk = cls(folder, ready)
        desk.become("isso")
        return desk

    def become(self, role: str, person: str = ME) -> None:
        """Makes whoever runs the commands another person."""
        text = CONFIG.format(me=person, role=role, user=os_user())
        if person != ME:
            text = text.replace(f'[people."{person}"]\nrole = "engineer"\naccounts = ["jira:ann"]\n', "")
        (self.folder / "config.toml").write_text(text, encoding="utf-8")

    def at_work(self, story: Callable[[Engine], object]) -> None:
        """Plays a story with the engine as the one writer."""
        with Record.open(self.folder / "poam.db") as record:
            self.engine.record = record
            story(self.engine)

    def run(self, *args: str) -> Result:
        """One command, now."""
        command = ["--config", str(self.folder / "config.toml"), *args]
        return CliRunner().invoke(poam, command, obj=self.engine.clock.now)

    def json(self, *args: str) -> Any:
        """What a command prints for programs."""
        return json.loads(self.run(*args, "--json").stdout)

    def done(self, *args: str) -> str:
        """What a command says that has to work, after which the record still equals its history."""
        result = self.run(*args)
        assert result.exit_code == 0, result.output
        with Record.read(self.folder / "poam.db") as record:
            assert list(problems(record.db)) == []
        return result.stdout.strip()

    def refused(self, *args: str) -> str:
        """What a command says that must not work, and that it changed nothing."""
        before = self.heads()
        result = self.run(*args)
        assert result.exit_code == 3, result.output
        assert self.heads() == before
        return result.stderr

    def heads(self) -> tuple[int, str]:
        """The journal's last row."""
        with Record.read(self.folder / "poam.db") as record:
            return record.head
