"""An engineer at a tracker: what people do there, done through the tracker's own API with their own account."""

from __future__ import annotations

from typing import Literal, Protocol

Closing = Literal["completed", "wont_do", "duplicate"]


class Person(Protocol):
    """One user of one tracker. Issue ids are the port's. Every act is one or a few real HTTP requests."""

    account: str

    def start(self, issue_id: str) -> None:
        """Takes the issue into work (In Progress; on GitHub the label `in progress`)."""
        ...

    def close(self, issue_id: str, how: Closing = "completed") -> None:
        """Closes the issue as done, declined or duplicate."""
        ...

    def reopen(self, issue_id: str) -> None:
        """Reopens a closed issue."""
        ...

    def set_due(self, issue_id: str, date: str) -> None:
        """Moves the due date; an empty text clears it."""
        ...

    def rename(self, issue_id: str, title: str) -> None:
        """Edits the title."""
        ...

    def rewrite_body(self, issue_id: str, body: str) -> None:
        """Replaces the whole description."""
        ...

    def label(self, issue_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """Adds and removes labels."""
        ...

    def comment(self, issue_id: str, text: str) -> None:
        """Says something below the issue."""
        ...

    def clone(self, issue_id: str) -> str:
        """Copies an issue with title, body and labels (and so with our marker); returns the copy's id."""
        ...

    def delete(self, issue_id: str) -> None:
        """Deletes the issue for good."""
        ...
