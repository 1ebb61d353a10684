"""What the memory tracker adds to the contract: lag and faults on demand, and nothing left to chance."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from poam.connectors.base import Account, Draft, Edit, Issue
from poam.connectors.errors import Forbidden, RateLimited, Rejected, Unavailable, Unsettled
from poam.connectors.memory import MemoryPerson, MemoryTracker, MemoryWorld
from poam.connectors.sandbox.clock import Clock

from .stage import made

DRAFT = Draft(marker="mmmm", title="Patch the gateway", body="Please.")


@pytest.fixture
def world() -> MemoryWorld:
    return MemoryWorld(Clock(datetime(2026, 11, 22, 9, 30, tzinfo=UTC)))


@pytest.fixture
def tracker(world: MemoryWorld) -> MemoryTracker:
    return MemoryTracker("memory", world)


@pytest.fixture
def ann(world: MemoryWorld) -> MemoryPerson:
    return MemoryPerson(world, "ann")


def listed(tracker: MemoryTracker, cursor: str | None = None) -> dict[str, str]:
    """What a list shows: titles by id."""
    return {issue.id: issue.title for issue in tracker.changed_since(cursor).issues}


def test_a_lagging_list_hides_a_new_issue_that_a_single_read_shows_at_once(
    world: MemoryWorld, tracker: MemoryTracker
) -> None:
    world.list_lag = timedelta(minutes=5)
    since = world.now()
    created = made(tracker, DRAFT).id
    assert tracker.get(created).title == DRAFT.title
    assert listed(tracker) == {}
    assert tracker.find("mmmm", since=since) == []
    world.clock.advance(minutes=5)
    assert listed(tracker) == {created: DRAFT.title}
    assert [issue.id for issue in tracker.find("mmmm", since=since)] == [created]


def test_a_lagging_list_shows_an_issue_as_it_was(world: MemoryWorld, tracker: MemoryTracker, ann: MemoryPerson) -> None:
    created = made(tracker, DRAFT).id
    world.clock.advance(minutes=10)
    world.list_lag = timedelta(minutes=5)
    ann.rename(created, "Renamed")
    assert listed(tracker) == {created: DRAFT.title}
    assert tracker.get(created).title == "Renamed"
    world.clock.advance(minutes=5)
    assert listed(tracker) == {created: "Renamed"}


@pytest.mark.parametrize(("overlap", "seen"), [(5, True), (4, False)])
def test_an_overlap_as_long_as_the_lag_is_what_keeps_a_late_change(
    world: MemoryWorld, ann: MemoryPerson, overlap: int, seen: bool
) -> None:
    tracker = MemoryTracker("memory", world, overlap=timedelta(minutes=overlap))
    late, early = made(tracker, DRAFT).id, made(tracker, DRAFT).id
    world.clock.advance(hours=1)
    world.list_lag = timedelta(minutes=5)
    ann.rename(late, "Late")
    world.clock.advance(minutes=5)
    world.list_lag = timedelta()
    ann.rename(early, "Early")
    cursor = tracker.changed_since(None).cursor
    assert listed(tracker, cursor) == ({late: "Late"} if seen else {}) | {early: "Early"}


def test_an_issue_without_a_marker_is_nobodys_business(world: MemoryWorld, tracker: MemoryTracker) -> None:
    world.add(Account("ann"), None, {"title": "Water the plants"})
    assert listed(tracker) == {}


def test_an_edit_to_what_is_already_so_is_no_change(world: MemoryWorld, tracker: MemoryTracker) -> None:
    created = made(tracker, DRAFT)
    world.clock.advance(minutes=1)
    assert tracker.edit(tracker.get(created.id), Edit(title=f" {DRAFT.title} ", due_date="")) == created.issue


def test_a_deleted_issue_leaves_the_lists(tracker: MemoryTracker, ann: MemoryPerson) -> None:
    created = made(tracker, DRAFT).id
    ann.delete(created)
    assert listed(tracker) == {}


def test_a_fault_before_the_effect_leaves_the_issue_alone(world: MemoryWorld, tracker: MemoryTracker) -> None:
    created = made(tracker, DRAFT).id
    world.faults.append(("edit", "before", Unavailable))
    with pytest.raises(Unavailable):
        tracker.edit(tracker.get(created), Edit(title="New"))
    assert tracker.get(created).title == DRAFT.title


def test_a_fault_after_the_effect_loses_the_answer_alone(world: MemoryWorld, tracker: MemoryTracker) -> None:
    created = made(tracker, DRAFT).id
    world.faults.append(("edit", "after", Unsettled))
    with pytest.raises(Unsettled):
        tracker.edit(tracker.get(created), Edit(title="New"))
    assert tracker.get(created).title == "New"


def test_faults_wait_for_their_operation_and_strike_once_each_in_order(
    world: MemoryWorld, tracker: MemoryTracker
) -> None:
    created = made(tracker, DRAFT).id
    world.faults += [
        ("changed_since", "before", Unavailable),
        ("get", "before", Forbidden),
        ("get", "before", partial(RateLimited, retry_after=30)),
    ]
    with pytest.raises(Forbidden):
        tracker.get(created)
    with pytest.raises(RateLimited) as limited:
        tracker.get(created)
    assert limited.value.retry_after == 30
    assert tracker.get(created).id == created
    with pytest.raises(Unavailable):
        tracker.changed_since(None)
    assert world.faults == []


def test_a_client_started_later_finds_what_an_earlier_one_left(world: MemoryWorld, tracker: MemoryTracker) -> None:
    created, cursor = made(tracker, DRAFT).id, tracker.changed_since(None).cursor
    restarted = MemoryTracker("memory", world)
    assert listed(restarted, cursor) == {created: DRAFT.title}


def test_issues_of_another_account_are_not_found_as_ours(world: MemoryWorld, tracker: MemoryTracker) -> None:
    since = world.now()
    made(MemoryTracker("other", world, account="other"), DRAFT)
    assert tracker.find("mmmm", since=since) == []


@pytest.mark.parametrize(
    ("edit", "field"),
    [
        (Edit(title=" "), "title"),
        (Edit(body="x" * 32_768), "body"),
        (Edit(due_date="2026-02-30"), "due_date"),
    ],
)
def test_a_refusal_names_the_field_at_fault(tracker: MemoryTracker, edit: Edit, field: str) -> None:
    created = made(tracker, DRAFT)
    with pytest.raises(Rejected) as refusal:
        tracker.edit(tracker.get(created.id), edit)
    assert refusal.value.field == field
    assert tracker.get(created.id) == created.issue


def test_the_world_says_how_visible_it_is(world: MemoryWorld, tracker: MemoryTracker) -> None:
    world.visibility = "public"
    assert tracker.visibility() == tracker.check().visibility == "public"


def test_the_same_acts_make_the_same_world() -> None:
    def played() -> list[Issue]:
        world = MemoryWorld(Clock(datetime(2026, 11, 22, tzinfo=UTC)))
        tracker, ann = MemoryTracker("memory", world), MemoryPerson(world)
        issue_id = made(tracker, DRAFT).id
        ann.close(issue_id)
        ann.clone(issue_id)
        return list(tracker.changed_since(None).issues)

    assert played() == played()
