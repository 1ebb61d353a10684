"""What a hint does to a cycle: one strong read at most; whatever is wrong with it, the state is the tracker's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from poam.connectors.base import Issue
from poam.connectors.errors import Unavailable, Unsettled
from poam.connectors.hints import Hint
from poam.connectors.memory import MemoryTracker
from poam.connectors.sandbox.clock import iso
from poam.mapping.item import WorkStatus
from poam.sync.cycle import run_cycle
from poam.sync.hinted import MOST_AT_ONCE
from poam.sync.telling.report import Report

from .engine import ISSO, Engine, engine, item


class Watched(MemoryTracker):
    """A tracker that remembers which issues were asked for by their id."""

    asked: list[str]

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        self.asked.extend(issue_ids)
        return super().get_many(issue_ids)


@dataclass
class Story:
    """An engine in step with its tracker, whose list lags from now on."""

    engine: Engine
    tracker: Watched

    def cycle(self, *hints: Hint) -> Report:
        """One cycle with these hints; what it asked for by id is in `tracker.asked`."""
        self.tracker.asked = []
        trackers, clock = {"jira": self.tracker}, self.engine.clock.now
        return run_cycle(self.engine.record, trackers, self.engine.config, clock, hints={"jira": hints})

    @property
    def work_status(self) -> WorkStatus:
        return self.engine.item().work_status


def hint(issue_id: str, account: str = "ann", delivery_id: str = "1") -> Hint:
    return Hint(delivery_id, issue_id, "issues", account)


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Story]:
    with engine(tmp_path, item(1), item(2)) as ready:
        tracker = Watched("jira", ready.world)
        tracker.asked = []
        ready.tracker = tracker
        for _ in range(3):
            ready.later()
        ready.clock.advance(hours=1)
        ready.world.list_lag = timedelta(minutes=5)
        yield Story(ready, tracker)


def test_what_the_list_still_hides_is_read_from_the_issue_itself(story: Story) -> None:
    story.engine.person.close("1")
    story.cycle()
    assert story.work_status is WorkStatus.NOT_STARTED, "the list lags"

    story.cycle(hint("1"))
    assert (story.work_status, story.tracker.asked) == (WorkStatus.DONE, ["1"])


def test_many_hints_about_one_issue_are_one_read(story: Story) -> None:
    story.engine.person.close("1")
    story.cycle(*(hint("1", delivery_id=str(n)) for n in range(20)))

    assert (story.work_status, story.tracker.asked) == (WorkStatus.DONE, ["1"])


def test_what_the_list_tells_anyway_costs_no_read_more(story: Story) -> None:
    story.engine.world.list_lag = timedelta()
    story.engine.person.close("1")
    story.cycle(hint("1"))

    assert (story.work_status, story.tracker.asked) == (WorkStatus.DONE, [])


def test_an_issue_that_the_list_repeats_as_it_was_is_read_all_the_same(story: Story) -> None:
    story.engine.world.list_lag = timedelta()
    story.engine.person.start("1")
    story.cycle()
    story.engine.clock.advance(minutes=1)
    story.engine.world.list_lag = timedelta(seconds=30)
    story.engine.person.close("1")
    story.cycle(hint("1"))

    assert (story.work_status, story.tracker.asked) == (WorkStatus.DONE, ["1"])


def test_a_hint_about_nothing_new_writes_nothing(story: Story) -> None:
    report = story.cycle(hint("1"), hint("2"))

    assert (report.record_writes, story.tracker.asked) == (0, ["1", "2"])
    assert story.cycle().record_writes == 0


def test_hints_in_the_wrong_order_end_where_the_issue_is(story: Story) -> None:
    story.engine.person.close("1")
    story.engine.clock.advance(seconds=1)
    story.engine.person.reopen("1")
    story.cycle(hint("1", delivery_id="reopened"))
    story.cycle(hint("1", delivery_id="closed"))

    assert story.work_status is WorkStatus.NOT_STARTED


def test_a_list_that_lags_behind_a_hint_takes_nothing_back(story: Story) -> None:
    story.engine.world.list_lag = timedelta()
    story.engine.person.start("1")
    story.cycle()
    story.engine.clock.advance(minutes=1)
    story.engine.world.list_lag = timedelta(seconds=30)
    story.engine.person.close("1")
    story.cycle(hint("1"))

    assert story.cycle().record_writes == 0
    assert story.work_status is WorkStatus.DONE


def test_a_hint_that_was_lost_is_made_up_for_by_the_list(story: Story) -> None:
    story.engine.person.close("1")
    story.engine.clock.advance(minutes=6)
    story.cycle()

    assert story.work_status is WorkStatus.DONE


def test_a_hint_about_our_own_write_costs_no_read(story: Story) -> None:
    story.cycle(hint("1", account="poam"), hint("2", account=""))

    assert story.tracker.asked == ["2"], "who is not named may be anybody"


def test_an_issue_of_somebody_else_is_not_read(story: Story) -> None:
    report = story.cycle(hint("99"), hint("7"))

    assert (report.record_writes, story.tracker.asked, report.connectors[0].error) == (0, [], None)


def test_an_issue_that_was_retired_is_not_read(story: Story) -> None:
    twin = asdict(story.engine.link()) | {"id": "twin", "number": 2, "marker": "m", "remote_id": "99"}
    with story.engine.record.unit(at=iso(story.engine.clock.now())) as unit:
        unit.create(ISSO, "links", twin | {"state": "retired"})
    story.cycle(hint("99"))

    assert story.tracker.asked == []


def test_a_create_that_was_not_sent_makes_no_strange_issue_worth_a_read(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.faults.append(("create", "before", Unavailable))
        ready.cycle()
        assert [owed.state for owed in ready.outbox()] == ["PENDING"]
        story = Story(ready, Watched("jira", ready.world))
        story.cycle(hint("99"))

        assert "99" not in story.tracker.asked


def test_a_create_whose_answer_was_lost_is_settled_by_its_own_hint(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.list_lag = timedelta(minutes=5)
        ready.world.faults.append(("create", "after", Unsettled))
        ready.cycle()
        assert [owed.state for owed in ready.outbox()] == ["UNKNOWN"]
        tracker = Watched("jira", ready.world)
        story = Story(ready, tracker)
        story.cycle(hint("1", account="poam"), hint("99"))

        assert tracker.asked[:2] == ["1", "99"], "either may be the one"
        assert (ready.link().remote_id, ready.link().state) == ("1", "live")
        assert [owed.state for owed in ready.outbox()] == ["DONE"]
        ready.world.list_lag = timedelta()
        assert len(ready.issues()) == 1


def test_a_stranger_that_is_not_there_is_no_missing_issue(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.faults.append(("create", "before", Unsettled))
        ready.cycle()
        ready.world.faults.append(("check", "before", Unavailable))
        report = Story(ready, Watched("jira", ready.world)).cycle(hint("99"))

        assert report.connectors[0].error is None
        assert len(ready.world.faults) == 1, "nobody asked whether all is well there"
        assert (ready.conflicts(), ready.link().state) == ([], "planned")


def test_a_hint_about_a_deleted_issue_is_one_look_that_missed_it(story: Story) -> None:
    story.engine.person.delete("1")
    story.cycle(hint("1"))
    story.cycle(hint("1"))
    story.cycle(hint("1"))

    assert (story.engine.link().state, story.engine.conflicts()) == ("live", []), "looks take an hour, too"


def test_a_flood_of_hints_is_left_to_the_list(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, MOST_AT_ONCE + 6))) as ready:
        tracker = Watched("jira", ready.world)
        tracker.asked = []
        ready.tracker = tracker
        for _ in range(2):
            ready.later()
        story = Story(ready, tracker)
        ready.clock.advance(hours=1)
        story.cycle(*(hint(str(n)) for n in range(1, MOST_AT_ONCE + 6)))

        assert len(tracker.asked) == MOST_AT_ONCE
