"""Looking: what stands in the record, for people and for programs, without ever changing it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from poam.connectors.base import Account
from poam.connectors.errors import Rejected, Unavailable
from poam.mapping.item import ChangeKind, Milestone, MilestoneChange, Rating, State
from poam.sync.commands.conflicts import ENDS, RULES
from poam.sync.record.record import Record
from poam.sync.record.schema import TABLES

from .desk import Desk
from .engine import Engine, item

DERIVED = {"effective_due", "shown_due", "days_late", "late"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Under FedRAMP one item in time (V-1), one late (V-2), one closed (V-10); a late one at another system (V-1)."""
    return Desk.open(
        tmp_path,
        item(10, state=State.CLOSED, scheduled_completion_date="2026-01-01"),
        item(2, scheduled_completion_date="2026-02-20", weakness_name="Late \x1b[31mone\u202e"),
        item(1),
        item(3, poam_id="V-1", system_id="LEDGER", scheduled_completion_date="2026-03-01"),
    )


def ids(shapes: list[dict[str, object]]) -> list[str]:
    return [f"{shape['system_id']}:{shape['poam_id']}" for shape in shapes]


READING = [("status",), ("list",), ("show", "V-2"), ("history", "V-2"), ("explain", "V-2", "late"), ("requests",)]
READING += [("conflicts",)]


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_looking_needs_no_person_and_changes_nothing(desk: Desk, command: tuple[str, ...]) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("os:", "os:not-"), encoding="utf-8")
    before = (desk.folder / "poam.db").read_bytes()

    assert [desk.run(*command).exit_code, desk.run(*command, "--json").exit_code] == [0, 0]
    assert (desk.folder / "poam.db").read_bytes() == before


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_looking_works_beside_a_running_daemon(desk: Desk, command: tuple[str, ...]) -> None:
    desk.at_work(lambda _: desk.done(*command))


@pytest.mark.parametrize("command", READING, ids=lambda command: command[0])
def test_without_a_record_looking_says_what_to_do(desk: Desk, command: tuple[str, ...]) -> None:
    (desk.folder / "poam.db").unlink()
    result = desk.run(*command)

    assert result.exit_code == 3
    assert "Hint: " in result.stderr


# list


def test_the_list_is_in_the_order_of_system_and_id_with_the_numbers_as_numbers(desk: Desk) -> None:
    assert ids(desk.json("list")) == ["ACME:V-1", "ACME:V-2", "ACME:V-10", "LEDGER:V-1"]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--system", "LEDGER"), ["LEDGER:V-1"]),
        (("--state", "closed"), ["ACME:V-10"]),
        (("--state", "closed", "--state", "open", "--system", "ACME"), ["ACME:V-1", "ACME:V-2", "ACME:V-10"]),
        (("--late",), ["ACME:V-2", "LEDGER:V-1"]),
        (("--late", "--system", "ACME"), ["ACME:V-2"]),
        (("--state", "draft"), []),
    ],
)
def test_the_list_can_be_narrowed(desk: Desk, options: tuple[str, ...], expected: list[str]) -> None:
    assert ids(desk.json("list", *options)) == expected


def test_a_system_that_is_not_there_is_a_mistake_and_not_an_empty_list(desk: Desk) -> None:
    assert "there is no system LEGDER; did you mean LEDGER?" in desk.refused("list", "--system", "LEGDER")


def test_an_item_for_programs_has_the_records_columns_and_what_is_derived_for_today(desk: Desk) -> None:
    late = desk.json("list", "--late", "--system", "ACME")[0]

    columns = {row["name"] for row in table_info(desk, "items")} - {"journal_seq"}
    assert columns <= late.keys()
    assert late.keys() - columns == DERIVED | {"assets", "milestones", "milestone_changes", "issue"}
    assert (late["effective_due"], late["shown_due"], late["days_late"], late["late"]) == (
        "2026-02-20",
        "2026-02-20",
        10,
        True,
    )


def table_info(desk: Desk, table: str) -> list[dict[str, object]]:
    with Record.read(desk.folder / "poam.db") as record:
        return list(record.db.query(f"PRAGMA table_info({table})"))


def test_the_list_for_people_is_a_line_per_item_without_escape_characters(desk: Desk) -> None:
    lines = desk.done("list", "--system", "ACME").splitlines()

    assert [line.split("\t")[0] for line in lines] == ["poam_id", "V-1", "V-2", "V-10"]
    assert "Late one" in lines[2]
    assert "\x1b" not in lines[2]


def test_an_empty_list_says_so(desk: Desk) -> None:
    assert desk.done("list", "--state", "draft") == "There are no such items."
    assert desk.json("list", "--state", "draft") == []


# show


def test_an_item_is_shown_with_its_issue(desk: Desk) -> None:
    (link,) = desk.json("show", "V-2")["links"]

    assert {"connector": "jira", "state": "live", "number": 1}.items() <= link.items()
    issue = desk.engine.tracker.get(link["remote_id"])
    assert (link["key"], link["url"]) == (issue.key, issue.url)


def test_an_id_that_two_systems_use_must_be_named_with_its_system(desk: Desk) -> None:
    told = desk.refused("show", "V-1")

    assert "V-1 is the id of 2 items" in told
    assert "ACME:V-1 or LEDGER:V-1" in told
    assert desk.json("show", "LEDGER:V-1")["system_id"] == "LEDGER"


@pytest.mark.parametrize("name", ["V-22", "LEDGER:V-2", "v-2", ""])
def test_an_item_that_is_not_there_is_told_as_such(desk: Desk, name: str) -> None:
    assert f"there is no item {name}" in desk.refused("show", name)


def test_an_item_is_shown_with_everything_that_hangs_on_it(tmp_path: Path) -> None:
    changes = (MilestoneChange(1, ChangeKind.UPDATE, "2026-04-01", "Vendor is late"),)
    desk = Desk.open(tmp_path, item(1, milestones=(Milestone(1, "Roll out", "2026-05-01"),), milestone_changes=changes))
    ask_for_a_later_date(desk)

    shown, told = desk.json("show", "V-1"), desk.done("show", "V-1")
    assert shown["milestones"] == [{"number": 1, "description": "Roll out", "scheduled_completion_date": "2026-05-01"}]
    assert shown["milestone_changes"][0]["kind"] == "Update"
    assert shown["assets"] == ["web-01.acme.example (443/TCP)"]
    assert [request["requested_date"] for request in shown["requests"]] == ["2026-07-01"]
    assert (shown["conflicts"], shown["evidence"]) == ([], [])
    assert "(1) Update 2026-04-01 : Vendor is late" in told
    assert "2026-07-01" in told
    assert shown["links"][0]["url"] in told


def ask_for_a_later_date(desk: Desk) -> None:
    def story(ready: Engine) -> None:
        ready.person.set_due(ready.link().remote_id, "2026-07-01")
        ready.later()

    desk.at_work(story)


# history


def test_the_history_tells_who_did_what_when_from_where_and_why(desk: Desk) -> None:
    def story(ready: Engine) -> None:
        ready.person.close(ready.link(2).remote_id)
        ready.later()

    desk.at_work(story)
    rows, told = desk.json("history", "V-2"), desk.done("history", "V-2")

    assert set(rows[0]) == {row["name"] for row in table_info(desk, "journal")}
    assert [row["seq"] for row in rows] == sorted(row["seq"] for row in rows)
    assert any(
        (row["person"], row["role"], row["origin"], row["field"], row["old"], row["new"])
        == ("ann@acme.example", "engineer", "sync:jira", "state", "open", "pending_verification")
        for row in rows
    )
    assert "ann@acme.example (engineer) via sync:jira" in told
    assert "state: open -> pending_verification" in told


def test_one_act_is_one_line_of_the_history(desk: Desk) -> None:
    ask_for_a_later_date(desk)
    asked = [line for line in desk.done("history", "ACME:V-1").splitlines() if "request 1" in line]
    assert len(asked) == 1
    assert " request 1 added: later_date 2026-07-01" in asked[0]

    desk.engine.clock.advance(seconds=1)
    rows = len(desk.json("history", "ACME:V-1"))
    desk.done("reject", "1", "--reason", "the part is there")

    told = [line for line in desk.done("history", "ACME:V-1").splitlines() if "the part is there" in line]
    assert len(told) == 1
    assert told[0].endswith(" via cli request 1 state: waiting -> rejected because the part is there")
    assert len(desk.json("history", "ACME:V-1")) >= rows + 4


def test_a_claim_of_work_done_says_who_did_it_once(desk: Desk) -> None:
    desk.at_work(lambda ready: (ready.person.close(ready.link(2).remote_id), ready.later()))
    told = [line for line in desk.done("history", "V-2").splitlines() if "pending_verification" in line]
    assert len(told) == 1
    assert "work_status: not_started -> done" in told[0]
    assert "work_status_version" not in told[0]
    assert told[0].count("ann@acme.example") == 1


def test_hostile_text_in_the_history_is_one_harmless_line(desk: Desk) -> None:
    desk.at_work(lambda ready: (ready.person.rename(ready.link(2).remote_id, "a\x1b[2J\nb"), ready.later()))

    told = desk.done("history", "V-2")
    assert "\x1b" not in told
    assert "-> a b" in told


# requests, conflicts, status


def test_waiting_requests_are_listed_by_the_items_own_id(desk: Desk) -> None:
    assert desk.done("requests") == "Nothing waits for a decision."
    ask_for_a_later_date(desk)

    (request,) = desk.json("requests")
    assert (request["id"], request["poam_id"], request["system_id"]) == (1, "V-1", "ACME")
    assert (request["kind"], request["due_date"], request["requested_date"]) == (
        "later_date",
        "2026-05-01",
        "2026-07-01",
    )
    assert request["requested_by"] == "ann@acme.example"
    assert "2026-07-01" in desk.done("requests")


def test_a_decided_request_is_listed_only_when_asked_for(desk: Desk) -> None:
    ask_for_a_later_date(desk)
    desk.done("reject", "1", "--reason", "no")

    assert desk.json("requests") == []
    assert [request["state"] for request in desk.json("requests", "--all")] == ["rejected"]


def both_change(desk: Desk) -> None:
    """The engineer finishes what compliance has just blocked."""
    desk.done("set", "ACME:V-1", "work_status=blocked", "--reason", "waits for a part")
    desk.at_work(lambda ready: (ready.person.close(ready.link().remote_id), ready.later()))


def test_a_conflict_shows_both_values_and_both_persons(desk: Desk) -> None:
    assert desk.done("conflicts") == "There are no conflicts."
    both_change(desk)

    (conflict,) = desk.json("conflicts")
    assert (conflict["poam_id"], conflict["field"]) == ("V-1", "work_status")
    assert (conflict["record_value"], conflict["record_by"]) == ("blocked", "iris@acme.example")
    assert (conflict["tracker_value"], conflict["tracker_by"]) == ("done", "ann@acme.example")


def test_a_conflict_is_told_with_both_sides_the_rule_and_the_commands_that_end_it(desk: Desk) -> None:
    both_change(desk)
    (conflict,) = desk.json("conflicts")
    told = desk.done("conflicts").splitlines()

    assert told[0].startswith("conflict 1: ACME:V-1 work_status, MEM-")
    assert told[1:] == [
        "  record:  blocked, by iris@acme.example, at 2026-03-02 12:00 UTC",
        "  tracker: done, by ann@acme.example, at 2026-03-02 12:00 UTC",
        "  before:  not_started, on both sides",
        "  rule:    both sides changed it; the tracker's value holds until somebody decides (policy tracker)",
        "  poam resolve 1 --take record     blocked holds; the issue shows it as far as its tracker can",
        "  poam resolve 1 --take tracker    done holds",
        "  poam resolve 1 --take VALUE      another VALUE holds: one of not_started, in_progress, blocked",
    ]
    assert (conflict["connector"], conflict["key"]) == ("jira", told[0].split(", ")[1].split(" at ")[0])
    assert conflict["rule"] in told[4]
    assert [each["command"] for each in conflict["commands"][:2]] == [
        "poam resolve 1 --take record",
        "poam resolve 1 --take tracker",
    ]


def test_a_conflict_over_a_date_is_told_with_both_sides_and_the_commands_that_end_it(desk: Desk) -> None:
    desk.at_work(lambda ready: (ready.person.set_due(ready.link().issue_id, "2026-04-01"), ready.later()))
    desk.done("set", "ACME:V-1", "forecast_date=", "--reason", "AO call")
    desk.at_work(lambda ready: (ready.person.set_due(ready.link().issue_id, "2026-04-10"), ready.later()))

    assert desk.done("conflicts").splitlines()[1:] == [
        "  record:  no forecast, by iris@acme.example, at 2026-03-02 13:00 UTC",
        "  tracker: 2026-04-10, by ann@acme.example, at 2026-03-02 13:00 UTC",
        "  before:  2026-04-01, on both sides",
        "  rule:    both sides changed it; the tracker's value holds until somebody decides (policy tracker)",
        "  poam resolve 1 --take record     back to no forecast; the next sync shows it in the issue",
        "  poam resolve 1 --take tracker    the engineers' date holds",
        "  poam resolve 1 --take VALUE      another forecast holds: a date, checked as in poam set forecast_date",
    ]
    assert desk.done("resolve", "1", "--take", "2026-04-15") == "V-1: forecast_date is 2026-04-15"
    assert desk.done("conflicts") == "There are no conflicts."


def two_dates(ready: Engine, *days: str) -> None:
    """An engineer puts a second due date on the issue, where a tracker lets them, or takes one off again."""
    issue = ready.issue()
    ready.world.change(Account("ann", "Ann Engineer"), issue.id, {"due_dates": days})
    ready.later()


def test_two_dates_at_once_are_told_as_what_they_are_and_end_when_there_is_one(desk: Desk) -> None:
    desk.at_work(lambda ready: two_dates(ready, "2026-05-01", "2026-04-01"))
    (conflict,) = desk.json("conflicts")
    assert (conflict["policy"], conflict["record_by"], conflict["commands"]) == ("ambiguous", "", [])
    assert desk.done("conflicts").splitlines()[1:] == [
        "  record:  2026-05-01",
        "  tracker: 2026-05-01, 2026-04-01",
        "  rule:    two dates at once; take one label off MEM-1 (policy ambiguous)",
    ]
    assert "take one label off MEM-1" in desk.refused("resolve", "1", "--take", "record")

    desk.at_work(lambda ready: two_dates(ready, "2026-04-01"))

    assert desk.done("conflicts") == "There are no conflicts."
    assert "  ended:   one date is left, by system" in desk.done("conflicts", "--all"), "whatever that date means"
    assert desk.json("show", "ACME:V-1")["forecast_date"] == "2026-04-01"


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [("2026-04-01", "2026-04-02", "forecast_date"), ("2026-07-01", "2026-07-02", "requests")],
)
def test_a_date_beside_another_one_rests_nowhere_and_is_taken_once_it_stands_alone(
    desk: Desk, first: str, second: str, left: str
) -> None:
    for day in (first, second):
        desk.at_work(lambda ready, day=day: two_dates(ready, day, "2026-05-01"))
        assert desk.engine.reports[-1].resting == ()
    told = [event for event in desk.json("explain", "ACME:V-1", "due_date")["events"] if event["kind"] == "observed"]
    assert [(event["new"], [(each["kind"], each["number"]) for each in event["outcomes"]]) for event in told] == [
        (second, [("conflict", 1)]),
        (first, [("conflict", 1)]),
    ]

    desk.at_work(lambda ready: two_dates(ready, second))

    assert desk.done("conflicts") == "There are no conflicts."
    taken = {
        "forecast_date": desk.json("show", "ACME:V-1")["forecast_date"],
        "requests": [request["requested_date"] for request in desk.json("requests")],
    }
    assert taken[left] in (second, [second])


def test_what_no_tracker_status_says_is_not_promised(desk: Desk) -> None:
    both_change(desk)
    assert desk.done("resolve", "1", "--take", "blocked").startswith("V-1: work_status is blocked in the record; ")


def test_the_list_names_the_issue_of_each_item(desk: Desk) -> None:
    assert [item["issue"] for item in desk.json("list", "--system", "ACME")][:1] == ["MEM-1"]
    assert desk.done("list").splitlines()[0].split("\t")[:3] == ["system_id", "poam_id", "issue"]


def test_the_commands_told_for_a_conflict_end_it_and_it_is_told_how(desk: Desk) -> None:
    both_change(desk)
    (conflict,) = desk.json("conflicts")
    desk.done(*conflict["commands"][0]["command"].split()[1:])

    assert desk.done("conflicts") == "There are no conflicts."
    assert "  ended:   record, by iris@acme.example, at 2026-03-02 13:00 UTC" in desk.done("conflicts", "--all")
    assert [each["commands"] for each in desk.json("conflicts", "--all")] == [[]]


def test_a_refused_write_is_told_field_by_field_and_long_ones_with_a_count(desk: Desk) -> None:
    def refuse(ready: Engine) -> None:
        issue = ready.issue()
        body = issue.body.replace("published weakness", "weakness")
        ready.world.change(issue.author, issue.id, {"body": body})
        ready.world.faults.append(("edit", "before", Rejected))
        ready.clock.advance(hours=1)
        ready.cycle(full=True)

    desk.at_work(refuse)
    told = desk.done("conflicts")

    (ours,) = [line for line in told.splitlines() if line.startswith("  record:")]
    written = json.loads(desk.json("conflicts")[0]["record_value"])["body"]
    assert ours.startswith("  record:  edit: body ")
    assert f"… ({len(written):,} characters)" in ours
    assert len(ours) < 220
    assert "poam resolve 1 --take record     the write is tried again in the next cycle" in told
    assert "poam resolve 1 --take tracker    the issue stays as it is" in told


def test_every_policy_of_the_record_has_its_rule_and_its_commands() -> None:
    policies = set(re.findall(r"'(\w+)'", re.findall(r"policy TEXT[^(]*CHECK \(policy IN \((.*?)\)\)", TABLES)[0]))

    assert set(RULES) == set(ENDS) == policies


def test_the_status_counts_by_system_and_by_connector(desk: Desk) -> None:
    status = desk.json("status")

    acme, ledger = status["systems"]
    assert (acme["system_id"], acme["open"], acme["closed"], acme["late"]) == ("ACME", 2, 1, 1)
    assert (ledger["system_id"], ledger["open"], ledger["late"]) == ("LEDGER", 1, 1)
    (jira,) = status["connectors"]
    assert (jira["connector"], jira["linked"], jira["missing"], jira["owed"]) == ("jira", 3, 0, 0)
    assert (status["journal_seq"], status["journal_hash"]) == desk.heads()


def test_the_status_leaves_with_zero_when_all_is_in_sync_and_with_one_when_a_person_is_needed(desk: Desk) -> None:
    assert desk.run("status").exit_code == 0
    desk.at_work(lambda ready: (ready.person.close(ready.link().remote_id, "wont_do"), ready.later(seconds=30)))

    assert desk.run("status").exit_code == 1
    assert "1 request, 0 conflicts" in desk.run("status").stdout


def test_a_tracker_that_was_not_reached_for_three_intervals_is_not_called_in_sync(desk: Desk) -> None:
    desk.engine.clock.advance(minutes=5, seconds=50)
    assert desk.run("status").exit_code == 0
    desk.engine.clock.advance(seconds=20)

    assert desk.run("status").exit_code == 1
    assert desk.json("status")["connectors"][0]["stale"] is True
    assert "in step at 2026-03-02 12:00 UTC, too long ago" in desk.run("status").stdout


def test_a_tracker_that_was_never_reached_is_not_called_in_sync(desk: Desk) -> None:
    (desk.folder / "poam.db.health.json").unlink()

    assert desk.run("status").exit_code == 1
    assert "not synced yet" in desk.run("status").stdout


def test_the_status_leaves_with_two_while_writes_are_owed(desk: Desk) -> None:
    def story(ready: Engine) -> None:
        ready.world.faults.append(("edit", "before", Unavailable))
        ready.person.set_due(ready.link().remote_id, "")
        ready.later()

    desk.at_work(story)
    assert desk.run("status").exit_code == 2
    assert desk.json("status")["connectors"][0]["owed"] == 1


def test_the_real_command_prints_json_that_a_program_can_read(desk: Desk) -> None:
    command = [Path(sys.executable).with_name("poam"), "--config", desk.folder / "config.toml", "list", "--json"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (result.returncode, result.stderr) == (0, "")
    assert '"poam_id": "V-10"' in result.stdout


def test_a_rating_is_printed_as_the_record_writes_it(desk: Desk) -> None:
    assert {shape["original_risk_rating"] for shape in desk.json("list")} == {Rating.MODERATE.value}


def test_requests_show_the_weakness_and_the_system_only_where_there_are_several(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, item(1), item(2, system_id="LEDGER"))
    ask_for_a_later_date(desk)
    heading, row = desk.done("requests").splitlines()

    assert (heading.split("\t")[0], heading.split("\t")[-1]) == ("id", "weakness_name")
    assert row.split("\t")[-1] == "Outdated library 1"

    desk.at_work(lambda ready: (ready.person.set_due(ready.link(2).remote_id, "2026-07-02"), ready.later()))
    assert [line.split("\t")[0] for line in desk.done("requests").splitlines()] == ["system_id", "ACME", "LEDGER"]


def test_what_hangs_on_an_item_is_shown_with_names_and_flags_as_words(desk: Desk) -> None:
    ask_for_a_later_date(desk)
    desk.done("set", "ACME:V-1", "vendor_dependency=yes", "auto_approve=no", "--reason", "x")
    desk.done("reject", "1", "--reason", "no plan given")
    told = desk.done("show", "ACME:V-1")

    assert "vendor_dependency: yes\n" in told
    assert "auto_approve: no\n" in told
    assert "False" not in told
    assert "  later_date  rejected  id 1  requested date 2026-07-01  requested by ann@acme.example  decided by" in told
    assert "decision reason no plan given" in told


def test_an_option_that_stands_before_the_command_is_told_so_where_it_stands_behind(desk: Desk) -> None:
    assert desk.refused("approve", "1", "--as", "otto@acme.example").splitlines() == [
        "Error: --as stands before the command",
        "Hint: poam --as VALUE approve ...",
    ]


def test_a_name_is_understood_however_its_words_are_parted(desk: Desk) -> None:
    assert "did you mean due_date?" in desk.refused("explain", "V-2", "duedate")
