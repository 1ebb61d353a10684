"""Of every field of an item a person can ask why it has its value: by whom, through what, under which rule."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.dates import days_late, effective_due, effective_rating, shown_due
from poam.mapping.item import ChangeKind, Decision, MilestoneChange, PoamItem, Rating, State
from poam.mapping.profiles import PROFILES
from poam.sync.deciding.edits import EDITABLE
from poam.sync.record.journal import Author
from poam.sync.record.kinds import Link, Request
from poam.sync.telling.authority import AT_TRACKERS, RULES
from poam.sync.telling.derivations import DERIVED, Day
from poam.sync.telling.explain import FIELDS, explain

from .desk import ME, Desk
from .engine import Engine, engine, item
from .workbooks import workbook

ANN = "ann@acme.example"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An item under FedRAMP (V-1) and one at an agency (V-2), which knows extensions."""
    return Desk.open(tmp_path, item(1), item(2, system_id="LEDGER"))


def play(desk: Desk, act: Callable[[Engine, str], object], n: int = 1) -> None:
    """Ann does something at an item's issue, and what must rest rests."""

    def story(ready: Engine) -> None:
        act(ready, ready.link(n).remote_id or "")
        ready.later()

    desk.at_work(story)


def observed(told: dict[str, Any]) -> list[tuple[str | None, list[str]]]:
    """What people moved a field to, newest first, and what became of it."""
    rows = [event for event in told["events"] if event["kind"] == "observed"]
    return [(event["new"], [each["kind"] for each in event["outcomes"]]) for event in rows]


# stored fields


def test_a_field_that_did_not_come_with_its_item_is_told_as_such(desk: Desk) -> None:
    (desk.folder / "first.xlsx").write_bytes(workbook(item(7)))
    desk.run("import", str(desk.folder / "first.xlsx"), "--system", "ACME", "--yes")
    told = desk.done("explain", "V-7", "forecast_date").splitlines()
    assert told[-1].endswith(f"the item came without forecast_date, by {ME} (isso) from first.xlsx")


def test_a_value_that_came_with_a_file_and_one_a_later_file_changed_are_told_by_the_files(desk: Desk) -> None:
    (desk.folder / "first.xlsx").write_bytes(workbook(item(7, point_of_contact="Ann")))
    (desk.folder / "second.xlsx").write_bytes(workbook(item(7, point_of_contact="Bea")))
    for name in ("first.xlsx", "second.xlsx"):
        desk.run("import", str(desk.folder / name), "--system", "ACME", "--yes")
    change, origin = desk.json("explain", "V-7", "point_of_contact")["events"]

    assert (origin["kind"], origin["new"], origin["origin"]) == ("created", "Ann", "import")
    assert origin["source"].startswith("first.xlsx sha256:")
    assert (change["old"], change["new"]) == ("Ann", "Bea")
    told = desk.done("explain", "V-7", "point_of_contact").splitlines()
    assert told[-1].endswith(f"point_of_contact came as Ann, by {ME} (isso) from first.xlsx")
    assert told[-2].endswith(f"Ann -> Bea, by {ME} (isso) from second.xlsx, because imported")


def test_a_change_by_a_person_is_told_with_role_reason_and_the_value_before(desk: Desk) -> None:
    desk.done("set", "V-1", "point_of_contact=Bea", "--reason", "handed over")
    told = desk.json("explain", "V-1", "point_of_contact")

    change, origin = told["events"]
    assert (change["kind"], change["old"], change["new"]) == ("changed", "Ann Engineer", "Bea")
    assert (change["person"], change["role"], change["origin"], change["reason"]) == (ME, "isso", "cli", "handed over")
    assert (origin["kind"], origin["old"], origin["new"]) == ("created", None, "Ann Engineer")
    assert (told["value"], told["derived"], told["inputs"]) == ("Bea", False, [])
    assert f"point_of_contact: Ann Engineer -> Bea, by {ME} (isso) via cli, because handed over" in desk.done(
        "explain", "V-1", "point_of_contact"
    )


def test_who_acted_for_somebody_else_is_told_with_both_names(desk: Desk) -> None:
    desk.done("--as", "otto@acme.example", "set", "V-1", "false_positive=yes", "--reason", "memo")

    assert f"by {ME} for otto@acme.example (ao)" in desk.done("explain", "V-1", "false_positive")


def test_a_forecast_is_explained_by_the_move_at_the_issue(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-04-01"))
    told = desk.json("explain", "V-1", "forecast_date")

    change = next(event for event in told["events"] if event["kind"] == "changed")
    (link,) = desk.json("show", "V-1")["links"]
    assert (change["person"], change["role"], change["new"]) == (ANN, "engineer", "2026-04-01")
    assert (change["key"], change["url"], change["connector"]) == (link["key"], link["url"], "jira")
    assert change["cycle"] == "2026-03-02T13:00:00.000Z"
    assert change["reason"] == "an earlier date is the engineers' forecast"
    assert observed(told) == [("2026-04-01", ["taken"])]
    said = desk.done("explain", "V-1", "forecast_date")
    assert (
        f"by {ANN} (engineer) through {link['key']} at jira ({link['url']}), in the cycle of 2026-03-02 13:00" in said
    )
    assert "taken: forecast_date nothing -> 2026-04-01" in said


@pytest.mark.parametrize(
    ("decision", "state"),
    [
        ((), "waits for a decision"),
        (("reject", "1", "--reason", "no time"), f"rejected by {ME}: no time"),
        (("approve", "1", "--reason", "agreed"), f"approved by {ME}: agreed"),
    ],
)
def test_a_later_date_is_told_as_a_request_with_its_decision(desk: Desk, decision: tuple[str, ...], state: str) -> None:
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-07-01"), n=2)
    if decision:
        desk.done(*decision)

    told = desk.json("explain", "V-2", "scheduled_completion_date")
    assert observed(told) == [("2026-07-01", ["request"])]
    assert told["events"][0]["outcomes"][0]["number"] == 1
    assert told["value"] == "2026-05-01"
    assert f"request 1 (later_date) for 2026-07-01, {'which ' if not decision else ''}{state}" in desk.done(
        "explain", "V-2", "scheduled_completion_date"
    )


def test_an_extension_leads_back_to_the_issue_that_asked_for_it(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-07-01"), n=2)
    desk.done("approve", "1")

    change = desk.json("explain", "V-2", "approved_extension_date")["events"][0]
    (link,) = desk.json("show", "V-2")["links"]
    assert (change["person"], change["new"], change["source"], change["key"]) == (
        *(ME, "2026-07-01", "request 1"),
        link["key"],
    )


def test_of_two_moves_in_a_row_the_first_is_told_as_superseded(desk: Desk) -> None:
    def twice(ready: Engine, issue: str) -> None:
        ready.person.set_due(issue, "2026-04-01")
        ready.person.set_due(issue, "2026-04-02")

    play(desk, twice)
    assert observed(desk.json("explain", "V-1", "forecast_date")) == [
        ("2026-04-02", ["taken"]),
        ("2026-04-01", ["superseded"]),
    ]


def test_a_date_cleared_on_the_way_to_another_is_superseded_and_not_undone(desk: Desk) -> None:
    def by_way_of_nothing(ready: Engine, issue: str) -> None:
        ready.person.set_due(issue, "")
        ready.person.set_due(issue, "2026-04-02")

    play(desk, by_way_of_nothing)
    assert observed(desk.json("explain", "V-1", "due_date")) == [("2026-04-02", ["taken"]), (None, ["superseded"])]


def test_a_date_moved_back_before_it_was_taken_is_what_the_record_has_already(desk: Desk) -> None:
    for day in ("2026-07-01", "2026-05-01"):
        desk.at_work(lambda ready, day=day: (ready.person.set_due(ready.link().remote_id, day), ready.later(minutes=1)))

    assert observed(desk.json("explain", "V-1", "due_date")) == [
        ("2026-05-01", ["known"]),
        ("2026-07-01", ["superseded"]),
    ]


def test_work_that_both_sides_say_alike_is_what_the_record_has_already(desk: Desk) -> None:
    desk.done("set", "V-1", "work_status=in_progress", "--reason", "told in the standup")
    play(desk, lambda ready, issue: ready.person.start(issue))

    assert observed(desk.json("explain", "V-1", "work_status")) == [("in_progress", ["known"])]


def test_of_two_things_done_in_one_look_each_is_told_with_its_own_outcome(desk: Desk) -> None:
    desk.done("set", "V-1", "work_status=blocked", "--reason", "a part is missing")

    def at_once(ready: Engine, issue: str) -> None:
        ready.person.close(issue)
        ready.person.set_due(issue, "2026-04-01")

    play(desk, at_once)
    assert observed(desk.json("explain", "V-1", "state")) == [("done", ["taken", "conflict"])]
    assert observed(desk.json("explain", "V-1", "due_date")) == [("2026-04-01", ["taken"])]


def test_of_several_issues_the_one_it_was_done_at_is_named(desk: Desk) -> None:
    def another(ready: Engine, issue: str) -> None:
        retired = Link("old", "uid-1", "jira", 2, "old", "77", "MEM-77", "memory:MEM-77", "retired")
        with ready.record.unit(at="2026-03-02T12:30:00.000Z") as unit:
            unit.create(Author("system", "system", "sync:jira"), "links", asdict(retired))
        ready.person.set_due(issue, "2026-04-01")

    play(desk, another)
    events = desk.json("explain", "V-1", "forecast_date")["events"]
    assert [(event["kind"], event["key"]) for event in events] == [
        ("changed", "MEM-1"),
        ("observed", "MEM-1"),
        ("created", ""),
    ]


def test_a_later_date_rests_and_is_superseded_when_it_moves_on_before_it_was_taken(desk: Desk) -> None:
    def drag(day: str) -> None:
        def story(ready: Engine) -> None:
            ready.person.set_due(ready.link().remote_id or "", day)
            ready.later(minutes=1)

        desk.at_work(story)

    drag("2026-07-01")
    assert observed(desk.json("explain", "V-1", "due_date")) == [("2026-07-01", ["resting"])]
    drag("2026-08-01")
    assert observed(desk.json("explain", "V-1", "due_date")) == [
        ("2026-08-01", ["resting"]),
        ("2026-07-01", ["superseded"]),
    ]
    desk.at_work(lambda ready: ready.later())
    assert observed(desk.json("explain", "V-1", "due_date"))[0] == ("2026-08-01", ["request"])


def test_an_earlier_date_withdraws_what_waits_and_both_are_told(desk: Desk) -> None:
    for day in ("2026-07-01", "2026-04-01"):
        play(desk, lambda ready, issue, day=day: ready.person.set_due(issue, day))

    assert observed(desk.json("explain", "V-1", "due_date")) == [
        ("2026-04-01", ["taken", "withdrawn"]),
        ("2026-07-01", ["request"]),
    ]
    assert "request 1 (later_date) for 2026-07-01, superseded: taken back" in desk.done("explain", "V-1", "due_date")


@pytest.mark.parametrize("day", ["", "2026-01-01"])
def test_a_date_that_is_a_mistake_is_told_as_undone(desk: Desk, day: str) -> None:
    play(desk, lambda ready, issue: ready.person.set_due(issue, day))

    assert observed(desk.json("explain", "V-1", "due_date"))[-1] == (day or None, ["undone"])


def test_the_title_is_the_records_and_a_renaming_is_told_as_undone(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.rename(issue, "My title"))
    told = desk.json("explain", "V-1", "title")

    assert (told["field"], observed(told)) == ("weakness_name", [("My title", ["undone"])])


def test_work_claimed_done_explains_the_state_and_its_rule_explains_the_closing(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.close(issue))
    desk.done("transition", "V-1", "closed", "--reason", "remediated: x", "--evidence", "https://scan.example/1")
    told = desk.json("explain", "V-1", "state")

    closed, *_ = told["events"]
    claimed = next(event for event in told["events"] if event["new"] == "pending_verification")
    assert (closed["new"], closed["person"], closed["source"]) == ("closed", ME, "T6")
    assert closed["rule"] == "rule T6: by ISSO, with evidence, never who did the work"
    assert (claimed["person"], claimed["key"]) == (ANN, "MEM-1")
    assert observed(told) == [("done", ["taken"])]
    assert "taken: work_status not_started -> done, state open -> pending_verification" in desk.done(
        "explain", "V-1", "state"
    )


def test_a_declined_issue_is_told_as_taken_and_as_a_request(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.close(issue, "wont_do"))

    assert observed(desk.json("explain", "V-1", "work_status")) == [("wont_do", ["taken", "request"])]


def test_a_conflict_is_told_with_both_values_and_with_its_end(desk: Desk) -> None:
    desk.done("set", "V-1", "work_status=blocked", "--reason", "a part is missing")
    play(desk, lambda ready, issue: ready.person.close(issue))
    told = desk.json("explain", "V-1", "work_status")

    assert observed(told) == [("done", ["taken", "conflict"])]
    assert told["events"][0]["kind"] == "changed"
    both = f"conflict 1: the record had blocked (by {ME}), the tracker done (by {ANN}); "
    assert both + "open, policy tracker" in desk.done("explain", "V-1", "work_status")

    desk.done("resolve", "1", "--take", "record")
    assert both + f"ended by {ME} with record" in desk.done("explain", "V-1", "work_status")
    decided = desk.json("explain", "V-1", "work_status")["events"][0]
    assert (decided["new"], decided["source"], decided["key"]) == ("blocked", "conflict 1", "MEM-1")


def test_a_conflict_over_the_due_date_is_told_with_both_dates_and_with_its_end(desk: Desk) -> None:
    desk.done("set", "V-1", "forecast_date=2026-04-20", "--reason", "AO call")
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-04-10"))

    assert observed(desk.json("explain", "V-1", "due_date")) == [("2026-04-10", ["taken", "conflict"])]
    both = f"conflict 1: the record had 2026-04-20 (by {ME}), the tracker 2026-04-10 (by {ANN}); "
    assert both + "open, policy tracker" in desk.done("explain", "V-1", "due_date")

    desk.done("resolve", "1", "--take", "record")
    assert both + f"ended by {ME} with record" in desk.done("explain", "V-1", "due_date")
    decided = desk.json("explain", "V-1", "due_date")["events"][0]
    assert (decided["new"], decided["source"], decided["key"]) == ("2026-04-20", "conflict 1", "MEM-1")


def test_events_are_newest_first(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-04-01"))
    desk.done("set", "V-1", "forecast_date=2026-04-05", "--reason", "agreed")
    numbers = [event["seq"] for event in desk.json("explain", "V-1", "forecast_date")["events"]]

    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 4


def test_what_was_added_to_a_list_is_told_by_who_added_it(tmp_path: Path) -> None:
    old = MilestoneChange(1, ChangeKind.UPDATE, "2026-04-01", "The vendor is late")
    desk = Desk.open(tmp_path, item(1, milestone_changes=(old,)))
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-07-01"))
    desk.done("approve", "1")

    added, _, created = desk.json("explain", "V-1", "milestone_changes")["events"]
    assert (added["kind"], added["person"]) == ("added", ME)
    assert added["new"].startswith("(1) Update 2026-07-01 : ")
    assert created["new"] == "(1) Update 2026-04-01 : The vendor is late"


# derived fields


def test_the_effective_due_date_names_the_strictest_and_who_set_it(desk: Desk) -> None:
    desk.done("set", "V-1", "kev_due_date=2026-03-20", "--reason", "CISA lists it")
    told = desk.json("explain", "V-1", "effective_due")

    assert (told["value"], told["derived"]) == ("2026-03-20", True)
    assert [each["field"] for each in told["inputs"] if each["decides"]] == ["kev_due_date"]
    assert [(event["field"], event["reason"]) for event in told["events"]] == [
        ("kev_due_date", "CISA lists it"),
        ("kev_due_date", ""),
    ]
    said = desk.done("explain", "V-1", "effective_due")
    assert "why: kev_due_date is the strictest date that applies" in said
    assert "  * kev_due_date: 2026-03-20" in said
    assert "approved_extension_date: nothing (FedRAMP Rev 5 knows no extensions)" in said


def test_a_shown_date_that_is_a_forecast_says_so(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.set_due(issue, "2026-04-01"))
    told = desk.json("explain", "V-1", "due_date")

    assert (told["field"], told["value"]) == ("shown_due", "2026-04-01")
    assert [each["field"] for each in told["inputs"] if each["decides"]] == ["forecast_date"]
    assert told["because"] == "the forecast is earlier than the effective due date 2026-05-01"


@pytest.mark.parametrize(
    ("values", "days", "because"),
    [
        ({}, 0, "2026-05-01 is not past on 2026-03-02"),
        ({"scheduled_completion_date": "2026-03-01"}, 1, "1 day past 2026-03-01"),
        ({"scheduled_completion_date": None}, 0, "no date binds"),
        (
            {"scheduled_completion_date": "2026-02-01", "operational_requirement": Decision.YES},
            0,
            "an approved operational requirement is not late",
        ),
        ({"scheduled_completion_date": "2026-02-01", "state": State.CLOSED}, 0, "an item that is closed is not late"),
        (
            {
                "scheduled_completion_date": "2026-02-01",
                "vendor_dependency": True,
                "last_vendor_check_in": "2026-02-20",
            },
            0,
            "it waits for a vendor",
        ),
        (
            {
                "scheduled_completion_date": "2026-02-01",
                "state": State.PENDING_VERIFICATION,
                "work_done_at": "2026-02-03T10:00:00.000Z",
            },
            2,
            "counted to the day the work was claimed done",
        ),
        (
            {
                "scheduled_completion_date": "2026-02-01",
                "state": State.PENDING_VERIFICATION,
                "work_done_at": "2026-01-31T10:00:00.000Z",
            },
            0,
            "the work was claimed done by 2026-02-01",
        ),
    ],
)
def test_lateness_is_explained(values: dict[str, Any], days: int, because: str) -> None:
    explained = {name: DERIVED[name](item(**values), FEDRAMP, TODAY) for name in ("days_late", "late")}

    assert because in explained["days_late"].because
    assert (explained["days_late"].value, explained["late"].value) == (days, days > 0)


FEDRAMP = PROFILES["fedramp_rev5"]
TODAY = Day("2026-03-02", UTC)


@pytest.mark.parametrize(
    ("decision", "value", "decides"),
    [(Decision.YES, "low", "adjusted"), (Decision.PENDING, "moderate", "original"), (None, "moderate", "original")],
)
def test_the_effective_rating_is_the_adjusted_one_only_once_it_is_approved(
    decision: Decision | None, value: str, decides: str
) -> None:
    rated = DERIVED["effective_rating"](item(adjusted_risk_rating=Rating.LOW, risk_adjustment=decision), FEDRAMP, TODAY)

    assert rated.value == value
    assert f"{decides}_risk_rating" in [each.field for each in rated.inputs if each.decides]


SEED = 20260302


def test_what_is_explained_is_what_the_rules_compute_for_any_item() -> None:
    print("seed", SEED)
    some = random.Random(SEED)
    days = (None, "2026-02-01", "2026-03-01", "2026-03-02", "2026-04-01")
    for _ in range(2000):
        one = replace(
            item(),
            **{
                name: some.choice(days)
                for name in (
                    *("kev_due_date", "approved_extension_date", "scheduled_completion_date"),
                    *("forecast_date", "last_vendor_check_in"),
                )
            },
            state=some.choice(list(State)),
            work_done_at=some.choice((None, "2026-02-15T00:00:00.000Z")),
            operational_requirement=some.choice((None, *Decision)),
            vendor_dependency=some.random() < 0.5,
            risk_adjustment=some.choice((None, *Decision)),
            adjusted_risk_rating=some.choice((None, *Rating)),
        )
        profile = some.choice(list(PROFILES.values()))
        told = {name: derive(one, profile, TODAY) for name, derive in DERIVED.items()}
        late = days_late(one, profile, TODAY.date)

        assert {name: each.value for name, each in told.items()} == {
            "effective_due": effective_due(one, profile),
            "shown_due": shown_due(one, profile),
            "days_late": late,
            "late": late > 0,
            "effective_rating": effective_rating(one),
        }
        for name in ("effective_due", "shown_due"):
            decisive = [each.value for each in told[name].inputs if each.decides]
            assert set(decisive) == {told[name].value} - {None}
        assert (" past " in told["late"].because and "not past" not in told["late"].because) == (late > 0)


# the rules


def test_every_field_of_an_item_has_one_rule_and_nothing_else_has() -> None:
    assert {field.name for field in fields(PoamItem)} | set(DERIVED) == set(RULES) == set(FIELDS)
    assert AT_TRACKERS.keys() <= RULES.keys()


@pytest.mark.parametrize("name", EDITABLE)
def test_the_rule_of_a_field_says_what_setting_it_by_hand_allows(name: str) -> None:
    rule, editable = RULES[name], EDITABLE[name]

    assert editable.until_baseline == ("fixed at baseline" in rule)
    assert ("engineer" in rule) == ("engineer" in editable.roles)


def test_no_rule_says_that_a_person_sets_what_nobody_can_set() -> None:
    by_hand = {name for name, rule in RULES.items() if "ISSO or AO sets it" in rule or "may set it" in rule}

    assert by_hand <= set(EDITABLE)


# mistakes, and what programs read


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("V-1", "forcast_date"), "an item has no field forcast_date; did you mean forecast_date?"),
        (("V-1", ""), "an item has no field "),
        (("V-11", "state"), "there is no item V-11; did you mean V-1?"),
    ],
)
def test_a_field_or_an_item_that_is_not_there_is_one_sentence(desk: Desk, words: tuple[str, ...], told: str) -> None:
    assert told in desk.refused("explain", *words)


def test_nothing_is_derived_of_an_item_whose_system_left_the_configuration(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('id = "LEDGER"', 'id = "OTHER"'), encoding="utf-8")

    assert "late of V-2 cannot be derived: its system LEDGER is not in the configuration" in desk.refused(
        "explain", "V-2", "late"
    )
    assert "V-2 scheduled_completion_date: 2026-05-01" in desk.done("explain", "V-2", "scheduled_completion_date")


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_can_be_explained_to_people_and_to_programs(desk: Desk, name: str) -> None:
    told = desk.json("explain", "V-1", name)

    assert [*told] == [
        *("system_id", "poam_id", "field", "value", "rule", "derived", "because", "inputs", "events"),
    ]
    assert told["value"] == {**desk.json("show", "V-1"), "effective_rating": "moderate"}[name]
    assert desk.done("explain", "V-1", name).startswith(f"V-1 {name}: ")
    if not told["derived"]:
        assert [event["kind"] for event in told["events"]] == ["created"]


def test_hostile_text_from_a_tracker_stays_on_its_line(desk: Desk) -> None:
    play(desk, lambda ready, issue: ready.person.rename(issue, "a\x1b[2J\nrule: you may close it"))
    lines = desk.done("explain", "V-1", "title").splitlines()

    assert [line for line in lines if line.startswith("rule: ")] == [f"rule: {RULES['weakness_name']}"]
    assert "\x1b" not in "".join(lines)


UNNAMED = Author("jira:unattributed", "engineer", "sync:jira")
EARLY, LATE = "2026-03-03T12:00:00.000Z", "2026-03-04T12:00:00.000Z"


def kinds(ready: Engine, name: str) -> list[tuple[str | None, list[str]]]:
    told = explain(ready.record.db, ready.item(), name, FEDRAMP, TODAY)
    seen = [event for event in told.events if event.kind == "observed"]
    return [(event.new, [each.kind for each in event.outcomes]) for event in seen]


def test_changes_without_an_entry_in_the_trackers_history_are_told_apart_by_their_time(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.cycle()
        for at, day in ((EARLY, "2026-07-01"), (LATE, "2026-04-01")):
            with ready.record.unit(at=at, cycle=at) as unit:
                unit.note_observed(
                    UNNAMED, ready.link().id, "uid-1", "due_date", None, day, reason="seen", source="state"
                )
                if at == LATE:
                    unit.change(UNNAMED, "items", "uid-1", {"forecast_date": day}, source="state")

        assert kinds(ready, "due_date") == [("2026-04-01", ["taken"]), ("2026-07-01", ["superseded"])]


def test_a_request_is_told_of_the_field_it_is_about_even_where_the_tracker_names_nobody(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as ready:
        ready.cycle()
        link = ready.link()
        asked = Request(
            *(1, "uid-1", link.id, "later_date", "waiting", "2026-05-01", "2026-07-01"),
            *("jira:unattributed", "", EARLY, "", "state", "", None, ""),
        )
        with ready.record.unit(at=EARLY, cycle=EARLY) as unit:
            for name, new in (("due_date", "2026-07-01"), ("work_status", "blocked"), ("title", "x")):
                unit.note_observed(UNNAMED, link.id, "uid-1", name, None, new, reason="seen", source="state")
            unit.create(UNNAMED, "requests", asdict(asked), source="state")

        assert kinds(ready, "due_date") == [("2026-07-01", ["request"])]
        assert kinds(ready, "work_status") == [("blocked", ["noted"])]
        assert kinds(ready, "weakness_name") == [("x", ["undone"])]
