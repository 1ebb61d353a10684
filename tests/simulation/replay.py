"""Tells the story of a seed again: `python -m tests.simulation.replay SEED [PLACE ...]` from the repository's root.

A place is where the process dies besides. `--digest` prints only what tells stories apart, of any number of seeds.
"""

from __future__ import annotations

import argparse
import sys
from contextlib import nullcontext

from .swarm import calm
from .telling import Outcome, run
from .variants import VARIANTS


def main() -> int:
    """Prints the trace and the verdicts; 1 when there are any."""
    parser = argparse.ArgumentParser(prog="replay", description="Tells the story of a seed again.")
    parser.add_argument("seed", type=int)
    parser.add_argument("places", type=int, nargs="*")
    parser.add_argument("--calm", action="store_true", help="the story in which nothing fails by itself")
    parser.add_argument("--restores", action="store_true", help="backups come back, too")
    parser.add_argument("--weather", choices=VARIANTS, help="the weather in which this variant is tried")
    parser.add_argument("--broken", action="store_true", help="the variant itself, in its weather")
    parser.add_argument("--digest", action="store_true")
    options = parser.parse_args()
    if options.digest:
        print("\n".join(run(seed).digest for seed in (options.seed, *options.places)))
        return 0
    outcome = _told(options)
    print("\n".join([*outcome.trace, f"digest {outcome.digest}"]))
    for verdict in outcome.violations:
        print(f"VIOLATION {verdict}")
    return int(bool(outcome.violations))


def _told(options: argparse.Namespace) -> Outcome:
    if options.weather is None:
        swarm = calm() if options.calm else None
        return run(options.seed, swarm=swarm, cuts=options.places, restores=options.restores)
    variant = VARIANTS[options.weather]
    with variant.at_work() if options.broken else nullcontext():
        return variant.tell(options.seed)


if __name__ == "__main__":
    sys.exit(main())
