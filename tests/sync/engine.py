"""A whole engine for tests: a real record on disk, a tracker in memory, a clock that stands until told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from poam.connectors.base import Issue, Tracker
from poam.connectors.memory import MemoryPerson, MemoryTracker, MemoryWorld
from poam.connectors.sandbox.clock import Clock, iso
from poam.mapping.item import Milestone, PoamItem, Rating
from poam.sync.cycle import run_cycle
from poam.sync.guard import Approval
from poam.sync.record.items import load
from poam.sync.record.journal import Author
from poam.sync.record.kinds import Conflict, Link, Owed, Request
from poam.sync.record.record import Record
from poam.sync.record.rows import rows
from poam.sync.settings.config import Config
from poam.sync.telling.report import Report

ISSO = Author("isso@acme.example", "isso", "cli")
IMPORTER = Author("isso@acme.example", "isso", "import")
START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def config(**sync: Any) -> Config:
    """One system under FedRAMP, one under an agency, everything mirrored to the connector `jira`."""
    return Config.model_validate(
        {
            "systems": [
                {
                    "id": "ACME",
                    "name": "ACME Cloud",
                    "provider": "ACME",
                    "impact_level": "Moderate",
                    "profile": "fedramp_rev5",
                },
                {
                    "id": "LEDGER",
                    "name": "Ledger",
                    "provider": "Bureau",
                    "impact_level": "Low",
                    "profile": "agency_rmf",
                },
            ],
            "people": {
                "isso@acme.example": {"role": "isso", "accounts": ["jira:irene"]},
                "ann@acme.example": {"role": "engineer", "accounts": ["jira:ann"]},
            },
            "sync": sync,
            "connectors": {
                "jira": {
                    "type": "jira",
                    "url": "https://acme.example",
                    "project": "SEC",
                    "token_env": "T",
                    "text": "full",
                }
            },
            "routes": [{"connector": "jira"}],
        }
    )


def item(n: int = 1, **values: Any) -> PoamItem:
    """A baselined open item, due 2026-05-01."""
    filled: dict[str, Any] = {
        "uid": f"uid-{n}",
        "system_id": "ACME",
        "poam_id": f"V-{n}",
        "weakness_name": f"Outdated library {n}",
        "weakness_description": "The service ships a library with a published weakness that an attacker may use.",
        "remediation_plan": "Upgrade the library, rebuild the image and roll it out to every environment.",
        "point_of_contact": "Ann Engineer",
        "original_risk_rating": Rating.MODERATE,
        "original_detection_date": "2026-01-31",
        "scheduled_completion_date": "2026-05-01",
        "status_date": "2026-02-01",
        "baselined_at": "2026-02-01T00:00:00.000Z",
        "milestones": (Milestone(1, "Roll out", "2026-05-01"),),
        "assets": ("web-01.acme.example (443/TCP)",),
    }
    return PoamItem(**filled | values)


@dataclass
class Engine:
    """The parts, and the few things that every story does with them."""

    record: Record
    tracker: Tracker
    world: MemoryWorld
    person: MemoryPerson
    clock: Clock
    config: Config = field(default_factory=config)
    reports: list[Report] = field(default_factory=list)

    def cycle(self, *, full: bool = False, approved: str = "") -> Report:
        """One cycle, now."""
        trackers = {"jira": self.tracker}
        approval = Approval(approved, ISSO) if approved else None
        report = run_cycle(self.record, trackers, self.config, self.clock.now, full=full, approval=approval)
        self.reports.append(report)
        return report

    def later(self, **time: float) -> Report:
        """One cycle after a while (an hour, unless told)."""
        self.clock.advance(**time or {"hours": 1})
        return self.cycle()

    def item(self, n: int = 1) -> PoamItem:
        """An item as the record has it."""
        return load(self.record.db, "uid = ?", (f"uid-{n}",))[0]

    def link(self, n: int = 1) -> Link:
        """The item's link."""
        return rows(self.record.db, Link, "item_uid = ?", (f"uid-{n}",))[0]

    def issue(self, n: int = 1) -> Issue:
        """The item's issue as the tracker has it."""
        return self.tracker.get(self.link(n).issue_id)

    def issues(self) -> list[Issue]:
        """Every issue of ours that the tracker has."""
        self.clock.advance(seconds=1)
        return list(self.tracker.changed_since(None).issues)

    def requests(self, state: str = "waiting") -> list[Request]:
        """Requests in a state."""
        return rows(self.record.db, Request, "state = ?", (state,))

    def conflicts(self) -> list[Conflict]:
        """Open conflicts."""
        return rows(self.record.db, Conflict, "state = 'open'")

    def outbox(self) -> list[Owed]:
        """Everything ever owed."""
        return rows(self.record.db, Owed)

    def journal(self, entity_field: str) -> list[tuple[str, str | None, str | None]]:
        """Who, old and new of every journal row of a field, given as `items.forecast_date`."""
        entity, name = entity_field.split(".")
        found = self.record.db.conn.execute(
            "SELECT person, old, new FROM journal WHERE entity = ? AND field = ? ORDER BY seq", (entity, name)
        )
        return [tuple(row) for row in found]


@contextmanager
def engine(folder: Path, *items: PoamItem, **sync: Any) -> Iterator[Engine]:
    """An engine whose record holds these items."""
    clock = Clock(START)
    world = MemoryWorld(clock)
    with Record.create(folder / "poam.db", record_id="test-record", at=iso(START)) as record:
        with record.unit(at=iso(START)) as unit:
            for system in config().systems:
                unit.create(IMPORTER, "systems", system.model_dump())
            unit.add_items(IMPORTER, items)
        yield Engine(record, MemoryTracker("jira", world), world, MemoryPerson(world), clock, config(**sync))
