"""One field between the record and two or three trackers, in every state that people and cycles can bring about.

The states are enumerated completely, with the engine's own merge: from each of them the cycles that follow come to rest
in at most two busy ones, with both sides alike. Cycles do here what `cycle.act` does: take in everywhere, then deliver.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import pytest

from poam.sync.looking.merge import NOTHING, Merged, Nothing, Value, merge
from poam.sync.record.kinds import Base
from poam.sync.settings.policies import Policy

Normal = Callable[[Value], Value]


@dataclass(frozen=True)
class Mirror:
    """One tracker: what it shows, what a person last wanted there, and what both sides agreed on, if still current."""

    shown: Value
    wanted: Value | Nothing
    base: Base | None
    dirty: bool = False
    frozen: bool = False


@dataclass(frozen=True)
class World:
    """The record's value and its mirrors. `told` holds values that a conflict names."""

    value: Value
    mirrors: tuple[Mirror, ...]
    told: frozenset[Value] = frozenset()

    def but(self, at: int, mirror: Mirror) -> World:
        return replace(self, mirrors=(*self.mirrors[:at], mirror, *self.mirrors[at + 1 :]))


@dataclass(frozen=True)
class Rules:
    """How many trackers and values, who wins, and what a tracker makes of a value."""

    trackers: int
    values: tuple[Value, ...]
    policy: Policy
    normal: Normal

    def start(self) -> World:
        first = self.values[0]
        shown = self.normal(first)
        return World(first, (Mirror(shown, NOTHING, Base(first, shown)),) * self.trackers)

    def merged(self, world: World, at: int) -> Merged:
        mirror = world.mirrors[at]
        return merge(
            mirror.base,
            world.value,
            mirror.shown,
            mirror.wanted,
            dirty=mirror.dirty,
            policy=self.policy,
            frozen=mirror.frozen,
        )

    def take_in(self, world: World, at: int) -> World:
        """A look at one issue: the record may move, and then every other mirror is behind."""
        merged, mirror = self.merged(world, at), world.mirrors[at]
        told = world.told
        if merged.conflict is not None:
            told |= {world.value, mirror.wanted} - {NOTHING}  # type: ignore[assignment]
        if merged.value != world.value:
            others = tuple(replace(each, dirty=True) for each in world.mirrors)
            world = World(merged.value, others, told)
        base, dirty = world.mirrors[at].base, world.mirrors[at].dirty
        if merged.agreed:
            base, dirty = Base(merged.value, mirror.shown), False
        after = replace(mirror, wanted=NOTHING, base=base, dirty=dirty, frozen=merged.frozen)
        return replace(world.but(at, after), told=told)

    def deliver(self, world: World, at: int) -> World:
        """Reads once more, writes what is owed, and reads it back."""
        world = self.take_in(world, at)
        merged, mirror = self.merged(world, at), world.mirrors[at]
        if not merged.push:
            return world
        shown = self.normal(merged.value)
        if shown not in (merged.value, mirror.shown):  # a third thing: written once more
            return world.but(at, replace(mirror, shown=shown))
        return world.but(at, replace(mirror, shown=shown, base=Base(merged.value, shown), dirty=False))

    def steps(self, world: World) -> Iterator[World]:
        """A cycle, step by step."""
        for step in (self.take_in, self.deliver):
            for at in range(self.trackers):
                world = step(world, at)
                yield world

    def cycle(self, world: World) -> World:
        return list(self.steps(world))[-1]

    def next(self, world: World) -> Iterator[World]:
        """Everything that can happen: a person anywhere, one look, one delivery, in any order."""
        calm = replace(world, told=frozenset())
        for value in self.values:
            if value != world.value:
                yield replace(calm, value=value, mirrors=tuple(replace(each, dirty=True) for each in world.mirrors))
            for at, mirror in enumerate(world.mirrors):
                if self.normal(value) != mirror.shown:
                    yield calm.but(at, replace(mirror, shown=self.normal(value), wanted=self.normal(value)))
        for at in range(self.trackers):
            yield replace(self.take_in(calm, at), told=frozenset())
            yield replace(self.deliver(calm, at), told=frozenset())

    def reachable(self) -> set[World]:
        found, edge = {self.start()}, [self.start()]
        while edge:
            for after in self.next(edge.pop()):
                if after not in found:
                    found.add(after)
                    edge.append(after)
        return found


def same(value: Value) -> Value:
    return value


def lossy(value: Value) -> Value:
    """A tracker that has one word less."""
    return "a" if value == "b" else value


SCOPES = [(2, ("a", "b", None)), (3, ("a", "b"))]
WINNERS = [Policy.TRACKER, Policy.RECORD]


@pytest.mark.parametrize("normal", [same, lossy])
@pytest.mark.parametrize("policy", WINNERS)
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_from_every_reachable_state_two_busy_cycles_bring_rest_and_everything_alike(
    trackers: int, values: tuple[Value, ...], policy: Policy, normal: Normal
) -> None:
    rules = Rules(trackers, values, policy, normal)
    states = rules.reachable()
    assert len(states) > 50
    for state in states:
        rest = rules.cycle(rules.cycle(state))
        assert rules.cycle(rest) == rest, state
        assert all(mirror.shown == normal(rest.value) for mirror in rest.mirrors), state
        assert all(mirror.wanted is NOTHING and not mirror.dirty for mirror in rest.mirrors), state


@pytest.mark.parametrize("policy", WINNERS)
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_no_wish_is_lost_the_record_had_it_or_a_conflict_names_it(
    trackers: int, values: tuple[Value, ...], policy: Policy
) -> None:
    rules = Rules(trackers, values, policy, same)
    for state in rules.reachable():
        wishes = {mirror.wanted for mirror in state.mirrors} - {NOTHING}
        trail = [state, *rules.steps(state)]
        assert wishes <= {world.value for world in trail} | trail[-1].told, state


@pytest.mark.parametrize("policy", list(Policy))
@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_what_one_person_does_after_rest_is_the_value_everywhere(
    trackers: int, values: tuple[Value, ...], policy: Policy
) -> None:
    rules = Rules(trackers, values, policy, same)
    for first in values:
        for at in range(trackers):
            for second in values:
                world = rules.start()
                for value in (first, second):
                    mirror = world.mirrors[at]
                    if mirror.shown != value:
                        world = world.but(at, replace(mirror, shown=value, wanted=value))
                    world = rules.cycle(rules.cycle(world))
                assert world.value == second
                assert {mirror.shown for mirror in world.mirrors} == {second}
                assert world.told == frozenset(), "one person alone is no conflict"


@pytest.mark.parametrize(("trackers", "values"), SCOPES)
def test_left_to_a_person_a_field_rests_frozen_and_goes_on_once_both_are_alike(
    trackers: int, values: tuple[Value, ...]
) -> None:
    rules = Rules(trackers, values, Policy.MANUAL, same)
    states = rules.reachable()
    assert any(mirror.frozen for state in states for mirror in state.mirrors)
    for state in states:
        rest = rules.cycle(rules.cycle(state))
        assert rules.cycle(rest) == rest, state
        for mirror in rest.mirrors:
            assert mirror.frozen or mirror.shown == rest.value, state
