"""Instants as the record writes them: ISO 8601 UTC with milliseconds and `Z`. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta


def iso(moment: datetime) -> str:
    """An instant as the record writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """The instant that a text of the record or of a tracker means."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def later(text: str, wait: timedelta) -> str:
    """An instant so much later."""
    return iso(moment(text) + wait)
