"""What reading GitHub costs, counted at the server, and that nothing is lost for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from poam.connectors.base import Draft, Edit, Page, Tracker
from poam.connectors.errors import Unavailable
from poam.connectors.sandbox.server import Fault

from .github_stage import DRAFT, MARKER, TOKEN, GithubStage
from .stage import made

LIST = r"/repositories/4711/issues$"
EVENTS = r"/repositories/4711/issues/events$"


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def test_making_a_tracker_sends_nothing(stage: GithubStage) -> None:
    tracker: Tracker = stage.another()
    tracker.close()
    assert stage.server.count() == 0
    assert tracker.name == "code"


def test_a_new_process_with_nothing_new_costs_one_conditional_request(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    cursor = stage.settled()
    stage.clock.advance(days=3)
    page = stage.another().changed_since(cursor)
    assert [seen.status for seen in stage.server.requests] == [304]
    assert page == Page((), cursor)


def test_an_empty_repository_is_idle_from_the_second_look_on(stage: GithubStage) -> None:
    cursor = stage.tracker.changed_since(None).cursor
    stage.server.requests.clear()
    assert list(stage.tracker.changed_since(cursor).issues) == []
    assert [seen.status for seen in stage.server.requests] == [304]


def test_the_look_after_a_change_is_conditional_already(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(days=1)
    stage.person.close(issue_id)
    changed = stage.tracker.changed_since(cursor)
    stage.server.requests.clear()
    page = stage.tracker.changed_since(changed.cursor)
    assert page == Page((), changed.cursor)
    assert [seen.status for seen in stage.server.requests] == [304]


def test_the_overlap_shown_again_costs_one_request_and_delivers_nothing(stage: GithubStage) -> None:
    stage.seed(60)
    cursor = stage.tracker.changed_since(None).cursor
    stage.server.requests.clear()
    page = stage.tracker.changed_since(cursor)
    assert list(page.issues) == []
    assert list(stage.tracker.changed_since(page.cursor).issues) == []
    assert [seen.status for seen in stage.server.requests] == [200, 304]


@pytest.mark.parametrize(
    ("changed", "lists", "events"), [(1, 1, 1), (98, 1, 1), (99, 1, 2), (100, 2, 2), (101, 2, 2), (1000, 11, 11)]
)
def test_changes_cost_a_list_page_per_hundred_issues_and_an_event_page_per_hundred_events(
    stage: GithubStage, changed: int, lists: int, events: int
) -> None:
    """One more of each is read: the newest issue before lies in the overlap."""
    numbers = stage.seed(max(251, changed))
    stage.clock.advance(hours=1)
    stage.seed(1)
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    maya = stage.sandbox.users["maya"]
    for number in numbers[:changed]:
        stage.sandbox.store.edit(maya, int(number), {"state": "closed"})
    page = stage.another().changed_since(cursor)
    assert [issue.id for issue in page.issues] == numbers[:changed]
    assert all(issue.history[-1].author.id == "maya" for issue in page.issues)
    assert (stage.server.count("GET", LIST), stage.server.count("GET", EVENTS)) == (lists, events)
    assert stage.server.count() == lists + events


def test_a_hundred_changes_in_a_young_repository_cost_two_requests(stage: GithubStage) -> None:
    numbers = stage.seed(100)
    assert len(stage.another().changed_since(None).issues) == len(numbers)
    assert stage.server.count("GET", LIST) + stage.server.count("GET", EVENTS) == 2


def test_a_change_hidden_behind_a_full_first_page_is_not_answered_with_nothing_new(
    stage: GithubStage,
) -> None:
    numbers = stage.seed(150)
    cursor = stage.settled()
    stage.person.rename(numbers[0], "Moved within the same second")
    assert [issue.id for issue in stage.tracker.changed_since(cursor).issues] == [numbers[0]]


def test_many_changes_at_once_are_idle_again_once_the_overlap_has_passed(stage: GithubStage) -> None:
    numbers = stage.seed(150)
    stage.settled()
    stage.clock.advance(minutes=11)
    cursor = stage.settled()
    assert list(stage.tracker.changed_since(cursor).issues) == []
    assert [seen.status for seen in stage.server.requests] == [304]
    stage.person.rename(numbers[0], "Later")
    assert [issue.id for issue in stage.tracker.changed_since(cursor).issues] == [numbers[0]]


def test_pull_requests_are_ignored_without_extra_requests(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.sandbox.open_pull_request("maya", "A change", ["poam"])
    page = stage.tracker.changed_since(cursor)
    assert list(page.issues) == []
    assert stage.server.count() == 1


def test_another_token_reads_everything_anew_and_finds_nothing_new(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    cursor = stage.settled()
    page = stage.another("raj-token").changed_since(cursor)
    assert list(page.issues) == []
    assert list(stage.another("raj-token").changed_since(page.cursor).issues) == []
    assert [seen.status for seen in stage.server.requests] == [200, 304]


def test_the_cursor_of_another_repository_is_not_used(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    cursor = json.dumps({**json.loads(stage.settled()), "source": "elsewhere acme/web", "repository_id": 1})
    assert len(stage.tracker.changed_since(cursor).issues) == 1


@pytest.mark.parametrize("cursor", ["2026-03-02T12:00:00.000Z", "{}", "[1]", '{"source": 1, "extra": 2}', "null"])
def test_what_is_no_cursor_of_ours_is_not_used(stage: GithubStage, cursor: str) -> None:
    made(stage.tracker, DRAFT)
    stage.settled()
    assert len(stage.tracker.changed_since(cursor).issues) == 1


def test_a_renamed_repository_is_read_on_as_if_nothing_had_happened(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.sandbox.rename("acme/portal")
    tracker = stage.another()
    assert list(tracker.changed_since(cursor).issues) == []
    assert tracker.edit(tracker.get(issue_id), Edit(title="Still ours")).title == "Still ours"
    queries = {seen.query for seen in stage.server.requests if seen.path.endswith("/issues")}
    assert all("labels=poam" in query for query in queries)
    assert [issue.title for issue in stage.another().changed_since(None).issues] == ["Still ours"]


def test_the_cursor_holds_no_token(stage: GithubStage) -> None:
    assert TOKEN not in stage.tracker.changed_since(None).cursor


def test_a_change_that_lists_hide_at_first_arrives_once_with_its_author(stage: GithubStage) -> None:
    early, late = (made(stage.tracker, Draft(f"{MARKER}{n}", f"Issue {n}", "")).id for n in "ab")
    cursor = stage.settled()
    stage.sandbox.list_lag = timedelta(minutes=5)
    stage.clock.advance(hours=1)
    stage.person.close(late)
    hidden = stage.tracker.changed_since(cursor)
    assert list(hidden.issues) == []
    assert stage.tracker.get(late).status.name == "completed"
    stage.clock.advance(minutes=6)
    shown = stage.tracker.changed_since(hidden.cursor)
    assert [(issue.id, issue.history[-1].author.id) for issue in shown.issues] == [(late, "maya")]
    assert early not in {issue.id for issue in stage.tracker.changed_since(shown.cursor).issues}


def test_an_issue_listed_late_with_an_older_time_of_change_is_still_delivered(stage: GithubStage) -> None:
    first, second = (made(stage.tracker, Draft(f"{MARKER}{n}", f"Issue {n}", "")).id for n in "ab")
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.rename(first, "Seen late")
    stage.sandbox.store.hidden.add(int(first))
    stage.clock.advance(minutes=5)
    stage.person.rename(second, "Seen at once")
    page = stage.tracker.changed_since(cursor)
    assert [issue.id for issue in page.issues] == [second]
    stage.sandbox.store.hidden.clear()
    assert [issue.title for issue in stage.tracker.changed_since(page.cursor).issues] == ["Seen late"]


def test_a_page_that_fails_leaves_the_old_cursor_good_for_another_try(stage: GithubStage) -> None:
    numbers = stage.seed(120)
    stage.server.faults.append(Fault("GET", EVENTS, 502))
    with pytest.raises(Unavailable):
        stage.tracker.changed_since(None)
    assert [issue.id for issue in stage.tracker.changed_since(None).issues] == numbers


def test_one_issue_costs_two_reads_whatever_its_state(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.close(issue_id)
    stage.server.requests.clear()
    assert stage.tracker.get(issue_id).status.category == "done"
    assert stage.server.count("GET") == stage.server.count() == 2


def test_an_issue_that_is_known_costs_one_read(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.close(issue_id)
    known = stage.tracker.get(issue_id).version
    stage.server.requests.clear()
    assert stage.tracker.get(issue_id, known=known).version == known
    assert stage.server.count("GET") == stage.server.count() == 1
