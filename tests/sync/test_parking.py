"""A tracker that asks for a long pause is left alone for exactly that long, by whoever runs the cycles."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from poam.connectors.errors import RateLimited, Unavailable
from poam.sync.record.memory import remembered

from .engine import ISSO, Engine, engine, item

LIMITED = partial(RateLimited, retry_after=3600)


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with engine(tmp_path, *(item(n) for n in range(1, 4))) as made:
        made.cycle()
        yield made


def rename(mirrored: Engine, *numbers: int) -> None:
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        for n in numbers:
            unit.change(ISSO, "items", f"uid-{n}", {"weakness_name": f"Another name {n}"})


def test_a_long_pause_that_is_asked_for_when_reading_is_kept_without_a_request(mirrored: Engine) -> None:
    mirrored.world.faults.append(("changed_since", "before", LIMITED))
    told = [mirrored.later().connectors[0].error]
    mirrored.world.faults.append(("changed_since", "before", Unavailable))
    told.append(mirrored.later(minutes=59).connectors[0].error)
    until = "jira limits our requests and is left alone until 2026-03-02 14:00 UTC"
    assert [str(each) for each in told] == [until, until], "the very cycle that was limited says until when, too"
    assert mirrored.world.faults, "nobody asked"


def test_a_cycle_that_waits_for_the_end_of_a_pause_writes_nothing(mirrored: Engine) -> None:
    mirrored.world.faults.append(("changed_since", "before", LIMITED))
    mirrored.later()
    assert mirrored.later(minutes=20).record_writes == 0


def test_the_first_cycle_after_the_pause_goes_on_where_the_last_one_ended(mirrored: Engine) -> None:
    rename(mirrored, 1)
    mirrored.world.faults.append(("edit", "before", LIMITED))
    limited = mirrored.later().connectors[0]
    assert (limited.owed, "left alone until 2026-03-02 14:00 UTC" in str(limited.error)) == (1, True)
    assert mirrored.later(minutes=30).connectors[0].edited == 0
    assert mirrored.later(minutes=31).connectors[0].edited == 1
    assert mirrored.later().record_writes == 0


def test_a_pause_that_somebody_wrote_over_by_hand_holds_nobody_up(mirrored: Engine) -> None:
    mirrored.world.faults.append(("changed_since", "before", LIMITED))
    mirrored.later()
    mirrored.record.db.execute("UPDATE meta SET value = 'soon' WHERE key = 'parked:jira'")
    assert mirrored.later(minutes=1).connectors[0].error is None


def test_an_issue_that_was_written_to_too_often_waits_alone(mirrored: Engine) -> None:
    rename(mirrored, 1, 2, 3)
    mirrored.world.faults.append(("edit", "before", partial(RateLimited, retry_after=90, one_issue=True)))
    told = mirrored.later().connectors[0]
    assert (told.edited, told.owed, told.error) == (2, 1, None)
    assert remembered(mirrored.record.db, "parked:jira") is None
    assert mirrored.later(seconds=80).connectors[0].edited == 0
    assert mirrored.later(seconds=10).connectors[0].edited == 1
