"""What an edit means in GitHub's requests, given the issue as it stands. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from ..base import Edit, Status
from .reading import (
    IN_PROGRESS,
    MARK,
    WORK_LABELS,
    due_label,
    is_due_label,
    is_marked,
    join_body,
    labels_of,
    split_body,
    status_of,
)

Row = Mapping[str, Any]

_CLOSE = {"state": "closed", "state_reason": "completed"}
_REOPEN = {"state": "open", "state_reason": "reopened"}


def labels_after(edit: Edit, row: Row) -> tuple[list[str], list[str]]:
    """The labels to add and those to remove, in a fixed order; none that is there, or gone, already."""
    present = labels_of(row)
    due_add, due_remove = _due_labels(edit, present)
    work_add, work_remove = _work_labels(edit, present, _status(row))
    mark = {MARK} if edit.marker and not is_marked(present) else set()
    add = edit.add_labels | due_add | work_add | mark
    remove = (edit.remove_labels | due_remove | work_remove) - add
    return sorted(add - present), sorted(remove & present)


def patch_of(edit: Edit, row: Row) -> dict[str, str]:
    """The PATCH that brings title, body and state to what the edit wants, empty when they are there."""
    wanted = {}
    if edit.title not in (None, row["title"]):
        wanted["title"] = edit.title or ""
    marker, body = split_body(row["body"])
    text = (edit.marker or marker, body if edit.body is None else edit.body)
    if text != (marker, body):
        wanted["body"] = join_body(*text)
    return wanted | _move(edit, _status(row))


def label_path(labels: str, name: str) -> str:
    """The address of one label of an issue, whatever characters its name has."""
    return f"{labels}/{quote(name, safe='')}"


def _status(row: Row) -> Status:
    return status_of(row["state"] == "closed", row.get("state_reason"), labels_of(row))


def _move(edit: Edit, status: Status) -> dict[str, str]:
    """Nothing where the issue is in the wanted category: a reason that a person gave stays."""
    if edit.status in (None, status.category):
        return {}
    if edit.status == "done":
        return _CLOSE
    return _REOPEN if status.category == "done" else {}


def _due_labels(edit: Edit, present: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    if edit.due_date is None:
        return frozenset(), frozenset()
    wanted = frozenset({due_label(edit.due_date)} if edit.due_date else ())
    return wanted, frozenset(filter(is_due_label, present)) - wanted


def _work_labels(edit: Edit, present: frozenset[str], status: Status) -> tuple[frozenset[str], frozenset[str]]:
    """`todo` takes the labels of work off, `doing` needs one of them."""
    shown = frozenset(name for name in present if name.casefold() in WORK_LABELS)
    if edit.status in (None, status.category, "done"):
        return frozenset(), frozenset()
    if edit.status == "todo":
        return frozenset(), shown
    return (frozenset() if shown else frozenset({IN_PROGRESS})), frozenset()
