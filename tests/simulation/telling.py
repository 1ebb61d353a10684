"""Tells the story of a seed, and says what was wrong in it.

The engine, its record and its SQLite are the real ones; the trackers, the people, the clocks and the faults are drawn
from `random.Random(seed)` and from nothing else.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp

from .oracles import at_the_end
from .stage import begin
from .story import Story
from .swarm import Swarm


@dataclass
class Outcome:
    """What came of a seed."""

    seed: int
    digest: str
    violations: list[str]
    counted: Counter[str]
    trace: list[str]


def run(seed: int, *, swarm: Swarm | None = None, cuts: Collection[int] = (), restores: bool = False) -> Outcome:
    """Tells the story of a seed."""
    folder = Path(mkdtemp(dir=memory()))
    try:
        story = begin(seed, folder, swarm, cuts, restores)
        tell(story)
        story.record.close()
    finally:
        shutil.rmtree(folder)
    story.faults.counted["places"] = story.faults.places
    return Outcome(seed, digest(story.trace), story.violations, story.faults.counted, story.trace)


def tell(story: Story) -> None:
    """Both phases and the verdict. An exception of the engine is a verdict, too."""
    try:
        story.chaos()
        story.heal()
        story.rest()
        at_the_end(story)
    except Exception as error:
        story.blame(f"{type(error).__name__}: {error}")
    story.note(f"head {story.record.head}")


def memory() -> Path | None:
    """A folder that no disk slows down, where there is one."""
    place = Path("/dev/shm")  # noqa: S108 - a place, not a name to guess
    return place if place.is_dir() else None


def digest(trace: list[str]) -> str:
    """Two stories are the same when this is."""
    return hashlib.sha256("\n".join(trace).encode()).hexdigest()[:16]
