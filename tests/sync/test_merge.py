"""The merge of one field, for every combination of values there can be: only equality counts, so few are enough."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import pytest

from poam.sync.looking.merge import NOTHING, Merged, Nothing, Value, merge, settle
from poam.sync.record.kinds import Base
from poam.sync.settings.policies import Policy

VALUES: tuple[Value, ...] = (None, "a", "b", "c")
VERSION = 3


@dataclass(frozen=True)
class Case:
    """One call of the merge, and what it gave."""

    base: Base | None
    ours: Value
    theirs: Value
    proposal: Value | Nothing
    dirty: bool
    policy: Policy
    merged: Merged

    @property
    def record_moved(self) -> bool:
        return self.dirty

    @property
    def tracker_moved(self) -> bool:
        return self.proposal is not NOTHING

    @property
    def differ(self) -> bool:
        """Both sides changed, and not to the same value."""
        return self.record_moved and self.tracker_moved and self.proposal != self.ours


def _cases() -> Iterator[Case]:
    pairs = [None, *(Base(record, tracker, VERSION) for record, tracker in product(VALUES, VALUES))]
    for given in product(pairs, VALUES, VALUES, (NOTHING, *VALUES), (False, True), Policy):
        base, ours, theirs, proposal, dirty, policy = given
        yield Case(*given, merge(base, ours, theirs, proposal, dirty=dirty, policy=policy))


@pytest.fixture
def cases() -> tuple[Case, ...]:
    """Every combination, merged anew for each test: so the mutants of the merge meet every promise made here."""
    return tuple(_cases())


def merged_again(case: Case, value: Value, theirs: Value) -> Merged:
    """The next cycle: nobody did anything, and the base is what was agreed on."""
    return merge(Base(value, theirs, VERSION), value, theirs, NOTHING, dirty=False, policy=case.policy)


def test_there_is_an_answer_to_everything(cases: tuple[Case, ...]) -> None:
    assert len(cases) == 17 * 4 * 4 * 5 * 2 * 3
    assert all(isinstance(case.merged, Merged) for case in cases)


def test_a_value_is_never_invented(cases: tuple[Case, ...]) -> None:
    assert all(case.merged.value in (case.ours, case.proposal) for case in cases)


def test_a_change_at_the_tracker_alone_is_taken(cases: tuple[Case, ...]) -> None:
    alone = [case for case in cases if case.tracker_moved and not case.record_moved]
    assert alone
    assert all(case.merged.value == case.proposal and case.merged.conflict is None for case in alone)


def test_a_change_of_the_record_alone_holds_and_reaches_the_tracker(cases: tuple[Case, ...]) -> None:
    alone = [case for case in cases if case.record_moved and not case.tracker_moved]
    assert alone
    assert all(case.merged.value == case.ours and case.merged.conflict is None for case in alone)
    assert all(case.merged.push is (case.ours != case.theirs) for case in alone)


def test_without_any_change_the_record_holds(cases: tuple[Case, ...]) -> None:
    still = [case for case in cases if not case.record_moved and not case.tracker_moved]
    assert all(case.merged.value == case.ours for case in still)


def test_two_different_changes_are_always_a_conflict_and_nothing_else_is_one(cases: tuple[Case, ...]) -> None:
    assert all((case.merged.conflict is not None) is case.differ for case in cases)


@pytest.mark.parametrize(("policy", "winner"), [(Policy.RECORD, "ours"), (Policy.TRACKER, "proposal")])
def test_a_policy_names_the_side_that_wins_and_says_so(policy: Policy, winner: str, cases: tuple[Case, ...]) -> None:
    decided = [case for case in cases if case.differ and case.policy is policy]
    assert all(case.merged.value == getattr(case, winner) and case.merged.conflict is policy for case in decided)
    assert not any(case.merged.frozen for case in decided)


def test_a_conflict_left_to_a_person_is_frozen_and_touches_neither_side(cases: tuple[Case, ...]) -> None:
    frozen = [case for case in cases if case.merged.frozen]
    assert all(case.merged.frozen is (case.differ and case.policy is Policy.MANUAL) for case in cases)
    assert all(case.merged == Merged(case.ours, conflict=Policy.MANUAL, frozen=True) for case in frozen)


def test_equal_changes_agree(cases: tuple[Case, ...]) -> None:
    equal = [case for case in cases if case.record_moved and case.proposal == case.ours == case.theirs]
    assert equal
    assert all(case.merged == Merged(case.ours, agreed=True) for case in equal)


def test_a_push_is_owed_exactly_where_nothing_is_agreed_and_nothing_is_frozen(cases: tuple[Case, ...]) -> None:
    assert all(case.merged.push is (not case.merged.agreed and not case.merged.frozen) for case in cases)


def test_what_both_sides_show_alike_is_never_pushed(cases: tuple[Case, ...]) -> None:
    assert not any(case.merged.push and case.merged.value == case.theirs for case in cases)


def test_a_pair_that_differs_is_agreed_only_when_it_was_before_and_nobody_moved(cases: tuple[Case, ...]) -> None:
    lossy = [case for case in cases if case.merged.agreed and case.merged.value != case.theirs]
    assert lossy
    for case in lossy:
        assert case.base == Base(case.ours, case.theirs, VERSION)
        assert not case.record_moved
        assert case.proposal in (NOTHING, case.ours)


def test_a_decision_carried_out_and_read_back_comes_to_rest(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if case.merged.frozen:
            continue
        shown = case.merged.value if case.merged.push else case.theirs
        assert merged_again(case, case.merged.value, shown) == Merged(case.merged.value, agreed=True)


def test_a_tracker_that_can_only_come_close_is_left_in_peace(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if case.merged.push:
            for close in VALUES:
                assert merged_again(case, case.merged.value, close) == Merged(case.merged.value, agreed=True)


def test_a_person_ends_a_frozen_conflict_with_either_side_and_it_stays_ended(cases: tuple[Case, ...]) -> None:
    for case in cases:
        if case.merged.frozen:
            for taken in (case.ours, case.proposal):
                assert not isinstance(taken, Nothing)
                ended = merge(case.base, taken, case.theirs, NOTHING, dirty=True, policy=case.policy)
                assert (ended.value, ended.conflict, ended.frozen) == (taken, None, False)
                assert ended.push is (taken != case.theirs)


def test_settling_an_agreed_pair_is_silent_until_either_value_or_the_version_moves() -> None:
    base = Base("critical", "high")
    assert settle(base, "critical", "high") == Merged("critical", agreed=True)
    assert settle(base, "critical", "high", dirty=True).push
    assert settle(base, "moderate", "high").push
    assert settle(base, "critical", "low").push
    assert settle(None, "critical", "high").push


def test_while_a_conflict_waits_nothing_moves_and_only_agreement_ends_it() -> None:
    pairs = [None, *(Base(record, tracker, VERSION) for record, tracker in product(VALUES, VALUES))]
    for base, ours, theirs, proposal, dirty, policy in product(
        pairs, VALUES, VALUES, (NOTHING, *VALUES), (False, True), Policy
    ):
        merged = merge(base, ours, theirs, proposal, dirty=dirty, policy=policy, frozen=True)
        differs = proposal not in (NOTHING, ours)
        assert (merged.value, merged.push) == (ours, False)
        assert merged.conflict is (Policy.MANUAL if differs else None), "what is wanted now is told"
        assert merged.agreed is (ours == theirs and not differs)
        assert merged.frozen is not merged.agreed
