"""The contract, played at a GitHub that other people wrote: it catches what our own sandbox would forgive."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .contract import TrackerContract
from .contract_comments import Commenting
from .contract_laws import Laws
from .emulate_stage import Absent, Emulator
from .stage import Stage

NO_RENAMED = "it notes no event when a title changes"

CANNOT = {
    "test_what_a_person_does_is_told_with_author_time_and_both_values[before7-": NO_RENAMED,
    "test_an_issue_that_is_no_longer_as_known_comes_with_its_whole_history": NO_RENAMED,
    "test_the_ways_to_close_are_all_done_and_told_apart": "it does not know the reason `duplicate`",
    "test_what_is_not_there_is_gone_when_asked_for_and_missing_among_many": "it deletes no issue",
    "test_a_title_longer_than_promised_is_refused_and_creates_nothing": "it takes titles of any length",
}
"""What the emulator cannot do, by the beginning of the test's name. Each of them must fail, or the list is wrong."""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    try:
        with Emulator.start() as started:
            yield started
    except Absent as reason:
        pytest.skip(f"there is no emulator of GitHub: {reason}")


@pytest.fixture
def stage(emulator: Emulator, request: pytest.FixtureRequest) -> Iterator[Stage]:
    for name, reason in CANNOT.items():
        if request.node.name.startswith(name):
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))
    with emulator.stage() as opened:
        yield opened


class TestContract(TrackerContract, Laws, Commenting):
    """See `TrackerContract`."""
