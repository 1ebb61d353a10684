"""What a plan shows is what the cycle then does: the fields of each edit, before anything was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from poam.sync.cycle import plan_cycle
from poam.sync.looking.wanted import moved_fields
from poam.sync.plan import ConnectorPlan

from .engine import ISSO, Engine, engine, item

AT = "2026-03-03T00:00:00.000Z"


def planned(story: Engine) -> ConnectorPlan:
    story.clock.advance(hours=1)
    [each] = plan_cycle(story.record.db, {"jira": story.tracker}, story.config, story.clock.now).connectors
    return each


def edits(each: ConnectorPlan) -> list[str]:
    return [" ".join(sorted(step.edited_fields)) for step in each.steps if step.edit]


@pytest.mark.parametrize(("policy", "told"), [("revert", "body due_date labels"), ("hold", "body labels")])
def test_a_later_date_goes_back_or_stays_in_the_plan_as_in_the_cycle(tmp_path: Path, policy: str, told: str) -> None:
    with engine(tmp_path, item(1), later_date=policy) as story:
        story.cycle()
        for date in ("2026-07-01", "2026-08-01"):
            story.person.set_due(story.link().remote_id or "", date)
            assert edits(planned(story)) == [told if date == "2026-07-01" else told.removesuffix(" labels")]
            story.cycle()
            assert story.issue().due_dates == ("2026-05-01" if policy == "revert" else date,)


def test_a_request_that_is_taken_back_takes_its_label_along_in_the_same_plan(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        story.person.set_due(story.link().remote_id or "", "2026-07-01")
        story.later()
        story.later()
        story.person.set_due(story.link().remote_id or "", "2026-04-10")
        each = planned(story)
        assert edits(each) == ["body labels"]
        [step] = each.steps
        assert step.edit is not None
        assert step.edit.remove_labels == {"poam-date-pending"}


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ({"work_status": "blocked", "work_status_version": 1}, ["body", "work_status"]),
        ({"weakness_name": "A newer name"}, ["body", "title"]),
        ({"forecast_date": "2026-04-10"}, ["body", "due_date"]),
    ],
)
def test_what_the_record_moved_is_named_field_by_field(tmp_path: Path, moved: dict[str, str], told: list[str]) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        story.later()
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", moved)
        each = planned(story)
        assert each.seen.rules is not None
        assert [moved_fields(view, each.seen.rules) for view in each.owed] == [told]
