"""What the engine's edits say."""

from __future__ import annotations

from dataclasses import fields

from poam.connectors.base import Edit, Issue
from poam.mapping.issue_text import with_block


def changes_something(issue: Issue, edit: Edit) -> bool:
    """Whether every field of the edit differs from the issue that it was made for."""
    due = issue.due_dates[0] if len(issue.due_dates) == 1 else None
    return (
        edit.title != issue.title
        and edit.body != issue.body
        and (edit.due_date is None or len(issue.due_dates) > 1 or (edit.due_date or None) != due)
        and edit.status != issue.status.category
        and not edit.add_labels & issue.labels
        and edit.remove_labels <= issue.labels
        and (edit.marker is None or issue.marker != edit.marker or not issue.marked)
        and edit != Edit()
    )


def erases(seen: Issue, edit: Edit) -> bool:
    """Whether the edit takes away what people wrote around our block in the issue as it was last seen."""
    return edit.body is not None and not _lines(with_block(seen.body, "")) <= _lines(edit.body)


def _lines(text: str) -> set[str]:
    return {line.strip() for line in text.splitlines()} - {""}


def told(edit: Edit) -> str:
    """An edit for the trace."""
    plain = {
        name: sorted(value) if isinstance(value, frozenset) else value
        for name, value in ((each.name, getattr(edit, each.name)) for each in fields(edit))
        if value not in (None, frozenset())
    }
    if "body" in plain:
        plain["body"] = f"{len(plain['body'])} characters"
    return str(plain)
