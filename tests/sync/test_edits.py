"""Setting fields by hand: what may be set, by whom, in which form, and what only another way leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import Decision, PoamItem, Rating, State, WorkStatus
from poam.mapping.life import Role
from poam.sync.deciding.decider import Decider
from poam.sync.deciding.edits import EDITABLE, edit
from poam.sync.errors import InputError, NotAllowed
from poam.sync.record.database import sqlite3
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems
from poam.sync.settings.people import Identity

from .engine import IMPORTER, config, item

AT = "2026-03-02T12:00:00.000Z"
KEPT_BY_THE_RULES = {
    *("uid", "system_id", "poam_id", "state", "baselined_at", "closure_reason", "actual_completion_date"),
    *("approved_extension_date", "status_date", "work_status_version", "work_done_at", "work_done_by"),
    *("assets", "milestones", "milestone_changes"),
}


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """A baselined item (1), a draft (2), and one whose work is claimed done (3)."""
    with Record.create(tmp_path / "poam.db", record_id="test-record", at=AT) as made:
        with made.unit(at=AT) as unit:
            for system in config().systems:
                unit.create(IMPORTER, "systems", system.model_dump())
            draft = item(2, state=State.DRAFT, baselined_at=None)
            pending = item(3, state=State.PENDING_VERIFICATION, work_status=WorkStatus.DONE)
            unit.add_items(IMPORTER, [item(1), draft, pending])
        yield made
        assert list(problems(made.db)) == []


def the(record: Record, n: int = 1) -> PoamItem:
    return load(record.db, "uid = ?", (f"uid-{n}",))[0]


def put(record: Record, n: int = 1, *, role: Role = Role.ISSO, reason: str = "because", **texts: str) -> bool:
    with record.unit(at=AT) as unit:
        decider = Decider(unit, config(), Identity("iris@acme.example", role), "2026-03-02")
        return edit(decider, the(record, n), texts, reason=reason)


def refused(record: Record, n: int = 1, *, error: Any = InputError, role: Role = Role.ISSO, **texts: str) -> str:
    """What is said, after nothing at all was written."""
    before = record.head
    with pytest.raises(error) as told:
        put(record, n, role=role, **texts)
    assert record.head == before
    return f"{told.value} | {told.value.hint}"


# which fields


def test_every_field_of_an_item_is_either_set_by_hand_or_kept_by_the_rules() -> None:
    assert set(EDITABLE) | KEPT_BY_THE_RULES == {each.name for each in fields(PoamItem)}
    assert not set(EDITABLE) & KEPT_BY_THE_RULES


@pytest.mark.parametrize("name", sorted(KEPT_BY_THE_RULES))
def test_what_the_rules_keep_is_refused_with_a_hint(record: Record, name: str) -> None:
    assert f"{name} cannot be set by hand" in refused(record, **{name: "x"})


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("state", "poam transition moves an item"),
        ("poam_id", "an item keeps its id"),
        ("system_id", "an item keeps its system"),
        ("approved_extension_date", "poam approve grants a later date"),
        ("closure_reason", "poam transition closes an item"),
        ("milestones", "planned milestones are permanent"),
        ("assets", "import the POA&M with the new assets"),
    ],
)
def test_where_another_way_leads_it_is_named(record: Record, name: str, way: str) -> None:
    assert way in refused(record, **{name: "x"})


@pytest.mark.parametrize(
    ("typed", "meant"), [("comment", "comments"), ("weaknes_name", "weakness_name"), ("cve", "cves")]
)
def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(record: Record, typed: str, meant: str) -> None:
    assert f"did you mean {meant}?" in refused(record, **{typed: "x"})


def test_a_name_that_is_nothing_is_answered_with_what_there_is(record: Record) -> None:
    told = refused(record, **{"x'; DROP TABLE items; --": "x"})
    assert "lists the fields that can be set" in told


# what has happened


@pytest.mark.parametrize("n", [1, 2])
def test_a_vendor_was_not_asked_on_a_day_to_come(record: Record, n: int) -> None:
    told = refused(record, n, last_vendor_check_in="2026-03-03")
    assert told.startswith(f"last_vendor_check_in 2026-03-03 of V-{n} is in the future")
    assert put(record, n, last_vendor_check_in="2026-03-02")


def test_nothing_is_detected_on_a_day_to_come(record: Record) -> None:
    told = refused(record, 2, original_detection_date="2026-03-03")
    assert told.startswith("original_detection_date 2026-03-03 of V-2 is in the future")
    assert put(record, 2, original_detection_date="2026-03-02")


def test_a_day_to_come_that_stands_there_already_is_no_news(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(9, last_vendor_check_in="2026-12-01")])
    assert not put(record, 9, last_vendor_check_in="2026-12-01")


# which values


GOOD = {
    "weakness_name": ("A name", "A name"),
    "comments": (" two\r\nlines ", "two\nlines"),
    "finding_kind": ("control_gap", "control_gap"),
    "forecast_date": ("2026-04-01", "2026-04-01"),
    "kev_due_date": ("2024-02-29", "2024-02-29"),
    "vendor_dependency": ("yes", True),
    "auto_approve": ("no", False),
    "adjusted_risk_rating": ("low", "low"),
    "false_positive": ("pending", "pending"),
    "work_status": ("blocked", "blocked"),
    "original_detection_date": ("2026-01-30", "2026-01-30"),
}


@pytest.mark.parametrize(("name", "text", "value"), [(name, *told) for name, told in GOOD.items()])
def test_a_value_is_kept_as_it_is_meant(record: Record, name: str, text: str, value: Any) -> None:
    assert put(record, **{name: text}) is True
    assert getattr(the(record), name) == value
    assert the(record).status_date == "2026-03-02"


@pytest.mark.parametrize(
    ("name", "texts", "told"),
    [
        (
            "forecast_date",
            ("2026-02-30", "2026-4-1", "tomorrow", "2026-04-01 ", "20260401", "٢٠٢٦-04-01"),
            "must be a date",
        ),
        ("kev_due_date", ("soon", "2025-02-29"), "must be a date as YYYY-MM-DD"),
        ("vendor_dependency", ("", "true", "1", "Yes"), "must be yes or no"),
        ("weakness_name", ("", "  ", "\n"), "must not be blank"),
        ("finding_kind", ("", "bug"), "must be one of vulnerability, configuration, penetration_test, control_gap"),
        ("adjusted_risk_rating", ("High", "severe"), "must be one of critical, high, moderate, low or nothing"),
        ("false_positive", ("maybe", "YES"), "must be one of yes, no, pending or nothing"),
        ("work_status", ("", "done", "wont_do", "closed"), "must be one of not_started, in_progress, blocked"),
        ("comments", ("\udcff",), "must be UTF-8 text"),
        ("weakness_name", ("caf\udce9",), "must be UTF-8 text"),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_its_form(
    record: Record, name: str, texts: tuple[str, ...], told: str
) -> None:
    for text in texts:
        assert f"{name} {told}" in refused(record, **{name: text})


@pytest.mark.parametrize(
    "name", [name for name in EDITABLE if name not in ("weakness_name", "finding_kind", "work_status")]
)
def test_a_draft_gives_up_whatever_may_be_blank(record: Record, name: str) -> None:
    if name in ("vendor_dependency", "auto_approve", "kev_tracking"):
        assert "must be yes or no" in refused(record, 2, **{name: ""})
    else:
        put(record, 2, **{name: ""})
        assert getattr(the(record, 2), name) in ("", None)


# what the baseline fixed


@pytest.mark.parametrize(
    ("name", "text", "hint"),
    [
        ("scheduled_completion_date", "2026-12-01", "a later date is a request"),
        ("scheduled_completion_date", "2026-04-01", "a later date is a request"),
        ("scheduled_completion_date", "", "a later date is a request"),
        ("original_detection_date", "2026-02-01", "it may only move earlier"),
        ("original_detection_date", "", "it may only move earlier"),
        ("original_risk_rating", "low", "permanent since its baseline"),
        ("weakness_source_identifier", "4711", "permanent since its baseline"),
    ],
)
def test_what_the_baseline_fixed_is_refused_even_to_an_ao(record: Record, name: str, text: str, hint: str) -> None:
    for role in (Role.ISSO, Role.AO):
        told = refused(record, error=NotAllowed, role=role, **{name: text})
        assert f"{name} of V-1 is permanent since its baseline" in told
        assert hint in told


def test_saying_again_what_the_baseline_fixed_is_no_change(record: Record) -> None:
    same = {"scheduled_completion_date": "2026-05-01", "original_detection_date": "2026-01-31"}
    assert put(record, **same, original_risk_rating="moderate") is False


def test_a_draft_is_still_to_be_planned(record: Record) -> None:
    assert put(record, 2, scheduled_completion_date="2026-12-01", original_risk_rating="low")


# who may


ANYBODY = {"forecast_date": "2026-04-01", "last_vendor_check_in": "2026-03-01", "work_status": "blocked"}


@pytest.mark.parametrize("name", sorted(EDITABLE))
def test_an_engineer_sets_the_work_and_nothing_else(record: Record, name: str) -> None:
    if name in ANYBODY:
        assert put(record, role=Role.ENGINEER, **{name: ANYBODY[name]})
    else:
        text = GOOD.get(name, ("", ""))[0]
        if name in ("kev_tracking", "vendor_dependency", "auto_approve"):
            text = "yes"
        told = refused(record, error=NotAllowed, role=Role.ENGINEER, **{name: text})
        assert f"iris@acme.example is engineer and cannot set {name}" in told


@pytest.mark.parametrize("role", [Role.ASSESSOR, Role.SYSTEM])
def test_neither_an_assessor_nor_the_daemon_sets_anything(record: Record, role: Role) -> None:
    for name, text in ANYBODY.items():
        assert "cannot set" in refused(record, error=NotAllowed, role=role, **{name: text})


@pytest.mark.parametrize("name", ["risk_adjustment", "false_positive", "operational_requirement"])
def test_a_deviation_is_asked_for_by_the_isso_and_decided_by_the_ao(record: Record, name: str) -> None:
    assert put(record, **{name: "pending"})
    assert "the authorizing official decides it" in refused(record, error=NotAllowed, **{name: "yes"})
    assert put(record, role=Role.AO, **{name: "yes"})
    for text in ("no", "pending", ""):
        assert "the authorizing official decides it" in refused(record, error=NotAllowed, **{name: text})
    assert put(record, role=Role.AO, **{name: "no"})


def test_a_rating_whose_adjustment_is_approved_is_the_aos(record: Record) -> None:
    put(record, adjusted_risk_rating="low")
    put(record, role=Role.AO, risk_adjustment=Decision.YES)
    assert "the authorizing official" in refused(record, error=NotAllowed, adjusted_risk_rating="high")
    assert put(record, role=Role.AO, adjusted_risk_rating="high")


# all or nothing


@pytest.mark.parametrize(
    "bad",
    [{"kev_due_date": "soon"}, {"state": "closed"}, {"nonsense": "x"}, {"scheduled_completion_date": "2027-01-01"}],
)
def test_several_fields_change_together_or_not_at_all(record: Record, bad: dict[str, str]) -> None:
    refused(record, error=(InputError, NotAllowed), comments="new", **bad)
    assert the(record) == item(1)


def test_one_unit_keeps_them_all_with_one_reason(record: Record) -> None:
    before = record.head[0]
    put(record, comments="new", kev_due_date="2026-04-01", point_of_contact="Ann Engineer")
    rows = list(record.db.query("SELECT field, reason FROM journal WHERE seq > ? ORDER BY seq", (before,)))
    assert [row["field"] for row in rows] == ["comments", "kev_due_date", "status_date"]
    assert {row["reason"] for row in rows} == {"because"}


@pytest.mark.parametrize("reason", ["", " ", "\n"])
def test_a_change_needs_a_reason(record: Record, reason: str) -> None:
    with pytest.raises(InputError, match="a change needs a reason"):
        put(record, reason=reason, comments="x")


def test_what_is_there_already_is_no_change_and_moves_no_status_date(record: Record) -> None:
    before = (record.head, record.writes())
    assert put(record, point_of_contact="Ann Engineer", vendor_dependency="no", forecast_date="") is False
    assert (record.head, record.writes()) == before
    assert the(record).status_date == "2026-02-01"


# the work


def test_a_new_work_status_is_a_new_version_and_the_same_one_is_none(record: Record) -> None:
    put(record, work_status="blocked")
    assert the(record).work_status_version == 1
    assert put(record, work_status="blocked") is False
    assert the(record).work_status_version == 1


def test_the_work_on_a_claim_is_not_set_by_hand_but_taken_back_by_reopening(record: Record) -> None:
    told = refused(record, 3, error=NotAllowed, work_status="blocked")
    assert "V-3 is pending verification and its work status cannot be set" in told
    assert "poam transition V-3 open" in told


# what the baseline lets through


def test_an_approved_risk_adjustment_moves_the_scheduled_date_to_the_adjusted_window(record: Record) -> None:
    put(record, adjusted_risk_rating="low")
    put(record, risk_adjustment="pending")
    assert the(record).scheduled_completion_date == "2026-05-01"
    put(record, role=Role.AO, risk_adjustment="yes")
    assert the(record).scheduled_completion_date == "2026-07-30", "180 days after the detection on 2026-01-31"
    with pytest.raises(NotAllowed):
        put(record, role=Role.AO, scheduled_completion_date="2026-09-01")


def approved_as(rating: str, record: Record, n: int = 1) -> str | None:
    put(record, n, role=Role.AO, adjusted_risk_rating=rating, risk_adjustment="yes")
    return the(record, n).scheduled_completion_date


@pytest.mark.parametrize("decision", ["no", "pending", ""])
def test_a_risk_adjustment_that_is_taken_back_gives_the_date_back(record: Record, decision: str) -> None:
    planned = "2026-04-15"  # which is not the window of the original rating
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(9, scheduled_completion_date=planned)])
    for rating, window in (("low", "2026-07-30"), ("high", "2026-03-02")):
        assert approved_as(rating, record, 9) == window, "counted from the detection on 2026-01-31"
        put(record, 9, role=Role.AO, risk_adjustment=decision, comments=rating)
        assert the(record, 9).scheduled_completion_date == planned


def test_an_adjustment_that_came_with_the_import_leaves_the_window_of_the_original_rating(record: Record) -> None:
    rated = {"original_risk_rating": Rating.HIGH, "adjusted_risk_rating": Rating.LOW, "risk_adjustment": Decision.YES}
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(9, scheduled_completion_date="2026-07-30", **rated)])
    put(record, 9, role=Role.AO, risk_adjustment="no")
    assert the(record, 9).scheduled_completion_date == "2026-03-02", "30 days after the detection on 2026-01-31"


def test_a_date_said_only_after_the_adjustment_is_not_lost_with_it(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(9, scheduled_completion_date=None, original_detection_date=None)])
    approved_as("low", record, 9)
    put(record, 9, scheduled_completion_date="2026-06-01")
    put(record, 9, role=Role.AO, risk_adjustment="no")
    assert the(record, 9).scheduled_completion_date == "2026-06-01"


def test_while_an_adjustment_stands_or_does_not_nobody_moves_the_date(record: Record) -> None:
    for decision in ("yes", "no", "pending", ""):
        put(record, role=Role.AO, risk_adjustment=decision)
        values = {"scheduled_completion_date": "2027-01-01"}
        with pytest.raises(sqlite3.IntegrityError, match="permanent"), record.unit(at=AT) as unit:
            unit.change(IMPORTER, "items", "uid-1", values)


def test_a_decision_that_approves_nothing_and_takes_nothing_back_moves_no_date(record: Record) -> None:
    for decision in ("pending", "no"):
        values = {"risk_adjustment": decision, "scheduled_completion_date": "2027-01-01"}
        with pytest.raises(sqlite3.IntegrityError, match="permanent"), record.unit(at=AT) as unit:
            unit.change(IMPORTER, "items", "uid-1", values)
        put(record, risk_adjustment=decision)


def test_a_date_that_was_never_said_can_be_said_once(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(9, scheduled_completion_date=None)])
    put(record, 9, scheduled_completion_date="2026-06-01")
    assert the(record, 9).scheduled_completion_date == "2026-06-01"
    with pytest.raises(NotAllowed):
        put(record, 9, scheduled_completion_date="2026-06-02")


@pytest.mark.parametrize(
    ("day", "told"), [("0001-01-01", "is before its detection on"), ("2099-01-01", "is later than its due date")]
)
def test_a_forecast_lies_between_the_detection_and_the_due_date(record: Record, day: str, told: str) -> None:
    assert told in refused(record, forecast_date=day)


def test_a_forecast_may_be_the_due_date_itself(record: Record) -> None:
    assert put(record, forecast_date=the(record).scheduled_completion_date or "")
