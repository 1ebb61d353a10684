"""The work status of one item between the record and two or three issues, in every state that people and cycles can
bring about.

The states are enumerated completely, with the engine's own merge and its own table: from each of them the cycles that
follow come to rest in at most two busy ones, every issue shows what its own people or somebody here said last, and the
item is what all of them say together. Cycles do here what `cycle.act` does: take in everywhere, then deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest

from poam.mapping.item import WorkStatus
from poam.mapping.together import work_together
from poam.sync.looking.merge import NOTHING, Merged, Nothing, merge
from poam.sync.record.kinds import Base
from poam.sync.settings.policies import Policy

Normal = Callable[[WorkStatus], WorkStatus]


@dataclass(frozen=True)
class Mirror:
    """One issue: what it shows, what a person last wanted there, and what both sides agreed on. `behind`: somebody here
    has moved the item since.
    """

    shown: WorkStatus
    wanted: WorkStatus | Nothing
    base: Base
    behind: bool = False
    frozen: bool = False


@dataclass(frozen=True)
class World:
    """The item's work status, what was last said here, and the mirrors. `told` holds values that a conflict names."""

    value: WorkStatus
    said: WorkStatus
    mirrors: tuple[Mirror, ...]
    told: frozenset[object] = frozenset()

    def but(self, at: int, mirror: Mirror) -> World:
        return replace(self, mirrors=(*self.mirrors[:at], mirror, *self.mirrors[at + 1 :]))

    def stand(self, at: int) -> WorkStatus:
        """What an issue stands for."""
        mirror = self.mirrors[at]
        return self.said if mirror.behind else WorkStatus(mirror.base.record_value or "")

    def together(self, at: int, new: WorkStatus) -> WorkStatus:
        """What all say once this one stands for something new."""
        return work_together([new if n == at else self.stand(n) for n in range(len(self.mirrors))])


@dataclass(frozen=True)
class Rules:
    """How many issues and values, who wins, and what a tracker makes of a value."""

    trackers: int
    values: tuple[WorkStatus, ...]
    policy: Policy
    normal: Normal

    def start(self) -> World:
        first = self.values[0]
        shown = self.normal(first)
        return World(first, first, (Mirror(shown, NOTHING, Base(first, shown)),) * self.trackers)

    def merged(self, world: World, at: int) -> Merged:
        mirror = world.mirrors[at]
        return merge(
            mirror.base,
            world.stand(at),
            mirror.shown,
            mirror.wanted,
            dirty=mirror.behind or mirror.base.tracker_value is None,
            policy=self.policy,
            frozen=mirror.frozen,
        )

    def take_in(self, world: World, at: int) -> World:
        """A look at one issue: it may stand for something new, and then all together may."""
        merged, mirror, stood = self.merged(world, at), world.mirrors[at], world.stand(at)
        value, told = WorkStatus(merged.value or ""), world.told
        if merged.conflict is not None:
            told |= {stood, mirror.wanted} - {NOTHING}
        after = replace(mirror, wanted=NOTHING, frozen=merged.frozen)
        if value is not stood:
            world = replace(world, value=world.together(at, value))
            after = replace(after, base=Base(value, None), behind=False)
        if merged.agreed:
            after = replace(after, base=Base(value, mirror.shown), behind=False)
        return replace(world.but(at, after), told=told)

    def deliver(self, world: World, at: int) -> World:
        """Reads once more, writes what is owed, and reads it back."""
        world = self.take_in(world, at)
        merged, mirror = self.merged(world, at), world.mirrors[at]
        if not merged.push:
            return world
        shown = self.normal(WorkStatus(merged.value or ""))
        if shown not in (merged.value, mirror.shown):  # a third thing: written once more
            return world.but(at, replace(mirror, shown=shown))
        return world.but(at, replace(mirror, shown=shown, base=Base(merged.value, shown), behind=False))

    def steps(self, world: World) -> Iterator[World]:
        """A cycle, step by step."""
        for step in (self.take_in, self.deliver):
            for at in range(self.trackers):
                world = step(world, at)
                yield world

    def cycle(self, world: World) -> World:
        return list(self.steps(world))[-1]

    def decided(self, world: World, value: WorkStatus) -> World:
        """Somebody here sets the work status: every issue follows."""
        behind = tuple(replace(each, behind=True) for each in world.mirrors)
        return replace(world, value=value, said=value, mirrors=behind)

    def moved(self, world: World, at: int, value: WorkStatus) -> World:
        """A person moves one issue."""
        shown = self.normal(value)
        return world.but(at, replace(world.mirrors[at], shown=shown, wanted=shown))

    def next(self, world: World) -> Iterator[World]:
        """Everything that can happen: a person anywhere, one look, one delivery, in any order."""
        calm = replace(world, told=frozenset())
        for value in self.values:
            if value is not world.value:
                yield self.decided(calm, value)
            for at, mirror in enumerate(world.mirrors):
                if self.normal(value) is not mirror.shown:
                    yield self.moved(calm, at, value)
        for at in range(self.trackers):
            yield replace(self.take_in(calm, at), told=frozenset())
            yield replace(self.deliver(calm, at), told=frozenset())


@cache
def reachable(rules: Rules) -> frozenset[World]:
    """Every state that can come about."""
    found, edge = {rules.start()}, [rules.start()]
    while edge:
        for after in rules.next(edge.pop()):
            if after not in found:
                found.add(after)
                edge.append(after)
    return frozenset(found)


def same(value: WorkStatus) -> WorkStatus:
    return value


def lossy(value: WorkStatus) -> WorkStatus:
    """A tracker that has one word less."""
    return WorkStatus.IN_PROGRESS if value is WorkStatus.BLOCKED else value


NOT_STARTED, IN_PROGRESS, BLOCKED, DONE, WONT_DO = WorkStatus
SCOPES = [
    (2, (NOT_STARTED, BLOCKED, DONE)),
    (2, (IN_PROGRESS, WONT_DO, DONE)),
    (3, (NOT_STARTED, DONE)),
]
WINNERS = [Policy.TRACKER, Policy.RECORD]


@pytest.mark.parametrize("normal", [same, lossy])
@pytest.mark.parametrize("policy", WINNERS)
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_from_every_reachable_state_two_busy_cycles_bring_rest_and_the_table_holds(
    trackers: int, values: tuple[WorkStatus, ...], policy: Policy, normal: Normal
) -> None:
    rules = Rules(trackers, values, policy, normal)
    states = reachable(rules)
    assert len(states) > 50
    for state in states:
        rest = rules.cycle(rules.cycle(state))
        assert rules.cycle(rest) == rest, state
        stands = [rest.stand(at) for at in range(trackers)]
        assert rest.value is work_together(stands), state
        assert [mirror.shown for mirror in rest.mirrors] == list(map(normal, stands)), state
        assert all(mirror.wanted is NOTHING and not mirror.behind for mirror in rest.mirrors), state


@pytest.mark.parametrize("policy", WINNERS)
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_no_wish_is_lost_its_issue_stood_for_it_or_a_conflict_names_it(
    trackers: int, values: tuple[WorkStatus, ...], policy: Policy
) -> None:
    rules = Rules(trackers, values, policy, same)
    for state in reachable(rules):
        trail = [state, *rules.steps(state)]
        for at, mirror in enumerate(state.mirrors):
            stood = {world.stand(at) for world in trail}
            assert mirror.wanted in {NOTHING, *stood, *trail[-1].told}, state


@pytest.mark.parametrize("policy", WINNERS)
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_no_issue_is_moved_because_another_one_differs(
    trackers: int, values: tuple[WorkStatus, ...], policy: Policy
) -> None:
    rules = Rules(trackers, values, policy, same)
    for state in reachable(rules):
        rest = rules.cycle(rules.cycle(state))
        for at, mirror in enumerate(state.mirrors):
            assert rest.mirrors[at].shown in {state.said, state.stand(at), mirror.wanted}, state


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_what_one_person_does_after_rest_stays_with_their_issue_and_the_others_stay_as_they_are(
    trackers: int, values: tuple[WorkStatus, ...], policy: Policy
) -> None:
    rules = Rules(trackers, values, policy, same)
    for first in values:
        for at in range(trackers):
            for second in values:
                world = rules.start()
                for value in (first, second):
                    world = rules.cycle(rules.cycle(rules.moved(world, at, value)))
                shown = [second if n == at else values[0] for n in range(trackers)]
                assert [mirror.shown for mirror in world.mirrors] == shown
                assert world.value is work_together(shown)
                assert world.told == frozenset(), "one person alone is no conflict"


@pytest.mark.parametrize(("trackers", "values"), SCOPES[:2])
def test_left_to_a_person_a_field_rests_frozen_and_goes_on_once_both_are_alike(
    trackers: int, values: tuple[WorkStatus, ...]
) -> None:
    rules = Rules(trackers, values, Policy.MANUAL, same)
    states = reachable(rules)
    assert any(mirror.frozen for state in states for mirror in state.mirrors)
    for state in states:
        rest = rules.cycle(rules.cycle(state))
        assert rules.cycle(rest) == rest, state
        for at, mirror in enumerate(rest.mirrors):
            assert mirror.frozen or mirror.shown is rest.stand(at), state
