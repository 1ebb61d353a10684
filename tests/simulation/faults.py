"""What goes wrong, and when: drawn per call, counted by kind, and silent once the story heals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from random import Random

from .swarm import Swarm


class Crash(BaseException):
    """The process is gone: nothing may take it for a failure and go on."""


@dataclass
class Faults:
    """Draws what goes wrong. `places` counts where the process could die; at those in `cuts` it does."""

    rng: Random
    swarm: Swarm
    cuts: Collection[int] = ()
    places: int = 0
    active: bool = True
    counted: Counter[str] = field(default_factory=Counter)

    def strike(self, kinds: tuple[str, ...], rate: float) -> str:
        """The fault of this call, empty when it goes well."""
        if not self.active or self.rng.random() >= rate:
            return ""
        weights = [self.swarm.faults.get(kind, 0.0) for kind in kinds]
        if not any(weights):
            return ""
        kind = self.rng.choices(kinds, weights)[0]
        self.counted[kind] += 1
        return kind

    def place(self) -> None:
        """A place where the process may die."""
        if not self.active:
            return
        self.places += 1
        if self.places in self.cuts or (self.swarm.crash and self.rng.random() < self.swarm.crash):
            self.counted["crash"] += 1
            raise Crash

    def dies_sending(self) -> bool:
        """Whether the process dies with its request under way."""
        dies = self.active and bool(self.swarm.crash) and self.rng.random() < self.swarm.crash
        self.counted["crash"] += dies
        return dies
