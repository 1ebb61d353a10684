"""Milestones as text, the FedRAMP template's way: `(1) 2026-12-01: what`, parted by blank lines.

A change is `(2) Update 2026-06-18 : why`, with New, Update or Complete (Completion Guide, columns M and N).
People write it loosely, so reading accepts `1)`, `/` in dates, a dash for the colon and single line ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from ..item import ChangeKind, Milestone, MilestoneChange
from .cells import BLANKS, Cell, CellProblem, Kind, parse_day, read_text, shown, write_text

# Groups: number, kind of change, date; the description follows.
_ENTRY = re.compile(
    r"\n\(?([0-9]{1,9})(?:\)|\.)[ \t]*((?i:new|updated?|completed?))?[ \t]*"
    r"([0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4})[ \t]*(?:[:–—-]|(?=\s)|\Z)[ \t]*"
)
_BLANK_LINES = re.compile(r"\n\s*\n")
_KINDS = {"n": ChangeKind.NEW, "u": ChangeKind.UPDATE, "c": ChangeKind.COMPLETE}

_Entry = TypeVar("_Entry", Milestone, MilestoneChange)


def read_milestones(value: Cell) -> tuple[Milestone, ...]:
    """The planned milestones of a cell; text that is not milestones, or a number used twice, is a problem."""
    entries = _read(value, _milestone, "(1) 2026-12-01: what will be done")
    numbers = [entry.number for entry in entries]
    if len(set(numbers)) < len(numbers):
        twice = next(number for number in numbers if numbers.count(number) > 1)
        raise CellProblem(f"numbers two milestones ({twice}); give each milestone its own number.")
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
        f"({entry.number}) {entry.kind} {entry.date} : {_description(entry.description)}".rstrip() for entry in changes
    )


def _description(text: str) -> str:
    """One entry's text: no blank line, since that ends it, and no line that looks like another entry."""
    text = write_text(text).strip()
    return _ENTRY.sub(lambda found: "\n " + found[0][1:], _BLANK_LINES.sub("\n", text))


def _read(value: Cell, entry: Callable[[str, str | None, str, str], _Entry], example: str) -> tuple[_Entry, ...]:
    text = read_text(value).strip()
    if text.casefold() in BLANKS:
        return ()
    before, *parts = _ENTRY.split("\n" + text)
    if before or not parts:
        raise CellProblem(f"{shown(text)} does not begin with a milestone; write it as {example}.")
    return tuple(map(entry, parts[::4], parts[1::4], parts[2::4], parts[3::4]))


def _milestone(number: str, kind: str | None, day: str, description: str) -> Milestone:
    if kind:
        raise CellProblem(f"({number}) {kind} {day} is a change; move it to the milestone changes.")
    return Milestone(int(number), description.strip(), parse_day(day))


def _change(number: str, kind: str | None, day: str, description: str) -> MilestoneChange:
    if not kind:
        raise CellProblem(f"({number}) {day} does not say New, Update or Complete before its date.")
    return MilestoneChange(int(number), _KINDS[kind[0].lower()], parse_day(day), description.strip())


MILESTONES = Kind(read_milestones, write_milestones)
CHANGES = Kind(read_changes, write_changes)
