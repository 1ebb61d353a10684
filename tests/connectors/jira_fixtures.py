"""The fixtures of the Jira tests: an empty stage, and one on which everything is learnt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from poam.connectors.sandbox.jira_site import Deployment

from .jira_stage import JiraStage

DEPLOYMENTS: tuple[Deployment, ...] = ("Cloud", "Data Center")


@pytest.fixture
def stage() -> Iterator[JiraStage]:
    """An empty project that nobody has asked anything yet."""
    with JiraStage.open() as stage:
        yield stage


@pytest.fixture
def warm(stage: JiraStage) -> JiraStage:
    """A warm stage on Cloud."""
    return warmed(stage)


@pytest.fixture(params=DEPLOYMENTS)
def either(request: pytest.FixtureRequest) -> Iterator[JiraStage]:
    """A warm stage of either deployment."""
    with JiraStage.open(request.param) as stage:
        yield warmed(stage)


@pytest.fixture
def data_center() -> Iterator[JiraStage]:
    """A warm stage at a Data Center."""
    with JiraStage.open("Data Center") as stage:
        yield warmed(stage)


def warmed(stage: JiraStage) -> JiraStage:
    """The stage, whose tracker knows the site and the create screen and made `item` (10001); nothing counted yet."""
    stage.create()
    stage.tracker.changed_since(None)
    stage.server.requests.clear()
    return stage


def sent(stage: JiraStage) -> list[str]:
    """The requests that arrived, shortly: `POST search/jql`."""
    return [f"{seen.method} {seen.path.removeprefix('/rest/api/2/')}" for seen in stage.server.requests]
