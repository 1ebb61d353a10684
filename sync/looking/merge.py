"""Merges one field of one item between the record and one tracker. Pure, total, and without a clock.

Terms: the *base* is the pair both sides last agreed on (record value, tracker value); `ours` and `theirs` are
the values now; the *proposal* is the last value a person gave the field at the tracker since we last read its
history. Merging looks at proposals, not at bare state: a state says what is, a history what somebody wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..record.kinds import Base
from ..settings.policies import Policy


class Nothing(Enum):
    """Nobody proposed anything: different from proposing an empty value."""

    NOTHING = 0


NOTHING = Nothing.NOTHING
Value = str | None


@dataclass(frozen=True, slots=True)
class Merged:
    """What follows: the record's `value` from now on, whether to `push` it, or the pair now `agreed`.

    `conflict` names the policy that decided between two changes; a frozen field waits for a person.
    """

    value: Value
    push: bool = False
    agreed: bool = False
    conflict: Policy | None = None
    frozen: bool = False


def merge(
    base: Base | None,
    ours: Value,
    theirs: Value,
    proposal: Value | Nothing,
    *,
    dirty: bool,
    policy: Policy,
    frozen: bool = False,
) -> Merged:
    """The whole truth about one two-way field. `dirty`: the record's value changed, or is owed, since the base.

    `frozen`: an earlier conflict over the field waits for a person. Then neither side moves, until they are equal.
    """
    proposed = proposal is not NOTHING and proposal != ours
    if frozen or (proposed and dirty and policy is Policy.MANUAL):
        if ours == theirs and not proposed:
            return Merged(ours, agreed=True)
        return Merged(ours, conflict=Policy.MANUAL if proposed else None, frozen=True)
    if proposal is NOTHING or not proposed:
        return settle(base, ours, theirs, dirty=dirty)
    if not dirty:
        return settle(base, proposal, theirs, dirty=True)
    winner = proposal if policy is Policy.TRACKER else ours
    settled = settle(base, winner, theirs, dirty=True)
    return Merged(winner, settled.push, settled.agreed, policy)


def settle(base: Base | None, want: Value, seen: Value, *, dirty: bool = False) -> Merged:
    """Brings the tracker to `want`: nothing when it shows that, or the pair is known to be as close as it gets."""
    if want == seen:
        return Merged(want, agreed=True)
    known = base is not None and not dirty and (base.record_value, base.tracker_value) == (want, seen)
    return Merged(want, push=not known, agreed=known)
