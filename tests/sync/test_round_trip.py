"""There and back: our own documents taken in again change nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.item import (
    ChangeKind,
    Decision,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
    WorkStatus,
)
from poam.sync.documents.export import IN_THE_DOCUMENT
from poam.sync.record.record import Record
from poam.sync.settings.systems import keep_systems

from .engine import IMPORTER, config
from .workbooks import (
    AT,
    FULL,
    ITEMS,
    LAYOUTS,
    export,
    fresh,
    plan_of,
    take,
    workbook,
)

both = pytest.mark.parametrize("layout", LAYOUTS)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with fresh(tmp_path) as made:
        yield made


def cells(data: bytes) -> dict[str, list[tuple[Any, ...]]]:
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in openpyxl.load_workbook(BytesIO(data))}


@both
def test_an_export_taken_into_an_empty_record_is_exported_alike(
    record: Record, tmp_path: Path, layout: FedrampLayout
) -> None:
    take(record, workbook(*ITEMS, layout=layout))
    first = export(record, layout)
    with Record.create(tmp_path / "second.db", record_id="other", at=AT) as second:
        take(second, first)
        assert cells(export(second, layout)) == cells(first)


STATES: tuple[Callable[[PoamItem], PoamItem], ...] = (
    lambda one: replace(one, state=State.PENDING_VERIFICATION, work_status=WorkStatus.DONE),
    lambda one: replace(one, state=State.RISK_ACCEPTED),
    lambda one: replace(one, state=State.CLOSED, actual_completion_date="2026-02-25", status_date="2026-03-01"),
    lambda one: replace(one, state=State.DRAFT, baselined_at=None),
    lambda one: replace(one, finding_kind=FindingKind.PENETRATION_TEST),
    lambda one: replace(one, finding_kind=FindingKind.CONTROL_GAP, state=State.CLOSED),
    lambda one: replace(one, scheduled_completion_date=None),
    lambda one: replace(one, original_risk_rating=Rating.CRITICAL, adjusted_risk_rating=Rating.CRITICAL),
    lambda one: replace(one, approved_extension_date="2026-09-01", forecast_date="2026-04-01"),
    lambda one: replace(one, comments="two\r\nlines \x07", weakness_name=" =1+1 "),
)


@both
@pytest.mark.parametrize("shape", STATES)
def test_our_own_export_taken_back_changes_nothing(
    record: Record, layout: FedrampLayout, shape: Callable[[PoamItem], PoamItem]
) -> None:
    with record.unit(at=AT) as unit:
        keep_systems(unit, IMPORTER, config())
        unit.add_items(IMPORTER, [shape(replace(FULL, uid="uid-1", system_id="ACME", baselined_at=AT))])
    plan = plan_of(record, export(record, layout))
    assert (plan.new, plan.known, plan.problems) == ((), (), ())


words = st.sampled_from(
    [
        "Original Risk Rating: High (Critical)",
        "Planned milestones are:\n(1) 2026-01-01: text",
        "Milestone changes are:\n(1) New 2026-01-01 : text",
        "N/A",
        "none",
        "=1+1",
        "'quoted",
        " ",
        "\n\n",
        "\t",
        "(1) 2026-12-01: what",
    ]
)
text = st.lists(words | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=3).map("\n".join)
day = st.dates(date(1990, 1, 1), date(2090, 1, 1)).map(str)
maybe_day = st.none() | day
decision = st.none() | st.sampled_from(Decision)
rating = st.none() | st.sampled_from(Rating)
TEXTS = [each.name for each in fields(PoamItem) if each.type == "str" and each.default == ""]
planned = st.builds(Milestone, st.integers(1, 9), text, day)
moves = st.builds(MilestoneChange, st.integers(1, 9), st.sampled_from(ChangeKind), day, text)
any_item = st.builds(
    replace,
    st.just(replace(FULL, uid="uid-1", system_id="ACME", baselined_at=AT)),
    **{name: text for name in TEXTS if name not in ("work_done_by", "closure_reason")},
    **dict.fromkeys(("risk_adjustment", "false_positive", "operational_requirement"), decision),
    **dict.fromkeys(("original_risk_rating", "adjusted_risk_rating"), rating),
    **dict.fromkeys(("original_detection_date", "scheduled_completion_date", "status_date", "kev_due_date"), maybe_day),
    **dict.fromkeys(("last_vendor_check_in", "actual_completion_date"), maybe_day),
    **dict.fromkeys(("auto_approve", "kev_tracking"), st.none() | st.booleans()),
    vendor_dependency=st.booleans(),
    state=st.sampled_from(sorted(IN_THE_DOCUMENT)),
    finding_kind=st.sampled_from(FindingKind),
    assets=st.lists(text, max_size=2).map(tuple),
    milestones=st.lists(planned, max_size=2, unique_by=lambda each: each.number).map(tuple),
    milestone_changes=st.lists(moves, max_size=2).map(tuple),
)


@settings(max_examples=100)
@given(any_item, st.sampled_from(LAYOUTS))
def test_whatever_an_item_holds_its_own_export_changes_nothing(one: PoamItem, layout: FedrampLayout) -> None:
    with TemporaryDirectory() as folder, Record.create(Path(folder) / "poam.db", record_id="x", at=AT) as record:
        with record.unit(at=AT) as unit:
            keep_systems(unit, IMPORTER, config())
            unit.add_items(IMPORTER, [one])
        plan = plan_of(record, export(record, layout))
        assert (plan.new, plan.known, plan.problems) == ((), (), ())
