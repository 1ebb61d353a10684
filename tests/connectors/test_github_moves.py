"""Issues and repositories that are not where they were: nothing is closed for it, and nothing written elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from poam.connectors.base import Edit, Tracker
from poam.connectors.errors import Forbidden, Gone, Unavailable
from poam.connectors.sandbox.server import Fault

from .github_stage import DRAFT, GithubStage
from .stage import made

EDITS = (
    Edit(title="New"),
    Edit(status="done"),
    Edit(due_date="2026-09-01"),
    Edit(add_labels=frozenset({"late"})),
    Edit(comment="Anybody?"),
)


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


# Transferred, deleted, converted


def test_a_transferred_issue_is_gone_and_its_new_key_is_told(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    known = stage.tracker.get(issue_id).version
    stage.sandbox.transfer(int(issue_id), "acme/api", 7)
    with pytest.raises(Gone, match=r"it is now .*/acme/api/issues/7") as gone:
        stage.tracker.get(issue_id, known=known)
    assert gone.value.moved_to == "acme/api#7"
    with pytest.raises(Gone) as named:
        stage.tracker.named(f"acme/web#{issue_id}")
    assert named.value.moved_to == "acme/api#7"
    assert list(stage.tracker.get_many([issue_id])) == []


@pytest.mark.parametrize("edit", EDITS, ids=repr)
def test_a_transferred_issue_is_told_by_every_write_and_none_follows_it(stage: GithubStage, edit: Edit) -> None:
    """It may be in a public repository by now."""
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.sandbox.transfer(int(issue.id), "acme/api", 7)
    stage.server.requests.clear()
    with pytest.raises(Gone) as gone:
        stage.tracker.edit(issue, edit)
    assert gone.value.moved_to == "acme/api#7"
    elsewhere = [seen for seen in stage.server.requests if not seen.path.startswith("/repositories/4711")]
    assert {seen.method for seen in elsewhere} == {"GET"}


@pytest.mark.parametrize("edit", EDITS, ids=repr)
def test_a_transferred_issue_that_we_may_not_see_is_gone_without_a_new_key(stage: GithubStage, edit: Edit) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.sandbox.transfer(int(issue.id), "other/secret", 7, visible=False)
    for call in (lambda: stage.tracker.get(issue.id), lambda: stage.tracker.edit(issue, edit)):
        with pytest.raises(Gone) as gone:
            call()
        assert gone.value.moved_to == ""


def test_a_transferred_issue_is_no_news_of_a_list(stage: GithubStage) -> None:
    moved, stays = stage.seed(2)
    cursor = stage.settled()
    stage.sandbox.transfer(int(moved), "acme/api", 7)
    stage.clock.advance(hours=1)
    stage.person.rename(stays, "Still here")
    assert [issue.id for issue in stage.tracker.changed_since(cursor).issues] == [stays]


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirected_write_is_no_write(stage: GithubStage, status: int) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.sandbox.transfer(int(issue.id), "acme/api", 7)
    there = {"location": f"{stage.server.url}/repositories/4712/issues/7"}
    stage.server.faults.append(Fault("PATCH", f"/issues/{issue.id}$", status, headers=there))
    with pytest.raises(Gone) as gone:
        stage.tracker.edit(issue, Edit(title="New"))
    assert gone.value.moved_to == "acme/api#7"
    assert stage.server.count("PATCH") == 1


def test_a_redirected_create_is_no_create(stage: GithubStage) -> None:
    there = {"location": f"{stage.server.url}/repos/elsewhere/web/issues"}
    stage.server.faults.append(Fault("POST", "/issues$", 301, headers=there))
    with pytest.raises(Unavailable, match="redirects"):
        made(stage.tracker, DRAFT)
    assert stage.server.count("POST") == 1


@pytest.mark.parametrize("edit", EDITS, ids=repr)
def test_deleted_is_gone_for_every_read_and_write(stage: GithubStage, edit: Edit) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.person.delete(issue.id)
    for call in (lambda: stage.tracker.get(issue.id), lambda: stage.tracker.edit(issue, edit)):
        with pytest.raises(Gone, match="deleted") as gone:
            call()
        assert gone.value.moved_to == ""


@pytest.mark.parametrize("status", [404, 410])
def test_converted_to_a_discussion_is_gone_whichever_way_it_is_said(stage: GithubStage, status: int) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults.append(Fault("GET", f"/issues/{issue_id}$", status))
    with pytest.raises(Gone):
        stage.tracker.get(issue_id)


def test_an_issue_that_leaves_while_it_is_read_is_gone(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.server.faults.append(Fault("GET", "/timeline$", 404))
    with pytest.raises(Gone):
        stage.tracker.get(issue_id)


# Lost permission, and what is switched off


READS: list[Callable[[Tracker], object]] = [
    lambda tracker: tracker.changed_since(None),
    lambda tracker: tracker.visibility(),
    lambda tracker: tracker.find("a", since="2026-03-02T12:00:00.000Z"),
    lambda tracker: tracker.unmarked(5),
]


@pytest.mark.parametrize("read", READS)
def test_permission_lost_for_all_is_told_from_one_missing_issue(
    stage: GithubStage, read: Callable[[Tracker], object]
) -> None:
    one, other = stage.seed(2)
    stage.person.delete(one)
    with pytest.raises(Gone):
        stage.tracker.get(one)
    assert stage.tracker.get(other).id == other
    bot = stage.sandbox.users["poam-bot"]
    stage.sandbox.users["poam-bot"] = replace(bot, role="none")
    with pytest.raises(Forbidden, match="no repository acme/web"):
        read(stage.tracker)
    assert "no repository acme/web" in stage.tracker.check().problems[0]


def test_permission_to_write_lost_makes_no_issue_gone(stage: GithubStage) -> None:
    """GitHub answers 404 to a write of a token that may not even know of it."""
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.server.faults.append(Fault("PATCH", f"/issues/{issue.id}$", 404))
    with pytest.raises(Forbidden, match="takes no write") as refused:
        stage.tracker.edit(issue, Edit(title="New"))
    assert "write the repository's issues" in refused.value.hint


def test_single_sign_on_that_is_demanded_is_said_with_its_remedy(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    sso = {"x-github-sso": "required; url=https://github.com/orgs/acme/sso?authorization_request=abc"}
    stage.server.faults.append(Fault("GET", f"/issues/{issue_id}$", 403, headers=sso))
    with pytest.raises(Forbidden) as refused:
        stage.tracker.get(issue_id)
    assert "single sign-on" in refused.value.hint
    assert "authorization_request" not in f"{refused.value} {refused.value.hint}"


def test_an_archived_repository_is_read_on_and_takes_no_write(stage: GithubStage) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.sandbox.archived = True
    assert stage.tracker.get(issue.id) == issue
    for edit in EDITS:
        with pytest.raises(Forbidden, match="archived") as refused:
            stage.tracker.edit(issue, edit)
        assert "unarchive" in refused.value.hint


# Renamed


def test_a_renamed_repository_costs_one_look_and_no_redirect_loses_a_query(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    cursor = stage.settled()
    stage.sandbox.rename("acme/portal")
    stage.clock.advance(hours=1)
    stage.sandbox.store.edit(stage.sandbox.users["maya"], int(issue_id), {"title": "Touched"})
    tracker = stage.another()
    assert [issue.title for issue in tracker.changed_since(cursor).issues] == ["Touched"]
    assert tracker.get(issue_id).title == "Touched"
    assert {seen.status for seen in stage.server.requests} == {200}
    assert stage.server.count("GET", "/repositories/4711$") == 1
    assert stage.server.count("GET", "^/repos/") == 0
