"""A tracker that asked for a pause longer than any call waits is left alone until then, by every process."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..connectors.errors import RateLimited, TrackerError
from .errors import MassChange
from .record.database import Database
from .record.memory import remember, remembered_instant
from .record.record import Record
from .times import iso

Failure = TrackerError | MassChange | None
"""What kept a connector from being in step, if anything did."""


def park(record: Record, connector: str, error: Failure, now: datetime, cycle: str) -> Failure:
    """Remembers until when a tracker that limits us wants to be left alone, as far as that is not known.

    Returns the failure to report: what every cycle until then will say, or the given one where nobody limits us.
    """
    if not isinstance(error, RateLimited):
        return error
    until = parked_until(record.db, connector, now)
    if until is None:
        until = now + timedelta(seconds=error.retry_after)
        with record.unit(at=iso(now), cycle=cycle) as unit:
            remember(unit, {f"parked:{connector}": iso(until)})
    return _left_alone(connector, until, now)


def must_not_be_parked(database: Database, connector: str, now: datetime) -> None:
    """Raises RateLimited, without a request, while a tracker is to be left alone."""
    until = parked_until(database, connector, now)
    if until is not None:
        raise _left_alone(connector, until, now)


def parked_until(database: Database, connector: str, now: datetime) -> datetime | None:
    """Until when a tracker is to be left alone, if that is still to come."""
    until = remembered_instant(database, f"parked:{connector}")
    return until if until is not None and until > now else None


def _left_alone(connector: str, until: datetime, now: datetime) -> RateLimited:
    return RateLimited(
        f"{connector} limits our requests and is left alone until {until:%Y-%m-%d %H:%M} UTC",
        retry_after=(until - now).total_seconds(),
        hint="nothing is to be done: the first cycle after that goes on",
    )
