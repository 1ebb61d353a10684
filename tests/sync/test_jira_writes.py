"""The engine and Jira's own ways of writing: many issues in one request, and statuses that take several hops."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import pytest

from poam.connectors.sandbox.server import Fault
from poam.mapping.item import WorkStatus
from poam.sync.record.items import load
from poam.sync.record.kinds import Conflict
from poam.sync.record.record import Record
from poam.sync.record.rows import rows

from .cuts import ISSO
from .two_trackers import Loop, item_for, two_trackers

BULK, SINGLE, HOP = r"/issue/bulk$", r"/issue$", r"/transitions$"
MANY = 3


@dataclass(slots=True)
class Second(Fault):
    """Strikes the second request that it matches."""

    passed: int = 0

    def matches(self, scope: object) -> bool:
        """Whether this is that one."""
        hit = Fault.matches(self, scope)  # type: ignore[arg-type]
        self.passed += hit
        return hit and self.passed == 2


def one_issue_each(loop: Loop, many: int = MANY) -> None:
    """Every item has its one issue, nothing is owed, and the next cycle sends nothing but its look."""
    issues = loop.issues("jira")
    assert sorted(issue.id for issue in issues) == sorted(link.remote_id or "" for link in loop.links())
    assert len({issue.marker for issue in issues}) == len(issues) == many
    assert {owed.state for owed in loop.outbox()} == {"DONE"}
    loop.clock.advance(hours=1)
    loop.cycle()
    loop.requests("jira")
    loop.cycle()
    assert [each for each in loop.requests("jira") if each.startswith(("PUT", "POST")) and "search" not in each] == []


@pytest.mark.parametrize("many", [49, 50, 51, 100, 101])
def test_n_new_items_are_a_request_per_fifty_whatever_n_is(tmp_path: Path, many: int) -> None:
    with two_trackers(tmp_path / "loop", *(item_for("jira", n) for n in range(1, many + 1))) as loop:
        loop.cycle()
        sent = Counter(request.rpartition("/rest/api/2/")[2] for request in loop.requests("jira"))
        assert sent["issue/bulk"] + sent["issue"] == ceil(many / 50)
        assert sent["issue"] == (1 if many % 50 == 1 else 0)
        one_issue_each(loop, many)


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("kind", ["drop", 502])
def test_many_creates_whose_answer_is_lost_are_exactly_one_issue_each(tmp_path: Path, kind: object, when: str) -> None:
    with two_trackers(tmp_path / "loop", *(item_for("jira", n) for n in range(1, MANY + 1))) as loop:
        loop.servers["jira"].faults.append(Fault("POST", BULK, kind, when))  # type: ignore[arg-type]
        loop.cycle()
        assert {owed.state for owed in loop.outbox()} == {"UNKNOWN"}
        loop.cycle()
        assert loop.servers["jira"].count("POST", f"{BULK}|{SINGLE}") == 1, "nothing is sent twice on suspicion"
        for _ in range(2):
            loop.clock.advance(hours=1)
            loop.cycle()
        one_issue_each(loop)


@pytest.mark.parametrize("status", [404, 405, 410])
def test_where_many_cannot_be_made_at_once_they_are_made_one_by_one_in_the_same_cycle(
    tmp_path: Path, status: int
) -> None:
    with two_trackers(tmp_path / "loop", *(item_for("jira", n) for n in range(1, MANY + 1))) as loop:
        loop.servers["jira"].faults.append(Fault("POST", BULK, status, times=9))
        report = loop.cycle()
        assert [each.error for each in report.connectors] == [None, None]
        assert [loop.servers["jira"].count("POST", path) for path in (BULK, SINGLE)] == [1, MANY]
        one_issue_each(loop)


def test_a_second_hop_that_is_denied_is_a_conflict_and_where_the_issue_came_to_is_nobody_s_word(
    tmp_path: Path,
) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        loop.cycle()
        with Record.open(loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "done", "work_status_version": 1})
        loop.servers["jira"].faults.append(Second("POST", HOP, 400))
        loop.clock.advance(hours=1)
        loop.cycle()
        [issue] = loop.issues("jira")
        assert issue.status.name == "In Progress"

        for _ in range(3):
            loop.clock.advance(hours=1)
            loop.cycle()
        with Record.read(loop.config.record_path) as record:
            [conflict] = rows(record.db, Conflict, "state = 'open'")
            assert (conflict.field, conflict.policy) == ("issue", "refused")
            assert load(record.db)[0].work_status is WorkStatus.DONE
        assert loop.servers["jira"].count("POST", HOP) == 2, "what was refused is not sent again"


def test_a_status_pushed_along_several_hops_comes_back_as_an_echo_and_nothing_follows(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        loop.cycle()
        with Record.open(loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "done", "work_status_version": 1})
        loop.clock.advance(hours=1)
        loop.cycle()
        assert loop.issues("jira")[0].status.name == "Done"
        one_issue_each(loop, 1)
        with Record.read(loop.config.record_path) as record:
            assert load(record.db)[0].work_status is WorkStatus.DONE


def test_a_conflicting_update_409_is_read_again_and_made_in_the_next_cycle(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        loop.cycle()
        with Record.open(loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"work_status": "in_progress", "work_status_version": 1})
        loop.servers["jira"].faults.append(Fault("POST", HOP, 409))
        for _ in range(2):
            loop.clock.advance(hours=1)
            loop.cycle()
        assert loop.issues("jira")[0].status.name == "In Progress"
        one_issue_each(loop, 1)
        with Record.read(loop.config.record_path) as record:
            assert rows(record.db, Conflict) == []
