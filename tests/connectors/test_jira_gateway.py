"""A Cloud site through Atlassian's gateway: tokens with scopes work nowhere else, and people never see its address."""

from __future__ import annotations

from contextlib import closing

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Forbidden
from poam.connectors.jira import JiraTracker
from poam.connectors.sandbox.jira import GATEWAY

from .jira_fixtures import stage, warm
from .jira_stage import JiraStage
from .stage import made

__all__ = ["stage", "warm"]


@pytest.fixture
def scoped(warm: JiraStage) -> JiraStage:
    """A site whose tokens have scopes."""
    warm.sandbox.scoped_tokens = True
    return warm


def tracker(stage: JiraStage) -> JiraTracker:
    """A tracker that goes through the gateway."""
    return stage.another(url=f"{stage.server.url}{GATEWAY}")


def test_a_token_with_scopes_does_everything_through_the_gateway(scoped: JiraStage) -> None:
    with closing(tracker(scoped)) as ours:
        issue = ours.get(made(ours, scoped.draft("new", due_date="2026-05-01")).id)
        edited = ours.edit(issue, Edit(title="New", status="done", due_date=""))
        assert (edited.title, edited.status.category, edited.due_dates) == ("New", "done", ())
        assert {each.id for each in ours.changed_since(None).issues} == {"10001", issue.id}
        assert ours.check().problems == ()

    paths = [seen.path for seen in scoped.server.requests if seen.status != 404]
    assert all(path.startswith(GATEWAY) for path in paths)


def test_people_are_shown_the_site_and_not_the_gateway(scoped: JiraStage) -> None:
    with closing(tracker(scoped)) as ours:
        created = made(ours, scoped.draft("new"))
        assert created.url == ours.get(created.id).url == f"{scoped.server.url}/browse/SEC-2"


def test_a_token_with_scopes_at_the_site_s_own_address_is_told_of_the_gateway(scoped: JiraStage) -> None:
    with closing(scoped.another()) as ours, pytest.raises(Forbidden) as refused:
        ours.changed_since(None)

    assert "https://api.atlassian.com/ex/jira/CLOUD-ID" in refused.value.hint


@pytest.mark.parametrize(("public", "seen"), [(True, "public"), (False, "private")])
def test_whether_strangers_can_read_is_asked_at_the_site_as_the_gateway_lets_no_stranger_in(
    scoped: JiraStage, public: bool, seen: str
) -> None:
    scoped.sandbox.public = public
    with closing(tracker(scoped)) as ours:
        assert ours.visibility() == seen

    assert [each.path for each in scoped.server.requests][-1] == "/rest/api/2/project/SEC"


def test_a_stranger_s_answer_through_the_gateway_is_forbidden_too(scoped: JiraStage) -> None:
    with closing(tracker(scoped)) as ours:
        ours.changed_since(None)
        scoped.sandbox.anonymous = True
        with pytest.raises(Forbidden, match="as a stranger"):
            ours.changed_since(None)
