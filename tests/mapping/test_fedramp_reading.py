"""Reading what people made of the workbook: moved, widened, half filled, and every problem told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from poam.mapping.documents.document import FedrampLayout, UnreadableDocument
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook
from poam.mapping.item import Decision, FindingKind, Milestone, Rating, State, WorkStatus

from .fedramp_documents import FULL, FULL_21, HEADER, document

OPEN, CLOSED, CONFIGURATION = "Open POA&M Items", "Closed POA&M Items", "Configuration Findings"
LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")


def edited(layout: FedrampLayout, edit: Callable[[Workbook], object]) -> bytes:
    """Our own export of one open item, V-1, after somebody worked on it."""
    book = load_workbook(BytesIO(write_workbook(document(FULL), layout=layout)))
    edit(book)
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def put(page: Worksheet, row: int, **cells: object) -> None:
    """Fill cells by heading, spaces in the headings as underscores."""
    headings = {cell.value: cell.column for line in page["A1:AE5"] for cell in line if cell.value}
    for heading, value in cells.items():
        page.cell(row, headings[heading.replace("_", " ")]).value = value


def problems(data: bytes) -> list[str]:
    return [str(problem) for problem in read_workbook(data).problems]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_rows_and_columns_of_one_s_own_change_nothing(layout: FedrampLayout) -> None:
    def widen(book: Workbook) -> None:
        for page in (book[name] for name in (OPEN, CLOSED, CONFIGURATION)):
            page["AH5"], page["AH9"] = "Our own column", "=1/0"
            page["AI5"] = "Notes"
        book[OPEN].insert_rows(1, 3)
        book.create_sheet("Inventory")["A1"] = "anything"

    reading = read_workbook(edited(layout, widen))

    assert (reading.problems, reading.document.items) == ((), (FULL,))
    assert (reading.document.layout, reading.document.header) == (layout, HEADER)


def test_columns_may_stand_in_any_order() -> None:
    def turn(book: Workbook) -> None:
        page = book[OPEN]
        rows = [[cell.value for cell in row] for row in page["A5:AE6"]]
        for turned, cells in zip(page["A5:AE6"], rows, strict=True):
            for cell, value in zip(turned, reversed(cells), strict=True):
                cell.value = value

    reading = read_workbook(edited("2.1", turn))

    assert (reading.problems, reading.document.items) == ((), (FULL,))


def test_headings_and_sheets_are_known_in_any_case_and_spacing() -> None:
    def blur(book: Workbook) -> None:
        for cell in book[OPEN][5]:
            cell.value = f" {str(cell.value).upper()}\n"
        book[OPEN].title = "OPEN POA&M  items"

    assert read_workbook(edited("2.1", blur)).document.items == (FULL,)


def test_the_guidance_rows_may_be_deleted() -> None:
    data = edited("3.0", lambda book: book[OPEN].delete_rows(6, 3))

    assert read_workbook(data).document.items[0].poam_id == "V-1"


def test_an_older_file_may_lack_the_later_columns_and_tabs() -> None:
    def age(book: Workbook) -> None:
        del book[CONFIGURATION]
        book[OPEN].delete_cols(27, 5)

    (item,) = read_workbook(edited("2.1", age)).document.items

    assert (item.comments, item.kev_tracking, item.cves) == (FULL.comments, None, "")


def test_each_tab_says_what_its_rows_are() -> None:
    def fill(book: Workbook) -> None:
        put(book[CLOSED], 6, POAM_ID="V-2", Status_Date=date(2026, 3, 1), False_Positive="Yes")
        put(book[CLOSED], 7, POAM_ID="V-3", Status_Date=date(2026, 3, 2))
        put(book[CONFIGURATION], 6, POAM_ID="V-4", Weakness_Name="No time server")

    items = {item.poam_id: item for item in read_workbook(edited("2.1", fill)).document.items}

    assert [item.state for item in items.values()] == [State.OPEN, State.CLOSED, State.CLOSED, State.OPEN]
    assert (items["V-2"].closure_reason, items["V-2"].actual_completion_date) == ("false_positive", "2026-03-01")
    assert (items["V-3"].closure_reason, items["V-3"].actual_completion_date) == ("remediated", "2026-03-02")
    assert items["V-2"].false_positive is Decision.YES
    assert items["V-4"].finding_kind is FindingKind.CONFIGURATION


@pytest.mark.parametrize(
    ("detector", "identifier", "kind"),
    [
        ("Nessus", "19506", FindingKind.VULNERABILITY),
        ("Penetration testing", "", FindingKind.PENETRATION_TEST),
        ("Security Assessment Report", "", FindingKind.CONTROL_GAP),
    ],
)
@pytest.mark.parametrize("tab", [OPEN, CLOSED])
def test_a_column_for_the_kind_is_missing_so_the_detector_tells(
    tab: str, detector: str, identifier: str, kind: FindingKind
) -> None:
    def fill(book: Workbook) -> None:
        cells = {"Weakness_Detector_Source": detector, "Weakness_Source_Identifier": identifier}
        put(book[tab], 7, POAM_ID="V-9", **cells)

    items = {item.poam_id: item for item in read_workbook(edited("2.1", fill)).document.items}
    assert items["V-9"].finding_kind is kind


def test_what_is_closed_has_nothing_left_to_be_done_and_nobody_claims_it() -> None:
    def fill(book: Workbook) -> None:
        put(book[CLOSED], 6, POAM_ID="V-2", Status_Date=date(2026, 3, 1))

    _, closed = read_workbook(edited("2.1", fill)).document.items
    assert (closed.work_status, closed.work_done_at, closed.work_done_by) == (WorkStatus.DONE, None, "")


def test_a_formula_without_a_stored_value_is_computed_as_the_template_would() -> None:
    reading = read_workbook(edited("3.0", lambda book: None))  # openpyxl stores no values of formulas

    assert reading.document.items[0].scheduled_completion_date == "2026-04-05"


def test_numbers_blanks_and_loose_words_are_taken_as_meant() -> None:
    def loosen(book: Workbook) -> None:
        put(
            book[OPEN],
            7,
            POAM_ID=17,
            Weakness_Source_Identifier=19506,
            Original_Risk_Rating=" critical",
            Adjusted_Risk_Rating="N/A",
            Vendor_Dependency="no",
            Last_Vendor_Check_in_Date="n/a",
            Original_Detection_Date="3/14/2026",
            Planned_Milestones="1) 2026/04/01 - one",
            Comments="=not a formula",
        )
        book[OPEN]["Z7"].data_type = "s"
        book[OPEN]["Q7"] = "n/a"

    (_, item) = read_workbook(edited("2.1", lambda book: loosen(rename(book)))).document.items

    assert (item.poam_id, item.weakness_source_identifier) == ("17", "19506")
    assert (item.original_risk_rating, item.adjusted_risk_rating) == (Rating.CRITICAL, None)
    assert (item.vendor_dependency, item.last_vendor_check_in) == (False, None)
    assert (item.original_detection_date, item.scheduled_completion_date) == ("2026-03-14", "2026-04-13")
    assert item.milestones == (Milestone(1, "one", "2026-04-01"),)
    assert item.comments == "=not a formula"


def rename(book: Workbook) -> Workbook:
    """Give the check-in column a heading that can be a keyword here; headings are known without punctuation."""
    book[OPEN]["Q5"] = "Last Vendor Check in Date"
    return book


def test_every_problem_is_told_at_once_with_its_sheet_row_heading_and_remedy() -> None:
    def spoil(book: Workbook) -> None:
        put(book[OPEN], 7, POAM_ID="V-2", Status_Date="03/04/2026", Original_Risk_Rating="Medium")
        put(book[OPEN], 9, Weakness_Name="Nameless")
        put(book[CLOSED], 6, POAM_ID="V-1", Risk_Adjustment="maybe")
        put(book[CONFIGURATION], 6, POAM_ID="V-3", Planned_Milestones="soon", Original_Detection_Date=46000)
        book[CONFIGURATION]["K6"].number_format = "General"

    data = edited("2.1", spoil)

    assert problems(data) == [
        'Open POA&M Items, row 7, Status Date: "03/04/2026" can be two days; write 2026-03-04 or 2026-04-03.',
        'Open POA&M Items, row 7, Original Risk Rating: "Medium" is not one of Low, Moderate, High, Critical.',
        "Open POA&M Items, row 9, POAM ID: is empty; give the item a unique identifier, or delete the row.",
        'Closed POA&M Items, row 6, Risk Adjustment: "maybe" is not one of Yes, No, Pending.',
        "Closed POA&M Items, row 6, POAM ID: V-1 is used already in Open POA&M Items, row 6; each item needs its own.",
        'Configuration Findings, row 6, Original Detection Date: "46000.0" is not a date; '
        "format the cell as a date or write YYYY-MM-DD.",
        'Configuration Findings, row 6, Planned Milestones: "soon" does not begin with a milestone; '
        "write it as (1) 2026-12-01: what will be done.",
    ]
    assert [item.poam_id for item in read_workbook(data).document.items] == ["V-1"]


def test_the_same_identifier_twice_on_one_tab_is_told_at_the_second_row() -> None:
    data = edited("2.1", lambda book: put(book[OPEN], 7, POAM_ID=" V-1 "))

    assert problems(data) == [
        "Open POA&M Items, row 7, POAM ID: V-1 is used already in Open POA&M Items, row 6; each item needs its own.",
    ]


def test_a_wrong_document_date_is_a_problem_and_the_template_s_own_words_are_blank() -> None:
    def header(book: Workbook) -> None:
        book[OPEN]["B3"], book[OPEN]["E3"] = "Enter the name of the CSP as it appears in the SSP", "soon"

    reading = read_workbook(edited("3.0", header))

    assert (reading.document.header.provider, reading.document.header.date) == ("", None)
    assert [str(problem) for problem in reading.problems] == [
        'Open POA&M Items, row 3, POA&M Date: "soon" is not a date; write it as YYYY-MM-DD.'
    ]


@pytest.mark.parametrize(
    ("layout", "edit", "said"),
    [
        (
            "2.1",
            lambda book: book[OPEN].delete_cols(7),
            "Sheet “Open POA&M Items” lacks the heading “Asset Identifier”[.]",
        ),
        (
            "3.0",
            lambda book: book[OPEN].__setitem__("M5", "Planned\nCompletion Date"),
            "lacks the heading “Scheduled Completion Date” [(]is it “Planned Completion Date”[?][)][.]",
        ),
        (
            "3.0",
            lambda book: book[CLOSED].__setitem__("A2", "ID"),
            "Sheet “Closed POA&M Items” has no heading “POAM ID”",
        ),
        (
            "2.1",
            lambda book: book[CLOSED].__setitem__("AG5", "comments"),
            "Sheet “Closed POA&M Items” has more than one of the heading “Comments”",
        ),
        ("2.1", lambda book: book.__delitem__(OPEN), "no sheet “Open POA&M Items”"),
        ("2.1", lambda book: book.create_sheet("Open POAM items"), "has two sheets “Open POAM items”"),
    ],
)
def test_a_sheet_without_its_headings_is_refused_as_a_whole(
    layout: FedrampLayout, edit: Callable[[Workbook], object], said: str
) -> None:
    with pytest.raises(UnreadableDocument, match=said) as refusal:
        read_workbook(edited(layout, edit))

    assert "template" in refusal.value.hint


def test_a_full_row_of_either_layout_is_read_field_by_field() -> None:
    item = replace(FULL_21, kev_tracking=False)

    assert read_workbook(write_workbook(document(item), layout="2.1")).document.items == (item,)


def test_an_id_that_stands_alone_in_its_row_is_no_item_but_a_line_that_somebody_wrote_below() -> None:
    found = read_workbook(edited("3.0", lambda book: put(book[OPEN], 20, POAM_ID="Total open: 8")))

    assert [item.poam_id for item in found.document.items] == [FULL.poam_id]
    (problem,) = found.problems
    assert str(problem) == (
        "Open POA&M Items, row 20, POAM ID: “Total open: 8” stands alone in its row; describe the item, or "
        "delete the row."
    )
