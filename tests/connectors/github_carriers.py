"""A sandbox GitHub for each place of due dates besides labels, with an engineer who uses it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import Any, Literal

from poam.connectors.sandbox.github_person import GithubPerson
from poam.connectors.sandbox.github_planning import TARGET
from poam.connectors.sandbox.server import Fault

from .github_stage import REPOSITORY, GithubStage
from .stage import Stage


class _Planner(GithubPerson):
    """Reads an issue as it stands, too."""

    def row(self, issue_id: str) -> Any:
        """All that GitHub shows of it."""
        return self._send("GET", f"{self._issues}/{issue_id}")


class FieldPerson(_Planner):
    """Moves a date in the organisation's field."""

    def set_due(self, issue_id: str, date: str) -> None:
        self.give(issue_id, TARGET.id, date)

    def give(self, issue_id: str, field_id: int, value: str) -> None:
        """Sets any field, or clears it."""
        values = f"{self._issues}/{issue_id}/issue-field-values"
        if value:
            self._send("POST", values, {"issue_field_values": [{"field_id": field_id, "value": value}]})
        else:
            self._send("DELETE", f"{values}/{field_id}")


class MilestonePerson(_Planner):
    """Moves an issue from milestone to milestone."""

    def set_due(self, issue_id: str, date: str) -> None:
        self.put(issue_id, self.milestone(f"Due {date}", f"{date}T12:00:00Z") if date else None)

    def put(self, issue_id: str, milestone: int | None) -> None:
        """Puts the issue into a milestone, or takes it out."""
        self._send("PATCH", f"{self._issues}/{issue_id}", {"milestone": milestone})

    def milestone(self, title: str, due_on: str | None) -> int:
        """The number of a milestone, a new one if there is none of that title."""
        known = {row["title"]: int(row["number"]) for row in self._send("GET", f"{self._home}?state=all&per_page=100")}
        if title not in known:
            known[title] = int(self._send("POST", self._home, {"title": title, "due_on": due_on})["number"])
        return known[title]

    def change_milestone(self, number: int, **wanted: Any) -> None:
        """Edits a milestone, for all its issues."""
        self._send("PATCH", f"{self._home}/{number}", wanted)

    def delete_milestone(self, number: int) -> None:
        """Deletes a milestone."""
        self._send("DELETE", f"{self._home}/{number}")

    @property
    def _home(self) -> str:
        return self._issues.removesuffix("/issues") + "/milestones"


PERSONS: Mapping[str, type[GithubPerson]] = {
    "label": GithubPerson,
    "issue_field": FieldPerson,
    "milestone": MilestonePerson,
}


@contextmanager
def carried(due_date: str, *, person: str = "") -> Iterator[GithubStage]:
    """A stage in a repository of an organisation with one date field, configured for this place of dates."""
    with GithubStage.open() as opened:
        opened.sandbox.planning.belong_to_organisation(TARGET)
        kind = PERSONS[person or due_date]
        with closing(opened.another(due_date=due_date)) as tracker:
            engineer = kind(opened.server.url, REPOSITORY, "maya-token")
            opened.server.requests.clear()
            yield replace(opened, tracker=tracker, person=engineer)


@contextmanager
def contract(due_date: str) -> Iterator[Stage]:
    """The contract's stage there."""
    with carried(due_date) as opened:

        def lose_next_create(when: Literal["before", "after"]) -> None:
            opened.server.faults.append(Fault("POST", "/issues$", "drop", when))

        yield Stage(opened.tracker, opened.person, opened.clock, lose_next_create)
