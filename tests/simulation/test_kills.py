"""Real processes killed with -9 at random commits and requests, several in a row; then each item still has one issue.

Three stories here, two hundred kills with POAM_PROVE=1.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import pytest

from poam.connectors.sandbox.clock import Clock

from ..sync.test_kill import POAM, Deadly, one_issue_each, run
from ..sync.two_trackers import Loop, item_for, two_trackers
from .telling import memory

STORIES = 100 if os.environ.get("POAM_PROVE") else 3
KILLS = (1, 2, 2, 3)


@dataclass(slots=True)
class AtRequest(Deadly):
    """Kills the client at the request so many from now, whatever it asks."""

    left: int = 1

    def matches(self, scope: object) -> bool:
        """Whether this is the request."""
        self.left -= 1
        if self.left:
            return False
        os.kill(self.client[0].pid, signal.SIGKILL)
        self.client[0].wait()
        return True


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that no disk slows down."""
    with TemporaryDirectory(dir=memory()) as place:
        yield Path(place) / "loop"


@pytest.mark.parametrize("seed", range(STORIES))
def test_processes_killed_anywhere_leave_one_issue_per_item(folder: Path, seed: int) -> None:
    rng = Random(seed)
    with two_trackers(folder, item_for("jira", 1), item_for("code", 2), clock=Clock()) as loop:
        for _ in range(rng.choice(KILLS)):
            if rng.random() < 0.5:
                run(loop, rng.randint(1, 16), rng.choice(("before", "after")))
            else:
                kill_at_a_request(loop, rng)
        one_issue_each(loop)


def kill_at_a_request(loop: Loop, rng: Random) -> None:
    """`poam sync`, whose process dies while one of its requests is under way, unless it needs fewer."""
    server = loop.servers[rng.choice(("jira", "code"))]
    fault = AtRequest("", "", "drop", rng.choice(("before", "after")), left=rng.randint(1, 8))
    server.faults.append(fault)
    command = [str(POAM), "--config", str(loop.stage.config), "sync"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        fault.client.append(process)
    server.faults.clear()
    assert process.returncode in (-signal.SIGKILL, 0, 1, 2)
