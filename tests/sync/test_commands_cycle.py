"""What `poam plan`, `sync` and `run` say: why the exit code is not 0, what an edit is about, and nothing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from poam.connectors.sandbox.server import Fault
from poam.sync.commands.daemon import Told, cycle
from poam.sync.commands.frame import Frame
from poam.sync.record.backup import backup as copy_record
from poam.sync.record.record import Record
from poam.sync.settings.limits import duration_text, parse_duration
from poam.sync.telling.health import health_path

from .two_trackers import Loop, item_for, two_trackers


@pytest.fixture
def loop(tmp_path: Path) -> Iterator[Loop]:
    """An item in Jira (V-1) and one in GitHub (V-2), mirrored."""
    with two_trackers(tmp_path / "loop", item_for("jira", 1), item_for("code", 2)) as loop:
        loop.cycle()
        loop.clock.advance(hours=1)
        loop.cycle()
        yield loop


def last_line(loop: Loop, code: int) -> str:
    result = loop.poam("sync")
    assert result.exit_code == code, result.output
    return result.stdout.splitlines()[-1]


# sync


def test_a_cycle_that_leaves_nothing_says_nothing_more(loop: Loop) -> None:
    assert last_line(loop, 0) == "code: 0 issues read; nothing to do"


def test_exit_code_1_is_explained_with_the_commands_that_show_what_waits(loop: Loop) -> None:
    loop.stage.people["jira"].close(loop.remote(1))
    loop.stage.people["code"].set_due(loop.remote(2), "2026-07-01")
    loop.clock.advance(hours=1)

    told = "waiting for a person: 1 request (poam requests), 1 to verify (poam list --state pending_verification)"
    assert last_line(loop, 1) == told

    loop.stage.people["code"].close(loop.remote(2), "wont_do")
    loop.clock.advance(hours=1)
    assert "2 requests (poam requests)" in last_line(loop, 1)
    assert "1 declined (poam list --declined)" in last_line(loop, 1)


def test_a_label_that_is_no_due_date_is_told_while_its_issue_brings_news(loop: Loop) -> None:
    maya, issue = loop.stage.people["code"], loop.remote(2)
    maya.label(issue, remove=("due:2026-05-01",), add=("due:2026-13-01", "due:soon", "Due: 2026-06-01"))
    loop.clock.advance(hours=1)
    why = "sets no due date: it is not due:YYYY-MM-DD with a day of the calendar"
    planned = loop.poam("plan").stdout.splitlines()
    assert f"V-2: the label due:2026-13-01 {why}, at acme/web#1" in planned

    told = [line for line in loop.poam("sync").stdout.splitlines() if line.startswith("acme/web#1: ")]
    assert told == [
        f"acme/web#1: the label Due: 2026-06-01 {why}",
        f"acme/web#1: the label due:2026-13-01 {why}",
    ]
    (issue_there,) = loop.issues("code")
    assert issue_there.due_dates == ("2026-05-01",), "and our date stands there again"
    loop.poam("sync")  # brings the history of our own edit
    again = json.loads(loop.poam("sync", "--json").stdout)
    assert again["connectors"]["code"]["unread"] == []

    maya.label(issue, add=("due: 1.6.",))
    loop.clock.advance(hours=1)
    shown = json.loads(loop.poam("sync", "--json").stdout)["connectors"]["code"]["unread"]
    assert {"key": "acme/web#1", "label": "due: 1.6."} in shown


def test_issues_of_items_that_a_restored_record_does_not_have_are_one_line_for_each_tracker(loop: Loop) -> None:
    path = loop.config.record_path
    copy_record(path, path.with_name("older.db"))
    loop.add(*(item_for("jira", n) for n in range(3, 8)), item_for("code", 8))
    loop.poam("sync")
    loop.poam("restore", str(path.with_name("older.db")), "--yes")
    loop.clock.advance(hours=1)

    told = loop.poam("sync").stdout.splitlines()
    assert [line for line in told if "does not have" in line] == [
        "jira: 5 issues of items that the record does not have: SEC-2, SEC-3, SEC-4 and 2 more",
        "code: 1 issue of items that the record does not have: acme/web#2",
    ]


def test_an_item_without_a_route_is_named_and_counted(loop: Loop) -> None:
    config = loop.stage.config
    config.write_text(config.read_text(encoding="utf-8").partition("[[routes]]")[0], encoding="utf-8")
    loop.add(item_for("jira", 3))

    assert last_line(loop, 1) == "waiting for a person: 1 item without a route (poam doctor)"


def test_exit_code_2_is_explained_with_how_many_writes_and_why(loop: Loop) -> None:
    loop.poam("set", "V-2", "work_status=in_progress", "--reason", "x")
    loop.stage.github.faults.append(Fault("PATCH", "/issues/", "drop", "after"))
    loop.clock.advance(hours=1)

    told = last_line(loop, 2)
    assert re.match(r"1 write owed to code: .+", told)


# plan


def test_a_plan_says_what_each_edit_is_about(loop: Loop) -> None:
    loop.poam("set", "V-1", "weakness_name=Another name", "--reason", "x")
    loop.poam("set", "V-2", "forecast_date=2026-04-01", "work_status=in_progress", "--reason", "x")

    assert loop.poam("plan").stdout.splitlines() == [
        "V-1: edit SEC-1: body, title",
        "V-2: edit acme/web#1: body, due_date, work_status",
    ]


def test_a_plan_names_no_field_that_the_issue_shows_already(loop: Loop) -> None:
    loop.poam("transition", "V-1", "pending_verification", "--reason", "x")
    loop.poam("transition", "V-1", "open", "--reason", "x")
    assert loop.poam("plan").stdout == "V-1: edit SEC-1: body\n", "what moved here moved back, and only the text tells"

    loop.poam("sync")
    loop.poam("set", "V-1", "forecast_date=2026-04-01", "--reason", "x")
    loop.poam("set", "V-1", "forecast_date=", "--reason", "x")
    assert loop.poam("plan").stdout == "V-1: read SEC-1 again, with its history\n"
    before = loop.issues("jira")
    assert "edited" not in loop.poam("sync").stdout
    assert loop.issues("jira") == before


def test_a_plan_names_a_later_date_that_will_rest_or_rests(loop: Loop) -> None:
    loop.stage.people["code"].set_due(loop.remote(2), "2026-07-01")
    rests = "V-2: 2026-07-01, moved by maya@northwind.example, rests until 2026-03-02 13:10 UTC, then becomes a request"

    planned = loop.poam("plan")
    assert planned.stdout.splitlines() == [rests]
    assert loop.poam("sync").stdout.splitlines()[2] == rests

    loop.clock.advance(minutes=5)
    assert loop.poam("plan").stdout.splitlines() == [rests], "it rests still"
    assert json.loads(loop.poam("plan", "--json").stdout)["resting"][0]["until"] == "2026-03-02T13:10:00.000Z"

    config = loop.stage.config
    config.write_text(config.read_text(encoding="utf-8").replace('"code:maya"', ""), encoding="utf-8")
    assert "moved by maya, rests until" in loop.poam("plan").stdout, "nobody's account has the name its tracker tells"

    loop.clock.advance(minutes=6)
    assert "rests" not in loop.poam("plan").stdout
    assert "V-2: a request (later_date 2026-07-01) from acme/web#1" in loop.poam("plan").stdout


def test_a_date_at_an_issue_that_was_taken_off_rests_no_more(loop: Loop) -> None:
    loop.stage.people["code"].set_due(loop.remote(2), "2026-07-01")
    assert "rests until" in loop.poam("sync").stdout
    loop.poam("unlink", "V-2", "code", "acme/web#1", "--reason", "another matter")

    assert json.loads(loop.poam("status", "--json").stdout)["resting"] == []
    assert "rests" not in loop.poam("sync").stdout


def test_a_plan_lets_no_date_rest_that_stands_beside_another(loop: Loop) -> None:
    loop.stage.people["code"].set_due(loop.remote(2), "2026-07-01")
    loop.stage.people["code"].label(loop.remote(2), add=("due:2026-08-01",))
    assert loop.poam("plan").stdout == "V-2: a conflict over due_date with acme/web#1\n"


def test_a_plan_says_under_which_title_an_issue_will_be_made(loop: Loop) -> None:
    loop.add(item_for("code", 3))
    told = "V-3: create an issue in code: [V-3] Patch a third-party library\n"
    assert loop.poam("plan").stdout == told


def test_a_plan_says_which_issues_will_count_as_missing_before_anybody_approves_it(loop: Loop) -> None:
    loop.stage.people["jira"].delete(loop.remote(1))
    for _ in range(2):
        loop.clock.advance(hours=1)
        loop.cycle(full=True)
    loop.clock.advance(hours=1)

    assert loop.poam("plan", "--full").stdout == "V-1: SEC-1 counts as missing\n"


def test_a_plan_says_what_somebody_took_back(loop: Loop) -> None:
    loop.stage.people["jira"].close(loop.remote(1), "wont_do")
    loop.clock.advance(hours=1)
    loop.cycle()
    loop.stage.people["jira"].reopen(loop.remote(1))
    loop.clock.advance(hours=1)

    taken_back = [line for line in loop.poam("plan").stdout.splitlines() if "taken back" in line]
    assert taken_back == ["V-1: the request declined is taken back, from SEC-1"]


def test_a_plan_takes_nothing_back_that_nobody_asked_for(loop: Loop) -> None:
    loop.stage.people["jira"].close(loop.remote(1))
    loop.clock.advance(hours=1)

    planned = loop.poam("plan").stdout
    assert "V-1: state becomes pending_verification, from SEC-1" in planned
    assert "taken back" not in planned


def test_a_plan_over_an_older_copy_shows_what_the_next_cycle_will_do_and_that_sends_nothing(loop: Loop) -> None:
    path = loop.config.record_path
    loop.poam("set", "V-1", "weakness_name=A name", "--reason", "x")
    copy_record(path, path.with_name("older.db"))
    loop.poam("set", "V-2", "weakness_name=Another name", "--reason", "x")
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.with_name("older.db").replace(path)
    before = path.read_bytes()

    planned = loop.poam("plan")

    assert "edit" not in planned.stdout
    assert "is not as the last command left it" in planned.stderr
    assert path.read_bytes() == before


def test_a_health_file_that_cannot_be_written_is_a_warning_beside_a_cycle_that_did_its_work(loop: Loop) -> None:
    path = health_path(loop.config.record_path)
    path.unlink(missing_ok=True)
    path.mkdir()
    result = loop.poam("sync")
    assert result.exit_code == 0
    assert result.stderr.startswith("Warning: ")
    assert "cannot be written" in result.stderr


def test_a_plan_of_nothing_is_one_line(loop: Loop) -> None:
    assert loop.poam("plan").stdout == "Nothing to do.\n"


# run


@pytest.mark.parametrize("text", ["10s", "90s", "2m", "90m", "1h", "36h", "1d", "366d"])
def test_an_interval_is_told_as_it_is_written(text: str) -> None:
    assert duration_text(parse_duration(text)) == text


def test_a_daemon_tells_a_trouble_when_it_begins_changes_and_ends_and_nothing_in_between(
    loop: Loop, capsys: pytest.CaptureFixture[str]
) -> None:
    frame, told = Frame(loop.stage.config, clock=loop.clock.now), Told()
    with loop.process() as trackers:

        def after_an_hour() -> tuple[list[str], list[str]]:
            nonlocal told
            loop.clock.advance(hours=1)
            told = cycle(frame, trackers, told)
            out, err = capsys.readouterr()
            return out.splitlines(), err.splitlines()

        def down(status: int) -> None:
            loop.stage.jira.faults[:] = [Fault("POST", "search/jql", status, times=999)] if status else []

        assert after_an_hour() == ([], [])
        down(503)
        (_,), (error, *_) = after_an_hour()
        assert "the server failed with status 503" in error
        assert [after_an_hour() for _ in range(2)] == [([], [])] * 2
        down(500)
        assert "status 500" in after_an_hour()[1][0]
        assert after_an_hour() == ([], [])
        loop.stage.people["code"].close(loop.remote(2))
        (_, line, head), errors = after_an_hour()
        assert re.match(r"code: 1 issue read; .*item change", line)
        assert (head.startswith("journal row"), errors) == (True, [])
        down(0)
        assert after_an_hour()[0][-1] == "jira: all is well again"
        assert after_an_hour() == ([], [])


def test_a_daemon_tells_once_that_the_record_is_in_use(loop: Loop, capsys: pytest.CaptureFixture[str]) -> None:
    frame = Frame(loop.stage.config, clock=loop.clock.now)
    with loop.process() as trackers:
        with Record.open(loop.config.record_path):
            told = cycle(frame, trackers, Told())
            assert "is in use by another poam process" in capsys.readouterr().err
            told = cycle(frame, trackers, told)
            assert capsys.readouterr() == ("", "")
        cycle(frame, trackers, told)
    assert "the record: all is well again" in capsys.readouterr().out


def test_a_sync_names_the_journal_row_only_when_there_is_a_new_one(loop: Loop) -> None:
    loop.stage.people["code"].close(loop.remote(2))
    assert "journal row" in loop.poam("sync").stdout
    loop.poam("sync")
    assert "journal row" not in loop.poam("sync").stdout
    loop.clock.advance(hours=1)
    loop.stage.people["code"].label(loop.remote(2), add=("triage",))
    told = loop.poam("sync")
    assert "code: 1 issue read; nothing to do" in told.stdout
    assert "journal row" not in told.stdout, "what is only remembered of an issue is no news"


def test_a_daemon_without_a_record_does_not_start(loop: Loop) -> None:
    loop.config.record_path.unlink()
    result = loop.poam("run")

    assert (result.exit_code, result.stdout) == (3, "")
    assert "there is no record at" in result.stderr


def test_issues_at_a_connector_that_is_not_configured_any_more_keep_all_from_being_in_sync(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1), item_for("code", 2)) as loop:
        assert loop.poam("sync").exit_code == 0
        told = loop.stage.config.read_text(encoding="utf-8")
        loop.stage.config.write_text(
            told.replace("connectors.jira", "connectors.renamed")
            .replace('"jira"\n', '"renamed"\n')
            .replace('type = "renamed"', 'type = "jira"')
            .replace('"jira:', '"renamed:'),
            encoding="utf-8",
        )
        result = loop.poam("sync")
        assert result.exit_code == 1, result.output
        assert "issues at jira, which is not configured" in result.stdout
