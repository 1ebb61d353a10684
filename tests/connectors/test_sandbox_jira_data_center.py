"""The sandbox's Data Center is one: to the vendor's client library, and in what it does not have."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
import requests
from jira import JIRA

from poam.connectors.sandbox.jira import BOT, ENGINEER

from .jira_fixtures import data_center
from .jira_stage import JiraStage

__all__ = ["data_center"]

Ask = Callable[..., requests.Response]


@pytest.fixture
def ask(data_center: JiraStage) -> Iterator[Ask]:
    """Sends a plain request with the bot's personal access token."""
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {BOT.token}"

        def send(method: str, path: str, api: int = 2, **rest: object) -> requests.Response:
            return session.request(method, f"{data_center.server.url}/rest/api/{api}/{path}", timeout=10, **rest)  # type: ignore[arg-type]

        yield send


def test_the_client_library_works_with_it_as_with_a_real_one(data_center: JiraStage) -> None:
    with closing(JIRA(data_center.server.url, token_auth=BOT.token, max_retries=0)) as library:
        assert library.server_info()["deploymentType"] == "Server"
        assert library.myself()["name"] == BOT.login
        assert [kind.name for kind in library.project_issue_types("SEC")] == ["Task", "Bug", "Epic"]
        issue = library.create_issue(project="SEC", issuetype="Task", summary="Hello", labels=["a"])
        issue.update(fields={"duedate": "2026-04-01"})
        library.transition_issue(issue, "Start work")
        [found] = library.search_issues("labels = a", expand="changelog")
        assert (found.fields.status.name, found.fields.duedate) == ("In Progress", "2026-04-01")
        assert [each.author.name for each in found.changelog.histories] == [BOT.login] * 2


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "search/jql"),
        ("GET", "search/jql"),
        ("POST", "issue/bulkfetch"),
        ("GET", "issue/10001/changelog"),
        ("POST", "changelog/bulkfetch"),
    ],
)
def test_what_only_cloud_has_is_not_there(ask: Ask, method: str, path: str) -> None:
    assert ask(method, path, json={}).status_code in (404, 405)


def test_there_is_no_third_version(ask: Ask) -> None:
    assert ask("GET", "serverInfo", api=3).status_code == 404


def test_an_edit_answers_nothing_whatever_is_asked(ask: Ask) -> None:
    answer = ask("PUT", "issue/10001", params={"returnIssue": "true"}, json={"fields": {"summary": "New"}})

    assert (answer.status_code, answer.content) == (204, b"")


def test_every_answer_says_who_it_is_for_and_a_stranger_s_that_it_is_nobody(data_center: JiraStage, ask: Ask) -> None:
    assert ask("GET", "myself").headers["X-AUSERNAME"] == BOT.login
    stranger = requests.get(f"{data_center.server.url}/rest/api/2/search", params={"jql": "project = SEC"}, timeout=10)
    assert (stranger.headers["X-AUSERNAME"], stranger.json()["issues"]) == ("anonymous", [])


def test_a_search_goes_by_offset_and_tells_how_many_there_are(data_center: JiraStage, ask: Ask) -> None:
    for number in range(4):
        data_center.create(str(number))
    query = {"jql": "project = SEC ORDER BY id ASC", "startAt": 1, "maxResults": 2}
    page = ask("GET", "search", params=query).json()

    assert ([issue["key"] for issue in page["issues"]], page["total"]) == (["SEC-2", "SEC-3"], 5)
    assert ask("POST", "search", json=query).json()["total"] == 5
    assert ask("POST", "search", json=query | {"properties": ["poam.sync"]}).status_code == 400


def test_an_unknown_id_fails_a_search_unless_it_is_not_validated(ask: Ask) -> None:
    strict = ask("GET", "search", params={"jql": "id in (10001, 4711)"})
    lax = ask("GET", "search", params={"jql": "id in (10001, 4711)", "validateQuery": "false"})

    assert strict.status_code == 400
    assert "'4711' does not exist" in strict.json()["errorMessages"][0]
    assert [issue["id"] for issue in lax.json()["issues"]] == ["10001"]


def test_people_have_names_and_no_account_ids(data_center: JiraStage, ask: Ask) -> None:
    data_center.person.rename("10001", "New")
    issue = ask("GET", "issue/10001", params={"expand": "changelog"}).json()

    assert "accountId" not in str(issue)
    assert issue["fields"]["creator"]["name"] == BOT.login
    assert issue["changelog"]["histories"][0]["author"]["name"] == ENGINEER.login == data_center.person.account
