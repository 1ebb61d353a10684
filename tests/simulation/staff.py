"""People at the record: what they do between cycles, each in one unit of work under their own name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from poam.connectors.sandbox.clock import iso
from poam.mapping.item import Milestone, PoamItem, Rating, State
from poam.mapping.life import Role
from poam.sync.deciding.decider import Decider
from poam.sync.deciding.edits import edit
from poam.sync.deciding.requests import approve, reject
from poam.sync.deciding.resolve import resolve
from poam.sync.deciding.transitions import transition
from poam.sync.errors import InputError, NotAllowed
from poam.sync.record.items import load
from poam.sync.record.journal import Author
from poam.sync.record.kinds import Conflict, Request
from poam.sync.record.rows import rows
from poam.sync.settings.people import Identity

from .world import CANARY

if TYPE_CHECKING:
    from .story import Story

ISSO = Identity("isso@acme.example", Role.ISSO)
SECOND_ISSO = Identity("ida@acme.example", Role.ISSO)
AO = Identity("otto@acme.example", Role.AO)
ANN = Identity("ann@acme.example", Role.ENGINEER)
IMPORTER = Author("isso@acme.example", "isso", "import")
PROOF = ("https://scan.example/1",)


@dataclass(frozen=True, slots=True)
class Ack:
    """What the record has told somebody is kept: the journal's last row."""

    seq: int
    hash: str


def item(n: int, rng: Random) -> PoamItem:
    """A baselined open item, due 2026-05-01 in a system with extensions or one without."""
    return PoamItem(
        uid=f"uid-{n}",
        system_id=rng.choice(("ACME", "LEDGER")),
        poam_id=f"V-{n}",
        weakness_name=f"Outdated library {n}",
        weakness_description=f"A library with a known weakness on {CANARY}.acme.example.",
        remediation_plan="Upgrade the library.",
        point_of_contact="Ann Engineer",
        controls=rng.choice(("SI-2", "CM-6", "AC-2")),
        original_risk_rating=rng.choice((Rating.LOW, Rating.MODERATE, Rating.HIGH)),
        original_detection_date="2026-01-31",
        scheduled_completion_date="2026-05-01",
        status_date="2026-02-01",
        baselined_at="2026-02-01T00:00:00.000Z",
        milestones=(Milestone(1, "Roll out", "2026-05-01"),),
        assets=(f"{CANARY}.acme.example",),
    )


@dataclass
class Staff:
    """Those who work at the record. `heads` tells when they wrote what."""

    story: Story
    items: int
    heads: list[tuple[int, int]] = field(default_factory=list)

    def act(self) -> None:
        """Somebody does something, if they may."""
        acts = [name for name, weight in self.story.swarm.staff.items() if weight]
        if not acts:
            return
        name = self.story.rng.choices(acts, [self.story.swarm.staff[each] for each in acts])[0]
        try:
            getattr(self, f"_{name}")()
        except (NotAllowed, InputError) as error:
            self.story.note("record: ", f"refused: {error}")

    @contextmanager
    def _deciding(self, who: Identity) -> Iterator[Decider]:
        record, now = self.story.record, iso(self.story.clock())
        try:
            with record.unit(at=now) as unit:
                yield Decider(unit, self.story.config, who, now[:10])
        finally:
            self.heads.append((record.head[0], self.story.time.now))
        self.story.acks.append(Ack(*record.head))

    def _any_item(self, where: str = "1 = 1") -> PoamItem | None:
        found = load(self.story.record.db, where)
        return self.story.rng.choice(found) if found else None

    def _set(self, who: Identity, name: str, values: tuple[str, ...], where: str = "1 = 1") -> None:
        item = self._any_item(where)
        if item is None:
            return
        text = self.story.rng.choice(values)
        self.story.note("record: ", f"{who.person} sets {name} of {item.poam_id} to {text!r}")
        with self._deciding(who) as decider:
            edit(decider, item, {name: text}, reason="news")

    def _title(self) -> None:
        self._set(ISSO, "weakness_name", ("Old library", "Weak  cipher", "“Quoted” weakness", "Outdated library 1"))

    def _plan(self) -> None:
        self._set(ISSO, "remediation_plan", ("Patch it.", "Replace it.\n\nThen scan.", "“As agreed”"))

    def _forecast(self) -> None:
        self._set(ANN, "forecast_date", ("2026-04-01", "2026-04-20", ""))

    def _status(self) -> None:
        self._set(ANN, "work_status", ("not_started", "in_progress", "blocked"), "state = 'open'")

    def _decide(self) -> None:
        waiting = rows(self.story.record.db, Request, "state = 'waiting'")
        if not waiting:
            return
        request, yes = self.story.rng.choice(waiting), self.story.rng.random() < 0.5
        self.story.note(
            "record: ",
            f"{'approves' if yes else 'rejects'} request {request.id} ({request.kind} {request.requested_date})",
        )
        with self._deciding(SECOND_ISSO) as decider:
            approve(decider, request.id) if yes else reject(decider, request.id, reason="not agreed")

    def _move(self, who: Identity, where: str, to: State, reason: str) -> None:
        item = self._any_item(where)
        if item is None:
            return
        self.story.note("record: ", f"{who.person} moves {item.poam_id} to {to.value}")
        with self._deciding(who) as decider:
            transition(decider, item, to, reason=reason, evidence=PROOF)

    def _verify(self) -> None:
        self._move(SECOND_ISSO, "state = 'pending_verification'", State.CLOSED, "remediated")

    def _reopen(self) -> None:
        self._move(ISSO, "state IN ('closed', 'pending_verification', 'risk_accepted')", State.OPEN, "not gone")

    def _accept_risk(self) -> None:
        self._move(AO, "state = 'open'", State.RISK_ACCEPTED, "lived with")

    def _dismiss(self) -> None:
        """Two steps of two people, one after the other."""
        item = self._any_item("state = 'open'")
        if item is None:
            return
        self.story.note("record: ", f"{item.poam_id} is no weakness")
        with self._deciding(AO) as decider:
            edit(decider, item, {"false_positive": "yes"}, reason="looked at")
        self._move(SECOND_ISSO, f"uid = '{item.uid}' AND state = 'open'", State.CLOSED, "false_positive: looked at")

    def _resolve(self) -> None:
        conflicts = rows(self.story.record.db, Conflict, "state = 'open'")
        if conflicts:
            conflict = self.story.rng.choice(conflicts)
            sides = ("record", "tracker", "2026-04-15") if conflict.field == "due_date" else ("record", "tracker")
            self.resolve(conflict, self.story.rng.choice(sides))

    def resolve(self, conflict: Conflict, take: str) -> None:
        """Ends a conflict, as far as it can be."""
        self.story.note("record: ", f"resolves {conflict.id} ({conflict.policy} {conflict.field}): {take}")
        try:
            with self._deciding(SECOND_ISSO) as decider:
                resolve(decider, conflict.id, take)
        except InputError as error:
            self.story.note("record: ", f"refused: {error}")

    def _add(self) -> None:
        self.items += 1
        self.add([item(self.items, self.story.rng)])

    def add(self, items: list[PoamItem]) -> None:
        """New items, as an import brings them."""
        self.story.note("record: ", f"adds {', '.join(each.poam_id for each in items)}")
        record = self.story.record
        with record.unit(at=iso(self.story.clock())) as unit:
            unit.add_items(IMPORTER, items)
        self.story.acks.append(Ack(*record.head))


KNOWN_AT_TRACKERS = frozenset({"ann", "irene"})
"""Whose commands count: the others have accounts there that nobody in [people] has."""


def people() -> dict[str, Any]:
    """The people of the configuration: those at the trackers have an account there."""
    accounts = ("jira", "code", "ops")
    return {
        "isso@acme.example": {"role": "isso", "accounts": [f"{name}:irene" for name in accounts]},
        "ida@acme.example": {"role": "isso"},
        "otto@acme.example": {"role": "ao"},
        "ann@acme.example": {"role": "engineer", "accounts": [f"{name}:ann" for name in accounts]},
    }
