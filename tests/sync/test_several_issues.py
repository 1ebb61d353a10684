"""An item with several issues: each shows what its own people say, and the item goes by all of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from poam.connectors.base import Account, Status
from poam.connectors.errors import Rejected
from poam.connectors.memory import MemoryPerson, MemoryWorld
from poam.connectors.sandbox.memory import CLOSED
from poam.mapping.item import State, WorkStatus
from poam.mapping.lenses import work_status_of
from poam.mapping.life import Role
from poam.mapping.together import work_together
from poam.sync.cycle import run_cycle
from poam.sync.deciding.edits import edit
from poam.sync.deciding.transitions import transition
from poam.sync.errors import MassChange
from poam.sync.guard import Approval
from poam.sync.record.kinds import Link
from poam.sync.record.mirrors import open_answers

from .deciding import approved, deciding, moved, rejected, resolved
from .engine import ISSO, item
from .mirrored import Several, several

BLOCKED = Status("blocked", "doing")


@pytest.fixture
def two(tmp_path: Path) -> Iterator[Several]:
    with several(tmp_path, "jira", items=(item(1),)) as ready:
        ready.attach(ready.made())
        ready.rest()
        yield ready


def shown(ready: Several) -> list[str]:
    return [ready.issue(n).status.name for n in range(len(ready.links))]


def test_an_item_is_done_when_all_of_its_issues_are_and_whoever_closed_the_last_one_claims_it(two: Several) -> None:
    two.person(0).close(two.id(0))
    two.rest()
    assert (two.item.state, two.item.work_status) == (State.OPEN, WorkStatus.IN_PROGRESS)
    assert shown(two) == ["completed", "open"]
    two.person(1).close(two.id(1))
    two.rest()
    assert (two.item.state, two.item.work_status) == (State.PENDING_VERIFICATION, WorkStatus.DONE)
    assert two.item.work_done_by == "jira:bob"
    told = two.engine.journal("observed.work_status")
    assert [who for who, _, new in told if new == "done"] == ["ann@acme.example", "jira:bob"]
    proofs = two.engine.record.db.query("SELECT reference FROM evidence ORDER BY reference")
    assert [row["reference"] for row in proofs] == ["memory:MEM-1", "memory:MEM-2"]


def test_both_closed_between_two_cycles_is_done_too(two: Several) -> None:
    two.person(0).close(two.id(0))
    two.person(1).close(two.id(1))
    two.rest()
    assert (two.item.state, two.item.work_status) == (State.PENDING_VERIFICATION, WorkStatus.DONE)
    assert shown(two) == ["completed", "completed"]


def test_one_opened_again_takes_the_claim_back_and_leaves_the_other_closed(two: Several) -> None:
    for n in (0, 1):
        two.person(n).close(two.id(n))
    two.rest()
    two.person(0).reopen(two.id(0))
    two.rest()
    assert (two.item.state, two.item.work_status) == (State.OPEN, WorkStatus.IN_PROGRESS)
    assert two.item.work_done_by == ""
    assert shown(two) == ["open", "completed"]


def test_one_declined_is_a_question_and_the_other_goes_on(two: Several) -> None:
    two.person(0).close(two.id(0), "wont_do")
    two.person(1).start(two.id(1))
    two.rest()
    assert [request.kind for request in two.engine.requests()] == ["declined"]
    assert two.item.work_status is WorkStatus.IN_PROGRESS
    two.person(1).close(two.id(1))
    two.rest()
    assert (two.item.state, two.item.work_status) == (State.OPEN, WorkStatus.WONT_DO)
    assert [request.kind for request in two.engine.requests()] == ["declined"], "the other's work answers nothing"


def test_a_refused_answer_opens_only_the_issue_that_gave_it(two: Several) -> None:
    two.person(0).close(two.id(0), "wont_do")
    two.person(1).close(two.id(1))
    two.rest()
    rejected(two.engine)
    two.rest()
    assert shown(two) == ["open", "completed"]
    assert two.item.work_status is WorkStatus.IN_PROGRESS


def test_two_issues_may_ask_one_question_and_its_answer_is_for_whoever_still_asks(two: Several) -> None:
    for n in (0, 1):
        two.person(n).close(two.id(n), "wont_do")
        two.rest()
    two.person(1).reopen(two.id(1))
    two.person(1).close(two.id(1))
    two.rest()
    assert [request.kind for request in two.engine.requests()] == ["declined"]
    rejected(two.engine, two.engine.requests()[0].id)
    two.rest()
    assert shown(two) == ["open", "completed"]


def test_what_the_isso_decides_every_issue_follows(two: Several) -> None:
    for n in (0, 1):
        two.person(n).close(two.id(n))
    two.rest()
    moved(two.engine, State.OPEN, reason="the scan still finds it")
    two.rest()
    assert two.item.work_status is WorkStatus.IN_PROGRESS, "as it stood before the last one was closed"
    assert shown(two) == ["in progress", "in progress"]
    assert all("Not accepted as done" in two.issue(n).body for n in (0, 1))


def test_the_latest_forecast_is_the_items_and_each_issue_keeps_its_own(two: Several) -> None:
    two.person(0).set_due(two.id(0), "2026-04-01")
    two.rest()
    assert two.item.forecast_date is None, "the other one expects the due date"
    two.person(1).set_due(two.id(1), "2026-04-10")
    two.rest()
    assert two.item.forecast_date == "2026-04-10"
    assert [two.issue(n).due_dates for n in (0, 1)] == [("2026-04-01",), ("2026-04-10",)]
    two.person(1).set_due(two.id(1), "2026-05-01")
    two.rest()
    assert two.item.forecast_date is None
    assert [two.issue(n).due_dates for n in (0, 1)] == [("2026-04-01",), ("2026-05-01",)]


def test_a_forecast_that_was_there_before_the_second_issue_stays_the_firsts(tmp_path: Path) -> None:
    with several(tmp_path, "jira", items=(item(1),)) as ready:
        ready.person(0).set_due(ready.id(0), "2026-04-01")
        ready.rest()
        ready.attach(ready.made(due_dates=("2026-04-15",)))
        ready.rest()
        assert ready.item.forecast_date == "2026-04-15"
        assert [ready.issue(n).due_dates for n in (0, 1)] == [("2026-04-01",), ("2026-04-15",)]


def test_a_later_date_is_one_request_and_the_other_issues_forecast_does_not_take_it_back(two: Several) -> None:
    two.person(0).set_due(two.id(0), "2026-07-01")
    two.rest(3)
    two.person(1).set_due(two.id(1), "2026-04-10")
    two.rest(3)
    waiting = two.engine.requests()
    assert [(each.kind, each.requested_date) for each in waiting] == [("later_date", "2026-07-01")]
    two.person(1).set_due(two.id(1), "2026-08-01")
    two.rest(3)
    assert [each.requested_date for each in two.engine.requests()] == ["2026-08-01"]
    approved(two.engine, two.engine.requests()[0].id)
    two.rest()


def test_a_forecast_set_here_reaches_every_issue(two: Several) -> None:
    two.person(0).set_due(two.id(0), "2026-04-01")
    two.rest()
    with deciding(two.engine) as decider:
        decider.change(two.item, {"forecast_date": "2026-04-20"}, reason="agreed")
    two.rest()
    assert [two.issue(n).due_dates for n in (0, 1)] == [("2026-04-20",), ("2026-04-20",)]
    assert two.item.forecast_date == "2026-04-20"


MOVES = ("start", "block", "close", "decline", "reopen")


def move(ready: Several, n: int, how: str) -> None:
    """One of the moves that change what an issue says."""
    person, issue = ready.person(n), ready.id(n)
    match how:
        case "start":
            person.start(issue)
        case "close":
            person.close(issue)
        case "decline":
            person.close(issue, "wont_do")
        case "reopen":
            person.reopen(issue)
        case "block":
            ready.worlds[ready.links[n].connector].change(Account(person.account), issue, {"status": BLOCKED})


def says(ready: Several) -> list[WorkStatus]:
    return [work_status_of(ready.issue(n).status, {}) for n in range(len(ready.links))]


@pytest.mark.parametrize("connectors", [("jira",), ("jira", "code")])
@pytest.mark.parametrize("first", MOVES)
def test_whatever_two_people_do_at_once_each_issue_keeps_its_word_and_the_item_goes_by_both(
    tmp_path: Path, first: str, connectors: tuple[str, ...]
) -> None:
    with several(tmp_path, *connectors, items=(item(1),)) as ready:
        ready.attach(ready.made(connectors[-1]), connectors[-1])
        ready.rest()
        for second in MOVES:
            move(ready, 0, first)
            move(ready, 1, second)
            wanted = says(ready)
            ready.rest()
            assert says(ready) == wanted
            assert ready.item.work_status is work_together(wanted)
            claimed = ready.item.work_status is WorkStatus.DONE
            assert ready.item.state is (State.PENDING_VERIFICATION if claimed else State.OPEN)
            assert bool(ready.engine.requests()) is (WorkStatus.WONT_DO in wanted), (
                "a question waits as long as it is asked"
            )


def test_three_issues_at_two_trackers_are_done_with_the_last_one(tmp_path: Path) -> None:
    with several(tmp_path, "jira", "code", items=(item(1),)) as ready:
        ready.attach(ready.made("code"), "code")
        ready.attach(ready.made("jira", "cleo"))
        ready.rest()
        for n in (2, 0):
            ready.person(n).close(ready.id(n))
            ready.rest()
            assert ready.item.work_status is WorkStatus.IN_PROGRESS
        ready.person(1).close(ready.id(1))
        ready.rest()
        assert (ready.item.state, ready.item.work_done_by) == (State.PENDING_VERIFICATION, "code:bob")


def test_a_claim_made_here_closes_every_issue_unless_its_people_cross_it(two: Several) -> None:
    two.person(0).start(two.id(0))
    two.rest()
    with deciding(two.engine, "ann@acme.example", Role.ENGINEER) as decider:
        transition(decider, two.item, State.PENDING_VERIFICATION, reason="all is rolled out", evidence=())
    move(two, 1, "start")
    two.rest()
    assert [conflict.field for conflict in two.engine.conflicts()] == ["work_status"]
    assert says(two) == [WorkStatus.DONE, WorkStatus.IN_PROGRESS]
    assert (two.item.state, two.item.work_status) == (State.OPEN, WorkStatus.IN_PROGRESS)


def test_a_conflict_is_decided_for_the_issue_that_it_is_about(two: Several) -> None:
    with deciding(two.engine, "ann@acme.example", Role.ENGINEER) as decider:
        edit(decider, two.item, {"work_status": "blocked"}, reason="the vendor is late")
    move(two, 1, "close")
    two.rest()
    assert two.item.work_status is WorkStatus.BLOCKED
    resolved(two.engine, "record")
    two.rest()
    assert says(two)[1] is not WorkStatus.DONE
    assert two.item.work_status is WorkStatus.BLOCKED


def test_an_issue_that_is_gone_for_good_no_longer_holds_its_item_back(two: Several) -> None:
    move(two, 0, "close")
    two.rest()
    two.person(1).delete(two.id(1))
    for _ in range(4):
        two.cycle(full=True)
    assert two.item.work_status is WorkStatus.IN_PROGRESS, "what is missing changes nothing by itself"
    resolved(two.engine, "tracker")
    assert (two.item.state, two.item.work_done_by) == (State.PENDING_VERIFICATION, "ann@acme.example")
    two.rest()


def test_what_one_issue_changes_the_text_of_the_others_tells_in_the_next_cycle(two: Several) -> None:
    two.person(0).set_due(two.id(0), "2026-07-01")
    two.cycle()
    two.cycle()
    assert all("later date 2026-07-01 is asked for" in two.issue(n).body for n in (0, 1))
    assert all("poam-date-pending" in two.issue(n).labels for n in (0, 1))
    assert two.cycle().record_writes == 0


def moves_to(ready: Several, connector: str, link: Link | None = None) -> None:
    """Somebody moves the item's issue, or another, to another place, with all that it holds."""
    link = link or ready.links[0]
    issue = ready.trackers[link.connector].get(link.issue_id)
    values = {name: getattr(issue, name) for name in ("title", "body", "status", "due_dates", "labels", "marked")}
    there = ready.worlds[connector].add(issue.author, issue.marker, values)  # type: ignore[arg-type]
    ready.worlds[link.connector].delete(link.issue_id)
    ready.worlds[link.connector].moved[link.issue_id] = there.key


def test_an_issue_that_moves_to_another_configured_place_is_followed_there(tmp_path: Path) -> None:
    with several(tmp_path, "jira", "code", items=(item(1), item(2))) as ready:
        ready.made("code")
        ready.person(0).start(ready.id(0))
        ready.person(0).set_due(ready.id(0), "2026-04-01")
        ready.rest()
        moves_to(ready, "code")
        ready.cycle(full=True)
        assert [(link.connector, link.remote_key, link.author) for link in ready.links] == [("code", "MEM-2", "")]
        ready.rest()
        assert ready.issue(0).marker == ready.links[0].marker
        assert ready.issue(0).due_dates == ("2026-04-01",)
        assert (ready.item.work_status, ready.item.forecast_date) == (WorkStatus.IN_PROGRESS, "2026-04-01")
        assert ready.engine.conflicts() == []
        ready.person(0).close(ready.id(0))
        ready.rest()
        assert ready.item.state is State.PENDING_VERIFICATION


def test_an_issue_that_moves_leaves_no_conflict_and_no_owed_answer_at_its_old_place(tmp_path: Path) -> None:
    with several(tmp_path, "jira", "code", items=(item(1), item(2))) as ready:
        old = ready.links[0]
        ready.worlds["jira"].faults.append(("edit", "before", Rejected))
        MemoryPerson(ready.worlds["jira"], "ann").comment(old.issue_id, "/poam help")
        ready.cycle()
        assert [each.link_id for each in ready.engine.conflicts()] == [old.id]
        assert len(open_answers(ready.engine.record.db, old.id)) == 1
        moves_to(ready, "code")
        ready.cycle(full=True)
        assert ready.links[0].connector == "code"
        assert ready.engine.conflicts() == []
        assert open_answers(ready.engine.record.db, old.id) == []
        why = "MEM-1 was moved to MEM-1"
        ended = "SELECT resolution, resolved_by FROM conflicts"
        assert ready.engine.record.db.execute(ended).fetchall() == [(why, "system")]
        dropped = "SELECT field, reason FROM journal WHERE entity = 'answers'"
        assert ready.engine.record.db.execute(dropped).fetchall() == [("dropped", why)]
        ready.rest()


def test_far_more_issues_moved_than_usual_are_followed_only_when_a_person_says_so(tmp_path: Path) -> None:
    with several(tmp_path, "jira", "code", items=tuple(item(n) for n in range(1, 11))) as ready:
        before = [ready.engine.link(n) for n in range(1, 11)]
        for link in before[:5]:
            ready.worlds["jira"].change(Account("ann"), link.issue_id, {"status": Status("completed", "done")})
            moves_to(ready, "code", link)
        report = ready.cycle(full=True)
        error = report.connectors[0].error
        assert isinstance(error, MassChange)
        assert [ready.engine.link(n) for n in range(1, 11)] == before, "nothing was followed"
        assert all(ready.engine.item(n).state is State.OPEN for n in range(1, 11))
        held = str(error).split("plan ")[1].rstrip(")")
        there = next(issue for issue in ready.trackers["code"].changed_since(None).issues)
        ready.worlds["code"].change(Account("ann"), there.id, {"due_dates": ("2026-04-01",)})
        error = ready.cycle(full=True).connectors[0].error
        assert isinstance(error, MassChange)
        another = str(error).split("plan ")[1].rstrip(")")
        assert another != held, "an approval lets through what was looked at, and nothing else"
        ready.engine.clock.advance(minutes=1)
        run_cycle(
            ready.engine.record,
            ready.trackers,
            ready.config,
            ready.engine.clock.now,
            full=True,
            approval=Approval(another, ISSO),
        )
        places = "SELECT connector, count(*) FROM links WHERE state = 'live' GROUP BY connector ORDER BY connector"
        assert ready.engine.record.db.execute(places).fetchall() == [("code", 5), ("jira", 5)]
        ready.rest()


def test_an_issue_that_moves_out_of_sight_is_a_conflict_that_names_where_it_went(tmp_path: Path) -> None:
    with several(tmp_path, "jira", items=(item(1), item(2))) as ready:
        ready.worlds["elsewhere"] = MemoryWorld(ready.engine.clock)  # type: ignore[index]
        for _ in range(9):
            ready.made("elsewhere")
        moves_to(ready, "elsewhere")
        for _ in range(3):
            ready.cycle(full=True)
        (conflict,) = ready.engine.conflicts()
        assert (conflict.policy, conflict.tracker_value) == ("missing", "MEM-1 was moved to MEM-10")
        assert ready.links[0].state == "missing"


def test_what_our_own_account_set_at_an_attached_issue_is_nobodys_word(two: Several) -> None:
    """It was another item's issue once, and we closed and dated it there."""
    other = two.made()
    two.worlds["jira"].change(Account("poam"), other.id, {"status": CLOSED["completed"], "due_dates": ("2026-04-02",)})
    found = two.attach(two.worlds["jira"].get(other.id))
    assert found.step.item_changes == ()
    assert (two.item.work_status, two.item.forecast_date) == (WorkStatus.NOT_STARTED, None)
    two.rest()
    assert two.worlds["jira"].get(other.id).status.category == "todo"
    assert two.worlds["jira"].get(other.id).due_dates == ("2026-05-01",)
    assert two.engine.conflicts() == []
