"""Requests: decided by somebody else with the role, with consequences that end at rest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import State, WorkStatus
from poam.mapping.life import Role
from poam.sync.errors import InputError, NotAllowed

from .deciding import (
    ANN,
    EVA,
    ISSO,
    OTTO,
    approved,
    ask,
    at_rest,
    close,
    pair,
    rejected,
    unwritten,
)
from .engine import Engine


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


# a later date


def test_a_later_date_without_extensions_is_acknowledged_and_the_due_date_stays(mirrored: Engine) -> None:
    ask(mirrored)

    told = approved(mirrored)

    assert "acknowledged, not extended: FedRAMP Rev 5 knows no extensions" in told
    assert "the due date stays 2026-05-01 and lateness counts from there" in told
    (change,) = mirrored.item().milestone_changes
    assert (change.number, change.kind, change.date) == (1, "Update", "2026-07-01")
    assert change.description == (
        "Completion by 2026-07-01, later than the due date 2026-05-01, which stands. "
        f"Asked for by {ANN}, acknowledged by {ISSO}."
    )
    assert (mirrored.item().scheduled_completion_date, mirrored.item().approved_extension_date) == ("2026-05-01", None)
    at_rest(mirrored)
    assert mirrored.issue().due_dates == ("2026-05-01",)
    assert mirrored.requests() == []


def test_a_later_date_where_extensions_exist_moves_what_is_due_and_the_issue_follows(mirrored: Engine) -> None:
    ask(mirrored, 2)

    assert approved(mirrored) == "V-2: extended to 2026-07-01"

    assert mirrored.item(2).approved_extension_date == "2026-07-01"
    assert mirrored.item(2).scheduled_completion_date == "2026-05-01"
    (change,) = mirrored.item(2).milestone_changes
    assert change.date == "2026-07-01"
    assert change.description == (
        "Completion by 2026-07-01, later than the due date 2026-05-01, which is extended to 2026-07-01. "
        f"Asked for by {ANN}, approved by {ISSO}."
    )
    at_rest(mirrored)
    assert mirrored.issue(2).due_dates == ("2026-07-01",)


def test_a_second_extension_is_another_milestone_change(mirrored: Engine) -> None:
    ask(mirrored, 2)
    approved(mirrored)
    mirrored.later()
    ask(mirrored, 2, "2026-08-01")
    approved(mirrored, 2)
    assert [change.date for change in mirrored.item(2).milestone_changes] == ["2026-07-01", "2026-08-01"]
    at_rest(mirrored)


def test_a_rejected_date_leaves_everything_as_it_was_and_its_reason_stays(mirrored: Engine) -> None:
    ask(mirrored)
    assert rejected(mirrored, reason="no plan given") == "V-1: rejected; the due date stays 2026-05-01"
    (request,) = mirrored.requests("rejected")
    assert (request.decided_by, request.decision_reason) == (ISSO, "no plan given")
    assert mirrored.item().milestone_changes == ()
    at_rest(mirrored)
    assert mirrored.issue().due_dates == ("2026-05-01",)


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_rejection_needs_a_reason(mirrored: Engine, reason: str) -> None:
    ask(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(InputError, match="needs a reason"):
        rejected(mirrored, reason=reason)
    assert unwritten(mirrored) == before


# who may


@pytest.mark.parametrize("decide", [approved, rejected])
@pytest.mark.parametrize(
    ("who", "told"),
    [
        ({"person": EVA, "role": Role.ENGINEER}, "cannot decide request 1"),
        ({"person": EVA, "role": Role.ASSESSOR}, "cannot decide request 1"),
        ({"person": "poam-sync", "role": Role.SYSTEM}, "cannot decide request 1"),
        ({"person": ANN}, "asked for request 1 and cannot decide it"),
        ({"person": ANN, "on_behalf_of": OTTO, "role": Role.AO}, "asked for request 1 and cannot decide it"),
        ({"person": EVA, "on_behalf_of": ANN}, "asked for request 1 and cannot decide it"),
    ],
)
def test_a_request_is_decided_by_somebody_else_with_the_role(
    mirrored: Engine, decide: Any, who: dict[str, Any], told: str
) -> None:
    ask(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(NotAllowed, match=told):
        decide(mirrored, **who)
    assert unwritten(mirrored) == before


def test_an_isso_who_moved_the_date_at_the_tracker_is_the_requester_too(mirrored: Engine) -> None:
    ask(mirrored, by="irene")
    with pytest.raises(NotAllowed, match=f"{ISSO} asked for request 1"):
        approved(mirrored)


def test_a_decision_for_another_person_keeps_both_names(mirrored: Engine) -> None:
    ask(mirrored)
    approved(mirrored, on_behalf_of=OTTO, role=Role.AO)
    query = "SELECT person, on_behalf_of, role, origin FROM journal WHERE entity = 'requests' AND old = 'waiting'"
    rows = list(mirrored.record.db.query(query))
    assert rows == [{"person": ISSO, "on_behalf_of": OTTO, "role": "ao", "origin": "cli"}]
    assert f"acknowledged by {OTTO} (entered by {ISSO})." in mirrored.item().milestone_changes[0].description


@pytest.mark.parametrize("decide", [approved, rejected])
def test_a_request_is_decided_once(mirrored: Engine, decide: Any) -> None:
    ask(mirrored)
    approved(mirrored)
    with pytest.raises(InputError, match="request 1 is approved already"):
        decide(mirrored)
    with pytest.raises(InputError, match="there is no request 9"):
        decide(mirrored, 9)


# declined work


@pytest.mark.parametrize("how", ["wont_do", "duplicate"])
def test_rejecting_a_declined_issue_opens_it_again_once(mirrored: Engine, how: str) -> None:
    close(mirrored, how=how)
    before = len(mirrored.issue().history)

    told = rejected(mirrored, reason="it is exploitable")
    assert told == "V-1: rejected; the issue is opened again with the next sync"

    assert mirrored.item().work_status is WorkStatus.NOT_STARTED
    at_rest(mirrored)
    assert mirrored.issue().status.category == "todo"
    assert len(mirrored.issue().history) == before + 1
    assert mirrored.item().state is State.OPEN


@pytest.mark.parametrize(
    ("how", "next_step"),
    [("wont_do", "poam transition V-1 risk_accepted"), ("duplicate", 'poam transition V-1 closed --reason "duplicate')],
)
def test_approving_a_declined_issue_leaves_the_item_open_and_says_what_is_still_to_decide(
    mirrored: Engine, how: str, next_step: str
) -> None:
    close(mirrored, how=how)
    assert next_step in approved(mirrored)
    assert mirrored.item().state is State.OPEN
    at_rest(mirrored)
    assert mirrored.issue().status.category == "done"
