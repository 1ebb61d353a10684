"""Commands below real issues: both client libraries over HTTP, one answer each, and as few requests as it takes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import pytest

from poam.connectors.base import Issue
from poam.connectors.sandbox.server import Fault

from .two_trackers import Loop, item_for, two_trackers

NUMBER = {"jira": 1, "code": 2}


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    with two_trackers(tmp_path / "loop", item_for("jira", 1), item_for("code", 2)) as ready:
        ready.cycle()
        later(ready)
        yield ready


def later(loop: Loop) -> None:
    loop.clock.advance(hours=1)
    loop.cycle()


def issue(loop: Loop, connector: str) -> Issue:
    with loop.process() as trackers:
        return trackers[connector].get(loop.remote(NUMBER[connector]))


def say(loop: Loop, connector: str, text: str) -> None:
    loop.stage.people[connector].comment(loop.remote(NUMBER[connector]), text)


def answers(loop: Loop, connector: str) -> list[str]:
    return [each.text for each in issue(loop, connector).comments if "(poam-sync re " in each.text]


@pytest.mark.parametrize("connector", NUMBER)
def test_a_command_below_an_issue_takes_effect_and_is_answered_once(loop: Loop, connector: str) -> None:
    say(loop, connector, "/poam done https://ci.example/build/7")
    later(loop)
    assert issue(loop, connector).status.category == "done"
    (told,) = answers(loop, connector)
    assert told.startswith("Recorded: the work is claimed done.")
    shown = json.loads(loop.poam("show", f"V-{NUMBER[connector]}", "--json").stdout)
    assert shown["state"] == "pending_verification"
    assert ("url", "https://ci.example/build/7") in [(row["kind"], row["reference"]) for row in shown["evidence"]]
    assert "/poam done https://ci.example/build/7" in loop.poam("history", f"V-{NUMBER[connector]}").stdout

    before = issue(loop, connector).version
    later(loop)
    with_nothing_new = loop.cycle()
    assert with_nothing_new.record_writes == 0
    loop.cycle(full=True)
    assert issue(loop, connector).version == before
    assert loop.poam("verify").exit_code == 0


@pytest.mark.parametrize("connector", NUMBER)
def test_a_request_in_a_comment_shows_its_reason_to_who_decides(loop: Loop, connector: str) -> None:
    say(loop, connector, "/poam extend 2026-07-01 because the vendor ships in June")
    later(loop)
    (request,) = json.loads(loop.poam("requests", "--json").stdout)
    assert (request["kind"], request["requested_date"]) == ("later_date", "2026-07-01")
    assert request["reason"] == "the vendor ships in June"
    assert "the vendor ships in June" in loop.poam("requests").stdout
    assert issue(loop, connector).due_dates == ("2026-05-01",)
    explained = loop.poam("explain", f"V-{NUMBER[connector]}", "due_date").stdout
    assert "request 1 (later_date) for 2026-07-01, which waits for a decision" in explained
    assert len(answers(loop, connector)) == 1


@pytest.mark.parametrize("connector", NUMBER)
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_answer_whose_fate_is_unknown_is_given_once(
    loop: Loop, connector: str, when: Literal["before", "after"]
) -> None:
    say(loop, connector, "/poam status")
    loop.clock.advance(minutes=1)
    path = r"/issue/\d+/comment$" if connector == "jira" else r"/issues/\d+/comments$"
    loop.servers[connector].faults.append(Fault("POST", path, "drop", when))
    loop.cycle()
    for _ in range(4):
        loop.clock.advance(minutes=10)
        loop.cycle()
    assert len(answers(loop, connector)) == 1
    assert loop.cycle().record_writes == 0
    assert loop.cycle().connectors[0].owed == 0
