"""Reads the outbox: what is owed at which issue, and what was sent there."""

from __future__ import annotations

from collections.abc import Iterator

from sqlite_utils import Database

from .kinds import Conflict, Owed
from .rows import rows
from .schema import IN_HAND


def refused_writes(database: Database, link_id: str) -> frozenset[str]:
    """The writes that the tracker would not take and that nobody has asked for again."""
    parked = "link_id = ? AND policy = 'refused' AND (state = 'open' OR resolution = 'tracker')"
    found = rows(database, Conflict, parked, (link_id,))
    return frozenset(conflict.record_value for conflict in found if conflict.record_value is not None)


def writes_owed(database: Database, connector: str) -> list[Owed]:
    """The writes owed to a connector, oldest first."""
    mine = "EXISTS (SELECT 1 FROM links WHERE links.id = link_id AND connector = ?)"
    return rows(database, Owed, f"{IN_HAND} AND {mine}", (connector,))


def owed_at(database: Database, link_id: str) -> Owed | None:
    """The write owed to a link's issue: there is never more than one."""
    found = rows(database, Owed, f"link_id = ? AND {IN_HAND}", (link_id,))
    return found[0] if found else None


def in_hand(database: Database, owed: Owed) -> Owed:
    """The write that is owed in this one's place by now: itself as it stands, or the one it was planned anew as."""
    return owed_at(database, owed.link_id) or rows(database, Owed, "id = ?", (owed.id,))[0]


def times_written(database: Database, link_id: str, payload: str, *, since: str) -> int:
    """How often that very write was made at a link's issue since then, and since a person last asked for it again."""
    asked_again = "SELECT max(resolved_at) FROM conflicts WHERE link_id = :link AND policy = 'refused'"
    made = f"""SELECT count(*) FROM outbox WHERE link_id = :link AND payload = :payload AND state = 'DONE'
               AND created_at >= :since AND created_at >= coalesce(({asked_again}), '')"""  # noqa: S608
    found = database.conn.execute(made, {"link": link_id, "payload": payload, "since": since})
    return int(found.fetchone()[0])


def payloads(database: Database, link_id: str) -> Iterator[str]:
    """Everything we ever sent to the issue of a link."""
    sent = "SELECT payload FROM outbox WHERE link_id = ? AND attempts > 0"
    for (payload,) in database.conn.execute(sent, (link_id,)):
        yield payload
