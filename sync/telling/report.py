"""What a cycle did, for people, the exit code and `--json`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ...connectors.base import Issue
from ...connectors.errors import TrackerError
from ...mapping.item import PoamItem
from ..delivery.postman import Delivery
from ..errors import MassChange
from ..plan import ConnectorPlan
from ..record.owed import writes_owed
from ..record.record import Record
from .resting import Resting


@dataclass(frozen=True, slots=True)
class Unread:
    """A label that is meant for a due date and is none, and its issue's key."""

    key: str
    label: str


@dataclass(frozen=True, slots=True)
class ConnectorReport:
    """What a cycle read, wrote and decided at one connector. `owed` writes wait for the next cycle, `unread` labels are
    those of issues that brought news.
    """

    connector: str
    read: int = 0
    created: int = 0
    edited: int = 0
    changed: int = 0
    requests: int = 0
    conflicts: int = 0
    refused: int = 0
    owed: int = 0
    unread: tuple[Unread, ...] = ()
    error: TrackerError | MassChange | None = None


@dataclass(frozen=True, slots=True)
class Recovered:
    """Something a tracker knows and a restored record does not: at which issue, and what."""

    connector: str
    key: str
    what: str


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a cycle. `record_writes` counts rows written to the record, engine memory included, a moved
    cursor apart. `recovered` is what the first sweep after a restore found, `unserved` connectors
    that have issues and are not configured.
    """

    connectors: tuple[ConnectorReport, ...]
    unrouted: tuple[PoamItem, ...] = ()
    resting: tuple[Resting, ...] = ()
    recovered: tuple[Recovered, ...] = ()
    unserved: tuple[str, ...] = ()
    record_writes: int = 0
    cycle: str = field(default="")
    head: tuple[int, str] = (0, "")


def report_of(record: Record, each: ConnectorPlan, delivery: Delivery) -> ConnectorReport:
    """One connector's part of the report."""
    steps = [*each.steps, *delivery.steps]
    return ConnectorReport(
        connector=each.seen.connector,
        read=len(each.seen.issues),
        created=delivery.created,
        edited=delivery.edited,
        changed=sum(len(step.item_changes) for step in steps),
        requests=sum(len(step.requests) for step in steps),
        conflicts=sum(len(step.conflicts) for step in steps),
        refused=delivery.refused,
        owed=len(writes_owed(record.db, each.seen.connector)),
        unread=tuple(dict.fromkeys(unread(step.issue for step in steps))),
        error=each.seen.error or delivery.error,
    )


_LIKE_A_DATE = re.compile(r"due:\s*[0-9].*", re.IGNORECASE)


def unread(issues: Iterable[Issue]) -> Iterator[Unread]:
    """The labels that look like a due date, such as `due:2026-13-01`, and give their issue none."""
    for issue in issues:
        for label in sorted(filter(_LIKE_A_DATE.fullmatch, issue.labels)):
            if label.partition(":")[2] not in issue.due_dates:
                yield Unread(issue.key, label)
