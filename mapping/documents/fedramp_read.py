"""Reads a FedRAMP POA&M workbook, template 3.0 or 2.1, as people really keep it.

Columns are found by heading text, wherever they stand; the template's own rows (guidance, formats, examples)
are known by what they say, since some people delete them and some do not. All problems are collected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from io import BytesIO
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from ..item import PoamItem
from .archive import check_workbook
from .cells import Cell, CellProblem, read_date, read_text
from .document import Document, FedrampLayout, Reading, RowProblem, SystemHeader, UnreadableDocument
from .fedramp_columns import LAYOUTS, OPEN, Column, Layout, Sheet
from .fedramp_guidance import ROW_LABELS
from .fedramp_wording import understood

PL2, PL2_FIRST_ROW = "PL-2 Findings", 4  # the tab of version 3.0, and its first row of findings
Rows = Sequence[Sequence[Cell]]

_SEARCHED_ROWS = 12  # headings stand in row 2 or 5; people insert a few of their own above
_PLAIN = re.compile(r"[^a-z0-9]+")
_GET_TEMPLATE = "Compare it with FedRAMP's POA&M template, version 3.0 or 2.1."


def _plain(value: Cell) -> str:
    """A heading or sheet name without case, spaces and punctuation."""
    return _PLAIN.sub("", str(value).casefold())


_ID = _plain("POAM ID")
_LABELS = frozenset(_plain(label) for label in (*ROW_LABELS, "Example"))
# What the templates write into the POAM ID column of rows that are not items.
_TEMPLATE_IDS = frozenset(map(_plain, ("Unique identifier for each POAM Item", "Unique Identifier", "V-1Example"))) | {
    _plain("VS-001-AC(2)\nPT-204-SR(2)"),
    "mandatory",
    "situational",
}
_TEMPLATE_VALUES = frozenset({"Text", "Date"})  # and every text that begins with "Enter "


@dataclass(slots=True)
class _Findings:
    """What was read so far, and where each POAM ID was first seen."""

    items: list[PoamItem] = field(default_factory=list)
    problems: list[RowProblem] = field(default_factory=list)
    seen: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    computed: set[str] = field(default_factory=set)


def read_workbook(data: bytes) -> Reading:
    """The document in an `.xlsx` file, and every problem in its rows.

    Raises `UnreadableDocument` when the file as a whole is not a FedRAMP POA&M that can be read safely.
    """
    check_workbook(data)
    sheets = _sheets(data)
    if _plain(OPEN) not in sheets:
        raise UnreadableDocument(f"The workbook has no sheet “{OPEN}”.", _GET_TEMPLATE)
    layout = _recognised(sheets[_plain(OPEN)])
    found = _Findings()
    header = _header(layout, sheets[_plain(OPEN)], found)
    for sheet in layout.sheets:
        if rows := sheets.get(_plain(sheet.name)):
            _read_sheet(sheet, rows, found)
    if any(any(row[1:]) for row in sheets.get(_plain(PL2), ())[PL2_FIRST_ROW:]):
        found.left_out.append(f"Sheet “{PL2}” is not read: its findings are kept elsewhere")
    document = Document(layout.version, header, tuple(found.items))
    return Reading(document, tuple(found.problems), tuple(found.left_out), frozenset(found.computed))


def _sheets(data: bytes) -> dict[str, Rows]:
    """The rows of each sheet of items, by plain name."""
    wanted = {_plain(sheet.name) for layout in LAYOUTS.values() for sheet in layout.sheets} | {_plain(PL2)}
    sheets: dict[str, Rows] = {}
    try:
        with CalamineWorkbook.from_filelike(BytesIO(data)) as book:
            for name in book.sheet_names:
                if _plain(name) in sheets:
                    raise UnreadableDocument(f"The workbook has two sheets “{name}”.", _GET_TEMPLATE)
                if _plain(name) in wanted:
                    sheets[_plain(name)] = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    except CalamineError as error:
        raise UnreadableDocument(f"The workbook cannot be read ({error}).", "Open and save it in Excel.") from None
    return sheets


def _recognised(rows: Rows) -> Layout:
    """The layout with the fewest headings missing on the Open tab; `_columns` then tells which, if any."""

    def missing(version: FedrampLayout) -> int:
        sheet = LAYOUTS[version].sheets[0]
        headings = set(map(_plain, rows[_heading_row(sheet, rows)]))
        return sum(_plain(column.heading) not in headings for column in sheet.columns if not column.older)

    return LAYOUTS[min(LAYOUTS, key=missing)]


def _heading_row(sheet: Sheet, rows: Rows) -> int:
    for index, row in enumerate(rows[:_SEARCHED_ROWS]):
        if _ID in map(_plain, row):
            return index
    raise UnreadableDocument(
        f"Sheet “{sheet.name}” has no heading “POAM ID” in its first {_SEARCHED_ROWS} rows.", _GET_TEMPLATE
    )


def _columns(sheet: Sheet, headings: Sequence[Cell]) -> list[tuple[int, Column]]:
    """Where each column stands. Missing or doubled headings raise `UnreadableDocument`."""
    places: dict[str, list[int]] = {}
    for index, heading in enumerate(headings):
        places.setdefault(_plain(heading), []).append(index)
    places.pop("", None)  # a column without a heading is nobody's
    found = [(places.get(_plain(c.heading)) or places.get(_plain(c.also), []), c) for c in sheet.columns]
    known = {_plain(name) for column in sheet.columns for name in (column.heading, column.also)}
    unknown = {name: " ".join(str(headings[where[0]]).split()) for name, where in places.items() if name not in known}
    _refuse(sheet, "lacks", [f"“{c.heading}”{_near(c, unknown)}" for where, c in found if not where and not c.older])
    _refuse(sheet, "has more than one of", [f"“{c.heading}”" for where, c in found if len(where) > 1])
    return [(where[0], column) for where, column in found if where]


def _near(column: Column, unknown: Mapping[str, str]) -> str:
    """A heading that is none of the template's and may be meant for this one."""
    found = get_close_matches(_plain(column.heading), unknown, 1, 0.7)
    return f" (is it “{unknown[found[0]]}”?)" if found else ""


def _refuse(sheet: Sheet, fault: str, headings: list[str]) -> None:
    if headings:
        raise UnreadableDocument(f"Sheet “{sheet.name}” {fault} the heading {', '.join(headings)}.", _GET_TEMPLATE)


def _header(layout: Layout, rows: Rows, found: _Findings) -> SystemHeader:
    """The system and the document's day, under their labels; what the template itself says there is blank."""
    for index, row in enumerate(rows[: _heading_row(layout.sheets[0], rows)]):
        labels = [_plain(cell) for cell in row]
        if _plain(layout.labels[2]) in labels:
            values = dict(zip(labels, rows[index + 1], strict=True))
            break
    else:
        return SystemHeader()

    def value(label: str, parse: Callable[[Cell], Any]) -> Any:
        cell = values.get(_plain(label), "")
        if cell in _TEMPLATE_VALUES or str(cell).startswith("Enter "):
            return parse("")
        try:
            return parse(cell)
        except CellProblem as problem:
            found.problems.append(RowProblem(OPEN, index + 2, label, str(problem)))
            return parse("")

    provider, name, impact_level, day = layout.labels
    return SystemHeader(
        value(provider, read_text),
        value(name, read_text),
        value(impact_level, read_text),
        value(day, read_date),
    )


def _read_sheet(sheet: Sheet, rows: Rows, found: _Findings) -> None:
    start = _heading_row(sheet, rows)
    columns = _columns(sheet, rows[start])
    places = [(index, column.field, column.kind.parse, column.heading) for index, column in columns]
    identifier = next(index for index, column in columns if column.field == "poam_id")
    known = {index for index, _ in columns}
    for index, heading in enumerate(rows[start]):
        if heading and index not in known and any(row[index] for row in rows[start + 1 :]):
            found.left_out.append(f"Sheet “{sheet.name}”: the column “{heading}” is not the template's and is not read")
    for number, row in enumerate(rows[start + 1 :], start + 2):
        if any(row) and not _is_template_row(row, identifier):
            _read_row(sheet, number, row, places, found)


def _is_template_row(row: Sequence[Cell], identifier: int) -> bool:
    """Guidance, format or example: known by the label left of the POAM ID, or by the template's own ID."""
    label = row[identifier - 1] if identifier else ""
    return _plain(label) in _LABELS or _plain(row[identifier]) in _TEMPLATE_IDS


def _read_row(
    sheet: Sheet,
    number: int,
    row: Sequence[Cell],
    places: Iterable[tuple[int, str, Callable[[Cell], Any], str]],
    found: _Findings,
) -> None:
    fields: dict[str, Any] = {}
    problems: list[RowProblem] = []
    for index, name, parse, heading in places:
        value = row[index]
        if value == "":
            continue
        try:
            fields[name] = parse(value)
        except CellProblem as problem:
            problems.append(RowProblem(sheet.name, number, heading, str(problem)))
    if not any(fields.values()) and not problems:
        return
    if fault := _identity_fault(fields.get("poam_id", ""), f"{sheet.name}, row {number}", found.seen):
        problems.append(RowProblem(sheet.name, number, "POAM ID", fault))
    elif not problems and len(fields) == 1:
        alone = f"“{fields['poam_id']}” stands alone in its row; describe the item, or delete the row."
        problems.append(RowProblem(sheet.name, number, "POAM ID", alone))
    if problems:
        found.problems.extend(problems)
        return
    item = understood(fields, sheet)
    found.items.append(item)
    if item.scheduled_completion_date != fields.get("scheduled_completion_date"):
        found.computed.add(item.poam_id)


def _identity_fault(poam_id: str, place: str, seen: dict[str, str]) -> str:
    """What is wrong with a row's identifier, "" if nothing; every tab shares one set of identifiers."""
    if not poam_id:
        return "is empty; give the item a unique identifier, or delete the row."
    if first := seen.get(poam_id):
        return f"{poam_id} is used already in {first}; each item needs its own."
    seen[poam_id] = place
    return ""
