"""What every format of a formal POA&M has in common: a header, items, and what is wrong with a file."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..item import PoamItem

FedrampLayout = Literal["3.0", "2.1"]


@dataclass(frozen=True, slots=True)
class SystemHeader:
    """The system a document speaks for. `date` is the document's own day, `YYYY-MM-DD`, or None."""

    provider: str = ""
    name: str = ""
    impact_level: str = ""
    date: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One POA&M workbook: its layout, its header, its items; `anchor` names the journal row it is an extract of.

    The items are those the authority is to see; drafts and discarded items are the caller's to leave out.
    """

    layout: FedrampLayout
    header: SystemHeader
    items: tuple[PoamItem, ...] = ()
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class RowProblem:
    """One thing in one cell that its author has to put right. `row` counts from 1, as a spreadsheet does."""

    sheet: str
    row: int
    heading: str
    message: str

    def __str__(self) -> str:
        return f"{self.sheet}, row {self.row}, {self.heading}: {self.message}"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says. A row with a problem is not among the items: take all of a file or nothing.

    `left_out` tells in sentences what the file holds beyond the template and what is therefore not taken; `computed`
    names the items whose blank scheduled completion date was filled in as the template's formula does.
    """

    document: Document
    problems: tuple[RowProblem, ...] = ()
    left_out: tuple[str, ...] = ()
    computed: frozenset[str] = frozenset()


class UnreadableDocument(Exception):
    """The file as a whole cannot be read; `hint` says what its owner can do."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UnwritableDocument(Exception):
    """An item does not fit the format, and writing it would lose something; `hint` says what to shorten."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
