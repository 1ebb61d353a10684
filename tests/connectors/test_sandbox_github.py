"""The sandbox GitHub is the vendor's: it answers as the specification says and serves the real client library."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import requests
from github import Auth, Github
from github.Repository import Repository

from .github_stage import DRAFT, TOKEN, GithubStage
from .stage import made

SPECIFICATION = Path(__file__).parents[3] / "shared/data/specs/github.api.github.com.issues.json"
HOME, ISSUE = "/repos/{owner}/{repo}", "/repos/{owner}/{repo}/issues/{issue_number}"
AT_ONCE = {"seconds_between_requests": 0, "seconds_between_writes": 0}
NEW = {"title": "New", "body": "Text", "labels": ["bug"]}
QUERIES = ("", "?direction=desc", "?since=2026-03-02T12:01:00Z&sort=updated&direction=desc")
PATHS = {"owner": "acme", "repo": "web", "issue_number": "1", "name": "bug"}


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


@pytest.fixture
def repository(stage: GithubStage) -> Iterator[Repository]:
    """The repository as PyGithub sees it with the bot's token."""
    client = Github(auth=Auth.Token(TOKEN), base_url=stage.server.url, retry=None, **AT_ONCE)
    yield client.get_repo("acme/web")
    client.close()


@pytest.fixture(scope="session")
def specification() -> dict[str, Any]:
    """The vendor's specification with OpenAPI's `nullable` said in JSON Schema's words."""
    if not SPECIFICATION.exists():
        pytest.skip("the vendor's specification is not on this machine")
    loaded: dict[str, Any] = _nullable(json.loads(SPECIFICATION.read_text()))
    return loaded


def _nullable(node: Any) -> Any:
    if isinstance(node, list):
        return [_nullable(part) for part in node]
    if not isinstance(node, dict):
        return node
    plain = {key: _nullable(value) for key, value in node.items() if key not in ("nullable", "example")}
    return {"anyOf": [plain, {"type": "null"}]} if node.get("nullable") is True else plain


def send(stage: GithubStage, method: str, path: str, token: str = TOKEN, **rest: Any) -> requests.Response:
    headers = {**({"Authorization": f"token {token}"} if token else {}), **rest.pop("headers", {})}
    return requests.request(method, stage.server.url + path, headers=headers, timeout=10, **rest)


# What is specified


@pytest.mark.parametrize(
    ("method", "template", "data", "status"),
    [
        ("GET", "/user", None, 200),
        ("GET", HOME, None, 200),
        ("GET", f"{HOME}/issues", None, 200),
        ("POST", f"{HOME}/issues", NEW, 201),
        ("POST", f"{HOME}/issues", {"title": ""}, 422),
        ("GET", f"{HOME}/issues/events", None, 200),
        ("GET", f"{HOME}/issues/comments", None, 200),
        ("GET", ISSUE, None, 200),
        ("PATCH", ISSUE, {"title": "Other", "state": "closed", "state_reason": "not_planned"}, 200),
        ("PATCH", ISSUE, {"body": "b" * 65_537}, 422),
        ("GET", f"{ISSUE}/events", None, 200),
        ("GET", f"{ISSUE}/timeline", None, 200),
        ("GET", f"{ISSUE}/labels", None, 200),
        ("POST", f"{ISSUE}/labels", {"labels": ["bug", "urgent"]}, 200),
        ("DELETE", f"{ISSUE}/labels/{{name}}", None, 200),
        ("GET", f"{ISSUE}/comments", None, 200),
        ("POST", f"{ISSUE}/comments", {"body": "Hello"}, 201),
    ],
)
def test_every_answer_has_the_shape_that_the_vendor_specifies(
    stage: GithubStage, specification: dict[str, Any], method: str, template: str, data: Any, status: int
) -> None:
    number = made(stage.tracker, DRAFT).id
    stage.person.label(number, add=("bug",))
    stage.person.close(number, "duplicate")
    stage.person.reopen(number)
    stage.person.rename(number, "Renamed")
    stage.person.comment(number, "Looking")
    stage.sandbox.open_pull_request("raj", "A change", ["poam"], mentions=[int(number)])
    stage.sandbox.push_commit("raj", "7638417db6d59f3c431d3e1f261cc637155684cd", closes=int(number))
    answer = send(stage, method, template.format(**PATHS), json=data, params={"state": "all"})
    assert answer.status_code == status
    response = specification["paths"][template][method.lower()]["responses"][str(status)]
    if "$ref" in response:
        response = specification["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    validator = jsonschema_rs.validator_for({**schema, "components": specification["components"]})
    assert [error.message for error in validator.iter_errors(answer.json())] == []


# What the real client library makes of it


def test_pygithub_creates_edits_and_reads_back(repository: Repository) -> None:
    issue = repository.create_issue("Title", body="Body", labels=["bug"])
    issue.edit(title="Better", state="closed", state_reason="not_planned")
    issue.add_to_labels("urgent")
    issue.remove_from_labels("BUG")
    read = repository.get_issue(issue.number)
    assert (read.title, read.state, read.state_reason) == ("Better", "closed", "not_planned")
    assert [label.name for label in read.labels] == ["urgent"]
    assert read.closed_by is not None
    kinds = [event.event for event in read.get_events()]
    assert kinds == ["labeled", "renamed", "closed", "labeled", "unlabeled"]
    assert [event.event for event in repository.get_issues_events()] == kinds[::-1]
    assert repository.permissions.push
    assert (repository.private, repository.visibility, repository.archived) == (True, "private", False)


def test_pygithub_walks_all_pages_of_a_filtered_list(stage: GithubStage, repository: Repository) -> None:
    bot, raj = stage.sandbox.users["poam-bot"], stage.sandbox.users["raj"]
    for n in range(65):
        stage.sandbox.store.create(bot if n % 2 else raj, f"Issue {n}", None, ["poam", "odd" if n % 2 else "even"])
        stage.clock.advance(seconds=1)
    titles = [issue.title for issue in repository.get_issues(labels=["poam", "odd"], direction="asc")]
    assert titles == [f"Issue {n}" for n in range(1, 65, 2)]
    assert repository.get_issues(creator="raj").totalCount == 33
    recent = repository.get_issues(since=stage.clock.now() - timedelta(seconds=5))
    assert [issue.title for issue in recent] == [f"Issue {n}" for n in range(64, 59, -1)]


def test_links_address_the_repository_by_its_id_and_keep_the_query(stage: GithubStage) -> None:
    for n in range(5):
        stage.sandbox.store.create(stage.sandbox.users["raj"], f"Issue {n}", None)
    first = send(stage, "GET", "/repos/acme/web/issues?per_page=2&sort=created&direction=asc")
    assert set(first.links) == {"next", "last"}
    assert "/repositories/4711/issues?per_page=2&sort=created&direction=asc&page=2" in first.links["next"]["url"]
    last = requests.get(first.links["last"]["url"], headers=first.request.headers, timeout=10)
    assert [issue["title"] for issue in last.json()] == ["Issue 4"]
    assert set(last.links) == {"prev", "first"}


# Entity tags, time and quota


def test_an_unchanged_list_is_a_304_for_the_same_token_only_and_costs_no_quota(stage: GithubStage) -> None:
    path = "/repositories/4711/issues"
    tag = send(stage, "GET", path).headers["ETag"]
    left = stage.sandbox.quota.remaining
    again = send(stage, "GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, stage.sandbox.quota.remaining) == (304, b"", left)
    assert send(stage, "GET", path, "maya-token", headers={"If-None-Match": tag}).status_code == 200
    stage.sandbox.store.create(stage.sandbox.users["raj"], "New", None)
    assert send(stage, "GET", path, headers={"If-None-Match": tag}).status_code == 200


def test_time_is_the_sandboxs_and_in_whole_seconds(stage: GithubStage) -> None:
    stage.clock.advance(seconds=0.9)
    answer = send(stage, "POST", "/repos/acme/web/issues", json=NEW)
    assert answer.headers["Date"] == "Mon, 02 Mar 2026 12:00:00 GMT"
    assert answer.json()["created_at"] == "2026-03-02T12:00:00Z"


def test_an_exhausted_quota_refuses_until_the_reset_it_names(stage: GithubStage) -> None:
    stage.sandbox.quota.remaining = 1
    assert send(stage, "GET", "/user").headers["X-RateLimit-Remaining"] == "0"
    refused = send(stage, "GET", "/user")
    assert (refused.status_code, refused.headers["X-RateLimit-Reset"]) == (403, "1772456400")
    assert refused.json()["message"].startswith("API rate limit exceeded")
    stage.clock.advance(hours=1)
    assert send(stage, "GET", "/user").status_code == 200


def test_lists_lag_and_direct_reads_do_not(stage: GithubStage) -> None:
    stage.sandbox.list_lag = timedelta(seconds=30)
    number = made(stage.tracker, DRAFT).id
    lists = ("/repos/acme/web/issues", "/repos/acme/web/issues/events")
    assert [send(stage, "GET", path).json() for path in lists] == [[], []]
    assert send(stage, "GET", f"/repos/acme/web/issues/{number}").status_code == 200
    stage.clock.advance(seconds=30)
    assert [len(send(stage, "GET", path).json()) for path in lists] == [1, 2]
    stage.person.rename(number, "Other")
    assert send(stage, "GET", lists[0]).json()[0]["title"] == DRAFT.title


# Who may do what


@pytest.mark.parametrize(
    ("token", "path", "status", "message"),
    [
        ("", "/user", 401, "Requires authentication"),
        ("wrong", "/repos/acme/web", 401, "Bad credentials"),
        ("", "/repos/acme/web", 404, "Not Found"),
        ("stranger-token", "/repos/acme/web/issues", 404, "Not Found"),
        ("bot-token", "/repos/acme/other", 404, "Not Found"),
        ("bot-token", "/repos/acme/web/issues/7", 404, "Not Found"),
        ("bot-token", "/anything/else", 404, "Not Found"),
    ],
)
def test_who_may_not_see_it_is_told_so_in_githubs_words(
    stage: GithubStage, token: str, path: str, status: int, message: str
) -> None:
    answer = send(stage, "GET", path, token)
    assert (answer.status_code, answer.json()["message"]) == (status, message)


def test_everybody_reads_a_public_repository(stage: GithubStage) -> None:
    stage.sandbox.private = False
    assert send(stage, "GET", "/repos/acme/web", "").json()["visibility"] == "public"
    assert send(stage, "GET", "/repos/acme/web/issues", "stranger-token").status_code == 200


def test_without_push_access_labels_are_dropped_and_other_peoples_issues_closed_to_edits(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    issue = f"/repos/acme/web/issues/{number}"
    assert send(stage, "POST", "/repos/acme/web/issues", "guest-token", json=NEW).json()["labels"] == []
    assert send(stage, "PATCH", issue, "guest-token", json={"title": "x"}).status_code == 403
    assert send(stage, "POST", f"{issue}/labels", "guest-token", json={"labels": ["x"]}).status_code == 403
    permissions = send(stage, "GET", "/repos/acme/web", "guest-token").json()["permissions"]
    assert (permissions["pull"], permissions["push"]) == (True, False)


def test_disabled_issues_and_deleted_ones_are_410_and_an_archive_is_read_only(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    stage.person.delete(number)
    deleted = send(stage, "GET", f"/repos/acme/web/issues/{number}")
    assert (deleted.status_code, deleted.json()["message"]) == (410, "This issue was deleted")
    stage.sandbox.archived = True
    assert send(stage, "POST", "/repos/acme/web/issues", json=NEW).status_code == 403
    stage.sandbox.has_issues = False
    assert send(stage, "GET", "/repos/acme/web/issues").status_code == 410


def test_what_moved_is_redirected_and_its_parts_are_nowhere(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    stage.sandbox.transfer(int(number), "acme/api", 7)
    moved = send(stage, "GET", f"/repos/acme/web/issues/{number}?x=1", allow_redirects=False)
    assert (moved.status_code, moved.json()["message"]) == (301, "Moved Permanently")
    assert moved.headers["Location"].endswith("/issues/7?x=1")
    there = requests.get(moved.headers["Location"], headers=moved.request.headers, timeout=10).json()
    assert (there["number"], there["html_url"]) == (7, f"{stage.server.url}/acme/api/issues/7")
    assert send(stage, "GET", f"/repos/acme/web/issues/{number}/comments").status_code == 404


def test_comments_are_listed_since_a_time_and_in_the_order_asked_for(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    for text in ("one", "two", "three"):
        stage.person.comment(number, text)
        stage.clock.advance(minutes=1)
    path = "/repos/acme/web/issues/comments"
    told = [[row["body"] for row in send(stage, "GET", path + query).json()] for query in QUERIES]
    assert told == [["one", "two", "three"], ["one", "two", "three"], ["three", "two"]]


def test_a_locked_conversation_is_for_those_who_may_push(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    stage.sandbox.talk.locked.add(int(number))
    path = f"/repos/acme/web/issues/{number}/comments"
    assert send(stage, "POST", path, "guest-token", json={"body": "x"}).status_code == 403
    assert send(stage, "POST", path, json={"body": "x"}).status_code == 201


def test_new_content_is_limited_by_the_minute_without_a_word_on_when_to_come_back(stage: GithubStage) -> None:
    stage.sandbox.quota.content_limit = 1
    made(stage.tracker, DRAFT)
    refused = send(stage, "POST", "/repos/acme/web/issues", json=NEW)
    assert (refused.status_code, "Retry-After" in refused.headers) == (403, False)
    stage.clock.advance(minutes=1)
    assert send(stage, "POST", "/repos/acme/web/issues", json=NEW).status_code == 201


# What a person's clicks amount to


def test_a_clone_copies_title_body_and_labels_and_belongs_to_the_person(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    copy = stage.tracker.get(stage.person.clone(number))
    original = stage.tracker.get(number)
    assert (copy.title, copy.body, copy.labels, copy.marker) == (
        original.title,
        original.body,
        original.labels,
        original.marker,
    )
    assert (original.author.id, copy.author.id) == ("poam-bot", stage.person.account)


def test_a_person_sets_moves_and_clears_the_due_date(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    for date in ("2026-05-01", "2026-05-01", ""):
        stage.person.set_due(number, date)
        assert stage.tracker.get(number).due_dates == ((date,) if date else ())


def test_the_reason_of_a_closed_issue_is_only_taken_with_a_change_of_state(stage: GithubStage) -> None:
    number = made(stage.tracker, DRAFT).id
    stage.person.close(number, "wont_do")
    stage.person.close(number, "completed")
    assert stage.tracker.get(number).status.reason == "not_planned"
