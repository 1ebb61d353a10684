"""The engine's memory: how far everything was read and planned, who we are at a tracker, and the like."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlite_utils import Database

from ..times import moment
from .unit import Unit


def cursor_of(database: Database, connector: str) -> str | None:
    """How far a connector has been read."""
    found = database.conn.execute("SELECT cursor FROM cursors WHERE connector = ?", (connector,)).fetchone()
    return found[0] if found else None


def remembered(database: Database, key: str) -> str | None:
    """A value of the engine's memory (our account at a tracker, its visibility)."""
    found = database.conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return found[0] if found else None


def remembered_instant(database: Database, key: str) -> datetime | None:
    """An instant of the engine's memory; one that somebody wrote over by hand is not known."""
    try:
        found = moment(remembered(database, key) or "")
    except ValueError:
        return None
    return found if found.tzinfo else None


def planned_seq(database: Database) -> int | None:
    """How far the journal is planned; None where it is not known, and then everything is compared."""
    found = remembered(database, "planned_seq") or ""
    return int(found) if re.fullmatch(r"\d{1,18}", found, re.ASCII) else None


def own_accounts(database: Database) -> frozenset[str]:
    """Our own accounts at the trackers, as the journal names one that is nobody's (`jira:5b10a`)."""
    found = database.conn.execute("SELECT key, value FROM meta WHERE key GLOB 'accounts:*'")
    return frozenset(f"{key.partition(':')[2]}:{account}" for key, value in found for account in value.split())


def forget(unit: Unit, key: str) -> None:
    """Takes a value out of the engine's memory."""
    unit.db.execute("DELETE FROM meta WHERE key = ?", (key,))


def has_followers(database: Database, after: int) -> bool:
    """Whether an item that the journal touched after that row has more than one live issue."""
    found = database.conn.execute(
        """SELECT 1 FROM links WHERE state = 'live' AND item_uid IN (SELECT item_uid FROM journal WHERE seq > ?)
           GROUP BY item_uid HAVING count(*) > 1""",
        (after,),
    )
    return found.fetchone() is not None


def remember(unit: Unit, values: Mapping[str, str]) -> None:
    """Remembers what is not remembered yet."""
    for key, value in values.items():
        if remembered(unit.db, key) != value:
            unit.put("meta", {"key": key, "value": value})
