"""What the Jira connector promises of reading beyond the contract: few requests, and nothing lost to a late index."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from starlette.types import Scope

from poam.connectors.base import Edit, Status
from poam.connectors.errors import Unavailable
from poam.connectors.sandbox.jira import BOT
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import stage, warm
from .jira_stage import CREATE, SEARCH, JiraStage

__all__ = ["stage", "warm"]


def sent(stage: JiraStage) -> list[str]:
    """The requests that arrived, shortly: `POST search/jql`."""
    return [f"{seen.method} {seen.path.removeprefix('/rest/api/2/')}" for seen in stage.server.requests]


class TestRequests:
    """A request budget is a promise; it is counted at the server."""

    def test_making_a_tracker_sends_nothing(self, stage: JiraStage) -> None:
        stage.another().close()

        assert sent(stage) == []

    def test_the_first_read_learns_the_site_and_every_further_idle_one_costs_one_request(
        self, stage: JiraStage
    ) -> None:
        cursor = stage.tracker.changed_since(None).cursor
        assert sent(stage) == ["GET serverInfo", "GET myself", "GET status", "POST search/jql"]

        stage.server.requests.clear()
        for _ in range(3):
            stage.clock.advance(days=1)
            cursor = stage.tracker.changed_since(cursor).cursor

        assert sent(stage) == ["POST search/jql"] * 3

    @pytest.mark.parametrize(("changed", "requests"), [(1, 1), (99, 1), (100, 1), (101, 2), (1000, 10)])
    def test_k_changed_issues_cost_a_request_per_hundred_with_their_history(
        self, warm: JiraStage, changed: int, requests: int
    ) -> None:
        ids = ["10001", *(warm.create(str(number)) for number in range(changed - 1))]
        cursor = warm.read()
        for issue_id in ids:
            warm.person.rename(issue_id, "Renamed")
        warm.later()
        warm.server.requests.clear()

        page = warm.tracker.changed_since(cursor)

        assert sent(warm) == ["POST search/jql"] * requests
        assert {issue.id for issue in page.issues} == set(ids)
        assert all(issue.history[-1].author.id == warm.person.account for issue in page.issues)

    def test_a_create_is_one_post(self, warm: JiraStage) -> None:
        warm.create("another", due_date="2026-04-01", labels=frozenset({"security"}))

        assert sent(warm) == ["POST issue"]

    def test_the_first_create_looks_at_the_create_screen_once_per_process(self, stage: JiraStage) -> None:
        stage.create("one")
        stage.create("two")

        assert stage.server.count("GET", "createmeta") == 2
        assert stage.server.count("POST", CREATE) == 2

    def test_an_edit_of_fields_and_labels_is_one_put_and_no_read(self, warm: JiraStage) -> None:
        edit = Edit(title="New", body="New.", due_date="2026-05-01", add_labels=frozenset({"late"}))
        before = warm.tracker.get("10001")
        warm.server.requests.clear()

        issue = warm.tracker.edit(before, edit)

        assert sent(warm) == ["PUT issue/10001"]
        assert [change.field for change in issue.history] == ["due_date", "title"]

    def test_a_change_of_status_asks_for_the_ways_once_and_is_read_back(self, warm: JiraStage) -> None:
        ways, read = "issue/{0}/transitions", "GET issue/{0}"
        for name, asked in (("one", [f"GET {ways}"]), ("two", [])):
            issue = warm.tracker.get(warm.create(name))
            warm.server.requests.clear()
            assert warm.tracker.edit(issue, Edit(status="doing")).status.name == "In Progress"
            assert sent(warm) == [line.format(issue.id) for line in (*asked, f"POST {ways}", read)]

    def test_an_edit_of_what_is_so_already_costs_nothing(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.server.requests.clear()

        assert warm.tracker.edit(issue, Edit(status="todo")) == issue
        assert sent(warm) == []

    def test_a_status_and_a_date_together_are_read_only_at_the_end(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="doing"))
        other = warm.create("other")
        issue = warm.tracker.get(other)
        warm.server.requests.clear()

        warm.tracker.edit(issue, Edit(status="doing", due_date="2026-05-01"))

        assert sent(warm) == [f"PUT issue/{other}", f"POST issue/{other}/transitions", f"GET issue/{other}"]

    @pytest.mark.parametrize(("asked", "requests"), [(100, 1), (101, 2)])
    def test_many_issues_by_id_cost_a_request_per_hundred(self, warm: JiraStage, asked: int, requests: int) -> None:
        issues = warm.tracker.get_many([str(10001 + number) for number in range(asked)])

        assert [issue.id for issue in issues] == ["10001"]
        assert sent(warm) == ["POST issue/bulkfetch"] * requests

    def test_no_ids_cost_nothing(self, warm: JiraStage) -> None:
        assert list(warm.tracker.get_many([])) == []
        assert sent(warm) == []

    def test_visibility_is_asked_afresh_each_time(self, stage: JiraStage) -> None:
        assert stage.tracker.visibility() == "private"
        stage.sandbox.public = True
        assert stage.tracker.visibility() == "public"
        assert sent(stage) == ["GET project/SEC"] * 2

    def test_only_a_long_history_costs_one_more_request(self, warm: JiraStage) -> None:
        warm.sandbox.history_page = 3
        cursor = warm.read()
        for number in range(8):
            warm.person.rename("10001", f"Title {number}")
        warm.later()
        warm.server.requests.clear()

        [issue] = warm.tracker.changed_since(cursor).issues

        assert [change.new for change in issue.history] == [f"Title {number}" for number in range(8)]
        assert sent(warm) == ["POST search/jql", "GET issue/10001/changelog"]

    def test_a_history_cut_before_the_cursor_is_enough(self, warm: JiraStage) -> None:
        warm.sandbox.history_page = 3
        for number in range(8):
            warm.clock.advance(hours=1)
            warm.person.rename("10001", f"Title {number}")
        cursor = warm.read()
        warm.person.set_due("10001", "2026-05-01")
        warm.later()
        warm.server.requests.clear()

        [issue] = warm.tracker.changed_since(cursor).issues

        assert issue.history[-1].new == "2026-05-01"
        assert sent(warm) == ["POST search/jql"]

    def test_a_long_history_costs_an_edit_no_request_more(self, warm: JiraStage) -> None:
        warm.sandbox.history_page = 3
        for number in range(8):
            warm.clock.advance(hours=1)
            warm.person.rename("10001", f"Title {number}")
        known = warm.tracker.get("10001").version
        warm.server.requests.clear()

        issue = warm.tracker.get("10001", known=known)
        edited = warm.tracker.edit(issue, Edit(title="Ours"))

        assert (issue.version, edited.history[-1].new) == (known, "Ours")
        assert sent(warm) == ["GET issue/10001", "PUT issue/10001"]
        assert len(warm.tracker.get("10001", known=known).history) == 9


class TestLag:
    """Search knows late what happened; nothing is lost and our own writes show at once."""

    def test_what_search_hides_for_minutes_is_seen_although_the_cursor_went_past_it(self, warm: JiraStage) -> None:
        late, early = warm.create("late"), warm.create("early")
        cursor = warm.read()
        warm.sandbox.index_lag = timedelta(minutes=12)
        warm.person.rename(late, "Hidden")
        warm.clock.advance(minutes=9)
        warm.edit(early, Edit(title="Ours, shown at once"))
        now = warm.now()
        page = warm.tracker.changed_since(cursor)
        assert page.cursor == now
        assert "Hidden" not in {issue.title for issue in page.issues}
        warm.clock.advance(minutes=3)

        assert "Hidden" in {issue.title for issue in warm.tracker.changed_since(page.cursor).issues}

    def test_our_own_writes_show_at_once_and_other_people_s_when_the_index_has_them(self, warm: JiraStage) -> None:
        theirs = warm.another()
        cursor = warm.read()
        warm.sandbox.index_lag = timedelta(minutes=5)
        created = warm.create("created")
        warm.edit("10001", Edit(title="Ours"))

        ours = {issue.id: issue.title for issue in warm.tracker.changed_since(cursor).issues}
        assert ours == {"10001": "Ours", created: "Fix created"}

        assert theirs.changed_since(cursor).issues == []
        warm.clock.advance(minutes=5)
        assert {issue.id for issue in theirs.changed_since(cursor).issues} == {"10001", created}
        theirs.close()

    def test_an_issue_that_search_does_not_know_yet_is_found_by_its_marker(self, warm: JiraStage) -> None:
        since = warm.now()
        warm.sandbox.index_lag = timedelta(minutes=5)
        lost = warm.create("lost")

        with closing(warm.another()) as restarted:
            found = restarted.find(warm.draft("lost").marker, since=since)

        assert [issue.id for issue in found] == [lost]

    def test_a_twin_that_search_knows_does_not_hide_the_one_that_it_does_not(self, warm: JiraStage) -> None:
        since = warm.now()
        known = warm.create("lost")
        warm.clock.advance(minutes=1)
        warm.sandbox.index_lag = timedelta(seconds=30)
        twin = warm.create("lost")
        with closing(warm.another()) as restarted:
            found = restarted.find(warm.draft("lost").marker, since=since)

        assert [issue.id for issue in found] == [known, twin]

    def test_an_issue_whose_label_a_person_removed_keeps_its_marker(self, warm: JiraStage) -> None:
        marker = warm.draft().marker
        warm.person.label("10001", remove=(f"poam-{marker}",))

        assert warm.tracker.get("10001").marker == marker
        assert warm.edit("10001", Edit(title="New")).marker == marker

    def test_more_writes_than_a_search_reconciles_keep_the_search_within_its_limits(self, warm: JiraStage) -> None:
        cursor = warm.read()
        ids = {warm.create(str(number)) for number in range(60)}

        assert {issue.id for issue in warm.tracker.changed_since(cursor).issues} == ids

    def test_a_site_that_takes_no_epoch_time_is_asked_relative_to_its_own_clock(self, warm: JiraStage) -> None:
        cursor = warm.read()
        warm.sandbox.epoch_jql = False
        for title in ("first", "second"):
            warm.person.rename("10001", title)
            warm.clock.advance(days=3)
            [issue] = warm.tracker.changed_since(cursor).issues
            assert issue.title == title

        refused = [seen for seen in warm.server.requests if seen.status == 400]
        assert len(refused) == 1

    def test_a_cursor_never_runs_ahead_of_the_server_s_clock_or_backwards(self, warm: JiraStage) -> None:
        warm.clock.advance(seconds=0.7)
        warm.person.rename("10001", "New")
        page = warm.tracker.changed_since(None)

        assert page.cursor == "2026-03-02T12:00:00.000Z"
        assert warm.tracker.changed_since("2026-03-02T13:00:00.000Z").cursor == "2026-03-02T13:00:00.000Z"

    def test_a_failing_second_page_fails_the_read(self, warm: JiraStage) -> None:
        for number in range(150):
            warm.create(str(number))
        warm.server.faults.append(Second("POST", SEARCH, 500))
        with pytest.raises(Unavailable):
            warm.tracker.changed_since(None)

        assert len(warm.tracker.changed_since(None).issues) == 151


class Second(Fault):
    """Spares the first request that it could strike."""

    spared = False

    def matches(self, scope: Scope) -> bool:
        strikes = super().matches(scope) and self.spared
        self.spared = self.spared or super().matches(scope)
        return strikes


class TestReading:
    """Jira's JSON becomes the port's words."""

    @pytest.mark.parametrize("cursor", ["never", '{"source": "https://api.github.com acme/web"}'])
    def test_what_is_no_cursor_of_ours_is_not_used(self, warm: JiraStage, cursor: str) -> None:
        page, first = warm.tracker.changed_since(cursor), warm.tracker.changed_since(None)

        assert ([issue.id for issue in page.issues], page.cursor) == (["10001"], first.cursor)

    def test_windows_line_ends_are_read_as_plain_ones(self, warm: JiraStage) -> None:
        warm.person.rewrite_body("10001", "one\r\ntwo")

        assert warm.tracker.get("10001").body == "one\ntwo"

    def test_an_issue_points_to_its_page_for_people(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")

        assert (issue.key, issue.url) == ("SEC-1", f"{warm.server.url}/browse/SEC-1")
        assert (issue.author.id, issue.author.name) == (BOT.account_id, BOT.name)

    def test_a_change_of_the_resolution_alone_is_not_told_but_the_status_shows_it(self, warm: JiraStage) -> None:
        warm.person.close("10001", "duplicate")

        assert warm.tracker.get("10001").status == Status("Done", "done", "Duplicate")
