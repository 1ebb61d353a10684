"""An issue that cannot be found: before it counts, the credentials, the place and another issue must be well."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from poam.connectors.errors import Forbidden
from poam.sync.record.kinds import Sighting
from poam.sync.record.rows import rows

from .engine import Engine, engine, item


@pytest.fixture
def looked_at(tmp_path: Path) -> Iterator[Engine]:
    """Three mirrors, of which the first is looked at in the next cycle: a date's quiet period has ended there."""
    with engine(tmp_path, item(1), item(2), item(3)) as story:
        story.cycle()
        story.person.set_due(story.link(1).remote_id or "", "2026-07-01")
        story.later(minutes=1)
        yield story


def looks(story: Engine) -> list[int]:
    return [sighting.missing_looks for sighting in rows(story.record.db, Sighting, order="link_id")]


def delete(story: Engine, *numbers: int) -> None:
    for n in numbers:
        story.person.delete(story.link(n).remote_id or "")


def test_one_missing_issue_counts_when_another_can_be_read(looked_at: Engine) -> None:
    delete(looked_at, 1)
    assert looked_at.later(minutes=15).connectors[0].error is None
    assert sum(looks(looked_at)) == 1


def test_where_no_issue_can_be_read_any_more_a_permission_is_gone_and_none_counts_as_missing(looked_at: Engine) -> None:
    delete(looked_at, 1, 2, 3)
    error = looked_at.later(minutes=15).connectors[0].error
    assert isinstance(error, Forbidden)
    assert "none of our issues can be read any more" in str(error)
    assert sum(looks(looked_at)) == 0


def test_where_the_credentials_are_not_well_none_counts_as_missing(looked_at: Engine) -> None:
    delete(looked_at, 1)
    looked_at.world.faults.append(("check", "before", Forbidden))
    assert isinstance(looked_at.later(minutes=15).connectors[0].error, Forbidden)
    assert sum(looks(looked_at)) == 0


def test_the_only_issue_there_is_can_be_missing_too(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        delete(story, 1)
        story.later(days=1)
        for _ in range(3):
            assert story.later().connectors[0].error is None
        assert story.link().state == "missing"


def test_issues_that_are_all_deleted_are_missing_in_the_end(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2)) as story:
        story.cycle()
        delete(story, 1, 2)
        for _ in range(2):
            story.later(days=1)
            story.later()
        story.later()
        assert [story.link(n).state for n in (1, 2)] == ["missing", "missing"]
