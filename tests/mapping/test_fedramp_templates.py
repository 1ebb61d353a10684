"""FedRAMP's own templates, filled in by hand the way people fill them, are read as they were meant."""

from __future__ import annotations

from datetime import date
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook

from poam.mapping.documents.document import FedrampLayout, Reading
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook
from poam.mapping.item import ChangeKind, Decision, FindingKind, Milestone, MilestoneChange, PoamItem, Rating, State

TEMPLATES = Path(__file__).parents[3] / "shared" / "data" / "fedramp"
LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")

pytestmark = pytest.mark.skipif(not TEMPLATES.exists(), reason="the real templates are not here")

Row = dict[str, object]

COMMON: Row = {
    "POAM ID": "V-1",
    "Controls": "RA-5, SI-2",
    "Weakness Name": '=HYPERLINK("http://evil.example")',
    "Weakness Description": "Line one\r\nLine two — “quoted”",
    "Weakness Source Identifier": 19506,
    "Asset Identifier": "10.0.0.1 (443/TCP)\n\n web-02 (443/TCP)\n",
    "Original Detection Date": date(2026, 1, 5),
    "Status Date": "2026-02-01",
    "Vendor Dependency": "Yes",
    "Last Vendor Check-in Date": "1/31/2026",
    "Original Risk Rating": "high",
    "Risk Adjustment": "Pending",
    "False Positive": "No",
    "Binding Operational Directive 22-01 tracking": "Yes",
    "Binding Operational Directive 22-01 Due Date": date(2026, 2, 20),
    "CVE": "CVE-2026-0001",
}
OLD: Row = {
    "Planned Milestones": "(1) 2026/01/20: Rebuild\n(2) 2026-02-01 : Roll out\nslowly",
    "Milestone Changes": "(2) Update 2026-02-10 : late",
    "Auto-Approve": "no",
    "Service Name": "Queue\nStore",
    "Adjusted Risk Rating": "N/A",
}
AWKWARD: Row = {"POAM ID": " V-2 ", "Original Detection Date": "05/06/2026", "Original Risk Rating": "Medium"}
CLOSED: Row = {"POAM ID": "V-3", "Status Date": date(2026, 3, 1), "False Positive": "Yes"}
FINDING: Row = {"POAM ID": "CM-1", "Original Detection Date": date(2026, 1, 1), "Original Risk Rating": "Low"}
REPEATED: Row = {"POAM ID": "V-1", "Controls": "CM-6"}


@cache
def filled(layout: FedrampLayout) -> Reading:
    book = load_workbook(BytesIO((TEMPLATES / f"FedRAMP-POAM-Template-v{layout}.xlsx").read_bytes()))
    first = COMMON | (OLD if layout == "2.1" else {})
    rows = {
        "Open POA&M Items": (9, (first, {}, AWKWARD)),
        "Closed POA&M Items": (6 if layout == "2.1" else 3, (CLOSED,)),
        "Configuration Findings": (6 if layout == "2.1" else 3, (FINDING, REPEATED)),
    }
    for name, (start, lines) in rows.items():
        page = book[name]
        page.delete_rows(40, page.max_row)  # thousands of empty rows, which only take time to save
        headings = {cell.value: cell.column for line in page["A1:AE5"] for cell in line}
        for row, line in enumerate(lines, start):
            for heading, value in line.items():
                cell = page.cell(row, headings[heading], value)
                cell.data_type = "s" if isinstance(value, str) else cell.data_type
    saved = BytesIO()
    book.save(saved)
    return read_workbook(saved.getvalue())


def found(layout: FedrampLayout, poam_id: str) -> PoamItem:
    return next(item for item in filled(layout).document.items if item.poam_id == poam_id)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_untouched_template_is_an_empty_document(layout: FedrampLayout) -> None:
    reading = read_workbook((TEMPLATES / f"FedRAMP-POAM-Template-v{layout}.xlsx").read_bytes())

    assert (reading.document.layout, reading.document.items, reading.problems) == (layout, (), ())
    header = reading.document.header
    assert (header.provider, header.name, header.date) == ("", "", None)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_row_filled_by_hand_is_read_field_by_field(layout: FedrampLayout) -> None:
    item = found(layout, "V-1")

    assert item.weakness_name == '=HYPERLINK("http://evil.example")'
    assert item.weakness_description == "Line one\nLine two — “quoted”"
    assert item.weakness_source_identifier == "19506"
    assert item.assets == ("10.0.0.1 (443/TCP)", "web-02 (443/TCP)")
    assert (item.original_detection_date, item.status_date) == ("2026-01-05", "2026-02-01")
    assert (item.vendor_dependency, item.last_vendor_check_in) == (True, "2026-01-31")
    assert (item.original_risk_rating, item.adjusted_risk_rating) == (Rating.HIGH, None)
    assert (item.risk_adjustment, item.false_positive) == (Decision.PENDING, Decision.NO)
    assert (item.kev_tracking, item.kev_due_date, item.cves) == (True, "2026-02-20", "CVE-2026-0001")
    assert (item.state, item.finding_kind) == (State.OPEN, FindingKind.VULNERABILITY)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_template_s_formula_is_computed_where_nobody_stored_its_value(layout: FedrampLayout) -> None:
    assert found(layout, "V-1").scheduled_completion_date == "2026-02-04"
    assert found(layout, "CM-1").scheduled_completion_date == "2026-06-30"


def test_milestones_and_services_are_read_from_the_older_template() -> None:
    item = found("2.1", "V-1")

    assert item.milestones == (
        Milestone(1, "Rebuild", "2026-01-20"),
        Milestone(2, "Roll out\nslowly", "2026-02-01"),
    )
    assert item.milestone_changes == (MilestoneChange(2, ChangeKind.UPDATE, "2026-02-10", "late"),)
    assert (item.auto_approve, item.service_names) == (False, "Queue\nStore")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_tab_decides_between_closed_and_configuration(layout: FedrampLayout) -> None:
    closed, finding = found(layout, "V-3"), found(layout, "CM-1")

    assert (closed.state, closed.actual_completion_date) == (State.CLOSED, "2026-03-01")
    assert closed.closure_reason == "false_positive"
    assert (finding.state, finding.finding_kind) == (State.OPEN, FindingKind.CONFIGURATION)


@pytest.mark.parametrize(("layout", "last"), [("3.0", 4), ("2.1", 7)])
def test_the_awkward_rows_are_told_and_nothing_else_is(layout: FedrampLayout, last: int) -> None:
    assert [str(problem) for problem in filled(layout).problems] == [
        "Open POA&M Items, row 11, Original Detection Date: "
        '"05/06/2026" can be two days; write 2026-05-06 or 2026-06-05.',
        'Open POA&M Items, row 11, Original Risk Rating: "Medium" is not one of Low, Moderate, High, Critical.',
        f"Configuration Findings, row {last}, POAM ID: "
        "V-1 is used already in Open POA&M Items, row 9; each item needs its own.",
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_what_was_read_from_a_template_is_written_and_read_again_unchanged(layout: FedrampLayout) -> None:
    reading = filled(layout)

    again = read_workbook(write_workbook(reading.document, layout=layout))

    assert (set(again.document.items), again.problems) == (set(reading.document.items), ())
