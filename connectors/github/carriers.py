"""Writes due dates to where this repository has them: chosen once per process, and held against what GitHub answers.

GitHub drops values silently, with a success: then the dates stand in labels from there on, and a check says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from typing import Any, Protocol

from ..base import Edit, Issue
from ..errors import Forbidden, Gone, Rejected, Unavailable, Unsettled
from ..settings import GithubSettings
from .dates import Dated, IssueField, Label, Milestone, carrier_of, dated, ending_day, shown_in, title_of
from .feed import Told
from .fields import FieldEvents, date_field
from .place import Place
from .reading import MARK, due_dates, due_label, labels_of
from .wire import Wire

Row = Mapping[str, Any]

_NO_ORGANISATION = (
    "{owner} is a user, and only organisations have issue fields for due dates;"
    ' set due_date = "label" or "auto", or name a repository of an organisation'
)
_NO_FIELD = (
    "{owner} has no date field {field} for due dates, or does not show it to us; create the field, name another one in"
    ' due_field, let the token read the organisation\'s issue fields, or set due_date = "auto"'
)
_DROPPED = (
    "GitHub accepted a due date for {what} and dropped it, so our dates stand in labels; give the token's account write"
    ' access, and an App or fine-grained token access to issue fields, or set due_date = "label"'
)
_LABELLED = (
    "{many} of our last {of} issues show the due date in a label and not in {what}; nothing need be done if they are"
    " older than the setting: each moves with its next date; else GitHub drops our dates there, and the token's account"
    " needs more access"
)


@dataclass(frozen=True, slots=True)
class Parts:
    """What of a request gives an issue its date: labels to put on, and fields of the request itself."""

    labels: frozenset[str] = frozenset()
    data: Mapping[str, Any] = field(default_factory=dict)


class Writer(Protocol):
    """One way to give an issue a date."""

    def parts(self, day: str) -> Parts:
        """What sets this day, or clears the date where it is blank. May have to make a milestone first."""
        ...

    def cleared(self, issue_id: str) -> bool:
        """Clears what no part of a PATCH can; whether that took a request."""
        ...


class _Labels:
    def parts(self, day: str) -> Parts:
        return Parts(labels=frozenset({due_label(day)} if day else ()))

    def cleared(self, issue_id: str) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class _Field:
    """Adds or moves its own value alone: a PUT would replace those of all fields."""

    id: int
    wire: Wire
    place: Place

    def parts(self, day: str) -> Parts:
        return Parts(data={"issue_field_values": [{"field_id": self.id, "value": day}]} if day else {})

    def cleared(self, issue_id: str) -> bool:
        path = f"{self.place.home}/issues/{issue_id}/issue-field-values/{self.id}"
        with suppress(Gone):  # it has no value
            self.wire.write("DELETE", path, issue_id=issue_id)
        return True


@dataclass(slots=True)
class _Milestones:
    """Milestones of ours, titled by their day. Another's is never used: a sprint may end on the same day."""

    wire: Wire
    place: Place
    known: dict[str, int] | None = None

    def parts(self, day: str) -> Parts:
        return Parts(data={"milestone": self._number(day) if day else None})

    def cleared(self, issue_id: str) -> bool:
        return False

    def _number(self, day: str) -> int:
        self.known = self._listed() if self.known is None else self.known
        if day not in self.known:
            self.known[day] = self._made(day)
        return self.known[day]

    def _listed(self) -> dict[str, int]:
        first = self.wire.read(f"{self.place.home}/milestones", {"state": "all", "per_page": 100}, many=True)
        rows = [row for row in chain.from_iterable(self.wire.pages(first)) if row["title"].startswith(title_of(""))]
        rows.sort(key=lambda row: (row["state"] == "open", -row["number"]))
        return {day: int(row["number"]) for row in rows if (day := ending_day(row))}

    def _made(self, day: str) -> int:
        """A new one. Where people moved the one that has the day in its title, the next title takes its place."""
        for title in (title_of(day), f"{title_of(day)} (2)", f"{title_of(day)} (3)"):
            try:
                return self._sent(day, title)
            except Forbidden:
                raise
            except Rejected as refused:
                error = refused
            found = self._listed()
            if day in found:
                return found[day]
        raise error

    def _sent(self, day: str, title: str) -> int:
        """Noon is that day in every time zone that GitHub may think of. A title is given once, so a lost answer is no
        reason to fear a second milestone; and that of the issue's write, which waits for it, is known: it never left.
        """
        data = {"title": title, "due_on": f"{day}T12:00:00Z"}
        try:
            return int(self.wire.write("POST", f"{self.place.home}/milestones", data).data["number"])
        except Unsettled as silence:
            error = Unavailable(f"The milestone for {day} is not confirmed: {silence}")
        raise error


class DueDates:
    """What the tracker asks about due dates. Making one sends nothing, and reading dates never asks anybody."""

    def __init__(self, settings: GithubSettings, wire: Wire, place: Place) -> None:
        self._settings = settings
        self._wire = wire
        self._place = place
        self._carrier = carrier_of(settings)
        self._events = FieldEvents(wire)
        self._writer: Writer | None = None
        self._dropped = False

    @property
    def move_date(self) -> str:
        """How people move a date, by the settings alone: what issues say of it must not change with what we asked."""
        return self._carrier.move_date

    def shown(self, issue: Issue, row: Row) -> Issue:
        """The issue with the date that its row shows."""
        return shown_in(issue, row, self._carrier)

    def told(self, row: Row, told: Told) -> Dated | None:
        """How that date changed, None where labels tell it."""
        return dated(row, told.events, told.settled, self._carrier)

    def completed(self, news: Mapping[int, Told]) -> Mapping[int, Told]:
        """What is told of issues, with what GitHub leaves out of events of fields: one read for a hundred of those."""
        if not isinstance(self._carrier, IssueField):
            return news
        events = iter(self._events.completed(event for told in news.values() for event in told.events))
        return {number: replace(told, events=list(islice(events, len(told.events)))) for number, told in news.items()}

    def parts(self, day: str) -> Parts:
        """What gives a new issue its date."""
        return self._chosen().parts(day) if day else Parts()

    def patch(self, edit: Edit, issue: Issue) -> Mapping[str, Any]:
        """What an edit's PATCH says of the date; nothing where it is so already."""
        if edit.due_date is None or issue.due_dates == _wanted(edit):
            return {}
        if not edit.due_date and due_dates(issue.labels):
            return {}  # the label goes, and nobody knows what stands beneath
        return self._chosen().parts(edit.due_date).data

    def in_labels(self, edit: Edit, issue: Issue) -> Edit:
        """What is left of the edit for labels: where the date stands elsewhere, none shall show one."""
        if edit.due_date is None or due_dates(issue.labels) == issue.due_dates == _wanted(edit):
            return edit
        if issue.due_dates == _wanted(edit):
            return replace(edit, due_date=None)
        return edit if isinstance(self._chosen(), _Labels) else replace(edit, due_date="")

    def cleared(self, edit: Edit, issue: Issue) -> bool:
        """Clears a date that a PATCH cannot clear; whether that took a request."""
        return edit.due_date == "" and bool(issue.due_dates) and self._chosen().cleared(issue.id)

    def is_elsewhere(self, data: Mapping[str, Any], day: str) -> bool:
        """After a refusal: whether dates are written otherwise by now, because a field or a milestone is gone."""
        if not data:
            return False
        self._writer = None
        return self.parts(day).data != data

    def verify(self, row: Row, data: Mapping[str, Any], day: str) -> None:
        """Holds what was sent against the answer. A date that was dropped will be dropped again: labels take it."""
        if not data or not day or self._carrier.shown(row) == day:
            return
        self._writer = None
        self._dropped = not (isinstance(self._carrier, Milestone) and row.get("milestone"))

    def findings(self, repository: Row) -> tuple[list[str], list[str]]:
        """Problems and warnings of a check: at most two reads, none where labels are all there is."""
        if isinstance(self._carrier, Label):
            return [], []
        owner = repository["owner"]
        field = self._field(owner)
        if self._settings.due_date == "issue_field" and field is None:
            lack = _NO_FIELD if _is_organisation(owner) else _NO_ORGANISATION
            return [lack.format(owner=owner["login"], field=self._settings.due_field)], []
        if self._dropped:
            return [], [_DROPPED.format(what=self._what)]
        return [], self._labelled() if field is not None or isinstance(self._carrier, Milestone) else []

    @property
    def _what(self) -> str:
        return "a milestone" if isinstance(self._carrier, Milestone) else f"the field {self._settings.due_field}"

    def _labelled(self) -> list[str]:
        query = {"state": "all", "labels": MARK, "per_page": 100}
        rows = self._wire.read(f"{self._place.home}/issues", query, many=True).data
        many = sum(bool(due_dates(labels_of(row))) for row in rows)
        return [_LABELLED.format(many=many, of=len(rows), what=self._what)] if many else []

    def _chosen(self) -> Writer:
        """How dates are written here, asked once, before the first one."""
        if self._writer is None:
            self._writer = self._found()
        return self._writer

    def _found(self) -> Writer:
        if self._dropped or isinstance(self._carrier, Label):
            return _Labels()
        if isinstance(self._carrier, Milestone):
            return _Milestones(self._wire, self._place)
        number = self._field(self._place.owner())
        return _Labels() if number is None else _Field(number, self._wire, self._place)

    def _field(self, owner: Row) -> int | None:
        """The organisation's date field, None where the owner is none or has none."""
        if not isinstance(self._carrier, IssueField) or not _is_organisation(owner):
            return None
        number = date_field(self._wire, owner["login"], self._carrier.name)
        self._carrier = replace(self._carrier, id=number or 0)
        return number


def _wanted(edit: Edit) -> tuple[str, ...]:
    return (edit.due_date,) if edit.due_date else ()


def _is_organisation(owner: Row) -> bool:
    return bool(owner["type"] == "Organization")
