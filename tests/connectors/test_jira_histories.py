"""Histories that Jira cuts short: completed with as few requests as the deployment allows."""

from __future__ import annotations

from contextlib import closing

import pytest

from poam.connectors.jira import JiraTracker
from poam.connectors.jira import histories as module
from poam.connectors.sandbox.jira import GATEWAY
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import sent, stage, warm
from .jira_stage import JiraStage

__all__ = ["stage", "warm"]

TOGETHER = "POST /rest/api/3/changelog/bulkfetch"


@pytest.fixture
def busy(warm: JiraStage) -> tuple[JiraStage, str]:
    """Three issues that were each renamed eight times since the cursor, on a site that brings three entries along."""
    ids = ["10001", warm.create("two"), warm.create("three")]
    cursor = warm.read()
    warm.sandbox.history_page = 3
    for number in range(8):
        warm.clock.advance(minutes=1)
        for issue_id in ids:
            warm.person.rename(issue_id, f"Title {number}")
    warm.later()
    warm.server.requests.clear()
    return warm, cursor


def titles(tracker: JiraTracker, cursor: str | None) -> set[tuple[object, ...]]:
    """What the titles of all that changed were, one after the other."""
    return {tuple(each.new for each in issue.history) for issue in tracker.changed_since(cursor).issues}


EVERY = {tuple(f"Title {number}" for number in range(8))}


def test_several_long_histories_cost_one_request_together(busy: tuple[JiraStage, str]) -> None:
    stage, cursor = busy

    assert titles(stage.tracker, cursor) == EVERY
    assert sent(stage) == ["POST search/jql", TOGETHER]


def test_together_they_tell_what_each_tells_alone(busy: tuple[JiraStage, str]) -> None:
    stage, _ = busy
    together = {issue.id: issue.history for issue in stage.tracker.get_many(["10001", "10002", "10003"])}

    assert together == {number: stage.tracker.get(number).history for number in together}


def test_a_long_answer_comes_in_pages(busy: tuple[JiraStage, str], monkeypatch: pytest.MonkeyPatch) -> None:
    stage, cursor = busy
    monkeypatch.setattr(module, "TOGETHER", 5)

    assert titles(stage.tracker, cursor) == EVERY
    assert sent(stage) == ["POST search/jql", *[TOGETHER] * 5]


def test_they_are_read_through_the_gateway_as_well(busy: tuple[JiraStage, str]) -> None:
    stage, cursor = busy
    stage.sandbox.scoped_tokens = True
    with closing(stage.another(url=f"{stage.server.url}{GATEWAY}")) as ours:
        assert titles(ours, cursor) == EVERY


@pytest.mark.parametrize("status", [404, 405, 410])
def test_a_site_without_that_endpoint_is_asked_for_each_and_for_it_only_once(
    busy: tuple[JiraStage, str], status: int
) -> None:
    stage, cursor = busy
    stage.server.faults.append(Fault("POST", "/changelog/bulkfetch$", status, times=99))
    each = [f"GET issue/{number}/changelog" for number in (10001, 10002, 10003)]

    assert titles(stage.tracker, cursor) == EVERY
    assert sent(stage) == ["POST search/jql", TOGETHER, *each]
    stage.server.requests.clear()
    assert titles(stage.tracker, cursor) == EVERY
    assert sent(stage) == ["POST search/jql", *each]


def test_histories_that_reach_back_past_the_cursor_cost_nothing(busy: tuple[JiraStage, str]) -> None:
    stage, _ = busy
    cursor = stage.read()
    stage.later()
    for number in ("10001", "10002"):
        stage.person.set_due(number, "2026-05-01")
    stage.later()
    stage.server.requests.clear()

    assert len(stage.tracker.changed_since(cursor).issues) == 2
    assert sent(stage) == ["POST search/jql"]
