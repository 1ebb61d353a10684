"""What the engine remembers of the trackers: links, sightings, bases, the outbox, requests, conflicts and cursors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, TypeVar

from sqlite_utils import Database

from ..merge import Base
from .unit import Unit


@dataclass(frozen=True, slots=True)
class Link:
    """An item and its issue. `marker` is ours and exists before the issue does; `remote_id` is the tracker's."""

    id: str
    item_uid: str
    connector: str
    number: int
    marker: str
    remote_id: str | None
    remote_key: str
    url: str
    state: str


@dataclass(frozen=True, slots=True)
class Sighting:
    """What we last saw of an issue, how far its history was read, and a later date still in its quiet period."""

    link_id: str
    history_cursor: int = 0
    version: str = ""
    updated: str = ""
    seen_work_status: str | None = None
    seen_due_date: str | None = None
    seen_title: str | None = None
    date_waiting: str | None = None
    date_waiting_by: str = ""
    date_waiting_by_name: str = ""
    date_waiting_at: str = ""
    date_waiting_source: str = ""
    missing_looks: int = 0
    missing_since: str = ""


@dataclass(frozen=True, slots=True)
class Owed:
    """A write we owe a tracker. SENDING was committed before the bytes left; UNKNOWN waits for evidence."""

    id: int
    link_id: str
    operation: str
    payload: str
    state: str
    attempts: int
    send_deadline: str
    not_before: str
    last_error: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Request:
    """A proposed change waiting for a decision, or decided."""

    id: int
    item_uid: str
    link_id: str | None
    kind: str
    state: str
    due_date: str | None
    requested_date: str | None
    requested_by: str
    requested_by_name: str
    requested_at: str
    reason: str
    source: str
    decided_by: str
    decided_at: str | None
    decision_reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two changes to one field, or a write a tracker would not take: a person decides, both values stay visible."""

    id: int
    item_uid: str
    link_id: str
    field: str
    base_value: str | None
    record_value: str | None
    tracker_value: str | None
    record_by: str
    tracker_by: str
    record_at: str
    tracker_at: str
    policy: str
    raised_at: str
    state: str
    resolution: str
    resolved_by: str
    resolved_at: str | None


T = TypeVar("T", Link, Sighting, Owed, Request, Conflict)
TABLE = {Link: "links", Sighting: "sightings", Owed: "outbox", Request: "requests", Conflict: "conflicts"}


def rows(
    database: Database, kind: type[T], where: str = "1 = 1", values: Sequence[Any] = (), order: str = "rowid"
) -> list[T]:
    """The rows of one kind, oldest first."""
    names = ", ".join(field.name for field in fields(kind))
    query = f"SELECT {names} FROM {TABLE[kind]} WHERE {where} ORDER BY {order}"  # noqa: S608
    return [kind(**row) for row in database.query(query, tuple(values))]


def bases_of(database: Database, link_id: str) -> dict[str, Base]:
    """The agreed pairs of a link, by field."""
    found = database.query("SELECT * FROM bases WHERE link_id = ?", (link_id,))
    return {row["field"]: Base(row["record_value"], row["tracker_value"], row["version"]) for row in found}


def keep(unit: Unit, row: Sighting | Owed) -> None:
    """Stores a row of the engine's memory."""
    unit.put(TABLE[type(row)], asdict(row))


def keep_base(unit: Unit, link_id: str, field: str, base: Base) -> None:
    """Stores an agreed pair."""
    unit.put("bases", {"link_id": link_id, "field": field, **asdict(base)})


def forget_base(unit: Unit, link_id: str, field: str) -> None:
    """Makes both sides be compared anew."""
    unit.db.execute("DELETE FROM bases WHERE link_id = ? AND field = ?", (link_id, field))


def unsettled(database: Database, connector: str) -> list[Owed]:
    """The writes owed to a connector, oldest first."""
    mine = "link_id IN (SELECT id FROM links WHERE connector = ?)"
    return rows(database, Owed, f"state IN ('PENDING', 'SENDING', 'UNKNOWN') AND {mine}", (connector,))


def cursor_of(database: Database, connector: str) -> str | None:
    """How far a connector has been read."""
    found = database.conn.execute("SELECT cursor FROM cursors WHERE connector = ?", (connector,)).fetchone()
    return found[0] if found else None


def remembered(database: Database, key: str) -> str | None:
    """A value of the engine's memory (our account at a tracker, its visibility)."""
    found = database.conn.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    return found[0] if found else None


def payloads(database: Database, link_id: str) -> Iterator[str]:
    """Everything we ever sent to the issue of a link."""
    for (payload,) in database.conn.execute(
        "SELECT payload FROM outbox WHERE link_id = ? AND attempts > 0", (link_id,)
    ):
        yield payload
