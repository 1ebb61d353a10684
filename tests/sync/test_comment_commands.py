"""Commands in comments: each is a proposal in the name of whoever typed it, journaled and answered once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poam.connectors.base import Account, Edit, Issue, Page, Reference, Status
from poam.connectors.errors import Gone, Rejected, Stale, TrackerError, Unavailable, Unsettled
from poam.connectors.memory import MemoryPerson
from poam.connectors.sandbox.clock import iso
from poam.mapping.item import Decision, State, WorkStatus
from poam.sync.cycle import plan_cycle
from poam.sync.deciding.edits import edit as change
from poam.sync.deciding.linking import attach, plan_attachment
from poam.sync.deciding.resolve import resolve
from poam.sync.delivery.answering import hide
from poam.sync.errors import InputError, NotAllowed
from poam.sync.looking.rules import rules_for
from poam.sync.record.mirrors import HIDDEN, doubt_answers, open_answers

from .deciding import ANN, ISSO, approved, at_rest, deciding, moved, pair, rejected
from .engine import Engine, engine, item

BOT = "poam"


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


def say(ready: Engine, text: str, n: int = 1, by: str = "ann") -> int:
    """Somebody comments; returns the comment's number."""
    MemoryPerson(ready.world, by).comment(ready.link(n).issue_id, text)
    return ready.issue(n).comments[-1].id


def said(ready: Engine, text: str, n: int = 1, by: str = "ann") -> str:
    """Somebody comments, and a cycle passes: what they are answered."""
    number = say(ready, text, n, by)
    ready.later()
    return answer(ready, number, n)


def answers(ready: Engine, n: int = 1) -> list[str]:
    """Everything we said below the issue."""
    return [each.text for each in ready.issue(n).comments if each.author.id == BOT]


def answer(ready: Engine, number: int, n: int = 1) -> str:
    """The one answer to a comment."""
    reference = f"(poam-sync re {number})"
    found = [part for text in answers(ready, n) for part in text.split("\n\n") if part.endswith(reference)]
    assert len(found) == 1, found
    return found[0].removesuffix(reference).strip()


def evidence(ready: Engine) -> list[tuple[str, str, str, str]]:
    return ready.record.db.execute("SELECT item_uid, kind, reference, added_by FROM evidence ORDER BY rowid").fetchall()


def test_done_in_a_comment_is_a_claim_in_the_name_of_whoever_said_it(mirrored: Engine) -> None:
    told = said(mirrored, "/poam done https://ci.example/build/7 all green")
    assert told.startswith("Recorded: the work is claimed done.")

    claimed = mirrored.item()
    assert (claimed.state, claimed.work_status) == (State.PENDING_VERIFICATION, WorkStatus.DONE)
    assert claimed.work_done_by == ANN
    assert claimed.work_done_at == mirrored.issue().comments[0].at
    assert mirrored.issue().status.category == "done", "the issue follows"
    assert ("uid-1", "url", "https://ci.example/build/7", ANN) in evidence(mirrored)
    at_rest(mirrored)


def test_blocked_in_a_comment_says_why_in_the_journal(mirrored: Engine) -> None:
    assert said(mirrored, "/poam blocked the window is in May") == "Recorded: the work is blocked."
    assert mirrored.item().work_status is WorkStatus.BLOCKED
    assert mirrored.issue().status.category == "doing"
    reasons = mirrored.record.db.execute("SELECT reason FROM journal WHERE entity = 'items' AND new = 'blocked'")
    assert reasons.fetchall() == [("said at MEM-1: the window is in May",)]
    at_rest(mirrored)


@pytest.mark.parametrize("first", ["close", "say"])
def test_of_what_was_done_and_what_was_said_the_later_one_counts(mirrored: Engine, first: str) -> None:
    acts = {
        "close": lambda: mirrored.person.close(mirrored.link().issue_id),
        "say": lambda: say(mirrored, "/poam blocked waiting"),
    }
    for name in (first, *(acts.keys() - {first})):
        acts[name]()
        mirrored.clock.advance(seconds=1)
    mirrored.later()
    blocked = first == "close"
    assert mirrored.item().work_status is (WorkStatus.BLOCKED if blocked else WorkStatus.DONE)
    assert mirrored.issue().status.category == ("doing" if blocked else "done")
    told = answers(mirrored)[0]
    assert told.startswith("Recorded: the work is blocked." if blocked else "Recorded, but something later holds")
    at_rest(mirrored)


def test_what_the_record_says_meanwhile_and_a_command_are_a_conflict_as_with_a_moved_issue(mirrored: Engine) -> None:
    say(mirrored, "/poam done")
    with deciding(mirrored) as decider:
        decider.change(mirrored.item(), {"work_status": "in_progress", "work_status_version": 1}, reason="x")
    mirrored.later()
    assert [(each.field, each.tracker_value, each.tracker_by) for each in mirrored.conflicts()] == [
        ("work_status", "done", ANN)
    ]
    at_rest(mirrored)


def test_a_later_date_in_a_comment_is_a_request_with_its_reason_at_once(mirrored: Engine) -> None:
    number = say(mirrored, "/poam extend 2026-07-01 because the vendor ships in June")
    mirrored.later(minutes=1)
    assert answer(mirrored, number) == (
        "Recorded: the later date 2026-07-01 is asked for and waits for a decision; until then the due date stands."
    )
    (request,) = mirrored.requests()
    assert (request.kind, request.requested_date, request.reason) == (
        "later_date",
        "2026-07-01",
        "the vendor ships in June",
    )
    assert (request.requested_by, request.source) == (ANN, f"comment {number}")
    assert mirrored.issue().due_dates == ("2026-05-01",), "the issue shows what holds"
    at_rest(mirrored)


def test_a_later_date_in_a_comment_moves_nothing_even_where_dates_are_held(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), later_date="hold") as ready:
        ready.cycle()
        number = say(ready, "/poam extend 2026-07-01 because of the vendor")
        ready.clock.advance(minutes=1)
        (planned,) = plan_cycle(ready.record.db, {"jira": ready.tracker}, ready.config, ready.clock.now).connectors
        assert [step.edit and step.edit.due_date for step in planned.steps] == [None]
        ready.cycle()
        assert "asked for and waits" in answer(ready, number)
        assert [request.requested_date for request in ready.requests()] == ["2026-07-01"]
        assert ready.issue().due_dates == ("2026-05-01",)
        assert ready.issue().history == ()
        assert "poam-date-pending" in ready.issue().labels
        at_rest(ready)


def test_the_reason_of_a_command_goes_with_the_date_that_somebody_moves_as_well(mirrored: Engine) -> None:
    say(mirrored, "/poam extend 2026-07-01 because the vendor ships in June")
    mirrored.clock.advance(seconds=1)
    mirrored.person.set_due(mirrored.link().issue_id, "2026-07-01")
    mirrored.later()
    assert [request.reason for request in mirrored.requests()] == ["the vendor ships in June"]

    mirrored.person.set_due(mirrored.link().issue_id, "2026-07-01")
    mirrored.later()
    assert [request.reason for request in mirrored.requests()] == ["the vendor ships in June"], "asked for once more"
    at_rest(mirrored)


def test_a_command_ends_the_quiet_period_of_a_date_that_was_moved_before(mirrored: Engine) -> None:
    mirrored.person.set_due(mirrored.link().issue_id, "2026-08-01")
    mirrored.later(minutes=1)
    say(mirrored, "/poam extend 2026-07-01 because of the vendor")
    mirrored.later(minutes=1)
    assert [request.requested_date for request in mirrored.requests()] == ["2026-07-01"]
    assert mirrored.issue().due_dates == ("2026-05-01",)
    mirrored.later()
    assert [request.requested_date for request in mirrored.requests()] == ["2026-07-01"]
    at_rest(mirrored)


def test_approving_such_a_request_without_a_word_tells_the_reason_it_was_asked_with(mirrored: Engine) -> None:
    said(mirrored, "/poam extend 2026-07-01 because the vendor ships in June", 2)
    approved(mirrored)
    assert mirrored.item(2).approved_extension_date == "2026-07-01"
    assert "the vendor ships in June" in mirrored.item(2).milestone_changes[0].description
    mirrored.later()
    assert "Why then: a later date was asked for and approved." in mirrored.issue(2).body


def test_an_earlier_date_in_a_comment_is_a_forecast_and_the_due_date_withdraws_it(mirrored: Engine) -> None:
    assert said(mirrored, "/poam extend 2026-04-10") == "Recorded: 2026-04-10 is taken over as your forecast."
    assert mirrored.item().forecast_date == "2026-04-10"
    assert mirrored.issue().due_dates == ("2026-04-10",)

    told = said(mirrored, "/poam extend 2026-05-01 because it takes longer")
    assert told == "Recorded: the due date holds, and there is no forecast any more."
    assert mirrored.item().forecast_date is None
    assert mirrored.issue().due_dates == ("2026-05-01",)
    at_rest(mirrored)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "/poam extend 2026-13-01 because x",
            "Nothing was recorded, as something is missing or is no date: /poam extend",
        ),
        ("/poam extend", "Nothing was recorded, as something is missing"),
        ("/poam extend 2025-01-01 because x", "Nothing follows from 2025-01-01: it is before the day"),
        ("/poam extend 2026-05-01", "Recorded: the issue shows 2026-05-01 already."),
        ("/poam blocked", "Nothing was recorded, as something is missing or is no date: /poam blocked WHY"),
        ("/poam fp", "Nothing was recorded, as something is missing"),
        ("/poam approve 1", "Nothing was recorded, as this is no command that is known here. Commands,"),
        ("/poam", "Commands, each at the beginning of a comment: /poam done URL,"),
        ("/POAM Help", "Commands, each"),
        ("/poam status", "V-1 is open. Due date: 2026-05-01."),
    ],
)
def test_what_changes_nothing_is_answered_and_journaled_all_the_same(mirrored: Engine, text: str, told: str) -> None:
    before = mirrored.item()
    assert said(mirrored, text).startswith(told)
    assert mirrored.item() == before
    assert mirrored.requests() == []
    assert mirrored.journal("observed.command") == [(ANN, None, text.replace("POAM", "poam"))]
    at_rest(mirrored)


@pytest.mark.parametrize(
    "text", ["Hello", "We could /poam done this", "/poamed done", "> /poam done", "`/poam done`", ""]
)
def test_any_other_comment_is_nobodys_command(mirrored: Engine, text: str) -> None:
    say(mirrored, text)
    mirrored.later()
    assert mirrored.journal("observed.command") == []
    assert answers(mirrored) == []
    at_rest(mirrored)


def test_nobody_approves_anything_in_a_comment(mirrored: Engine) -> None:
    said(mirrored, "/poam extend 2026-07-01 because x", 2)
    for text in ("/poam approve 1", "/poam done approve 1", "/poam extend 2026-07-01 because the AO approved it"):
        said(mirrored, text, 2, by="irene")
    assert mirrored.item(2).approved_extension_date is None
    assert [request.kind for request in mirrored.requests("approved")] == []


# --- what waits for a decision


def test_a_vendor_dependency_waits_for_its_decision_and_then_names_product_and_day(mirrored: Engine) -> None:
    assert said(mirrored, "/poam vendor Web Server 9 case 0815-77") == "Recorded: it waits for a decision of the ISSO."
    assert not mirrored.item().vendor_dependency
    told = approved(mirrored)
    assert "waits for its vendor to mend Web Server 9 (case 0815-77)" in told
    waits = mirrored.item()
    assert (waits.vendor_dependency, waits.vendor_dependent_product) == (True, "Web Server 9")
    assert waits.last_vendor_check_in == "2026-03-02"
    at_rest(mirrored)


def test_a_check_in_moves_the_day_forward_and_never_back(mirrored: Engine) -> None:
    said(mirrored, "/poam checkin the vendor plans it for June")
    approved(mirrored)
    assert mirrored.item().last_vendor_check_in == "2026-03-02"
    with deciding(mirrored) as decider:
        decider.change(mirrored.item(), {"last_vendor_check_in": "2026-03-01"}, reason="x")
    mirrored.clock.advance(days=3)
    said(mirrored, "/poam checkin again")
    with deciding(mirrored) as decider:
        decider.change(mirrored.item(), {"last_vendor_check_in": "2026-04-01"}, reason="x")
    approved(mirrored, 2)
    assert mirrored.item().last_vendor_check_in == "2026-04-01"


def test_a_false_positive_is_submitted_with_its_rationale_and_the_official_decides(mirrored: Engine) -> None:
    with deciding(mirrored) as decider:
        decider.change(mirrored.item(), {"deviation_rationale": "Known before."}, reason="x")
    said(mirrored, "/poam fp the library is not loaded")
    assert mirrored.item().false_positive is None
    assert "stays open until the AO's decision" in approved(mirrored)
    assert mirrored.item().false_positive is Decision.PENDING
    assert mirrored.item().deviation_rationale == "Known before.\nFalse Positive: the library is not loaded"
    at_rest(mirrored)


def test_an_approved_false_positive_is_not_made_pending_by_a_comment(mirrored: Engine) -> None:
    said(mirrored, "/poam fp the library is not loaded")
    with deciding(mirrored) as decider:
        decider.change(mirrored.item(), {"false_positive": "yes"}, reason="x")
    with pytest.raises(InputError, match="an approved false positive already"):
        approved(mirrored)
    assert mirrored.item().false_positive is Decision.YES
    assert len(mirrored.requests()) == 1


def test_who_asked_in_a_comment_cannot_decide_it(mirrored: Engine) -> None:
    said(mirrored, "/poam fp the library is not loaded", by="irene")
    with pytest.raises(NotAllowed, match=f"{ISSO} asked for request 1"):
        approved(mirrored)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/poam vendor Server 9", "That the work waits for the vendor was not accepted: not agreed"),
        ("/poam checkin none", "The last check-in with the vendor was not accepted: not agreed"),
        ("/poam fp no", "That this is a false positive was not accepted: not agreed"),
    ],
)
def test_a_rejection_is_told_in_the_issue_until_somebody_asks_anew(mirrored: Engine, text: str, told: str) -> None:
    said(mirrored, text)
    rejected(mirrored)
    mirrored.later()
    assert told in mirrored.issue().body
    said(mirrored, f"{text} again")
    assert told not in mirrored.issue().body
    at_rest(mirrored)


@pytest.mark.parametrize(
    "text", ["/poam extend 2026-07-01 because x", "/poam fp x", "/poam vendor x", "/poam checkin x"]
)
def test_nothing_is_asked_for_a_closed_item(mirrored: Engine, text: str) -> None:
    mirrored.person.close(mirrored.link().issue_id)
    mirrored.later()
    moved(mirrored, State.CLOSED, evidence=("https://scan.example/1",), person="eva@acme.example")
    mirrored.later()
    assert said(mirrored, text) == "Nothing was recorded, as this item is closed."
    assert mirrored.requests() == []
    assert mirrored.issue().due_dates == ("2026-05-01",)
    at_rest(mirrored)


# --- who, and what is kept


@pytest.mark.parametrize(
    "text",
    ["/poam done https://scan.example/1", "/poam blocked x", "/poam extend 2026-07-01 because x", "/poam vendor X",
     "/poam fp x", "/poam status", "/poam nonsense"],
)  # fmt: skip
def test_an_account_that_nobody_in_people_has_is_answered_and_does_nothing(mirrored: Engine, text: str) -> None:
    """Who may only comment at a tracker must not close an issue through our account."""
    before = mirrored.item(), mirrored.issue().status, mirrored.issue().due_dates
    assert said(mirrored, text, by="zoe").startswith("Nothing was done, as the record does not know this account")
    assert (mirrored.item(), mirrored.issue().status, mirrored.issue().due_dates) == before
    assert (mirrored.requests(), mirrored.conflicts()) == ([], [])
    assert [row["kind"] for row in mirrored.record.db.query("SELECT kind FROM evidence")] == []
    assert mirrored.journal("observed.command") == [("jira:zoe", None, text)], "kept, as all that is said"
    at_rest(mirrored)


def test_an_account_is_known_in_whatever_letters(mirrored: Engine) -> None:
    said(mirrored, "/poam done", by="ANN")
    assert mirrored.item().work_status is WorkStatus.DONE


def test_our_own_comments_are_no_commands(mirrored: Engine) -> None:
    mirrored.world.say(Account(BOT), mirrored.link().issue_id, "/poam done")
    mirrored.later()
    assert mirrored.journal("observed.command") == []
    assert mirrored.item().work_status is WorkStatus.NOT_STARTED
    at_rest(mirrored)


def test_the_journal_names_the_person_the_account_and_the_time_and_keeps_the_text_bounded(mirrored: Engine) -> None:
    number = say(mirrored, "/poam blocked \u202ebad\x00 words\nand more of them " + "x" * 2000 + "\n\nnot this")
    mirrored.later()
    (row,) = mirrored.record.db.execute("SELECT person, new, reason, source FROM journal WHERE field = 'command'")
    assert row[0] == ANN
    assert row[1].startswith("/poam blocked bad words and more of them xxx")
    assert len(row[1]) == 1000
    assert row[1].endswith("…")
    assert re.fullmatch(r"seen at MEM-1, said there by ann at 2026-03-02T\S+Z", row[2])
    assert row[3] == f"comment {number}"


def test_what_was_said_before_an_issue_was_attached_is_no_command(mirrored: Engine) -> None:
    other = mirrored.world.add(Account("ann"), None, {"title": "An old issue"})
    mirrored.world.say(Account("ann"), other.id, "/poam done")
    attached(mirrored, other.id)
    mirrored.later()
    assert mirrored.journal("observed.command") == []
    assert mirrored.item().state is State.OPEN

    mirrored.world.say(Account("ann"), other.id, "/poam blocked the window is in May")
    mirrored.later()
    assert mirrored.item().work_status is WorkStatus.BLOCKED
    assert [each.author.id for each in mirrored.world.get(other.id).comments] == ["ann", "ann", BOT]
    at_rest(mirrored)


def attached(ready: Engine, issue_id: str) -> None:
    """The ISSO attaches an issue to the first item."""
    rules = rules_for(ready.config, "jira", ready.tracker.capabilities, BOT, "private")
    issue, now = ready.world.get(issue_id), iso(ready.clock.now())
    found = plan_attachment(ready.record.db, ready.config, rules, ready.item(), issue, now)
    with deciding(ready) as decider:
        attach(decider, found, "it is the same work")


# --- evidence


def test_what_an_issue_points_to_may_prove_the_work_once_that_is_claimed_done(mirrored: Engine) -> None:
    pull = Reference("pull_request", "https://git.example/acme/web/pull/7", "2026-03-02T12:00:00.000Z", Account("ann"))
    shot = Reference("attachment", "scan result.pdf", "", Account(""))
    point_to(mirrored, pull)
    mirrored.later()
    assert evidence(mirrored) == []

    mirrored.person.close(mirrored.link().issue_id)
    point_to(mirrored, pull, shot)
    mirrored.later()
    expected = [
        ("uid-1", "issue", "memory:MEM-1", ANN),
        ("uid-1", "pull_request", pull.text, ANN),
        ("uid-1", "attachment", "scan result.pdf", "jira:unattributed"),
    ]
    assert evidence(mirrored) == expected
    point_to(mirrored, pull, shot, Reference("commit", "x" * 600, "", Account("ann")))
    mirrored.later()
    assert evidence(mirrored) == expected, "once each, and nothing without bounds"
    at_rest(mirrored)


def test_an_address_that_was_named_before_is_evidence_once(mirrored: Engine) -> None:
    for text in ("/poam done https://ci.example/7", "/poam done see https://ci.example/7."):
        said(mirrored, text)
    assert [row[1:3] for row in evidence(mirrored) if row[1] == "url"] == [("url", "https://ci.example/7")]


def point_to(ready: Engine, *references: Reference) -> None:
    """Something else points to the issue, or is attached to it, and it shows as changed."""
    changed = ready.world.say(Account("ann"), ready.link().issue_id, "look")
    ready.world._keep(replace(changed, references=references))


# --- answered once


@pytest.mark.parametrize("error", [Unavailable, Stale, Rejected, Unsettled, Gone])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_is_given_once_whatever_happens_to_it(mirrored: Engine, error: type[TrackerError], when: str) -> None:
    number = say(mirrored, "/poam blocked waiting for a window")
    mirrored.world.faults.append(("edit", when, error))
    mirrored.later()
    for _ in range(4):
        for conflict in mirrored.conflicts():
            with deciding(mirrored) as decider:
                resolve(decider, conflict.id, "record")
        mirrored.later()
    assert answer(mirrored, number) == "Recorded: the work is blocked."
    assert open_answers(mirrored.record.db, mirrored.link().id) == []
    at_rest(mirrored)


def test_an_answer_that_may_be_on_its_way_is_not_given_again_before_that_is_known(mirrored: Engine) -> None:
    number = say(mirrored, "/poam help")
    mirrored.clock.advance(minutes=1)
    mirrored.world.faults.append(("edit", "before", Unsettled))
    mirrored.cycle()
    for _ in range(8):
        assert mirrored.later(minutes=2).connectors[0].owed == 1
        assert answers(mirrored) == []
    assert mirrored.later(minutes=2).connectors[0].owed == 0
    assert answer(mirrored, number).startswith("Commands,")
    at_rest(mirrored)


def test_while_an_answer_is_in_doubt_everything_else_goes_on(mirrored: Engine) -> None:
    say(mirrored, "/poam help")
    mirrored.clock.advance(minutes=1)
    mirrored.world.faults.append(("edit", "before", Unsettled))
    mirrored.cycle()
    second = say(mirrored, "/poam blocked waiting for a window")
    mirrored.later(minutes=2)
    assert mirrored.issue().status.category == "doing"
    assert answer(mirrored, second) == "Recorded: the work is blocked."
    assert len(answers(mirrored)) == 1
    mirrored.later()
    assert len(answers(mirrored)) == 2
    at_rest(mirrored)


def test_several_commands_are_answered_in_one_comment(mirrored: Engine) -> None:
    numbers = [say(mirrored, text) for text in ("/poam status", "/poam help", "/poam blocked x", "/poam done")]
    mirrored.later()
    assert len(answers(mirrored)) == 1
    assert [answer(mirrored, number)[:24] for number in numbers] == [
        "V-1 is pending verificat",
        "Commands, each at the be",
        "Recorded, but something ",
        "Recorded: the work is cl",
    ]
    at_rest(mirrored)


def test_more_answers_than_fit_into_a_comment_are_given_in_several(mirrored: Engine) -> None:
    numbers = [say(mirrored, "/poam help") for _ in range(40)]
    for _ in range(5):
        mirrored.later()
    assert len(answers(mirrored)) > 1
    assert all(answer(mirrored, number) for number in numbers)
    at_rest(mirrored)


def test_a_tracker_that_hides_what_it_took_is_told_the_answer_once_and_a_person_hears_of_it(mirrored: Engine) -> None:
    posted: list[str] = []
    original = mirrored.world.say

    def swallowed(author: Account, issue_id: str, text: str) -> object:
        if author.id != BOT:
            return original(author, issue_id, text)
        posted.append(text)
        return mirrored.world.get(issue_id)

    mirrored.world.say = swallowed  # type: ignore[method-assign,assignment]
    say(mirrored, "/poam blocked x")
    for _ in range(4):
        mirrored.later()
    assert len(posted) == 1
    assert [(each.field, each.policy) for each in mirrored.conflicts()] == [("comment", "refused")]
    assert mirrored.item().work_status is WorkStatus.BLOCKED
    at_rest(mirrored)
    for day in ("2026-04-20", "2026-04-21"):
        with deciding(mirrored) as decider:
            change(decider, mirrored.item(), {"forecast_date": day}, reason="later changes of the record")
        assert mirrored.later().connectors[0].owed == 0
        assert mirrored.issue().due_dates == (day,), "the edit goes, the comment does not go along"
        at_rest(mirrored)
    say(mirrored, "/poam help")
    for _ in range(4):
        mirrored.later()
    assert [("the work is blocked" in text, "Commands" in text) for text in posted] == [(True, False), (False, True)]
    at_rest(mirrored)
    with deciding(mirrored) as decider:
        resolve(decider, mirrored.conflicts()[0].id, "record")
    for _ in range(4):
        mirrored.later()
    assert len(posted) == 3, "a person who asks for them has all of them sent once more"
    assert "the work is blocked" in posted[2]
    assert "Commands" in posted[2]
    assert [(each.field, each.policy) for each in mirrored.conflicts()] == [("comment", "refused")]
    at_rest(mirrored)


def test_a_hidden_answer_is_not_said_again_after_a_restore(mirrored: Engine) -> None:
    say(mirrored, "/poam help")
    mirrored.clock.advance(minutes=1)
    mirrored.world.faults.append(("edit", "before", Unsettled))
    mirrored.cycle()
    link = mirrored.link()
    with mirrored.record.unit(at=iso(mirrored.clock.now())) as unit:
        hide(unit, link, open_answers(unit.db, link.id))
        doubt_answers(unit)
    assert [each.left_by for each in open_answers(mirrored.record.db, link.id)] == [HIDDEN]
    for _ in range(3):
        assert mirrored.later().connectors[0].owed == 0
    assert answers(mirrored) == []


def test_no_answer_tells_a_stranger_more_than_id_state_and_due_date(tmp_path: Path) -> None:
    secret = item(1, weakness_name="Hole in payroll", poam_id="V-1")
    with engine(tmp_path, secret) as ready:
        ready.cycle()
        ready.world.visibility = "public"
        for text in (
            "done",
            "blocked payroll",
            "extend 2026-07-01 because payroll",
            "vendor payroll",
            "fp payroll",
            "status",
        ):
            said(ready, f"/poam {text}")
        told = "\n".join(answers(ready))
        assert "V-1" in told
        assert "payroll" not in told
        assert "web-01" not in told
        assert "moderate" not in told.casefold()


class HalfWay:
    """A tracker whose workflow stops between two of its hops, once."""

    def __init__(self, ready: Engine) -> None:
        self._ready, self._tracker = ready, ready.tracker
        self._stops = True

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracker, name)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `Tracker`."""
        if edit.status == "done" and self._stops:
            self._stops = False
            self._ready.world.change(Account(BOT), issue.id, {"status": Status("in progress", "doing")})
            raise Unsettled("no answer between two hops")
        return self._tracker.edit(issue, edit)


def test_a_hop_of_our_own_on_the_way_to_done_is_nobodys_work(mirrored: Engine) -> None:
    mirrored.tracker = HalfWay(mirrored)  # type: ignore[assignment]
    number = say(mirrored, "/poam done")
    mirrored.later()
    assert mirrored.issue().status.category == "doing"
    mirrored.later()
    assert mirrored.issue().status.category == "done"
    assert mirrored.item().work_status is WorkStatus.DONE
    assert mirrored.journal("observed.work_status") == [(ANN, None, "done")]
    assert answer(mirrored, number).startswith("Recorded: the work is claimed done.")
    at_rest(mirrored)


class Lagging:
    """A tracker whose list does not show everything that an issue has, as long as `hide` is set."""

    def __init__(self, ready: Engine, hide: Callable[[Issue], Issue]) -> None:
        self._tracker = ready.tracker
        self.hide: Callable[[Issue], Issue] | None = hide

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tracker, name)

    def changed_since(self, cursor: str | None) -> Page:
        """See `Tracker`."""
        page = self._tracker.changed_since(cursor)
        return replace(page, issues=[self.hide(issue) if self.hide else issue for issue in page.issues])

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """See `Tracker`."""
        found = self._tracker.get(issue_id, known=known)
        return self.hide(found) if self.hide else found

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `Tracker`."""
        edited = self._tracker.edit(issue, edit)
        return self.hide(edited) if self.hide else edited


def test_a_command_that_a_list_shows_late_takes_no_later_move_back(mirrored: Engine) -> None:
    number = say(mirrored, "/poam blocked no window")
    mirrored.clock.advance(minutes=1)
    mirrored.person.close(mirrored.link().issue_id)
    mirrored.tracker = lagging = Lagging(mirrored, lambda issue: replace(issue, comments=()))  # type: ignore[assignment]
    mirrored.later(minutes=1)
    assert mirrored.item().work_status is WorkStatus.DONE
    lagging.hide = None
    mirrored.later(minutes=1)
    assert mirrored.item().work_status is WorkStatus.DONE
    assert answer(mirrored, number).startswith("Recorded, but something later holds")
    assert mirrored.conflicts() == []
    assert [new for _, _, new in mirrored.journal("observed.work_status")] == ["done", "blocked"]
    at_rest(mirrored)


def test_a_move_that_a_list_shows_late_takes_no_later_command_back(mirrored: Engine) -> None:
    before = mirrored.issue().status
    mirrored.person.close(mirrored.link().issue_id)
    mirrored.clock.advance(minutes=1)
    say(mirrored, "/poam blocked no window")
    mirrored.tracker = lagging = Lagging(mirrored, lambda issue: replace(issue, status=before, history=()))  # type: ignore[assignment]
    mirrored.world.faults.append(("edit", "before", Unavailable))
    mirrored.later(minutes=1)
    assert mirrored.item().work_status is WorkStatus.BLOCKED
    lagging.hide = None
    mirrored.later(minutes=1)
    mirrored.later(minutes=10)
    assert mirrored.item().work_status is WorkStatus.BLOCKED
    assert mirrored.issue().status.category == "doing"
    assert mirrored.conflicts() == []
    assert [new for _, _, new in mirrored.journal("observed.work_status")] == ["blocked", "done"]
    at_rest(mirrored)


def test_a_command_that_our_own_write_crossed_and_that_write_are_a_conflict(mirrored: Engine) -> None:
    say(mirrored, "/poam done")
    with deciding(mirrored) as decider:
        decider.change(mirrored.item(), {"work_status": "in_progress", "work_status_version": 1}, reason="x")
    mirrored.tracker = lagging = Lagging(mirrored, lambda issue: replace(issue, comments=()))  # type: ignore[assignment]
    mirrored.later(minutes=1)
    assert mirrored.issue().status.category == "doing"
    lagging.hide = None
    mirrored.later(minutes=1)
    assert [(each.record_value, each.tracker_value) for each in mirrored.conflicts()] == [("in_progress", "done")]
    at_rest(mirrored)


def test_a_restored_record_waits_for_answers_that_it_may_have_given_before_it_was_restored(mirrored: Engine) -> None:
    number = say(mirrored, "/poam help")
    mirrored.world.faults.append(("edit", "before", Unavailable))
    mirrored.later(minutes=1)
    with mirrored.record.unit(at=iso(mirrored.clock.now())) as unit:
        unit.db.execute("DELETE FROM cursors")
        unit.put("meta", {"key": "restored_at", "value": unit.at})
    mirrored.later(minutes=1)
    for _ in range(8):
        mirrored.later(minutes=2)
        assert answers(mirrored) == []
    mirrored.later(minutes=4)
    assert answer(mirrored, number).startswith("Commands,")
    at_rest(mirrored)
