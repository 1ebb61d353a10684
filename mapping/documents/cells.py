"""The vocabulary of spreadsheet cells: texts, dates, choices and lists, read leniently and written one way.

A parser takes what a workbook holds and raises `CellProblem` with a sentence for the sheet's author; it never
guesses. A renderer gives text; a date is rendered `YYYY-MM-DD` and becomes a real Excel date in the writer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

Cell = str | int | float | bool | date | datetime | time | timedelta

TEXT_LIMIT = 32_767  # UTF-16 units in one cell, Excel's own limit
BLANKS = frozenset({"", "n/a", "na", "none", "-"})  # what people write for "nothing" outside free text

# What XML 1.0, and so a workbook, cannot hold; tab and newline are ordinary text.
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_PICTURES = {**{code: 0x2400 + code for code in range(32)}, 0x7F: 0x2421}

_YEAR_FIRST = re.compile(r"(\d{4})([-/])(\d{1,2})\2(\d{1,2})(?:[T ]\d{2}:\d{2}.*)?", re.ASCII)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/])(\d{1,2})\2(\d{4})", re.ASCII)
_DAY_NAMED = re.compile(r"(\d{1,2})[- ]([a-z]{3,9})\.?[-, ]+(\d{4})", re.ASCII | re.IGNORECASE)
_MONTH_NAMED = re.compile(r"([a-z]{3,9})\.? (\d{1,2}),? (\d{4})", re.ASCII | re.IGNORECASE)
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_EPOCH = date(1899, 12, 30).toordinal()
_FIRST_SOUND_SERIAL = 61  # 1900-03-01; before it Excel counts a leap day that never was


class CellProblem(ValueError):
    """A cell that does not say what its column asks for; the text is a sentence with the remedy."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a column's values are read and rendered as text; `is_date` makes the cell a real Excel date."""

    parse: Callable[[Cell], Any]
    render: Callable[[Any], str]
    is_date: bool = False


def shown(value: Cell) -> str:
    """A cell's value as a problem quotes it, short enough for one line."""
    words = " ".join(str(value).split())
    return f'"{words}"' if len(words) <= 40 else f'"{words[:39]}…"'


def utf16_length(text: str) -> int:
    """The length Excel counts: an emoji is two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def read_text(value: Cell) -> str:
    """Text to the letter, line ends as `\\n`; a number or date as plainly written; mere space as blank."""
    text = value if type(value) is str else _plain(value)
    if not text.isprintable() and not text.replace("\n", "").isprintable():
        text = _checked(text)
    if text.isspace():
        return ""
    if len(text) > TEXT_LIMIT // 2 and utf16_length(text) > TEXT_LIMIT:
        raise CellProblem(f"holds {utf16_length(text):,} characters; shorten it to {TEXT_LIMIT:,}.")
    return text


def _plain(value: Cell) -> str:
    if isinstance(value, datetime):
        value = value.date() if value.time() == time() else value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return str(value).upper() if isinstance(value, bool) else str(value)


def _checked(text: str) -> str:
    text = line_ends(text)
    if found := _UNWRITABLE.search(text):
        before = shown(text[: found.start()])
        raise CellProblem(f"holds the control character U+{ord(found[0]):04X} after {before}; delete it.")
    return text


def line_ends(text: str) -> str:
    """The text with `\\n` line ends only."""
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def write_text(text: str) -> str:
    """Text a cell can hold: a control character becomes its picture (U+2400 ff.), mere space blank."""
    if not text.isprintable():
        text = _UNWRITABLE.sub(lambda found: chr(_PICTURES.get(ord(found[0]), 0xFFFD)), line_ends(text))
    return "" if text.isspace() else text


def read_date(value: Cell) -> str | None:
    """A day as `YYYY-MM-DD` from a real Excel date or an unambiguous text; None for a blank."""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        text = value.strip()
        return None if text.casefold() in BLANKS else parse_day(text)
    raise CellProblem(f"{shown(value)} is not a date; format the cell as a date or write YYYY-MM-DD.")


def parse_day(text: str) -> str:
    """`YYYY-MM-DD` from a written date: year first, a named month, or an unmistakable month/day/year.

    Raises `CellProblem` where two days or none can be meant.
    """
    if len(text) == 10 and text[4] == text[7] == "-":
        return _day(text, text)
    if found := _YEAR_FIRST.fullmatch(text):
        return _day(text, _iso(found[1], found[3], found[4]))
    if found := _YEAR_LAST.fullmatch(text):
        return _american(text, found[1], found[3], found[4])
    if found := _DAY_NAMED.fullmatch(text):
        return _day(text, _iso(found[3], _month(found[2]), found[1]))
    if found := _MONTH_NAMED.fullmatch(text):
        return _day(text, _iso(found[3], _month(found[1]), found[2]))
    raise CellProblem(f"{shown(text)} is not a date; write it as YYYY-MM-DD.")


def _american(text: str, month: str, day: str, year: str) -> str:
    one, other = _iso(year, month, day), _iso(year, day, month)
    if one != other and int(day) <= 12 and int(month) <= 12:
        raise CellProblem(f"{shown(text)} can be two days; write {one} or {other}.")
    if int(month) > 12:
        raise CellProblem(f"{shown(text)} is not understood as month/day/year; write it as YYYY-MM-DD.")
    return _day(text, one)


def _month(name: str) -> str:
    name = name.casefold()
    return next((str(number) for number, full in enumerate(_MONTHS, 1) if full.startswith(name)), "")


def _iso(year: str, month: str, day: str) -> str:
    return f"{year}-{month:0>2}-{day:0>2}"


def _day(text: str, day: str) -> str:
    try:
        date.fromisoformat(day)
    except ValueError:
        raise CellProblem(f"{shown(text)} is no day of the calendar; write it as YYYY-MM-DD.") from None
    return day


def serial(day: str) -> int | None:
    """Excel's number for a day; None before 1900-03-01, where Excel cannot count and a cell holds text."""
    number = date.fromisoformat(day).toordinal() - _EPOCH
    return number if number >= _FIRST_SOUND_SERIAL else None


def read_identifier(value: Cell) -> str:
    """A one-line identifier without surrounding space."""
    text = read_text(value).strip()
    if "\n" in text:
        raise CellProblem(f"{shown(text)} has more than one line; give each identifier its own row.")
    return text


def read_lines(value: Cell) -> tuple[str, ...]:
    """One entry a line, blank lines left out."""
    return _lines(read_text(value))


def write_lines(entries: tuple[str, ...]) -> str:
    """The entries, one a line."""
    return "\n".join(_lines(write_text("\n".join(entries))))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.split("\n") if line.strip())


def choice(words: Mapping[str, Any], blank: Any = None, empty: str = "", unsaid: tuple[Any, ...] = ()) -> Kind:
    """A closed vocabulary. The first word of a value is printed.

    A blank cell means `blank`, printed as `empty` where it has no word; `unsaid` values print nothing.
    """
    printed: dict[Any, str] = dict.fromkeys(unsaid, "")
    for word, meaning in words.items():
        printed.setdefault(meaning, word)
    printed.setdefault(blank, empty)
    meanings = dict.fromkeys(BLANKS, blank) | {word.casefold(): meaning for word, meaning in words.items()}

    def parse(value: Cell) -> Any:
        try:
            return meanings[str(value).strip().casefold()]
        except KeyError:
            raise CellProblem(f"{shown(value)} is not one of {', '.join(words)}.") from None

    return Kind(parse, printed.__getitem__)


IDENTIFIER = Kind(read_identifier, lambda text: write_text(text.strip()))
TEXT = Kind(read_text, write_text)
DATE = Kind(read_date, lambda day: day or "", is_date=True)
LINES = Kind(read_lines, write_lines)
