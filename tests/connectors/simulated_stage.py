"""The contract's stage over the simulation's trackers: what the long proof takes a tracker for is what one promises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Literal

from poam.connectors.base import Account
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.person import Closing

from ..simulation.faults import Faults
from ..simulation.swarm import WRITE_FAULTS, Swarm
from ..simulation.timeline import MINUTE, Timeline
from ..simulation.tracker import SimTracker
from ..simulation.world import KINDS, World
from .stage import Stage

CLOSED = {"completed": "done", "wont_do": "wont_do", "duplicate": "duplicate"}
LOST = {"before": "never", "after": "lost"}


class SimClock(Clock):
    """The contract's clock over a timeline, in which what is under way happens when time passes."""

    def __init__(self, time: Timeline) -> None:
        super().__init__()
        self._time = time

    def now(self) -> datetime:
        return self._time.at()

    def advance(self, **wait: float) -> None:
        self._time.pass_(timedelta(**wait) // timedelta(milliseconds=1))


class SimPerson:
    """Implements `Person` over a world."""

    def __init__(self, world: World, account: str = "ann") -> None:
        self.account = account
        self._world = world

    def start(self, issue_id: str) -> None:
        self._change(issue_id, status=self._world.kind.statuses["doing"])

    def close(self, issue_id: str, how: Closing = "completed") -> None:
        self._change(issue_id, status=self._world.kind.statuses[CLOSED[how]])

    def reopen(self, issue_id: str) -> None:
        self._change(issue_id, status=self._world.kind.statuses["todo"])

    def set_due(self, issue_id: str, date: str) -> None:
        self._change(issue_id, due_dates=(date,) if date else ())

    def rename(self, issue_id: str, title: str) -> None:
        self._change(issue_id, title=title)

    def rewrite_body(self, issue_id: str, body: str) -> None:
        self._change(issue_id, body=body)

    def label(self, issue_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        self._change(issue_id, labels=self._world.get(issue_id).labels.difference(remove).union(add))

    def comment(self, issue_id: str, text: str) -> None:
        self._world.say(Account(self.account), issue_id, text)

    def clone(self, issue_id: str) -> str:
        issue = self._world.get(issue_id)
        values = {name: getattr(issue, name) for name in ("title", "body", "due_dates", "labels", "marked")}
        return self._world.create(Account(self.account), issue.marker, values).id

    def delete(self, issue_id: str) -> None:
        self._world.delete(issue_id)

    def _change(self, issue_id: str, **values: Any) -> None:
        self._world.change(Account(self.account), issue_id, values)


@dataclass
class Lost(Faults):
    """Nothing goes wrong but the next write, once told how."""

    next_write: str = ""

    def strike(self, kinds: tuple[str, ...], rate: float) -> str:
        if kinds != WRITE_FAULTS:
            return ""
        kind, self.next_write = self.next_write, ""
        return kind


@contextmanager
def simulated(kind: str) -> Iterator[Stage]:
    """One simulated tracker, whose index lags by up to a minute."""
    rng, time = Random(kind), Timeline()
    swarm = Swarm(connectors=(kind,), lag={kind: MINUTE}, lagging=1.0, hops=True)
    world, faults = World.empty(kind, KINDS[kind], time, rng, swarm), Lost(rng, swarm)
    tracker = SimTracker(world, faults, breathe=lambda: None, note=lambda told: None)

    def lose_next_create(when: Literal["before", "after"]) -> None:
        faults.next_write = LOST[when]

    yield Stage(tracker, SimPerson(world), SimClock(time), lose_next_create)


STAGES = {f"simulated {kind}": partial(simulated, kind) for kind in KINDS}
