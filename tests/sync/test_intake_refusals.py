"""What a file cannot do: nothing permanent, no decision, no approval is ever typed into a cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.item import Decision, PoamItem
from poam.sync.documents.intake import apply_import
from poam.sync.errors import NotAllowed
from poam.sync.record.items import load
from poam.sync.record.journal import Author
from poam.sync.record.record import Record

from .engine import config
from .workbooks import (
    AT,
    CLOSED,
    FULL,
    LATER,
    LAYOUTS,
    SETTING,
    changed,
    edited,
    export,
    fresh,
    plan_of,
    reasons,
    refused,
    take,
    workbook,
)

both = pytest.mark.parametrize("layout", LAYOUTS)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with fresh(tmp_path) as made:
        yield made


@pytest.mark.parametrize(
    ("heading", "value", "field", "why"),
    [
        ("Original Detection Date", "2026-01-15", "original_detection_date", "poam set moves it earlier"),
        ("Original Detection Date", None, "original_detection_date", "poam set moves it earlier"),
        ("Scheduled Completion Date", "2026-09-01", "scheduled_completion_date", "a later date is a request"),
        ("Planned Milestones", "(1) 2026-04-11: Image rebuilt", "milestones", "planned milestones are permanent"),
    ],
)
def test_a_permanent_column_is_refused_with_the_reason(
    record: Record, heading: str, value: str, field: str, why: str
) -> None:
    take(record, workbook(FULL, layout="2.1"))
    before = record.head

    plan = take(record, edited(export(record, "2.1"), "V-1", heading, value), at=LATER)

    # The template computes the scheduled date from the detection date, so that one may come along.
    assert field in refused(plan)
    assert {*refused(plan)} <= {field, "scheduled_completion_date"}
    assert why in " ".join(reasons(plan))
    assert record.head == before


@pytest.mark.parametrize(
    ("heading", "value", "field"),
    [
        ("Original Risk Rating", "Low", "original_risk_rating"),
        ("Weakness Source Identifier", "4711", "weakness_source_identifier"),
    ],
)
def test_what_identifies_a_weakness_stays_as_it_was_baselined(
    record: Record, heading: str, value: str, field: str
) -> None:
    take(record, workbook(FULL))
    plan = take(record, edited(export(record), "V-1", heading, value))
    assert field in refused(plan)
    assert changed(plan) == []


@pytest.mark.parametrize(
    ("there", "heading", "value", "field"),
    [
        ({}, "False Positive", "Yes", "false_positive"),
        ({}, "Risk Adjustment", "Yes", "risk_adjustment"),
        (
            {"operational_requirement": Decision.YES},
            "Operational Requirement",
            "No",
            "operational_requirement",
        ),
        ({"risk_adjustment": Decision.YES}, "Adjusted Risk Rating", "Moderate", "adjusted_risk_rating"),
    ],
)
def test_an_approval_is_never_typed_into_a_cell(
    record: Record, there: dict[str, Any], heading: str, value: str, field: str
) -> None:
    take(record, workbook(replace(FULL, **there)))
    plan = take(record, edited(export(record), "V-1", heading, value))
    assert field in refused(plan)
    assert "the authorizing official decides it; use poam set" in reasons(plan)
    assert field not in changed(plan)


@pytest.mark.parametrize("role", ["engineer", "assessor"])
def test_whoever_could_not_decide_what_a_file_says_cannot_import_it(record: Record, role: str) -> None:
    plan = plan_of(record, workbook(FULL))
    with pytest.raises(NotAllowed, match=f"ann is {role} and cannot import"), record.unit(at=AT) as unit:
        apply_import(unit, Author("ann", role, "import"), config(), plan)
    assert load(record.db) == []


def test_what_can_be_taken_is_taken_beside_what_cannot(record: Record) -> None:
    take(record, workbook(FULL))
    data = edited(edited(export(record), "V-1", "Comments", "new"), "V-1", "Scheduled Completion Date", "2026-09-01")
    plan = take(record, data)
    assert changed(plan) == ["comments"]
    assert refused(plan) == ["scheduled_completion_date"]
    assert load(record.db)[0].scheduled_completion_date == "2026-05-01"


@both
@pytest.mark.parametrize(
    ("there", "moved", "field", "way"),
    [
        (FULL, replace(CLOSED, poam_id="V-1"), "state", "poam transition"),
        (replace(CLOSED, poam_id="V-1"), FULL, "state", "poam transition"),
        (FULL, replace(SETTING, poam_id="V-1"), "finding_kind", "poam set"),
        (replace(SETTING, poam_id="V-1"), FULL, "finding_kind", "poam set"),
    ],
)
def test_a_row_moved_to_another_tab_is_no_decision(
    record: Record, layout: FedrampLayout, there: PoamItem, moved: PoamItem, field: str, way: str
) -> None:
    take(record, workbook(there, layout=layout))
    before = record.head

    plan = take(record, workbook(moved, layout=layout), at=LATER)

    assert refused(plan) == [field]
    assert way in reasons(plan)[0]
    assert record.head == before
