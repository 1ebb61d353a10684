"""The field that holds the due date: `duedate`, a custom date, or a custom date with a time.

A calendar date is a string from end to end. Only where somebody chose a field with a time does it pass through a time
zone, the configured one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from ..settings import JiraSettings

NOON = time(12)
"""The hour we write: wherever people look from, nearly all see the same day."""


@dataclass(frozen=True, slots=True)
class DueField:
    """`name` is the field's id at Jira, `zone` the IANA zone whose days are meant where the field has a time."""

    name: str
    zone: str

    @classmethod
    def of(cls, settings: JiraSettings) -> DueField:
        """The configured one."""
        return cls(settings.due_field, settings.due_field_timezone or "UTC")

    def day(self, value: str | None) -> str | None:
        """The day that a value of Jira's means: itself, unless it has a time."""
        if not value or "T" not in value:
            return value or None
        try:
            return datetime.fromisoformat(value).astimezone(ZoneInfo(self.zone)).date().isoformat()
        except (ValueError, OverflowError):
            return value.partition("T")[0]

    def instant(self, day: str) -> str:
        """The day as a field with a time takes it; what is no date is left for Jira to refuse."""
        try:
            noon = datetime.combine(date.fromisoformat(day), NOON, ZoneInfo(self.zone))
        except ValueError:
            return day
        return noon.isoformat(timespec="milliseconds")[:23] + noon.strftime("%z")
