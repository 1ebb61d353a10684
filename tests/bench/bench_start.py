"""What `poam --help` costs over a Python that imports click and nothing else.

Run it: `python tests/bench/bench_start.py`. Each figure is the best of many processes, wall clock. Exits with 1
when the promise (at most one and a half times) is missed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import perf_counter

ROUNDS, PROMISE = 25, 1.5
OURS = [str(Path(sys.executable).with_name("poam")), "--help"]
THEIRS = [sys.executable, "-c", "import click"]


def spent(command: list[str]) -> float:
    """Seconds a process takes from start to end."""
    start = perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return perf_counter() - start


def main() -> int:
    """Both in turn, so that a busy machine slows both; the best of each counts."""
    times = [(spent(OURS), spent(THEIRS)) for _ in range(ROUNDS)]
    mine, alone = (min(column) * 1000 for column in zip(*times, strict=True))
    print(
        f"poam --help  {mine:6.1f} ms  import click alone {alone:6.1f} ms  ratio {mine / alone:.2f} (promise {PROMISE})"
    )
    return int(mine / alone > PROMISE)


if __name__ == "__main__":
    sys.exit(main())
