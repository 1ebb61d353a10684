"""`poam link`, `poam unlink` and `poam adopt`: people's own issues become the item's, over the real connectors."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests

from poam.connectors.base import Issue
from poam.connectors.github.reading import join_body
from poam.connectors.sandbox.jira import ENGINEER
from poam.mapping.item import PoamItem
from poam.sync.record.items import load
from poam.sync.record.record import Record

from .two_trackers import Loop, item_for, two_trackers

WHY = ("--reason", "it is the same work")
OWN = "Pin the base image\n\nWe do it in two steps."


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    """An item that is mirrored at Jira, in step."""
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as ready:
        ready.clock.advance(minutes=30)
        in_step(ready)
        yield ready


def in_step(loop: Loop) -> None:
    """Two busy cycles at most, and one that does nothing."""
    for _ in range(2):
        loop.clock.advance(minutes=20)
        loop.cycle()
    loop.clock.advance(minutes=20)
    assert loop.cycle().record_writes == 0


def written(loop: Loop, connector: str, title: str = "Mend it", body: str = OWN, **more: Any) -> str:
    """An issue that an engineer wrote: what people call it."""
    server = loop.servers[connector]
    if connector == "code":
        headers = {"Authorization": "Bearer maya-token"}
        sent = {"title": title, "body": body, **more}
        made = requests.post(f"{server.url}/repos/acme/web/issues", json=sent, headers=headers, timeout=30)
        made.raise_for_status()
        return str(made.json()["number"])
    place = {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}}
    fields = {**place, "summary": title, "description": body, **more}
    token = (ENGINEER.email, ENGINEER.token)
    made = requests.post(f"{server.url}/rest/api/2/issue", json={"fields": fields}, auth=token, timeout=30)
    made.raise_for_status()
    return str(made.json()["key"])


def issue(loop: Loop, connector: str, key: str) -> Issue:
    with loop.process() as trackers:
        return trackers[connector].named(key)


def the_item(loop: Loop) -> PoamItem:
    with Record.read(loop.config.record_path) as record:
        return load(record.db, "uid = 'uid-1'")[0]


def refused(loop: Loop, *words: str) -> str:
    """What a command says that must not work, and that it changed nothing."""
    with Record.read(loop.config.record_path) as record:
        before = record.head
    result = loop.poam(*words)
    assert result.exit_code == 3, result.output
    with Record.read(loop.config.record_path) as record:
        assert record.head == before
    assert result.stderr.count("\n") <= 2, "one sentence, and what to do"
    return result.stderr


def test_an_attached_issue_is_shown_first_and_written_to_in_the_next_cycle_only(loop: Loop) -> None:
    number = written(loop, "code")
    told = loop.poam("link", "V-1", "code", number, *WHY)
    assert told.exit_code == 0, told.output
    assert "Mend it (open)" in told.stdout
    assert "Nothing was changed yet" in told.stdout
    assert len(loop.links()) == 1
    told = loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    assert told.exit_code == 0, told.output
    assert issue(loop, "code", number).marker is None
    assert json.loads(loop.poam("status", "--json").stdout)["changed_since_cycle"] == ["V-1"]
    in_step(loop)
    assert json.loads(loop.poam("status", "--json").stdout)["changed_since_cycle"] == []
    after = issue(loop, "code", number)
    assert after.title == "Mend it"
    assert after.body.startswith(OWN)
    assert "==== POA&M" in after.body
    assert after.due_dates == ("2026-05-01",)
    assert after.marker == loop.links()[1].marker
    assert [link.author for link in loop.links()] == ["", "maya"]


def test_each_issue_is_shown_with_what_it_was_last_seen_to_say(loop: Loop) -> None:
    number = written(loop, "code")
    loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    in_step(loop)
    loop.stage.people["code"].close(number)
    in_step(loop)
    shown = json.loads(loop.poam("show", "V-1", "--json").stdout)
    assert [(each["connector"], each["work_status"], each["due_date"]) for each in shown["links"]] == [
        ("jira", "not_started", "2026-05-01"),
        ("code", "done", "2026-05-01"),
    ]
    assert (shown["state"], shown["work_status"]) == ("open", "in_progress")
    status = json.loads(loop.poam("status", "--json").stdout)
    assert [each["linked"] for each in status["connectors"]] == [1, 1]
    assert status["systems"][0]["open"] == 1
    listed = json.loads(loop.poam("list", "--json").stdout)
    assert listed[0]["issue"] == "SEC-1, acme/web#1"


def test_people_who_take_our_mark_off_an_attached_issue_do_not_lose_it(loop: Loop) -> None:
    number = written(loop, "code")
    loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    in_step(loop)
    loop.stage.people["code"].rewrite_body(number, "Ours alone.")
    in_step(loop)
    after = issue(loop, "code", number)
    assert after.marker == loop.links()[1].marker
    assert after.body.startswith("Ours alone.")


def test_somebody_elses_copy_of_an_attached_issue_is_nobodys(loop: Loop) -> None:
    number = written(loop, "code")
    loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    in_step(loop)
    copy = loop.stage.people["code"].clone(number)
    loop.stage.people["code"].close(copy)
    in_step(loop)
    assert len(loop.links()) == 2
    assert the_item(loop).work_status == "not_started"


def test_an_issue_attached_before_the_first_cycle_takes_the_place_of_the_one_to_be_made(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        key = written(loop, "jira")
        told = loop.poam("link", "V-1", "jira", key, *WHY, "--yes")
        assert told.exit_code == 0, told.output
        in_step(loop)
        assert [link.remote_key for link in loop.links()] == [key]
        assert issue(loop, "jira", key).title == "Mend it"


def test_what_is_known_of_the_issue_counts_as_its_peoples_word_and_what_they_do_later_too(loop: Loop) -> None:
    number = written(loop, "code")
    loop.stage.people["code"].start(number)
    loop.stage.people["code"].set_due(number, "2026-04-01")
    told = loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    assert "+ work_status becomes in_progress" in told.stdout
    assert the_item(loop).work_status == "in_progress"
    in_step(loop)
    assert issue(loop, "code", number).due_dates == ("2026-04-01",)
    assert issue(loop, "jira", "SEC-1").due_dates == ("2026-05-01",)
    loop.stage.people["jira"].close(loop.remote(1))
    loop.stage.people["code"].close(number)
    in_step(loop)
    assert the_item(loop).state == "pending_verification"


def test_an_open_issue_attached_to_claimed_work_is_a_conflict_and_follows_the_record(loop: Loop) -> None:
    loop.stage.people["jira"].close(loop.remote(1))
    in_step(loop)
    number = written(loop, "code")
    told = loop.poam("link", "V-1", "code", number, *WHY)
    assert "! work_status: the record has done, acme/web#1 not_started" in told.stdout
    assert "work_status done" in told.stdout
    loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    in_step(loop)
    assert the_item(loop).state == "pending_verification"
    assert issue(loop, "code", number).status.category == "done"
    loop.poam("resolve", "1", "--take", "tracker")
    in_step(loop)
    assert (the_item(loop).state, the_item(loop).work_status) == ("open", "in_progress")
    assert issue(loop, "code", number).status.category == "todo"
    assert issue(loop, "jira", "SEC-1").status.category == "done"


def test_what_stands_against_it_is_told_and_changes_nothing(loop: Loop) -> None:
    number = written(loop, "code")
    assert "no item V-9" in refused(loop, "link", "V-9", "code", number, *WHY)
    assert "no connector cdoe; did you mean code?" in refused(loop, "link", "V-1", "cdoe", number, *WHY)
    assert "99" in refused(loop, "link", "V-1", "code", "99", *WHY)
    assert "SEC-1 mirrors V-1 already" in refused(loop, "link", "V-1", "jira", "SEC-1", *WHY, "--yes")
    foreign = written(loop, "code", body=join_body("a" * 26, OWN))
    assert issue(loop, "code", foreign).marker == "a" * 26
    assert "mark of another record" in refused(loop, "link", "V-1", "code", foreign, *WHY, "--yes")


def test_an_issue_that_is_taken_off_counts_no_more_and_is_left_as_it_is(loop: Loop) -> None:
    number = written(loop, "code")
    loop.poam("link", "V-1", "code", number, *WHY, "--yes")
    in_step(loop)
    loop.stage.people["jira"].close(loop.remote(1))
    in_step(loop)
    assert the_item(loop).work_status == "in_progress"
    before = issue(loop, "code", number)
    told = loop.poam("unlink", "V-1", "code", number, "--reason", "another matter")
    assert told.exit_code == 0, told.output
    assert the_item(loop).state == "pending_verification", "the one that is left is done"
    assert the_item(loop).work_done_by == "ann@example.com"
    in_step(loop)
    assert issue(loop, "code", number) == before
    again = loop.poam("link", "V-1", "code", f"acme/web#{number}", *WHY, "--yes")
    assert again.exit_code == 0, again.output
    assert [link.state for link in loop.links()] == ["live", "live"]


def test_an_item_that_loses_its_only_issue_gets_a_new_one_and_the_issue_may_mirror_another(loop: Loop) -> None:
    loop.add(item_for("jira", 2))
    loop.poam("unlink", "V-1", "jira", "SEC-1", "--reason", "it is the work on V-2")
    told = loop.poam("link", "V-2", "jira", "SEC-1", *WHY, "--yes")
    assert told.exit_code == 0, told.output
    in_step(loop)
    states = {(link.item_uid, link.state): link.remote_key for link in loop.links()}
    assert states == {("uid-1", "retired"): "SEC-1", ("uid-1", "live"): "SEC-2", ("uid-2", "live"): "SEC-1"}
    assert "V-2" in issue(loop, "jira", "SEC-1").body


def test_adopting_shows_what_speaks_for_each_match_and_attaches_only_what_is_confirmed(tmp_path: Path) -> None:
    items = (
        replace(item_for("jira", 1), weakness_name="OpenSSL is outdated", cves="CVE-2026-1111"),
        replace(item_for("jira", 2), weakness_name="Weak ciphers on the load balancer"),
        item_for("jira", 3),
    )
    with two_trackers(tmp_path / "loop", *items) as loop:
        first = written(loop, "jira", "Bump OpenSSL", "for CVE-2026-1111", duedate="2026-05-01")
        second = written(loop, "jira", "V-2: weak ciphers on load balancer")
        written(loop, "jira", "Order more coffee")
        loop.clock.advance(minutes=20)
        told = loop.poam("adopt", "--connector", "jira")
        assert told.exit_code == 1, told.output
        lines = told.stdout.splitlines()
        assert [text.split()[0] for text in lines] == [f"V-2={second}", f"V-1={first}"]
        assert "it names V-2" in lines[0]
        assert "it names CVE-2026-1111, it is due on 2026-05-01, too" in lines[1]
        assert loop.links() == []
        assert "is no match that was found" in refused(loop, "adopt", "--confirm", f"V-3={first}")
        told = loop.poam("adopt", "--connector", "jira", "--confirm", f"V-1={first}", "--confirm", f"V-2={second}")
        assert told.exit_code == 0, told.output
        in_step(loop)
        live = {link.item_uid: link.remote_key for link in loop.links()}
        assert (live["uid-1"], live["uid-2"]) == (first, second)
        assert len({*live.values()}) == 3, "the third item got an issue of its own"
        assert loop.poam("adopt").stdout.strip() == "No issue looks like the work on an item without one."


def test_only_who_may_decide_attaches_and_takes_off(loop: Loop) -> None:
    number = written(loop, "code")
    path = loop.stage.config
    path.write_text(path.read_text(encoding="utf-8").replace('role = "isso"', 'role = "engineer"', 1), encoding="utf-8")
    assert "cannot decide" in refused(loop, "link", "V-1", "code", number, *WHY, "--yes")
    assert "cannot decide" in refused(loop, "unlink", "V-1", "jira", "SEC-1", *WHY)


def test_a_tracker_that_cannot_be_reached_is_told_and_nothing_is_changed(
    loop: Loop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    path, port = loop.stage.config, loop.servers["code"].url.rpartition(":")[2]
    path.write_text(path.read_text(encoding="utf-8").replace(f":{port}", ":9"), encoding="utf-8")
    assert "did not answer" in refused(loop, "link", "V-1", "code", "1", *WHY, "--yes")
    told = loop.poam("unlink", "V-1", "jira", "SEC-2", *WHY)
    assert (told.exit_code, "its issues: jira SEC-1" in told.stderr) == (3, True)


def test_on_a_terminal_each_match_is_asked_for(tmp_path: Path) -> None:
    pty = pytest.importorskip("pty", reason="there are no terminals to open here")
    with two_trackers(tmp_path / "loop", item_for("jira", 1), item_for("jira", 2)) as loop:
        keys = [written(loop, "jira", f"V-{n}") for n in (1, 2)]
        loop.clock.advance(minutes=20)
        ours, theirs = pty.openpty()
        os.write(ours, b"n\ny\n")
        command = [
            Path(sys.executable).with_name("poam"),
            "--config",
            loop.stage.config,
            "adopt",
            "--connector",
            "jira",
        ]
        result = subprocess.run(command, stdin=theirs, capture_output=True, text=True, check=False)
        os.close(theirs)
        os.close(ours)
        assert result.returncode == 0, result.stderr
        assert result.stdout.count("Attach it?") == 2
        assert [(link.item_uid, link.remote_key) for link in loop.links()] == [("uid-2", keys[1])]


def asked_to_adopt(loop: Loop, answer: bytes, *meanwhile: str) -> tuple[int, str]:
    """Adopting at a terminal, where the answer comes only after another command ran; the exit code and the errors."""
    pty = pytest.importorskip("pty", reason="there are no terminals to open here")
    ours, theirs = pty.openpty()
    command = [Path(sys.executable).with_name("poam"), "--config", loop.stage.config, "adopt", "--connector", "jira"]
    pipes = {"stdin": theirs, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        shown = b""
        while not shown.endswith(b"Attach it?"):
            letter = process.stdout.read(1)
            assert letter, shown
            shown += letter
        between = loop.poam(*meanwhile)
        os.write(ours, answer)
        _, errors = process.communicate(timeout=60)
    assert between.exit_code == 0, between.output
    os.close(theirs)
    os.close(ours)
    return process.returncode, errors.decode()


def test_an_item_that_got_an_issue_while_somebody_thought_is_not_given_another(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        written(loop, "jira", "V-1")
        number = written(loop, "code")
        loop.clock.advance(minutes=20)
        code, errors = asked_to_adopt(loop, b"y\n", "link", "V-1", "code", number, *WHY, "--yes")
        assert (code, "V-1 got an issue meanwhile, acme/web#1; nothing was attached" in errors) == (3, True)
        assert [link.remote_key for link in loop.links() if link.state == "live"] == ["acme/web#1"]


def test_an_adopted_issue_is_held_against_the_item_as_it_is_when_it_is_attached(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        written(loop, "jira", "V-1")
        loop.clock.advance(minutes=20)
        claim = ("transition", "V-1", "pending_verification", "--reason", "it is mended")
        assert asked_to_adopt(loop, b"y\n", *claim)[0] == 0
        assert the_item(loop).state == "pending_verification"
        told = [(each["field"], each["tracker_value"]) for each in json.loads(loop.poam("conflicts", "--json").stdout)]
        assert told == [("work_status", "not_started")], "the issue is open, and the work was claimed done meanwhile"
