"""What is out of sight, moved, archived or hidden behind something that is no Jira: never taken for what it is not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from starlette.responses import HTMLResponse, PlainTextResponse
from starlette.types import ASGIApp

from poam.connectors.base import Edit
from poam.connectors.errors import Forbidden, Gone, Rejected, Unavailable
from poam.connectors.jira import JiraTracker
from poam.connectors.sandbox.jira import ENGINEER
from poam.connectors.sandbox.jira_site import Deployment
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import data_center, either, sent, stage
from .jira_sites import Heard, Instead
from .jira_stage import JiraStage, through

__all__ = ["data_center", "either", "stage"]

PLACES: dict[Deployment, dict[str, str]] = {
    "Cloud": {"changed": "/search/jql", "one": "/issue/10001", "many": "/issue/bulkfetch"},
    "Data Center": {"changed": "/search", "one": "/issue/10001", "many": "/search"},
}
"""Where each read asks."""

PROXY = "<html><body><h1>502 Bad Gateway</h1></body></html>"


class TestMoving:
    """An issue moved to another project has a new key and is the same issue."""

    def test_a_moved_issue_keeps_its_id_under_a_new_key(self, either: JiraStage) -> None:
        old = either.tracker.get("10001")
        either.clock.advance(minutes=1)
        either.sandbox.move(ENGINEER, either.sandbox.get("10001"), "OPS")
        moved = either.tracker.get("10001")

        assert (old.key, moved.key) == ("SEC-1", "OPS-2")
        assert (moved.id, moved.marker, moved.marked) == (old.id, old.marker, True)
        assert moved.url == f"{either.server.url}/browse/OPS-2"
        assert moved.version != old.version

    def test_a_moved_issue_is_read_with_the_others_by_its_id(self, either: JiraStage) -> None:
        other = either.create("other")
        either.sandbox.move(ENGINEER, either.sandbox.get("10001"), "OPS")

        assert {issue.key for issue in either.tracker.get_many(["10001", other])} == {"OPS-3", "SEC-2"}

    def test_a_moved_issue_can_still_be_closed_and_dated(self, either: JiraStage) -> None:
        either.sandbox.move(ENGINEER, either.sandbox.get("10001"), "OPS")
        edited = either.edit("10001", Edit(due_date="2026-05-01", status="done"))

        assert (edited.key, edited.due_dates, edited.status.category) == ("OPS-2", ("2026-05-01",), "done")

    def test_a_create_is_found_by_its_marker_even_where_somebody_moved_it_at_once(self, either: JiraStage) -> None:
        since = either.now()
        made = either.create("moved")
        either.sandbox.move(ENGINEER, either.sandbox.get(made), "OPS")

        assert either.found("moved", since) == [made]


class TestArchiving:
    """An archived issue leaves the lists; it is there to be read and not to be written."""

    def test_an_archived_issue_is_not_gone_and_refuses_an_edit_in_jira_s_words(self, either: JiraStage) -> None:
        either.sandbox.get("10001").archived = True
        either.later()

        assert list(either.tracker.changed_since(None).issues) == []
        assert either.tracker.get("10001").status.category == "todo"
        with pytest.raises(Rejected, match="archived"):
            either.edit("10001", Edit(title="New"))

    def test_many_issues_by_id_hold_the_archived_one(self, either: JiraStage) -> None:
        either.sandbox.get("10001").archived = True

        assert [issue.id for issue in either.tracker.get_many(["10001"])] == ["10001"]


class TestAbsence:
    """A 404 is about one issue or about all of them; a 403 is about us."""

    def test_one_issue_out_of_sight_is_gone_and_the_project_s_search_goes_on(self, either: JiraStage) -> None:
        other = either.create("other")
        either.sandbox.get("10001").hidden = True
        with pytest.raises(Gone, match="10001"):
            either.tracker.get("10001")

        assert [issue.id for issue in either.tracker.get_many(["10001", other])] == [other]
        assert [issue.id for issue in either.tracker.changed_since(None).issues] == [other]

    def test_a_project_out_of_sight_is_forbidden_and_not_a_great_many_missing_issues(self, either: JiraStage) -> None:
        with closing(either.another(project="HIDDEN")) as ours:
            with pytest.raises(Forbidden):
                ours.changed_since(None)
            [problem] = ours.check().problems

        assert "no such project, or our account cannot see it" in problem

    def test_a_project_that_was_out_of_sight_for_a_while_is_asked_as_before(self, stage: JiraStage) -> None:
        stage.server.faults.append(Fault("GET", "/createmeta", 404, times=2))
        with pytest.raises(Forbidden):
            stage.create()
        stage.server.requests.clear()
        stage.create()

        assert sent(stage) == [
            "GET issue/createmeta/SEC/issuetypes",
            "GET issue/createmeta/SEC/issuetypes/10001",
            "POST issue",
        ]

    def test_a_403_is_about_our_account_and_never_gone(self, either: JiraStage) -> None:
        either.server.faults.append(Fault("GET", "/issue/10001$", 403))
        with pytest.raises(Forbidden) as refused:
            either.tracker.get("10001")

        assert "permission" in refused.value.hint

    def test_a_token_revoked_in_the_middle_is_forbidden_and_tells_of_no_missing_issue(self, either: JiraStage) -> None:
        assert either.tracker.get_many(["10001"])
        either.sandbox.users = (ENGINEER,)
        for read in (lambda: either.tracker.get("10001"), lambda: either.tracker.get_many(["10001"])):
            with pytest.raises(Forbidden, match="token was refused"):
                read()


class TestSomethingElse:
    """A login page, a proxy's error or half an answer is not Jira's word."""

    @pytest.mark.parametrize("read", ["changed", "one", "many"])
    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (HTMLResponse("<form>Log in</form>"), Forbidden),
            (HTMLResponse(PROXY, 502), Unavailable),
            (HTMLResponse(PROXY, 503, headers={"Retry-After": "600"}), Unavailable),
            (PlainTextResponse('{"issues": [{"id": "100', headers={"content-type": "application/json"}), Unavailable),
            (PlainTextResponse(""), Unavailable),
        ],
        ids=["login page with 200", "proxy error page", "maintenance", "truncated JSON", "nothing"],
    )
    def test_what_is_not_jira_s_answer_is_an_error_and_never_an_empty_list(
        self, either: JiraStage, read: str, answer: ASGIApp, error: type[Exception]
    ) -> None:
        path = PLACES[either.sandbox.deployment][read]
        acts: dict[str, Callable[[JiraTracker], object]] = {
            "changed": lambda ours: ours.changed_since(None),
            "one": lambda ours: ours.get("10001"),
            "many": lambda ours: ours.get_many(["10001"]),
        }
        with through(either, Instead(either.sandbox.app, path, answer)) as ours, pytest.raises(error):
            acts[read](ours)

    def test_a_server_without_trusted_tls_is_unavailable_and_asked_once(self, either: JiraStage) -> None:
        url = either.server.url.replace("http://", "https://")
        with closing(either.another(url=url)) as ours, pytest.raises(Unavailable, match="no trusted TLS connection"):
            ours.changed_since(None)

        assert sent(either) == []

    def test_a_login_page_shown_to_strangers_does_not_make_a_project_public(self, either: JiraStage) -> None:
        site = Instead(either.sandbox.app, "/project/SEC", HTMLResponse("<form>Log in</form>"))
        with through(either, site) as ours:
            assert ours.visibility() == "unknown"

    def test_maintenance_of_two_hours_loses_nothing_of_what_happened_meanwhile(self, either: JiraStage) -> None:
        cursor = either.read()
        either.server.faults.append(Fault("POST", "/search", 503, times=5))
        either.server.faults.append(Fault("GET", "/search", 503, times=5))
        for number in range(5):
            either.clock.advance(minutes=24)
            either.person.rename("10001", f"Title {number}")
            with pytest.raises(Unavailable):
                either.tracker.changed_since(cursor)

        [issue] = either.tracker.changed_since(cursor).issues
        assert [change.new for change in issue.history] == [f"Title {number}" for number in range(5)]


class TestVisibility:
    """Asked as a stranger would, at either deployment."""

    def test_a_project_that_strangers_can_read_is_public(self, either: JiraStage) -> None:
        assert either.tracker.visibility() == "private"
        either.sandbox.public = True
        assert either.tracker.visibility() == "public"

    def test_the_question_of_a_stranger_is_asked_without_our_token(self, either: JiraStage) -> None:
        heard = Heard(either.sandbox.app)
        with through(either, heard) as ours:
            ours.visibility()

        assert [b"authorization" in headers for headers, _ in heard.requests] == [False]
