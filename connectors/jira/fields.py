"""What to send for a new issue and for an edit, as the project's screens and fields want it."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from ..base import Draft, Edit
from ..settings import JiraSettings
from .checking import CreateScreen, missing_type
from .due import DueField
from .reading import MARK, Json, marker_label, marking
from .wire import Wire


class Fields:
    """Writes requests. Asks once what the create screen holds, and whether a custom due field has a time.

    `undated` leaves the due date out of new issues, as when Jira refused it there whatever the create screen says.
    """

    def __init__(self, wire: Wire, settings: JiraSettings) -> None:
        self._wire = wire
        self._settings = settings
        self._due = DueField.of(settings)
        self.undated = False

    def forget(self) -> None:
        """Takes nothing for known any more."""
        self.__dict__.pop("_screen", None)
        self.__dict__.pop("_has_time", None)
        self.undated = False

    def new(self, draft: Draft) -> dict[str, Any]:
        """The request for an issue. A due field that is not on the create screen is left out: it would fail it all."""
        labels = {MARK, marker_label(draft.marker), *draft.labels}
        fields: dict[str, Any] = {
            "project": {"key": self._settings.project},
            "issuetype": {"id": self._screen.type_id},
            "summary": draft.title,
            "description": draft.body,
            "labels": sorted(labels),
        }
        if draft.due_date and not self.undated and self._due.name in self._screen.fields:
            fields |= self._dated(draft.due_date)
        return {"fields": fields, "properties": marking(draft.marker)}

    def dates(self, update: Json) -> bool:
        """Whether the request for an issue sets its due date."""
        return self._due.name in update["fields"]

    def changes(self, edit: Edit) -> dict[str, Any]:
        """The request for the fields, labels and marks that an edit sets, empty when that is nothing."""
        wanted = {"summary": edit.title, "description": edit.body}
        fields: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
        if edit.due_date is not None:
            fields |= self._dated(edit.due_date)
        marks = {MARK, marker_label(edit.marker)} if edit.marker else set()
        labels = [{"add": label} for label in sorted(edit.add_labels | marks)]
        labels += [{"remove": label} for label in sorted(edit.remove_labels)]
        properties = marking(edit.marker) if edit.marker else []
        body = {"fields": fields, "update": {"labels": labels} if labels else {}, "properties": properties}
        return {name: value for name, value in body.items() if value}

    def _dated(self, day: str) -> dict[str, str | None]:
        """The due field with that day; an empty one clears it."""
        return {self._due.name: (self._due.instant(day) if self._has_time else day) if day else None}

    @cached_property
    def _screen(self) -> CreateScreen:
        """The create screen."""
        screen = CreateScreen.read(self._wire, self._settings)
        if not screen.type_id:
            raise missing_type(self._wire, self._settings, screen)
        return screen

    @cached_property
    def _has_time(self) -> bool:
        """Whether a value of the due field is an instant. The catalogue tells, whatever screens the field is on."""
        if self._due.name == "duedate":
            return False
        kinds = {field["id"]: field.get("schema", {}).get("type") for field in self._wire.read("GET", "field").data}
        return kinds.get(self._due.name) == "datetime"
