"""A story: people work and things go wrong for a while, then everything heals and must come to rest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from poam.connectors.base import Tracker
from poam.connectors.sandbox.clock import iso
from poam.sync.cycle import run_cycle
from poam.sync.errors import InputError, MassChange, RecordLocked
from poam.sync.guard import Approval
from poam.sync.record.backup import backup
from poam.sync.record.journal import Author
from poam.sync.record.kinds import Conflict, Link
from poam.sync.record.record import Record
from poam.sync.record.restore import restore, restoring
from poam.sync.record.rows import rows
from poam.sync.record.unit import Unit
from poam.sync.settings.config import Config
from poam.sync.telling.report import Report

from .faults import Crash, Faults
from .oracles import after_a_crash, after_a_cycle, in_time
from .people import Engineers
from .staff import Ack
from .swarm import Swarm
from .timeline import HOUR, MINUTE, SECOND, Timeline
from .world import World

MOST_BUSY = 2
WAITS = 4
APPROVER = Author("isso@acme.example", "isso", "cli")


class MortalRecord(Record):
    """A record whose process may die before and after every commit."""

    faults: Faults

    @contextmanager
    def unit(self, **options: Any) -> Iterator[Unit]:
        """See `Record`."""
        with super().unit(**options) as unit:
            yield unit
            self.faults.place()
        self.faults.place()


@dataclass
class Story:
    """Everything in one place. `marks` are the cursors as last seen, which never go back."""

    seed: int
    rng: Random
    swarm: Swarm
    folder: Path
    config: Config
    time: Timeline
    faults: Faults
    worlds: dict[str, World] = field(default_factory=dict)
    engineers: dict[str, Engineers] = field(default_factory=dict)
    trackers: dict[str, Tracker] = field(default_factory=dict)
    acks: list[Ack] = field(default_factory=list)
    trace: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    marks: dict[str, Any] = field(default_factory=dict)
    epochs: list[int] = field(default_factory=list)

    record: Any = None
    staff: Any = None
    backup: Any = None

    # --- clocks and notes

    def clock(self) -> datetime:
        """What the engine's own clock shows."""
        return self.time.at(self.swarm.skew.get("engine", 0))

    def note(self, *told: str) -> None:
        """One line of the trace."""
        self.trace.append(f"{self.time.now / SECOND:>12.3f} {''.join(told)}")

    def blame(self, told: str) -> None:
        """Something that must never be."""
        self.note(f"VIOLATION {told}")
        self.violations.append(told)

    # --- the process

    def open(self) -> None:
        """Another process takes the record over."""
        self.record = MortalRecord.open(self.folder / "poam.db")
        self.record.faults = self.faults
        self.record.db.conn.execute("PRAGMA synchronous=OFF")

    def crash(self) -> None:
        """The process is gone; what it had committed is there, and nothing else."""
        self.note("the process dies")
        self.record.close()
        self.open()
        after_a_crash(self)

    def breathe(self) -> None:
        """While a call is under way: people go on working, and another process tries to write."""
        if self.faults.active and self.rng.random() < self.swarm.busy:
            self.somebody()
        if self.faults.active and self.swarm.rival and self.rng.random() < self.swarm.rival:
            self.rival()

    def rival(self) -> None:
        """A second daemon never gets in."""
        self.faults.counted["rivals"] += 1
        try:
            Record.open(self.folder / "poam.db").close()
        except RecordLocked:
            return
        self.blame("two processes wrote at once")

    # --- what happens

    def somebody(self) -> None:
        """An engineer somewhere."""
        self.engineers[self.rng.choice(self.swarm.connectors)].act()

    def cycle(self, *, full: bool = False, approve: bool = False) -> Report | None:
        """One cycle by the daemon; None when its process died."""
        self.faults.counted["cycles"] += 1
        try:
            report = self._run(full, None)
            plans = [plan_of(each.error) for each in report.connectors if isinstance(each.error, MassChange)]
            for plan in plans if approve or (plans and self.rng.random() < 0.5) else ():
                report = self._approved(full, plan) or report
        except Crash:
            self.crash()
            return None
        for each in report.connectors:
            self.note(
                f"cycle {each.connector}: read {each.read} created {each.created} edited {each.edited} "
                f"changed {each.changed} requests {each.requests} conflicts {each.conflicts} refused {each.refused} "
                f"owed {each.owed} {each.error or ''} (wrote {report.record_writes})"
            )
        after_a_cycle(self)
        return report

    def _run(self, full: bool, approval: Approval | None) -> Report:
        return run_cycle(self.record, self.trackers, self.config, self.clock, full=full, approval=approval)

    def _approved(self, full: bool, plan: str) -> Report | None:
        """A plan let through by its id; None where it has become another one meanwhile."""
        try:
            return self._run(full, Approval(plan, APPROVER))
        except InputError as error:
            self.note(f"not approved: {error}")
            return None

    def desk(self) -> None:
        """Somebody at the record."""
        try:
            self.staff.act()
        except Crash:
            self.crash()

    def bound(self, name: str, issue_id: str) -> bool:
        """Whether the record knows this issue as its own."""
        known = rows(self.record.db, Link, "connector = ? AND remote_id = ?", (name, issue_id))
        return bool(known)

    # --- the two phases

    def chaos(self) -> None:
        """Anything, in any order."""
        for _ in range(self.swarm.steps):
            chance = self.rng.random()
            if chance < self.swarm.cycles:
                self.cycle(full=self.rng.random() < self.swarm.full)
            elif chance < self.swarm.cycles + (1 - self.swarm.cycles) * self.swarm.staff_share:
                self.desk()
            else:
                self.somebody()
            self.time.pass_(self.rng.randint(0, self.rng.choice(self.swarm.pauses)))
            if self.rng.random() < self.swarm.publish:
                self.publish()
            if self.rng.random() < self.swarm.restore:
                self.restore()

    def publish(self) -> None:
        """A place becomes public, or private again."""
        world = self.worlds[self.rng.choice(self.swarm.connectors)]
        world.visibility = "public" if world.visibility == "private" else "private"
        self.note(f"{world.name} is {world.visibility} now")

    def restore(self) -> None:
        """A backup is made, or the one there is comes back: what was written since is forgotten."""
        path = self.folder / "poam.db"
        if not self.backup:
            self.backup = (self.folder / f"backup-{self.time.now}.db", len(self.acks), len(self.staff.heads))
            backup(path, self.backup[0])
            self.note("a backup is made")
            return
        file, acks, heads = self.backup
        self.note("the backup comes back")
        self.faults.counted["restores"] += 1
        self.record.close()
        at = iso(self.clock())
        with restoring(file, path, at=at) as plan:
            restore(plan, APPROVER, at=at)
        del self.acks[acks:], self.staff.heads[heads:]
        self.marks.clear()
        self.backup = None
        self.open()

    def heal(self) -> None:
        """Nothing fails any more, and all that waits for its time gets it."""
        self.note("--- healing")
        self.faults.active = False
        for world in self.worlds.values():
            world.hidden.clear()
            world.healed = True
            world.visibility = "private"
        self.time.pass_(3 * HOUR)
        assert not self.time.under_way, "nothing is under way for three hours"
        self.cycle(approve=True)
        self.time.pass_(MINUTE)
        self.cycle(approve=True)
        in_time(self)
        for turn in range(WAITS):
            self.cycle(full=turn == 0, approve=True)
            if turn < WAITS - 1:
                self.settle_conflicts()
            self.time.pass_(45 * MINUTE)

    def settle_conflicts(self) -> None:
        """What a tracker refused is tried again; what is missing stays missing, or is made anew."""
        for conflict in rows(self.record.db, Conflict, "state = 'open'"):
            if conflict.policy == "missing":
                self.staff.resolve(conflict, self.rng.choice(("record", "tracker")))
            elif conflict.policy == "refused":
                self.staff.resolve(conflict, "record")

    def rest(self) -> None:
        """Within two busy cycles there is nothing more to do, not even on a full look at everything."""
        for busy in range(MOST_BUSY + 1):
            if self.quiet():
                break
            if busy == MOST_BUSY:
                self.blame(f"still at work after {MOST_BUSY} cycles in which nothing new happened")
        if not self.quiet(full=True):
            self.blame("a full look at everything found something to do at rest")

    def quiet(self, *, full: bool = False) -> bool:
        """Whether a cycle writes nothing, anywhere, and owes nothing."""
        self.time.pass_(20 * MINUTE)
        before = {name: world.writes for name, world in self.worlds.items()}
        report = self.cycle(full=full, approve=True)
        assert report is not None, "no process dies any more"
        for each in report.connectors:
            if each.error is not None:
                self.blame(f"{each.connector} fails though nothing is wrong: {each.error!r}")
        wrote = {name: world.writes for name, world in self.worlds.items()} != before
        return not (wrote or report.record_writes or any(each.owed for each in report.connectors))


def plan_of(error: MassChange) -> str:
    """The id by which a held-back plan is let through."""
    found = re.search(r"--approve-plan (\w+)", error.hint)
    assert found is not None
    return found[1]
