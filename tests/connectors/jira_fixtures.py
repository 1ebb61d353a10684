"""The fixtures of the Jira tests: an empty stage, and one on which everything is learnt."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .jira_stage import JiraStage


@pytest.fixture
def stage() -> Iterator[JiraStage]:
    """An empty project that nobody has asked anything yet."""
    with JiraStage.open() as stage:
        yield stage


@pytest.fixture
def warm(stage: JiraStage) -> JiraStage:
    """A stage whose tracker knows the site and the create screen and made `item` (10001); nothing counted yet."""
    stage.create()
    stage.tracker.changed_since(None)
    stage.server.requests.clear()
    return stage
