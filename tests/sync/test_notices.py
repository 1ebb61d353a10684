"""What engineers read of decisions: each in one line of their issue, for as long as it holds and no longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import State, WorkStatus
from poam.mapping.life import Role
from poam.sync.deciding.edits import edit
from poam.sync.deciding.requests import approve
from poam.sync.deciding.transitions import transition
from poam.sync.record.past import last_word_on_work

from .deciding import ANN, EVA, OTTO, SCAN, approved, ask, at_rest, close, deciding, moved, pair, rejected
from .engine import Engine

WHY = "the port is still open"


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


def told(ready: Engine, words: str, n: int = 1) -> list[str]:
    """The lines of the issue that begin so, at rest."""
    at_rest(ready)
    return [line for line in ready.issue(n).body.split("\n") if line.startswith(words)]


def by_hand(ready: Engine, status: str) -> None:
    with deciding(ready) as decider:
        edit(decider, ready.item(), {"work_status": status}, reason=WHY)


def start(ready: Engine) -> None:
    ready.person.start(ready.link().remote_id or "")
    ready.later()


def reopen(ready: Engine) -> None:
    ready.person.reopen(ready.link().remote_id or "")
    ready.later()
    ready.later()


# a claim


def test_a_refused_claim_says_when_and_why_until_the_next_claim(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.OPEN, reason=WHY)
    line = f"Not accepted as done on 2026-03-02: {WHY}"
    assert told(mirrored, "Not accepted") == [line]

    start(mirrored)
    assert told(mirrored, "Not accepted") == [line], "who begins again still wants to know"

    close(mirrored)
    assert told(mirrored, "Not accepted") == []


def test_a_claim_that_the_engineer_takes_back_was_refused_by_nobody(mirrored: Engine) -> None:
    close(mirrored)
    reopen(mirrored)
    assert mirrored.item().state is State.OPEN
    assert told(mirrored, "Not accepted") == []


def test_a_claim_taken_back_by_command_was_refused_by_nobody_either(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.OPEN, reason="not yet", person=ANN, role=Role.ENGINEER)
    assert told(mirrored, "Not accepted") == []


def test_an_isso_who_takes_their_own_claim_back_refuses_nobody(mirrored: Engine) -> None:
    moved(mirrored, State.PENDING_VERIFICATION)
    moved(mirrored, State.OPEN, reason="not yet")
    assert told(mirrored, "Not accepted") == []
    assert told(mirrored, "The claim was taken back") == ["The claim was taken back on 2026-03-02: not yet"]

    close(mirrored)
    assert told(mirrored, "The claim was taken back") == []
    moved(mirrored, State.OPEN, reason=WHY)
    assert told(mirrored, "Not accepted") == [f"Not accepted as done on 2026-03-02: {WHY}"], "that one was ann's"


def test_a_claim_that_its_claimant_takes_back_for_somebody_else_is_refused_by_them(mirrored: Engine) -> None:
    moved(mirrored, State.PENDING_VERIFICATION)
    moved(mirrored, State.OPEN, reason=WHY, on_behalf_of=EVA)
    assert told(mirrored, "Not accepted") == [f"Not accepted as done on 2026-03-02: {WHY}"]


def test_a_refusal_of_an_earlier_claim_is_over_once_there_was_another(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.OPEN, reason=WHY)
    mirrored.later()
    assert last_word_on_work(mirrored.record.db, "uid-1") is not None
    close(mirrored)
    assert last_word_on_work(mirrored.record.db, "uid-1") is None, "a claim is nobody's decision"
    reopen(mirrored)
    assert told(mirrored, "Not accepted") == []


# a refusal


@pytest.mark.parametrize("how", ["wont_do", "duplicate"])
def test_a_rejected_refusal_says_that_the_work_is_needed_and_why(mirrored: Engine, how: str) -> None:
    close(mirrored, how=how)
    rejected(mirrored, reason=WHY)
    assert told(mirrored, "The work is still needed") == [f"The work is still needed: {WHY}"]

    close(mirrored, how=how)
    assert told(mirrored, "The work is still needed") == []


@pytest.mark.parametrize("how", ["wont_do", "duplicate"])
def test_an_accepted_refusal_says_so_until_the_work_is_asked_for_again(mirrored: Engine, how: Any) -> None:
    close(mirrored, how=how)
    assert told(mirrored, "Your answer") == []
    approved(mirrored)
    (line,) = told(mirrored, "Your answer")
    assert line == "Your answer was accepted; nothing is to be done here unless this issue is opened again."

    by_hand(mirrored, "not_started")
    assert told(mirrored, "Your answer") == []
    assert mirrored.issue().status.category == "todo"

    mirrored.person.close(mirrored.link().remote_id or "", how)
    mirrored.later()
    assert "Your answer" not in mirrored.issue().body, (
        "a new answer waits for a decision of its own, from the first look"
    )
    assert told(mirrored, "Your answer") == []


# a later date


@pytest.mark.parametrize(
    ("n", "words"),
    [
        (1, "The later date 2026-07-01 is acknowledged as a milestone change, and the due date itself stands"),
        (2, "The later date 2026-07-01 was approved"),
    ],
)
def test_an_accepted_date_says_what_became_of_it(mirrored: Engine, n: int, words: str) -> None:
    ask(mirrored, n)
    assert told(mirrored, "The later date 2026-07-01 is asked for and waits", n)
    approved(mirrored)
    assert told(mirrored, "The later date", n) == [f"{words}."]


def test_a_rejected_date_says_why_until_the_work_is_claimed_or_another_date_asked_for(mirrored: Engine) -> None:
    ask(mirrored)
    rejected(mirrored, reason=WHY)
    assert told(mirrored, "The later date") == [f"The later date 2026-07-01 was not accepted: {WHY}"]

    ask(mirrored, date="2026-08-01")
    (line,) = told(mirrored, "The later date")
    assert line.startswith("The later date 2026-08-01 is asked for")
    rejected(mirrored, 2, reason="again no")
    close(mirrored)
    assert told(mirrored, "The later date") == []


# a closed item


def test_a_reopening_that_was_not_accepted_says_why(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    mirrored.later()
    reopen(mirrored)
    rejected(mirrored, reason="the scan is clean")
    assert told(mirrored, "Not opened again") == ["Not opened again; the item stays closed: the scan is clean"]
    assert mirrored.issue().status.category == "done"


@pytest.mark.parametrize("request_first", [True, False])
def test_a_closed_item_that_is_opened_again_says_when_and_why(mirrored: Engine, request_first: bool) -> None:
    close(mirrored)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    mirrored.later()
    if request_first:
        reopen(mirrored)
        with deciding(mirrored) as decider:
            approve(decider, 1, reason=WHY)
    else:
        moved(mirrored, State.OPEN, reason=WHY)
    assert told(mirrored, "Opened again") == [f"Opened again on 2026-03-02: {WHY}"]


def test_a_closed_item_that_its_claimant_opens_again_is_opened_again(mirrored: Engine) -> None:
    moved(mirrored, State.PENDING_VERIFICATION)
    moved(mirrored, State.CLOSED, reason="remediated: clean scan", evidence=(SCAN,), person=EVA)
    moved(mirrored, State.OPEN, reason=WHY)
    assert told(mirrored, "The claim was") == []
    assert told(mirrored, "Opened again") == [f"Opened again on 2026-03-02: {WHY}"]


def test_an_accepted_risk_that_is_no_longer_accepted_says_so(mirrored: Engine) -> None:
    moved_ledger(mirrored, State.RISK_ACCEPTED)
    assert told(mirrored, "The risk is no longer", 2) == []
    moved_ledger(mirrored, State.OPEN)
    (line,) = told(mirrored, "The risk is no longer", 2)
    assert line == f"The risk is no longer accepted since 2026-03-02, and the work is needed again: {WHY}"


def moved_ledger(ready: Engine, to: State) -> None:
    with deciding(ready, OTTO, Role.AO) as decider:
        transition(decider, ready.item(2), to, reason=WHY, evidence=(SCAN,))


# by hand


def test_a_work_status_set_by_hand_says_why_until_it_moves(mirrored: Engine) -> None:
    start(mirrored)
    by_hand(mirrored, "not_started")
    assert told(mirrored, "The work status") == [f"The work status was set to not started on 2026-03-02: {WHY}"]
    assert mirrored.issue().status.category == "todo"
    start(mirrored)
    assert told(mirrored, "The work status") == []


def test_an_engineers_own_command_is_told_to_nobody(mirrored: Engine) -> None:
    with deciding(mirrored, ANN, Role.ENGINEER) as decider:
        edit(decider, mirrored.item(), {"work_status": "in_progress"}, reason="begun")
    assert told(mirrored, "The work status") == []


def test_only_the_last_decision_about_the_work_is_told(mirrored: Engine) -> None:
    close(mirrored)
    moved(mirrored, State.OPEN, reason="first")
    mirrored.later()
    close(mirrored)
    moved(mirrored, State.OPEN, reason="second")
    assert told(mirrored, "Not accepted") == ["Not accepted as done on 2026-03-02: second"]


def test_the_day_is_the_systems_own(tmp_path: Path) -> None:
    """Noon of the second of March in Greenwich is the third in Kiritimati."""
    with pair(tmp_path) as ready:
        ready.config = ready.config.model_copy(
            update={
                "systems": tuple(
                    each.model_copy(update={"timezone": "Pacific/Kiritimati"}) for each in ready.config.systems
                )
            }
        )
        close(ready)
        moved(ready, State.OPEN, reason=WHY)
        assert told(ready, "Not accepted") == [f"Not accepted as done on 2026-03-03: {WHY}"]


# before the work ended


@pytest.mark.parametrize("how", ["completed", "wont_do"])
@pytest.mark.parametrize(
    ("before", "category"),
    [
        (WorkStatus.NOT_STARTED, "todo"),
        (WorkStatus.IN_PROGRESS, "doing"),
        (WorkStatus.BLOCKED, "doing"),
    ],
)
def test_refused_work_stands_again_where_it_stood_before(
    mirrored: Engine, how: str, before: WorkStatus, category: str
) -> None:
    if before is not WorkStatus.NOT_STARTED:
        by_hand(mirrored, before.value)
        mirrored.later()
    close(mirrored, how=how)
    if how == "completed":
        moved(mirrored, State.OPEN, reason=WHY)
    else:
        rejected(mirrored, reason=WHY)
    assert mirrored.item().work_status is before
    at_rest(mirrored)
    assert mirrored.issue().status.category == category


def test_work_that_was_claimed_and_then_declined_stands_again_where_it_stood_before_both(mirrored: Engine) -> None:
    close(mirrored)
    close(mirrored, how="wont_do")
    rejected(mirrored, reason=WHY)
    assert mirrored.item().work_status is WorkStatus.NOT_STARTED
