"""The workbook we write is FedRAMP's: sheets, headings letter by letter, rules, formula, order and look."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet
from xlsxwriter.worksheet import Worksheet as XlsxWriterSheet

from poam.mapping.documents import FORMATS
from poam.mapping.documents.document import FedrampLayout
from poam.mapping.documents.fedramp_guidance import ROW_LABELS
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_schedule import formula
from poam.mapping.documents.fedramp_write import write_workbook
from poam.mapping.item import Decision, FindingKind, Rating, State

from .fedramp_documents import FULL, HEADER, document

SHARED = Path(__file__).parents[3] / "shared"
COLUMNS = SHARED / "data" / "formats" / "poam_format_columns.json"
ITEM_SHEETS = ("Open POA&M Items", "Closed POA&M Items", "Configuration Findings")
LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")

README = Path(__file__).parents[2] / "README.md"

HEADINGS_21 = [
    *("POAM ID", "Controls", "Weakness Name", "Weakness Description", "Weakness Detector Source"),
    *("Weakness Source Identifier", "Asset Identifier", "Point of Contact", "Resources Required"),
    *("Overall Remediation Plan", "Original Detection Date", "Scheduled Completion Date"),
    *("Planned Milestones", "Milestone Changes", "Status Date", "Vendor Dependency"),
    *("Last Vendor Check-in Date", "Vendor Dependent Product Name", "Original Risk Rating"),
    *("Adjusted Risk Rating", "Risk Adjustment", "False Positive", "Operational Requirement"),
    *("Deviation Rationale", "Supporting Documents", "Comments", "Auto-Approve"),
    "Binding Operational Directive 22-01 tracking",
    "Binding Operational Directive 22-01 Due Date",
    *("CVE", "Service Name"),
]
GONE_IN_30 = {"Planned Milestones", "Milestone Changes", "Auto-Approve", "Service Name"}
HEADINGS_30 = [heading for heading in HEADINGS_21 if heading not in GONE_IN_30]
HEADINGS_30_OPEN = ["Remediation Plan" if h == "Overall Remediation Plan" else h for h in HEADINGS_30]
HEADING_ROWS = {"3.0": (5, 2, 2), "2.1": (5, 5, 5)}


@cache
def book(layout: FedrampLayout) -> Workbook:
    system = document(
        replace(FULL, poam_id="V-10"),
        replace(FULL, poam_id="V-2", scheduled_completion_date="2026-12-24"),
        replace(FULL, poam_id="V-3", state=State.CLOSED, actual_completion_date="2026-03-30"),
        replace(FULL, poam_id="V-4", finding_kind=FindingKind.CONFIGURATION),
    )
    return load_workbook(BytesIO(write_workbook(system, layout=layout)))


def headings(page: Worksheet, row: int) -> list[str]:
    return [cell.value for cell in page[row] if cell.value is not None]


def test_version_3_has_the_template_s_headings_letter_by_letter() -> None:
    assert headings(book("3.0")["Open POA&M Items"], 5) == HEADINGS_30_OPEN
    assert headings(book("3.0")["Closed POA&M Items"], 2) == HEADINGS_30
    assert headings(book("3.0")["Configuration Findings"], 2) == HEADINGS_30


@pytest.mark.parametrize("sheet", ITEM_SHEETS)
def test_version_2_1_has_the_template_s_headings_letter_by_letter(sheet: str) -> None:
    assert headings(book("2.1")[sheet], 5) == HEADINGS_21


@pytest.mark.skipif(not COLUMNS.exists(), reason="the collected format columns are not here")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_heading_stands_in_the_collected_cell(layout: FedrampLayout) -> None:
    collected = json.loads(COLUMNS.read_text(encoding="utf-8"))[f"fedramp_v{layout}"]["sheets"]
    checked = [name for name in ITEM_SHEETS if name in collected]

    for name in checked:
        page, facts = book(layout)[name], collected[name]
        for column in facts["columns"]:
            assert page[f"{column['col']}{facts['header_row']}"].value == column["heading"]
    assert checked


def test_the_tabs_stand_in_the_template_s_order_and_the_open_items_in_front() -> None:
    assert book("2.1").sheetnames == [*ITEM_SHEETS, "Record of Changes"]
    assert book("3.0").sheetnames == ["Instructions", *ITEM_SHEETS, "PL-2 Findings", "Record of Changes"]
    assert {book(layout).active.title for layout in LAYOUTS} == {"Open POA&M Items"}


def test_version_3_names_the_system_above_the_open_items_only() -> None:
    page = book("3.0")["Open POA&M Items"]

    assert page["A1"].value == "FedRAMP® Plan of Action and Milestones (POA&M)"
    assert [str(area) for area in page.merged_cells.ranges] == ["A1:F1"]
    labels = ["Cloud Service Provider", "Cloud Service Offering", "Impact Level", "POA&M Date"]
    assert [cell.value for cell in page["B2:E2"][0]] == labels
    assert [cell.value for cell in page["B3:E3"][0]] == [
        *(HEADER.provider, HEADER.name, HEADER.impact_level, datetime(2026, 11, 22)),
    ]
    assert book("3.0")["Closed POA&M Items"]["A1"].value is None


@pytest.mark.parametrize("sheet", ITEM_SHEETS)
def test_version_2_1_names_the_system_on_every_tab(sheet: str) -> None:
    page = book("2.1")[sheet]

    mark = "®" if sheet == "Open POA&M Items" else ""
    assert page["A1"].value == f"FedRAMP{mark} Plan of Action and Milestones (POA&M) Template"
    assert [str(area) for area in page.merged_cells.ranges] == ["A1:E1"]
    assert [cell.value for cell in page["A2:D2"][0]] == ["CSP", "System Name", "Impact Level", "POAM Date"]
    assert page["D3"].value == datetime(2026, 11, 22)


def test_version_3_keeps_the_three_rows_that_must_not_be_deleted() -> None:
    page = book("3.0")["Open POA&M Items"]

    assert [page[f"A{row}"].value for row in (6, 7, 8)] == ["Guidance", "Examples", "Mandatory or Situational"]
    assert all(cell.value for cell in page["B6:AB6"][0])
    needs = {cell.value for cell in page["B8:AB8"][0]}
    assert needs == {"Mandatory", "Situational"}
    assert [page[f"{letter}8"].value for letter in ("G", "J", "K", "AB")] == [
        *("Situational", "Situational", "Mandatory", "Situational"),
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_items_stand_on_their_tab_in_the_order_people_count(layout: FedrampLayout) -> None:
    first = {"3.0": ("B9", "A3", "A3"), "2.1": ("A6", "A6", "A6")}[layout]
    pages = [book(layout)[name] for name in ITEM_SHEETS]

    assert [page[cell].value for page, cell in zip(pages, first, strict=True)] == ["V-2", "V-3", "V-4"]
    assert pages[0][first[0]].offset(row=1).value == "V-10"


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_headings_stay_in_sight_and_look_as_in_the_template(layout: FedrampLayout) -> None:
    for name, row in zip(ITEM_SHEETS, HEADING_ROWS[layout], strict=True):
        page = book(layout)[name]
        cell = next(cell for cell in page[row] if cell.value == "Controls")
        assert page.freeze_panes == f"A{row + 1}"
        assert (cell.font.name, cell.font.sz, cell.font.b, cell.font.color.rgb) == (*("Arial", 10, True, "FF1A4480"),)
        assert (cell.fill.fgColor.rgb, cell.alignment.wrap_text) == ("FFCCECFC", True)
        assert page.column_dimensions["A"].width == pytest.approx(20.85, abs=0.05)


@pytest.mark.parametrize(("layout", "row"), [("3.0", 10), ("2.1", 7)])
def test_dates_are_real_dates_and_texts_are_wrapped(layout: FedrampLayout, row: int) -> None:
    page = book(layout)["Open POA&M Items"]
    cells = {cell.value: cell for cell in page[row]}

    detected = cells[datetime(2026, 1, 5)]
    assert (detected.is_date, detected.number_format) == (True, "mm-dd-yy")
    assert cells["10.0.4.17 (443/TCP)\nweb-02 (443/TCP)"].alignment.wrap_text


@pytest.mark.parametrize(("layout", "cell"), [("3.0", "M9"), ("2.1", "L6")])
def test_the_template_s_formula_stands_only_where_it_gives_the_item_s_date(layout: FedrampLayout, cell: str) -> None:
    page = book(layout)["Open POA&M Items"]

    assert page[cell].value == datetime(2026, 12, 24)
    assert str(page[cell].offset(row=1).value).startswith("=IF((")
    items = {item.poam_id: item for item in read_workbook(saved(layout)).document.items}
    assert items["V-10"].scheduled_completion_date == "2026-04-05"


def saved(layout: FedrampLayout) -> bytes:
    return write_workbook(document(replace(FULL, poam_id="V-10")), layout=layout)


@pytest.mark.skipif(not SHARED.exists(), reason="the real templates are not here")
@pytest.mark.parametrize(("layout", "ours", "theirs"), [("3.0", "M10", "M10"), ("2.1", "L7", "L9")])
def test_our_formula_is_the_template_s(layout: FedrampLayout, ours: str, theirs: str) -> None:
    path = SHARED / "data" / "fedramp" / f"FedRAMP-POAM-Template-v{layout}.xlsx"
    template = load_workbook(BytesIO(path.read_bytes()), read_only=True)["Open POA&M Items"]

    assert shape(book(layout)["Open POA&M Items"][ours].value) == shape(template[theirs].value)


def shape(formula: str) -> str:
    """A formula without spaces and row numbers."""
    return re.sub(r"(?<=[A-Z])\d+|\s", "", formula)


def test_a_missing_completion_date_is_the_one_the_template_computes() -> None:
    item = replace(FULL, scheduled_completion_date=None, risk_adjustment=Decision.YES)

    (read,) = read_workbook(write_workbook(document(item), layout="2.1")).document.items

    assert (item.adjusted_risk_rating, read.scheduled_completion_date) == (Rating.LOW, "2026-07-04")


@pytest.mark.parametrize(
    ("layout", "rules"),
    [
        (
            "3.0",
            {
                "L9:L4021": ("date", None),
                "M9:M4021": ("date", None),
                "N9:N4021": ("date", None),
                "O9:O4021": ("list", '"Yes,No"'),
                "P9:P4021": ("date", None),
                "R9:R4021": ("list", '"Low,Moderate,High"'),
                "S9:S4021": ("list", '"Low,Moderate,High,N/A"'),
                "T9:T4021": ("list", '"Yes,No,Pending"'),
                "U9:U4021": ("list", '"Yes,No,Pending"'),
                "V9:V4021": ("list", '"Yes,No,Pending"'),
            },
        ),
        (
            "2.1",
            {
                "C3": ("list", '"Low,Moderate,High"'),
                "D3": ("date", None),
                "K6:K4022": ("date", None),
                "L6:L4022": ("date", None),
                "O6:O4022": ("date", None),
                "P6:P4022": ("list", '"Yes,No"'),
                "Q6:Q4022": ("date", None),
                "S6:S4022": ("list", '"Low,Moderate,High"'),
                "T6:T4022": ("list", '"Low,Moderate,High,N/A"'),
                "U6:U4022": ("list", '"Yes,No,Pending"'),
                "V6:V4022": ("list", '"Yes,No,Pending"'),
                "W6:W4022": ("list", '"Yes,No,Pending"'),
            },
        ),
    ],
)
def test_excel_refuses_what_the_template_refuses(
    layout: FedrampLayout, rules: dict[str, tuple[str, str | None]]
) -> None:
    found = book(layout)["Open POA&M Items"].data_validations.dataValidation

    assert {str(rule.sqref): (rule.type, rule.formula1 if rule.type == "list" else None) for rule in found} == rules
    assert all(rule.allow_blank for rule in found)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_second_row_is_shaded(layout: FedrampLayout) -> None:
    for name in ITEM_SHEETS:
        rules = [rule for area in book(layout)[name].conditional_formatting for rule in area.rules]
        assert [rule.formula for rule in rules] == [["MOD(ROW(),2)=0"]]


def test_a_closed_item_shows_its_completion_as_status_date() -> None:
    page = book("2.1")["Closed POA&M Items"]

    assert page["O6"].value == datetime(2026, 3, 30)


def test_the_findings_of_the_plan_itself_have_their_headings_and_guidance() -> None:
    page = book("3.0")["PL-2 Findings"]

    assert headings(page, 1) == [
        *("Deficiency ID", "Deficiency Name ", "Deficiency Description", "Remediation Plan/Description"),
        "Remediation Date",
    ]
    assert [page[f"A{row}"].value for row in (2, 3, 4)] == ["Guidance", "Examples", "Mandatory or Situational"]


@pytest.mark.parametrize(("layout", "versions"), [("2.1", ["2.0", "2.1"]), ("3.0", ["2.0", "2.1", "3.0"])])
def test_the_record_of_changes_ends_with_the_layout_written(layout: FedrampLayout, versions: list[str]) -> None:
    page = book(layout)["Record of Changes"]

    assert headings(page, 3) == ["Date", "Description", "Version", "Author"]
    assert [cell.value for cell in page["D"][3:]] == versions


def test_an_empty_system_is_a_document_too() -> None:
    for layout in LAYOUTS:
        reading = read_workbook(write_workbook(document(), layout=layout))
        assert (reading.document.items, reading.problems) == ((), ())


@pytest.mark.parametrize("name", FORMATS)
def test_a_format_finds_its_reader_and_writer(name: str) -> None:
    form = FORMATS[name]

    assert callable(form.reading().read_workbook)
    assert callable(form.writing().write_workbook)


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
@pytest.mark.parametrize("layout", LAYOUTS)
def test_libreoffice_opens_it_and_computes_the_same_dates(layout: FedrampLayout, tmp_path: Path) -> None:
    system = document(replace(FULL, comments="=1+1"), replace(FULL, poam_id="V-2"))
    (tmp_path / "poam.xlsx").write_bytes(write_workbook(system, layout=layout))

    command = ["soffice", "--headless", f"-env:UserInstallation={tmp_path.as_uri()}/profile"]
    convert = [*command, "--convert-to", "xlsx", "--outdir", str(tmp_path / "out"), str(tmp_path / "poam.xlsx")]
    subprocess.run(convert, check=True, capture_output=True, timeout=120)

    converted = read_workbook((tmp_path / "out" / "poam.xlsx").read_bytes())
    assert (converted.document.items, converted.problems) == (system.items, ())


def test_the_formula_uses_no_function_that_the_library_would_have_to_mark_as_a_younger_one() -> None:
    letters = dict.fromkeys(("adjusted_risk_rating", "original_risk_rating", "risk_adjustment"), "A")
    told = formula(6, letters | {"original_detection_date": "B"})
    assert XlsxWriterSheet()._prepare_formula(told, expand_future_functions=True) == told.removeprefix("=")


def test_whoever_starts_without_a_workbook_is_told_where_its_headings_stand_and_its_items_begin() -> None:
    told = " ".join(README.read_text(encoding="utf-8").split())
    book = load_workbook(BytesIO(write_workbook(document(FULL), layout="3.0")))
    places = {}
    for name in ITEM_SHEETS:
        ids = next(each for each in book[name].iter_cols() if "POAM ID" in [cell.value for cell in each])
        headings = next(cell.row for cell in ids if cell.value == "POAM ID")
        labels = {*ROW_LABELS, "Example"}
        first = next(row for row in range(headings + 1, 20) if book[name].cell(row, 1).value not in labels)
        places[name] = headings, first
    assert places == {ITEM_SHEETS[0]: (5, 9), ITEM_SHEETS[1]: (2, 3), ITEM_SHEETS[2]: (2, 3)}
    assert "Headings stand in row 5 of *Open POA&M Items*, whose items begin in row 9" in told
    assert "row 2 of *Closed POA&M Items* and *Configuration Findings*, whose items begin in row 3" in told
