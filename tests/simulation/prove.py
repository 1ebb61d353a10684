"""The long proof: many seeds, crashes in pairs, tampering and real kills. `make prove`, or from the repository's root

python -m tests.simulation.prove [--seeds N] [--from SEED] [--minutes M] [--processes N] [--restores] [--only-seeds]

Prints what it went through and every violation with the command that tells its story again; exit 1 when there is any.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from .swarm import FAULTS, calm
from .telling import Outcome, run

ROOT = Path(__file__).parents[2]
SHARE = 25
PAIRS_EVERY = 10
TWICE_EVERY = 100
LONG_TESTS = (
    "tests/sync/test_tamper.py",
    "tests/sync/test_faults.py",
    "tests/sync/test_kill.py",
    "tests/simulation/test_kills.py",
)
COUNTED = ("seeds", "cycles", "calls", "crash", "pairs", "restores", "rivals")
VERDICTS = {"duplicates": "duplicate", "lost edits": "lost", "writes after rest": "restless"}


@dataclass
class Proof:
    """What many seeds came to."""

    counted: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def add(self, outcome: Outcome, again: str) -> None:
        """One story more."""
        self.counted += outcome.counted
        command = f"python -m tests.simulation.replay {again}"
        self.violations += [f"{verdict}\n    {command}" for verdict in outcome.violations]

    def join(self, other: Proof) -> None:
        """What another process found."""
        self.counted += other.counted
        self.violations += other.violations


def prove(first: int, last: int, restores: bool) -> Proof:
    """These seeds; of some a second time, and some stories with two crashes where nothing else goes wrong."""
    proof = Proof()
    for seed in range(first, last):
        outcome = run(seed, restores=restores)
        proof.counted["seeds"] += 1
        proof.add(outcome, f"{'--restores ' if restores else ''}{seed}")
        if seed % TWICE_EVERY == 0 and run(seed, restores=restores).digest != outcome.digest:
            proof.violations.append(f"seed {seed} does not tell the same story twice")
        if seed % PAIRS_EVERY == 0:
            _crash_twice(seed, proof)
    return proof


def _crash_twice(seed: int, proof: Proof) -> None:
    places = run(seed, swarm=calm()).counted["places"]
    first = Random(seed).randint(1, max(places, 1))
    cuts = (first, first + Random(-seed).randint(1, 60))
    proof.counted["pairs"] += 1
    proof.add(run(seed, swarm=calm(), cuts=cuts), f"--calm {seed} {cuts[0]} {cuts[1]}")


def all_seeds(options: argparse.Namespace) -> Proof:
    """Shares of seeds to every process until all are told or the time is over."""
    total, began = Proof(), time.monotonic()
    shares = _shares(options, began)
    with ProcessPoolExecutor(options.processes) as pool:
        running: set[Future[Proof]] = set()
        while True:
            while len(running) < options.processes + 1 and (share := next(shares, None)):
                running.add(pool.submit(prove, *share, options.restores))
            if not running:
                return total
            done, running = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                found = future.result()
                total.join(found)
                _progress(total, found, time.monotonic() - began)


def _shares(options: argparse.Namespace, began: float) -> Iterator[tuple[int, int]]:
    first, last = options.first, options.first + options.seeds
    while first < last and time.monotonic() - began < options.minutes * 60:
        yield first, min(first + SHARE, last)
        first += SHARE


def _progress(total: Proof, found: Proof, seconds: float) -> None:
    for violation in found.violations:
        print(f"\nVIOLATION {violation}", flush=True)
    seeds = total.counted["seeds"]
    told = f"{seeds} seeds, {seeds / seconds:.0f} a second, {len(total.violations)} violations"
    print(told, end="\r" if sys.stdout.isatty() else "\n", flush=True)


def told(proof: Proof) -> str:
    """The whole proof as people read it."""
    lines = [f"{name:<18}{proof.counted[name]:>12,}" for name in COUNTED]
    lines += [f"{kind:<18}{proof.counted[kind]:>12,}" for kind in FAULTS]
    lines.append(f"{'violations':<18}{len(proof.violations):>12,}")
    for name, word in VERDICTS.items():
        lines.append(f"{name:<18}{sum(word in violation for violation in proof.violations):>12,}")
    return "\n".join(lines)


def long_tests() -> bool:
    """Tampering and kills in their long form."""
    present = [name for name in LONG_TESTS if (ROOT / name).exists()]
    command = [sys.executable, "-m", "pytest", "-q", *present]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, "POAM_PROVE": "1"}, check=False).returncode == 0


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="prove", description="The long proof of the sync engine.")
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--from", type=int, default=0, dest="first", metavar="SEED")
    parser.add_argument("--minutes", type=float, default=24 * 60)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--restores", action="store_true", help="backups come back, too")
    parser.add_argument("--only-seeds", action="store_true", help="no tampering, no kills")
    options = parser.parse_args()
    proof = all_seeds(options)
    print(f"\n{told(proof)}")
    held = options.only_seeds or long_tests()
    return int(bool(proof.violations) or not held)


if __name__ == "__main__":
    sys.exit(main())
