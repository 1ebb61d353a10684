"""Where an issue shows its due date, and what its events tell of it: a label, a field, a milestone. Pure.

A `due:` label counts wherever it stands: what an issue got before the repository's field or milestone was chosen, or
because GitHub dropped our value there, holds until its date is next written. Labels are told by `history.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import inf
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from ..base import Change, Issue
from ..settings import GithubSettings
from .reading import account_of, due_dates, labels_of, moment

Row = Mapping[str, Any]

# Milestones end with a day in GitHub's own time zone, wherever the repository's people are.
_GITHUB = "America/Los_Angeles"

FIELD_EVENTS = frozenset({"issue_field_added", "issue_field_changed", "issue_field_removed"})
_GIVEN_AT_BIRTH = frozenset({"issue_field_added", "milestoned"})

_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*)?", re.ASCII)

UNKNOWN: Final = "?"
"""A date that an event made, or ended, and nobody tells."""


@dataclass(frozen=True, slots=True)
class Made:
    """What an event made of the date, and of what, as far as that is told."""

    new: str | None
    old: str | None = UNKNOWN


@dataclass(frozen=True, slots=True)
class Dated:
    """The changes of a date that is no label's. From event `until` on nothing may be told yet: the feed lags.

    Where this date `holds`, a label that was taken off was only in its way.
    """

    changes: Sequence[Change]
    until: float = inf
    holds: bool = True


class Carrier(Protocol):
    """What can show a date besides labels."""

    @property
    def move_date(self) -> str:
        """How people move a date, as the middle of a sentence."""
        ...

    def shown(self, row: Row) -> str | None:
        """The date in an issue's row."""
        ...

    def made(self, event: Row, row: Row) -> Made | None:
        """What an event did to the date, None where it is about something else."""
        ...


class Label:
    """Nothing but labels."""

    move_date = "take the label due:YYYY-MM-DD off, put one with the new date on"

    def shown(self, row: Row) -> str | None:
        """See `Carrier`, here and below."""
        return None

    def made(self, event: Row, row: Row) -> Made | None:
        return None


@dataclass(frozen=True, slots=True)
class IssueField:
    """A date field of the organisation, known by its name, and by its id once that was asked."""

    name: str
    move_date: str
    id: int = 0

    def shown(self, row: Row) -> str | None:
        """See `Carrier`, here and below."""
        values = row.get("issue_field_values") or ()
        ours = [each for each in values if self._is_ours(each.get("issue_field_name"), each["issue_field_id"])]
        return next((day for day in (day_in(each.get("value")) for each in ours) if day), None)

    def made(self, event: Row, row: Row) -> Made | None:
        """The event as `fields.py` completed it; one whose field nobody tells may be about another field."""
        if event.get("event") not in FIELD_EVENTS or not self._is_ours((event.get("issue_field") or {}).get("name")):
            return None
        if event["event"] == "issue_field_removed":
            return Made(None)
        was = None if event["event"] == "issue_field_added" else day_in(event.get("previous_value")) or UNKNOWN
        return Made(day_in(event.get("value")) or UNKNOWN, was)

    def _is_ours(self, name: str | None, number: int = -1) -> bool:
        return number == self.id or (name or "").casefold() == self.name.casefold()


class Milestone:
    """A milestone's end. Its day is one for all its issues: moving it moves them all, and is no event of any."""

    move_date = "move the issue to the milestone of the new date, titled Due YYYY-MM-DD"

    def shown(self, row: Row) -> str | None:
        """See `Carrier`, here and below."""
        return ending_day(row.get("milestone") or {})

    def made(self, event: Row, row: Row) -> Made | None:
        """Events tell the title alone: of the present milestone the day is known, of ours it is in the title."""
        if event.get("event") not in ("milestoned", "demilestoned"):
            return None
        title, now = event["milestone"]["title"], row.get("milestone") or {}
        day = ending_day(now) if title == now.get("title") else day_of_title(title) or UNKNOWN
        return Made(day) if event["event"] == "milestoned" else Made(None, day)


def carrier_of(settings: GithubSettings) -> Carrier:
    """Where dates are read besides labels: told by the settings alone, so that reading asks nobody."""
    match settings.due_date:
        case "label":
            return Label()
        case "milestone":
            return Milestone()
    sentence = f"change the field {settings.due_field}"
    if settings.due_date == "auto":
        sentence += f" or, where issues have none, {Label.move_date}"
    return IssueField(settings.due_field, sentence)


def title_of(day: str) -> str:
    """What a milestone of ours is called."""
    return f"Due {day}"


def day_of_title(title: str) -> str | None:
    """The day in a title of ours, which may have a number behind it: `Due 2026-05-01 (2)`."""
    return day_in(title[4:14]) if title.startswith("Due ") else None


def ending_day(milestone: Row) -> str | None:
    """The day on which a milestone ends, None where it has none."""
    due = milestone.get("due_on")
    return datetime.fromisoformat(due).astimezone(ZoneInfo(_GITHUB)).date().isoformat() if due else None


def shown_in(issue: Issue, row: Row, carrier: Carrier) -> Issue:
    """The issue with the date that its row shows where no label does."""
    day = None if issue.due_dates else carrier.shown(row)
    return replace(issue, due_dates=(day,)) if day else issue


def dated(row: Row, events: Iterable[Row], settled: str, carrier: Carrier) -> Dated | None:
    """How the date came to be what the row shows; None where labels show it, or nothing but labels could.

    An event since `settled` that contradicts the row has a successor that is still to come, so that nothing from it on
    is told yet; an older one is passed over.
    """
    if isinstance(carrier, Label) or due_dates(labels_of(row)):
        return None
    made = ((event, carrier.made(event, row)) for event in events)
    told = sorted(((event, step) for event, step in made if step), key=lambda one: int(one[0]["id"]))
    steps = list(_consistent(told))
    late = [inf]
    while steps and steps[-1][1].new not in (carrier.shown(row), UNKNOWN):
        event, _ = steps.pop()
        late += [int(event["id"])] if event["created_at"] >= settled else []
    present = carrier.shown(row)
    return Dated(tuple(_changes(row, steps, present)), min(late), holds=present is not None)


def _consistent(steps: Iterable[tuple[Row, Made]]) -> Iterator[tuple[Row, Made]]:
    """Without what was taken off after its successor was put on, as GitHub tells an exchange of milestones."""
    stands: str | None = UNKNOWN
    for event, step in steps:
        if step.new is None and step.old != stands and UNKNOWN not in (step.old, stands):
            continue
        stands = step.new
        yield event, step


def _changes(row: Row, steps: Sequence[tuple[Row, Made]], present: str | None) -> Iterator[Change]:
    """A date that nobody tells is left out, but for the last, which the row shows."""
    before: str | None = UNKNOWN
    for event, step in steps:
        new = present if event is steps[-1][0] and step.new == UNKNOWN else step.new
        if new == UNKNOWN:
            continue
        old = before if step.old == UNKNOWN else step.old
        if old in (UNKNOWN, None) and before == UNKNOWN and _is_birth(row, event):
            old = new
        if old != new:
            at, author = moment(event["created_at"]), account_of(event["actor"])
            yield Change(int(event["id"]), at, author, "due_date", None if old == UNKNOWN else old, new)
        before = new


def _is_birth(row: Row, event: Row) -> bool:
    """What the create request gave is told as an event of that second; it is no change."""
    same = event["created_at"] == row["created_at"] and account_of(event["actor"]) == account_of(row["user"])
    return same and event["event"] in _GIVEN_AT_BIRTH


def day_in(value: object) -> str | None:
    """The calendar date that a text begins with, None for any other text and for no text."""
    found = _DAY.fullmatch(value) if isinstance(value, str) else None
    try:
        return date.fromisoformat(found[1]).isoformat() if found else None
    except ValueError:
        return None
