"""Answers that would hurt whoever repeats or keeps them: with our token, with half a character, in another form."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
import requests
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from poam.connectors.base import Tracker
from poam.connectors.errors import TrackerError, Unavailable, Unsettled
from poam.connectors.github import GithubTracker
from poam.connectors.retry import Retrying
from poam.connectors.sandbox.jira import BOT
from poam.connectors.sandbox.server import SandboxServer
from poam.connectors.texts import parsed

from .github_carriers import carried
from .github_stage import DRAFT, TOKEN, GithubStage, settings_for
from .jira_fixtures import stage, warm
from .jira_stage import JiraStage, tracker
from .stage import made

__all__ = ["stage", "warm"]

JIRA_ISSUES, GITHUB_ISSUES = "/rest/api/2/issue", "/repositories/4711/issues"


@pytest.fixture
def github() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def instead(app: ASGIApp, method: str, path: str, answer: ASGIApp) -> ASGIApp:
    """The application, except that one request has another answer."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = answer if (scope["method"], scope["path"]) == (method, path) else app
        await chosen(scope, receive, send)

    return serve


@contextmanager
def jira_at(app: ASGIApp) -> Iterator[Tracker]:
    """Our connector at that site."""
    with SandboxServer(app) as server, closing(tracker(server.url)) as ours:
        yield ours


@contextmanager
def github_at(app: ASGIApp) -> Iterator[Tracker]:
    """Our connector at that site."""
    with SandboxServer(app) as server, closing(GithubTracker("code", settings_for(server.url), TOKEN)) as ours:
        yield ours


def echoing(body: Callable[[str], Any], status: int = 400) -> ASGIApp:
    """Refuses everything, with the Authorization header in its words."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()
        await JSONResponse(body(request.headers["authorization"]), status)(scope, receive, send)

    return serve


@pytest.mark.parametrize("padding", [0, 340, 360, 380, 440, 460, 480])
def test_no_text_of_an_error_holds_jira_s_credentials_not_even_in_part(stage: JiraStage, padding: int) -> None:
    echo = echoing(lambda header: {"errorMessages": ["x" * padding + header], "errors": {header: header}})
    app = instead(stage.sandbox.app, "POST", JIRA_ISSUES, echo)
    with jira_at(app) as ours, pytest.raises(TrackerError) as failed:
        made(ours, stage.draft())

    told = f"{failed.value!r} {failed.value.hint} {getattr(failed.value, 'field', '')}"
    assert b64encode(f"{BOT.email}:{BOT.token}".encode()).decode()[:8] not in told
    assert BOT.token not in told
    assert "***" in told


@pytest.mark.parametrize("padding", [0, 420, 440, 460])
def test_no_text_of_an_error_holds_github_s_token_not_even_in_part(github: GithubStage, padding: int) -> None:
    echo = echoing(lambda header: {"message": "x" * padding + header, "errors": [{"field": header, "code": header}]})
    app = instead(github.sandbox.app, "POST", GITHUB_ISSUES, echo)
    with github_at(app) as ours, pytest.raises(TrackerError) as failed:
        made(ours, DRAFT)

    assert TOKEN[:5] not in f"{failed.value!r} {failed.value.hint} {getattr(failed.value, 'field', '')}"


@pytest.mark.parametrize(
    ("method", "path", "act"),
    [
        ("GET", "/user", lambda ours, _: ours.check()),
        ("GET", "/orgs/acme/issue-fields", lambda ours, _: made(ours, DRAFT)),
        ("POST", "/graphql", lambda ours, issue_id: ours.get(issue_id)),
    ],
)
@pytest.mark.parametrize("status", [400, 429])
def test_no_error_of_a_check_or_of_fields_holds_a_token_that_a_proxy_echoes(
    method: str, path: str, act: Callable[[Tracker, str], object], status: int
) -> None:
    echo = echoing(lambda header: {"message": f"Bad header {header}"}, status)
    with carried("auto", person="issue_field") as opened:
        issue_id = made(opened.tracker, DRAFT).id
        opened.person.set_due(issue_id, "2026-05-01")
        with github_at(instead(opened.sandbox.app, method, path, echo)) as ours, pytest.raises(TrackerError) as failed:
            act(ours, issue_id)

    assert TOKEN not in f"{failed.value!r} {failed.value.hint}"
    assert "***" in str(failed.value)


@pytest.mark.parametrize("path", ["/app", "/repos/acme/web/installation", "/app/installations/77/access_tokens"])
def test_no_error_of_an_app_holds_what_it_signed_though_a_proxy_echoes_it(path: str) -> None:
    echo = echoing(lambda header: {"message": f"Bad header {header}"}, 429)
    with GithubStage.open() as opened:
        key = opened.sandbox.apps.new_key()
        app = instead(opened.sandbox.app, "POST" if path.endswith("s") else "GET", path, echo)
        with SandboxServer(app) as server:
            settings = settings_for(server.url, app_id=12, private_key_file="app.pem", token_env="")
            with closing(GithubTracker("code", settings, key)) as ours, pytest.raises(TrackerError) as failed:
                ours.check()

    assert "eyJ" not in f"{failed.value!r} {failed.value.hint}"
    assert "***" in str(failed.value)


@pytest.mark.parametrize(
    ("text", "data"),
    [
        (r'"a \ud83d b"', "a \ufffd b"),
        (r'"\uDE00\ud83d"', "\ufffd\ufffd"),
        (r'"\ud83d\ude00 \ud83d"', "\U0001f600 \ufffd"),
        (r'{"\udc00": ["\\ud83d", 1]}', {"\ufffd": ["\\ud83d", 1]}),
    ],
)
def test_half_a_character_is_replaced_and_nothing_else_is(text: str, data: object) -> None:
    assert parsed(text) == data


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_what_cannot_be_read_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match=r"Expecting|nested"):
        parsed(text)


def test_half_a_character_in_a_github_title_does_no_harm(github: GithubStage) -> None:
    issue_id = made(github.tracker, DRAFT).id
    github.person.rename(issue_id, "Fix \ud83d")
    read = [github.tracker.get(issue_id), *github.tracker.changed_since(None).issues]
    assert {issue.title for issue in read} == {"Fix \ufffd"}
    assert {change.new for issue in read for change in issue.history} == {"Fix \ufffd"}


def test_half_a_character_in_a_jira_title_does_no_harm(warm: JiraStage) -> None:
    path = f"{JIRA_ISSUES}/10001"
    raw = requests.get(warm.server.url + path, {"expand": "changelog"}, auth=(BOT.email, BOT.token), timeout=30).json()
    raw["fields"] |= {"summary": "Fix \ud83d", "labels": ["\udc00"]}
    halved = PlainTextResponse(json.dumps(raw), headers={"X-Aaccountid": BOT.account_id})
    with jira_at(instead(warm.sandbox.app, "GET", path, halved)) as ours:
        issue = ours.get("10001")

    assert (issue.title, issue.labels) == ("Fix \ufffd", {"\ufffd"})


@pytest.mark.parametrize(
    "answer",
    [
        JSONResponse({"id": 1}),
        JSONResponse([]),
        JSONResponse(None),
        Response(status_code=204),
    ],
    ids=["object", "list", "null", "204"],
)
def test_a_create_answered_in_another_form_is_unsettled(warm: JiraStage, github: GithubStage, answer: ASGIApp) -> None:
    apps = (
        jira_at(instead(warm.sandbox.app, "POST", JIRA_ISSUES, answer)),
        github_at(instead(github.sandbox.app, "POST", GITHUB_ISSUES, answer)),
    )
    for app in apps:
        with app as ours, pytest.raises(Unsettled):
            made(Retrying(ours, sleep=lambda _: None, random=lambda: 0.0), DRAFT)


@pytest.mark.parametrize("data", [{}, [], None, {"id": 1, "fields": None}, {"issues": [None]}, [{}], "text"], ids=repr)
def test_a_read_answered_in_another_form_is_unavailable(warm: JiraStage, github: GithubStage, data: object) -> None:
    answer = JSONResponse(data, headers={"X-Aaccountid": BOT.account_id})
    apps = (
        jira_at(instead(warm.sandbox.app, "GET", f"{JIRA_ISSUES}/10001", answer)),
        jira_at(instead(warm.sandbox.app, "GET", "/rest/api/2/status", answer)),
        github_at(instead(github.sandbox.app, "GET", f"{GITHUB_ISSUES}/10001", answer)),
    )
    for app in apps:
        with app as ours, pytest.raises(Unavailable):
            Retrying(ours, sleep=lambda _: None, random=lambda: 0.0).get("10001")
