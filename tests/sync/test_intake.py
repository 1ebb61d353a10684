"""Taking a formal document in: a three-way comparison in the document's own words, and nothing taken unseen."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from datetime import date
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poam.mapping.documents.document import Document, FedrampLayout, SystemHeader
from poam.mapping.documents.fedramp_write import write_workbook
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
from poam.sync.errors import InputError, NotAllowed
from poam.sync.export import IN_THE_DOCUMENT, generate
from poam.sync.intake import ImportPlan, apply_import, choose_system, plan_import, read_document
from poam.sync.record.items import change_row, load
from poam.sync.record.journal import Author
from poam.sync.record.record import Record
from poam.sync.record.verify import problems
from poam.sync.systems import keep_systems

from .engine import IMPORTER, config, item

AT, LATER = "2026-03-02T12:00:00.000Z", "2026-03-03T12:00:00.000Z"
LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")
both = pytest.mark.parametrize("layout", LAYOUTS)
MOVED = MilestoneChange(1, ChangeKind.UPDATE, "2026-04-15", "the vendor was late")

FULL = item(
    1,
    uid="",
    system_id="",
    baselined_at=None,
    controls="RA-5, SI-2",
    weakness_detector_source="Nessus",
    weakness_source_identifier="19506",
    resources_required="40 hours",
    vendor_dependency=True,
    last_vendor_check_in="2026-02-20",
    vendor_dependent_product="Example DB",
    adjusted_risk_rating=Rating.LOW,
    risk_adjustment=Decision.PENDING,
    false_positive=Decision.NO,
    deviation_rationale="not reachable",
    supporting_documents="DR-1.xlsx",
    comments="Waiting for the vendor.",
    kev_tracking=True,
    kev_due_date="2026-04-20",
    cves="CVE-2026-0001\nCVE-2026-0002",
    assets=("10.0.4.17 (443/TCP)", "web-02 (443/TCP)"),
    milestones=(Milestone(1, "Image rebuilt", "2026-04-10"), Milestone(2, "Rolled out", "2026-05-01")),
    milestone_changes=(MOVED,),
)
CLOSED = replace(
    FULL, poam_id="V-2", state=State.CLOSED, closure_reason="remediated", actual_completion_date="2026-02-01"
)
SETTING = replace(FULL, poam_id="CF-3", finding_kind=FindingKind.CONFIGURATION)
CRITICAL = replace(FULL, poam_id="V-4", original_risk_rating=Rating.CRITICAL, comments="")
ITEMS = (FULL, CLOSED, SETTING, CRITICAL)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with Record.create(tmp_path / "poam.db", record_id="test-record", at=AT) as made:
        yield made
        assert list(problems(made.db)) == []


def workbook(*items: PoamItem, layout: FedrampLayout = "3.0") -> bytes:
    header = SystemHeader("ACME", "ACME Cloud", "Moderate", "2026-03-01")
    return write_workbook(Document(layout, header, items), layout=layout)


def plan_of(record: Record, data: bytes, *, name: str = "poam.xlsx", at: str = AT) -> ImportPlan:
    system = config().system("ACME")
    assert system is not None
    numbers = count(len(load(record.db)) + 1)
    reading = read_document(name, data)
    return plan_import(record.db, reading, system, name=name, data=data, at=at, new_uid=lambda: f"uid-{next(numbers)}")


def take(record: Record, data: bytes, *, name: str = "poam.xlsx", at: str = AT) -> ImportPlan:
    """Imports a file as `--yes` does."""
    plan = plan_of(record, data, name=name, at=at)
    with record.unit(at=at) as unit:
        apply_import(unit, IMPORTER, config(), plan)
    return plan


def export(record: Record, layout: FedrampLayout = "3.0") -> bytes:
    return generate(record.db, "ACME", layout=layout, as_of="2026-03-02", until=None).data


def edited(data: bytes, poam_id: str, heading: str, value: Any, *, sheet: str = "Open POA&M Items") -> bytes:
    """The workbook after a person typed into one cell."""
    book = openpyxl.load_workbook(BytesIO(data))
    rows = list(book[sheet].iter_rows())
    column = next(n for row in rows for n, cell in enumerate(row) if cell.value == heading)
    (row,) = [row for row in rows if poam_id in [cell.value for cell in row]]
    row[column].value = value
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def change(record: Record, **values: Any) -> None:
    with record.unit(at=LATER) as unit:
        unit.change(IMPORTER, "items", "uid-1", values)


def changed(plan: ImportPlan) -> list[str]:
    return [change.field for each in plan.known for change in each.changes]


def older(plan: ImportPlan) -> list[str]:
    return [change.field for each in plan.known for change in each.older]


def refused(plan: ImportPlan) -> list[str]:
    return [change.field for each in plan.known for change, _ in each.refused]


def reasons(plan: ImportPlan) -> list[str]:
    return [why for each in plan.known for _, why in each.refused]


# a first import


@both
def test_rows_arrive_as_the_authority_has_them_and_baselined(record: Record, layout: FedrampLayout) -> None:
    plan = take(record, workbook(*ITEMS, layout=layout))

    assert [each.poam_id for each in plan.new] == ["V-1", "V-4", "V-2", "CF-3"]
    found = {each.poam_id: each for each in load(record.db)}
    for original in ITEMS:
        arrived = found[original.poam_id]
        kept = {"uid": arrived.uid, "system_id": "ACME", "baselined_at": AT}
        status_date = original.actual_completion_date or original.status_date
        assert arrived == replace(original, **kept, status_date=status_date)


def test_the_journal_names_the_importer_and_the_very_file(record: Record) -> None:
    take(record, workbook(FULL))
    (row,) = record.db.query("SELECT person, origin, source FROM journal WHERE entity = 'items'")
    assert (row["person"], row["origin"]) == ("isso@acme.example", "import")
    assert row["source"].startswith("poam.xlsx sha256:")
    assert len(row["source"].rpartition(":")[2]) == 64


def test_the_systems_of_the_configuration_come_with_the_first_import(record: Record) -> None:
    take(record, workbook(FULL))
    assert [row["name"] for row in record.db.query("SELECT name FROM systems ORDER BY id")] == ["ACME Cloud", "Ledger"]
    with record.unit(at=AT) as unit:
        assert keep_systems(unit, IMPORTER, config()) is False


@both
def test_the_same_file_again_changes_nothing(record: Record, layout: FedrampLayout) -> None:
    data = workbook(*ITEMS, layout=layout)
    take(record, data)
    before = (record.writes(), record.head)

    plan = take(record, data, at=LATER)

    assert (plan.changes_anything, plan.unchanged, plan.known, plan.new) == (False, 4, (), ())
    assert (record.writes(), record.head) == before


# an edited file


@both
@pytest.mark.parametrize(
    ("heading", "value", "field", "new"),
    [
        ("Point of Contact", "Bob", "point_of_contact", "Bob"),
        ("Comments", "Called them.", "comments", "Called them."),
        ("Asset Identifier", "web-09\nweb-10", "assets", ("web-09", "web-10")),
        ("False Positive", "Pending", "false_positive", Decision.PENDING),
        ("Vendor Dependency", "No", "vendor_dependency", False),
        ("Status Date", "2026-03-01", "status_date", "2026-03-01"),
        ("Resources Required", None, "resources_required", ""),
    ],
)
def test_an_edited_cell_is_one_change_with_the_file_as_its_source(
    record: Record, layout: FedrampLayout, heading: str, value: Any, field: str, new: Any
) -> None:
    take(record, workbook(*ITEMS, layout=layout))
    before = record.head[0]

    plan = take(record, edited(export(record, layout), "V-1", heading, value), name="back.xlsx", at=LATER)

    assert changed(plan) == [field]
    assert (plan.unchanged, refused(plan), older(plan)) == (3, [], [])
    assert getattr(load(record.db, "poam_id = 'V-1'")[0], field) == new
    (row,) = record.db.query("SELECT * FROM journal WHERE seq > ?", (before,))
    assert (row["field"], row["origin"], row["at"]) == (field, "import", LATER)
    assert row["source"].startswith("back.xlsx sha256:")


def test_a_new_row_in_a_known_file_is_a_new_item(record: Record) -> None:
    take(record, workbook(FULL))
    plan = take(record, workbook(FULL, replace(FULL, poam_id="V-9")))
    assert ([each.poam_id for each in plan.new], plan.unchanged) == (["V-9"], 1)


def test_an_item_the_file_does_not_list_stays(record: Record) -> None:
    take(record, workbook(FULL, CLOSED))
    plan = take(record, workbook(FULL))
    assert plan.absent == ("V-2",)
    assert len(load(record.db)) == 2


# what a file cannot do


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
            replace(FULL, operational_requirement=Decision.YES),
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


# a file that is older than the record


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"comments": "newer"}, "comments"),
        ({"false_positive": Decision.YES}, "false_positive"),
        ({"vendor_dependency": False}, "vendor_dependency"),
        ({"status_date": "2026-03-03"}, "status_date"),
        ({"kev_due_date": "2026-04-01"}, "kev_due_date"),
    ],
)
def test_a_value_the_record_has_moved_on_from_is_not_news(record: Record, values: dict[str, Any], field: str) -> None:
    data = workbook(FULL)
    take(record, data)
    change(record, **values)
    before = record.head

    plan = take(record, data)

    assert older(plan) == [field]
    assert (plan.changes_anything, reasons(plan)) == (False, [])
    assert record.head == before


def test_assets_the_record_has_moved_on_from_are_not_news(record: Record) -> None:
    data = workbook(FULL)
    take(record, data)
    with record.unit(at=LATER) as unit:
        unit.replace_assets(IMPORTER, "uid-1", ["web-09"])
    assert older(take(record, data)) == ["assets"]


@both
def test_a_file_from_before_the_last_milestone_change_is_older_and_not_a_refusal(
    record: Record, layout: FedrampLayout
) -> None:
    data = workbook(FULL, layout=layout)
    take(record, data)
    row = change_row("uid-1", 1, MilestoneChange(2, ChangeKind.UPDATE, "2026-05-20", "approved"))
    with record.unit(at=LATER) as unit:
        unit.create(IMPORTER, "milestone_changes", {**row, "item_uid": "uid-1"})

    plan = take(record, data)

    assert older(plan) == ["milestone_changes"]
    assert (plan.changes_anything, reasons(plan)) == (False, [])


@both
def test_a_milestone_change_added_in_the_file_is_appended(record: Record, layout: FedrampLayout) -> None:
    take(record, workbook(FULL, layout=layout))
    added = MilestoneChange(2, ChangeKind.COMPLETE, "2026-03-01", "rolled out early")

    plan = take(record, workbook(replace(FULL, milestone_changes=(MOVED, added)), layout=layout), at=LATER)

    assert changed(plan) == ["milestone_changes"]
    assert load(record.db)[0].milestone_changes == (MOVED, added)


def test_a_recorded_milestone_change_is_not_rewritten_by_a_file(record: Record) -> None:
    take(record, workbook(FULL))
    plan = take(record, workbook(replace(FULL, milestone_changes=(replace(MOVED, date="2026-04-16"),))))
    assert "recorded milestone changes are permanent" in reasons(plan)[0]
    assert load(record.db)[0].milestone_changes == (MOVED,)


# which system


@pytest.mark.parametrize(
    ("wanted", "name", "chosen"),
    [
        ("LEDGER", "ACME Cloud", "LEDGER"),
        ("", "ACME Cloud", "ACME"),
        ("", " acme cloud ", "ACME"),
        ("", "ledger", "LEDGER"),
        ("", "LEDGER", "LEDGER"),
    ],
)
def test_the_system_is_the_one_told_or_the_one_the_file_names(wanted: str, name: str, chosen: str) -> None:
    document = Document("3.0", SystemHeader(name=name))
    assert choose_system(config(), document, wanted).id == chosen


def test_a_single_system_is_meant_where_the_file_names_none() -> None:
    one = config().model_copy(update={"systems": config().systems[:1]})
    assert choose_system(one, Document("3.0", SystemHeader(name=" ")), "").id == "ACME"


@pytest.mark.parametrize(("wanted", "name"), [("NONE", "ACME Cloud"), ("", "Something"), ("", "")])
def test_a_system_that_cannot_be_told_is_asked_for(wanted: str, name: str) -> None:
    with pytest.raises(InputError) as error:
        choose_system(config(), Document("3.0", SystemHeader(name=name)), wanted)
    assert "ACME, LEDGER" in error.value.hint


def test_two_systems_may_use_the_same_ids(record: Record) -> None:
    with record.unit(at=AT) as unit:
        keep_systems(unit, IMPORTER, config())
        unit.add_items(IMPORTER, [item(8, poam_id="V-1", system_id="LEDGER", comments="theirs")])
    plan = take(record, workbook(FULL))
    assert [each.poam_id for each in plan.new] == ["V-1"]
    assert load(record.db, "system_id = 'LEDGER'")[0].comments == "theirs"


# there and back


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
