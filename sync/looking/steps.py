"""The vocabulary of a plan: what is known about a link, and what one look at its issue leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ...connectors.base import Account, Edit, Issue
from ...mapping.item import PoamItem
from ...mapping.life import RequestKind
from ...mapping.profiles import Profile
from ..record.kinds import Base, Conflict, Link, Request, Sighting


@dataclass(frozen=True, slots=True)
class Written:
    """A value that an edit gives a field, and what the issue showed before; both in the record's words."""

    value: str | None
    before: str | None


Writes = Mapping[str, Written]
"""What an edit writes, by field."""

NOTHING_WRITTEN: Writes = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class WorkDecision:
    """What was last decided about the work of an item: under which rule (`T7`, `request 3`, `conflict 2`, blank for
    `poam set`), why, and on which day of the item's system. `status` is the work status that it set, if it set one.
    """

    source: str
    status: str
    reason: str
    day: str


@dataclass(frozen=True, slots=True)
class View:
    """Everything the record knows about one link. `sent` holds (field, value) pairs that we ourselves once wrote.

    `refused` holds writes, as the outbox keeps them, that the tracker would not take and nobody asked for again.
    `decision` is None once the engineers have claimed or declined the work anew. `forecast_said` is the journal's row
    in which a person here gave or withdrew the forecast that holds, 0 where it is a tracker's or came with the item.
    """

    item: PoamItem
    profile: Profile
    link: Link
    sighting: Sighting
    bases: Mapping[str, Base]
    requests: tuple[Request, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    refused: frozenset[str] = frozenset()
    sent: frozenset[tuple[str, str | None]] = frozenset()
    decision: WorkDecision | None = None
    forecast_said: int = 0

    def disputes(self, name: str, *policies: str) -> bool:
        """Whether a conflict of one of these kinds is open over a field; of any kind, where none is named."""
        return any(each.field == name and each.policy in (policies or (each.policy,)) for each in self.conflicts)

    def conflict(self, name: str, policy: str) -> Conflict | None:
        """The open conflict of a kind over a field."""
        return next((each for each in self.conflicts if (each.field, each.policy) == (name, policy)), None)


@dataclass(frozen=True, slots=True)
class Observed:
    """What one person did to one field at the tracker; `account` is None when the tracker does not say who.

    `crossed`: we wrote the field right after, before we had seen this: both changes are of the same moment.
    """

    field: str
    old: str | None
    new: str | None
    account: Account | None
    at: str
    source: str
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class ItemChange:
    """New values for an item's fields, because of something observed."""

    values: Mapping[str, str | int | None]
    because: Observed
    reason: str


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A decision to queue for a person; a waiting one of the same kind is superseded."""

    kind: RequestKind
    requested_date: str | None
    due_date: str | None
    because: Observed


@dataclass(frozen=True, slots=True)
class NewConflict:
    """Two values for one field that a person has to see."""

    field: str
    base_value: str | None
    record_value: str | None
    tracker_value: str | None
    because: Observed | None
    policy: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a plan, what one look at an issue leads to: facts to write, pairs agreed, and the edit the issue needs.

    `withdrawn` are the moves that took back what still waited for a decision; `edited_fields` is what the
    edit makes the issue show.
    """

    view: View
    issue: Issue
    sighting: Sighting
    observed: tuple[Observed, ...] = ()
    item_changes: tuple[ItemChange, ...] = ()
    requests: tuple[NewRequest, ...] = ()
    conflicts: tuple[NewConflict, ...] = ()
    settled_conflicts: tuple[Conflict, ...] = ()
    withdrawn: Mapping[RequestKind, Observed] = field(default_factory=dict)
    bases: Mapping[str, Base] = field(default_factory=dict)
    edit: Edit | None = None
    edited_fields: Writes = field(default_factory=dict)

    @property
    def has_news(self) -> bool:
        """Whether anything at all follows."""
        return self.sighting != self.view.sighting or any(
            (
                self.observed,
                self.item_changes,
                self.requests,
                self.withdrawn,
                self.conflicts,
                self.settled_conflicts,
                self.bases,
                self.edit,
            )
        )

    @property
    def is_attributed(self) -> bool:
        """Whether the tracker named somebody for everything that was observed."""
        return all(one.account for one in self.observed)
