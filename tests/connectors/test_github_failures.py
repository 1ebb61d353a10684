"""What can go wrong with GitHub, and what it is called; what a check finds before it does."""

from __future__ import annotations

import json
import socket
import traceback
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import (
    Forbidden,
    Gone,
    RateLimited,
    Rejected,
    Stale,
    TrackerError,
    Unavailable,
    Unsettled,
)
from poam.connectors.github import GithubTracker
from poam.connectors.github.answers import Answer, refusal
from poam.connectors.sandbox.server import Fault

from .github_stage import DRAFT, TOKEN, GithubStage, settings_for
from .stage import made

LIST = r"/repositories/4711/issues$"


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


@pytest.mark.parametrize(
    ("kind", "headers", "error"),
    [
        ("drop", {}, Unavailable),
        (500, {}, Unavailable),
        (200, {}, Unavailable),
        (302, {"location": "/login"}, Unavailable),
        (301, {"location": "https://elsewhere.example/issues"}, Unavailable),
        (401, {}, Forbidden),
        (403, {}, Forbidden),
        (404, {}, Forbidden),
        (410, {}, Forbidden),
        (400, {}, Unavailable),
        (408, {}, Unavailable),
        (409, {}, Unavailable),
        (422, {}, Unavailable),
        (429, {}, RateLimited),
        (403, {"retry-after": "7"}, RateLimited),
    ],
)
def test_a_failed_list_says_what_to_do_next(
    stage: GithubStage, kind: Any, headers: dict[str, str], error: type[TrackerError]
) -> None:
    stage.tracker.changed_since(None)
    stage.server.faults.append(Fault("GET", LIST, kind, headers=headers))
    with pytest.raises(error) as raised:
        stage.tracker.changed_since(None)
    assert type(raised.value) is error
    assert "acme/web" in str(raised.value)


@pytest.mark.parametrize(
    ("status", "headers", "wait"),
    [
        (429, {}, 60),
        (429, {"Retry-After": "0"}, 1),
        (429, {"Retry-After": "3600"}, 3600),
        (429, {"Retry-After": "Mon, 02 Mar 2026 12:02:00 GMT", "Date": "Mon, 02 Mar 2026 12:00:00 GMT"}, 120),
        (
            403,
            {
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": "1772453100",
                "Date": "Mon, 02 Mar 2026 12:00:00 GMT",
            },
            300,
        ),
    ],
)
def test_a_rate_limit_says_how_long_to_wait(
    stage: GithubStage, status: int, headers: dict[str, str], wait: float
) -> None:
    stage.server.faults.append(Fault("POST", "/issues$", status, headers=headers))
    with pytest.raises(RateLimited) as raised:
        made(stage.tracker, DRAFT)
    assert raised.value.retry_after == wait


@pytest.mark.parametrize(
    ("status", "message", "issue_id", "error"),
    [
        (403, "You have exceeded a secondary rate limit. Please wait.", None, RateLimited),
        (403, "Resource not accessible by personal access token", None, Forbidden),
        (403, "Resource protected by organization SAML enforcement.", "1", Forbidden),
        (410, "This issue was deleted", "1", Gone),
        (410, "Issues are disabled for this repo", "1", Forbidden),
        (404, "Not Found", "1", Gone),
        (404, "Not Found", None, Forbidden),
        (422, "Validation Failed", "1", Rejected),
        (409, "Conflict", "1", Stale),
        (409, "Conflict", None, Rejected),
        (408, "Request Timeout", "1", Unsettled),
    ],
)
def test_one_status_may_mean_different_things(
    status: int, message: str, issue_id: str | None, error: type[TrackerError]
) -> None:
    answer = Answer(status, {}, json.dumps({"message": message}))
    assert type(refusal(answer, "write", "acme/web", issue_id)) is error


def test_an_exhausted_quota_is_waited_for_until_its_reset(stage: GithubStage) -> None:
    stage.tracker.changed_since(None)
    stage.sandbox.quota.remaining = 0
    with pytest.raises(RateLimited) as raised:
        stage.tracker.changed_since(None)
    assert raised.value.retry_after == 3600


def test_a_deleted_and_an_unknown_issue_are_gone(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    issue = stage.tracker.get(issue_id)
    stage.person.delete(issue_id)
    for missing in (issue_id, "99"):
        with pytest.raises(Gone):
            stage.tracker.get(missing)
        for edit in (Edit(title="x"), Edit(status="done"), Edit(remove_labels=frozenset({"poam"}))):
            with pytest.raises(Gone):
                stage.tracker.edit(replace(issue, id=missing), edit)


def test_issues_switched_off_and_access_withdrawn_make_no_issue_gone(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.sandbox.has_issues = False
    for read in (lambda: stage.tracker.get(issue_id), lambda: stage.tracker.changed_since(None)):
        with pytest.raises(Forbidden, match="switched off"):
            read()


def test_an_archived_repository_forbids_writing(stage: GithubStage) -> None:
    stage.sandbox.archived = True
    with pytest.raises(Forbidden, match="archived"):
        made(stage.tracker, DRAFT)


@pytest.mark.parametrize("token", ["wrong-token-9f2c", "stranger-token"])
def test_no_error_tells_the_token(stage: GithubStage, token: str) -> None:
    tracker = stage.another(token)
    with pytest.raises(Forbidden) as raised:
        made(tracker, DRAFT)
    assert token not in "".join(traceback.format_exception(raised.value)) + raised.value.hint
    stage.server.faults.append(Fault("GET", "", "drop"))
    with pytest.raises(Unavailable) as dropped:
        tracker.changed_since(None)
    assert token not in "".join(traceback.format_exception(dropped.value))
    assert dropped.value.__context__ is None


def test_a_server_that_stops_answering_is_given_up() -> None:
    with GithubStage.open() as stage:
        port = int(stage.server.url.rpartition(":")[2])
        tracker = stage.another(timeout_seconds=0.1)
        tracker.visibility()
    with socket.create_server(("127.0.0.1", port)):
        with pytest.raises(Unavailable, match="no answer in time"):
            tracker.visibility()
        with pytest.raises(Unsettled, match="no answer in time"):
            made(tracker, DRAFT)


def test_a_healthy_connector_has_nothing_to_complain_about(stage: GithubStage) -> None:
    health = stage.tracker.check()
    assert (health.account.id, health.container, health.visibility) == ("poam-bot", "acme/web", "private")
    assert health.server_time == "2026-03-02T12:00:00.000Z"
    assert list(health.problems) == []
    assert stage.server.count("GET") == stage.server.count() == 2


@pytest.mark.parametrize(
    ("token", "changed", "words"),
    [
        ("wrong", {}, ["does not accept the token", "create a new one"]),
        (TOKEN, {"repository": "acme/gone"}, ["no repository acme/gone", "correct its name"]),
        ("stranger-token", {}, ["no repository acme/web", "access"]),
        ("guest-token", {}, ["may not write", "give its account write access"]),
    ],
)
def test_what_is_missing_is_said_with_its_remedy(
    stage: GithubStage, token: str, changed: dict[str, Any], words: list[str]
) -> None:
    (problem,) = stage.another(token, **changed).check().problems
    assert all(word in problem for word in words)


def test_an_address_that_is_not_githubs_is_said_with_the_right_ones(stage: GithubStage) -> None:
    tracker = GithubTracker("code", settings_for(f"{stage.server.url}/elsewhere"), TOKEN)
    (problem,) = tracker.check().problems
    assert "https://api.github.com" in problem
    assert "/api/v3" in problem


def test_an_archived_repository_and_one_without_issues_are_problems(stage: GithubStage) -> None:
    stage.sandbox.archived, stage.sandbox.has_issues = True, False
    first, second = stage.tracker.check().problems
    assert "switched off" in first
    assert "archived" in second


def test_a_check_during_an_outage_is_no_finding(stage: GithubStage) -> None:
    stage.server.faults.append(Fault("GET", "/user", 503))
    with pytest.raises(Unavailable):
        stage.tracker.check()


def test_visibility_is_asked_afresh_each_time(stage: GithubStage) -> None:
    assert stage.tracker.visibility() == "private"
    stage.sandbox.private = False
    assert stage.tracker.visibility() == "public"
    assert stage.server.count() == 2
