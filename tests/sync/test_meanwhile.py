"""What people do while we write, or beside each other: nobody's wish goes by unseen or unnamed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from poam.connectors.base import Account, Edit, Issue
from poam.connectors.errors import Rejected, Stale, Unsettled
from poam.connectors.memory import MemoryTracker
from poam.mapping.item import WorkStatus
from poam.sync.delivery.outbox import owe_at
from poam.sync.errors import MassChange

from .deciding import at_rest
from .engine import ISSO, Engine, engine, item

AT = "2026-03-03T00:00:00.000Z"


class Hurried(MemoryTracker):
    """A tracker where `before` happens just before our next edit arrives."""

    before: Callable[[], object] = staticmethod(lambda: None)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        happens, self.before = self.before, lambda: None
        happens()
        return super().edit(issue, edit)


class Terse(Hurried):
    """Answers an edit without a history, as GitHub does."""

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        return replace(super().edit(issue, edit), history=())


class Strict(MemoryTracker):
    """Takes no edit of an issue that has changed since; a look from which we expect nothing new leaves the history
    out. What `happens` comes one by one, before each of our looks.
    """

    happens: Iterator[Callable[[], object]] = iter(())

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        next(self.happens, lambda: None)()
        found = super().get(issue_id)
        return replace(found, history=()) if known else found

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        if issue.version != self.get(issue.id).version:
            raise Stale("it has changed since")
        return super().edit(issue, edit)


def renamed(story: Engine, name: str) -> None:
    with story.record.unit(at=AT) as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": name})


def test_what_a_person_did_just_before_our_edit_arrived_is_told_of_them_once(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        tracker = Terse("jira", story.world)
        story.tracker = tracker
        story.cycle()
        renamed(story, "A newer name")
        tracker.before = lambda: story.person.close(story.link().remote_id or "")
        story.later()
        story.later()
        assert story.item().work_status is WorkStatus.DONE
        assert [who for who, _, _ in story.journal("observed.work_status")] == ["ann@acme.example"]
        assert story.item().work_done_by == "ann@acme.example"
        at_rest(story)


def test_an_issue_that_was_read_again_for_its_history_is_edited_as_it_was_read_last(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        tracker = Strict("jira", story.world)
        story.tracker = tracker
        story.cycle()
        remote = story.link().remote_id or ""
        renamed(story, "A newer name")
        days = ("2026-04-01", "2026-04-02")
        tracker.happens = iter([partial(story.person.set_due, remote, day) for day in days])
        report = story.later()
        assert (report.connectors[0].edited, report.connectors[0].owed) == (1, 0)
        assert story.item().forecast_date == "2026-04-02"
        at_rest(story)


def test_a_date_that_somebody_moves_with_our_account_just_before_our_title_arrives_is_no_echo_of_it(
    tmp_path: Path,
) -> None:
    with engine(tmp_path, item(1)) as story:
        tracker = Hurried("jira", story.world)
        story.tracker = tracker
        story.cycle()
        renamed(story, "A newer name")
        tracker.before = lambda: story.world.change(
            Account("poam"), story.link().remote_id or "", {"due_dates": ("2026-04-01",)}
        )
        story.later()
        story.later()
        assert story.item().forecast_date == "2026-04-01"
        assert story.issue().title == "[V-1] A newer name"
        at_rest(story)


def test_work_that_begins_just_before_our_word_of_it_arrives_is_both_sides_word_though_the_tracker_shows_them_alike(
    tmp_path: Path,
) -> None:
    with engine(tmp_path, item(1)) as story:
        tracker = Terse("jira", story.world)
        story.tracker = tracker
        story.cycle()
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "blocked", "work_status_version": 1})
        tracker.before = lambda: story.person.start(story.link().remote_id or "")
        story.later()
        story.later()
        [conflict] = story.conflicts()
        assert (conflict.record_value, conflict.tracker_value, conflict.policy) == ("blocked", "in_progress", "tracker")
        assert story.item().work_status is WorkStatus.IN_PROGRESS
        at_rest(story)


def test_a_later_date_beside_a_second_one_is_still_asked_for_once_the_second_is_gone(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        remote = story.link().remote_id or ""
        story.person.set_due(remote, "2026-07-01")
        story.world.change(Account("bob"), remote, {"due_dates": ("2026-07-01", "2026-09-09")})
        story.later(minutes=1)
        story.world.change(Account("bob"), remote, {"due_dates": ("2026-07-01",)})
        story.later()
        assert [(each.requested_date, each.requested_by) for each in story.requests()] == [
            ("2026-07-01", "ann@acme.example")
        ]


def test_a_refused_write_goes_on_without_the_part_that_somebody_mended(tmp_path: Path) -> None:
    def refused(message: str) -> Any:
        return Rejected(message, field="title")

    with engine(tmp_path, item(1)) as story:
        story.cycle()
        remote = story.link().remote_id or ""
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name", "forecast_date": "2026-04-10"})
        story.world.faults.append(("edit", "before", refused))
        story.later()
        assert [conflict.field for conflict in story.conflicts()] == ["title"]
        story.person.rename(remote, "[V-1] A newer name")
        story.later()
        story.later()
        assert story.conflicts() == []
        assert story.issue().due_dates == ("2026-04-10",)
        at_rest(story)


def test_a_title_that_the_tracker_made_its_own_is_no_news_even_when_its_answer_was_lost(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        renamed(story, "The vendor’s library")
        story.later()
        remote = story.link().remote_id or ""
        ours = story.tracker.get(remote).author
        story.world.change(ours, remote, {"title": "[V-1] The vendor's library"})
        story.later()
        assert story.journal("observed.title") == []


def test_a_status_that_our_own_write_ran_over_is_a_conflict_and_neither_is_lost(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        tracker = Terse("jira", story.world)
        story.tracker = tracker
        story.cycle()
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "blocked", "work_status_version": 1})
        tracker.before = lambda: story.person.close(story.link().remote_id or "", "wont_do")
        story.later()
        story.later()
        assert [(each.record_value, each.tracker_value) for each in story.conflicts()] == [("blocked", "wont_do")]
        at_rest(story)


def test_a_write_that_lands_long_after_a_newer_one_is_known_for_ours(tmp_path: Path) -> None:
    """Its answer was lost, a person moved the date meanwhile, and we wrote again: then it comes to light."""
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        remote = story.link().remote_id or ""
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"forecast_date": "2026-04-20"})
        story.world.faults.append(("edit", "before", Unsettled))
        story.later()
        story.person.set_due(remote, "2026-03-22")
        renamed(story, "A newer name")
        story.later()
        assert story.item().forecast_date == "2026-03-22"
        story.world.change(story.tracker.get(remote).author, remote, {"due_dates": ("2026-04-20",)})
        story.later()
        assert story.item().forecast_date == "2026-03-22"
        assert [who for who, _, _ in story.journal("observed.due_date")] == ["ann@acme.example"]
        assert story.issue().due_dates == ("2026-03-22",)
        at_rest(story)


def test_what_a_person_undid_just_before_our_edit_arrived_is_put_back(tmp_path: Path) -> None:
    """The answer shows less than we want, and not because the tracker would not take it."""
    with engine(tmp_path, item(1)) as story:
        tracker = Terse("jira", story.world)
        story.tracker = tracker
        story.cycle()
        remote = story.link().remote_id or ""
        ours = story.issue().labels
        assert ours, "a label tells the severity"
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"kev_tracking": 1})
        tracker.before = lambda: story.person.label(remote, remove=tuple(ours))
        for _ in range(3):
            story.later()
        assert story.issue().labels == ours | {"poam-kev"}
        renamed(story, "A newer name")
        tracker.before = lambda: (story.person.close(remote), story.person.rewrite_body(remote, "gone"))
        for _ in range(3):
            story.later()
        assert "A newer name" in story.issue().body
        at_rest(story)


def test_what_a_tracker_will_not_take_is_written_once_and_told(tmp_path: Path) -> None:
    class Stubborn(MemoryTracker):
        def edit(self, issue: Issue, edit: Edit) -> Issue:
            return super().edit(issue, replace(edit, due_date=None))

    with engine(tmp_path, item(1)) as story:
        story.tracker = Stubborn("jira", story.world)
        story.cycle()
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"forecast_date": "2026-04-10"})
        story.later()
        story.later()
        [conflict] = story.conflicts()
        assert (conflict.field, conflict.record_value, conflict.tracker_value) == (
            "due_date",
            "2026-04-10",
            "2026-05-01",
        )
        at_rest(story)


def test_a_status_that_a_tracker_will_not_take_is_written_once_and_told(tmp_path: Path) -> None:
    class Stubborn(MemoryTracker):
        def edit(self, issue: Issue, edit: Edit) -> Issue:
            return super().edit(issue, replace(edit, status=None))

    with engine(tmp_path, item(1)) as story:
        story.tracker = Stubborn("jira", story.world)
        story.cycle()
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "blocked", "work_status_version": 1})
        story.later()
        [conflict] = story.conflicts()
        assert (conflict.field, conflict.policy, conflict.record_value, conflict.tracker_value) == (
            *("work_status", "refused", "blocked", "not_started"),
        )
        at_rest(story)


def test_a_bulk_edit_that_no_list_shows_yet_is_held_back_as_the_issues_are_read_to_be_written(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 21))) as story:
        story.cycle()
        story.later()
        story.world.list_lag = timedelta(minutes=5)
        with story.record.unit(at=AT) as unit:
            for n in range(1, 21):
                unit.change(ISSO, "items", f"uid-{n}", {"weakness_name": "A newer name"})
                story.person.close(story.link(n).remote_id or "")
        error = story.cycle().connectors[0].error
        assert isinstance(error, MassChange)
        assert str(error) == "jira: far more changed there than usual while we wrote, so nothing more was done"
        assert error.hint == "the next cycle sees all of it and asks: poam plan"
        done = [n for n in range(1, 21) if story.item(n).work_status is WorkStatus.DONE]
        assert len(done) < 5, "the guard lets no more through than it ever does"
        story.clock.advance(minutes=10)
        error = story.cycle().connectors[0].error
        assert isinstance(error, MassChange)
        assert "plan" in str(error), "and now a person can look at the plan and approve it"


def test_an_engineer_who_copies_our_marker_with_a_body_stays_the_mirror_of_her_own_item(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2)) as story:
        story.cycle()
        first, second = story.issue(1), story.issue(2)
        story.world.change(Account("maya"), second.id, {"body": first.body, "marker": first.marker})
        story.later()
        assert story.issue(2).marker == second.marker, "the marker is put back, as the body is"
        assert "V-2" in story.issue(2).body
        story.person.close(second.id)
        story.later()
        assert story.item(2).work_status is WorkStatus.DONE
        assert story.link(2).state == "live"
        story.later()
        at_rest(story)


def test_a_create_that_nobody_needs_makes_no_second_issue(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        with story.record.unit(at=AT) as unit:
            owe_at(unit, story.link().id, "create")
        story.later()
        assert len(story.issues()) == 1
        assert {owed.state for owed in story.outbox()} == {"DONE"}
