"""Deciding: only whoever may, with a reason, under their own name, all or nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from poam.connectors.errors import Rejected
from poam.sync.record.record import Record
from poam.sync.settings.people import os_user

from .desk import ME, Desk
from .engine import Engine, item


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """An item under FedRAMP due 2026-05-01 (V-1), one at an agency that knows extensions (V-2), a draft (V-3)."""
    return Desk.open(
        tmp_path,
        item(1),
        item(2, system_id="LEDGER"),
        item(3, state="draft", baselined_at=None),
    )


def claim_done(desk: Desk, n: int = 1) -> None:
    desk.at_work(lambda ready: (ready.person.close(ready.link(n).remote_id), ready.later()))


def ask(desk: Desk, n: int = 1, date: str = "2026-07-01") -> None:
    desk.at_work(lambda ready: (ready.person.set_due(ready.link(n).remote_id, date), ready.later()))


# set


def test_a_field_is_set_with_a_reason_under_the_persons_own_name(desk: Desk) -> None:
    told = "V-1: point_of_contact: Ann Engineer -> Bob"
    assert desk.done("set", "V-1", "point_of_contact=Bob", "--reason", "Ann left") == told

    rows = [row for row in desk.json("history", "V-1") if row["field"] == "point_of_contact"]
    assert [(row["person"], row["role"], row["origin"]) for row in rows] == [(ME, "isso", "cli")]
    assert [(row["old"], row["new"], row["reason"]) for row in rows] == [("Ann Engineer", "Bob", "Ann left")]
    assert desk.json("show", "V-1")["status_date"] == "2026-03-02"


def test_several_fields_change_together_or_not_at_all(desk: Desk) -> None:
    assert "kev_due_date must be a date" in desk.refused(
        "set", "V-1", "comments=new", "kev_due_date=soon", "--reason", "x"
    )
    desk.done("set", "V-1", "comments=a=b", "kev_due_date=2026-04-01", "--reason", "x")

    shown = desk.json("show", "V-1")
    assert (shown["comments"], shown["kev_due_date"], shown["effective_due"]) == ("a=b", "2026-04-01", "2026-04-01")


def test_every_change_is_answered_with_both_values_and_so_is_what_follows_from_it(desk: Desk) -> None:
    typed = ("vendor_dependency=yes", "comments=a long\nstory", "adjusted_risk_rating=low", "work_status=in_progress")
    assert desk.done("set", "V-1", *typed, "--reason", "x").splitlines() == [
        "V-1: vendor_dependency: no -> yes",
        "V-1: comments: nothing -> a long story",
        "V-1: adjusted_risk_rating: nothing -> low",
        "V-1: work_status: not_started -> in_progress",
    ]
    told = desk.done("--as", "otto@acme.example", "set", "V-1", "risk_adjustment=yes", "--reason", "a memo")
    assert told.splitlines() == [
        "V-1: risk_adjustment: nothing -> yes",
        "V-1: scheduled_completion_date: 2026-05-01 -> 2026-07-30",
    ]


def test_a_flag_is_yes_or_no_wherever_its_change_is_told(desk: Desk) -> None:
    desk.done("set", "V-1", "vendor_dependency=yes", "--reason", "x")
    assert "vendor_dependency: no -> yes because x" in desk.run("history", "V-1").stdout
    assert "vendor_dependency: no -> yes, by" in desk.run("explain", "V-1", "vendor_dependency").stdout


def test_a_field_is_cleared_by_nothing(desk: Desk) -> None:
    desk.done("set", "V-1", "kev_due_date=2026-04-01", "comments=x", "--reason", "x")
    desk.done("set", "V-1", "kev_due_date=", "comments=", "--reason", "x")

    assert (desk.json("show", "V-1")["kev_due_date"], desk.json("show", "V-1")["comments"]) == (None, "")


def test_setting_what_is_there_already_writes_nothing(desk: Desk) -> None:
    before = desk.heads()

    assert desk.done("set", "V-1", "point_of_contact=Ann Engineer", "--reason", "x") == "V-1: nothing changes"
    assert desk.heads() == before


@pytest.mark.parametrize(
    ("assignment", "told"),
    [
        ("comment=x", "comment cannot be set by hand; did you mean comments?"),
        ("state=closed", "poam transition"),
        ("milestones=x", "planned milestones are permanent"),
        ("approved_extension_date=2027-01-01", "poam approve"),
        ("comments", "comments is no FIELD=VALUE"),
        ("forecast_date=2026-02-30", "forecast_date must be a date as YYYY-MM-DD, not '2026-02-30'"),
        ("forecast_date=01.04.2026", "must be a date as YYYY-MM-DD"),
        ("vendor_dependency=maybe", "vendor_dependency must be yes or no"),
        ("adjusted_risk_rating=severe", "must be one of critical, high, moderate, low or nothing"),
        ("weakness_name= ", "weakness_name must not be blank"),
        ("work_status=done", "must be one of not_started, in_progress, blocked"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_what_can(desk: Desk, assignment: str, told: str) -> None:
    assert told in desk.refused("set", "V-1", assignment, "--reason", "x")


@pytest.mark.parametrize(
    "assignment",
    [
        "scheduled_completion_date=2026-12-01",
        "scheduled_completion_date=",
        "original_detection_date=2026-02-01",
        "original_detection_date=",
        "original_risk_rating=low",
        "weakness_source_identifier=other",
    ],
)
def test_what_the_baseline_fixed_cannot_be_set(desk: Desk, assignment: str) -> None:
    assert "permanent since its baseline" in desk.refused("set", "V-1", assignment, "--reason", "x")


def test_a_detection_date_may_move_earlier(desk: Desk) -> None:
    desk.done("set", "V-1", "original_detection_date=2026-01-30", "--reason", "the scanner knew it before")

    assert desk.json("show", "V-1")["original_detection_date"] == "2026-01-30"


def test_before_its_baseline_an_item_is_still_to_be_planned(desk: Desk) -> None:
    desk.done("set", "V-3", "scheduled_completion_date=2026-12-01", "original_risk_rating=low", "--reason", "planned")

    assert desk.json("show", "V-3")["scheduled_completion_date"] == "2026-12-01"


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_change_needs_a_reason(desk: Desk, reason: str) -> None:
    assert "needs a reason" in desk.refused("set", "V-1", "comments=x", "--reason", reason)
    assert "--reason" in desk.refused("set", "V-1", "comments=x")


def test_an_engineer_sets_the_forecast_and_not_the_plan(desk: Desk) -> None:
    desk.become("engineer")

    desk.done("set", "V-1", "forecast_date=2026-04-01", "--reason", "sooner")
    assert "engineer and cannot set comments" in desk.refused("set", "V-1", "comments=x", "--reason", "x")


@pytest.mark.parametrize("field", ["false_positive", "risk_adjustment", "operational_requirement"])
def test_a_deviation_is_approved_for_the_authorizing_official_alone_and_both_names_are_kept(
    desk: Desk, field: str
) -> None:
    desk.done("set", "V-1", f"{field}=pending", "--reason", "asked for")
    assert "the authorizing official decides it" in desk.refused("set", "V-1", f"{field}=yes", "--reason", "x")

    desk.done("--as", "otto@acme.example", "set", "V-1", f"{field}=yes", "--reason", "letter of 2026-03-01")
    row = [row for row in desk.json("history", "V-1") if row["field"] == field][-1]
    assert (row["person"], row["on_behalf_of"], row["role"]) == (ME, "otto@acme.example", "ao")
    assert "the authorizing official decides it" in desk.refused("set", "V-1", f"{field}=no", "--reason", "x")


def test_an_approved_risk_adjustment_fixes_its_rating(desk: Desk) -> None:
    desk.done("set", "V-1", "adjusted_risk_rating=low", "--reason", "no way in")
    desk.done("--as", "otto@acme.example", "set", "V-1", "risk_adjustment=yes", "--reason", "letter")

    assert "the authorizing official" in desk.refused("set", "V-1", "adjusted_risk_rating=high", "--reason", "x")


def test_acting_for_somebody_the_configuration_does_not_allow_is_refused(desk: Desk) -> None:
    assert "may not act for ann@acme.example" in desk.refused(
        "--as", "ann@acme.example", "set", "V-1", "comments=x", "--reason", "x"
    )


def test_a_stranger_at_the_machine_changes_nothing(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"os:{os_user()}", "os:other"), encoding="utf-8")

    assert "nobody in [people]" in desk.refused("set", "V-1", "comments=x", "--reason", "x")


def test_a_change_waits_for_no_lock_and_says_who_has_it(desk: Desk) -> None:
    def story(_: Engine) -> None:
        result = desk.run("set", "V-1", "comments=x", "--reason", "x")
        assert result.exit_code == 3
        assert "in use by another poam process" in result.stderr

    desk.at_work(story)


def test_whoever_may_not_change_anything_is_told_so_even_while_somebody_else_writes(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"os:{os_user()}", "os:other"), encoding="utf-8")

    desk.at_work(lambda _: desk.refused("set", "V-1", "comments=x", "--reason", "x").index("nobody in [people]"))


def test_a_work_status_set_here_reaches_the_issue(desk: Desk) -> None:
    desk.done("set", "V-1", "work_status=in_progress", "--reason", "started")
    desk.at_work(lambda ready: ready.later())

    assert desk.engine.tracker.get(desk.json("show", "V-1")["links"][0]["remote_id"]).status.category == "doing"


# transition


def test_only_somebody_else_with_the_role_and_evidence_closes_what_was_claimed_done(desk: Desk, tmp_path: Path) -> None:
    claim_done(desk)
    proof = tmp_path / "scan.csv"
    proof.write_text("clean", encoding="utf-8")
    closing = ("transition", "V-1", "closed", "--reason", "verified by scan")

    assert "needs evidence" in desk.refused(*closing)
    assert "neither a file nor a URL" in desk.refused(*closing, "--evidence", str(tmp_path / "none.csv"))
    assert desk.done(*closing, "--evidence", str(proof)) == "V-1: pending verification -> closed"

    shown = desk.json("show", "V-1")
    assert (shown["state"], shown["closure_reason"]) == ("closed", "remediated")
    assert ("file", "scan.csv", "accepted") in [(e["kind"], e["reference"], e["state"]) for e in shown["evidence"]]


@pytest.mark.parametrize("role", ["engineer", "ao", "assessor"])
def test_nobody_but_an_isso_verifies(desk: Desk, role: str) -> None:
    claim_done(desk)
    desk.become(role)

    told = desk.refused("transition", "V-1", "closed", "--reason", "x", "--evidence", "https://scan.example/1")
    assert "Only an ISSO" in told


def test_whoever_did_the_work_cannot_verify_it_whatever_their_role(desk: Desk) -> None:
    claim_done(desk)
    desk.become("isso", "ann@acme.example")

    told = desk.refused("transition", "V-1", "closed", "--reason", "x", "--evidence", "https://scan.example/1")
    assert "did the work" in told


def test_a_state_that_cannot_follow_is_refused_with_those_that_can(desk: Desk) -> None:
    assert "cannot become risk accepted" in desk.refused("transition", "V-3", "risk_accepted", "--reason", "x")
    assert "finished is not one of draft" in desk.refused("transition", "V-1", "finished", "--reason", "x")


# requests


def test_approving_a_date_without_extensions_says_that_it_is_only_acknowledged(desk: Desk) -> None:
    ask(desk)
    told = desk.done("approve", "1")

    shown = desk.json("show", "V-1")
    assert "acknowledged, not extended" in told
    assert (shown["effective_due"], shown["approved_extension_date"]) == ("2026-05-01", None)
    assert [change["date"] for change in shown["milestone_changes"]] == ["2026-07-01"]
    assert desk.json("requests") == []


def test_approving_a_date_where_extensions_exist_moves_what_is_due(desk: Desk) -> None:
    ask(desk, 2)

    assert desk.done("approve", "1", "--reason", "agreed") == "V-2: extended to 2026-07-01"
    assert desk.json("show", "V-2")["effective_due"] == "2026-07-01"
    assert desk.json("show", "V-2")["scheduled_completion_date"] == "2026-05-01"


def test_rejecting_needs_a_reason_that_is_kept(desk: Desk) -> None:
    ask(desk)

    assert "--reason" in desk.refused("reject", "1")
    desk.done("reject", "1", "--reason", "no plan given")
    (request,) = desk.json("requests", "--all")
    assert (request["state"], request["decided_by"], request["decision_reason"]) == ("rejected", ME, "no plan given")


def test_an_engineer_decides_no_request_and_nobody_their_own(desk: Desk) -> None:
    ask(desk)
    desk.become("engineer")
    assert "cannot decide request 1" in desk.refused("approve", "1")
    desk.become("isso", "ann@acme.example")
    assert "asked for request 1 and cannot decide it" in desk.refused("approve", "1")


@pytest.mark.parametrize(
    "command", [("approve", "7"), ("reject", "7", "--reason", "x"), ("resolve", "7", "--take", "record")]
)
def test_a_number_that_is_not_there_is_told_with_where_to_look(desk: Desk, command: tuple[str, ...]) -> None:
    told = desk.refused(*command)

    assert "there is no" in told
    assert "Hint: poam " in told


def test_a_request_is_decided_once(desk: Desk) -> None:
    ask(desk)
    desk.done("approve", "1")

    assert "request 1 is approved already" in desk.refused("reject", "1", "--reason", "x")


# conflicts


@pytest.mark.parametrize(
    ("take", "status"), [("record", "blocked"), ("tracker", "done"), ("in_progress", "in_progress")]
)
def test_a_conflict_ends_with_the_side_or_the_value_a_person_takes(desk: Desk, take: str, status: str) -> None:
    desk.done("set", "V-1", "work_status=blocked", "--reason", "waits")
    claim_done(desk)

    told = desk.done("resolve", "1", "--take", take)

    assert told.startswith(f"V-1: work_status is {status}")
    assert desk.json("conflicts") == []
    assert [each["resolution"] for each in desk.json("conflicts", "--all")] == [take]


def test_an_engineer_resolves_no_conflict(desk: Desk) -> None:
    desk.done("set", "V-1", "work_status=blocked", "--reason", "waits")
    claim_done(desk)
    desk.become("engineer")

    assert "cannot decide conflict 1" in desk.refused("resolve", "1", "--take", "record")


def test_a_decision_that_fails_half_way_leaves_nothing_behind(desk: Desk, tmp_path: Path) -> None:
    claim_done(desk)
    proof = tmp_path / "scan.csv"
    proof.write_text("clean", encoding="utf-8")

    desk.refused(
        *("transition", "V-1", "closed", "--reason", "x"), *("--evidence", str(proof), "--evidence", "missing.csv")
    )
    with Record.read(desk.folder / "poam.db") as record:
        kinds = [row["kind"] for row in record.db.query("SELECT kind FROM evidence")]
    assert kinds == ["issue"]


def test_a_refused_write_is_short_in_the_table_and_whole_for_programs(desk: Desk) -> None:
    def refuse(ready: Engine) -> None:
        ready.person.set_due(ready.link().remote_id or "", "")
        ready.world.faults.append(("edit", "before", Rejected))
        ready.later()

    desk.at_work(refuse)

    assert "record:  edit: due_date 2026-05-01" in desk.run("conflicts").stdout
    (conflict,) = desk.json("conflicts")
    assert json.loads(conflict["record_value"])["due_date"] == "2026-05-01"


@pytest.mark.parametrize("command", [("approve",), ("reject", "--reason", "x"), ("resolve", "--take", "record")])
@pytest.mark.parametrize("number", [0, 2**63, 10**20])
def test_a_number_beyond_what_the_record_counts_is_refused(desk: Desk, command: tuple[str, ...], number: int) -> None:
    assert f"{number} is no number; N is the id that poam" in desk.refused(*command, str(number))


@pytest.mark.parametrize(
    "command",
    [
        *(("set", "V-1", "comments=x", "--reason", "\udcff"), ("set", "V-\udcff", "comments=x", "--reason", "x")),
        *(("show", "V-\udcff"), ("transition", "V-1", "open", "--reason", "x", "--evidence", "\udcff")),
        ("export", "fedramp", "-o", "\udcff.xlsx"),
    ],
)
def test_what_was_typed_has_to_be_text(desk: Desk, command: tuple[str, ...]) -> None:
    assert "is not UTF-8 text" in desk.refused(*command)


# what was declined


def declined(folder: Path, **values: object) -> Desk:
    """An item whose issue the engineers closed as not to be done; the request for it is approved."""
    desk = Desk.open(folder, item(1, **values), item(2))
    desk.at_work(lambda ready: (ready.person.close(ready.link().remote_id, "wont_do"), ready.later()))
    return desk


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"original_risk_rating": "high"},
            "The risk of V-1 (high) cannot be accepted under FedRAMP Rev 5. Lower it first by an approved risk",
        ),
        (
            {},
            "FedRAMP Rev 5 accepts the risk of V-1 only as an approved operational requirement."
            " Record the authorizing official's decision (operational_requirement=yes) first."
            " Then: poam transition V-1 risk_accepted",
        ),
        ({"operational_requirement": "yes"}, "is recorded with poam transition V-1 risk_accepted"),
        ({"system_id": "LEDGER", "original_risk_rating": "critical"}, "with poam transition V-1 risk_accepted"),
    ],
)
def test_approving_what_was_declined_says_what_the_items_own_rules_allow(
    tmp_path: Path, values: dict[str, object], told: str
) -> None:
    said = declined(tmp_path, **values).done("approve", "1")

    assert told in said
    assert ("cannot be accepted" in said) != ("poam transition" in said)


def test_what_is_declined_and_not_yet_decided_is_listed_until_it_is(tmp_path: Path) -> None:
    desk = declined(tmp_path, operational_requirement="yes")
    desk.done("approve", "1")

    assert [each["poam_id"] for each in desk.json("list", "--declined")] == ["V-1"]
    assert desk.run("requests").stdout == "Nothing waits for a decision.\n"
    assert desk.run("requests").stderr == "1 declined item without a recorded decision: poam list --declined\n"

    desk.done("transition", "V-1", "risk_accepted", "--reason", "agreed", "--evidence", "https://letter.example/1")
    assert desk.json("list", "--declined") == []
    assert desk.run("requests").stderr == ""
    assert desk.json("show", "V-1")["supporting_documents"] == "Risk Acceptance Evidence : https://letter.example/1"


def test_work_that_was_ended_while_the_risk_was_accepted_is_needed_again_with_the_item(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, item(1, operational_requirement="yes"), item(2))
    desk.done("transition", "V-1", "risk_accepted", "--reason", "agreed", "--evidence", "https://letter.example/1")
    desk.at_work(lambda ready: (ready.later(), ready.person.close(ready.link().remote_id), ready.later()))
    assert desk.json("show", "V-1")["state"] == "risk_accepted"

    told = desk.done("transition", "V-1", "open", "--reason", "the AO withdrew it").splitlines()
    assert told[0] == "V-1: risk accepted -> open"
    assert "operational_requirement=no" in told[-1]
    desk.at_work(lambda ready: ready.later())
    shown = desk.json("show", "V-1")
    assert (shown["work_status"], shown["work_done_by"]) == ("not_started", "")
    assert shown["supporting_documents"] == "Risk Acceptance Evidence (withdrawn) : https://letter.example/1"
    seen: list[str] = []
    desk.at_work(lambda ready: seen.append(ready.issue().status.category))
    assert seen == ["todo"]


def test_work_that_a_person_starts_by_hand_answers_the_refusal_that_waited(tmp_path: Path) -> None:
    desk = declined(tmp_path)
    desk.done("set", "V-1", "work_status=in_progress", "--reason", "Ann took it over")

    assert desk.json("requests", "--all")[0]["state"] == "superseded"
    assert "there is no" not in desk.refused("approve", "1")


def test_a_field_that_is_not_there_is_answered_with_where_they_stand(desk: Desk) -> None:
    assert desk.refused("set", "V-1", "foo=bar", "--reason", "x").splitlines() == [
        "Error: foo cannot be set by hand",
        "Hint: docs/commands.md lists the fields that can be set, under poam set",
    ]
