"""What we write to GitHub: once, nothing that is so already, and nothing over other people's work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from poam.connectors.base import Draft, Edit
from poam.connectors.errors import Rejected, Unavailable, Unsettled
from poam.connectors.sandbox.server import Fault

from .github_stage import DRAFT, MARKER, GithubStage
from .stage import made


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


@pytest.mark.parametrize("kind", ["drop", 408, 425, 500, 502, 503, 504])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_without_a_definite_answer_is_sent_once_and_unsettled(
    stage: GithubStage, kind: Any, when: Any
) -> None:
    stage.server.faults.append(Fault("POST", "/issues$", kind, when))
    with pytest.raises(Unsettled):
        made(stage.tracker, DRAFT)
    assert stage.server.count("POST") == 1
    found = stage.tracker.find(MARKER, since="2026-03-02T12:00:00.000Z")
    assert len(found) == (when == "after")


@pytest.mark.parametrize("kind", ["drop", 502])
def test_an_edit_without_a_definite_answer_is_sent_once_and_unsettled(stage: GithubStage, kind: Any) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults += [Fault("PATCH", "", kind), Fault("POST", "/labels$", kind, "after")]
    with pytest.raises(Unsettled):
        stage.edit(issue_id, Edit(title="New"))
    with pytest.raises(Unsettled):
        stage.edit(issue_id, Edit(add_labels=frozenset({"seen"})))
    assert stage.server.count("PATCH") == stage.server.count("POST", "/labels$") == 1


def test_a_create_answered_by_something_else_than_github_is_unsettled(stage: GithubStage) -> None:
    stage.server.faults.append(Fault("POST", "/issues$", 200))
    with pytest.raises(Unsettled):
        made(stage.tracker, DRAFT)


def test_a_create_whose_connection_is_refused_never_left() -> None:
    with GithubStage.open() as stage:
        stage.tracker.visibility()
    with pytest.raises(Unavailable):
        made(stage.tracker, DRAFT)


def test_title_body_and_state_are_one_request_whose_answer_is_the_issue(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    before = stage.tracker.get(issue_id)
    stage.server.requests.clear()
    issue = stage.tracker.edit(before, Edit(title="New", body="New body", status="done"))
    assert [seen.method for seen in stage.server.requests] == ["PATCH"]
    assert (issue.title, issue.body, issue.status.name, issue.marker) == (
        "New",
        "New body",
        "completed",
        MARKER,
    )
    assert issue.version == stage.tracker.get(issue_id).version


def test_what_is_so_already_is_not_written(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.close(issue_id, "wont_do")
    issue = stage.tracker.get(issue_id)
    stage.server.requests.clear()
    wish = Edit(title=DRAFT.title, body=DRAFT.body, due_date=DRAFT.due_date, status="done")
    assert stage.tracker.edit(issue, wish) == issue
    assert stage.server.count() == 0


@pytest.mark.parametrize("status", [400, 409, 422])
def test_a_look_back_that_is_refused_says_nothing_against_the_edit(stage: GithubStage, status: int) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.faults.append(Fault("GET", f"/issues/{issue.id}$", status))
    with pytest.raises(Unavailable):
        stage.tracker.edit(issue, Edit(due_date="2026-09-01"))
    assert stage.tracker.get(issue.id).due_dates == ("2026-09-01",)


@pytest.mark.parametrize(("method", "left"), [("DELETE", ("2026-04-01",)), ("POST", ())])
def test_a_change_of_date_that_fails_half_way_never_leaves_two(
    stage: GithubStage, method: str, left: tuple[str, ...]
) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults.append(Fault(method, "/labels", 502))
    with pytest.raises(Unsettled):
        stage.edit(issue_id, Edit(due_date="2026-09-01"))
    assert stage.tracker.get(issue_id).due_dates == left
    assert stage.edit(issue_id, Edit(due_date="2026-09-01")).due_dates == ("2026-09-01",)


def test_a_text_goes_before_the_labels_so_that_nobody_has_time_to_lose_theirs(stage: GithubStage) -> None:
    before = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.requests.clear()
    issue = stage.tracker.edit(before, Edit(body="New", due_date="2026-09-01"))
    assert (issue.body, issue.due_dates) == ("New", ("2026-09-01",))
    assert [seen.method for seen in stage.server.requests] == ["PATCH", "DELETE", "POST", "GET"]


def test_a_date_moved_by_us_is_told_as_our_own_changes(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.edit(issue_id, Edit(due_date="2026-09-01"))
    assert [(change.old, change.new, change.author.id) for change in stage.tracker.get(issue_id).history] == [
        ("2026-04-01", None, "poam-bot"),
        (None, "2026-09-01", "poam-bot"),
    ]


def test_the_old_date_goes_before_the_new_one_is_added(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    before = stage.tracker.get(issue_id)
    stage.server.requests.clear()
    issue = stage.tracker.edit(before, Edit(due_date="2026-09-01"))
    assert issue.due_dates == ("2026-09-01",)
    assert [seen.method for seen in stage.server.requests] == ["DELETE", "POST", "GET"]
    cleared = stage.edit(issue_id, Edit(due_date=""))
    assert cleared.due_dates == ()
    assert cleared.labels == {"poam"}


def test_setting_a_date_settles_two_due_labels(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.label(issue_id, add=("due:2026-05-01", "due:2026-06-01"))
    assert stage.tracker.get(issue_id).due_dates == ("2026-04-01", "2026-05-01", "2026-06-01")
    assert stage.edit(issue_id, Edit(due_date="2026-05-01")).due_dates == ("2026-05-01",)


@pytest.mark.parametrize(
    ("first", "then", "name", "labels"),
    [
        (Edit(status="doing"), Edit(status="todo"), "open", set()),
        (Edit(status="done"), Edit(status="todo"), "open", set()),
        (Edit(status="done"), Edit(status="doing"), "in progress", {"in progress"}),
        (Edit(status="doing"), Edit(status="done"), "completed", set()),
    ],
)
def test_an_issue_is_brought_to_the_wanted_category(
    stage: GithubStage, first: Edit, then: Edit, name: str, labels: set[str]
) -> None:
    issue_id = made(stage.tracker, Draft(MARKER, "Title", "")).id
    stage.edit(issue_id, first)
    issue = stage.edit(issue_id, then)
    assert (issue.status.name, issue.labels) == (name, {"poam", *labels})
    assert stage.tracker.get(issue_id).status == issue.status


def test_a_closing_goes_before_its_label_so_that_the_work_is_never_open_in_between(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, Draft(MARKER, "Title", "")).id
    stage.clock.advance(seconds=1)
    doing = stage.edit(issue_id, Edit(status="doing"))
    stage.server.requests.clear()
    stage.tracker.edit(doing, Edit(status="done"))
    assert [seen.method for seen in stage.server.requests] == ["PATCH", "DELETE", "GET"]
    assert [change.new.name for change in stage.tracker.get(issue_id).history] == ["in progress", "completed"]


@pytest.mark.parametrize("label", ["in progress", "In Progress"])
def test_an_issue_that_a_person_closed_loses_our_label_of_work_with_the_next_edit(
    stage: GithubStage, label: str
) -> None:
    issue_id = made(stage.tracker, Draft(MARKER, "Title", "")).id
    stage.person.label(issue_id, add=(label, "blocked", "theirs"))
    stage.person.close(issue_id)
    edited = stage.edit(issue_id, Edit(body="claimed"))
    assert (edited.status.name, edited.labels) == ("completed", {"poam", "blocked", "theirs"})
    again = stage.edit(issue_id, Edit(status="doing"))
    assert (again.status.name, again.labels) == ("blocked", {"poam", "blocked", "theirs"})


def test_an_open_issue_keeps_its_label_of_work_whatever_else_is_edited(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, Draft(MARKER, "Title", "")).id
    stage.person.label(issue_id, add=("in progress",))
    assert stage.edit(issue_id, Edit(body="x")).status.name == "in progress"


def test_people_are_told_that_a_date_is_a_label_here(stage: GithubStage) -> None:
    assert "label due:YYYY-MM-DD" in stage.tracker.capabilities.move_date


def test_a_label_added_by_a_person_meanwhile_survives_every_edit_of_ours(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults.append(Fault("POST", "/labels$", 502))
    with pytest.raises(Unsettled):
        stage.edit(issue_id, Edit(due_date="2026-09-01"))
    stage.person.label(issue_id, add=("customer", "odd/name, with:signs?"))
    wish = Edit(title="New", due_date="2026-09-01", status="done", add_labels=frozenset({"poam:late"}))
    issue = stage.edit(issue_id, wish)
    assert issue.labels == {"poam", "due:2026-09-01", "poam:late", "customer", "odd/name, with:signs?"}


def test_labels_are_removed_whatever_their_name_and_even_if_gone_already(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.label(issue_id, add=("odd/name, with:signs?",))
    gone = frozenset({"odd/name, with:signs?", "never there"})
    assert stage.edit(issue_id, Edit(remove_labels=gone)).labels == {"poam", "due:2026-04-01"}


def test_a_label_that_a_person_removes_first_is_removed_all_the_same(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults.append(Fault("DELETE", "/labels/", 404))
    assert stage.edit(issue_id, Edit(due_date="2026-09-01")).id == issue_id
    assert stage.server.count("DELETE") == 1


def test_labels_are_never_replaced_as_a_whole(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.edit(issue_id, Edit(title="New", due_date="2026-09-01", status="doing"))
    assert stage.server.count("PUT") == 0
    assert {"labeled", "unlabeled"} >= {
        event.kind for event in stage.sandbox.store.events if event.actor.login == "poam-bot"
    } - {"renamed"}


def test_titles_and_bodies_as_long_as_we_promise_are_accepted_and_longer_ones_rejected(
    stage: GithubStage,
) -> None:
    limits = stage.tracker.capabilities
    marker = "a" * 52
    made(stage.tracker, Draft(marker, "t" * limits.max_title, "b" * limits.max_body))
    with pytest.raises(Rejected, match="title is too long") as refused:
        made(stage.tracker, Draft(marker, "t" * (limits.max_title + 1), ""))
    assert refused.value.field == "title"
    with pytest.raises(Rejected, match="body is too long") as refused:
        made(stage.tracker, Draft(marker, "t", "b" * 65_536))
    assert refused.value.field == "body"


def test_without_push_access_the_answer_shows_that_labels_were_dropped(stage: GithubStage) -> None:
    created = made(stage.another("guest-token"), DRAFT)
    assert created.issue is not None
    assert (created.issue.labels, created.issue.due_dates) == (frozenset(), ())
