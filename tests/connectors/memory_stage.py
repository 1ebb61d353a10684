"""The contract's stage in memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Literal

from poam.connectors.errors import Unsettled
from poam.connectors.memory import MemoryPerson, MemoryTracker, MemoryWorld
from poam.connectors.sandbox.clock import Clock

from .stage import Stage


@contextmanager
def memory() -> Iterator[Stage]:
    """An empty tracker, a person called ann, and a clock that stands still until told."""
    clock = Clock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC))
    world = MemoryWorld(clock)

    def lose_next_create(when: Literal["before", "after"]) -> None:
        world.faults.append(("create", when, Unsettled))

    yield Stage(MemoryTracker("memory", world), MemoryPerson(world), clock, lose_next_create)
