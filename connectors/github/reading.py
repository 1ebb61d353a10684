"""From GitHub's rows to the port's issues: marker, labels that mean something, status. Pure."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from ..base import Account, Change, Issue, Status
from .answers import instant

MARK = "poam"
IN_PROGRESS = "in progress"
BLOCKED = "blocked"
WORK_LABELS = frozenset({IN_PROGRESS, BLOCKED})

_DUE = re.compile(r"due:(\d{4}-\d{2}-\d{2})", re.ASCII | re.IGNORECASE)
_MARKER = re.compile(r"\A<!-- poam-sync marker=([a-z2-7]+) -->[ \t]*(?:\n|\Z)")


def due_label(day: str) -> str:
    """The label that carries a due date."""
    return f"due:{day}"


def due_dates(labels: Iterable[str]) -> tuple[str, ...]:
    """The dates in `due:YYYY-MM-DD` labels, sorted; a label that names no day of the calendar is no date."""
    found = (_DUE.fullmatch(label) for label in labels)
    return tuple(sorted({match[1] for match in found if match and _is_day(match[1])}))


def is_due_label(label: str) -> bool:
    """Whether a label carries a due date."""
    return bool(due_dates([label]))


def status_of(closed: bool, reason: str | None, labels: Iterable[str]) -> Status:
    """The neutral status. Closing without a reason means completed; of two work labels `blocked` counts."""
    if closed:
        name = reason if reason in ("not_planned", "duplicate") else "completed"
        return Status(name, "done", name)
    names = {label.casefold() for label in labels}
    work = next((name for name in (BLOCKED, IN_PROGRESS) if name in names), None)
    return Status(work, "doing") if work else Status("open", "todo")


def labels_of(row: Mapping[str, Any]) -> frozenset[str]:
    """The names of an issue's labels, which GitHub writes as objects or as texts.

    Ours are in small letters: where a person made the label object first, GitHub shows it in that person's.
    """
    names = (label if isinstance(label, str) else label["name"] for label in row["labels"])
    return frozenset(name.lower() if name.casefold().startswith(MARK) else name for name in names)


def is_marked(labels: Iterable[str]) -> bool:
    """Whether our mark is there; on GitHub, labels differ by more than their case."""
    return MARK in {label.casefold() for label in labels}


def split_body(text: str | None) -> tuple[str | None, str]:
    """The marker in the first line, if it is there, and the rest with `\\n` line ends."""
    plain = (text or "").replace("\r\n", "\n").replace("\r", "\n")
    match = _MARKER.match(plain)
    return (match[1], plain[match.end() :]) if match else (None, plain)


def join_body(marker: str | None, body: str) -> str:
    """The opposite of `split_body`."""
    return f"<!-- poam-sync marker={marker} -->\n{body}" if marker else body


def account_of(user: Mapping[str, Any] | None) -> Account:
    """A user; whoever deleted their account is GitHub's `ghost`."""
    login = user["login"] if user else "ghost"
    return Account(login, login)


def moment(text: str) -> str:
    """GitHub's `2026-03-02T12:00:00Z` as the port writes it."""
    return instant(datetime.fromisoformat(text))


def version_of(row: Mapping[str, Any]) -> str:
    """Changes with GitHub's time of change and with everything we look at: two changes may share a second."""
    seen = [row["title"], row["body"], row["state"], row.get("state_reason"), sorted(labels_of(row)), row["comments"]]
    seen += _other_dates(row)
    digest = hashlib.sha256(json.dumps(seen).encode()).hexdigest()[:10]
    return f"{row['updated_at']}-{digest}"


def issue_of(row: Mapping[str, Any], repository: str, history: Iterable[Change] = ()) -> Issue:
    """The port's issue. Its id is the number, which GitHub never uses twice in a repository."""
    marker, body = split_body(row["body"])
    labels = labels_of(row)
    return Issue(
        id=str(row["number"]),
        key=f"{repository}#{row['number']}",
        url=row["html_url"],
        title=row["title"],
        body=body,
        status=status_of(row["state"] == "closed", row.get("state_reason"), labels),
        due_dates=due_dates(labels),
        labels=labels,
        marker=marker,
        author=account_of(row["user"]),
        created=moment(row["created_at"]),
        updated=moment(row["updated_at"]),
        version=version_of(row),
        history=tuple(history),
        marked=is_marked(labels),
    )


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _other_dates(row: Mapping[str, Any]) -> list[Any]:
    """What may show a date besides labels: setting a field, or moving a milestone's day, may not count as a change."""
    values = [value.get("value") for value in row.get("issue_field_values") or () if value.get("data_type") == "date"]
    ends = (row.get("milestone") or {}).get("due_on")
    return values + ([ends] if ends else [])
