"""Writes a FedRAMP POA&M workbook from nothing: no template is shipped, every cell comes from the tables.

The same document gives the same bytes under the same version of XlsxWriter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from io import BytesIO
from operator import attrgetter

from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.utility import xl_col_to_name  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from ..item import FindingKind, PoamItem, State
from .cells import serial, write_text
from .document import Document, FedrampLayout, SystemHeader
from .fedramp_columns import LAYOUTS, Layout, Sheet
from .fedramp_guidance import ADVICE, ROW_LABELS
from .fedramp_schedule import formula
from .fedramp_style import (
    ADVICE_HEIGHTS,
    HEADING_HEIGHT,
    LINE_HEIGHT,
    TITLE_HEIGHT,
    Styles,
    instructions,
    pl2_findings,
    put,
    put_day,
    record_of_changes,
    styles,
)
from .fedramp_wording import computed_date, printed

_OPTIONS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
_UNDATED = datetime(1980, 1, 1)  # the day inside a document that has none; zip's own first day
MAX_HEIGHT = 409  # points; Excel's own limit
CHARACTERS_A_LINE = 25  # that a column of the template's width shows
TABLOID = 17  # paper, 11 x 17 inches
_NUMBERS = re.compile(r"([0-9]+)")


class _Page(Worksheet):  # type: ignore[misc]
    """A sheet whose formulas use no function younger than Excel 2010: XlsxWriter need not look for those, thirty times
    in each of a thousand formulas. Without this method the file is the same, and slower made.
    """

    def _prepare_formula(self, formula: str, *_: object) -> str:
        return formula.removeprefix("=")


def write_workbook(document: Document, *, layout: FedrampLayout) -> bytes:
    """The document as an `.xlsx` file in this layout, rows in the natural order of their POAM IDs.

    Raises `UnwritableDocument` when a text does not fit into a cell, and ValueError for a date that is none.
    """
    plan, output = LAYOUTS[layout], BytesIO()
    book = Workbook(output, _OPTIONS)
    book.set_properties(
        {"title": "Plan of Action and Milestones", "created": _created(document.header), "comments": document.anchor}
    )
    looks = styles(book)
    if layout == "3.0":
        instructions(book, looks)
    for sheet in plan.sheets:
        rows = in_order(item for item in document.items if belongs(item, sheet))
        _write_sheet(book.add_worksheet(sheet.name, _Page), plan, sheet, document.header, rows, looks)
    if layout == "3.0":
        pl2_findings(book, looks)
    record_of_changes(book, looks, layout)
    book.get_worksheet_by_name(plan.sheets[0].name).activate()
    book.close()
    return output.getvalue()


def belongs(item: PoamItem, sheet: Sheet) -> bool:
    """Whether this is the item's tab: Closed for what is closed, else Configuration or Open by its kind."""
    if State.CLOSED in (item.state, sheet.state):
        return item.state is sheet.state
    return (item.finding_kind is FindingKind.CONFIGURATION) == (sheet.finding_kind is FindingKind.CONFIGURATION)


def in_order(items: Iterable[PoamItem]) -> list[PoamItem]:
    """The items by POAM ID as people count: V-2 before V-10."""
    return sorted(items, key=lambda item: (_natural(item.poam_id), item.poam_id))


def _natural(identifier: str) -> list[str | int]:
    """Text and numbers in turn, text first, so that any two can be compared."""
    parts: list[str | int] = list(_NUMBERS.split(identifier.casefold()))
    parts[1::2] = [int(number) for number in parts[1::2]]
    return parts


def _created(header: SystemHeader) -> datetime:
    return datetime.fromisoformat(header.date) if header.date else _UNDATED


def _write_sheet(
    page: Worksheet,
    plan: Layout,
    sheet: Sheet,
    header: SystemHeader,
    items: Sequence[PoamItem],
    looks: Styles,
) -> None:
    _write_frame(page, plan, sheet, looks)
    if sheet.title:
        _write_header(page, plan, sheet, header, looks)
    if sheet.first_column:
        _write_guidance(page, sheet, looks)
    _write_items(page, sheet, items, looks)
    _write_rules(page, sheet, max(sheet.last_row, sheet.first_row + len(items) - 1), looks)


def _write_frame(page: Worksheet, plan: Layout, sheet: Sheet, looks: Styles) -> None:
    last = sheet.first_column + len(sheet.columns) - 1
    page.set_column(0, last, plan.width)
    page.set_row(sheet.heading_row, HEADING_HEIGHT)
    page.freeze_panes(sheet.heading_row + 1, 0)
    page.set_landscape()
    page.set_paper(TABLOID)
    page.fit_to_pages(2, 0)
    page.set_footer("&L&A&RPage &P of &N")
    page.repeat_rows(sheet.heading_row)
    page.repeat_columns(0, 1)
    for index, column in enumerate(sheet.columns, sheet.first_column):
        put(page, sheet.heading_row, index, column.heading, looks["heading"])


def _write_header(page: Worksheet, plan: Layout, sheet: Sheet, header: SystemHeader, looks: Styles) -> None:
    first = sheet.first_column
    page.set_row(0, TITLE_HEIGHT)
    page.merge_range(0, 0, 0, first + 4, sheet.title, looks["title"])
    for column, label in enumerate(plan.labels, first):
        put(page, 1, column, label, looks["label"])
    for column, text in enumerate((header.provider, header.name, header.impact_level), first):
        put(page, 2, column, write_text(text), looks["value"])
    put_day(page, 2, first + 3, header.date, looks["value"], looks["day"])
    if plan.impact_list:
        page.data_validation(2, first + 2, 2, first + 2, plan.impact_list)
        page.data_validation(2, first + 3, 2, first + 3, plan.date_rule)


def _write_guidance(page: Worksheet, sheet: Sheet, looks: Styles) -> None:
    for row, (label, height) in enumerate(zip(ROW_LABELS, ADVICE_HEIGHTS, strict=True), sheet.heading_row + 1):
        page.set_row(row, height)
        put(page, row, 0, label, looks["side"])
    for index, column in enumerate(sheet.columns, sheet.first_column):
        for row, text in enumerate((*ADVICE[column.heading], column.need), sheet.heading_row + 1):
            put(page, row, index, text, looks["advice"])


def _write_items(page: Worksheet, sheet: Sheet, items: Sequence[PoamItem], looks: Styles) -> None:
    columns = [
        (index, column.heading, attrgetter(column.field), column.kind.render, column.kind.is_date)
        for index, column in enumerate(sheet.columns, sheet.first_column)
    ]
    letters = {c.field: xl_col_to_name(index) for index, c in enumerate(sheet.columns, sheet.first_column)}
    text_look, date_look = looks["text"], looks["date"]
    for row, item in enumerate(items, sheet.first_row):
        words, tallest = printed(item, sheet), 1
        for index, heading, field, render, is_date in columns:
            text = render(field(words))
            if is_date:
                put_day(page, row, index, text, text_look, date_look)
            elif text:
                put(page, row, index, text, text_look, f"{item.poam_id}, {heading},")
                if len(text) > tallest * CHARACTERS_A_LINE or "\n" in text:
                    tallest = max(tallest, _lines(text))
        page.set_row(row, min(tallest * LINE_HEIGHT + 3, MAX_HEIGHT))
        if sheet.formulas:
            _write_formula(page, row, words, letters, looks)


def _lines(text: str) -> int:
    """How many lines a wrapped cell shows, roughly: only Excel fits rows by itself, other programs need a height."""
    return sum(1 + len(line) // CHARACTERS_A_LINE for line in text.split("\n"))


def _write_formula(page: Worksheet, row: int, words: PoamItem, letters: dict[str, str], looks: Styles) -> None:
    """Let the template's formula stand where it gives exactly the item's date; any other is a plain value."""
    due = words.scheduled_completion_date
    if due is None or computed_date(words) != due or serial(words.original_detection_date or "") is None:
        return
    cell = f"{letters['scheduled_completion_date']}{row + 1}"
    page.write_formula(cell, formula(row + 1, letters), looks["date"], serial(due))


def _write_rules(page: Worksheet, sheet: Sheet, last_row: int, looks: Styles) -> None:
    first, last = sheet.first_column, sheet.first_column + len(sheet.columns) - 1
    for index, column in enumerate(sheet.columns, first):
        if column.validation:
            page.data_validation(sheet.first_row, index, last_row, index, column.validation)
    banding = {"type": "formula", "criteria": "=MOD(ROW(),2)=0", "format": looks["band"]}
    page.conditional_format(sheet.first_row, first, last_row, last, banding)
