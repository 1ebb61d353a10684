"""Brings an issue to a status category along the transitions that its workflow offers, and remembers them.

Jira tells only the next steps, so the way is found by walking: a known way first, else the nearest unexplored
status.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..base import Category, Status
from ..errors import Forbidden, Rejected
from .reading import Json, category
from .wire import Wire

MAX_HOPS = 4

WORK: Mapping[Category, str] = {"todo": "not_started", "doing": "in_progress", "done": "done"}
"""The work status that we mean when we ask for a category."""

# What statuses mean that stand aside of the straight way, unless the configuration says otherwise.
_ASIDE = {
    **dict.fromkeys(("won't do", "won't fix", "wont do", "rejected", "declined", "duplicate"), "wont_do"),
    **dict.fromkeys(("cancelled", "canceled", "abandoned", "obsolete", "invalid"), "wont_do"),
    **dict.fromkeys(("blocked", "on hold", "waiting", "impeded"), "blocked"),
}
_FINISHED = ("done", "fixed", "completed", "complete", "resolved")


@dataclass(frozen=True, slots=True)
class Way:
    """A transition: where it leads and the fields of its screen."""

    id: str
    to_name: str
    to: Category
    screen: Mapping[str, Json]

    @property
    def resolution(self) -> Json | None:
        """The resolution to send, if this transition asks for one and offers one that means finished."""
        offered = (self.screen.get("resolution") or {}).get("allowedValues") or ()
        by_name = {value["name"].casefold(): value for value in offered if self.to == "done"}
        return next(({"id": by_name[name]["id"]} for name in _FINISHED if name in by_name), None)

    @property
    def passable(self) -> bool:
        """Whether we can fill in what its screen requires; nothing is ever guessed."""
        required = {name for name, field in self.screen.items() if _must_be_given(field)}
        return required <= ({"resolution"} if self.resolution else set())


class Workflow:
    """The transitions learnt so far, by the name of the status they start from: one project has no name twice.

    `meanings` is the configuration's: status name to work status.
    """

    def __init__(self, wire: Wire, meanings: Mapping[str, str]) -> None:
        self._wire = wire
        self._meanings = {name.casefold(): meaning for name, meaning in meanings.items()}
        self._learnt: dict[str, list[Way]] = {}

    def bring(self, issue_id: str, status: Status, target: Category) -> bool:
        """Moves an issue that stands at `status`. Says whether it had to move. Raises Rejected."""
        if status.category == target:
            return False
        here = status.name
        been = {here}
        for _ in range(MAX_HOPS):
            way = self._hop(issue_id, here, target, been)
            if way.to == target:
                return True
            here = way.to_name
            been.add(here)
        raise self._no_way(issue_id, target)

    def _hop(self, issue_id: str, here: str, target: Category, been: set[str]) -> Way:
        """One step. One remembered from another issue may not be open to this one, so it is asked anew."""
        remembered = here in self._learnt
        try:
            return self._step(issue_id, here, target, been)
        except Forbidden:
            raise
        except Rejected:
            if not remembered:
                raise
        del self._learnt[here]
        return self._step(issue_id, here, target, been)

    def _step(self, issue_id: str, here: str, target: Category, been: set[str]) -> Way:
        if here not in self._learnt:
            self._learnt[here] = self._ask(issue_id)
        way = self._towards(here, target, been)
        if way is None:
            raise self._no_way(issue_id, target)
        self._take(issue_id, way)
        return way

    def _ask(self, issue_id: str) -> list[Way]:
        params = {"expand": "transitions.fields"}
        answer = self._wire.read("GET", f"issue/{issue_id}/transitions", params=params, issue=issue_id)
        ways = [_way(raw) for raw in answer.data["transitions"]]
        return sorted((way for way in ways if way.passable), key=self._detour)

    def _detour(self, way: Way) -> tuple[bool, bool]:
        """Straight ways first, and those into work before those back to the start."""
        return not self._straight(way), way.to != "doing"

    def _straight(self, way: Way) -> bool:
        name = way.to_name.casefold()
        meaning = self._meanings.get(name) or _ASIDE.get(name) or WORK[way.to]
        return meaning == WORK[way.to]

    def _towards(self, here: str, target: Category, been: Iterable[str]) -> Way | None:
        """The first step of the shortest known way, else of one to where nobody has looked around yet."""
        queue = deque((way, way) for way in self._learnt[here])
        seen, unexplored = set(been), None
        while queue:
            first, way = queue.popleft()
            if way.to == target and self._straight(way):
                return first
            if way.to == "done" or way.to_name in seen:
                continue  # closing an issue to reopen it is no way to anywhere
            seen.add(way.to_name)
            if way.to_name not in self._learnt:
                unexplored = unexplored or first
            queue.extend((first, following) for following in self._learnt.get(way.to_name, ()))
        return unexplored

    def _take(self, issue_id: str, way: Way) -> None:
        body: dict[str, Any] = {"transition": {"id": way.id}}
        path = f"issue/{issue_id}/transitions"
        if way.resolution:
            try:
                self._wire.write("POST", path, body={**body, "fields": {"resolution": way.resolution}}, issue=issue_id)
                return
            except Rejected as refusal:
                # Some screens list a resolution that the transition then refuses.
                if refusal.field != "resolution":
                    raise
        self._wire.write("POST", path, body=body, issue=issue_id)

    def _no_way(self, issue_id: str, target: Category) -> Rejected:
        return Rejected(
            f"{self._wire.where}: no transition open to us brings issue {issue_id} to {WORK[target]}",
            hint="give the account the permission to transition issues, or map the status in statuses",
            field="status",
        )


def _must_be_given(field: Json) -> bool:
    return bool(field.get("required")) and not field.get("hasDefaultValue")


def _way(raw: Json) -> Way:
    to = raw["to"]
    return Way(str(raw["id"]), to["name"], category(to), raw.get("fields") or {})
