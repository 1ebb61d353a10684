"""Statuses that Jira's catalogue did not have when we learnt it: made since, deleted since, or all of them."""

from __future__ import annotations

from contextlib import closing

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from poam.connectors.base import Status
from poam.connectors.errors import Unavailable
from poam.connectors.sandbox.jira import BOT
from poam.connectors.sandbox.server import SandboxServer

from .jira_fixtures import stage, warm
from .jira_stage import JiraStage, tracker

__all__ = ["stage", "warm"]

TO_DO = {"id": "10000", "name": "To Do", "statusCategory": {"key": "new"}}


class Catalogue:
    """The site, except that it knows only these statuses, the first so many `times` when asked for them."""

    def __init__(self, site: ASGIApp, statuses: list[object], times: int) -> None:
        self.asked = 0
        self._site = site
        self._answer = JSONResponse(statuses, headers={"X-Aaccountid": BOT.account_id})
        self._times = times

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""
        self.asked += scope["path"].endswith("/status")
        hidden = scope["path"].endswith("/status") and self.asked <= self._times
        await (self._answer if hidden else self._site)(scope, receive, send)


def test_a_status_made_after_the_catalogue_was_read_closes_the_issue_all_the_same(warm: JiraStage) -> None:
    warm.person.start("10001")
    warm.person.close("10001")
    site = Catalogue(warm.sandbox.app, [TO_DO], times=100)
    with SandboxServer(site) as server, closing(tracker(server.url)) as ours:
        issue = ours.get("10001")

    assert issue.history[-1].new == issue.status == Status("Done", "done", "Done")


def test_a_status_of_the_past_that_is_new_to_us_is_looked_up(warm: JiraStage) -> None:
    warm.person.close("10001")
    warm.person.reopen("10001")
    site = Catalogue(warm.sandbox.app, [TO_DO], times=1)
    with SandboxServer(site) as server, closing(tracker(server.url)) as ours:
        closed = [change.new for change in ours.get("10001").history if change.field == "status"][-2]

    assert closed == Status("Done", "done", "Done")
    assert site.asked == 2


def test_a_deleted_status_is_sought_once_and_neither_closes_nor_restarts_an_issue(warm: JiraStage) -> None:
    warm.person.start("10001")
    warm.person.reopen("10001")
    site = Catalogue(warm.sandbox.app, [TO_DO], times=100)
    with SandboxServer(site) as server, closing(tracker(server.url)) as ours:
        read = [ours.get("10001") for _ in range(3)]

    assert [change.new for change in read[-1].history] == [Status("In Progress", "doing"), Status("To Do", "todo")]
    assert site.asked == 2


def test_a_site_that_names_no_status_is_not_believed(warm: JiraStage) -> None:
    with SandboxServer(Catalogue(warm.sandbox.app, [], times=1)) as server, closing(tracker(server.url)) as ours:
        with pytest.raises(Unavailable, match="names no status"):
            ours.get("10001")
        assert ours.get("10001").status.name == "To Do"
