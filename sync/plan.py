"""A cycle's plan as data: what each connector's part will store and send. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..connectors.base import Issue
from ..connectors.errors import TrackerError
from ..mapping.item import PoamItem
from .errors import MassChange
from .looking.rules import Rules
from .looking.steps import Step, View
from .record.journal import Author
from .record.kinds import Link


@dataclass(frozen=True, slots=True)
class Moved:
    """Where an issue is now that left its place: its new key, and the issue, with the rules of its new connector, where
    that is configured.
    """

    key: str
    rules: Rules | None = None
    issue: Issue | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One connector's part of a cycle: what was read, under which rules; `error` when it could not be read.

    `missing` holds the ids that were asked for and not found, `moved` where some of them are now, `learnt` what to
    remember of the tracker.
    """

    connector: str
    rules: Rules | None = None
    issues: Sequence[Issue] = ()
    missing: frozenset[str] = frozenset()
    cursor: str | None = None
    learnt: Mapping[str, str] | None = None
    error: TrackerError | MassChange | None = None
    moved: Mapping[str, Moved] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sibling:
    """An issue of ours with a link's marker whose create was lost sight of, or a second one for the same mirror."""

    link: Link
    issue: Issue


@dataclass(frozen=True, slots=True)
class ConnectorPlan:
    """What a cycle does with one connector.

    `owed` are issues to be edited because the record moved, `retries` refused creates whose item changed since,
    `found` issues whose create was lost sight of, `twins` second issues for one mirror, come to light late,
    `strangers` the ids of issues that bear a link's number and are not its issue: as good as missing, `vanishing` links
    that this cycle would declare missing, `orphans` issues of ours for items that the record does not have.
    `live` counts the connector's links that have an issue. `approval` says who let a plan of this size through,
    under `plan_id`. A part that does not `sends` only takes in.
    """

    seen: Seen
    steps: tuple[Step, ...] = ()
    owed: tuple[View, ...] = ()
    new_links: tuple[Link, ...] = ()
    retries: tuple[Link, ...] = ()
    found: tuple[Sibling, ...] = ()
    twins: tuple[Sibling, ...] = ()
    orphans: tuple[Issue, ...] = ()
    strangers: frozenset[str] = frozenset()
    vanishing: tuple[Link, ...] = ()
    live: int = 0
    plan_id: str = ""
    approval: Author | None = None
    sends: bool = True

    @property
    def followed(self) -> dict[str, Issue]:
        """The issues that were moved to another configured connector, as they are there, by the ids they had here."""
        return {left: moved.issue for left, moved in self.seen.moved.items() if moved.issue is not None}


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole cycle, to be printed or done. `head` is the journal's last row that it takes into account; a `full` one
    compares everything, not only what changed.
    """

    connectors: tuple[ConnectorPlan, ...]
    unrouted: tuple[PoamItem, ...]
    head: int
    full: bool = False

    @property
    def takes_in_only(self) -> bool:
        """Whether nothing is sent: the first sweep after a restore."""
        return not all(each.sends for each in self.connectors)


def taking_in_only(plan: Plan) -> Plan:
    """The plan without anything it would send: a restored record first learns what happened since it was saved."""
    return replace(plan, connectors=tuple(map(_without_writes, plan.connectors)))


def _without_writes(each: ConnectorPlan) -> ConnectorPlan:
    return replace(each, owed=(), retries=(), sends=False)
