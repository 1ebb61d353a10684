"""Reads and keeps what the engine remembers of the trackers: every question that it asks the record has its name."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any, TypeVar

from sqlite_utils import Database

from ...mapping.item import State
from ..looking.merge import Base
from ..times import moment
from .items import ITEM_COLUMNS
from .journal import COLUMNS, Entry
from .kinds import Conflict, Link, Owed, Request, Sighting
from .schema import IN_HAND, TO_FOLLOW
from .unit import Unit

T = TypeVar("T", Link, Sighting, Owed, Request, Conflict)
TABLE = {Link: "links", Sighting: "sightings", Owed: "outbox", Request: "requests", Conflict: "conflicts"}
_DECIDED = "origin = 'cli' AND role IN ('isso', 'ao')"


def rows(
    database: Database, kind: type[T], where: str = "1 = 1", values: Sequence[Any] = (), order: str = "rowid"
) -> list[T]:
    """The rows of one kind, oldest first."""
    names = ", ".join(field.name for field in fields(kind))
    query = f"SELECT {names} FROM {TABLE[kind]} WHERE {where} ORDER BY {order}"  # noqa: S608
    return [kind(**row) for row in database.query(query, tuple(values))]


def keep(unit: Unit, row: Sighting | Owed) -> None:
    """Stores a row of the engine's memory."""
    unit.put(TABLE[type(row)], asdict(row))


# --- links and what was seen of their issues


def link_of(database: Database, link_id: str) -> Link:
    """One link, as it stands."""
    return rows(database, Link, "id = ?", (link_id,))[0]


def links_of(database: Database, connector: str) -> list[Link]:
    """Every link a connector ever had."""
    return rows(database, Link, "connector = ?", (connector,))


def live_links(database: Database, connector: str) -> list[Link]:
    """The links of a connector that have an issue."""
    return rows(database, Link, "connector = ? AND state = 'live'", (connector,))


def connectors_with_issues(database: Database) -> list[str]:
    """Every connector that an item is mirrored at, or should be."""
    found = database.conn.execute(
        "SELECT DISTINCT connector FROM links WHERE state IN ('planned', 'live', 'missing') ORDER BY connector"
    )
    return [name for (name,) in found]


def count_live(database: Database, connector: str) -> int:
    """How many links of a connector have an issue."""
    query = "SELECT count(*) FROM links WHERE connector = ? AND state = 'live'"
    return int(database.conn.execute(query, (connector,)).fetchone()[0])


def links_with(database: Database, connector: str, column: str, values: Collection[str]) -> list[Link]:
    """The links of a connector whose `remote_id`, `marker` or `item_uid` is one of these values."""
    wanted = f"connector = ? AND {column} IN (SELECT value FROM json_each(?))"  # noqa: S608
    return rows(database, Link, wanted, (connector, json.dumps(sorted(values))))


def links_of_item(database: Database, link: Link) -> list[Link]:
    """Every link that the item of a link ever had at the same connector."""
    return rows(database, Link, "connector = ? AND item_uid = ?", (link.connector, link.item_uid))


def links_to_look_at(database: Database, connector: str, quiet_since: str) -> list[Link]:
    """Live links whose issue has to be looked at although nothing may have changed there: it is new or was not found,
    or a date's quiet period ended (the date was moved before `quiet_since`).
    """
    rested = "(date_waiting IS NULL OR date_waiting_at <= ? OR missing_looks > 0)"
    followed = f"SELECT link_id FROM sightings WHERE ({TO_FOLLOW}) AND {rested}"  # noqa: S608
    return rows(database, Link, f"connector = ? AND state = 'live' AND id IN ({followed})", (connector, quiet_since))


def links_never_bound(database: Database, connector: str, states: Iterable[State]) -> list[Link]:
    """Links that never got their issue, of items in one of these states."""
    listed = ", ".join(f"'{state.value}'" for state in sorted(states))
    wanted = f"connector = ? AND state = 'planned' AND item_uid IN (SELECT uid FROM items WHERE state IN ({listed}))"  # noqa: S608
    return rows(database, Link, wanted, (connector,))


def links_unseen(database: Database, connector: str) -> list[Link]:
    """Live links whose issue nobody has read yet."""
    unseen = "SELECT link_id FROM sightings WHERE version = ''"
    return rows(database, Link, f"connector = ? AND state = 'live' AND id IN ({unseen})", (connector,))


def sighting_of(database: Database, link: Link) -> Sighting:
    """What was last seen of a link's issue."""
    found = rows(database, Sighting, "link_id = ?", (link.id,))
    return found[0] if found else Sighting(link.id)


def bases_of(database: Database, link_id: str) -> dict[str, Base]:
    """The agreed pairs of a link, by field."""
    found = database.query("SELECT * FROM bases WHERE link_id = ?", (link_id,))
    return {row["field"]: Base(row["record_value"], row["tracker_value"], row["version"]) for row in found}


def keep_base(unit: Unit, link_id: str, field: str, base: Base) -> None:
    """Stores an agreed pair."""
    unit.put("bases", {"link_id": link_id, "field": field, **asdict(base)})


def forget_base(unit: Unit, link_id: str, field: str) -> None:
    """Makes both sides be compared anew."""
    unit.db.execute("DELETE FROM bases WHERE link_id = ? AND field = ?", (link_id, field))


# --- what waits for a person


def waiting_requests(database: Database, item_uid: str) -> list[Request]:
    """The requests of an item that nobody has decided."""
    return rows(database, Request, "item_uid = ? AND state = 'waiting'", (item_uid,))


def open_conflicts(database: Database, link_id: str) -> list[Conflict]:
    """The conflicts of a link that nobody has ended, at most one a field."""
    return rows(database, Conflict, "link_id = ? AND state = 'open'", (link_id,))


def refused_writes(database: Database, link_id: str) -> frozenset[str]:
    """The writes that the tracker would not take and that nobody has asked for again."""
    parked = "link_id = ? AND policy = 'refused' AND (state = 'open' OR resolution = 'tracker')"
    found = rows(database, Conflict, parked, (link_id,))
    return frozenset(conflict.record_value for conflict in found if conflict.record_value is not None)


def last_word_on_work(database: Database, item_uid: str) -> Entry | None:
    """The last decision about the work of an item, or None once the engineers claimed or declined it anew."""
    of_the_work = "item_uid = ? AND entity = 'items' AND field IN ('state', 'work_status')"
    found = database.conn.execute(
        f"""SELECT * FROM (SELECT {", ".join(COLUMNS)} FROM journal
            WHERE {of_the_work} AND ({_DECIDED} OR new IN ('done', 'wont_do')) ORDER BY seq DESC LIMIT 1)
            WHERE {_DECIDED}""",  # noqa: S608
        (item_uid,),
    ).fetchone()
    return Entry(*found) if found else None


def work_before_it_ended(database: Database, item_uid: str) -> str | None:
    """The work status that an item had before its work was last claimed done or declined; None if it never was."""
    found = database.conn.execute(
        """SELECT old FROM journal WHERE item_uid = ? AND entity = 'items' AND field = 'work_status'
           AND new IN ('done', 'wont_do') AND old NOT IN ('done', 'wont_do') ORDER BY seq DESC LIMIT 1""",
        (item_uid,),
    ).fetchone()
    return found[0] if found else None


def workers_of(database: Database, item_uid: str) -> frozenset[str]:
    """Whoever was ever recorded for the work of an item, or said at a tracker that it is done while it was not closed.

    Persons, and accounts that nobody claims.
    """
    found = database.conn.execute(
        """SELECT new FROM journal WHERE item_uid = :uid AND entity = 'items' AND field = 'work_done_by'
           UNION SELECT json_extract(new, '$.work_done_by') FROM journal
           WHERE item_uid = :uid AND entity = 'items' AND field = '*'
           UNION SELECT person FROM journal AS claim
           WHERE item_uid = :uid AND entity = 'observed' AND field = 'work_status' AND new = 'done'
           AND 'closed' IS NOT (SELECT new FROM journal WHERE item_uid = :uid AND entity = 'items'
                                AND field = 'state' AND seq < claim.seq ORDER BY seq DESC LIMIT 1)""",
        {"uid": item_uid},
    )
    return frozenset(person for (person,) in found if person)


def last_told(database: Database, item_uid: str, field: str) -> str:
    """The last value that an item's field had, of those that are not blank."""
    found = database.conn.execute(
        """SELECT new FROM journal WHERE item_uid = ? AND entity = 'items' AND field = ? AND new <> ''
           ORDER BY seq DESC LIMIT 1""",
        (item_uid, field),
    ).fetchone()
    return found[0] if found else ""


# --- the outbox


def unsettled(database: Database, connector: str) -> list[Owed]:
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


def payloads(database: Database, link_id: str) -> Iterator[str]:
    """Everything we ever sent to the issue of a link."""
    sent = "SELECT payload FROM outbox WHERE link_id = ? AND attempts > 0"
    for (payload,) in database.conn.execute(sent, (link_id,)):
        yield payload


# --- how far everything was read and planned


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
    found = database.conn.execute("SELECT key, value FROM meta WHERE key GLOB 'account:*' OR key GLOB 'accounts:*'")
    return frozenset(f"{key.partition(':')[2]}:{account}" for key, value in found for account in value.split())


def forget(unit: Unit, key: str) -> None:
    """Takes a value out of the engine's memory."""
    unit.db.execute("DELETE FROM meta WHERE key = ?", (key,))


def changed_items(database: Database, after: int) -> frozenset[str]:
    """The items that the journal touched after that row."""
    found = database.conn.execute("SELECT DISTINCT item_uid FROM journal WHERE seq > ?", (after,))
    return frozenset(uid for (uid,) in found)


def has_followers(database: Database, after: int) -> bool:
    """Whether an item that the journal touched after that row has more than one live issue."""
    found = database.conn.execute(
        """SELECT 1 FROM links WHERE state = 'live' AND item_uid IN (SELECT item_uid FROM journal WHERE seq > ?)
           GROUP BY item_uid HAVING count(*) > 1""",
        (after,),
    )
    return found.fetchone() is not None


def last_changed(database: Database, item_uid: str, field: str) -> tuple[str, str]:
    """Who gave an item's field its value, and when; blank for what is no field of the item's own, as a due date that
    follows from several.
    """
    if field not in ITEM_COLUMNS:
        return "", ""
    found = database.conn.execute(
        """SELECT person, at FROM journal WHERE entity = 'items' AND entity_id = ? AND field IN (?, '*')
           ORDER BY seq DESC LIMIT 1""",
        (item_uid, field),
    ).fetchone()
    return found or ("", "")
