"""What we say below issues: last, once, and with nobody else's word passed over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from poam.connectors.base import Edit, Issue
from poam.connectors.errors import Gone, RateLimited, Rejected, Unsettled
from poam.connectors.retry import Retrying
from poam.connectors.sandbox.server import Fault

from .github_stage import DRAFT, GithubStage
from .stage import made


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def said(issue: Issue) -> list[str]:
    return [comment.text for comment in issue.comments]


def test_a_comment_of_ours_is_sent_last_and_told_in_the_answer(stage: GithubStage) -> None:
    before = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.requests.clear()
    edit = Edit(title="New", due_date="2026-09-01", add_labels=frozenset({"late"}), comment="Recorded.")
    issue = stage.tracker.edit(before, edit)
    writes = [f"{seen.method} {seen.path.rpartition('/')[2]}" for seen in stage.server.requests if seen.method != "GET"]
    assert writes == ["PATCH 1", "DELETE due:2026-04-01", "POST labels", "POST comments"]
    assert [(comment.author.id, comment.text) for comment in issue.comments] == [("poam-bot", "Recorded.")]
    assert (issue.title, issue.due_dates) == ("New", ("2026-09-01",))
    assert issue.version == stage.tracker.get(issue.id).version


def test_a_comment_alone_costs_one_write_and_the_reads_that_tell_what_else_was_said(stage: GithubStage) -> None:
    before = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.person.comment(before.id, "/poam help")
    stage.server.requests.clear()
    issue = stage.tracker.edit(before, Edit(comment="Recorded."))
    assert said(issue) == ["/poam help", "Recorded."]
    assert [seen.method for seen in stage.server.requests] == ["POST", "GET", "GET"]


@pytest.mark.parametrize("comment", [None, ""])
def test_no_comment_is_none(stage: GithubStage, comment: str | None) -> None:
    before = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.requests.clear()
    assert stage.tracker.edit(before, Edit(comment=comment)) == before
    assert stage.server.count() == 0


@pytest.mark.parametrize("kind", ["drop", 408, 500, 502])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_comment_without_a_definite_answer_is_sent_once_and_unsettled(
    stage: GithubStage, kind: Any, when: Any
) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults.append(Fault("POST", "/comments$", kind, when))
    retrying = Retrying(stage.tracker, sleep=lambda _: None, random=lambda: 0.0)
    with pytest.raises(Unsettled):
        retrying.edit(stage.tracker.get(issue_id), Edit(comment="Recorded."))
    assert stage.server.count("POST", "/comments$") == 1
    assert len(stage.tracker.get(issue_id).comments) == (when == "after")


@pytest.mark.parametrize("path", ["/issues/1$", "/timeline$"])
@pytest.mark.parametrize("status", [503, 403])
def test_a_comment_that_cannot_be_read_back_is_unsettled_and_never_sent_again(
    stage: GithubStage, path: str, status: int
) -> None:
    before = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.faults.append(Fault("GET", path, status))
    retrying = Retrying(stage.tracker, sleep=lambda _: None, random=lambda: 0.0)
    with pytest.raises(Unsettled, match="could not be read back"):
        retrying.edit(before, Edit(comment="Recorded."))
    assert said(stage.tracker.get(before.id)) == ["Recorded."]


def test_what_fails_before_the_comment_leaves_it_unsaid(stage: GithubStage) -> None:
    before = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.faults.append(Fault("POST", "/labels$", 429))
    with pytest.raises(RateLimited):
        stage.tracker.edit(before, Edit(add_labels=frozenset({"late"}), comment="Recorded."))
    assert said(stage.tracker.get(before.id)) == []


def test_locked_conversation_refuses_this_comment_and_stops_nothing_else(stage: GithubStage) -> None:
    guest = stage.another("guest-token")
    issue_id = made(guest, DRAFT).id
    stage.sandbox.talk.locked.add(int(issue_id))
    with pytest.raises(Rejected, match="locked") as refused:
        guest.edit(guest.get(issue_id), Edit(comment="Recorded."))
    assert type(refused.value) is Rejected, "the connector goes on with other issues"
    assert "unlock it" in refused.value.hint
    assert guest.edit(guest.get(issue_id), Edit(title="New")).title == "New"
    assert said(stage.edit(issue_id, Edit(comment="Who may push may comment."))) == ["Who may push may comment."]


def test_a_comment_that_github_will_not_have_names_no_field_of_the_issue(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    with pytest.raises(Rejected, match="Body cannot be blank") as refused:
        stage.edit(issue_id, Edit(comment=" "))
    assert refused.value.field == ""


def test_a_comment_on_a_deleted_issue_finds_it_gone(stage: GithubStage) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.person.delete(issue.id)
    with pytest.raises(Gone):
        stage.tracker.edit(issue, Edit(comment="Anybody?"))
