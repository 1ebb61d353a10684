"""How the FedRAMP workbook looks: its fonts, fills and the pages around the items.

Each text goes through `put`, so that none becomes a formula, a link or a number, and none is cut short.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .cells import TEXT_LIMIT, serial, utf16_length
from .document import UnwritableDocument
from .fedramp_guidance import AUTHOR, CHANGES, INSTRUCTIONS, INSTRUCTIONS_TITLE, PL2_COLUMNS, ROW_LABELS

if TYPE_CHECKING:
    from xlsxwriter.format import Format  # type: ignore[import-untyped]
    from xlsxwriter.workbook import Workbook  # type: ignore[import-untyped]
    from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

# In points. Rows of long text have a height of their own: only Excel fits them by itself.
TITLE_HEIGHT, HEADING_HEIGHT, ADVICE_HEIGHTS, LINE_HEIGHT = 24, 42, (80, 80, 15), 12.75
_INSTRUCTIONS_WIDTH = 90  # characters: LibreOffice cuts a single column that is wider than the page

_ARIAL = {"font_name": "Arial", "font_size": 10}
_BLUE = {**_ARIAL, "bold": True, "font_color": "#1A4480", "bg_color": "#CCECFC"}
_BODY = {**_ARIAL, "text_wrap": True, "valign": "top", "align": "left"}
_BUILT_IN_DATE = 14  # the reader's own short date
_LOOKS: dict[str, dict[str, Any]] = {
    "title": {
        **_ARIAL,
        "bold": True,
        "font_size": 18,
        "font_color": "#1A4480",
        "valign": "top",
        "align": "left",
    },
    "label": {**_BLUE, "align": "center", "valign": "top", "border": 1},
    "heading": {**_BLUE, "align": "center", "valign": "vcenter", "text_wrap": True},
    "value": {**_BODY, "font_color": "#444444", "bg_color": "#F2F2F2", "border": 1},
    "day": {
        **_BODY,
        "font_color": "#444444",
        "bg_color": "#F2F2F2",
        "border": 1,
        "num_format": _BUILT_IN_DATE,
    },
    "side": {**_ARIAL, "bold": True, "valign": "top", "text_wrap": True},
    "advice": {**_BODY, "font_color": "#454545"},
    "text": _BODY,
    "date": {**_BODY, "num_format": _BUILT_IN_DATE},
    "band": {"bg_color": "#F2F2F2"},
}

Styles = dict[str, "Format"]


def styles(book: Workbook) -> Styles:
    """Every cell format of the workbook, made once."""
    return {name: book.add_format(look) for name, look in _LOOKS.items()}


def put(page: Worksheet, row: int, column: int, text: str, look: Format, where: str = "The workbook") -> None:
    """Write a text as a text. Raises `UnwritableDocument` where a cell would not hold all of it."""
    if text and page.write_string(row, column, text, look):
        raise UnwritableDocument(
            f"{where} holds {utf16_length(text):,} characters; a cell holds {TEXT_LIMIT:,}.",
            "Shorten it, or move part of it into a supporting document.",
        )


def put_day(page: Worksheet, row: int, column: int, day: str | None, text: Format, date: Format) -> None:
    """Write `YYYY-MM-DD` as a real date, or as text where Excel cannot count that far back."""
    number = serial(day) if day else None
    if number is None:
        put(page, row, column, day or "", text)
    else:
        page.write_number(row, column, number, date)


def instructions(book: Workbook, looks: Styles) -> None:
    """The Instructions tab of template 3.0."""
    page = book.add_worksheet("Instructions")
    _fit_to_width(page)
    page.set_column(0, 0, _INSTRUCTIONS_WIDTH)
    put(page, 0, 0, INSTRUCTIONS_TITLE, looks["title"])
    for row, (title, text) in enumerate(INSTRUCTIONS):
        put(page, 2 + 3 * row, 0, title, looks["side"])
        put(page, 3 + 3 * row, 0, text, looks["text"])
        page.set_row(3 + 3 * row, (1 + len(text) // _INSTRUCTIONS_WIDTH) * LINE_HEIGHT)


def pl2_findings(book: Workbook, looks: Styles) -> None:
    """The PL-2 Findings tab of template 3.0, for the system's own people to fill."""
    page = book.add_worksheet("PL-2 Findings")
    _fit_to_width(page)
    page.set_column(0, 1, 18)
    page.set_column(2, 5, 36)
    page.set_row(1, 2 * LINE_HEIGHT)
    for row, label in enumerate(ROW_LABELS, 1):
        put(page, row, 0, label, looks["side"])
    for column, (heading, *advice) in enumerate(PL2_COLUMNS, 1):
        put(page, 0, column, heading, looks["heading"])
        for row, text in enumerate(advice, 1):
            put(page, row, column, text, looks["advice"])


def record_of_changes(book: Workbook, looks: Styles, version: str) -> None:
    """The Record of Changes tab: the template's history up to this version."""
    page = book.add_worksheet("Record of Changes")
    _fit_to_width(page)
    for column, width in enumerate((3.25, 10.75, 66.75, 10.75, 13.25)):
        page.set_column(column, column, width)
    page.merge_range(1, 1, 1, 4, "Record of Changes for Template", looks["label"])
    for column, heading in enumerate(("Date", "Description", "Version", "Author"), 1):
        put(page, 2, column, heading, looks["heading"])
    for row, (day, text, changed) in enumerate((c for c in CHANGES if c[2] <= version), 3):
        put_day(page, row, 1, day, looks["value"], looks["day"])
        for column, words in enumerate((text, changed, AUTHOR), 2):
            put(page, row, column, words, looks["value"])


def _fit_to_width(page: Worksheet) -> None:
    """Print every column on one page."""
    page.set_landscape()
    page.fit_to_pages(1, 0)
