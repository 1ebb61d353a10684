"""The life of an item: which state may follow which, who may move it, and what they must bring.

The table is the whole state machine; nobody deletes an item and no rule moves one without a person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from .dates import effective_rating
from .item import Decision, PoamItem, State
from .profiles import UP_TO_MODERATE, Profile


class Role(StrEnum):
    """What a person may decide. `system` is the daemon: it records claims and approves nothing."""

    ENGINEER = "engineer"
    ISSO = "isso"
    AO = "ao"
    ASSESSOR = "assessor"
    SYSTEM = "system"


UNATTRIBUTED = "unattributed"
"""The account of whoever did something where the tracker names nobody."""

MIRRORED_STATES = frozenset({State.OPEN, State.PENDING_VERIFICATION, State.RISK_ACCEPTED})
"""Where an item has an issue: once it was approved, and for as long as it answers for a weakness."""


class ClosureReason(StrEnum):
    """The lawful ends of an item."""

    REMEDIATED = "remediated"
    FALSE_POSITIVE = "false_positive"
    NOT_APPLICABLE = "not_applicable"
    DECOMMISSIONED = "decommissioned"
    DUPLICATE = "duplicate"
    SUPERSEDED = "superseded"
    TRANSFERRED = "transferred"


class RequestKind(StrEnum):
    """What can wait for a person's decision because of something an engineer did at the tracker."""

    LATER_DATE = "later_date"
    DECLINED = "declined"
    DUPLICATE = "duplicate"
    CANNOT_REPRODUCE = "cannot_reproduce"
    REOPENED = "reopened"
    VENDOR_DEPENDENCY = "vendor_dependency"
    VENDOR_CHECK_IN = "vendor_check_in"
    FALSE_POSITIVE = "false_positive"


class Refused(Exception):
    """A move the rules forbid: one sentence why; `hint` says what to do instead."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of the state machine: from, to, who, and what they must bring.

    `required` are the item's columns to be filled before; `closes_as` tells the ways to close apart.
    """

    id: str
    sources: tuple[State, ...]
    to: State
    roles: tuple[Role, ...]
    reason: bool = False
    evidence: bool = False
    required: tuple[str, ...] = ()
    closes_as: tuple[ClosureReason, ...] = ()

    @property
    def implementer_may_not(self) -> bool:
        """Whether nobody may who ever did the work: whatever word an item is closed with (NIST SP 800-53, AC-5)."""
        return self.to is State.CLOSED


_STAFF, _ISSO, _DECIDERS = (Role.ENGINEER, Role.ISSO), (Role.ISSO,), (Role.ISSO, Role.AO)
_DRAFT, _SUBMITTED, _OPEN, _PENDING = State.DRAFT, State.SUBMITTED, State.OPEN, State.PENDING_VERIFICATION
_ACCEPTED, _CLOSED = State.RISK_ACCEPTED, State.CLOSED
_FIXED, _NOT_REAL = (ClosureReason.REMEDIATED,), (ClosureReason.FALSE_POSITIVE,)
_NOT_OURS = tuple(why for why in ClosureReason if why not in _FIXED + _NOT_REAL)

TRANSITIONS: tuple[Transition, ...] = (
    Transition("T1", (_DRAFT,), _SUBMITTED, _STAFF, required=("weakness_name", "original_detection_date")),
    Transition("T2", (_SUBMITTED,), _OPEN, _ISSO, required=("scheduled_completion_date", "milestones")),
    Transition("T3", (_SUBMITTED,), _DRAFT, _ISSO, reason=True),
    Transition("T4", (_DRAFT,), State.DISCARDED, _ISSO, reason=True),
    # The claim is always recorded; what is unfinished is a check's finding, not a refusal.
    Transition("T5", (_OPEN,), _PENDING, (*_STAFF, Role.SYSTEM)),
    Transition("T6", (_PENDING,), _CLOSED, _ISSO, evidence=True, closes_as=_FIXED),
    # An engineer may take the claim back: that is what reopening the issue says.
    Transition("T7", (_PENDING,), _OPEN, _STAFF, reason=True),
    Transition("T8", (_OPEN, _PENDING), _CLOSED, _DECIDERS, reason=True, evidence=True, closes_as=_NOT_REAL),
    Transition("T9", (_OPEN,), _ACCEPTED, _DECIDERS, reason=True, evidence=True),
    Transition("T10", (_ACCEPTED,), _OPEN, _DECIDERS, reason=True),
    Transition("T11", (_OPEN,), _CLOSED, _DECIDERS, reason=True, evidence=True, closes_as=_NOT_OURS),
    Transition("T12", (_CLOSED,), _OPEN, _ISSO, reason=True),
    # The assessor's validation: the state stays, the journal holds who looked and at what.
    Transition("T13", (_CLOSED,), _CLOSED, (Role.ASSESSOR,), evidence=True),
    # A claim that names nobody cannot be verified: whoever did the work puts their name to it.
    Transition("T14", (_PENDING,), _PENDING, _STAFF),
)


def closure_reason(reason: str) -> ClosureReason:
    """How an item closes: what its reason starts with (`duplicate: of V-3`), else remediated."""
    head = re.split(r"[:;,.\n]", reason, maxsplit=1)[0].strip().casefold()
    word = re.sub(r"[\s_-]+", "_", head)
    return ClosureReason(word) if word in set(ClosureReason) else ClosureReason.REMEDIATED


def check_transition(
    item: PoamItem,
    to: State,
    *,
    person: str,
    role: str,
    workers: Collection[str],
    reason: str,
    evidence: Sequence[str],
    profile: Profile | None = None,
) -> Transition:
    """The row that allows this person to move the item; raises Refused with what is missing.

    `workers` are all persons who ever did, or claimed, work on the item; an account that could be anybody is none.
    A closing's reason starts with its closure reason (see `closure_reason`). Without a profile the risk of a
    Critical or High cannot be accepted.
    """
    row = _row(item, to, reason)
    _check_person(item, row, person, role)
    _check_work(item, row, person, workers)
    _check_filled(item, row)
    _check_decision(item, row, profile)
    if row.reason and not reason.strip():
        raise Refused(f"{_name(item)} needs a reason to become {_said(to)}.", "Add --reason TEXT.")
    if row.evidence and not any(each.strip() for each in evidence):
        raise Refused(f"{_name(item)} needs evidence to become {_said(to)}.", "Add --evidence FILE or URL.")
    return row


def _row(item: PoamItem, to: State, reason: str) -> Transition:
    """The row for this move; a closing is told apart by its reason."""
    rows = [row for row in TRANSITIONS if item.state in row.sources and row.to is to]
    why = closure_reason(reason)
    for row in rows:
        if not row.closes_as or why in row.closes_as:
            return row
    if rows:
        ways = ", ".join(sorted(way for row in rows for way in row.closes_as))
        raise Refused(
            f"{_name(item)} is {_said(item.state)} and cannot be closed as {_said(why)}.",
            f"Start the reason with one of: {ways}; what is remediated passes pending_verification first.",
        )
    ways = ", ".join(sorted({row.to for row in TRANSITIONS if item.state in row.sources}))
    raise Refused(
        f"{_name(item)} is {_said(item.state)} and cannot become {_said(to)}.",
        f"From here it can become: {ways}." if ways else "This state is final.",
    )


def _check_person(item: PoamItem, row: Transition, person: str, role: str) -> None:
    if item.state is row.to is State.CLOSED and role not in row.roles:
        raise Refused(
            f"{_name(item)} is {_said(row.to)} already.", "Nothing is left to do; an assessor may validate it."
        )
    if not person.strip() or role not in row.roles:
        who = " or ".join(_TITLES[each] for each in row.roles)
        raise Refused(
            f"Only {who} may make {_name(item)} {_said(row.to)}, not {person.strip() or 'nobody'} ({role}).",
            "Ask them to do it, or let the configuration give this person the role.",
        )


def _check_work(item: PoamItem, row: Transition, person: str, workers: Collection[str]) -> None:
    """Never one's own work, and never work that may be one's own because nobody is named for it."""
    named = {worker.strip().casefold() for worker in workers}
    claimed = item.work_done_by.strip().casefold() in named
    if row.implementer_may_not and person.strip().casefold() in named:
        raise Refused(
            f"{person.strip()} did the work on {_name(item)} and cannot verify it.",
            "Somebody else with the role has to decide.",
        )
    if row.implementer_may_not and item.state is State.PENDING_VERIFICATION and not claimed:
        raise Refused(
            f"Nobody is named for the work on {_name(item)} ({_claimant(item)}).",
            f"The person who did it claims it: poam transition {_name(item)} pending_verification --reason TEXT, "
            "in their own name; then another person closes it.",
        )
    if row.id == "T14" and claimed:
        raise Refused(
            f"{_name(item)} is pending verification already: {item.work_done_by} claimed the work.",
            "Somebody else verifies and closes it.",
        )


def _claimant(item: PoamItem) -> str:
    if not item.work_done_by:
        return "no claim is known"
    if item.work_done_by.endswith(f":{UNATTRIBUTED}"):
        return "the tracker does not say who claimed it"
    return "it was claimed by the account that poam-sync itself uses"


def _check_filled(item: PoamItem, row: Transition) -> None:
    missing = [column for column in row.required if not getattr(item, column)]
    if missing:
        raise Refused(
            f"{_name(item)} cannot become {_said(row.to)} without {' and '.join(missing)}.",
            f"Set it first: poam set {_name(item)} {missing[0]}=VALUE --reason TEXT.",
        )


def _check_decision(item: PoamItem, row: Transition, profile: Profile | None) -> None:
    if row.id == "T8" and item.false_positive is not Decision.YES:
        raise Refused(
            f"{_name(item)} has no approved false positive deviation.",
            "Record the authorizing official's decision (false_positive=yes) first.",
        )
    if row.id == "T9":
        _check_acceptance(item, profile)


def accepting(item: PoamItem, profile: Profile) -> str:
    """How the risk of an open item can be accepted under a profile, or why it cannot: sentences for who decides."""
    way = f"poam transition {_name(item)} risk_accepted --evidence FILE --reason TEXT"
    try:
        _check_acceptable(item, profile)
    except Refused as refused:
        return f"{refused.message} {refused.hint}"
    try:
        _check_operational_requirement(item, profile)
    except Refused as refused:
        return f"{refused.message} {refused.hint} Then: {way}"
    return f"The acceptance of its risk is recorded with {way}"


def _check_acceptance(item: PoamItem, profile: Profile | None) -> None:
    _check_acceptable(item, profile)
    if profile is not None:
        _check_operational_requirement(item, profile)


def _check_acceptable(item: PoamItem, profile: Profile | None) -> None:
    rating = effective_rating(item)
    acceptable = UP_TO_MODERATE if profile is None else profile.acceptable
    regime = "without a profile" if profile is None else f"under {profile.name}"
    if rating not in acceptable:
        raise Refused(
            f"The risk of {_name(item)} ({rating or 'not rated'}) cannot be accepted {regime}.",
            "Lower it first by an approved risk adjustment, or remediate it.",
        )


def _check_operational_requirement(item: PoamItem, profile: Profile) -> None:
    if profile.acceptance_needs_operational_requirement and item.operational_requirement is not Decision.YES:
        raise Refused(
            f"{profile.name} accepts the risk of {_name(item)} only as an approved operational requirement.",
            "Record the authorizing official's decision (operational_requirement=yes) first.",
        )


_TITLES = {
    Role.ENGINEER: "an engineer",
    Role.ISSO: "an ISSO",
    Role.AO: "an authorizing official",
    Role.ASSESSOR: "an assessor",
    Role.SYSTEM: "poam-sync itself",
}


def _name(item: PoamItem) -> str:
    return item.poam_id or item.uid


def _said(value: str) -> str:
    return value.replace("_", " ")
