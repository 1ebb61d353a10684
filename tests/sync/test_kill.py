"""A process killed at any moment of a create leaves, once another has run, exactly one issue per item."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Literal

import pytest

from poam.connectors.sandbox.clock import Clock, iso
from poam.connectors.sandbox.server import Fault

from .two_trackers import Loop, item_for, two_trackers

MORTAL = Path(__file__).with_name("mortal.py")
POAM = Path(sys.executable).with_name("poam")
CREATE = {"jira": r"/issue$", "code": r"/issues$"}
When = Literal["before", "after"]


@dataclass(slots=True)
class Deadly(Fault):
    """Kills the client whose request arrives; whether the request then takes effect is up to `when`."""

    client: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def matches(self, scope: object) -> bool:
        """Whether this is the request; the client is dead by the time of the answer."""
        hit = Fault.matches(self, scope)  # type: ignore[arg-type]
        if hit:
            os.kill(self.client[0].pid, signal.SIGKILL)
            self.client[0].wait()
        return hit


def one_issue_each(loop: Loop) -> None:
    """Another process at once, one after every wait, then rest: each item has one issue and nothing is owed."""
    loop.cycle()
    for connector in CREATE:
        assert len(loop.issues(connector)) <= 1, "nothing is sent twice before the tracker could have shown it"
    loop.clock.advance(hours=1)
    loop.cycle()
    for connector in CREATE:
        mine = [link.remote_id for link in loop.links() if link.connector == connector]
        assert [issue.id for issue in loop.issues(connector)] == mine
    assert [link.state for link in loop.links()] == ["live", "live"]
    assert {owed.state for owed in loop.outbox()} == {"DONE"}
    loop.clock.advance(hours=1)
    loop.cycle()
    at_rest(loop)


def at_rest(loop: Loop) -> None:
    """The next cycle writes nothing to the record and nothing to a tracker."""
    loop.clock.advance(hours=1)
    before = [issue.version for connector in CREATE for issue in loop.issues(connector)]
    assert loop.cycle().record_writes == 0
    assert [issue.version for connector in CREATE for issue in loop.issues(connector)] == before


def run(loop: Loop, commit: int, when: When) -> int:
    """`poam sync` in a process of its own that dies at that commit; its exit code."""
    words = [iso(loop.clock.now()), str(commit), when, "--config", str(loop.stage.config), "sync"]
    return subprocess.run([sys.executable, str(MORTAL), *words], capture_output=True, check=False).returncode


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_killed_at_any_commit_leaves_one_issue_per_item(in_memory: Path, when: When) -> None:
    for commit in count(1):
        with two_trackers(Path(mkdtemp(dir=in_memory)), item_for("jira", 1), item_for("code", 2)) as loop:
            code = run(loop, commit, when)
            one_issue_each(loop)
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert commit > 8, "the cycle has a commit for each plan, and before and after each create"


@pytest.mark.parametrize("connector", ["jira", "code"])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_process_killed_while_its_create_is_under_way_leaves_one_issue_per_item(
    in_memory: Path, connector: str, when: When
) -> None:
    with two_trackers(Path(mkdtemp(dir=in_memory)), item_for("jira", 1), item_for("code", 2), clock=Clock()) as loop:
        fault = Deadly("POST", CREATE[connector], "drop", when)
        loop.servers[connector].faults.append(fault)
        with subprocess.Popen([str(POAM), "--config", str(loop.stage.config), "sync"]) as process:
            fault.client.append(process)
        assert process.returncode == -signal.SIGKILL
        one_issue_each(loop)
