"""A Jira Data Center: told apart by asking, spoken to in its own words, and promised no less than Cloud."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Forbidden, Gone, RateLimited, Rejected, Unavailable
from poam.connectors.sandbox.jira import BOT, ENGINEER
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import data_center, sent, stage
from .jira_sites import Heard, Instead, ShortLists, With
from .jira_stage import CREATE, JiraStage, through

__all__ = ["data_center", "stage"]

CLASSIC = r"/rest/api/2/search$"


class TestWords:
    """Nothing is asked that a Data Center does not have."""

    def test_a_data_center_is_told_apart_by_asking(self, data_center: JiraStage) -> None:
        health = data_center.tracker.check()

        assert (health.deployment, health.account.id, health.account.name) == ("Data Center", "poam-bot", BOT.name)
        assert (*health.problems, *health.warnings) == ()

    def test_a_server_too_old_to_say_what_it_is_counts_as_one(self, data_center: JiraStage) -> None:
        old = {"versionNumbers": [7, 13, 0], "baseUrl": "http://jira.acme.example"}
        site = Instead(data_center.sandbox.app, "/serverInfo", old)
        with through(data_center, site) as ours:
            assert ours.check().deployment == "Data Center"
            assert ours.get("10001").url == "http://jira.acme.example/browse/SEC-1"

    def test_an_idle_read_costs_one_search_and_k_changes_one_per_hundred(self, data_center: JiraStage) -> None:
        ids = ["10001", *(data_center.create(str(number)) for number in range(100))]
        cursor = data_center.read()
        data_center.later()
        data_center.server.requests.clear()
        data_center.tracker.changed_since(cursor)
        assert sent(data_center) == ["GET search"]

        for issue_id in ids:
            data_center.person.rename(issue_id, "Renamed")
            data_center.clock.advance(seconds=1)
        data_center.later()
        data_center.server.requests.clear()
        page = data_center.tracker.changed_since(cursor)

        assert sent(data_center) == ["GET search"] * 2
        assert {issue.id for issue in page.issues} == set(ids)
        assert {issue.history[-1].author.id for issue in page.issues} == {ENGINEER.login}

    def test_no_request_is_one_that_only_cloud_answers(self, data_center: JiraStage) -> None:
        issue = data_center.tracker.get("10001")
        data_center.tracker.edit(issue, Edit(title="New", due_date="2026-05-01", status="done", comment="Done."))
        data_center.tracker.get_many(["10001", "10002"])
        data_center.tracker.find("a" * 26, since=issue.created)
        data_center.tracker.unmarked(10)
        data_center.tracker.check()

        assert {seen.path.split("/")[3] for seen in data_center.server.requests} == {"2"}
        assert {seen.status for seen in data_center.server.requests if "10002" not in seen.path} <= {200, 201, 204, 404}
        words = " ".join(seen.path + seen.query for seen in data_center.server.requests)
        assert not any(word in words for word in ("bulkfetch", "search/jql", "changelog/", "returnIssue", "reconcile"))

    def test_an_edit_is_read_back_as_its_answer_is_empty(self, data_center: JiraStage) -> None:
        issue = data_center.tracker.get("10001")
        data_center.server.requests.clear()
        edited = data_center.tracker.edit(issue, Edit(title="New"))

        assert edited.title == "New"
        assert sent(data_center) == ["PUT issue/10001", "GET issue/10001"]

    def test_what_carries_a_marker_is_found_past_the_index_key_by_key(self, data_center: JiraStage) -> None:
        since = data_center.now()
        data_center.clock.advance(minutes=1)
        data_center.sandbox.index_lag = timedelta(minutes=5)
        lost = data_center.create("lost")
        data_center.server.requests.clear()
        with closing(data_center.another()) as restarted:
            found = restarted.find(data_center.draft("lost").marker, since=since)

        assert [issue.id for issue in found] == [lost]
        assert [line for line in sent(data_center) if "SEC-" in line] == [f"GET issue/SEC-{n}" for n in range(1, 6)]

    def test_many_issues_by_id_cost_one_search_and_one_look_at_each_that_it_does_not_find(
        self, data_center: JiraStage
    ) -> None:
        other = data_center.create("other")
        data_center.person.delete(other)
        late = data_center.create("late")
        data_center.server.requests.clear()
        issues = data_center.tracker.get_many(["10001", other, late])

        assert {issue.id for issue in issues} == {"10001", late}
        assert sent(data_center) == ["GET search", f"GET issue/{other}"]

    def test_an_issue_that_the_index_does_not_know_yet_is_not_missing(self, data_center: JiraStage) -> None:
        data_center.sandbox.index_lag = timedelta(minutes=5)

        assert [issue.id for issue in data_center.tracker.get_many(["10001"])] == ["10001"]

    def test_a_history_that_a_list_cuts_short_is_read_with_the_issue_itself(self, data_center: JiraStage) -> None:
        cursor = data_center.read()
        for number in range(8):
            data_center.person.rename("10001", f"Title {number}")
        data_center.later()
        lists = ShortLists(data_center.sandbox)
        with through(data_center, lists) as ours:
            [issue] = ours.changed_since(cursor).issues

        assert lists.looks == 1
        assert [change.new for change in issue.history] == [f"Title {number}" for number in range(8)]

    def test_a_history_cut_short_everywhere_begins_where_it_begins_and_ends_at_what_is_there(
        self, data_center: JiraStage
    ) -> None:
        cursor = data_center.read()
        for number in range(8):
            data_center.person.rename("10001", f"Title {number}")
        data_center.sandbox.history_page = 3
        data_center.later()
        [issue] = data_center.tracker.changed_since(cursor).issues

        assert (issue.history[0].old, issue.history[0].new) == ("Title 4", "Title 5")
        assert issue.history[-1].new == issue.title == "Title 7"

    def test_a_search_that_is_refused_for_its_instants_is_asked_by_age(self, data_center: JiraStage) -> None:
        cursor = data_center.read()
        data_center.sandbox.epoch_jql = False
        data_center.person.rename("10001", "Renamed")

        assert [issue.title for issue in data_center.tracker.changed_since(cursor).issues] == ["Renamed"]

    def test_a_deployment_without_entity_properties_keeps_the_marker_in_labels_and_is_asked_once(
        self, data_center: JiraStage
    ) -> None:
        data_center.sandbox.takes_properties = False
        first = data_center.create("first")
        second = data_center.create("second")

        assert sent(data_center) == ["POST issue"] * 3
        markers = [data_center.tracker.get(each).marker for each in (first, second)]
        assert markers == [data_center.draft(name).marker for name in ("first", "second")]
        old = frozenset({f"poam-{markers[0]}"})
        edited = data_center.edit(first, Edit(title="New", marker="b" * 26, remove_labels=old))
        assert (edited.title, edited.marker) == ("New", "b" * 26)
        assert data_center.sandbox.get(first).properties == {}

    def test_a_refusal_that_has_nothing_to_do_with_properties_stays_one(self, data_center: JiraStage) -> None:
        with pytest.raises(Rejected):
            data_center.create("odd", title="two\nlines")

        assert sent(data_center) == ["POST issue"]


class TestIdentity:
    """A Data Center answers strangers, too; a personal access token, a password and a cookie are three things."""

    def test_a_personal_access_token_is_sent_as_a_bearer_and_no_cookie_with_it(self, data_center: JiraStage) -> None:
        heard = Heard(With(data_center.sandbox.app, b"set-cookie", b"JSESSIONID=1; Path=/"))
        with through(data_center, heard) as ours:
            ours.changed_since(None)
            ours.check()

        assert {told.get(b"authorization") for told, _ in heard.requests} == {f"Bearer {BOT.token}".encode(), None}
        assert not any(b"cookie" in told for told, _ in heard.requests)

    def test_a_name_and_a_password_work_as_well(self, data_center: JiraStage) -> None:
        with closing(data_center.another(user=BOT.login)) as ours:
            assert ours.check().account.id == BOT.login

    def test_silent_anonymity_is_forbidden_and_never_an_empty_answer(self, data_center: JiraStage) -> None:
        issue = data_center.tracker.get("10001")
        data_center.sandbox.anonymous = True
        for read in (
            lambda: data_center.tracker.changed_since(None),
            lambda: data_center.tracker.get("10001"),
            lambda: data_center.tracker.get_many(["10001"]),
            lambda: data_center.tracker.edit(issue, Edit(status="done")),
        ):
            with pytest.raises(Forbidden, match="as a stranger"):
                read()

    def test_a_login_that_jira_says_has_failed_is_forbidden_even_where_it_answers(self, data_center: JiraStage) -> None:
        site = With(data_center.sandbox.app, b"x-seraph-loginreason", b"AUTHENTICATED_FAILED")
        with through(data_center, site) as ours, pytest.raises(Forbidden, match="as a stranger"):
            ours.changed_since(None)

    def test_names_are_the_same_in_capitals(self, data_center: JiraStage) -> None:
        site = With(data_center.sandbox.app, b"x-ausername", BOT.login.upper().encode())
        with through(data_center, site) as ours:
            assert [issue.id for issue in ours.changed_since(None).issues] == ["10001"]

    def test_a_proxy_that_hides_who_an_answer_is_for_is_worth_a_warning(self, data_center: JiraStage) -> None:
        site = With(data_center.sandbox.app, b"x-ausername", None)
        with through(data_center, site) as ours:
            [warning] = ours.check().warnings
            assert [issue.id for issue in ours.changed_since(None).issues] == ["10001"]

        assert "let the proxy before Jira pass the header x-ausername on" in warning

    @pytest.mark.parametrize("status", [401, 403])
    def test_a_picture_to_read_stops_us_with_what_to_do(self, data_center: JiraStage, status: int) -> None:
        denied = {"X-Authentication-Denied-Reason": "CAPTCHA_CHALLENGE; login-url=https://jira.example/login.jsp"}
        data_center.server.faults.append(Fault("GET", CLASSIC, status, headers=denied))
        with pytest.raises(Forbidden) as refused:
            data_center.tracker.changed_since(None)

        assert "log in once with a browser" in refused.value.hint
        assert data_center.server.count("GET", CLASSIC) == 1

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry-After": "0"}, 1),
            ({"X-RateLimit-Remaining": "0", "Retry-After": "0", "X-RateLimit-Interval-Seconds": "20"}, 1),
            ({"X-RateLimit-Interval-Seconds": "20"}, 20),
        ],
    )
    def test_a_limit_that_says_to_wait_no_time_is_waited_for_a_second(
        self, data_center: JiraStage, headers: dict[str, str], seconds: float
    ) -> None:
        data_center.server.faults.append(Fault("POST", CREATE, 429, headers=headers))
        with pytest.raises(RateLimited) as limited:
            data_center.create("limited")

        assert limited.value.retry_after == seconds


class TestExistence:
    """What cannot be seen is not gone, and what is gone is said by Jira itself."""

    def test_a_deleted_issue_is_gone(self, data_center: JiraStage) -> None:
        data_center.person.delete("10001")
        with pytest.raises(Gone):
            data_center.tracker.get("10001")

        assert list(data_center.tracker.get_many(["10001"])) == []

    def test_an_outage_is_not_a_missing_issue(self, data_center: JiraStage) -> None:
        data_center.sandbox.index_lag = timedelta(minutes=5)
        data_center.server.faults.append(Fault("GET", "/issue/10001$", 503))
        with pytest.raises(Unavailable):
            data_center.tracker.get_many(["10001"])
