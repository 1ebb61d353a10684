"""Brings an issue to a status category along the transitions that its workflow offers, and remembers them.

Jira tells only the next steps, so the way is found by walking: a known way first, else the nearest unexplored
status. Statuses are told apart by their ids: names are translated, changed and given twice.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..base import Category, Issue, Status
from ..errors import Forbidden, Rejected
from ..settings import JiraSettings
from .reading import Json
from .ways import RESOLUTION, Way, way_of
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


@dataclass(slots=True)
class _Walk:
    """One issue on its way. `ways` is what is known of its workflow: status id to the transitions from there.

    `barred` is a way to the target that we met and cannot take, for want of something to fill in.
    """

    issue_id: str
    target: Category
    here: str
    ways: dict[str, list[Way]]
    been: set[str] = field(default_factory=set)
    barred: Way | None = None


class Workflow:
    """The transitions learnt so far. Issues of one type in one project have one workflow.

    The configuration's `statuses` give a status, by id or name, its work status.
    """

    def __init__(self, wire: Wire, settings: JiraSettings) -> None:
        self._wire = wire
        self._meanings = {name.casefold(): meaning for name, meaning in settings.statuses.items()}
        self._told = settings.transition_fields
        self._kinds: dict[str, str] = {}
        self._learnt: dict[str, dict[str, list[Way]]] = {}

    def met(self, raw: Json) -> None:
        """Notes of which project and type an issue is, and so which workflow it has."""
        fields = raw["fields"]
        if "project" in fields and "issuetype" in fields:
            self._kinds[str(raw["id"])] = f"{fields['project']['id']} {fields['issuetype']['id']}"

    def forget(self) -> None:
        """Forgets every transition: workflows are edited."""
        self._learnt.clear()

    def bring(self, issue: Issue, target: Category) -> bool:
        """Moves an issue from the status it has. Says whether it had to move. Raises Rejected."""
        if issue.status.category == target:
            return False
        # What is learnt at an issue whose workflow we do not know is for this walk alone.
        kind = self._kinds.get(issue.id)
        ways = self._learnt.setdefault(kind, {}) if kind else {}
        walk = _Walk(issue.id, target, issue.status.id, ways)
        for _ in range(MAX_HOPS):
            walk.been.add(walk.here)
            way = self._hop(walk)
            if way.to.category == target:
                return True
            walk.here = way.to.id
        raise self._no_way(walk)

    def _hop(self, walk: _Walk) -> Way:
        """One step. One remembered from another issue may not be open to this one, so it is asked anew."""
        remembered = walk.here in walk.ways
        try:
            return self._step(walk)
        except Forbidden:
            raise
        except Rejected:
            if not remembered:
                raise
        del walk.ways[walk.here]
        return self._step(walk)

    def _step(self, walk: _Walk) -> Way:
        if walk.here not in walk.ways:
            walk.ways[walk.here] = self._ask(walk.issue_id)
        way = self._towards(walk)
        if way is None:
            raise self._no_way(walk)
        self._take(walk.issue_id, way)
        return way

    def _ask(self, issue_id: str) -> list[Way]:
        params = {"expand": "transitions.fields"}
        answer = self._wire.read("GET", f"issue/{issue_id}/transitions", params=params, issue=issue_id)
        return sorted((way_of(raw, self._told) for raw in answer.data["transitions"]), key=self._detour)

    def _detour(self, way: Way) -> tuple[bool, bool]:
        """Straight ways first, and those into work before those back to the start."""
        return not self._straight(way.to), way.to.category != "doing"

    def _straight(self, to: Status) -> bool:
        name = to.name.casefold()
        meaning = self._meanings.get(to.id) or self._meanings.get(name) or _ASIDE.get(name) or WORK[to.category]
        return meaning == WORK[to.category]

    def _towards(self, walk: _Walk) -> Way | None:
        """The first step of the shortest known way, else of one to where nobody has looked around yet."""
        there = (way for way in walk.ways[walk.here] if way.lacking and self._arrives(way, walk))
        walk.barred = walk.barred or next(there, None)
        queue = deque((way, way) for way in _passable(walk.ways[walk.here]))
        seen, unexplored = set(walk.been), None
        while queue:
            first, way = queue.popleft()
            if self._arrives(way, walk):
                return first
            if way.to.category == "done" or way.to.id in seen:
                continue  # closing an issue to reopen it is no way to anywhere
            seen.add(way.to.id)
            if way.to.id not in walk.ways and self._promises(way, walk):
                unexplored = unexplored or first
            queue.extend((first, following) for following in _passable(walk.ways.get(way.to.id, ())))
        return unexplored

    def _arrives(self, way: Way, walk: _Walk) -> bool:
        return way.to.category == walk.target and self._straight(way.to)

    def _promises(self, way: Way, walk: _Walk) -> bool:
        """Whether to look around where a way leads. Once a way was barred, an issue is led on, but never back or aside:
        it would stay there.
        """
        return walk.barred is None or (way.to.category == "doing" and self._straight(way.to))

    def _take(self, issue_id: str, way: Way) -> None:
        *tries, last = self._bodies(way)
        for body in tries:
            try:
                self._post(issue_id, body)
                return
            except Rejected as refusal:
                if refusal.field != RESOLUTION:
                    raise
        self._post(issue_id, last)

    def _bodies(self, way: Way) -> Iterator[dict[str, Any]]:
        """What to send, and what to send where the resolution in it is refused: a screen may list one that the
        transition then refuses, or demand one that it does not list.
        """
        body = {"transition": {"id": way.id}}
        rest = {name: value for name, value in way.fields.items() if name != RESOLUTION}
        yield {**body, "fields": way.fields} if way.fields else body
        if rest != way.fields:
            yield {**body, "fields": rest} if rest else body
        elif RESOLUTION in self._told and way.to.category == "done":
            yield {**body, "fields": {**rest, RESOLUTION: {"name": self._told[RESOLUTION]}}}

    def _post(self, issue_id: str, body: Mapping[str, Any]) -> None:
        self._wire.write("POST", f"issue/{issue_id}/transitions", body=body, issue=issue_id)

    def _no_way(self, walk: _Walk) -> Rejected:
        hint = "map the status in statuses, or make a transition there"
        if walk.barred is not None:
            hint = f"give {', '.join(walk.barred.lacking)} for {walk.barred.name} in transition_fields, or {hint}"
        elif not walk.ways.get(walk.here):
            hint = "give the account the permission to transition issues"
        said = f"no transition open to us brings issue {walk.issue_id} to {WORK[walk.target]}"
        return Rejected(f"{self._wire.where}: {said}", hint=hint, field="status")


def _passable(ways: Iterable[Way]) -> list[Way]:
    """Those whose screens we can fill in; nothing is ever guessed."""
    return [way for way in ways if not way.lacking]
