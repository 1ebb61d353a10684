"""Who wins when people at the tracker and at the record changed the work status, as the configuration says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from poam.mapping.item import WorkStatus

from .deciding import at_rest, resolved
from .engine import ISSO, Engine, engine, item


@contextmanager
def disputed(folder: Path, policy: str) -> Iterator[Engine]:
    """The record says blocked and the engineer has closed the issue, since both last agreed."""
    with engine(folder, item(1), policies={"work_status": policy}) as story:
        story.cycle()
        story.later()
        record_says(story, WorkStatus.BLOCKED)
        story.person.close(story.link().remote_id or "")
        story.later()
        yield story


def record_says(story: Engine, status: WorkStatus) -> None:
    version = story.item().work_status_version + 1
    with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"work_status": status, "work_status_version": version})


@pytest.mark.parametrize(
    ("policy", "status", "category"),
    [("tracker", WorkStatus.DONE, "done"), ("record", WorkStatus.BLOCKED, "doing")],
)
def test_a_policy_names_the_side_that_holds_and_a_person_sees_both(
    tmp_path: Path, policy: str, status: WorkStatus, category: str
) -> None:
    with disputed(tmp_path, policy) as story:
        story.later()
        assert story.item().work_status is status
        assert story.issue().status.category == category
        [conflict] = story.conflicts()
        assert (conflict.record_value, conflict.tracker_value) == ("blocked", "done")
        assert (conflict.record_by, conflict.tracker_by) == ("isso@acme.example", "ann@acme.example")
        assert conflict.record_at == "2026-03-03T00:00:00.000Z"
        assert conflict.tracker_at
        at_rest(story)


def test_a_status_left_to_a_person_moves_on_neither_side_until_somebody_decides(tmp_path: Path) -> None:
    with disputed(tmp_path, "manual") as story:
        for _ in range(3):
            story.later()
            assert story.item().work_status is WorkStatus.BLOCKED
            assert story.issue().status.category == "done"
        at_rest(story)
        assert [conflict.policy for conflict in story.conflicts()] == ["manual"]


@pytest.mark.parametrize(
    ("take", "status", "category"),
    [("record", WorkStatus.BLOCKED, "doing"), ("tracker", WorkStatus.DONE, "done"), ("not_started", "x", "todo")],
)
def test_a_person_ends_the_freeze_with_either_side_or_a_third_value(
    tmp_path: Path, take: str, status: WorkStatus, category: str
) -> None:
    with disputed(tmp_path, "manual") as story:
        resolved(story, take)
        story.later()
        assert story.item().work_status == (take if take in set(WorkStatus) else status)
        assert story.issue().status.category == category
        story.later()
        at_rest(story)
        assert story.conflicts() == []


def test_a_freeze_keeps_nothing_else_of_the_issue_back(tmp_path: Path) -> None:
    with disputed(tmp_path, "manual") as story:
        with story.record.unit(at="2026-03-04T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
        story.person.set_due(story.link().remote_id or "", "2026-04-10")
        story.later()
        assert story.issue().title == "[V-1] A newer name"
        assert story.item().forecast_date == "2026-04-10"
        assert story.issue().status.category == "done"


def test_what_happens_during_a_freeze_is_added_to_the_conflict_and_agreement_ends_it(tmp_path: Path) -> None:
    with disputed(tmp_path, "manual") as story:
        remote = story.link().remote_id or ""
        story.person.reopen(remote)
        story.later()
        assert [conflict.tracker_value for conflict in story.conflicts()] == ["not_started"]
        record_says(story, WorkStatus.NOT_STARTED)
        story.later()
        story.later()
        assert story.conflicts() == []
        at_rest(story)
