"""What a cycle promises, told as stories between a record and a tracker."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from poam.connectors.base import Account, Status
from poam.connectors.errors import Forbidden, Gone, Rejected, Stale, TrackerError, Unavailable, Unsettled
from poam.connectors.memory import MemoryTracker, MemoryWorld
from poam.connectors.sandbox.memory import Values
from poam.mapping.item import State, WorkStatus
from poam.sync.deciding.decider import Decider
from poam.sync.deciding.requests import reject
from poam.sync.deciding.resolve import resolve
from poam.sync.errors import InputError, MassChange
from poam.sync.record.backup import backup
from poam.sync.record.journal import Author
from poam.sync.record.kinds import Sighting
from poam.sync.record.mirrors import sighting_of
from poam.sync.record.record import Record
from poam.sync.record.rows import rows
from poam.sync.record.verify import problems
from poam.sync.settings.people import Identity

from .engine import Engine, engine, item

ISSO = Author("isso@acme.example", "isso", "cli")


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    """Two items, mirrored and at rest."""
    with engine(tmp_path, item(1), item(2)) as ready:
        ready.cycle()
        yield ready
        assert list(problems(ready.record.db)) == []


def at_rest(ready: Engine) -> None:
    """The next cycle writes nothing to the record and nothing to the tracker."""
    versions = [issue.version for issue in ready.issues()]
    assert ready.later().record_writes == 0
    assert [issue.version for issue in ready.issues()] == versions


def test_each_item_becomes_one_issue_and_a_second_cycle_writes_nothing(mirrored: Engine) -> None:
    assert [issue.title for issue in mirrored.issues()] == ["[V-1] Outdated library 1", "[V-2] Outdated library 2"]
    assert mirrored.issue().due_dates == ("2026-05-01",)
    assert mirrored.cycle().record_writes == 0
    at_rest(mirrored)


def test_a_closed_item_gets_no_issue(tmp_path: Path) -> None:
    with engine(tmp_path, item(1, state=State.CLOSED)) as ready:
        ready.cycle()
        assert ready.issues() == []


# --- work status


def test_a_closed_issue_is_work_claimed_done_and_not_a_closed_item(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.later()
    assert mirrored.item().state is State.PENDING_VERIFICATION
    assert mirrored.item().work_status is WorkStatus.DONE
    assert mirrored.item().work_done_by == "ann@acme.example"
    assert ("ann@acme.example", "open", "pending_verification") in mirrored.journal("items.state")
    mirrored.later()
    at_rest(mirrored)


def test_a_claim_brings_the_issue_as_candidate_evidence(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.later()
    found = list(mirrored.record.db.query("SELECT kind, reference, state, added_by FROM evidence"))
    assert found == [
        {"kind": "issue", "reference": mirrored.link().url, "state": "candidate", "added_by": "ann@acme.example"}
    ]


@pytest.mark.parametrize(("how", "kind"), [("wont_do", "declined"), ("duplicate", "duplicate")])
def test_a_declined_issue_leaves_the_item_open_and_queues_a_decision(mirrored: Engine, how: str, kind: str) -> None:
    mirrored.person.close(mirrored.link().remote_id, how)
    mirrored.later()
    assert mirrored.item().state is State.OPEN
    assert [request.kind for request in mirrored.requests()] == [kind]
    assert mirrored.requests()[0].requested_by == "ann@acme.example"
    mirrored.later()
    at_rest(mirrored)


def test_a_reopened_issue_reopens_a_pending_item(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.later()
    mirrored.person.reopen(mirrored.link().remote_id)
    mirrored.later()
    assert mirrored.item().state is State.OPEN
    assert mirrored.item().work_done_at is None


def test_close_and_reopen_between_two_cycles_leaves_both_in_the_journal(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.person.reopen(mirrored.link().remote_id)
    mirrored.later()
    assert mirrored.item().state is State.OPEN
    assert [new for _, _, new in mirrored.journal("observed.work_status")] == ["done", "not_started"]


def test_a_rejected_verification_reopens_the_issue(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.later()
    version = mirrored.item().work_status_version + 1
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(
            ISSO, "items", "uid-1", {"state": "open", "work_status": "in_progress", "work_status_version": version}
        )
    mirrored.later()
    assert mirrored.issue().status.category == "doing"
    assert mirrored.item().work_status is WorkStatus.IN_PROGRESS
    at_rest(mirrored)


def test_two_changes_of_one_status_are_both_shown_to_a_person(mirrored: Engine) -> None:
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"work_status": "blocked", "work_status_version": 1})
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.later()
    conflict = mirrored.conflicts()[0]
    assert (conflict.field, conflict.record_value, conflict.tracker_value) == ("work_status", "blocked", "done")
    assert (conflict.record_by, conflict.tracker_by) == ("isso@acme.example", "ann@acme.example")
    assert mirrored.item().work_status is WorkStatus.DONE


def test_a_reopened_issue_of_a_closed_item_only_asks(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.later()
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"state": "closed", "closure_reason": "remediated"})
    mirrored.later()
    mirrored.person.reopen(mirrored.link().remote_id)
    mirrored.later()
    assert mirrored.item().state is State.CLOSED
    assert [request.kind for request in mirrored.requests()] == ["reopened"]


def test_who_closes_again_what_they_reopened_takes_the_question_back(mirrored: Engine) -> None:
    remote = mirrored.link().remote_id or ""
    mirrored.person.close(remote)
    mirrored.later()
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"state": "closed", "closure_reason": "remediated"})
    mirrored.person.reopen(remote)
    mirrored.later()
    mirrored.person.close(remote)
    mirrored.later()
    assert mirrored.requests() == []
    assert [request.kind for request in mirrored.requests("superseded")] == ["reopened"]
    assert mirrored.journal("requests.state") == [("ann@acme.example", "waiting", "superseded")]
    assert mirrored.item().state is State.CLOSED


# --- due dates


def test_an_earlier_date_is_the_engineers_forecast(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "2026-04-10")
    mirrored.later()
    assert mirrored.item().forecast_date == "2026-04-10"
    assert mirrored.item().scheduled_completion_date == "2026-05-01"
    assert mirrored.issue().due_dates == ("2026-04-10",)
    mirrored.later()
    at_rest(mirrored)


def test_back_to_the_due_date_clears_the_forecast(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "2026-04-10")
    mirrored.later()
    mirrored.person.set_due(mirrored.link().remote_id, "2026-05-01")
    mirrored.later()
    assert mirrored.item().forecast_date is None
    assert mirrored.requests() == []


def test_a_later_date_is_a_request_and_the_issue_goes_back(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "2026-07-01")
    mirrored.later()
    request = mirrored.requests()[0]
    assert (request.kind, request.requested_date, request.due_date) == ("later_date", "2026-07-01", "2026-05-01")
    assert request.requested_by == "ann@acme.example"
    assert mirrored.item().scheduled_completion_date == "2026-05-01"
    assert mirrored.issue().due_dates == ("2026-05-01",)
    assert "poam-date-pending" in mirrored.issue().labels
    assert "2026-07-01" in mirrored.issue().body
    mirrored.later()
    at_rest(mirrored)


def test_a_later_date_waits_for_its_quiet_period_because_people_drag_twice(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "2026-07-01")
    mirrored.later(minutes=1)
    assert mirrored.requests() == []
    assert mirrored.issue().due_dates == ("2026-07-01",)
    mirrored.person.set_due(mirrored.link().remote_id, "2026-06-15")
    mirrored.later(minutes=1)
    assert mirrored.requests() == []
    mirrored.later(minutes=10)
    assert [request.requested_date for request in mirrored.requests()] == ["2026-06-15"]
    assert len(mirrored.journal("observed.due_date")) == 2


def test_a_waiting_date_keeps_who_when_and_where_and_leaves_nothing_behind_when_it_rests(mirrored: Engine) -> None:
    def waiting() -> tuple[str | None, ...]:
        seen = sighting_of(mirrored.record.db, mirrored.link())
        return (
            *(seen.date_waiting, seen.date_waiting_by, seen.date_waiting_by_name),
            *(seen.date_waiting_at, seen.date_waiting_source),
        )

    mirrored.person.set_due(mirrored.link().remote_id, "2026-07-01")
    change = mirrored.issue().history[-1]
    mirrored.later(minutes=1)
    assert waiting() == ("2026-07-01", change.author.id, change.author.name, change.at, str(change.id))
    mirrored.later(minutes=10)
    assert waiting() == (None, "", "", "", "")


def test_the_journal_says_why_an_engineers_date_was_taken(mirrored: Engine) -> None:
    for date in ("2026-04-10", "2026-05-01"):
        mirrored.person.set_due(mirrored.link().remote_id, date)
        mirrored.later()
    told = "SELECT new, reason FROM journal WHERE entity = 'items' AND field = 'forecast_date' ORDER BY seq"
    assert list(mirrored.record.db.execute(told)) == [
        ("2026-04-10", "an earlier date is the engineers' forecast"),
        (None, "back to the due date: no forecast"),
    ]


def test_a_further_later_date_replaces_the_waiting_request(mirrored: Engine) -> None:
    for date in ("2026-07-01", "2026-08-01"):
        mirrored.person.set_due(mirrored.link().remote_id, date)
        mirrored.later()
    assert [request.requested_date for request in mirrored.requests()] == ["2026-08-01"]
    assert [request.requested_date for request in mirrored.requests("superseded")] == ["2026-07-01"]
    mine = mirrored.requests()[0].requested_by
    assert mirrored.journal("requests.state") == [(mine, "waiting", "superseded")]


def test_an_earlier_date_takes_a_waiting_request_back(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "2026-07-01")
    mirrored.later()
    mirrored.person.set_due(mirrored.link().remote_id, "2026-04-10")
    mirrored.later()
    assert mirrored.requests() == []
    assert mirrored.item().forecast_date == "2026-04-10"
    assert "poam-date-pending" not in mirrored.issue().labels


def test_a_cleared_due_date_is_restored(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "")
    mirrored.later()
    assert mirrored.issue().due_dates == ("2026-05-01",)
    assert mirrored.requests() == []
    at_rest(mirrored)


def test_under_hold_a_later_date_stays_where_it_was_put(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), later_date="hold") as ready:
        ready.cycle()
        ready.person.set_due(ready.link().remote_id, "2026-07-01")
        ready.later()
        assert ready.issue().due_dates == ("2026-07-01",)
        assert "poam-date-pending" in ready.issue().labels
        assert ready.item().scheduled_completion_date == "2026-05-01"
        ready.later()
        at_rest(ready)
        ready.person.set_due(ready.link().remote_id, "2026-05-01")
        ready.later()
        assert ready.requests() == []


# --- what is ours


def test_an_edited_title_and_block_are_restored_and_the_rest_of_the_body_stays(mirrored: Engine) -> None:
    remote = mirrored.link().remote_id
    mirrored.person.rename(remote, "Somebody's better title")
    mirrored.person.rewrite_body(remote, "My notes.\n\n" + mirrored.issue().body.replace("Upgrade", "Ignore"))
    mirrored.later()
    issue = mirrored.issue()
    assert issue.title == "[V-1] Outdated library 1"
    assert issue.body.startswith("My notes.")
    assert "Ignore" not in issue.body
    assert ("ann@acme.example", "[V-1] Outdated library 1", "Somebody's better title") in mirrored.journal(
        "observed.title"
    )
    mirrored.later()
    at_rest(mirrored)


def test_peoples_labels_survive(mirrored: Engine) -> None:
    remote = mirrored.link().remote_id
    mirrored.person.label(remote, add=("team-red",))
    mirrored.person.set_due(remote, "2026-07-01")
    mirrored.later()
    assert {"team-red", "poam-date-pending"} <= mirrored.issue().labels


def test_a_change_of_the_record_reaches_the_issue_in_one_write(mirrored: Engine) -> None:
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(
            ISSO, "items", "uid-1", {"weakness_name": "Outdated TLS library", "scheduled_completion_date": "2026-05-01"}
        )
    report = mirrored.later()
    assert report.connectors[0].edited == 1
    assert mirrored.issue().title == "[V-1] Outdated TLS library"
    at_rest(mirrored)


def test_a_public_tracker_gets_neutral_text_only(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.visibility = "unknown"
        ready.cycle()
        assert "Outdated" not in ready.issue().title + ready.issue().body


def test_a_tracker_made_public_gets_no_more_sensitive_text(mirrored: Engine) -> None:
    mirrored.world.visibility = "public"
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "Secret weakness"})
    for _ in range(2):
        mirrored.later()
        assert all("Secret" not in f"{issue.title} {issue.body}" for issue in mirrored.issues()), "not for one cycle"
    assert all("Outdated" not in issue.title for issue in mirrored.issues())
    at_rest(mirrored)


def test_a_clone_by_a_person_is_left_alone(mirrored: Engine) -> None:
    copy = mirrored.person.clone(mirrored.link().remote_id)
    mirrored.person.close(copy)
    mirrored.later()
    assert mirrored.item().state is State.OPEN
    assert mirrored.conflicts() == [], "and it is no second issue of ours"
    at_rest(mirrored)


# --- trouble


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_whose_answer_is_lost_ends_as_exactly_one_issue(tmp_path: Path, when: str) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.faults.append(("create", when, Unsettled))
        assert ready.cycle().connectors[0].owed == 1
        ready.later(minutes=1)
        ready.later(hours=1)
        assert len(ready.issues()) == 1
        assert ready.link().state == "live"
        assert [owed.state for owed in ready.outbox()] == ["DONE"]
        at_rest(ready)


def test_a_lost_create_is_not_sent_again_before_the_tracker_could_show_it(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.list_lag = timedelta(minutes=10)
        ready.world.faults.append(("create", "after", Unsettled))
        ready.cycle()
        for _ in range(20):
            ready.later(minutes=1)
        assert len(ready.issues()) == 1


def test_an_edit_whose_answer_is_lost_is_looked_at_and_settled(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "")
    mirrored.world.faults.append(("edit", "after", Unsettled))
    mirrored.later()
    mirrored.later()
    assert mirrored.issue().due_dates == ("2026-05-01",)
    assert all(owed.state == "DONE" for owed in mirrored.outbox())
    mirrored.later()
    at_rest(mirrored)


def test_an_outage_changes_nothing_and_the_next_cycle_catches_up(mirrored: Engine) -> None:
    mirrored.person.close(mirrored.link().remote_id)
    mirrored.world.faults.append(("changed_since", "before", Unavailable))
    report = mirrored.later()
    assert report.connectors[0].error is not None
    assert mirrored.item().state is State.OPEN
    mirrored.later()
    assert mirrored.item().state is State.PENDING_VERIFICATION


def test_lost_credentials_change_nothing(mirrored: Engine) -> None:
    mirrored.world.faults.append(("changed_since", "before", Forbidden))
    assert mirrored.later().record_writes == 0


def test_credentials_lost_between_reading_and_writing_leave_the_write_owed(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "")
    mirrored.world.faults.append(("edit", "before", Forbidden))
    report = mirrored.later()
    assert isinstance(report.connectors[0].error, Forbidden)
    assert report.connectors[0].owed == 1
    assert mirrored.conflicts() == []
    mirrored.later()
    assert mirrored.issue().due_dates == ("2026-05-01",)


def test_a_refused_edit_is_told_once_and_does_not_stop_the_others(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link(1).remote_id, "")
    mirrored.person.set_due(mirrored.link(2).remote_id, "")
    mirrored.world.faults.append(("edit", "before", Rejected))
    mirrored.later()
    [told] = mirrored.conflicts()
    assert (told.policy, told.field, told.record_by, told.record_at) == ("refused", "issue", "", "")
    assert sorted(issue.due_dates for issue in mirrored.issues()) == [(), ("2026-05-01",)]
    assert mirrored.later().record_writes == 0


@pytest.mark.parametrize(("take", "due_dates"), [("tracker", ()), ("record", ("2026-05-01",))])
def test_a_refused_edit_is_sent_again_only_when_a_person_says_so(
    mirrored: Engine, take: str, due_dates: tuple[str, ...]
) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "")
    mirrored.world.faults.append(("edit", "before", Rejected))
    mirrored.later()
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        resolve(Decider(unit, mirrored.config, Identity("isso@acme.example", "isso"), "2026-03-03"), 1, take)
    mirrored.later()
    mirrored.later()
    assert mirrored.issue().due_dates == due_dates
    assert mirrored.conflicts() == []
    at_rest(mirrored)


def test_a_deleted_issue_changes_no_item_and_is_reported_after_several_looks(mirrored: Engine) -> None:
    mirrored.person.delete(mirrored.link().remote_id)
    for _ in range(3):
        mirrored.clock.advance(hours=1)
        mirrored.cycle(full=True)
    assert mirrored.item().state is State.OPEN
    assert mirrored.link().state == "missing"
    assert [conflict.policy for conflict in mirrored.conflicts()] == ["missing"]
    mirrored.clock.advance(hours=1)
    assert len(mirrored.issues()) == 1, "a missing issue is never created again by itself"


def test_a_person_using_our_account_counts_as_a_person(mirrored: Engine) -> None:
    remote = mirrored.link().remote_id
    mirrored.world.change(mirrored.issue().author, remote, {"status": Status("completed", "done", "completed")})
    mirrored.later()
    assert mirrored.item().state is State.PENDING_VERIFICATION
    assert mirrored.item().work_done_by == "jira:poam"


def test_an_older_state_from_a_lagging_list_tells_nothing(mirrored: Engine) -> None:
    mirrored.clock.advance(hours=1)
    mirrored.world.list_lag = timedelta(minutes=30)
    mirrored.person.close(mirrored.link().remote_id)
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "Read before it is written"})
    mirrored.cycle()
    assert mirrored.item().state is State.PENDING_VERIFICATION, "the single read is ahead of the list"
    before = rows(mirrored.record.db, Sighting)
    assert mirrored.later(minutes=1).record_writes == 0
    assert rows(mirrored.record.db, Sighting) == before


# --- far more change than usual


def test_an_approval_lets_no_plan_through_that_changes_the_same_items_otherwise(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 21))) as ready:
        ready.cycle()
        shown = []
        for date in ("2026-04-10", "2026-04-11"):
            for n in range(1, 7):
                ready.person.set_due(ready.link(n).remote_id, date)
            shown.append(str(ready.later().connectors[0].error).split("plan ")[1].rstrip(")"))
        with pytest.raises(InputError, match=f"no plan {shown[0]} is held back, so nothing was done") as refused:
            ready.cycle(approved=shown[0])
        assert refused.value.hint == "the plan may have changed since: poam plan shows it and its id"
        ready.cycle(approved=shown[1])
        assert {ready.item(n).forecast_date for n in range(1, 7)} == {"2026-04-11"}


def test_a_change_far_larger_than_usual_stops_and_asks(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 21))) as ready:
        ready.cycle()
        for n in range(1, 7):
            ready.person.close(ready.link(n).remote_id)
        report = ready.later()
        error = report.connectors[0].error
        assert isinstance(error, MassChange)
        assert report.record_writes == 0
        assert all(ready.item(n).state is State.OPEN for n in range(1, 7))
        plan_id = str(error).split("plan ")[1].rstrip(")")
        assert str(error) == f"jira: far more changed there than usual, so nothing was done (plan {plan_id})"
        assert error.hint == f"look at it with poam plan; if it is right: poam sync --approve-plan {plan_id}"
        assert report.connectors[0].connector == "jira"
        assert ready.later(minutes=1).connectors[0].error is not None, "it goes on asking"
        ready.person.close(ready.link(7).remote_id)
        with pytest.raises(InputError, match=f"no plan {plan_id} is held back, so nothing was done") as refused:
            ready.cycle(approved=plan_id)
        assert refused.value.hint == "the plan may have changed since: poam plan shows it and its id"
        ready.person.reopen(ready.link(7).remote_id)
        ready.clock.advance(minutes=1)
        ready.cycle(approved=plan_id)
        assert all(ready.item(n).state is State.PENDING_VERIFICATION for n in range(1, 7))
        approvals = "SELECT entity_id, field, person FROM journal WHERE entity = 'plans'"
        assert list(ready.record.db.execute(approvals)) == [(plan_id, "approved", ISSO.person)]


def test_a_request_taken_back_leaves_no_notice_behind(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().remote_id, "2026-07-01")
    mirrored.later()
    mirrored.person.set_due(mirrored.link().remote_id, "2026-04-10")
    mirrored.later()
    assert "2026-07-01" not in mirrored.issue().body
    mirrored.later()
    at_rest(mirrored)


# --- a record from a backup


@pytest.mark.parametrize("cycles_before_the_backup", [0, 1])
def test_a_restored_record_finds_its_issues_and_creates_none_again(
    tmp_path: Path, cycles_before_the_backup: int
) -> None:
    with engine(tmp_path, item(1), item(2)) as ready:
        for _ in range(cycles_before_the_backup):
            ready.cycle()
        backup(ready.record.path, tmp_path / "copy.db")
        with ready.record.unit(at="2026-03-02T12:00:00.000Z") as unit:
            unit.add_items(ISSO, [item(3)])
        ready.later(minutes=1)
        ready.later(minutes=1)
        with Record.open(tmp_path / "copy.db") as restored:
            again = replace(ready, record=restored)
            again.later(minutes=1)
            assert len(again.issues()) == 3
            assert again.link(1).state == again.link(2).state == "live"
            again.later(minutes=1)
            at_rest(again)


def test_a_restored_record_recognises_its_own_restoring_and_asks_the_request_again(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.cycle()
        ready.person.set_due(ready.link().remote_id, "2026-04-10")
        ready.later()
        backup(ready.record.path, tmp_path / "copy.db")
        ready.person.set_due(ready.link().remote_id, "2026-07-01")
        ready.later()
        assert ready.issue().due_dates == ("2026-04-10",)
        with Record.open(tmp_path / "copy.db") as restored:
            again = replace(ready, record=restored)
            again.later()
            assert [request.requested_date for request in again.requests()] == ["2026-07-01"]
            assert {person for person, _, _ in again.journal("observed.due_date")} == {"ann@acme.example"}


# --- what the daily comparison finds, and what a read alone cannot tell


@pytest.mark.parametrize("away", [{"days": 1}, {"days": 9}, {"days": -30}])
def test_whoever_runs_the_cycles_one_a_day_compares_everything(mirrored: Engine, away: dict[str, float]) -> None:
    mirrored.person.delete(mirrored.link().remote_id)
    mirrored.later()
    assert [sighting.missing_looks for sighting in rows(mirrored.record.db, Sighting)] == [0, 0]
    mirrored.later(**away)
    assert sorted(sighting.missing_looks for sighting in rows(mirrored.record.db, Sighting)) == [0, 1]


def test_an_issue_of_the_same_number_elsewhere_is_never_written_to(mirrored: Engine) -> None:
    world = MemoryWorld(mirrored.clock)
    stranger = world.add(Account("somebody"), None, Values(title="Not ours", body="", due_dates=(), labels=frozenset()))
    assert stranger.id == mirrored.link(1).remote_id
    elsewhere = replace(mirrored, world=world, tracker=MemoryTracker("jira", world))
    for _ in range(5):
        elsewhere.clock.advance(hours=1)
        elsewhere.cycle(full=True)
    assert world.get(stranger.id).title == "Not ours"
    assert elsewhere.item().state is State.OPEN
    assert elsewhere.requests() == []
    assert elsewhere.link(1).state == "missing"


def test_an_adopted_issue_gets_what_changed_since_its_create_was_sent(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.faults.append(("create", "after", Unsettled))
        ready.cycle()
        with ready.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
        ready.later()
        ready.later()
        assert ready.issue().title == "[V-1] A newer name"
        at_rest(ready)


def test_a_rejection_is_told_to_the_engineer_but_its_reason_only_inside_the_boundary(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.visibility = "public"
        ready.cycle()
        ready.person.set_due(ready.link().remote_id, "2026-07-01")
        ready.later()
        with ready.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            decider = Decider(unit, ready.config, Identity("isso@acme.example", "isso"), "2026-03-03")
            reject(decider, 1, reason="the vendor's password is hunter2")
        ready.later()
        assert "was not accepted" in ready.issue().body
        assert "hunter2" not in ready.issue().body


def test_a_mass_disappearance_asks_until_a_person_has_answered(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 21))) as ready:
        ready.cycle()
        for n in range(1, 7):
            ready.person.delete(ready.link(n).remote_id)
        for _ in range(3):
            ready.clock.advance(hours=1)
            report = ready.cycle(full=True)
        error = report.connectors[0].error
        assert isinstance(error, MassChange)
        assert all(ready.link(n).state == "live" for n in range(1, 7))
        assert isinstance(ready.later().connectors[0].error, MassChange), "an ordinary cycle asks, too"
        ready.cycle(approved=str(error).split("plan ")[1].rstrip(")"))
        assert all(ready.link(n).state == "missing" for n in range(1, 7))
        assert all(ready.item(n).state is State.OPEN for n in range(1, 7))


def test_one_issue_that_cannot_be_written_does_not_keep_the_others_waiting(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link(1).remote_id, "")
    mirrored.person.set_due(mirrored.link(2).remote_id, "")
    mirrored.world.faults.append(("edit", "before", Forbidden))
    report = mirrored.later()
    assert report.connectors[0].owed == 1
    assert sorted(issue.due_dates for issue in mirrored.issues()) == [(), ("2026-05-01",)]
    mirrored.later()
    assert [issue.due_dates for issue in mirrored.issues()] == [("2026-05-01",)] * 2


def test_a_change_before_the_first_look_is_a_change_of_the_record_too(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.faults.append(("create", "after", Unsettled))
        ready.cycle()
        with ready.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "blocked", "work_status_version": 1})
        ready.person.start(ready.issues()[0].id)
        ready.later()
        ready.later()
        assert [(each.record_value, each.tracker_value) for each in ready.conflicts()] == [("blocked", "in_progress")]


def test_a_refusal_that_engineers_take_back_needs_no_decision(mirrored: Engine) -> None:
    remote = mirrored.link().remote_id or ""
    mirrored.person.close(remote, "wont_do")
    mirrored.later()
    mirrored.person.reopen(remote)
    mirrored.later()
    assert mirrored.requests() == []
    assert [request.kind for request in mirrored.requests("superseded")] == ["declined"]


@pytest.mark.parametrize("error", [Forbidden, Rejected, Gone, Unavailable, Stale])
def test_a_search_for_a_lost_create_that_fails_proves_nothing(tmp_path: Path, error: type[TrackerError]) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.world.list_lag = timedelta(minutes=9)  # the read does not show the issue either
        ready.world.faults += [("create", "after", Unsettled), ("find", "before", error)]
        ready.cycle()
        ready.later(minutes=1)
        assert [owed.state for owed in ready.outbox()] == ["UNKNOWN"]
        with ready.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
        for _ in range(40):
            ready.later(minutes=1)
        assert len(ready.issues()) == 1
        at_rest(ready)


def test_many_looks_in_a_short_time_do_not_make_an_issue_missing(mirrored: Engine) -> None:
    mirrored.person.delete(mirrored.link().remote_id)
    mirrored.clock.advance(hours=25)
    for _ in range(5):
        mirrored.later(minutes=5)
    assert mirrored.link().state == "live"
    mirrored.later(hours=1)
    assert mirrored.link().state == "missing"


def test_a_connector_that_could_not_be_read_still_gets_what_changed_meanwhile(mirrored: Engine) -> None:
    mirrored.clock.advance(hours=1)
    mirrored.person.label(mirrored.link(2).remote_id, add=("newer",))  # so that no read brings the other issue again
    mirrored.later()
    with mirrored.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "Changed during the outage"})
    mirrored.world.faults.append(("changed_since", "before", Unavailable))
    mirrored.later()
    mirrored.later()
    assert mirrored.issue().title == "[V-1] Changed during the outage"


def test_a_connector_pointed_at_another_place_is_told_and_writes_nothing(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2)) as ready:
        ready.cycle()
        was, ours = ready.config, ready.tracker
        elsewhere = was.connectors["jira"].model_copy(update={"project": "NEW"})
        ready.config = was.model_copy(update={"connectors": {"jira": elsewhere}})
        ready.tracker = MemoryTracker("jira", MemoryWorld(ready.clock))
        for _ in range(4):
            report = ready.later()
            assert (str(report.connectors[0].error), report.record_writes) == (
                "jira is https://acme.example, project NEW now, where none of our issues is: "
                "they were made at https://acme.example, project SEC",
                0,
            )
        assert [link.state for link in (ready.link(1), ready.link(2))] == ["live", "live"]

        ready.config, ready.tracker = was, ours
        assert ready.later().record_writes == 0


def test_a_place_that_only_has_another_name_is_read_whole_and_then_on(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2), item(3)) as ready:
        ready.cycle()
        renamed = ready.config.connectors["jira"].model_copy(update={"project": "NEW"})
        ready.config = ready.config.model_copy(update={"connectors": {"jira": renamed}})
        ready.person.delete(ready.link(2).remote_id)
        report = ready.later()
        assert (report.connectors[0].error, report.connectors[0].read) == (None, 2)
        assert ready.later().connectors[0].error is None
