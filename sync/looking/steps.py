"""The vocabulary of a plan: what is known about a link, and what one look at its issue leads to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from ...connectors.base import Account, Edit, Issue
from ...mapping.item import PoamItem, WorkStatus
from ...mapping.life import RequestKind
from ...mapping.profiles import Profile
from ..record.kinds import Answer, Base, Conflict, Link, Request, Sighting


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
    `poam set`), why, and on which day of the item's system. `status` is the work status that it set, if it set one;
    `own` tells that whoever decided took their own claim back.
    """

    source: str
    status: str
    reason: str
    day: str
    own: bool


@dataclass(frozen=True, slots=True)
class Stand:
    """What one of an item's several issues stands for: what its people said last, or somebody here for all of them."""

    link_id: str
    key: str
    work_status: WorkStatus
    forecast_date: str | None


@dataclass(frozen=True, slots=True)
class View:
    """Everything the record knows about one link. `sent` holds (field, value) pairs that we ourselves once wrote.

    `refused` holds writes, as the outbox keeps them, that the tracker would not take and nobody asked for again.
    `decision` is None once the engineers have claimed or declined the work anew. `forecast_said` is the journal's row
    in which a person here gave or withdrew the forecast that holds, 0 where it is a tracker's or came with the item;
    `forecast_row` is the last such row, whatever holds. `stand` is None for an item's only issue, `others` are the
    stands of its other issues. `answers` are owed to commands below the issue, `evidence` is what there is of the
    item's, as (kind, reference). `is_moving` tells that an edit of the status was sent whose end was not seen yet.
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
    forecast_row: int = 0
    stand: Stand | None = None
    others: tuple[Stand, ...] = ()
    answers: tuple[Answer, ...] = ()
    evidence: frozenset[tuple[str, str]] = frozenset()
    is_moving: bool = False

    @property
    def work(self) -> WorkStatus:
        """The work status that this issue stands for: the item's own, unless the item has several."""
        return self.stand.work_status if self.stand else self.item.work_status

    @property
    def own(self) -> PoamItem:
        """The item as this issue shows it: with the forecast of its own people."""
        return replace(self.item, forecast_date=self.stand.forecast_date) if self.stand else self.item

    def is_anothers(self, link_id: str | None) -> bool:
        """Whether something was asked for at another one of the item's issues, and not at this one or one before it."""
        return any(other.link_id == link_id for other in self.others)

    def disputes(self, name: str, *policies: str) -> bool:
        """Whether a conflict of one of these kinds is open over a field; of any kind, where none is named."""
        return any(each.field == name and each.policy in (policies or (each.policy,)) for each in self.conflicts)

    def conflict(self, name: str, policy: str) -> Conflict | None:
        """The open conflict of a kind over a field."""
        return next((each for each in self.conflicts if (each.field, each.policy) == (name, policy)), None)


@dataclass(frozen=True, slots=True)
class Observed:
    """What one person did to one field at the tracker, or said of it in a comment; `account` is None when the tracker
    does not say who. `reason` is what they gave as one.

    `crossed`: we wrote the field right after, before we had seen this: both changes are of the same moment.
    `overtaken`: somebody gave the field a later word that we have seen before; lists may lag, each by itself.
    """

    field: str
    old: str | None
    new: str | None
    account: Account | None
    at: str
    source: str
    crossed: bool = False
    reason: str = ""
    overtaken: bool = False

    @property
    def is_said(self) -> bool:
        """Whether a command says so, and not the issue itself."""
        return is_said(self.source)


def said_in(comment_id: int) -> str:
    """The source of what a comment says."""
    return f"comment {comment_id}"


def is_said(source: str) -> bool:
    """Whether a source is a comment."""
    return source.startswith("comment ")


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
class NewEvidence:
    """What may prove the work on an item: a person accepts it, or something better."""

    kind: str
    reference: str
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
    edit makes the issue show. `answers` are newly owed to commands, those to the comments in `answered` were seen.
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
    evidence: tuple[NewEvidence, ...] = ()
    answers: tuple[Answer, ...] = ()
    answered: frozenset[int] = frozenset()
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
                self.evidence,
                self.answers,
                self.answered,
                self.edit,
            )
        )

    @property
    def is_attributed(self) -> bool:
        """Whether the tracker named somebody for everything that was observed."""
        return all(one.account for one in self.observed)
