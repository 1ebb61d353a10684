"""The life of an item: these moves are allowed, every other is refused with a sentence."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from poam.mapping.item import Decision, Milestone, PoamItem, Rating, State
from poam.mapping.life import (
    TRANSITIONS,
    ClosureReason,
    Refused,
    Role,
    Transition,
    check_transition,
    closure_reason,
)
from poam.mapping.profiles import PROFILES, Profile

ITEM = PoamItem(
    uid="u-1",
    system_id="ACME",
    poam_id="V-12",
    weakness_name="Outdated library",
    original_detection_date="2026-01-01",
    scheduled_completion_date="2026-04-01",
    milestones=(Milestone(1, "Patch", "2026-03-01"),),
    original_risk_rating=Rating.MODERATE,
    operational_requirement=Decision.YES,
    false_positive=Decision.YES,
    work_done_by="eve",
)
GENERIC = PROFILES["generic"]
REASONS = ["", "because", *ClosureReason]


def move(
    item: PoamItem,
    to: State,
    role: str = "isso",
    *,
    person: str = "ann",
    reason: str = "",
    evidence: tuple[str, ...] = (),
    profile: Profile | None = GENERIC,
    workers: frozenset[str] = frozenset({"eve"}),
) -> Transition:
    return check_transition(
        item, to, person=person, role=role, workers=workers, reason=reason, evidence=evidence, profile=profile
    )


def allowed(item: PoamItem, to: State, role: str, reason: str, evidence: tuple[str, ...]) -> str:
    try:
        return move(item, to, role, reason=reason, evidence=evidence).id
    except Refused:
        return ""


WITH_ALL = {
    (State.DRAFT, State.SUBMITTED): {"T1": "engineer isso"},
    (State.SUBMITTED, State.OPEN): {"T2": "isso"},
    (State.SUBMITTED, State.DRAFT): {"T3": "isso"},
    (State.DRAFT, State.DISCARDED): {"T4": "isso"},
    (State.OPEN, State.PENDING_VERIFICATION): {"T5": "engineer isso system"},
    (State.PENDING_VERIFICATION, State.OPEN): {"T7": "engineer isso"},
    (State.OPEN, State.RISK_ACCEPTED): {"T9": "isso ao"},
    (State.RISK_ACCEPTED, State.OPEN): {"T10": "isso ao"},
    (State.CLOSED, State.OPEN): {"T12": "isso"},
    (State.CLOSED, State.CLOSED): {"T13": "assessor"},
}
CLOSINGS = {
    (State.PENDING_VERIFICATION, ClosureReason.REMEDIATED): ("T6", "isso"),
    (State.PENDING_VERIFICATION, ClosureReason.FALSE_POSITIVE): ("T8", "isso ao"),
    (State.OPEN, ClosureReason.FALSE_POSITIVE): ("T8", "isso ao"),
    **{
        (State.OPEN, why): ("T11", "isso ao")
        for why in ClosureReason
        if why not in (ClosureReason.REMEDIATED, ClosureReason.FALSE_POSITIVE)
    },
}


def test_with_reason_and_evidence_exactly_these_moves_are_open_to_exactly_these_roles() -> None:
    for state, to, role, why in product(State, State, Role, ClosureReason):
        row, roles = next(iter(WITH_ALL.get((state, to), {"": ""}).items()))
        if to is State.CLOSED and state is not State.CLOSED:
            row, roles = CLOSINGS.get((state, why), ("", ""))
        expected = row if role in roles.split() else ""
        assert allowed(replace(ITEM, state=state), to, role, why, ("scan.pdf",)) == expected


def test_without_evidence_nothing_closes_and_no_risk_is_accepted() -> None:
    for state, role, why in product(State, Role, REASONS):
        for to in (State.CLOSED, State.RISK_ACCEPTED):
            assert allowed(replace(ITEM, state=state), to, role, why, ()) == ""
            assert allowed(replace(ITEM, state=state), to, role, why, (" ",)) == ""


def test_the_daemon_can_claim_and_nothing_else() -> None:
    made = {
        allowed(replace(ITEM, state=state), to, Role.SYSTEM, why, ("scan.pdf",))
        for state, to, why in product(State, State, REASONS)
    }
    assert made == {"", "T5"}


def test_an_unknown_role_and_a_nameless_person_can_do_nothing() -> None:
    for state, to, why in product(State, State, REASONS):
        item = replace(ITEM, state=state)
        assert allowed(item, to, "admin", why, ("scan.pdf",)) == ""
        for role in Role:
            with pytest.raises(Refused):
                move(item, to, role, person=" ", reason=why, evidence=("scan.pdf",))


def refusal(item: PoamItem, to: State, role: str, reason: str) -> Refused | None:
    try:
        move(item, to, role, reason=reason)
    except Refused as refused:
        return refused
    return None


def test_every_refusal_is_one_sentence_with_a_hint() -> None:
    cases = product(State, State, [*Role, "admin"], REASONS)
    refusals = [refusal(replace(ITEM, state=state), to, role, why) for state, to, role, why in cases]
    told = [refused for refused in refusals if refused]
    assert told
    for refused in told:
        assert refused.message == str(refused)
        assert refused.message.endswith(".")
        assert "V-12" in refused.message
        assert refused.hint


def test_a_move_that_needs_a_reason_is_refused_without_one() -> None:
    for row in TRANSITIONS:
        if row.reason and not row.closes_as:
            item = replace(ITEM, state=row.sources[0])
            with pytest.raises(Refused, match="needs a reason"):
                move(item, row.to, row.roles[0], reason="  ", evidence=("letter.pdf",))


def test_an_engineer_cannot_close_and_the_message_says_who_can() -> None:
    with pytest.raises(Refused, match=r"Only an ISSO may make V-12 closed, not ann \(engineer\)\."):
        move(replace(ITEM, state=State.PENDING_VERIFICATION), State.CLOSED, "engineer", evidence=("scan.pdf",))


@pytest.mark.parametrize("person", ["eve", "Eve", " EVE "])
def test_whoever_did_the_work_cannot_verify_it(person: str) -> None:
    item = replace(ITEM, state=State.PENDING_VERIFICATION)
    with pytest.raises(Refused, match="did the work"):
        move(item, State.CLOSED, person=person, evidence=("scan.pdf",))
    with pytest.raises(Refused, match="did the work"):
        move(replace(item, state=State.CLOSED), State.CLOSED, "assessor", person=person, evidence=("sar.pdf",))


@pytest.mark.parametrize("why", ClosureReason)
@pytest.mark.parametrize("state", [State.OPEN, State.PENDING_VERIFICATION])
def test_whoever_ever_did_the_work_closes_it_by_no_word(why: ClosureReason, state: State) -> None:
    item = replace(ITEM, state=state, work_done_by="eve" if state is State.PENDING_VERIFICATION else "")
    if (state, why) in CLOSINGS:
        closing = {"reason": why.value, "evidence": ("scan.pdf",), "workers": frozenset({"Bob", "eve"})}
        assert move(item, State.CLOSED, person="ann", **closing)
        with pytest.raises(Refused, match="bob did the work on V-12"):
            move(item, State.CLOSED, person="bob", **closing)


@pytest.mark.parametrize(
    ("claimant", "told"),
    [
        ("jira:poam", "it was claimed by the account that poam-sync itself uses"),
        ("jira:unattributed", "the tracker does not say who claimed it"),
        ("", "no claim is known"),
    ],
)
def test_work_that_nobody_is_named_for_closes_only_once_a_person_claims_it(claimant: str, told: str) -> None:
    item = replace(ITEM, state=State.PENDING_VERIFICATION, work_done_by=claimant)
    for why in (ClosureReason.REMEDIATED, ClosureReason.FALSE_POSITIVE):
        with pytest.raises(Refused) as refused:
            move(item, State.CLOSED, reason=why, evidence=("scan.pdf",))
        assert refused.value.message == f"Nobody is named for the work on V-12 ({told})."
        assert "poam transition V-12 pending_verification" in refused.value.hint
    for role in (Role.ENGINEER, Role.ISSO):
        assert move(item, State.PENDING_VERIFICATION, role, person="eve").id == "T14"
    for other in (Role.AO, Role.ASSESSOR, Role.SYSTEM):
        with pytest.raises(Refused, match="Only an engineer or an ISSO"):
            move(item, State.PENDING_VERIFICATION, other)


def test_a_claim_that_names_a_person_is_not_claimed_again() -> None:
    with pytest.raises(Refused, match="pending verification already: eve claimed the work"):
        move(replace(ITEM, state=State.PENDING_VERIFICATION), State.PENDING_VERIFICATION, person="ann")


def test_somebody_else_with_evidence_closes_what_was_claimed_done() -> None:
    item = replace(ITEM, state=State.PENDING_VERIFICATION)
    assert move(item, State.CLOSED, evidence=("https://scans.example/7",)).id == "T6"


def test_an_open_item_is_never_closed_as_remediated() -> None:
    with pytest.raises(Refused, match="cannot be closed as remediated") as refused:
        move(ITEM, State.CLOSED, reason="patched everywhere", evidence=("scan.pdf",))
    assert "pending_verification" in refused.value.hint
    assert "duplicate" in refused.value.hint


@pytest.mark.parametrize("decision", [None, Decision.NO, Decision.PENDING])
def test_a_false_positive_closes_only_once_it_is_approved(decision: Decision | None) -> None:
    item = replace(ITEM, false_positive=decision)
    with pytest.raises(Refused, match="no approved false positive"):
        move(item, State.CLOSED, "ao", reason="false positive: not installed", evidence=("dr.pdf",))


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        ("remediated", ClosureReason.REMEDIATED),
        ("", ClosureReason.REMEDIATED),
        ("the scan is clean", ClosureReason.REMEDIATED),
        ("False positive: letter of 3 May", ClosureReason.FALSE_POSITIVE),
        ("false-positive", ClosureReason.FALSE_POSITIVE),
        ("duplicate: of V-3", ClosureReason.DUPLICATE),
        ("duplicate keys were removed", ClosureReason.REMEDIATED),
        ("not_applicable, the service is gone", ClosureReason.NOT_APPLICABLE),
        ("Transferred\nto the agency", ClosureReason.TRANSFERRED),
    ],
)
def test_the_reason_of_a_closing_starts_with_how_it_closes(reason: str, why: ClosureReason) -> None:
    assert closure_reason(reason) is why


def test_an_item_is_baselined_only_with_a_date_and_a_milestone() -> None:
    item = replace(ITEM, state=State.SUBMITTED)
    for empty in ({"scheduled_completion_date": None}, {"milestones": ()}):
        with pytest.raises(Refused, match=next(iter(empty))):
            move(replace(item, **empty), State.OPEN)


def test_fedramp_never_accepts_the_risk_of_a_high_unless_it_was_lowered() -> None:
    fedramp = PROFILES["fedramp_rev5"]
    for rating, role in product((Rating.CRITICAL, Rating.HIGH, None), ("isso", "ao")):
        item = replace(ITEM, original_risk_rating=rating)
        with pytest.raises(Refused, match="cannot be accepted under FedRAMP Rev 5"):
            move(item, State.RISK_ACCEPTED, role, reason="AO", evidence=("letter.pdf",), profile=fedramp)
        lowered = replace(item, adjusted_risk_rating=Rating.MODERATE, risk_adjustment=Decision.YES)
        row = move(lowered, State.RISK_ACCEPTED, role, reason="AO", evidence=("letter.pdf",), profile=fedramp)
        assert row.id == "T9"


def test_fedramp_accepts_a_risk_only_as_an_approved_operational_requirement() -> None:
    item = replace(ITEM, operational_requirement=Decision.PENDING)
    with pytest.raises(Refused, match="operational requirement"):
        move(
            item,
            State.RISK_ACCEPTED,
            reason="AO",
            evidence=("letter.pdf",),
            profile=PROFILES["fedramp_rev5"],
        )


def test_cmmc_accepts_no_risk_at_all() -> None:
    for rating in Rating:
        item = replace(ITEM, original_risk_rating=rating)
        with pytest.raises(Refused, match="CMMC"):
            move(item, State.RISK_ACCEPTED, "ao", reason="AO", evidence=("x",), profile=PROFILES["cmmc_l2"])


def test_an_unknown_profile_is_treated_like_the_strict_ones() -> None:
    high = replace(ITEM, original_risk_rating=Rating.HIGH)
    with pytest.raises(Refused):
        move(high, State.RISK_ACCEPTED, "ao", reason="AO", evidence=("letter.pdf",), profile=None)


def test_nothing_leads_out_of_discarded() -> None:
    assert all(State.DISCARDED not in row.sources for row in TRANSITIONS)
    with pytest.raises(Refused, match="cannot become open") as refused:
        move(replace(ITEM, state=State.DISCARDED), State.OPEN, reason="oops")
    assert refused.value.hint == "This state is final."


def test_the_rows_are_numbered_once_each() -> None:
    assert [row.id for row in TRANSITIONS] == [f"T{n}" for n in range(1, 15)]
