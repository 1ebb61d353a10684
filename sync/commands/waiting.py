"""What a cycle leaves behind: what waits for a person, what is owed to a tracker, and the exit code that says so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from ..errors import MassChange
from ..record import told
from ..record.record import Record
from ..settings.config import Config
from ..telling.report import Report
from ..telling.standing import counted, waits
from . import Outcome


def waiting(record: Record, report: Report) -> list[str]:
    """Everything that only a person can end, each with the command that shows it; empty when nothing waits."""
    now = told.waiting(record.db)
    held_back = sum(isinstance(each.error, MassChange) for each in report.connectors)
    shown = (
        (now.requests, counted(now.requests, "request"), "poam requests"),
        (now.conflicts, counted(now.conflicts, "conflict"), "poam conflicts"),
        (now.to_verify, f"{now.to_verify} to verify", "poam list --state pending_verification"),
        (now.declined, f"{now.declined} declined", "poam list --declined"),
        (held_back, f"{counted(held_back, 'plan')} held back", "poam plan"),
        (len(report.unrouted), f"{counted(len(report.unrouted), 'item')} without a route", "poam doctor"),
        (len(report.recovered), f"{counted(len(report.recovered), 'difference')} after a restore", "listed above"),
        (len(report.unserved), f"issues at {', '.join(report.unserved)}, which is not configured", "poam doctor"),
    )
    return [f"{what} ({command})" for number, what, command in shown if number]


def owed(record: Record, config: Config, now: datetime) -> Iterator[str]:
    """How many writes wait for a later cycle, and why, a line for each connector and reason."""
    reasons = Counter((write.connector, waits(write, config, now).why) for write in told.owed_writes(record.db))
    for (connector, why), number in reasons.items():
        yield f"{counted(number, 'write')} owed to {connector}: {why}"


def outcome_of(record: Record, report: Report) -> Outcome:
    """The exit code: the highest that holds."""
    if any(each.error and not isinstance(each.error, MassChange) for each in report.connectors):
        return Outcome.FATAL
    if any(each.owed for each in report.connectors):
        return Outcome.WRITES_OWED
    return Outcome.NEEDS_A_PERSON if waiting(record, report) else Outcome.IN_SYNC
