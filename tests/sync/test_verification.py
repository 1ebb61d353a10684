"""Closing takes evidence and another person; what is opened again was never closed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import Decision, State, WorkStatus
from poam.mapping.life import Role
from poam.sync.errors import InputError, NotAllowed

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
from .engine import Engine, config


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
