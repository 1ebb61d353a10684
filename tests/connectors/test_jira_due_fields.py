"""Wherever a Jira project keeps its due dates: a day goes in and the same day comes out, or somebody is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from pydantic import ValidationError

from poam.connectors.base import Edit, Issue
from poam.connectors.errors import Rejected
from poam.connectors.jira import JiraTracker
from poam.connectors.jira.due import DueField
from poam.connectors.sandbox.jira import ENGINEER

from .jira_fixtures import sent, stage, warm
from .jira_stage import CREATE, JiraStage
from .stage import made

__all__ = ["stage", "warm"]

CUSTOM = "customfield_10050"
DAYS = ("2026-04-01", "2028-02-29", "9999-12-31", "2026-03-08", "2026-11-01")
"""An ordinary day, a leap day, the last of all, and the two on which New York's clocks change."""
ZONES = ("", "UTC", "America/New_York", "America/Los_Angeles", "Asia/Tokyo", "Pacific/Kiritimati", "Etc/GMT+12")


@contextmanager
def custom(stage: JiraStage, kind: str, **settings: str) -> Iterator[JiraTracker]:
    """A tracker of the project whose due dates are in a custom field of that kind."""
    stage.sandbox.due_field, stage.sandbox.due_type = CUSTOM, kind
    with closing(stage.another(due_field=CUSTOM, **settings)) as tracker:
        yield tracker


def born(stage: JiraStage, tracker: JiraTracker, due_date: str | None = None) -> Issue:
    return tracker.get(made(tracker, stage.draft(due_date=due_date)).id)


def moved(stage: JiraStage, issue: Issue, instant: str) -> None:
    """Ann sets the field in her browser."""
    stage.sandbox.change(ENGINEER, stage.sandbox.get(issue.id), {CUSTOM: instant})


class TestDays:
    """Years 9999 and leap days included."""

    @pytest.mark.parametrize("day", DAYS)
    def test_feb_29_and_year_9999_go_in_and_come_out_as_they_are(self, warm: JiraStage, day: str) -> None:
        issue = warm.tracker.get(warm.create(day, due_date=day))

        assert issue.due_dates == (day,)
        assert warm.tracker.edit(warm.tracker.get("10001"), Edit(due_date=day)).due_dates == (day,)

    @pytest.mark.parametrize("kind", ["date", "datetime"])
    @pytest.mark.parametrize("day", DAYS)
    def test_a_custom_field_holds_a_day_whether_it_has_a_time_or_not(
        self, stage: JiraStage, kind: str, day: str
    ) -> None:
        with custom(stage, kind, due_field_timezone="America/New_York") as tracker:
            issue = born(stage, tracker, day)
            assert issue.due_dates == (day,)
            assert tracker.edit(issue, Edit(due_date="2027-01-31")).due_dates == ("2027-01-31",)
            assert tracker.edit(issue, Edit(due_date=day)).due_dates == (day,)

    @pytest.mark.parametrize("zone", ZONES)
    def test_what_is_written_in_a_time_zone_is_read_in_it(self, zone: str) -> None:
        due = DueField("customfield_1", zone or "UTC")

        assert [due.day(due.instant(day)) for day in DAYS] == list(DAYS)
        assert all(due.instant(day)[10:23] == "T12:00:00.000" for day in DAYS)

    @pytest.mark.parametrize("kind", ["date", "datetime"])
    def test_due_cleared_on_either_side_is_none(self, stage: JiraStage, kind: str) -> None:
        with custom(stage, kind) as tracker:
            issue = born(stage, tracker, "2026-04-01")
            assert tracker.edit(issue, Edit(due_date="")).due_dates == ()
            assert stage.sandbox.get(issue.id).now.fields[CUSTOM] is None
            issue = tracker.edit(issue, Edit(due_date="2026-04-01"))
            moved(stage, issue, None)  # type: ignore[arg-type]
            seen = tracker.get(issue.id)

        assert seen.due_dates == ()
        assert [(change.old, change.new) for change in seen.history[-1:]] == [("2026-04-01", None)]
        assert seen.history[-1].author.id == ENGINEER.account_id

    def test_due_cleared_already_is_no_news(self, warm: JiraStage) -> None:
        before = warm.tracker.get("10001")

        assert warm.tracker.edit(before, Edit(due_date="")) == before


class TestTimes:
    """A field with a time tells the day of the configured zone."""

    @pytest.mark.parametrize(
        ("instant", "zone", "day"),
        [
            ("2026-04-01T23:30:00.000-0500", "America/New_York", "2026-04-02"),
            ("2026-04-01T23:30:00.000-0500", "America/Chicago", "2026-04-01"),
            ("2026-04-01T23:30:00.000-0500", "", "2026-04-02"),
            ("2026-04-01T23:30:00.000-0500", "Asia/Tokyo", "2026-04-02"),
            ("2026-04-01T00:30:00.000+0900", "America/Los_Angeles", "2026-03-31"),
        ],
    )
    def test_datetime_custom_field_tells_the_day_of_the_configured_time_zone(
        self, stage: JiraStage, instant: str, zone: str, day: str
    ) -> None:
        with custom(stage, "datetime", due_field_timezone=zone) as tracker:
            issue = born(stage, tracker, "2026-03-02")
            moved(stage, issue, instant)
            seen = tracker.get(issue.id)

        assert seen.due_dates == (day,)
        assert [(change.field, change.old, change.new) for change in seen.history] == [("due_date", "2026-03-02", day)]

    def test_another_hour_of_the_same_day_is_no_change_of_the_date(self, stage: JiraStage) -> None:
        with custom(stage, "datetime", due_field_timezone="America/New_York") as tracker:
            issue = born(stage, tracker, "2026-04-01")
            moved(stage, issue, "2026-04-01T17:00:00.000-0400")
            seen = tracker.get(issue.id)

        assert (seen.due_dates, seen.history) == (issue.due_dates, ())

    def test_what_kind_of_field_it_is_costs_one_request_and_duedate_none(self, stage: JiraStage) -> None:
        with custom(stage, "datetime") as tracker:
            for name in ("one", "two"):
                made(tracker, stage.draft(name, due_date="2026-04-01"))
        assert sent(stage).count("GET field") == 1

        stage.server.requests.clear()
        stage.sandbox.due_field, stage.sandbox.due_type = "duedate", "date"
        stage.create("three", due_date="2026-04-01")
        assert sent(stage).count("GET field") == 0

    @pytest.mark.parametrize("value", ["2026-04-01Tnoon", "99999-12-31T00:00:00.000+0000"])
    def test_a_time_that_cannot_be_read_is_its_date_as_written(self, value: str) -> None:
        assert DueField(CUSTOM, "UTC").day(value) == value.partition("T")[0]

    def test_what_is_no_date_is_refused_by_jira_and_named(self, stage: JiraStage) -> None:
        with custom(stage, "datetime") as tracker:
            issue = born(stage, tracker)
            with pytest.raises(Rejected, match="Error parsing time: 2026-02-30") as refused:
                tracker.edit(issue, Edit(due_date="2026-02-30"))

        assert refused.value.field == "due_date"

    def test_without_a_time_zone_the_check_says_that_days_are_told_in_utc(self, stage: JiraStage) -> None:
        with custom(stage, "datetime") as tracker:
            health = tracker.check()
        with custom(stage, "datetime", due_field_timezone="UTC") as tracker:
            chosen = tracker.check()

        [warning] = health.warnings
        assert "customfield_10050 is a datetime, its days are told in UTC; set due_field_timezone" in warning
        assert [*health.problems, *chosen.problems, *chosen.warnings] == []

    def test_a_due_field_of_another_kind_is_a_problem(self, stage: JiraStage) -> None:
        with custom(stage, "string") as tracker:
            [problem] = tracker.check().problems

        assert "is a string; choose a date field as due_field" in problem

    @pytest.mark.parametrize("zone", ["New York", "America/Nowhere", "../etc/passwd", "EST5EDT4"])
    def test_an_unknown_time_zone_is_refused_in_the_configuration(self, stage: JiraStage, zone: str) -> None:
        with pytest.raises(ValidationError, match="unknown time zone"):
            stage.another(due_field_timezone=zone)


class TestScreens:
    """A due field that is not on a screen stops nothing else, and is told."""

    def test_duedate_not_on_the_create_screen_is_told_by_the_check_and_set_by_an_edit(self, stage: JiraStage) -> None:
        stage.sandbox.due_on_create = False
        issue = stage.tracker.get(stage.create(due_date="2026-04-01"))
        [warning] = stage.tracker.check().warnings

        assert (issue.due_dates, stage.server.count("POST", CREATE)) == ((), 1)
        assert "issues begin without a due date; add that field" in warning
        assert stage.tracker.edit(issue, Edit(due_date="2026-04-01")).due_dates == ("2026-04-01",)

    def test_duedate_not_on_the_edit_screen_is_refused_by_name_and_holds_up_nothing_else(self, warm: JiraStage) -> None:
        warm.sandbox.due_on_edit = False
        wanted = Edit(
            title="New",
            body="New body.",
            due_date="2026-04-01",
            status="doing",
            add_labels=frozenset({"late"}),
            comment="Said only with the whole.",
        )
        with pytest.raises(Rejected, match="not on the appropriate screen") as refused:
            warm.edit("10001", wanted)

        issue = warm.tracker.get("10001")
        assert refused.value.field == "due_date"
        assert (issue.title, issue.body, issue.status.name) == ("New", "New body.", "In Progress")
        assert (issue.due_dates, "late" in issue.labels, issue.comments) == ((), True, ())

    def test_duedate_refused_alone_is_sent_once(self, warm: JiraStage) -> None:
        warm.sandbox.due_on_edit = False
        issue = warm.tracker.get("10001")
        warm.server.requests.clear()
        with pytest.raises(Rejected):
            warm.tracker.edit(issue, Edit(due_date="2026-04-01", comment="Not without the date."))

        assert sent(warm) == ["PUT issue/10001"]
