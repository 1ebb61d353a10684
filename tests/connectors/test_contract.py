"""The contract, played by every tracker there is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from .contract import TrackerContract
from .memory_stage import memory
from .stage import Stage

STAGES: dict[str, Callable[[], AbstractContextManager[Stage]]] = {"memory": memory}


@pytest.fixture(params=STAGES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    with STAGES[request.param]() as stage:
        yield stage


class TestContract(TrackerContract):
    """See `TrackerContract`."""
