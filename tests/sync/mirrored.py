"""Items with several issues: people's own ones are attached beside, or in the place of, the one that we made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from poam.connectors.base import Account, Issue
from poam.connectors.memory import MemoryPerson, MemoryTracker, MemoryWorld
from poam.connectors.sandbox.clock import iso
from poam.mapping.item import PoamItem
from poam.sync.cycle import run_cycle
from poam.sync.deciding.linking import Attachment, attach, plan_attachment
from poam.sync.looking.rules import rules_for
from poam.sync.record.items import load
from poam.sync.record.kinds import Link
from poam.sync.record.rows import rows
from poam.sync.record.verify import problems
from poam.sync.settings.config import Config
from poam.sync.telling.report import Report

from .deciding import deciding
from .engine import Engine, engine

PEOPLE = ("ann", "bob", "cleo")


@dataclass
class Several:
    """An engine with one tracker or two, and the issues of its first item in the order in which they came."""

    engine: Engine
    trackers: Mapping[str, MemoryTracker]
    worlds: Mapping[str, MemoryWorld]
    config: Config

    @property
    def item(self) -> PoamItem:
        """The first item, as it stands."""
        return load(self.engine.record.db, "uid = ?", ("uid-1",))[0]

    @property
    def links(self) -> list[Link]:
        """The first item's links that have an issue."""
        return rows(self.engine.record.db, Link, "item_uid = 'uid-1' AND state IN ('live', 'missing')")

    def issue(self, n: int) -> Issue:
        """The n-th issue of the item as its tracker has it."""
        return self.trackers[self.links[n].connector].get(self.links[n].issue_id)

    def person(self, n: int) -> MemoryPerson:
        """Somebody else for each issue."""
        return MemoryPerson(self.worlds[self.links[n].connector], PEOPLE[n])

    def id(self, n: int) -> str:
        """The tracker's id of the n-th issue."""
        return self.links[n].issue_id

    def cycle(self, *, full: bool = False) -> Report:
        """One cycle, an hour later: whatever rests has rested."""
        self.engine.clock.advance(hours=1)
        report = run_cycle(self.engine.record, self.trackers, self.config, self.engine.clock.now, full=full)
        assert list(problems(self.engine.record.db)) == []
        return report

    def rest(self, cycles: int = 2) -> None:
        """So many cycles at most are busy; those that follow do nothing, not even when all is compared."""
        for _ in range(cycles):
            self.cycle()
        versions = [self.issue(n).version for n in range(len(self.links))]
        assert self.cycle().record_writes == 0
        assert self.cycle(full=True).record_writes == 0
        assert [self.issue(n).version for n in range(len(self.links))] == versions

    def made(self, connector: str = "jira", by: str = "bob", **values: Any) -> Issue:
        """An issue that a person wrote."""
        told = {"title": "Mend the library", "body": "As we agreed.", **values}
        return self.worlds[connector].add(Account(by), None, told)  # type: ignore[arg-type]

    def planned(self, issue: Issue, connector: str = "jira", uid: str = "uid-1") -> Attachment:
        """What attaching an issue would mean."""
        tracker = self.trackers[connector]
        rules = rules_for(self.config, connector, tracker.capabilities, tracker.credential, "private")
        item = load(self.engine.record.db, "uid = ?", (uid,))[0]
        found = tracker.named(issue.key)
        return plan_attachment(self.engine.record.db, self.config, rules, item, found, iso(self.engine.clock.now()))

    def attach(self, issue: Issue, connector: str = "jira", uid: str = "uid-1") -> Attachment:
        """An ISSO attaches an issue."""
        found = self.planned(issue, connector, uid)
        with deciding(self.engine) as decider:
            attach(replace(decider, config=self.config), found, "it is the same work")
        return found


@contextmanager
def several(folder: Path, *connectors: str, items: tuple[PoamItem, ...], **sync: Any) -> Iterator[Several]:
    """An engine at rest whose items have their first issue at the first connector."""
    with engine(folder, *items, **sync) as ready:
        settings = ready.config.connectors["jira"]
        config = ready.config.model_copy(update={"connectors": dict.fromkeys(connectors, settings)})
        worlds = {name: MemoryWorld(ready.clock) for name in connectors}
        worlds[connectors[0]] = ready.world
        trackers = {name: MemoryTracker(name, world) for name, world in worlds.items()}
        loop = Several(ready, trackers, worlds, config)
        loop.cycle()
        yield loop
