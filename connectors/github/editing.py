"""What an edit means in GitHub's requests, given the issue as it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..base import Edit, Status
from .reading import (
    IN_PROGRESS,
    WORK_LABELS,
    due_label,
    is_due_label,
    join_body,
    labels_of,
    split_body,
    status_of,
)

Row = Mapping[str, Any]

_CLOSE = {"state": "closed", "state_reason": "completed"}
_REOPEN = {"state": "open", "state_reason": "reopened"}


def needs_look(edit: Edit) -> bool:
    """Whether what to write depends on what is there: other due labels, the marker's line, the state."""
    return not (edit.due_date is None and edit.body is None and edit.status is None)


def labels_after(edit: Edit, row: Row | None) -> tuple[list[str], list[str]]:
    """The labels to add and those to remove, in a fixed order. Without a row only those the edit names."""
    present = labels_of(row) if row else frozenset()
    due_add, due_remove = _due_labels(edit, present)
    work_add, work_remove = _work_labels(edit, present, _status(row))
    add = edit.add_labels | due_add | work_add
    remove = (edit.remove_labels | due_remove | work_remove) - add
    return sorted(add - present), sorted(remove & present if row else remove)


def patch_of(edit: Edit, row: Row | None) -> dict[str, str]:
    """The PATCH that brings title, body and state to what the edit wants, empty when they are there."""
    wanted = {} if edit.title is None else {"title": edit.title}
    if row is None:
        return wanted
    if edit.title == row["title"]:
        wanted = {}
    marker, body = split_body(row["body"])
    if edit.body not in (None, body):
        wanted["body"] = join_body(marker, edit.body or "")
    return wanted | _move(edit, _status(row))


def label_path(labels: str, name: str) -> str:
    """The address of one label of an issue, whatever characters its name has."""
    return f"{labels}/{quote(name, safe='')}"


def _status(row: Row | None) -> Status | None:
    return status_of(row["state"] == "closed", row.get("state_reason"), labels_of(row)) if row else None


def _move(edit: Edit, status: Status | None) -> dict[str, str]:
    """Nothing where the issue is in the wanted category: a reason that a person gave stays."""
    if edit.status is None or status is None or status.category == edit.status:
        return {}
    if edit.status == "done":
        return _CLOSE
    return _REOPEN if status.category == "done" else {}


def _due_labels(edit: Edit, present: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    if edit.due_date is None:
        return frozenset(), frozenset()
    wanted = frozenset({due_label(edit.due_date)} if edit.due_date else ())
    return wanted, frozenset(filter(is_due_label, present)) - wanted


def _work_labels(edit: Edit, present: frozenset[str], status: Status | None) -> tuple[frozenset[str], frozenset[str]]:
    """`todo` takes the labels of work off, `doing` needs one of them."""
    shown = frozenset(name for name in present if name.casefold() in WORK_LABELS)
    if status is None or status.category == edit.status or edit.status not in ("todo", "doing"):
        return frozenset(), frozenset()
    if edit.status == "todo":
        return frozenset(), shown
    return (frozenset() if shown else frozenset({IN_PROGRESS})), frozenset()
