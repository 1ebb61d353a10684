"""What is said below issues and what points to them: read where there is any, written last."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from math import ceil

import pytest

from poam.connectors.base import Account, Comment, Issue, Reference
from poam.connectors.errors import Unavailable
from poam.connectors.sandbox.server import Fault

from .github_stage import DRAFT, GithubStage
from .stage import made

LIST = r"/repositories/4711/issues$"
EVENTS = r"/repositories/4711/issues/events$"
COMMENTS = r"/repositories/4711/issues/comments$"
TIMELINE = r"/issues/\d+/timeline$"
SHA = "7638417db6d59f3c431d3e1f261cc637155684cd"


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def said(issue: Issue) -> list[str]:
    return [comment.text for comment in issue.comments]


def test_a_comment_arrives_with_its_author_time_and_text(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.comment(issue_id, "/poam done\r\nsee build 7")
    (issue,) = stage.tracker.changed_since(cursor).issues
    (comment,) = issue.comments
    assert comment == Comment(
        comment.id, "2026-03-02T13:00:00.000Z", Account("maya", "maya"), "/poam done\nsee build 7"
    )
    assert stage.tracker.get(issue_id).comments == (comment,)


def test_comments_are_told_oldest_first_and_each_issue_its_own(stage: GithubStage) -> None:
    one, two = stage.seed(2)
    for issue_id, text in ((one, "a"), (two, "b"), (one, "c")):
        stage.clock.advance(seconds=1)
        stage.person.comment(issue_id, text)
    told = {issue.id: issue for issue in stage.tracker.changed_since(None).issues}
    assert {issue_id: said(issue) for issue_id, issue in told.items()} == {one: ["a", "c"], two: ["b"]}
    assert told[one].comments == stage.tracker.get(one).comments
    ids = [comment.id for comment in told[one].comments]
    assert ids == sorted(ids)


def test_a_comment_within_the_second_of_the_last_change_is_a_change(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.person.comment(issue_id, "First")
    page = stage.tracker.changed_since(cursor)
    stage.person.comment(issue_id, "Second")
    (again,) = stage.tracker.changed_since(page.cursor).issues
    assert [said(issue) for issue in page.issues] == [["First"]]
    assert said(again) == ["First", "Second"]


def test_only_a_changed_issue_with_comments_costs_a_read_of_comments(stage: GithubStage) -> None:
    silent, discussed, _ = stage.seed(3)
    stage.person.comment(discussed, "Hello")
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.rename(silent, "Renamed")
    page = stage.tracker.changed_since(cursor)
    assert [(seen.method, seen.status) for seen in stage.server.requests if seen.path.startswith("/repositories")] == [
        ("GET", 200),
        ("GET", 200),
    ]
    stage.person.rename(discussed, "Renamed too")
    assert [issue.id for issue in stage.tracker.changed_since(page.cursor).issues] == [discussed]
    assert stage.server.count("GET", COMMENTS) == 1


@pytest.mark.parametrize("many", [1, 99, 100, 101, 250])
def test_comments_cost_a_page_per_hundred(stage: GithubStage, many: int) -> None:
    numbers = stage.seed(many)
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    maya = stage.sandbox.users["maya"]
    for number in numbers:
        stage.sandbox.store.comment(maya, int(number), f"on {number}")
    told = stage.another().changed_since(cursor).issues
    assert {issue.id: said(issue) for issue in told} == {number: [f"on {number}"] for number in numbers}
    assert stage.server.count("GET", COMMENTS) == ceil(many / 100)
    assert stage.server.count() == 2 * ceil(many / 100) + stage.server.count("GET", EVENTS)


def test_only_comments_since_the_last_read_are_asked_for(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.comment(issue_id, "Old")
    stage.clock.advance(hours=1)
    stage.person.rename(issue_id, "Renamed")
    cursor = stage.settled()
    stage.clock.advance(days=1)
    stage.person.comment(issue_id, "New")
    (issue,) = stage.tracker.changed_since(cursor).issues
    assert said(issue) == ["New"]
    assert said(stage.tracker.get(issue_id)) == ["Old", "New"]


def test_a_look_after_a_comment_is_idle_again(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.comment(issue_id, "Hello")
    cursor = stage.tracker.changed_since(cursor).cursor
    stage.server.requests.clear()
    assert list(stage.tracker.changed_since(cursor).issues) == []
    assert [seen.status for seen in stage.server.requests] == [304]


def test_comments_on_pull_requests_and_on_strangers_issues_are_nobodys(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    pull = stage.sandbox.open_pull_request("raj", "A change", ["poam"])
    stage.person.comment(str(pull), "On the pull request")
    stage.person.comment(issue_id, "On the issue")
    assert [(issue.id, said(issue)) for issue in stage.tracker.changed_since(None).issues] == [
        (issue_id, ["On the issue"])
    ]


def test_a_comment_that_lists_hide_at_first_arrives_once_it_is_listed(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.sandbox.list_lag = timedelta(minutes=5)
    stage.clock.advance(hours=1)
    stage.person.comment(issue_id, "Hello")
    hidden = stage.tracker.changed_since(cursor)
    stage.clock.advance(minutes=6)
    assert list(hidden.issues) == []
    assert [said(issue) for issue in stage.tracker.changed_since(hidden.cursor).issues] == [["Hello"]]


def test_a_busy_repository_is_read_issue_by_issue_rather_than_through_other_peoples_news(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    raj = stage.sandbox.users["raj"]
    pull = stage.sandbox.open_pull_request("raj", "A change")
    stage.person.comment(issue_id, "Hello")
    stage.person.close(issue_id)
    for n in range(400):
        stage.sandbox.store.comment(raj, pull, f"Nit {n}")
        stage.sandbox.store.add_labels(raj, pull, [f"label {n}"])
    (issue,) = stage.tracker.changed_since(cursor).issues
    assert (said(issue), issue.status.name, issue.history[-1].author.id) == (["Hello"], "completed", "maya")
    assert stage.server.count("GET", TIMELINE) == 1
    assert stage.server.count() <= 2 + 2 + 2 + 2, "list, events and comments, a page more of each, and one timeline"


def test_one_issue_costs_two_reads_with_all_that_was_said_and_points_to_it(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.comment(issue_id, "Hello")
    stage.person.close(issue_id)
    stage.server.requests.clear()
    issue = stage.tracker.get(issue_id)
    assert (said(issue), [change.field for change in issue.history]) == (["Hello"], ["status"])
    assert [seen.path.rpartition("/")[2] for seen in stage.server.requests] == [issue_id, "timeline"]


def test_a_comment_without_a_text_or_an_author_is_an_empty_one_of_a_ghost(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.comment(issue_id, "Hello")
    store = stage.sandbox.store
    store.comments[0] = replace(store.comments[0], body=None)  # type: ignore[arg-type]
    assert said(stage.tracker.get(issue_id)) == [""]
    assert said(stage.tracker.changed_since(None).issues[0]) == [""]


def test_comments_that_cannot_be_listed_fail_the_look_and_keep_the_cursor(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.comment(issue_id, "Hello")
    stage.server.faults.append(Fault("GET", COMMENTS, 502))
    with pytest.raises(Unavailable):
        stage.tracker.changed_since(cursor)
    assert [said(issue) for issue in stage.tracker.changed_since(cursor).issues] == [["Hello"]]


# What points to an issue


def test_a_closing_commit_is_a_reference_told_by_the_list_and_by_the_issue(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.sandbox.push_commit("raj", SHA, closes=int(issue_id))
    (listed,) = stage.tracker.changed_since(cursor).issues
    page = f"{stage.server.url}/acme/web/commit/{SHA}"
    commit = Reference("commit", page, "2026-03-02T13:00:00.000Z", Account("raj", "raj"))
    assert listed.references == stage.tracker.get(issue_id).references == (commit,)
    assert listed.status.name == "completed"


def test_a_pull_request_that_names_an_issue_is_a_reference_once_and_another_issue_is_none(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    other = made(stage.tracker, replace(DRAFT, marker="other")).id
    pull = stage.sandbox.open_pull_request("raj", "Fix the parser", mentions=[int(issue_id), int(issue_id)])
    stage.sandbox.talk.mention(int(issue_id), stage.sandbox.users["maya"], int(other))
    address = f"{stage.server.url}/acme/web/pull/{pull}"
    (reference,) = stage.tracker.get(issue_id).references
    assert reference == Reference("pull_request", address, "2026-03-02T12:00:00.000Z", Account("raj", "raj"))
    assert stage.tracker.get(other).references == ()


def test_references_are_in_the_order_of_time_and_cost_no_request_of_their_own(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.sandbox.open_pull_request("raj", "First", mentions=[int(issue_id)])
    stage.clock.advance(hours=1)
    stage.sandbox.push_commit("raj", SHA, closes=int(issue_id))
    stage.server.requests.clear()
    assert [reference.kind for reference in stage.tracker.get(issue_id).references] == ["pull_request", "commit"]
    assert stage.server.count() == 2
