"""How many requests whole cycles cost at both trackers, beside what the client libraries send when used plainly.

Run it: `python tests/bench/bench_requests.py`. Plainly means: one object per issue, as the libraries' own documentation
shows it, with their defaults: look at every issue, create one after the other, get an issue and update it. Requests are
counted at the servers. Exits with 1 when an idle cycle or the cycle that writes one text costs more than is promised.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from github import Auth, Github
from github.Repository import Repository
from jira import JIRA

sys.path.append(str(Path(__file__).parents[2]))
from poam.connectors.base import Tracker
from poam.connectors.sandbox.jira import BOT
from poam.sync.record.record import Record
from tests.sync.cuts import ISSO
from tests.sync.two_trackers import Loop, item_for, two_trackers

MANY = 101
AT_ONCE = {"seconds_between_requests": 0, "seconds_between_writes": 0}
IDLE, TEXT = "nothing new", "1 text to write"
Counts = dict[str, int]
Row = tuple[Counts, Counts]
"""What a cycle of ours cost, and what the libraries needed for the same."""
PROMISES = {IDLE: {"jira": 1, "code": 1}, TEXT: {"jira": 4, "code": 4}}
"""A cycle that writes looks first, asks who can read the place, reads the issue and writes it."""


def ours(loop: Loop, trackers: Mapping[str, Tracker], prepare: Callable[[], None] = lambda: None) -> Counts:
    """One cycle after something happened; what it cost at each tracker."""
    loop.clock.advance(minutes=30)
    prepare()
    for name in loop.servers:
        loop.requests(name)
    loop.cycle(trackers)
    return {name: len(loop.requests(name)) for name in loop.servers}


def theirs(loop: Loop, jira: Callable[[], object], github: Callable[[], object]) -> Counts:
    """The same by the libraries."""
    for name in loop.servers:
        loop.requests(name)
    jira()
    github()
    return {name: len(loop.requests(name)) for name in loop.servers}


def numbers(loop: Loop, connector: str) -> list[str]:
    """The ids of a tracker's issues."""
    return [link.remote_id or "" for link in loop.links() if link.connector == connector]


def label(loop: Loop, many: int, word: str) -> None:
    """People change so many issues of each tracker."""
    for name in loop.servers:
        for number in numbers(loop, name)[:many]:
            loop.stage.people[name].label(number, add=(word,))


def change(loop: Loop, **values: str | int) -> None:
    """The ISSO changes one item of each tracker."""
    with Record.open(loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        for n in (1, MANY + 1):
            unit.change(ISSO, "items", f"uid-{n}", values)


def creates(loop: Loop, trackers: Mapping[str, Tracker], jira: JIRA, repository: Repository) -> Row:
    """A first cycle, and as many creates by the libraries."""
    mine = ours(loop, trackers)
    fields = {"project": "SEC", "summary": "Plain", "issuetype": {"name": "Task"}}
    alone = theirs(
        loop,
        lambda: [jira.create_issue(fields=fields) for _ in range(MANY)],
        lambda: [repository.create_issue("Plain", body="Plain.") for _ in range(MANY)],
    )
    return mine, alone


def looks(loop: Loop, trackers: Mapping[str, Tracker], jira: JIRA, repository: Repository) -> Iterator[tuple[str, Row]]:
    """Cycles that find so many issues changed. The libraries look at every issue, with its history."""
    alone = theirs(
        loop,
        lambda: [jira.issue(number, expand="changelog") for number in numbers(loop, "jira")],
        lambda: [list(repository.get_issue(int(number)).get_events()) for number in numbers(loop, "code")],
    )
    for what, many in ((IDLE, 0), *((f"{many} changed", many) for many in (1, 98, 99, 100, 101))):
        ours(loop, trackers, lambda many=many: label(loop, 1, f"before-{many}"))  # type: ignore[misc]
        for _ in range(2):  # so that each begins after one single change, long read
            ours(loop, trackers)
        yield what, (ours(loop, trackers, lambda many=many: label(loop, many, f"told-{many}")), alone)  # type: ignore[misc]


def edits(loop: Loop, trackers: Mapping[str, Tracker], jira: JIRA, repository: Repository) -> Iterator[tuple[str, Row]]:
    """Cycles that write one item's change to each tracker. The libraries get the issue and update it."""

    def move_date() -> None:
        plain = repository.get_issue(int(numbers(loop, "code")[1]))
        plain.remove_from_labels("due:2026-05-01")
        plain.add_to_labels("due:2026-04-20")

    def issue() -> Any:
        return jira.issue(numbers(loop, "jira")[1])

    def patch(**values: str) -> None:
        repository.get_issue(int(numbers(loop, "code")[1])).edit(**values)  # type: ignore[arg-type]

    changes: dict[str, tuple[dict[str, str | int], Callable[[], object], Callable[[], object]]] = {
        TEXT: (
            {"remediation_plan": "Another plan."},
            lambda: issue().update(description="Plain."),
            lambda: patch(body="Plain."),
        ),
        "1 date to write": (
            {"forecast_date": "2026-04-20"},
            lambda: issue().update(duedate="2026-04-20"),
            move_date,
        ),
        "1 status to write": (
            {"work_status": "in_progress", "work_status_version": 1},
            lambda: jira.transition_issue(issue(), "Start work"),
            lambda: repository.get_issue(int(numbers(loop, "code")[1])).add_to_labels("in progress"),
        ),
    }
    for what, (values, by_jira, by_github) in changes.items():
        for _ in range(3):
            ours(loop, trackers)
        mine = ours(loop, trackers, lambda values=values: change(loop, **values))  # type: ignore[misc]
        yield what, (mine, theirs(loop, by_jira, by_github))


def main() -> int:
    """Prints the table."""
    items = [item_for("jira", n) for n in range(1, MANY + 1)]
    items += [item_for("code", n) for n in range(MANY + 1, 2 * MANY + 1)]
    with TemporaryDirectory() as folder, two_trackers(Path(folder) / "loop", *items) as loop:
        jira = JIRA(loop.stage.jira.url, basic_auth=(BOT.email, BOT.token))
        github = Github(auth=Auth.Token("bot-token"), base_url=loop.stage.github.url, **AT_ONCE)
        with loop.process() as trackers:
            known = (loop, trackers, jira, github.get_repo("acme/web"))
            table = {f"{MANY} to create": creates(*known), **dict(looks(*known)), **dict(edits(*known))}
        jira.close()
        github.close()
    print(f"requests of a cycle over {MANY} issues at each tracker   poam: Jira, GitHub   jira, PyGithub plainly")
    for what, (mine, alone) in table.items():
        print(f"{what:<28} {mine['jira']:5} {mine['code']:5}   {alone['jira']:5} {alone['code']:5}")
    return int(any(table[what][0] != promised for what, promised in PROMISES.items()))


if __name__ == "__main__":
    sys.exit(main())
