"""People deciding beside an engine: what they do, and what has to be so afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from poam.connectors.memory import MemoryPerson
from poam.connectors.sandbox.clock import iso
from poam.mapping.item import State
from poam.mapping.life import Role
from poam.sync.deciding.decider import Decider
from poam.sync.deciding.requests import approve, reject
from poam.sync.deciding.resolve import resolve
from poam.sync.deciding.transitions import transition
from poam.sync.record.verify import problems
from poam.sync.settings.people import Identity

from .engine import Engine, engine, item

ISSO, ANN, OTTO, EVA = "isso@acme.example", "ann@acme.example", "otto@acme.example", "eva@acme.example"
SCAN = "https://scan.example/1"


@contextmanager
def pair(folder: Path) -> Iterator[Engine]:
    """An item under FedRAMP (1) and one at an agency (2), mirrored and at rest."""
    with engine(folder, item(1), item(2, system_id="LEDGER")) as ready:
        ready.cycle()
        yield ready
        assert list(problems(ready.record.db)) == []


@contextmanager
def deciding(ready: Engine, person: str = ISSO, role: Role = Role.ISSO, *, on_behalf_of: str = "") -> Iterator[Decider]:
    """Somebody decides something, in one unit of work."""
    now = iso(ready.clock.now())
    with ready.record.unit(at=now) as unit:
        yield Decider(unit, ready.config, Identity(person, role, on_behalf_of), now[:10])


def approved(ready: Engine, number: int = 1, **who: Any) -> str:
    with deciding(ready, **who) as decider:
        return approve(decider, number)


def rejected(ready: Engine, number: int = 1, reason: str = "not agreed", **who: Any) -> str:
    with deciding(ready, **who) as decider:
        return reject(decider, number, reason=reason)


def moved(ready: Engine, to: State, *, reason: str = "x", evidence: tuple[str, ...] = (), **who: Any) -> None:
    with deciding(ready, **who) as decider:
        transition(decider, ready.item(), to, reason=reason, evidence=evidence)


def resolved(ready: Engine, take: str, number: int = 1, **who: Any) -> str:
    with deciding(ready, **who) as decider:
        return resolve(decider, number, take)


def ask(ready: Engine, n: int = 1, date: str = "2026-07-01", by: str = "ann") -> None:
    """An engineer drags the due date to a later day, and it rests there."""
    MemoryPerson(ready.world, by).set_due(ready.link(n).remote_id or "", date)
    ready.later()
    ready.later()


def close(ready: Engine, n: int = 1, how: Any = "completed") -> None:
    ready.person.close(ready.link(n).remote_id or "", how)
    ready.later()
    ready.later()


def unwritten(ready: Engine) -> Any:
    return ready.record.head, ready.record.db.execute("SELECT count(*) FROM outbox").fetchone()


def at_rest(ready: Engine) -> None:
    """After one cycle that carries out the decision, nothing is left to do anywhere."""
    ready.later()
    versions = [issue.version for issue in ready.issues()]
    assert ready.later().record_writes == 0
    assert ready.cycle(full=True).record_writes == 0
    assert [issue.version for issue in ready.issues()] == versions
