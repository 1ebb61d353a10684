"""The contract, played by every tracker there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Literal

import pytest

from poam.connectors.sandbox.server import Fault

from . import github_carriers, simulated_stage
from .contract import TrackerContract
from .contract_comments import Commenting
from .contract_laws import Laws
from .github_stage import GithubStage
from .jira_stage import JiraStage
from .memory_stage import memory
from .stage import Stage


@contextmanager
def github() -> Iterator[Stage]:
    """The sandbox GitHub; a create is the one POST to a repository's issues."""
    with GithubStage.open() as opened:

        def lose_next_create(when: Literal["before", "after"]) -> None:
            opened.server.faults.append(Fault("POST", "/issues$", "drop", when))

        yield Stage(opened.tracker, opened.person, opened.clock, lose_next_create)


STAGES: dict[str, Callable[[], AbstractContextManager[Stage]]] = {
    "memory": memory,
    "jira": JiraStage.open,
    "jira-data-center": partial(JiraStage.open, "Data Center"),
    "github": github,
    **{f"github-{place}": partial(github_carriers.contract, place) for place in ("label", "issue_field", "milestone")},
    **simulated_stage.STAGES,
}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with STAGES[request.param]() as stage:
        yield stage


class TestContract(TrackerContract, Laws, Commenting):
    """See `TrackerContract`."""
