"""What an edit means in GitHub's requests, given the issue as it stands. Pure."""

from __future__ import annotations

from urllib.parse import quote

from ..base import Edit, Issue, Status
from .reading import (
    IN_PROGRESS,
    MARK,
    WORK_LABELS,
    due_label,
    is_due_label,
    join_body,
)

_CLOSE = {"state": "closed", "state_reason": "completed"}
_REOPEN = {"state": "open", "state_reason": "reopened"}


def labels_after(edit: Edit, issue: Issue) -> tuple[list[str], list[str]]:
    """The labels to add and those to remove, in a fixed order; none that is there, or gone, already."""
    present = issue.labels
    due_add, due_remove = _due_labels(edit, present)
    work_add, work_remove = _work_labels(edit, present, issue.status)
    mark = {MARK} if edit.marker and not issue.marked else set()
    add = edit.add_labels | due_add | work_add | mark
    remove = (edit.remove_labels | due_remove | work_remove) - add
    return sorted(add - present), sorted(remove & present)


def patch_of(edit: Edit, issue: Issue) -> dict[str, str]:
    """The PATCH that brings title, body and state to what the edit wants, empty when they are there."""
    wanted = {}
    if edit.title not in (None, issue.title):
        wanted["title"] = edit.title or ""
    text = (edit.marker or issue.marker, issue.body if edit.body is None else edit.body)
    if text != (issue.marker, issue.body):
        wanted["body"] = join_body(*text)
    return wanted | _move(edit, issue.status)


def label_path(labels: str, name: str) -> str:
    """The address of one label of an issue, whatever characters its name has."""
    return f"{labels}/{quote(name, safe='')}"


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
    """`todo` takes the labels of work off, `doing` needs one of them, and what is closed is not in progress.

    That label stays until the issue is closed: taken off before, it would open the work again for a moment.
    """
    shown = frozenset(name for name in present if name.casefold() in WORK_LABELS)
    if status.category == "done" and edit.status in (None, "done"):
        return frozenset(), frozenset(name for name in shown if name.casefold() == IN_PROGRESS)
    if edit.status in (None, status.category, "done"):
        return frozenset(), frozenset()
    if edit.status == "todo":
        return frozenset(), shown
    return (frozenset() if shown else frozenset({IN_PROGRESS})), frozenset()
