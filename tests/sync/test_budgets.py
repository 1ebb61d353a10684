"""What whole cycles cost, counted at the servers: requests are promises, because trackers ration them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import count
from math import ceil
from pathlib import Path
from tempfile import mkdtemp

import pytest

from poam.connectors.base import Tracker
from poam.connectors.sandbox.person import Person
from poam.sync.record.record import Record

from .cuts import ISSO
from .two_trackers import Loop, item_for, two_trackers

MANY = 101
WORDS = count(1)
SEARCH, BULK, JIRA_CREATES = "POST search/jql", "POST issue/bulkfetch", ("POST issue/bulk", "POST issue")
LIST, EVENTS, UNCHANGED, GITHUB_CREATE = "GET issues", "GET issues/events", "GET issues 304", "POST issues"
SITE = {"GET serverInfo": 1, "GET myself": 1, "GET status": 1}
Cost = dict[str, Counter[str]]
IDLE: Cost = {"jira": Counter([SEARCH]), "code": Counter([UNCHANGED])}
NEWS: Cost = {"jira": Counter([SEARCH]), "code": Counter([LIST, EVENTS])}
PLACE: Cost = {"jira": Counter(["GET project/SEC"]), "code": Counter(["GET repository"])}


class Counted:
    """A process at both trackers, and what each of its cycles cost."""

    def __init__(self, loop: Loop, trackers: Mapping[str, Tracker]) -> None:
        self.loop = loop
        self.trackers = trackers

    def cycle(self, *, hours: int = 1) -> Cost:
        """The requests of one cycle by connector."""
        self.forget()
        self.loop.clock.advance(hours=hours)
        report = self.loop.cycle(self.trackers)
        assert [each.error for each in report.connectors] == [None, None]
        return {name: self._requests(name) for name in self.loop.servers}

    def writing(self, look: Cost = IDLE) -> Cost:
        """What the writes of a cycle cost, beside its look and the question who can read the place.

        What was written is known from then on: it comes back as news once, and nothing follows from it.
        """
        cost = self.cycle()
        assert self.cycle() == NEWS
        assert self.cycle() == IDLE
        around = {name: look[name] + PLACE[name] for name in cost}
        assert all(around[name] <= cost[name] for name in cost), cost
        return {name: cost[name] - around[name] for name in cost}

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
    """`POST /rest/api/2/issue/10001` as `POST issue/N`, any label as `L`."""
    method, path = request.split(" ", 1)
    inside = re.sub(r"^/(rest/api/\d|repositories/\d+|repos/acme/web)/?", "", path).removeprefix("/")
    place = re.sub(r"(?<=/)[0-9]+(?=/|$)", "N", re.sub(r"(?<=/labels/).+", "L", inside))
    return f"{method} {place or 'repository'}"


@pytest.fixture(scope="module")
def mirrored(in_memory: Path) -> Iterator[tuple[Counted, Cost]]:
    """A process that has just mirrored 101 items at each tracker, and what that cost."""
    items = [item_for("jira", n) for n in range(1, MANY + 1)]
    items += [item_for("code", n) for n in range(MANY + 1, 2 * MANY + 1)]
    with two_trackers(Path(mkdtemp(dir=in_memory)), *items) as loop, loop.process() as trackers:
        process = Counted(loop, trackers)
        yield process, process.cycle()


@pytest.fixture
def process(mirrored: tuple[Counted, Cost]) -> Counted:
    """The same process, its full look of the day done, at rest after one single change."""
    counted = mirrored[0]
    counted.loop.cycle(counted.trackers, full=True)
    counted.rest()
    counted.label(1, f"warm-{next(WORDS)}")
    counted.rest()
    return counted


def test_n_creates_are_n_writes_or_one_per_fifty_at_jira_and_nothing_else_grows_with_n_but_one_read_back_per_hundred(
    mirrored: tuple[Counted, Cost],
) -> None:
    cost = mirrored[1]
    assert sum(cost["jira"][create] for create in JIRA_CREATES) == ceil(MANY / 50)
    assert cost["jira"][BULK] == ceil(MANY / 100)
    assert cost["jira"].total() - ceil(MANY / 50) - ceil(MANY / 100) <= 12, "getting to know the site, once"
    assert cost["code"][GITHUB_CREATE] == MANY
    assert cost["code"].total() - MANY <= 5


def test_an_idle_cycle_is_one_search_at_jira_and_one_unchanged_answer_at_github(process: Counted) -> None:
    for _ in range(3):
        assert process.cycle() == IDLE


def test_an_idle_cycle_of_a_fresh_process_only_learns_the_jira_site_again(process: Counted) -> None:
    with process.loop.process() as trackers:
        assert Counted(process.loop, trackers).cycle() == {**IDLE, "jira": {SEARCH: 1, **SITE}}


@pytest.mark.parametrize(("many", "lists", "events"), [(1, 1, 1), (98, 1, 1), (99, 1, 2), (100, 1, 2), (101, 2, 2)])
def test_k_changed_issues_are_read_by_the_hundred(process: Counted, many: int, lists: int, events: int) -> None:
    """At GitHub, who did it stands in the repository's events, a hundred a page, and only an event older than what was
    read before proves that no more are to come: floor(e / 100) + 1 pages for e events, one of them the read before's.
    """
    process.label(many, f"told-{next(WORDS)}")
    assert process.cycle() == {"jira": {SEARCH: lists}, "code": {LIST: lists, EVENTS: events}}


def test_an_idle_cycle_long_after_a_mass_change_is_one_search(process: Counted) -> None:
    process.label(MANY, f"mass-{next(WORDS)}")
    process.rest()
    assert process.cycle()["jira"] == {SEARCH: 1}


@pytest.mark.parametrize("many", [1, 7])
def test_a_changed_text_is_one_read_and_one_write(process: Counted, many: int) -> None:
    change(process, many, remediation_plan=f"Another plan in a run of {many}.")
    assert process.writing() == {
        "jira": {"GET issue/N": many, "PUT issue/N": many},
        "code": {"GET issues/N": many, "PATCH issues/N": many},
    }


def test_a_moved_date_is_one_read_and_one_write_but_a_label_at_github_is_two_more(process: Counted) -> None:
    """The text tells the date too: that is the PATCH. It goes first, so the labels after it are read back."""
    change(process, 1, forecast_date="2026-04-20")
    assert process.writing() == {
        "jira": {"GET issue/N": 1, "PUT issue/N": 1},
        "code": {"GET issues/N": 2, "DELETE issues/N/labels/L": 1, "POST issues/N/labels": 1, "PATCH issues/N": 1},
    }


@pytest.mark.parametrize(
    ("undone", "code"),
    [
        (lambda person, issue: person.rename(issue, "Mine"), {"GET issues/N": 1, "PATCH issues/N": 1}),
        (lambda person, issue: person.set_due(issue, ""), {"GET issues/N": 2, "POST issues/N/labels": 1}),
    ],
    ids=["title", "date"],
)
def test_what_is_put_back_is_one_read_and_one_write_and_labels_alone_are_read_back(
    process: Counted, undone: Callable[[Person, str], None], code: dict[str, int]
) -> None:
    for name, n in (("jira", 1), ("code", MANY + 1)):
        undone(process.loop.stage.people[name], process.loop.remote(n))
    assert process.writing(NEWS) == {"jira": {"GET issue/N": 1, "PUT issue/N": 1}, "code": code}


def test_a_changed_status_is_one_read_the_writes_on_its_way_and_one_read_back_where_they_answer_nothing(
    process: Counted,
) -> None:
    """The text tells who set it. Jira names the ways out of a status only once per process; each hop is one write more,
    without an answer. GitHub takes the label of work off after it closed the issue.
    """
    hop, hops = Counter({"POST issue/N/transitions": 1}), Counter({"POST issue/N/transitions": 2})
    ways, text = Counter({"GET issue/N/transitions": 1}), Counter({"GET issue/N": 2, "PUT issue/N": 1})
    patch = {"GET issues/N": 1, "PATCH issues/N": 1}
    moves = (
        ("in_progress", text + ways + hop, {**patch, "POST issues/N/labels": 1, "GET issues/N": 2}),
        ("done", text + ways + hop, {**patch, "DELETE issues/N/labels/L": 1, "GET issues/N": 2}),
        ("not_started", text + ways + hop, patch),
        ("done", text + hops, patch),
    )
    for version, (status, jira, code) in enumerate(moves, 1):
        change(process, 1, work_status=status, work_status_version=version)
        assert process.writing() == {"jira": jira, "code": code}, status


def change(process: Counted, many: int, **values: str | int) -> None:
    """The ISSO changes so many items of each tracker."""
    with Record.open(process.loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        for n in range(1, many + 1):
            unit.change(ISSO, "items", f"uid-{n}", values)
            unit.change(ISSO, "items", f"uid-{MANY + n}", values)
