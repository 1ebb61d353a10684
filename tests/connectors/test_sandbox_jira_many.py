"""The sandbox Jira makes many issues at once and takes comments as the vendor describes it and its library expects."""

from __future__ import annotations

from contextlib import closing

import pytest
import requests
from jira import JIRA

from poam.connectors.base import Edit
from poam.connectors.sandbox.jira import BOT, ENGINEER
from poam.connectors.sandbox.server import SandboxServer

from .jira_fixtures import stage
from .jira_stage import JiraStage, tracker
from .vendor_spec import SPEC, Recorder, Spec

__all__ = ["stage"]


@pytest.mark.skipif(not SPEC.exists(), reason="the vendor's description is not on this machine")
def test_many_issues_and_what_is_said_of_them_fit_the_description(stage: JiraStage) -> None:
    recorder = Recorder(stage.sandbox.app)
    stage.sandbox.comment_page = 1
    with SandboxServer(recorder) as server, closing(tracker(server.url)) as ours:
        drafts = [stage.draft(name, due_date="2026-04-01", labels=frozenset({"a"})) for name in ("one", "two")]
        ours.create([*drafts, stage.draft("long", title="x" * 256)])
        ours.create([stage.draft("long", title="x" * 256)] * 2)
        stage.sandbox.attach(ENGINEER, stage.sandbox.get("10001"), "scan.pdf")
        for text in ("one", "two"):
            issue = ours.edit(ours.get("10001"), Edit(comment=text))
        ours.changed_since(None)

    spec = Spec()
    assert {fault for exchange in recorder.exchanges for fault in spec.faults(exchange)} == set()
    assert [exchange.status for exchange in recorder.exchanges if exchange.path.endswith("/bulk")] == [201, 400]
    assert any(exchange.method == "GET" and exchange.path.endswith("/comment") for exchange in recorder.exchanges)
    assert (len(issue.comments), len(issue.references)) == (2, 1)


def test_the_library_makes_many_issues_and_comments_on_one(stage: JiraStage) -> None:
    fields = {"project": {"key": "SEC"}, "issuetype": {"id": "10001"}}
    with closing(JIRA(stage.server.url, basic_auth=(BOT.email, BOT.token), max_retries=0)) as library:
        one, bad, two = library.create_issues(
            [fields | {"summary": summary} for summary in ("One", "", "Two")], prefetch=False
        )
        library.add_comment("SEC-2", "Hello.")
        [comment] = library.comments("SEC-2")

    assert (one["issue"].key, two["issue"].key, bad["status"]) == ("SEC-1", "SEC-2", "Error")
    assert (comment.body, comment.author.accountId) == ("Hello.", BOT.account_id)


@pytest.mark.parametrize("many", [0, 51])
def test_no_issue_or_more_than_fifty_at_once_are_refused(stage: JiraStage, many: int) -> None:
    update = {"fields": {"project": {"key": "SEC"}, "issuetype": {"id": "10001"}, "summary": "x"}}
    url = f"{stage.server.url}/rest/api/2/issue/bulk"
    answer = requests.post(url, json={"issueUpdates": [update] * many}, auth=(BOT.email, BOT.token), timeout=10)

    assert (answer.status_code, answer.json()["errors"]) == (400, {})
    assert not stage.sandbox.has("10001")


def test_comments_come_in_pages_in_either_order(stage: JiraStage) -> None:
    stage.create()
    for text in ("one", "two", "three"):
        stage.person.comment("10001", text)
    url = f"{stage.server.url}/rest/api/2/issue/10001/comment"

    def page(**params: str) -> tuple[list[str], int]:
        said = requests.get(url, params=params, auth=(BOT.email, BOT.token), timeout=10).json()
        return [each["body"] for each in said["comments"]], said["total"]

    assert page() == (["one", "two", "three"], 3)
    assert page(orderBy="-created", maxResults="2") == (["three", "two"], 3)
    assert page(startAt="2") == (["three"], 3)
