"""What GitHub is asked, and how often: the requests themselves, seen at the server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import parse_qs

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Gone

from .github_stage import DRAFT, MARKER, GithubStage
from .stage import made

LIST = r"/repositories/4711/issues$"


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def queries(stage: GithubStage) -> list[dict[str, str]]:
    """The parameters of every request."""
    return [{name: values[0] for name, values in parse_qs(seen.query).items()} for seen in stage.server.requests]


@pytest.mark.parametrize("since", ["2026-03-02T12:00:01Z", "2026-03-02T14:00:01+02:00", "2026-03-01T23:00:01.9-13:00"])
def test_since_with_another_zone_means_the_same_instant(stage: GithubStage, since: str) -> None:
    made(stage.tracker, DRAFT)
    stage.clock.advance(seconds=1)
    later = made(stage.tracker, DRAFT).id
    assert [issue.id for issue in stage.tracker.find(MARKER, since=since)] == [later]


def test_since_is_always_sent_in_utc_and_whole_seconds(stage: GithubStage) -> None:
    numbers = stage.seed(60)
    stage.clock.advance(hours=1, seconds=0.7)
    stage.person.comment(numbers[0], "Hello")
    cursor = stage.settled()
    stage.person.comment(numbers[0], "Again")
    stage.tracker.changed_since(cursor)
    sent = {query["since"] for query in queries(stage) if "since" in query}
    assert sent == {"2026-03-02T12:50:00Z"}


@pytest.mark.parametrize(("many", "pages"), [(99, 1), (100, 1), (101, 2), (200, 2)])
def test_exactly_a_page_of_changes_is_not_asked_for_another(stage: GithubStage, many: int, pages: int) -> None:
    numbers = stage.seed(many)
    assert [issue.id for issue in stage.another().changed_since(None).issues] == numbers
    assert stage.server.count("GET", LIST) == pages


def test_one_second_granularity_loses_no_change_of_the_second_that_was_read(stage: GithubStage) -> None:
    one, two = stage.seed(2)
    cursor = stage.settled()
    titles = []
    for n in range(5):
        stage.clock.advance(seconds=0.1)
        stage.person.rename(one if n % 2 else two, f"Title {n}")
        page = stage.tracker.changed_since(cursor)
        cursor = page.cursor
        titles += [issue.title for issue in page.issues]
    assert titles == [f"Title {n}" for n in range(5)]


def test_etag_of_another_token_is_not_sent_and_its_answer_has_no_effect(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    cursor = stage.settled()
    rotated = stage.another("raj-token")
    page = rotated.changed_since(cursor)
    assert list(page.issues) == []
    assert list(rotated.changed_since(page.cursor).issues) == []
    assert list(stage.another().changed_since(page.cursor).issues) == []
    assert [seen.status for seen in stage.server.requests] == [200, 304, 200]
    assert not any("raj-token" in text for text in (cursor, page.cursor))


def test_graphql_is_not_spoken_where_dates_stand_in_labels(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.close(issue_id)
    stage.tracker.check()
    stage.tracker.visibility()
    stage.tracker.changed_since(cursor)
    stage.tracker.get_many([issue_id])
    stage.tracker.named(issue_id)
    stage.tracker.unmarked(1)
    stage.tracker.find(MARKER, since="2026-03-02T12:00:00Z")
    stage.edit(issue_id, Edit(title="New", status="todo", due_date="2026-09-01", comment="Recorded."))
    assert stage.server.count("", "graphql") == 0
    assert not any("" in query.values() or "null" in query.values() for query in queries(stage))


def test_no_request_per_issue_hides_behind_a_list(stage: GithubStage) -> None:
    """Whatever a listed issue is asked for: pull requests, closed ones and those with comments too."""
    numbers = stage.seed(100)
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    store, maya = stage.sandbox.store, stage.sandbox.users["maya"]
    for number in numbers:
        store.edit(maya, int(number), {"state": "closed", "state_reason": "not_planned"})
        store.comment(maya, int(number), "Why")
    for n in range(50):
        stage.sandbox.open_pull_request("raj", f"Change {n}", ["poam"])
    issues = stage.another().changed_since(cursor).issues
    assert {(issue.status.name, issue.history[-1].author.id, len(issue.comments)) for issue in issues} == {
        ("not_planned", "maya", 1)
    }
    assert len(issues) == 100
    asked = [seen.path.removeprefix("/repositories/4711/") for seen in stage.server.requests]
    assert sorted(asked) == [*["issues"] * 2, "issues/comments", *["issues/events"] * 3], "250 events in all"


def test_a_look_at_many_issues_costs_two_reads_each_and_one_for_a_missing_one(stage: GithubStage) -> None:
    numbers = stage.seed(5)
    stage.person.delete(numbers[0])
    stage.tracker.visibility()
    stage.server.requests.clear()
    assert len(stage.tracker.get_many(numbers)) == 4
    assert stage.server.count() == 2 * 4 + 1


def test_a_list_that_lags_shows_a_write_late_and_a_single_read_at_once(stage: GithubStage) -> None:
    stage.sandbox.list_lag = timedelta(minutes=9)
    issue_id = made(stage.tracker, DRAFT).id
    first = stage.tracker.changed_since(None)
    assert list(first.issues) == []
    assert stage.tracker.get(issue_id).id == issue_id
    stage.clock.advance(minutes=9)
    assert [issue.id for issue in stage.tracker.changed_since(first.cursor).issues] == [issue_id]


def test_an_issue_that_goes_between_list_and_timeline_fails_no_look(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(hours=1)
    stage.person.rename(issue_id, "Touched")
    pull = stage.sandbox.open_pull_request("raj", "Busy")
    for n in range(300):
        stage.sandbox.store.add_labels(stage.sandbox.users["raj"], pull, [f"label {n}"])
    stage.sandbox.transfer(int(issue_id), "acme/api", 7)
    stage.sandbox.store.hidden.clear()
    assert list(stage.tracker.changed_since(cursor).issues) == []
    with pytest.raises(Gone):
        stage.tracker.get(issue_id)
