"""What takes long is told before it is done: many new issues at a tracker that wants them apart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from poam.connectors.sandbox.server import Fault

from .two_trackers import Loop, item_for, two_trackers

TOLD = "code: 12 new issues take about 1 min: it wants them apart"


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    """Twelve items that GitHub is still to have."""
    with two_trackers(tmp_path / "loop", *(item_for("code", n) for n in range(1, 13))) as loop:
        yield loop


def keep_apart(loop: Loop, seconds: float) -> None:
    """The configuration with that much time between two new issues."""
    path = loop.stage.config
    told = f'type = "github"\nseconds_between_creates = {seconds}\n'
    path.write_text(path.read_text(encoding="utf-8").replace('type = "github"\n', told), encoding="utf-8")


def test_a_plan_tells_how_long_its_new_issues_will_take(loop: Loop) -> None:
    keep_apart(loop, 3)
    assert loop.poam("plan").stdout.splitlines()[-1] == TOLD


@pytest.mark.parametrize("seconds", [0, 2])
def test_half_a_minute_is_not_worth_a_word(loop: Loop, seconds: float) -> None:
    keep_apart(loop, seconds)
    assert "new issues take" not in loop.poam("plan").stdout


def test_on_the_loopback_nothing_takes_long(loop: Loop) -> None:
    assert "new issues take" not in loop.poam("plan").stdout + loop.poam("sync").stdout
    assert len(loop.issues("code")) == 12


def test_a_cycle_tells_it_before_it_does_anything_and_counts_what_is_owed_already(loop: Loop) -> None:
    keep_apart(loop, 3)
    for _ in range(2):
        loop.stage.github.faults.append(Fault("POST", "/issues$", 429))
        told = loop.poam("sync")
        assert told.stdout.splitlines()[0] == TOLD
        assert told.exit_code == 3
        loop.clock.advance(hours=1)
    assert loop.issues("code") == []


def test_a_program_that_reads_the_report_is_told_the_report_alone(loop: Loop) -> None:
    keep_apart(loop, 0)
    json.loads(loop.poam("sync", "--json").stdout)
