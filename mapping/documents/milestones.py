"""Milestones as text, as the FedRAMP template has them: `(1) 2026-12-01: what`, entries parted by a blank line.

A change is `(2) Update 2026-06-18 : why`, with New, Update or Complete (Completion Guide, columns M and N).
People write it loosely, so reading accepts `1)`, `/` in dates, a dash for the colon and single line ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from ..item import ChangeKind, Milestone, MilestoneChange
from .cells import BLANKS, Cell, CellProblem, Kind, parse_day, read_text, shown, write_text

_ENTRY = re.compile(
    r"^\(?(?P<number>[0-9]{1,9})(?:\)|\.)[ \t]*(?P<kind>new|updated?|completed?)?[ \t]*"
    r"(?P<date>[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4})[ \t]*(?:[:–—-]|(?=\s)|\Z)[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_KINDS = {"n": ChangeKind.NEW, "u": ChangeKind.UPDATE, "c": ChangeKind.COMPLETE}

_Entry = TypeVar("_Entry", Milestone, MilestoneChange)


def read_milestones(value: Cell) -> tuple[Milestone, ...]:
    """The planned milestones of a cell; text that is not milestones, or a number used twice, is a problem."""
    entries = _read(value, _milestone, "(1) 2026-12-01: what will be done")
    numbers = [entry.number for entry in entries]
    if twice := sorted({number for number in numbers if numbers.count(number) > 1}):
        raise CellProblem(f"numbers two milestones ({twice[0]}); give each milestone its own number.")
    return entries


def read_changes(value: Cell) -> tuple[MilestoneChange, ...]:
    """The milestone changes of a cell; text that is not changes is a problem."""
    return _read(value, _change, "(1) Update 2026-12-01 : what changed and why")


def write_milestones(milestones: Iterable[Milestone]) -> str:
    """`(1) 2026-12-01: text`, separated by a blank line."""
    return "\n\n".join(
        f"({entry.number}) {entry.scheduled_completion_date}: {_description(entry.description)}".rstrip()
        for entry in milestones
    )


def write_changes(changes: Iterable[MilestoneChange]) -> str:
    """`(2) Update 2026-06-18 : text`, separated by a blank line."""
    return "\n\n".join(
        f"({entry.number}) {entry.kind} {entry.date} : {_description(entry.description)}".rstrip()
        for entry in changes
    )


def _description(text: str) -> str:
    """One entry's text: no blank line inside, since that ends it, and no line that looks like another entry."""
    first, newline, rest = _BLANK_LINES.sub("\n", write_text(text).strip()).partition("\n")
    return first + newline + _ENTRY.sub(lambda found: " " + found[0], rest)


def _read(value: Cell, entry: Callable[[re.Match[str], str], _Entry], example: str) -> tuple[_Entry, ...]:
    text = read_text(value).strip()
    if text.casefold() in BLANKS:
        return ()
    starts = list(_ENTRY.finditer(text))
    if not starts or starts[0].start() > 0:
        raise CellProblem(f"{shown(text)} does not begin with a milestone; write it as {example}.")
    ends = [start.start() for start in starts[1:]] + [len(text)]
    return tuple(
        entry(start, text[start.end() : end].strip()) for start, end in zip(starts, ends, strict=True)
    )


def _milestone(found: re.Match[str], description: str) -> Milestone:
    if found["kind"]:
        raise CellProblem(f"{shown(found[0])} is a change; move it to the milestone changes.")
    return Milestone(int(found["number"]), description, parse_day(found["date"]))


def _change(found: re.Match[str], description: str) -> MilestoneChange:
    if not found["kind"]:
        raise CellProblem(f"{shown(found[0])} does not say New, Update or Complete before its date.")
    return MilestoneChange(
        int(found["number"]), _KINDS[found["kind"][0].lower()], parse_day(found["date"]), description
    )


MILESTONES = Kind(read_milestones, write_milestones)
CHANGES = Kind(read_changes, write_changes)
