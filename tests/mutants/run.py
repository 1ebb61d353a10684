"""Mutation testing of the engine: `make mutants`, or from the repository's root

python -m tests.mutants.run [merge] [plan] [outbox] [record] [guards] [--sample N] [--seed S] [--children N]

Prints each group's score and its survivors, and exits with 1 where a score misses its demand. A mutant is killed by a
failing test, or by taking far too long. Survivors that are known, and why they do no harm, stand in `harmless.toml`:
the score is told with and without them, and the demand is made of the latter. Works in a scratch copy that it removes.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from . import engine, guards
from .groups import DEMAND, GROUPS
from .scores import Score

MEMORY = Path("/dev/shm")  # noqa: S108 - a place, not a name to guess; records come and go here by the thousand


def arguments() -> argparse.Namespace:
    """What was asked for."""
    parser = argparse.ArgumentParser(prog="make mutants", description="Mutation testing of the engine.")
    parser.add_argument("groups", nargs="*", metavar="group", help=f"of {', '.join(DEMAND)}; all where none is named")
    parser.add_argument("--sample", type=int, default=0, metavar="N", help="so many of each group, drawn by the seed")
    parser.add_argument("--seed", type=int, default=1, help="of the sample (1)")
    parser.add_argument("--children", type=int, default=os.cpu_count() or 2, help="processes at once")
    asked = parser.parse_args()
    asked.groups = asked.groups or list(DEMAND)
    if unknown := set(asked.groups) - set(DEMAND):
        parser.error(f"no such group: {', '.join(sorted(unknown))}; there are {', '.join(DEMAND)}")
    return asked


def judged(scratch: Path, asked: argparse.Namespace) -> dict[str, Score]:
    """The score of each group that was asked for."""
    groups = {name: GROUPS[name] for name in asked.groups if name in GROUPS}
    engine.lay_out(scratch, list(groups.values()))
    scores = {}
    with chdir(scratch):
        names = {name: engine.names_of(group, asked.sample, asked.seed) for name, group in groups.items()}
        print(f"seed {asked.seed};", *(f"{len(some)} of {name}" for name, some in names.items()), flush=True)
        if groups:
            engine.judge(scratch, [each for some in names.values() for each in some], asked.children)
        scores = {name: Score.of(engine.fates(scratch, group, names[name])) for name, group in groups.items()}
    if "guards" in asked.groups:
        scores["guards"] = Score.of(guards.judge(scratch, asked.sample, asked.seed, asked.children))
    return scores


def main() -> int:
    """Mutates, judges, tells."""
    asked = arguments()
    began = time.monotonic()
    memory = MEMORY if MEMORY.is_dir() else None
    with TemporaryDirectory(prefix="poam-mutants-", dir=memory, ignore_cleanup_errors=True) as place:
        scores = judged(Path(place), asked)
    for name, score in scores.items():
        print(f"\n{name} (demanded {DEMAND[name]} %): {score}")
    spent = time.monotonic() - began
    print(f"\n{spent:.0f} s, {spent / sum(score.fates.total() for score in scores.values()):.1f} s a mutant")
    return int(any(score.just < DEMAND[name] for name, score in scores.items()))


if __name__ == "__main__":
    sys.exit(main())
