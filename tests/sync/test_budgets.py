"""What whole cycles cost, counted at the servers: requests are promises, because trackers ration them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import count
from math import ceil
from pathlib import Path
from tempfile import mkdtemp

import pytest

from poam.connectors.base import Tracker
from poam.sync.record.record import Record

from .cuts import ISSO
from .two_trackers import Loop, item_for, two_trackers

MANY = 101
WORDS = count(1)
SEARCH, BULK, JIRA_CREATE = "POST search/jql", "POST issue/bulkfetch", "POST issue"
LIST, EVENTS, UNCHANGED, GITHUB_CREATE = "GET issues", "GET issues/events", "GET issues 304", "POST issues"
JIRA_EDIT = {"GET issue/N": 1, "PUT issue/N": 1}
GITHUB_LOOK = {"GET issues/N": 2, "GET issues/N/events": 1}
SITE = {"GET serverInfo": 1, "GET myself": 1, "GET status": 1}


class Counted:
    """A process at both trackers, and what each of its cycles cost."""

    def __init__(self, loop: Loop, trackers: Mapping[str, Tracker]) -> None:
        self.loop = loop
        self.trackers = trackers

    def cycle(self, *, hours: int = 1) -> dict[str, Counter[str]]:
        """The requests of one cycle by connector."""
        self.forget()
        self.loop.clock.advance(hours=hours)
        report = self.loop.cycle(self.trackers)
        assert [each.error for each in report.connectors] == [None, None]
        return {name: self._requests(name) for name in self.loop.servers}

    def rest(self) -> None:
        """Cycles until nothing is new."""
        for _ in range(3):
            self.cycle()

    def forget(self) -> None:
        """What people ask for is not ours."""
        for name in self.loop.servers:
            self.loop.requests(name)

    def label(self, many: int, word: str) -> None:
        """People put a label on so many issues of each tracker: a change that needs no answer."""
        remote = {link.item_uid: link.remote_id or "" for link in self.loop.links()}
        for n in range(1, many + 1):
            self.loop.stage.people["jira"].label(remote[f"uid-{n}"], add=(word,))
            self.loop.stage.people["code"].label(remote[f"uid-{MANY + n}"], add=(word,))

    def _requests(self, name: str) -> Counter[str]:
        return Counter(_place(each) for each in self.loop.requests(name))


def _place(request: str) -> str:
    """`POST /rest/api/2/issue/10001` as `POST issue/N`."""
    method, path = request.split(" ", 1)
    inside = re.sub(r"^/(rest/api/\d|repositories/\d+|repos/acme/web)/?", "", path).removeprefix("/")
    return f"{method} {re.sub(r'(?<=/)[0-9]+(?=/|$)', 'N', inside) or 'repository'}"


@pytest.fixture(scope="module")
def mirrored(in_memory: Path) -> Iterator[tuple[Counted, dict[str, Counter[str]]]]:
    """A process that has just mirrored 101 items at each tracker, and what that cost."""
    items = [item_for("jira", n) for n in range(1, MANY + 1)]
    items += [item_for("code", n) for n in range(MANY + 1, 2 * MANY + 1)]
    with two_trackers(Path(mkdtemp(dir=in_memory)), *items) as loop, loop.process() as trackers:
        process = Counted(loop, trackers)
        yield process, process.cycle()


@pytest.fixture
def process(mirrored: tuple[Counted, dict[str, Counter[str]]]) -> Counted:
    """The same process, at rest after one single change."""
    counted = mirrored[0]
    counted.rest()
    counted.label(1, f"warm-{next(WORDS)}")
    counted.rest()
    return counted


def test_n_creates_are_n_writes_and_nothing_else_grows_with_n_but_one_read_back_per_hundred(
    mirrored: tuple[Counted, dict[str, Counter[str]]],
) -> None:
    cost = mirrored[1]
    assert cost["jira"][JIRA_CREATE] == MANY
    assert cost["jira"][BULK] == ceil(MANY / 100)
    assert cost["jira"].total() - MANY - ceil(MANY / 100) <= 12, "getting to know the site, once"
    assert cost["code"][GITHUB_CREATE] == MANY
    assert cost["code"].total() - MANY <= 5


def test_an_idle_cycle_is_one_search_at_jira_and_one_unchanged_answer_at_github(process: Counted) -> None:
    for _ in range(3):
        assert process.cycle() == {"jira": {SEARCH: 1}, "code": {UNCHANGED: 1}}


def test_an_idle_cycle_of_a_fresh_process_only_learns_the_jira_site_again(process: Counted) -> None:
    with process.loop.process() as trackers:
        assert Counted(process.loop, trackers).cycle() == {"jira": {SEARCH: 1, **SITE}, "code": {UNCHANGED: 1}}


@pytest.mark.parametrize("many", [1, 99, 100, 101])
def test_k_changed_issues_are_read_by_the_hundred(process: Counted, many: int) -> None:
    """At GitHub, who did it stands in the repository's events: a hundred a page, and one page to see the end."""
    process.label(many, f"told-{next(WORDS)}")
    cost = process.cycle()
    assert cost["jira"] == {SEARCH: ceil(many / 100)}
    assert cost["code"][LIST] == ceil(many / 100)
    assert 1 <= cost["code"][EVENTS] <= ceil(many / 100) + 1
    assert set(cost["code"]) == {LIST, EVENTS}


def test_an_idle_cycle_long_after_a_mass_change_is_one_search(process: Counted) -> None:
    process.label(MANY, f"mass-{next(WORDS)}")
    process.rest()
    assert process.cycle()["jira"] == {SEARCH: 1}


@pytest.mark.parametrize("many", [1, 7])
def test_a_change_of_the_record_is_one_write_and_one_read_before_it_at_jira(process: Counted, many: int) -> None:
    """And the place is asked once per cycle that writes whether strangers read it."""
    change(process, many, weakness_name=f"Renamed in a run of {many}")
    edits = Counter({name: many * times for name, times in JIRA_EDIT.items()})
    assert process.cycle()["jira"] == edits + Counter({SEARCH: 1, "GET project/SEC": 1})


@pytest.mark.parametrize("many", [1, 7])
def test_a_change_of_the_record_is_one_write_and_three_reads_before_it_at_github(process: Counted, many: int) -> None:
    """The issue, its events, and the issue once more; the place is asked once per cycle whether strangers read it."""
    change(process, many, remediation_plan=f"Another plan in a run of {many}.", cves="CVE-2026-0001")
    cost = process.cycle()["code"]
    looks = {name: many * times for name, times in GITHUB_LOOK.items()}
    assert cost == {UNCHANGED: 1, "GET repository": 1, "PATCH issues/N": many, **looks}


def test_a_moved_date_at_github_is_two_more_writes_because_it_is_a_label(process: Counted) -> None:
    change(process, 1, forecast_date="2026-04-20")
    cost = process.cycle()["code"]
    assert cost["POST issues/N/labels"] == 1
    assert sum(times for name, times in cost.items() if name.startswith("DELETE issues/N/labels/due:")) == 1
    assert cost["PATCH issues/N"] == 1
    assert cost.total() == 1 + 1 + 3 + 3


def change(process: Counted, many: int, **values: str) -> None:
    """The ISSO changes so many items of each tracker."""
    with Record.open(process.loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        for n in range(1, many + 1):
            unit.change(ISSO, "items", f"uid-{n}", values)
            unit.change(ISSO, "items", f"uid-{MANY + n}", values)
