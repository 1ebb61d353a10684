"""What an issue on GitHub looks like through the port, and how our own are found again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from poam.connectors.base import Change, Draft, Issue

from .github_stage import DRAFT, MARKER, GithubStage
from .stage import made

LIST = r"/repositories/4711/issues$"


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def changes(issue: Issue, field: str) -> list[Change]:
    return [change for change in issue.history if change.field == field]


def test_a_created_issue_reads_back_as_it_was_meant(stage: GithubStage) -> None:
    created = made(stage.tracker, Draft(MARKER, "Title", "A\r\nB", "2026-04-01", frozenset({"team:web"})))
    issue = stage.tracker.get(created.id)
    assert (issue.marker, issue.title, issue.body) == (MARKER, "Title", "A\nB")
    assert issue.due_dates == ("2026-04-01",)
    assert issue.labels == {"poam", "team:web", "due:2026-04-01"}
    assert (issue.key, issue.author.id, issue.status.name) == ("acme/web#1", "poam-bot", "open")
    assert created.issue is not None
    assert created.issue.version == issue.version
    assert stage.sandbox.store.current(1).body == f"<!-- poam-sync marker={MARKER} -->\nA\r\nB"


@pytest.mark.parametrize(
    ("act", "name", "category"),
    [
        (lambda person, issue: person.start(issue), "in progress", "doing"),
        (lambda person, issue: person.label(issue, add=("in progress", "Blocked")), "blocked", "doing"),
        (lambda person, issue: person.close(issue), "completed", "done"),
        (lambda person, issue: person.close(issue, "wont_do"), "not_planned", "done"),
        (lambda person, issue: person.close(issue, "duplicate"), "duplicate", "done"),
    ],
)
def test_each_of_the_six_statuses_arrives_with_who_set_it(
    stage: GithubStage, act: Callable[[Any, str], None], name: str, category: str
) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.clock.advance(minutes=30)
    act(stage.person, issue_id)
    (issue,) = stage.tracker.changed_since(cursor).issues
    last = changes(issue, "status")[-1]
    assert (issue.status.name, issue.status.category) == (name, category)
    assert (last.new, last.author.id, last.at) == (issue.status, "maya", "2026-03-02T12:30:00.000Z")


def test_reopening_is_a_change_back_to_open(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.close(issue_id, "wont_do")
    cursor = stage.settled()
    stage.clock.advance(hours=2)
    stage.person.reopen(issue_id)
    (issue,) = stage.tracker.changed_since(cursor).issues
    assert issue.status.name == "open"
    assert changes(issue, "status")[-1].new == issue.status
    whole = changes(stage.tracker.get(issue_id), "status")
    assert [getattr(change.new, "name", None) for change in whole] == ["not_planned", "open"]


def test_a_person_exchanging_due_labels_moves_the_date_in_either_order(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.label(issue_id, remove=("due:2026-04-01",))
    stage.person.label(issue_id, add=("due:2026-05-01",))
    stage.person.label(issue_id, add=("due:2026-06-01",))
    stage.person.label(issue_id, remove=("due:2026-05-01",))
    told = changes(stage.tracker.get(issue_id), "due_date")
    assert [(change.old, change.new) for change in told] == [
        ("2026-04-01", None),
        (None, "2026-05-01"),
        ("2026-05-01", "2026-06-01"),
    ]
    assert told[-1].author.id == "maya"


def test_two_due_labels_are_shown_as_two_and_as_no_change(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.label(issue_id, add=("due:2026-05-01",))
    issue = stage.tracker.get(issue_id)
    assert issue.due_dates == ("2026-04-01", "2026-05-01")
    assert changes(issue, "due_date") == []


def test_labels_that_name_no_day_of_the_calendar_are_no_dates(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, Draft(MARKER, "Title", "")).id
    stage.person.label(issue_id, add=("due:2026-02-30", "due:soon", "due:20260401", "due:2028-02-29"))
    assert stage.tracker.get(issue_id).due_dates == ("2028-02-29",)


def test_renaming_is_in_the_history_and_rewriting_only_in_the_version(stage: GithubStage) -> None:
    created = made(stage.tracker, DRAFT).issue
    assert created is not None
    stage.person.rename(created.id, "Another title")
    renamed = stage.tracker.get(created.id)
    stage.person.rewrite_body(created.id, "All gone")
    rewritten = stage.tracker.get(created.id)
    (change,) = changes(rewritten, "title")
    assert (change.old, change.new, change.author.id) == ("Patch the parser", "Another title", "maya")
    assert (rewritten.marker, rewritten.body) == (None, "All gone")
    assert len({created.version, renamed.version, rewritten.version}) == 3


def test_a_label_deleted_in_the_repository_leaves_a_history_that_ends_in_the_present(
    stage: GithubStage,
) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.set_due(issue_id, "2026-05-01")
    kept = stage.sandbox.store.events
    stage.person.label(issue_id, remove=("due:2026-05-01",))
    kept.pop()
    issue = stage.tracker.get(issue_id)
    assert issue.due_dates == ()
    assert changes(issue, "due_date")[-1].new is None


def test_many_are_read_without_the_missing_ones(stage: GithubStage) -> None:
    first, second, third = stage.seed(3)
    stage.person.delete(second)
    found = stage.tracker.get_many([first, second, third, "99"])
    assert [issue.id for issue in found] == [first, third]


def test_finding_looks_at_our_own_issues_since_the_second_of_sending(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    stage.clock.advance(minutes=1, seconds=0.7)
    number = made(stage.tracker, DRAFT).id
    stage.person.clone(number)
    twin = made(stage.tracker, DRAFT).id
    made(stage.tracker, Draft("other", "Other", ""))
    found = stage.another().find(MARKER, since="2026-03-02T12:01:00.600Z")
    assert [issue.id for issue in found] == [number, twin]


def test_finding_does_not_trust_a_lagging_list_to_show_everything(stage: GithubStage) -> None:
    stage.sandbox.list_lag = timedelta(minutes=10)
    number = made(stage.tracker, DRAFT).id
    assert list(stage.tracker.find(MARKER, since="2026-03-02T12:00:00.000Z")) == []
    stage.clock.advance(minutes=11)
    assert [issue.id for issue in stage.tracker.find(MARKER, since="2026-03-02T12:00:00.000Z")] == [number]


def test_finding_stops_at_the_first_page_that_is_older(stage: GithubStage) -> None:
    stage.seed(150)
    stage.clock.advance(hours=1)
    made(stage.tracker, DRAFT)
    stage.server.requests.clear()
    assert len(stage.tracker.find(MARKER, since="2026-03-02T13:00:00.000Z")) == 1
    assert stage.server.count("GET", LIST) == 1
