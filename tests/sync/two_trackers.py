"""One record between a sandbox Jira and a sandbox GitHub: the real connectors over HTTP, every request counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from click.testing import CliRunner, Result

from poam.connectors.base import Issue, Tracker
from poam.connectors.sandbox.clock import Clock, iso
from poam.connectors.sandbox.jira_person import JiraPerson
from poam.connectors.sandbox.server import SandboxServer
from poam.mapping.item import PoamItem
from poam.sync.commands import poam
from poam.sync.cycle import run_cycle
from poam.sync.demonstration.stage import Stage, stage
from poam.sync.record.kinds import Link, Owed
from poam.sync.record.record import Record
from poam.sync.record.rows import rows
from poam.sync.record.verify import problems
from poam.sync.settings.config import Config, load, secret
from poam.sync.settings.systems import keep_systems
from poam.sync.settings.trackers import open_trackers
from poam.sync.telling.report import Report

from .engine import IMPORTER, START, item

CONTROL = {"jira": "RA-5", "code": "SI-10"}
"""What the stage's routes look at."""

SYSTEM = {
    "id": "ACME",
    "name": "ACME Cloud",
    "provider": "ACME",
    "impact_level": "Moderate",
    "profile": "fedramp_rev5",
    "timezone": "UTC",
}
_READS = r"/search/jql$|/bulkfetch$"


def item_for(connector: str, n: int) -> PoamItem:
    """An open item that is mirrored at this connector."""
    return item(n, controls=CONTROL[connector])


@dataclass(frozen=True)
class Loop:
    """Both trackers, and the record and its configuration in one folder. Between two calls nobody holds the record."""

    stage: Stage

    @property
    def clock(self) -> Clock:
        """The clock of trackers and engine."""
        return self.stage.clock

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
        now = iso(self.clock.now())
        with Record.open(self.config.record_path) as record, record.unit(at=now) as unit:
            keep_systems(unit, IMPORTER, self.config)
            unit.add_items(IMPORTER, [replace(each, system_id=self.config.systems[0].id) for each in items])

    def process(self) -> AbstractContextManager[Mapping[str, Tracker]]:
        """The connectors as a process opens them; it knows what it asked before until it ends."""
        config = self.config
        return open_trackers(config, lambda name: secret(config.connectors[name], {}, config.base), lambda _: None)

    def cycle(self, trackers: Mapping[str, Tracker] | None = None, *, full: bool = False) -> Report:
        """One cycle now: of the process with these connectors, else of a fresh one."""
        if trackers is None:
            with self.process() as fresh:
                return self.cycle(fresh, full=full)
        with Record.open(self.config.record_path) as record:
            report = run_cycle(record, trackers, self.config, self.clock.now, full=full)
            assert list(problems(record.db)) == []
        return report

    def poam(self, *words: str) -> Result:
        """One command, now, as the operating-system user, who is the ISSO."""
        return CliRunner().invoke(poam, ["--config", str(self.stage.config), *words], obj=self.clock.now)

    def requests(self, connector: str) -> list[str]:
        """What arrived at a tracker since this was asked last, as `GET /path` without ids and keys that vary."""
        server = self.servers[connector]
        found = [f"{seen.method} {seen.path}" + (" 304" if seen.status == 304 else "") for seen in server.requests]
        server.requests.clear()
        return found

    def issues(self, connector: str) -> list[Issue]:
        """Every issue of ours that the tracker has, as a fresh process reads it."""
        with self.process() as trackers:
            return list(trackers[connector].changed_since(None).issues)

    def links(self) -> list[Link]:
        """Every link of the record."""
        with Record.read(self.config.record_path) as record:
            return rows(record.db, Link)

    def outbox(self) -> list[Owed]:
        """Everything ever owed."""
        with Record.read(self.config.record_path) as record:
            return rows(record.db, Owed)

    def remote(self, n: int) -> str:
        """The id of the issue that mirrors the n-th item."""
        return next(link.remote_id or "" for link in self.links() if link.item_uid == f"uid-{n}")


@contextmanager
def two_trackers(folder: Path, *items: PoamItem, clock: Clock | None = None) -> Iterator[Loop]:
    """A loop whose record holds these items; the clock stands unless another is given."""
    folder.mkdir(exist_ok=True)
    clock = clock or Clock(START)
    with stage(folder, clock, [SYSTEM]) as ready:
        Record.create(folder / "poam.db", record_id="test-record", at=iso(clock.now())).close()
        loop = Loop(ready)
        loop.add(*items)
        for connector in loop.servers:
            loop.requests(connector)
        yield loop
        for person in ready.people.values():
            if isinstance(person, JiraPerson):
                person.quit()
