"""A person ends a conflict, and what they decided holds on both sides."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.connectors.errors import Rejected
from poam.mapping.item import State, WorkStatus
from poam.mapping.life import Role
from poam.sync.errors import InputError, NotAllowed
from poam.sync.record.kinds import Conflict
from poam.sync.record.rows import rows
from poam.sync.record.told import without_issue

from .deciding import (
    ANN,
    EVA,
    ISSO,
    SCAN,
    at_rest,
    close,
    deciding,
    moved,
    pair,
    resolved,
    unwritten,
)
from .engine import Engine


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


# conflicts over a value


def conflicted(ready: Engine) -> None:
    """The ISSO says blocked while Ann closes the issue: the tracker's word is taken, both stay visible."""
    with deciding(ready) as decider:
        changes = {"work_status": WorkStatus.BLOCKED, "work_status_version": 1}
        decider.unit.change(decider.by, "items", "uid-1", changes)
    close(ready)
    assert [(each.record_value, each.tracker_value) for each in ready.conflicts()] == [("blocked", "done")]


def test_taking_the_record_takes_the_claim_back_and_the_issue_follows(mirrored: Engine) -> None:
    conflicted(mirrored)
    assert mirrored.item().state is State.PENDING_VERIFICATION

    assert resolved(mirrored, "record").startswith("V-1: work_status is blocked in the record; the issue shows it")

    again = mirrored.item()
    assert (again.state, again.work_status) == (State.OPEN, WorkStatus.BLOCKED)
    assert (again.work_done_at, again.work_done_by) == (None, "")
    at_rest(mirrored)
    assert mirrored.issue().status.category == "doing"
    assert mirrored.conflicts() == []


def test_a_value_of_neither_side_is_told_to_the_engineers_with_its_day_alone(mirrored: Engine) -> None:
    conflicted(mirrored)
    resolved(mirrored, "in_progress")
    at_rest(mirrored)
    told = [line for line in mirrored.issue().body.split("\n") if line.startswith("The work status")]
    assert told == ["The work status was set to in progress on 2026-03-02."]


def test_taking_the_tracker_leaves_the_claim_with_its_author(mirrored: Engine) -> None:
    conflicted(mirrored)
    resolved(mirrored, "tracker")
    claimed = mirrored.item()
    assert (claimed.state, claimed.work_status, claimed.work_done_by) == (
        *(State.PENDING_VERIFICATION, WorkStatus.DONE, ANN),
    )
    at_rest(mirrored)
    assert mirrored.issue().status.category == "done"


@pytest.mark.parametrize(("value", "category"), [("in_progress", "doing"), ("not_started", "todo")])
def test_a_third_value_holds_on_both_sides(mirrored: Engine, value: str, category: str) -> None:
    conflicted(mirrored)
    resolved(mirrored, value)
    assert (mirrored.item().state, mirrored.item().work_status) == (State.OPEN, value)
    at_rest(mirrored)
    assert mirrored.issue().status.category == category


def test_a_decision_for_done_is_a_claim_of_whoever_did_the_work(mirrored: Engine) -> None:
    conflicted(mirrored)
    resolved(mirrored, "record")
    mirrored.later()
    again(mirrored)

    resolved(mirrored, "tracker")

    claimed = mirrored.item()
    assert (claimed.state, claimed.work_done_by) == (State.PENDING_VERIFICATION, ANN)
    with pytest.raises(NotAllowed, match="did the work"):
        moved(mirrored, State.CLOSED, evidence=(SCAN,), person=ANN)
    at_rest(mirrored)


@pytest.mark.parametrize("take", ["", "Blocked", "both", "2026-05-01"])
def test_what_is_no_work_status_resolves_nothing(mirrored: Engine, take: str) -> None:
    conflicted(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(InputError, match="is no work status"):
        resolved(mirrored, take)
    assert unwritten(mirrored) == before


@pytest.mark.parametrize("role", [Role.ENGINEER, Role.ASSESSOR, Role.SYSTEM])
def test_a_conflict_is_for_an_official(mirrored: Engine, role: Role) -> None:
    conflicted(mirrored)
    with pytest.raises(NotAllowed, match="cannot decide conflict 1"):
        resolved(mirrored, "record", person=EVA, role=role)


def test_a_conflict_is_resolved_once(mirrored: Engine) -> None:
    conflicted(mirrored)
    resolved(mirrored, "record")
    for number in (1, 9):
        with pytest.raises(InputError, match=f"there is no open conflict {number}"):
            resolved(mirrored, "record", number)


def started(ready: Engine) -> None:
    """The ISSO says blocked while Ann starts the work."""
    with deciding(ready) as decider:
        decider.unit.change(decider.by, "items", "uid-1", {"work_status": "blocked", "work_status_version": 1})
    ready.person.start(ready.link().remote_id or "")
    ready.later()


@pytest.mark.parametrize("take", ["done", "wont_do"])
def test_what_is_an_engineers_to_say_is_decided_by_nobody_in_their_place(mirrored: Engine, take: str) -> None:
    started(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(InputError, match=f"{take} is no work status") as refused:
        resolved(mirrored, take)
    assert "poam transition V-1 pending_verification" in str(refused.value.hint)
    assert unwritten(mirrored) == before
    assert (mirrored.item().state, mirrored.item().work_done_by) == (State.OPEN, "")


def test_taking_the_records_done_keeps_the_records_own_claimant(mirrored: Engine) -> None:
    moved(mirrored, State.PENDING_VERIFICATION, person=EVA, role=Role.ENGINEER)
    claimed_at = mirrored.item().work_done_at
    mirrored.person.start(mirrored.link().remote_id or "")
    mirrored.later()
    assert [(each.record_value, each.tracker_by) for each in mirrored.conflicts()] == [("done", ANN)]
    assert mirrored.item().state is State.OPEN

    resolved(mirrored, "record")

    claimed = mirrored.item()
    assert claimed.state is State.PENDING_VERIFICATION
    assert (claimed.work_done_by, claimed.work_done_at) == (EVA, claimed_at)
    with pytest.raises(NotAllowed, match=f"{EVA} did the work"):
        moved(mirrored, State.CLOSED, evidence=(SCAN,), person=EVA)
    at_rest(mirrored)


def test_closing_an_item_ends_the_conflict_over_its_work(mirrored: Engine) -> None:
    conflicted(mirrored)
    resolved(mirrored, "tracker")
    again(mirrored)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))

    assert mirrored.conflicts() == []
    (ended,) = rows(mirrored.record.db, Conflict)
    assert (ended.resolution, ended.resolved_by) == ("the item is closed", ISSO)
    with pytest.raises(InputError, match="no open conflict 1"):
        resolved(mirrored, "record")
    at_rest(mirrored)


def test_a_refused_write_outlives_the_closing_of_its_item(mirrored: Engine) -> None:
    refuse_edits(mirrored)
    moved(mirrored, State.CLOSED, reason="duplicate: of V-2", evidence=(SCAN,))
    assert [each.policy for each in mirrored.conflicts()] == ["refused"]


@pytest.mark.parametrize("take", ["record", "in_progress"])
def test_a_decision_never_changes_the_work_of_a_closed_item(mirrored: Engine, take: str) -> None:
    conflicted(mirrored)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    again(mirrored)
    before = unwritten(mirrored)

    with pytest.raises(NotAllowed, match="V-1 is closed and its work stays done"):
        resolved(mirrored, take)

    assert unwritten(mirrored) == before
    resolved(mirrored, "tracker")
    assert (mirrored.item().state, mirrored.item().work_done_by) == (State.CLOSED, ANN)
    assert mirrored.conflicts() == []


def again(ready: Engine) -> None:
    """The conflict is open once more."""
    with deciding(ready) as decider:
        row = {"state": "open", "resolution": "", "resolved_by": "", "resolved_at": None}
        decider.unit.change(decider.by, "conflicts", 1, row)


# conflicts over an issue


def refuse_edits(ready: Engine) -> None:
    """Ann empties the due date, and the tracker will not let us put it back."""
    ready.person.set_due(ready.link().remote_id or "", "")
    ready.world.faults.append(("edit", "before", Rejected))
    ready.later()
    assert [each.policy for each in ready.conflicts()] == ["refused"]


def test_a_refused_write_is_tried_again_when_a_person_says_so(mirrored: Engine) -> None:
    refuse_edits(mirrored)
    assert mirrored.later().record_writes == 0
    assert resolved(mirrored, "record") == "V-1: tried again in the next cycle"
    mirrored.later()
    assert mirrored.issue().due_dates == ("2026-05-01",)
    assert mirrored.conflicts() == []
    at_rest(mirrored)


def test_a_write_refused_again_is_told_again(mirrored: Engine) -> None:
    refuse_edits(mirrored)
    resolved(mirrored, "record")
    mirrored.world.faults.append(("edit", "before", Rejected))
    mirrored.later()
    assert [each.id for each in mirrored.conflicts()] == [2]
    assert mirrored.later().record_writes == 0


def test_a_refusal_is_over_by_itself_once_nothing_is_owed_and_not_before(mirrored: Engine) -> None:
    renamed(mirrored, "A newer name")
    mirrored.world.faults.append(("edit", "before", Rejected))
    mirrored.later()
    mirrored.person.label(mirrored.link().remote_id or "", add=("theirs",))
    mirrored.world.faults.append(("edit", "before", Rejected))
    mirrored.later()
    assert [each.field for each in mirrored.conflicts()] == ["issue"], "the title is still owed"
    renamed(mirrored, "Outdated library 1")
    mirrored.cycle(full=True)
    assert mirrored.conflicts() == []
    (ended,) = rows(mirrored.record.db, Conflict)
    assert (ended.resolution, ended.resolved_by) == ("the tracker agrees again", "system")
    at_rest(mirrored)


def renamed(ready: Engine, name: str) -> None:
    with deciding(ready) as decider:
        decider.unit.change(decider.by, "items", "uid-1", {"weakness_name": name})


def lose(ready: Engine) -> None:
    """Somebody deletes the issue, and three full looks over hours do not find it."""
    ready.person.delete(ready.link().remote_id or "")
    for _ in range(3):
        ready.clock.advance(hours=1)
        ready.cycle(full=True)
    assert [each.policy for each in ready.conflicts()] == ["missing"]


def test_a_missing_issue_is_made_anew_exactly_once_when_a_person_says_so(mirrored: Engine) -> None:
    lose(mirrored)
    assert len(mirrored.issues()) == 1

    assert resolved(mirrored, "record") == "V-1: a new issue is created in the next cycle"

    mirrored.later()
    assert [issue.title for issue in mirrored.issues()] == ["[V-2] Outdated library 2", "[V-1] Outdated library 1"]
    at_rest(mirrored)
    assert len(mirrored.issues()) == 2
    states = list(mirrored.record.db.query("SELECT number, state FROM links WHERE item_uid = 'uid-1' ORDER BY number"))
    assert states == [{"number": 1, "state": "retired"}, {"number": 2, "state": "live"}]


def test_a_missing_issue_can_be_let_go_and_none_is_made(mirrored: Engine) -> None:
    lose(mirrored)
    told = "V-1: no issue mirrors it any more; poam resolve 1 --take record makes a new one"
    assert resolved(mirrored, "tracker") == told
    at_rest(mirrored)
    assert len(mirrored.issues()) == 1
    assert mirrored.item().state is State.OPEN


def test_an_issue_that_was_let_go_can_be_asked_for_after_all_and_once(mirrored: Engine) -> None:
    lose(mirrored)
    assert without_issue(mirrored.record.db) == []
    resolved(mirrored, "tracker")
    assert without_issue(mirrored.record.db) == [("V-1", 1)]
    with pytest.raises(InputError, match="no open conflict 1"):
        resolved(mirrored, "tracker")

    assert resolved(mirrored, "record") == "V-1: a new issue is created in the next cycle"

    assert without_issue(mirrored.record.db) == []
    with pytest.raises(InputError, match="no open conflict 1"):
        resolved(mirrored, "record")
    mirrored.later()
    at_rest(mirrored)
    assert len(mirrored.issues()) == 2


@pytest.mark.parametrize("trouble", [refuse_edits, lose])
@pytest.mark.parametrize("take", ["blocked", "yes", ""])
def test_a_conflict_over_an_issue_takes_a_side_and_no_value(mirrored: Engine, trouble: Any, take: str) -> None:
    trouble(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(InputError, match="is not about a value"):
        resolved(mirrored, take)
    assert unwritten(mirrored) == before
