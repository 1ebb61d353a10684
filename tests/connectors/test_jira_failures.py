"""What the Jira connector says and does when the site, the network or the credentials are not as they should be."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from poam.connectors.base import Edit, Issue
from poam.connectors.errors import Forbidden, RateLimited, Rejected, TrackerError, Unavailable, Unsettled
from poam.connectors.jira import JiraTracker
from poam.connectors.sandbox.jira import BOT
from poam.connectors.sandbox.server import Fault, SandboxServer

from .jira_fixtures import stage, warm
from .jira_stage import CREATE, SEARCH, JiraStage, tracker
from .stage import made

__all__ = ["stage", "warm"]

TOKEN = "s3cret-t0ken"


@contextmanager
def serving(app: ASGIApp, **settings: Any) -> Iterator[JiraTracker]:
    """A tracker at a site that is no Jira, or not a good one."""
    with SandboxServer(app) as server, closing(tracker(server.url, **settings)) as ours:
        yield ours


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class TestAbsence:
    """No answer: what never left may be sent again, what may have arrived is unsettled."""

    def test_nobody_listening_is_unavailable_for_every_call(self, stage: JiraStage) -> None:
        with closing(tracker(f"http://127.0.0.1:{free_port()}")) as ours:
            acts = (ours.check, ours.visibility, lambda: ours.changed_since(None), lambda: made(ours, stage.draft()))
            for act in acts:
                with pytest.raises(Unavailable, match="the connection failed"):
                    act()

    @pytest.mark.parametrize("status", [429, 503])
    def test_an_outage_tells_nothing_of_who_can_read_the_project(self, stage: JiraStage, status: int) -> None:
        stage.server.faults.append(Fault("GET", "/project/SEC$", status))
        with pytest.raises(Unavailable):
            stage.tracker.visibility()
        assert stage.tracker.visibility() == "private"

    def test_a_create_that_never_left_is_unavailable_and_not_unsettled(self) -> None:
        with JiraStage.open() as stage:
            stage.create()
            draft = stage.draft("second")
            stage.server.__exit__()
            stage.tracker._wire._jira._session.close()
            with pytest.raises(Unavailable, match="the connection failed"):
                made(stage.tracker, draft)

    @pytest.mark.parametrize("kind", ["drop", 500, 502, 503])
    def test_a_read_without_an_answer_is_unavailable_and_sent_once(self, warm: JiraStage, kind: int) -> None:
        warm.server.faults.append(Fault("POST", SEARCH, kind, headers={"Retry-After": "0"}))
        with pytest.raises(Unavailable):
            warm.tracker.changed_since(None)

        assert warm.server.count("POST", SEARCH) == 1

    def test_a_server_that_never_answers_is_given_up(self, stage: JiraStage) -> None:
        stuck = silent(stage.sandbox.app, "serverInfo")
        with serving(stuck, timeout_seconds=0.2) as ours, pytest.raises(Unavailable, match="no answer in time"):
            ours.check()

    def test_a_create_that_is_not_answered_in_time_is_unsettled(self, stage: JiraStage) -> None:
        stuck = silent(stage.sandbox.app, "/rest/api/2/issue")
        with serving(stuck, timeout_seconds=0.2) as ours, pytest.raises(Unsettled, match="no answer in time"):
            made(ours, stage.draft())


class TestRates:
    """Too many requests: nothing was done, and we know how long to wait."""

    @pytest.mark.parametrize(
        ("headers", "seconds"),
        [
            ({"Retry-After": "0"}, 1),
            ({"Retry-After": "17"}, 17),
            ({"Retry-After": "3600"}, 3600),
            ({"Retry-After": "Mon, 02 Mar 2026 12:00:42 GMT"}, 42),
            ({"Retry-After": "Mon, 02 Mar 2026 11:00:00 GMT"}, 1),
            ({"X-RateLimit-Reset": "2026-03-02T12:10Z"}, 600),
            ({"X-RateLimit-Reset": "1772453100"}, 300),
            ({"X-RateLimit-Reset": "1795000000"}, 86_400),
            ({"Retry-After": "99999999999999"}, 86_400),
            ({"Retry-After": "-5"}, 60),
            ({"Retry-After": "inf"}, 60),
            ({"Retry-After": "soon"}, 60),
            ({}, 60),
        ],
    )
    def test_a_limited_write_is_not_applied_and_says_how_long_to_wait(
        self, warm: JiraStage, headers: dict[str, str], seconds: float
    ) -> None:
        since = warm.now()
        warm.tracker.visibility()
        warm.create("learns the screen again")
        warm.server.requests.clear()
        warm.server.faults.append(Fault("POST", CREATE, 429, headers=headers))
        with pytest.raises(RateLimited) as limited:
            warm.create("limited")

        assert limited.value.retry_after == seconds
        assert warm.server.count("POST", CREATE) == 1
        assert warm.found("limited", since) == []

    def test_the_reason_of_a_limit_is_told(self, warm: JiraStage) -> None:
        warm.server.faults.append(Fault("POST", SEARCH, 429, headers={"RateLimit-Reason": "jira-burst-based"}))
        with pytest.raises(RateLimited, match=r"too many requests \(jira-burst-based\)"):
            warm.tracker.changed_since(None)


class TestCredentials:
    """Bad credentials are forbidden, never an empty answer."""

    @pytest.mark.parametrize(
        "read",
        [
            lambda ours, issue: ours.changed_since(None),
            lambda ours, issue: ours.get(issue.id),
            lambda ours, issue: ours.get_many([issue.id]),
            lambda ours, issue: ours.find("a" * 26, since="2026-03-02T12:00:00.000Z"),
            lambda ours, issue: ours.edit(issue, Edit(status="done")),
        ],
    )
    def test_an_expired_token_that_jira_answers_as_a_stranger_s_is_forbidden(
        self, warm: JiraStage, read: Callable[[JiraTracker, Issue], object]
    ) -> None:
        issue = warm.tracker.get("10001")
        warm.sandbox.anonymous = True
        with pytest.raises(Forbidden, match="as a stranger") as refused:
            read(warm.tracker, issue)

        assert "API token" in refused.value.hint

    def test_an_answer_for_another_account_is_forbidden(self, warm: JiraStage) -> None:
        warm.sandbox.users = (replace(BOT, account_id="somebody-else"),)
        with pytest.raises(Forbidden, match="as somebody else"):
            warm.tracker.changed_since(None)

    def test_a_wrong_token_is_forbidden(self, stage: JiraStage) -> None:
        with closing(stage.another(token="wrong")) as ours, pytest.raises(Forbidden, match="token was refused"):
            ours.changed_since(None)

    def test_a_project_that_the_search_does_not_know_is_told_with_what_to_check(self, stage: JiraStage) -> None:
        with closing(stage.another(project="SCE")) as ours, pytest.raises(Forbidden) as refused:
            ours.changed_since(None)

        assert "project SCE: Jira shows no such project" in str(refused.value)
        assert refused.value.hint == "check the connector's url and project"

    @pytest.mark.parametrize("settings", [{"user": "somebody@example.com"}, {"token": "wrong"}])
    def test_whoever_is_refused_is_told_of_user_and_address_besides_the_token(
        self, stage: JiraStage, settings: dict[str, str]
    ) -> None:
        with closing(stage.another(**settings)) as ours, pytest.raises(Forbidden) as refused:
            ours.changed_since(None)

        assert all(word in refused.value.hint for word in ("url", "user", "token"))

    def test_a_missing_permission_is_forbidden_with_jira_s_words(self, warm: JiraStage) -> None:
        warm.sandbox.denied.add("EDIT_ISSUES")
        with pytest.raises(Forbidden, match="EDIT_ISSUES"):
            warm.edit("10001", Edit(title="New"))

    def test_a_personal_access_token_needs_no_user(self, stage: JiraStage) -> None:
        with closing(stage.another(user="")) as ours:
            assert ours.check().account.id == BOT.account_id

    def test_no_cookie_outlives_its_answer(self, warm: JiraStage) -> None:
        with serving(with_cookie(warm.sandbox.app)) as ours:
            ours.changed_since(None)
            assert len(ours._wire._jira._session.cookies) == 0


class TestOddSites:
    """Something answers, but not as Jira does."""

    @pytest.mark.parametrize(
        ("app", "said"),
        [
            (HTMLResponse("<h1>Log in</h1>"), "a web page came instead of Jira's data"),
            (PlainTextResponse("Not Found", 404), "there is no Jira at this address"),
            (JSONResponse({"name": "something else"}), "there is no Jira at this address"),
            (JSONResponse([1]), "there is no Jira at this address"),
            (RedirectResponse("https://elsewhere.example/login?t=1"), "sent on to https://elsewhere.example;"),
        ],
    )
    def test_a_check_says_what_is_there_and_what_to_do(self, app: ASGIApp, said: str) -> None:
        with serving(app) as ours:
            [problem] = ours.check().problems

        assert said in problem
        assert re.match(r"Jira at 127\.0\.0\.1:\d+, project SEC: ", problem)
        assert "; " in problem

    @pytest.mark.parametrize("text", ["", '{"versionNumbers": [', "null"])
    def test_a_truncated_answer_is_unavailable_or_no_jira(self, text: str) -> None:
        with serving(PlainTextResponse(text)) as ours, pytest.raises((Unavailable, Rejected)):
            ours.changed_since(None)

    def test_an_unreadable_answer_to_a_create_is_unsettled(self, stage: JiraStage) -> None:
        odd = instead(stage.sandbox.app, "/rest/api/2/issue", HTMLResponse("<h1>Thanks</h1>"))
        with serving(odd) as ours, pytest.raises(Unsettled, match="unreadable"):
            made(ours, stage.draft())

    @pytest.mark.parametrize("body", ["null", "5", '"no"', '{"errors": null}', '{"errorMessages": "no"}', "<p>"])
    def test_an_unusual_refusal_is_still_a_refusal(self, stage: JiraStage, body: str) -> None:
        odd = instead(stage.sandbox.app, "/rest/api/2/issue", PlainTextResponse(body, 400))
        with serving(odd) as ours, pytest.raises(Rejected):
            made(ours, stage.draft())

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 429, 500, 503])
    def test_no_message_holds_the_token_even_when_the_server_echoes_it(self, status: int) -> None:
        echo = JSONResponse({"errorMessages": [f"bad token {TOKEN}"], "errors": {"x": TOKEN}}, status)
        with serving(echo, token=TOKEN) as ours, pytest.raises(TrackerError) as failed:
            ours.changed_since(None)

        assert TOKEN not in f"{failed.value!r} {failed.value} {failed.value.hint}"
        assert failed.value.__context__ is None

    def test_no_message_of_a_lost_connection_holds_the_request(self, warm: JiraStage) -> None:
        warm.server.faults.append(Fault("POST", SEARCH, "drop"))
        with pytest.raises(Unavailable) as failed:
            warm.tracker.changed_since(None)

        assert failed.value.__context__ is None
        assert "Basic" not in repr(failed.value)


class TestCheck:
    """A check finds everything that is missing, and writes nothing."""

    def test_a_good_project_has_no_findings(self, warm: JiraStage) -> None:
        health = warm.tracker.check()

        assert (health.account.name, health.deployment, health.container) == (BOT.name, "Cloud", "SEC")
        assert (*health.problems, *health.warnings) == ()
        assert health.server_time == "2026-03-02T12:00:00.000Z"
        assert {(seen.method, seen.path.rpartition("/")[2]) for seen in warm.server.requests} <= {
            ("GET", "SEC"),
            ("GET", "mypermissions"),
            ("GET", "issuetypes"),
            ("GET", "10001"),
            ("POST", "jql"),
        }

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            ({"token": "wrong"}, "the user or the token was refused; check the connector's url and user"),
            ({"project": "NOPE"}, "there is no such project, or our account cannot see it; check"),
            ({"issue_type": "Story"}, "no issue type Story to create; set issue_type to one of: Task, Bug, Epic"),
        ],
    )
    def test_a_wrong_setting_is_a_problem_with_its_remedy(
        self, stage: JiraStage, settings: dict[str, str], said: str
    ) -> None:
        with closing(stage.another(**settings)) as ours:
            [problem] = ours.check().problems

        assert said in problem

    def test_a_missing_permission_is_a_problem_and_one_for_dates_a_warning(self, stage: JiraStage) -> None:
        stage.sandbox.denied |= {"CREATE_ISSUES", "SCHEDULE_ISSUES"}
        health = stage.tracker.check()

        assert [text.partition(": ")[2] for text in (*health.problems, *health.warnings)] == [
            "we may not create issues; give the account CREATE_ISSUES",
            "we may not set due dates; give the account SCHEDULE_ISSUES",
        ]

    def test_a_due_field_missing_on_a_screen_is_a_warning(self, warm: JiraStage) -> None:
        warm.sandbox.due_on_create = warm.sandbox.due_on_edit = False
        health = warm.tracker.check()

        assert list(health.problems) == []
        assert ["create screen" in health.warnings[0], "edit screen" in health.warnings[1]] == [True, True]
        assert all("duedate" in text and "add that field" in text for text in health.warnings)

    def test_a_screen_mended_after_a_check_is_used_by_the_next_create(self, stage: JiraStage) -> None:
        stage.sandbox.due_on_create = False
        stage.create("before", due_date="2026-04-01")
        stage.sandbox.due_on_create = True
        stage.tracker.check()

        assert stage.tracker.get(stage.create("after", due_date="2026-04-01")).due_dates == ("2026-04-01",)

    def test_a_due_field_that_is_no_date_is_a_problem(self, stage: JiraStage) -> None:
        stage.sandbox.due_type = "string"

        assert "duedate is a string; choose a date field" in stage.tracker.check().problems[0]

    def test_a_required_field_that_we_cannot_fill_is_a_problem(self, stage: JiraStage) -> None:
        stage.sandbox.required = {"customfield_10077"}

        assert "demands customfield_10077; make that field optional" in stage.tracker.check().problems[0]

    def test_a_create_with_a_missing_issue_type_is_refused_before_it_is_sent(self, stage: JiraStage) -> None:
        with closing(stage.another(issue_type="Story")) as ours, pytest.raises(Rejected, match="Story"):
            made(ours, stage.draft())

        assert stage.server.count("POST", CREATE) == 0


def silent(app: ASGIApp, path: str) -> ASGIApp:
    """The application, except that requests for a path are never answered."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        if not scope["path"].endswith(path):
            await app(scope, receive, send)
            return
        while (await receive())["type"] != "http.disconnect":
            pass

    return serve


def instead(app: ASGIApp, path: str, answer: ASGIApp) -> ASGIApp:
    """The application, except that a path has another answer."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await (answer if scope["path"] == path else app)(scope, receive, send)

    return serve


def with_cookie(app: ASGIApp) -> ASGIApp:
    """The application, setting a session cookie with every answer."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        async def sweeten(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"set-cookie", b"JSESSIONID=1; Path=/")]
            await send(message)

        await app(scope, receive, sweeten)

    return serve
