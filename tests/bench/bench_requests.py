"""How many requests whole cycles cost at both trackers, beside what the client libraries send when used plainly.

Run it: `python tests/bench/bench_requests.py`. Plainly means: one object per issue, as the libraries' own documentation
shows it, with their defaults: look at every issue, create one after the other, get an issue and update it. Requests are
counted at the servers. Exits with 1 when an idle cycle costs more than one request per tracker.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from github import Auth, Github
from jira import JIRA

sys.path.append(str(Path(__file__).parents[2]))
from poam.connectors.base import Tracker
from poam.connectors.sandbox.jira import BOT
from poam.sync.record.record import Record
from tests.sync.cuts import ISSO
from tests.sync.two_trackers import Loop, item_for, two_trackers

MANY = 50
AT_ONCE = {"seconds_between_requests": 0, "seconds_between_writes": 0}
Counts = dict[str, int]


def ours(loop: Loop, trackers: Mapping[str, Tracker], prepare: Callable[[], None] = lambda: None) -> Counts:
    """One cycle after something happened; what it cost at each tracker."""
    loop.clock.advance(hours=1)
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


def rename(loop: Loop) -> None:
    """The ISSO changes one item of each tracker."""
    with Record.open(loop.config.record_path) as record, record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        for n in (1, MANY + 1):
            unit.change(ISSO, "items", f"uid-{n}", {"remediation_plan": "Another plan."})


def rows(loop: Loop, trackers: Mapping[str, Tracker], jira: JIRA, github: Github) -> dict[str, tuple[Counts, Counts]]:
    """What happened, what a cycle of ours cost, what the libraries needed for the same."""
    repository = github.get_repo("acme/web")
    fields = {"project": "SEC", "summary": "Plain", "issuetype": {"name": "Task"}}
    created = ours(loop, trackers)
    for _ in range(3):
        ours(loop, trackers)
    look_at_all = theirs(
        loop,
        lambda: [jira.issue(number, expand="changelog") for number in numbers(loop, "jira")],
        lambda: [list(repository.get_issue(int(number)).get_events()) for number in numbers(loop, "code")],
    )
    found = {"idle": (ours(loop, trackers), look_at_all)}
    for many in (1, MANY):
        found[f"{many} changed"] = (ours(loop, trackers, lambda many=many: label(loop, many, f"t{many}")), look_at_all)  # type: ignore[misc]
        ours(loop, trackers)
    edited = ours(loop, trackers, lambda: rename(loop))
    one_edit = theirs(
        loop,
        lambda: jira.issue(numbers(loop, "jira")[1]).update(description="Plain."),
        lambda: repository.get_issue(int(numbers(loop, "code")[1])).edit(body="Plain."),
    )
    found["1 to edit"] = (edited, one_edit)
    plain = theirs(
        loop,
        lambda: [jira.create_issue(fields=fields) for _ in range(MANY)],
        lambda: [repository.create_issue("Plain", body="Plain.") for _ in range(MANY)],
    )
    return {f"first cycle, {MANY} creates": (created, plain), **found}


def main() -> int:
    """Prints the table."""
    items = [item_for("jira", n) for n in range(1, MANY + 1)]
    items += [item_for("code", n) for n in range(MANY + 1, 2 * MANY + 1)]
    with TemporaryDirectory() as folder, two_trackers(Path(folder) / "loop", *items) as loop:
        jira = JIRA(loop.stage.jira.url, basic_auth=(BOT.email, BOT.token))
        github = Github(auth=Auth.Token("bot-token"), base_url=loop.stage.github.url, **AT_ONCE)
        with loop.process() as trackers:
            table = rows(loop, trackers, jira, github)
        jira.close()
        github.close()
    print(f"requests of a cycle over {MANY} issues at each tracker   poam: Jira, GitHub   jira, PyGithub plainly")
    for what, (mine, alone) in table.items():
        print(f"{what:<28} {mine['jira']:5} {mine['code']:5}   {alone['jira']:5} {alone['code']:5}")
    return int(table["idle"][0] != {"jira": 1, "code": 1})


if __name__ == "__main__":
    sys.exit(main())
