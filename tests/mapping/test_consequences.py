"""What the engineers' work means: a claim, a question or a claim taken back, never the end of an item."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from poam.mapping.consequences import REFUSALS, Consequence, consequences
from poam.mapping.item import PoamItem, State, WorkStatus
from poam.mapping.life import RequestKind

FINISHED = (WorkStatus.DONE, WorkStatus.WONT_DO)
NOTHING = Consequence()
MEANINGS = ("", "declined", "duplicate", "cannot_reproduce")


def follows(state: State, old: WorkStatus, new: WorkStatus, reason: str = "") -> Consequence:
    """What follows, but for the questions that are answered."""
    return replace(meant(state, old, new, reason), answers=())


def meant(state: State, old: WorkStatus, new: WorkStatus, reason: str = "") -> Consequence:
    return consequences(PoamItem("u-1", "ACME", "V-12", state=state), old, new, reason)


@pytest.mark.parametrize("old", [WorkStatus.NOT_STARTED, WorkStatus.IN_PROGRESS, WorkStatus.BLOCKED])
def test_a_closed_issue_is_a_claim_and_the_item_waits_for_verification(old: WorkStatus) -> None:
    assert follows(State.OPEN, old, WorkStatus.DONE) == Consequence(State.PENDING_VERIFICATION)


def test_done_again_while_it_waits_changes_nothing() -> None:
    for old in WorkStatus:
        assert follows(State.PENDING_VERIFICATION, old, WorkStatus.DONE) == NOTHING


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("", RequestKind.DECLINED),
        ("declined", RequestKind.DECLINED),
        ("duplicate", RequestKind.DUPLICATE),
        ("cannot_reproduce", RequestKind.CANNOT_REPRODUCE),
        ("something new", RequestKind.DECLINED),
    ],
)
def test_declining_leaves_the_item_open_and_queues_a_decision(reason: str, kind: RequestKind) -> None:
    assert follows(State.OPEN, WorkStatus.IN_PROGRESS, WorkStatus.WONT_DO, reason) == Consequence(None, kind)
    declined = follows(State.PENDING_VERIFICATION, WorkStatus.DONE, WorkStatus.WONT_DO, reason)
    assert declined == Consequence(State.OPEN, kind)


@pytest.mark.parametrize("new", [WorkStatus.NOT_STARTED, WorkStatus.IN_PROGRESS, WorkStatus.BLOCKED])
def test_reopening_takes_the_claim_back_but_never_moves_a_closed_item(new: WorkStatus) -> None:
    assert follows(State.PENDING_VERIFICATION, WorkStatus.DONE, new) == Consequence(State.OPEN)
    for old in FINISHED:
        assert follows(State.CLOSED, old, new) == Consequence(None, RequestKind.REOPENED)


def test_in_every_case_a_tracker_neither_closes_accepts_nor_discards() -> None:
    for state, old, new, reason in product(State, WorkStatus, WorkStatus, MEANINGS):
        effect = follows(state, old, new, reason)
        assert effect.to_state in (None, State.OPEN, State.PENDING_VERIFICATION)
        if old == new or state in (State.DRAFT, State.SUBMITTED, State.RISK_ACCEPTED, State.DISCARDED):
            assert effect == NOTHING
        if effect.to_state is not None:
            assert effect.to_state is not state
        if state is State.CLOSED:
            assert effect.to_state is None
        if effect.decision is RequestKind.REOPENED:
            assert state is State.CLOSED
        assert effect.decision is not RequestKind.LATER_DATE


def test_a_new_status_answers_the_refusals_and_a_closed_items_issue_that_is_closed_again_its_reopening() -> None:
    for state, old, new in product(State, WorkStatus, WorkStatus):
        answers = meant(state, old, new).answers
        if old == new:
            assert answers == ()
        elif state is State.CLOSED:
            assert answers == ((RequestKind.REOPENED,) if new is WorkStatus.DONE else ())
        else:
            assert answers == (() if new is WorkStatus.WONT_DO else REFUSALS)
