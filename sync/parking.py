"""A tracker that asked for a pause longer than any call waits is left alone until then, by every process."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..connectors.errors import RateLimited
from .record.database import Database
from .record.memory import remember, remembered_instant
from .record.record import Record
from .times import iso


def park(record: Record, connector: str, error: Exception | None, now: datetime, cycle: str) -> None:
    """Remembers until when a tracker that limits us wants to be left alone, as far as that is not known."""
    if not isinstance(error, RateLimited) or _parked(record.db, connector, now):
        return
    with record.unit(at=iso(now), cycle=cycle) as unit:
        remember(unit, {f"parked:{connector}": iso(now + timedelta(seconds=error.retry_after))})


def must_not_be_parked(database: Database, connector: str, now: datetime) -> None:
    """Raises RateLimited, without a request, while a tracker is to be left alone."""
    until = _parked(database, connector, now)
    if until is not None:
        raise RateLimited(
            f"{connector} limits our requests and is left alone until {until:%Y-%m-%d %H:%M} UTC",
            retry_after=(until - now).total_seconds(),
            hint="nothing is to be done: the first cycle after that goes on",
        )


def _parked(database: Database, connector: str, now: datetime) -> datetime | None:
    """Until when, if that is still to come."""
    until = remembered_instant(database, f"parked:{connector}")
    return until if until is not None and until > now else None
