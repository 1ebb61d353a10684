"""Asking again: only what is safe, not too often, not for too long."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from poam.connectors.base import Draft, Edit, Issue, Tracker
from poam.connectors.errors import (
    Forbidden,
    Gone,
    RateLimited,
    Rejected,
    Stale,
    TrackerError,
    Unavailable,
    Unsettled,
)
from poam.connectors.memory import MemoryPerson, MemoryTracker, MemoryWorld
from poam.connectors.retry import Retrying
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.memory import Operation

from .stage import ACTS, made

SINCE = "2026-11-22T09:00:00.000Z"
CALLS: dict[Operation, Callable[[Tracker], object]] = {
    "check": lambda tracker: tracker.check(),
    "visibility": lambda tracker: tracker.visibility(),
    "changed_since": lambda tracker: tracker.changed_since(None),
    "get": lambda tracker: tracker.get("1"),
    "get_many": lambda tracker: tracker.get_many(["1"]),
    "find": lambda tracker: tracker.find("mmmm", since=SINCE),
    "create": lambda tracker: made(tracker, Draft("nnnn", "Second", "")),
    "edit": lambda tracker: tracker.edit(tracker.get("1"), Edit(title="New")),
}


class Stage:
    """A tracker with one issue, retried; `waits` is what was slept."""

    def __init__(self, *, random: float = 1.0, attempts: int = 5) -> None:
        self.world = MemoryWorld(Clock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC)))
        self.plain = MemoryTracker("memory", self.world)
        made(self.plain, Draft("mmmm", "First", ""))
        self.waits: list[float] = []
        self.tracker = Retrying(self.plain, sleep=self.waits.append, random=lambda: random, attempts=attempts)

    def fail(self, operation: Operation, *errors: Callable[[str], TrackerError]) -> None:
        """The next calls of that operation fail before their effect."""
        self.world.faults += [(operation, "before", error) for error in errors]

    def issues(self) -> int:
        """How many issues there are."""
        return len(self.plain.changed_since(None).issues)


@pytest.mark.parametrize("operation", CALLS)
def test_every_call_answers_as_the_tracker_itself(operation: Operation) -> None:
    assert CALLS[operation](Stage().tracker) == CALLS[operation](Stage().plain)


@pytest.mark.parametrize("operation", sorted(CALLS.keys() - {"create"}))
def test_every_call_that_had_no_effect_is_asked_again(operation: Operation) -> None:
    stage = Stage()
    stage.fail(operation, Unavailable, partial(RateLimited, retry_after=7), Unavailable)
    assert CALLS[operation](stage.tracker) == CALLS[operation](Stage().plain)
    assert stage.waits == [1, 7, 4]


@pytest.mark.parametrize("error", [Unsettled, Stale, Gone, Rejected, Forbidden])
@pytest.mark.parametrize("operation", CALLS)
def test_every_other_error_is_raised_at_once(operation: Operation, error: type[TrackerError]) -> None:
    stage = Stage()
    stage.fail(operation, error, error)
    with pytest.raises(error):
        CALLS[operation](stage.tracker)
    assert stage.waits == []
    assert len(stage.world.faults) == 1


@pytest.mark.parametrize("odd", [KeyError, IndexError, TypeError, AttributeError, ValueError])
@pytest.mark.parametrize("operation", CALLS)
def test_an_answer_in_no_known_form_is_no_answer_and_leaves_a_write_unsettled(
    operation: Operation, odd: type[Exception]
) -> None:
    stage = Stage(attempts=1)
    stage.world.faults.append((operation, "before", odd))
    error = Unsettled if operation in ("create", "edit") else Unavailable
    with pytest.raises(error, match="memory answered in a form that is not the tracker's") as failed:
        CALLS[operation](stage.tracker)
    assert type(failed.value.__cause__) is odd


PLANNED = Edit(title="Ours", body="Ours.", due_date="2027-03-01", status="doing", marker="mmmm")


@pytest.mark.parametrize("act", sorted(ACTS.keys() - {"reopen"}))
def test_an_edit_is_not_sent_again_to_an_issue_that_somebody_changed_during_the_pause(act: str) -> None:
    stage = Stage()
    stage.fail("edit", partial(RateLimited, retry_after=60))
    planned_on = stage.plain.get(made(stage.plain, Draft("nnnn", "Second", "", due_date="2027-03-01")).id)
    busy = Retrying(
        stage.plain, sleep=lambda _: ACTS[act](MemoryPerson(stage.world), planned_on.id), random=lambda: 1.0
    )
    with pytest.raises(Stale, match="MEM-2 changed while we waited"):
        busy.edit(planned_on, PLANNED)
    left = stage.plain.get(planned_on.id)
    assert left.version != planned_on.version
    assert {change.author.id for change in left.history} <= {"ann"}
    assert "Ours" not in left.title + left.body


def test_an_edit_that_was_applied_in_part_is_planned_anew() -> None:
    stage = Stage()

    class HalfWay(MemoryTracker):
        def edit(self, issue: Issue, edit: Edit) -> Issue:
            super().edit(issue, Edit(title=edit.title))
            raise RateLimited("slow down", retry_after=1)

    with pytest.raises(Stale):
        Retrying(HalfWay("memory", stage.world), sleep=stage.waits.append, random=lambda: 1.0).edit(
            stage.plain.get("1"), PLANNED
        )
    assert stage.waits == [1]


@pytest.mark.parametrize("error", [Unavailable, partial(RateLimited, retry_after=1)])
def test_a_create_keeps_its_deadline_and_is_left_to_the_outbox(error: Callable[[str], TrackerError]) -> None:
    stage = Stage()
    stage.fail("create", error)
    with pytest.raises(Unavailable):
        CALLS["create"](stage.tracker)
    assert stage.waits == []


def test_a_create_whose_fate_is_unknown_is_never_sent_twice() -> None:
    stage = Stage()
    stage.world.faults.append(("create", "after", Unsettled))
    with pytest.raises(Unsettled):
        CALLS["create"](stage.tracker)
    assert stage.issues() == 2


def test_pauses_double_and_the_last_error_comes_out_as_it_was() -> None:
    stage = Stage()
    stage.fail("get", *[Unavailable] * 6)
    with pytest.raises(Unavailable, match="get failed"):
        stage.tracker.get("1")
    assert stage.waits == [1, 2, 4, 8]
    assert len(stage.world.faults) == 1


@pytest.mark.parametrize("random", [0.0, 0.25])
def test_a_pause_is_a_random_part_of_the_longest(random: float) -> None:
    stage = Stage(random=random)
    stage.fail("get", *[Unavailable] * 3)
    stage.tracker.get("1")
    assert stage.waits == [random * 1, random * 2, random * 4]


def test_all_pauses_of_a_call_together_stay_within_a_minute() -> None:
    stage = Stage(attempts=100)
    stage.fail("get", *[Unavailable] * 100)
    with pytest.raises(Unavailable):
        stage.tracker.get("1")
    assert 30 < sum(stage.waits) <= 60


@pytest.mark.parametrize(
    ("asked", "waited"),
    [([0], [0]), ([60], [60]), ([60.5], []), ([3600], []), ([40, 20], [40, 20]), ([40, 21], [40])],
)
def test_a_tracker_that_asks_for_a_pause_gets_it_if_it_is_a_short_one(asked: list[float], waited: list[float]) -> None:
    stage = Stage()
    stage.fail("edit", *[partial(RateLimited, retry_after=pause) for pause in asked])
    if waited == asked:
        stage.tracker.edit(stage.plain.get("1"), Edit(title="New"))
    else:
        with pytest.raises(RateLimited) as limited:
            stage.tracker.edit(stage.plain.get("1"), Edit(title="New"))
        assert limited.value.retry_after == asked[-1]
    assert stage.waits == waited


def test_a_new_call_starts_with_all_its_patience() -> None:
    stage = Stage()
    stage.fail("get", *[partial(RateLimited, retry_after=60)])
    stage.tracker.get("1")
    stage.fail("get", *[partial(RateLimited, retry_after=60)])
    stage.tracker.get("1")
    assert stage.waits == [60, 60]


def test_a_sleep_that_raises_ends_the_call() -> None:
    def stop(seconds: float) -> None:
        raise InterruptedError

    stage = Stage()
    stage.fail("get", Unavailable)
    with pytest.raises(InterruptedError):
        Retrying(stage.plain, sleep=stop, random=lambda: 1.0).get("1")


def test_name_and_capabilities_are_the_trackers_own() -> None:
    stage = Stage()
    assert (stage.tracker.name, stage.tracker.capabilities) == ("memory", stage.plain.capabilities)


# a tracker that is down is asked less, not more


def down(stage: Stage) -> None:
    """A call that nobody answered."""
    stage.fail("get", *[Unavailable] * 5)
    with pytest.raises(Unavailable):
        stage.tracker.get("1")
    stage.waits.clear()


@pytest.mark.parametrize("operation", sorted(CALLS.keys() - {"create", "edit"}))
def test_a_tracker_that_is_down_is_asked_once_a_call(operation: Operation) -> None:
    stage = Stage()
    down(stage)
    stage.fail(operation, Unavailable, Unavailable)
    with pytest.raises(Unavailable):
        CALLS[operation](stage.tracker)
    assert (stage.waits, len(stage.world.faults)) == ([], 1)


@pytest.mark.parametrize("answer", [None, Gone, Rejected, Forbidden, Stale])
def test_the_first_answer_of_any_kind_says_that_it_is_up_again(answer: type[TrackerError] | None) -> None:
    stage = Stage()
    down(stage)
    if answer is None:
        stage.tracker.get("1")
    else:
        stage.fail("get", answer)
        with pytest.raises(answer):
            stage.tracker.get("1")
    stage.fail("get", Unavailable, Unavailable)
    stage.tracker.get("1")
    assert stage.waits == [1, 2]


def test_a_tracker_that_limits_us_is_not_down() -> None:
    stage = Stage()
    stage.fail("get", partial(RateLimited, retry_after=3600))
    with pytest.raises(RateLimited):
        stage.tracker.get("1")
    stage.fail("get", Unavailable)
    stage.tracker.get("1")
    assert stage.waits == [1]


def test_of_many_calls_that_fail_now_and_then_only_so_many_are_repeated() -> None:
    stage = Stage()
    for _ in range(40):
        stage.fail("get", Unavailable)
        try:
            stage.tracker.get("1")
        except Unavailable:
            break
    assert 20 <= len(stage.waits) <= 26, "twenty, and what the answers earned"


def test_answers_earn_the_repeats_back() -> None:
    stage = Stage()
    for _ in range(40):
        stage.fail("get", Unavailable)
        stage.tracker.get("1")
        for _ in range(5):
            stage.tracker.get("1")
    assert len(stage.waits) == 40
