"""Where the contract is played: a tracker, a person who works there, and the tracker's clock."""

from __future__ import annotations

import hashlib
from base64 import b32encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from poam.connectors.base import Change, Created, Draft, Edit, Issue, Tracker
from poam.connectors.errors import TrackerError
from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.person import Person


def made(tracker: Tracker, draft: Draft) -> Created:
    """One new issue. Raises what was said of it."""
    (answer,) = tracker.create([draft])
    if isinstance(answer, TrackerError):
        raise answer
    return answer


@dataclass(frozen=True)
class Stage:
    """`lose_next_create` drops the connection of the next create, before or after its effect."""

    tracker: Tracker
    person: Person
    clock: Clock
    lose_next_create: Callable[[Literal["before", "after"]], None]

    def draft(self, name: str = "item", **fields: Any) -> Draft:
        """A draft with its own marker and some text."""
        marker = b32encode(hashlib.sha256(name.encode()).digest()).decode().lower()[:26]
        return Draft(**{"marker": marker, "title": f"Fix {name}", "body": f"Please fix {name}."} | fields)

    def create(self, name: str = "item", **fields: Any) -> str:
        """A new issue of ours; its id."""
        return made(self.tracker, self.draft(name, **fields)).id

    def edit(self, issue_id: str, edit: Edit) -> Issue:
        """Reads the issue and edits it."""
        return self.tracker.edit(self.tracker.get(issue_id), edit)

    def now(self) -> str:
        """The tracker's time."""
        return self.tracker.check().server_time

    def later(self) -> None:
        """Lets more time pass than any overlap or lag."""
        self.clock.advance(hours=2)

    def changes(self, issue_id: str, field: str) -> list[Change]:
        """What the issue's history says of a field."""
        return [change for change in self.tracker.get(issue_id).history if change.field == field]

    def found(self, name: str, since: str) -> list[str]:
        """The ids of the issues with that draft's marker, once every index has caught up."""
        self.later()
        return [issue.id for issue in self.tracker.find(self.draft(name).marker, since=since)]

    def read(self, cursor: str | None = None) -> str:
        """Reads what changed, once every index has caught up; the cursor to go on from."""
        self.later()
        return self.tracker.changed_since(cursor).cursor


Act = Callable[[Person, str], None]
ACTS: dict[str, Act] = {
    "start": lambda person, issue: person.start(issue),
    "close": lambda person, issue: person.close(issue),
    "reopen": lambda person, issue: person.reopen(issue),
    "set_due": lambda person, issue: person.set_due(issue, "2027-04-01"),
    "clear_due": lambda person, issue: person.set_due(issue, ""),
    "rename": lambda person, issue: person.rename(issue, "Renamed"),
    "rewrite_body": lambda person, issue: person.rewrite_body(issue, "Rewritten."),
    "label": lambda person, issue: person.label(issue, add=("urgent",)),
}
"""What people do to an issue that was due on 2027-03-01."""
