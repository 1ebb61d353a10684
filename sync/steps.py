"""The vocabulary of a plan: what is known about a link, and what one look at its issue leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ..connectors.base import Account, Capabilities, Edit
from ..connectors.settings import Text
from ..mapping.item import PoamItem
from ..mapping.life import RequestKind
from ..mapping.profiles import Profile
from .merge import Base
from .record.mirrors import Conflict, Link, Request, Sighting

Fields = Mapping[str, str | None]
"""Values of an issue's fields, in the record's words."""

NO_FIELDS: Fields = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Rules:
    """What holds for one connector in this cycle. `me` is our own account, `quiet_seconds` the quiet period."""

    connector: str
    me: str
    text: Text
    capabilities: Capabilities
    statuses: Mapping[str, str]
    later_date: str
    quiet_seconds: float


@dataclass(frozen=True, slots=True)
class View:
    """Everything the record knows about one link. `sent` holds (field, value) pairs that we ourselves once wrote.

    `refused` holds writes, as the outbox keeps them, that the tracker would not take and nobody asked for again.
    """

    item: PoamItem
    profile: Profile
    link: Link
    sighting: Sighting
    bases: Mapping[str, Base]
    requests: tuple[Request, ...] = ()
    conflicts: Mapping[str, Conflict] = field(default_factory=dict)
    refused: frozenset[str] = frozenset()
    sent: frozenset[tuple[str, str | None]] = frozenset()


@dataclass(frozen=True, slots=True)
class Observed:
    """What one person did to one field at the tracker; `account` is None when the tracker does not say who."""

    field: str
    old: str | None
    new: str | None
    account: Account | None
    at: str
    source: str


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
class Look:
    """What one look at an issue leads to: facts to write, pairs agreed, and the edit the issue needs.

    `withdrawn` are the moves that took back what still waited for a decision; `edited_fields` is what the
    edit makes the issue show.
    """

    view: View
    sighting: Sighting
    observed: tuple[Observed, ...] = ()
    item_changes: tuple[ItemChange, ...] = ()
    requests: tuple[NewRequest, ...] = ()
    conflicts: tuple[NewConflict, ...] = ()
    settled_conflicts: tuple[Conflict, ...] = ()
    withdrawn: Mapping[RequestKind, Observed] = field(default_factory=dict)
    bases: Mapping[str, Base] = field(default_factory=dict)
    edit: Edit | None = None
    edited_fields: Fields = field(default_factory=dict)
