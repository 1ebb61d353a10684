"""A look while it is put together, field by field. Pure; it never leaves the planning modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ...connectors.base import Issue
from ...mapping.item import PoamItem
from ...mapping.life import RequestKind
from ..record.kinds import Answer, Base, Request
from .history import seen_values
from .merge import Merged
from .rules import Rules
from .steps import ItemChange, NewConflict, NewEvidence, NewRequest, Observed, View, Writes, Written


@dataclass(slots=True)
class Sketch:
    """What is known, and what follows so far. `wrote` is what we have just written and are reading back."""

    view: View
    issue: Issue
    rules: Rules
    now: str
    observed: tuple[Observed, ...] = ()
    wrote: Writes = field(default_factory=dict)
    item_changes: list[ItemChange] = field(default_factory=list)
    requests: list[NewRequest] = field(default_factory=list)
    conflicts: list[NewConflict] = field(default_factory=list)
    sighting_changes: dict[str, str | None] = field(default_factory=dict)
    bases: dict[str, Base] = field(default_factory=dict)
    pushes: dict[str, Written] = field(default_factory=dict)
    equal: set[str] = field(default_factory=set)
    withdrawn: dict[RequestKind, Observed] = field(default_factory=dict)
    evidence: list[NewEvidence] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)
    answered: frozenset[int] = frozenset()
    stands_for: dict[str, str | None] = field(default_factory=dict)

    @property
    def item(self) -> PoamItem:
        """The item with everything that follows so far."""
        item = self.view.item
        for change in self.item_changes:
            item = replace(item, **change.values)  # type: ignore[arg-type]
        return item

    @property
    def after(self) -> View:
        """The view with everything that follows so far."""
        requests = tuple(
            request
            for request in self.view.requests
            if not (request.state == "waiting" and request.kind in self.withdrawn)
        )
        stand = self.view.stand and replace(self.view.stand, **self.stands_for)  # type: ignore[arg-type]
        return replace(self.view, item=self.item, requests=requests, stand=stand)

    def seen(self, name: str) -> str | None:
        """A field as the issue shows it."""
        return seen_values(self.issue, self.rules)[name]

    def proposal(self, name: str) -> Observed | None:
        """The last thing a person did to a field: what they want now."""
        return next((one for one in reversed(self.observed) if one.field == name and not one.overtaken), None)

    def change(self, values: Mapping[str, str | int | None], because: Observed, reason: str) -> None:
        """New values for the item."""
        self.item_changes.append(ItemChange(values, because, reason))

    def conclude(self, name: str, merged: Merged, seen: str | None, *, version: int = 0, alike: bool = False) -> None:
        """Notes the pair both sides agree on, or the push that is owed.

        A write after which the issue shows what it showed before is as good as it gets; where it shows a third thing, a
        person may have been quicker. `alike`: the tracker shows the value well enough, if in another word.
        """
        if merged.agreed and (merged.value == seen or alike):
            self.equal.add(name)
        in_vain = self.wrote.get(name) == Written(merged.value, seen)
        if merged.agreed or (merged.push and in_vain):
            self.bases[name] = Base(merged.value, seen, version)
            if merged.push and name in ("due_date", "work_status"):
                self.conflicts.append(NewConflict(name, None, merged.value, seen, None, "refused"))
        elif merged.push:
            self.pushes[name] = Written(merged.value, seen)


def waits(request: Request) -> bool:
    """Whether a later date waits for its decision."""
    return request.kind == RequestKind.LATER_DATE and request.state == "waiting"
