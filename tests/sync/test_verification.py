"""Closing takes evidence and another person; what is opened again was never closed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.connectors.base import Status
from poam.connectors.memory import MemoryPerson
from poam.mapping.item import Decision, State, WorkStatus
from poam.mapping.life import Role
from poam.sync.errors import InputError, NotAllowed
from poam.sync.settings.config import Person

from .deciding import (
    ANN,
    EVA,
    ISSO,
    OTTO,
    SCAN,
    approved,
    at_rest,
    close,
    deciding,
    moved,
    pair,
    rejected,
    unwritten,
)
from .engine import Engine, config, engine, item


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


# verification


def test_a_claim_is_verified_with_evidence_by_somebody_else(mirrored: Engine, tmp_path: Path) -> None:
    close(mirrored)
    proof = tmp_path / "scan.csv"
    proof.write_bytes(b"clean")

    moved(mirrored, State.CLOSED, reason="verified by scan", evidence=(str(proof), SCAN))

    closed = mirrored.item()
    assert (closed.state, closed.closure_reason) == (State.CLOSED, "remediated")
    assert closed.actual_completion_date == "2026-03-02"
    query = "SELECT kind, reference, sha256, added_by FROM evidence WHERE state = 'accepted'"
    kept = list(mirrored.record.db.query(query))
    digest = hashlib.sha256(b"clean").hexdigest()
    assert kept == [
        {"kind": "file", "reference": "scan.csv", "sha256": digest, "added_by": ISSO},
        {"kind": "url", "reference": SCAN, "sha256": "", "added_by": ISSO},
    ]
    at_rest(mirrored)


@pytest.mark.parametrize(
    ("who", "evidence", "told"),
    [
        ({}, (), "needs evidence"),
        ({}, ("",), "needs evidence"),
        ({"person": ANN}, (SCAN,), f"{ANN} did the work"),
        ({"person": EVA, "on_behalf_of": ANN}, (SCAN,), f"{ANN} did the work"),
        ({"person": ANN, "on_behalf_of": ISSO}, (SCAN,), f"{ANN} did the work"),
        ({"person": EVA, "role": Role.ENGINEER}, (SCAN,), "Only an ISSO"),
        ({"person": OTTO, "role": Role.AO}, (SCAN,), "Only an ISSO"),
        ({"person": "poam-sync", "role": Role.SYSTEM}, (SCAN,), "Only an ISSO"),
    ],
)
def test_nobody_verifies_without_evidence_or_role_or_their_own_work(
    mirrored: Engine, who: dict[str, Any], evidence: tuple[str, ...], told: str
) -> None:
    close(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(NotAllowed, match=told):
        moved(mirrored, State.CLOSED, evidence=evidence, **who)
    assert unwritten(mirrored) == before


@pytest.mark.parametrize("last", ["missing.csv", "."])
def test_evidence_that_is_not_there_keeps_everything_as_it_was(mirrored: Engine, tmp_path: Path, last: str) -> None:
    close(mirrored)
    proof = tmp_path / "scan.csv"
    proof.write_bytes(b"clean")
    before = unwritten(mirrored)
    with pytest.raises(InputError, match="is neither a file nor a URL"):
        moved(mirrored, State.CLOSED, evidence=(str(proof), str(tmp_path / last)))
    assert unwritten(mirrored) == before
    assert mirrored.item().state is State.PENDING_VERIFICATION


def test_a_completion_date_is_the_day_at_the_systems_own_place(mirrored: Engine) -> None:
    systems = [each.model_copy(update={"timezone": "America/New_York"}) for each in config().systems]
    mirrored.config = config().model_copy(update={"systems": tuple(systems)})
    mirrored.clock.advance(hours=15)  # 2026-03-03 03:00 UTC is the evening of 2026-03-02 in New York
    close(mirrored)
    assert (mirrored.item().work_done_at or "").startswith("2026-03-03")

    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    assert mirrored.item().actual_completion_date == "2026-03-02"


def test_a_verification_that_failed_opens_item_and_issue_again_with_the_old_dates(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.OPEN, reason="the scan still finds it")
    assert (mirrored.item().state, mirrored.item().work_done_at, mirrored.item().work_done_by) == (State.OPEN, None, "")
    assert mirrored.item().scheduled_completion_date == "2026-05-01"
    at_rest(mirrored)
    assert mirrored.issue().status.category == "todo"


# whose work it was


def test_one_who_did_the_work_closes_it_by_no_other_word_after_opening_it_again(mirrored: Engine) -> None:
    claimed_by(mirrored, "irene")
    moved(mirrored, State.OPEN, reason="not so fast")
    assert mirrored.item().work_done_by == ""
    before = unwritten(mirrored)

    for who in ({}, {"person": ISSO, "on_behalf_of": OTTO, "role": Role.AO}, {"person": EVA, "on_behalf_of": ISSO}):
        with pytest.raises(NotAllowed, match=f"{ISSO} did the work on V-1"):
            moved(mirrored, State.CLOSED, reason="superseded: by V-2", evidence=(SCAN,), **who)

    assert unwritten(mirrored) == before
    moved(mirrored, State.CLOSED, reason="superseded: by V-2", evidence=(SCAN,), person=OTTO, role=Role.AO)
    assert mirrored.item().closure_reason == "superseded"


def test_a_claim_that_another_one_followed_is_not_forgotten(mirrored: Engine) -> None:
    claimed_by(mirrored, "irene")
    moved(mirrored, State.OPEN, reason="one host is left")
    mirrored.later()
    claimed_by(mirrored, "ann")
    assert mirrored.item().work_done_by == ANN
    with pytest.raises(NotAllowed, match=f"{ISSO} did the work"):
        moved(mirrored, State.CLOSED, evidence=(SCAN,))


def test_a_claim_at_the_tracker_counts_where_the_records_word_held(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), policies={"work_status": "record"}) as ready:
        ready.cycle()
        with deciding(ready) as decider:
            decider.change(ready.item(), {"work_status": "blocked", "work_status_version": 1}, reason="x")
        claimed_by(ready, "irene")
        assert ready.item().state is State.OPEN
        moved(ready, State.PENDING_VERIFICATION, person=ANN, role=Role.ENGINEER)
        with pytest.raises(NotAllowed, match=f"{ISSO} did the work"):
            moved(ready, State.CLOSED, evidence=(SCAN,))


def test_an_isso_who_closes_the_issue_of_an_item_that_is_closed_already_did_not_do_the_work(mirrored: Engine) -> None:
    moved(mirrored, State.CLOSED, reason="duplicate: of V-2", evidence=(SCAN,))
    claimed_by(mirrored, "irene")
    assert mirrored.item().work_done_by == ""
    moved(mirrored, State.OPEN, reason="it is none")
    claimed_by(mirrored, "ann", again=True)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    assert mirrored.item().state is State.CLOSED


def test_an_account_that_is_known_only_later_did_the_work_as_that_person(mirrored: Engine) -> None:
    claimed_by(mirrored, "carl")
    assert mirrored.item().work_done_by == "jira:carl"
    known = Person(role="isso", accounts=("jira:irene", "jira:carl"))
    mirrored.config = mirrored.config.model_copy(update={"people": {**mirrored.config.people, ISSO: known}})
    with pytest.raises(NotAllowed, match=f"{ISSO} did the work"):
        moved(mirrored, State.CLOSED, evidence=(SCAN,))


def nobody(ready: Engine, how: str) -> None:
    """Somebody closes the issue with our own token, or the tracker does not say who."""
    remote = ready.link().remote_id or ""
    if how == "poam":
        ready.world.change(ready.issue().author, remote, {"status": Status("completed", "done", "completed")})
    else:
        claimed_by(ready, "")
    ready.later()
    assert (ready.item().state, ready.item().work_done_by) == (State.PENDING_VERIFICATION, f"jira:{how}")


@pytest.mark.parametrize(
    ("how", "told"),
    [
        ("poam", "it was claimed by the account that poam-sync itself uses"),
        ("unattributed", "the tracker does not say who claimed it"),
    ],
)
def test_work_that_nobody_is_named_for_closes_once_a_person_put_their_name_to_it(
    mirrored: Engine, how: str, told: str
) -> None:
    nobody(mirrored, how)
    claimed_at = mirrored.item().work_done_at
    before = unwritten(mirrored)
    with pytest.raises(NotAllowed) as refused:
        moved(mirrored, State.CLOSED, evidence=(SCAN,))
    assert str(refused.value).startswith(f"Nobody is named for the work on V-1 ({told})")
    assert unwritten(mirrored) == before

    moved(mirrored, State.PENDING_VERIFICATION, person=ANN, role=Role.ENGINEER)

    claimed = mirrored.item()
    assert (claimed.state, claimed.work_done_by, claimed.work_done_at) == (State.PENDING_VERIFICATION, ANN, claimed_at)
    at_rest(mirrored)
    with pytest.raises(NotAllowed, match=f"already: {ANN} claimed the work"):
        moved(mirrored, State.PENDING_VERIFICATION, person=EVA, role=Role.ENGINEER)
    with pytest.raises(NotAllowed, match=f"{ANN} did the work"):
        moved(mirrored, State.CLOSED, evidence=(SCAN,), person=ANN)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    assert mirrored.item().state is State.CLOSED


def claimed_by(ready: Engine, account: str, *, again: bool = False) -> None:
    """Somebody closes the issue at the tracker, or opens it to close it anew."""
    person, remote = MemoryPerson(ready.world, account), ready.link().remote_id or ""
    if again:
        person.reopen(remote)
        ready.later()
    person.close(remote)
    ready.later()


# a closed item whose issue is reopened


def reopened(ready: Engine) -> None:
    close(ready)
    moved(ready, State.CLOSED, evidence=(SCAN,))
    ready.later()
    ready.person.reopen(ready.link().remote_id or "")
    ready.later()
    ready.later()


def test_approving_a_reopening_opens_the_item_and_leaves_the_issue_as_the_engineer_has_it(mirrored: Engine) -> None:
    reopened(mirrored)
    before = len(mirrored.issue().history)

    assert approved(mirrored) == "V-1: open again, with its original dates"

    again = mirrored.item()
    assert (again.state, again.work_status) == (State.OPEN, WorkStatus.NOT_STARTED)
    assert (again.closure_reason, again.actual_completion_date, again.work_done_at) == ("", None, None)
    assert (again.scheduled_completion_date, again.original_detection_date) == ("2026-05-01", "2026-01-31")
    at_rest(mirrored)
    assert mirrored.issue().status.category == "todo"
    assert len(mirrored.issue().history) == before


def test_an_ao_cannot_reopen_by_approving(mirrored: Engine) -> None:
    reopened(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(NotAllowed, match="Only an ISSO"):
        approved(mirrored, person=OTTO, role=Role.AO)
    assert unwritten(mirrored) == before


def test_rejecting_a_reopening_leaves_the_item_closed(mirrored: Engine) -> None:
    reopened(mirrored)
    assert "rejected" in rejected(mirrored, reason="another finding: V-9")
    assert mirrored.item().state is State.CLOSED
    at_rest(mirrored)


def test_an_issue_that_cannot_be_reproduced_becomes_a_pending_false_positive(mirrored: Engine) -> None:
    close(mirrored, how="wont_do")
    with deciding(mirrored) as decider:
        decider.unit.change(decider.by, "requests", 1, {"kind": "cannot_reproduce"})
    assert "a false positive is pending" in approved(mirrored)
    assert (mirrored.item().false_positive, mirrored.item().state) == (Decision.PENDING, State.OPEN)


def test_the_evidence_of_a_closure_stands_in_the_document(tmp_path: Path) -> None:
    scan = tmp_path / "clean-scan.txt"
    scan.write_text("nothing found")
    with pair(tmp_path) as ready:
        ready.person.close(ready.link().remote_id or "")
        ready.later()
        moved(ready, State.CLOSED, reason="remediated", evidence=(str(scan), SCAN))
        assert ready.item().supporting_documents.splitlines() == [
            "Remediation Evidence : clean-scan.txt",
            f"Remediation Evidence : {SCAN}",
        ]


def test_what_proved_an_end_that_was_taken_back_proves_nothing_any_more(mirrored: Engine) -> None:
    reopened(mirrored)
    approved(mirrored)
    assert mirrored.item().supporting_documents == f"Remediation Evidence (withdrawn) : {SCAN}"

    mirrored.person.close(mirrored.link().remote_id or "")
    mirrored.later()
    moved(mirrored, State.CLOSED, reason="remediated", evidence=(SCAN, SCAN))

    assert mirrored.item().supporting_documents.splitlines() == [
        f"Remediation Evidence (withdrawn) : {SCAN}",
        f"Remediation Evidence : {SCAN}",
    ]
    moved(mirrored, State.OPEN)
    assert mirrored.item().supporting_documents == f"Remediation Evidence (withdrawn) : {SCAN}"


@pytest.mark.parametrize(
    ("reason", "told"),
    [("duplicate: of V-2", "Duplicate Evidence"), ("decommissioned", "Decommissioning Evidence")],
)
def test_evidence_is_called_by_what_it_proves(mirrored: Engine, reason: str, told: str) -> None:
    moved(mirrored, State.CLOSED, reason=reason, evidence=(SCAN,))
    assert mirrored.item().supporting_documents == f"{told} : {SCAN}"


def test_an_assessors_validation_is_no_second_remediation(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    moved(mirrored, State.CLOSED, reason="", evidence=(SCAN,), person=EVA, role=Role.ASSESSOR)
    assert mirrored.item().supporting_documents.splitlines() == [
        f"Remediation Evidence : {SCAN}",
        f"Validation Evidence : {SCAN}",
    ]
