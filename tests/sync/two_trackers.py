"""One record between a sandbox Jira and a sandbox GitHub: the real connectors over HTTP, and every request counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner, Result
from poam.connectors.base import Issue, Tracker
from poam.connectors.sandbox.clock import Clock, iso
from poam.connectors.sandbox.jira_person import JiraPerson
from poam.connectors.sandbox.server import SandboxServer
from poam.mapping.item import PoamItem
from poam.sync.commands import poam
from poam.sync.config import Config, load, secret
from poam.sync.cycle import Report, run_cycle
from poam.sync.demonstration.stage import Stage, stage
from poam.sync.record.mirrors import Link, Owed, rows
from poam.sync.record.record import Record
from poam.sync.record.verify import problems
from poam.sync.systems import keep_systems
from poam.sync.trackers import open_trackers

from .engine import IMPORTER, item

SYSTEM = {
    "id": "ACME",
    "name": "ACME Cloud",
    "provider": "ACME",
    "impact_level": "Moderate",
    "profile": "fedramp_rev5",
    "timezone": "UTC",
}


def jira_item(n: int) -> PoamItem:
    """An item that the routes send to Jira."""
    return item(n, controls="RA-5")


def github_item(n: int) -> PoamItem:
    """An item that the routes send to GitHub."""
    return item(n, controls="SI-10")


@dataclass
class Loop:
    """Both trackers, the configuration and the record in one folder. Nothing holds the record between two calls."""

    stage: Stage

    @property
    def servers(self) -> Mapping[str, SandboxServer]:
        """What stands behind each connector."""
        return {"jira": self.stage.jira, "code": self.stage.github}

    @property
    def config(self) -> Config:
        """The configuration as a command reads it."""
        return load(self.stage.config)

    def add(self, *items: PoamItem) -> None:
        """Puts items into the record."""
        with self.writing() as record, record.unit(at=self.now()) as unit:
            keep_systems(unit, IMPORTER, self.config)
            unit.add_items(IMPORTER, items)

    def now(self) -> str:
        """The instant as the record writes it."""
        return iso(self.stage.clock.now())

    def writing(self) -> Record:
        """The record for changing."""
        return Record.open(self.config.record_path)

    def trackers(self) -> _Trackers:
        """The connectors as a process opens them: whoever keeps them open is one process."""
        config = self.config
        return _Trackers(config)

    def cycle(self, *, full: bool = False) -> Report:
        """One cycle of a fresh process."""
        with self.trackers() as trackers:
            return self.cycle_with(trackers, full=full)

    def cycle_with(self, trackers: Mapping[str, Tracker], *, full: bool = False) -> Report:
        """One cycle of the process that holds these connectors."""
        with self.writing() as record:
            return run_cycle(record, trackers, self.config, self.stage.clock.now, full=full)

    def poam(self, *words: str) -> Result:
        """One command, now, as the operating-system user."""
        return CliRunner().invoke(poam, ["--config", str(self.stage.config), *words], obj=self.stage.clock.now)
