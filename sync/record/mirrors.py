"""Links and what was seen of their issues, and what waits for a person: every question about them has its name."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict

from sqlite_utils import Database

from ...mapping.item import State
from .kinds import Answer, Base, Conflict, Link, Request, Sighting
from .rows import rows
from .schema import TO_FOLLOW
from .unit import Unit

HIDDEN = "9999-01-01T00:00:00.000Z"
"""Until when an answer that a tracker took and does not show has left: no reading is late enough to send it again."""


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
    return links_of_mirror(database, link.item_uid, link.connector)


def links_of_mirror(database: Database, item_uid: str, connector: str) -> list[Link]:
    """Every link that an item ever had at a connector."""
    return rows(database, Link, "connector = ? AND item_uid = ?", (connector, item_uid))


def our_markers(database: Database, markers: Iterable[str | None]) -> frozenset[str]:
    """Those of the markers that are of a link of this record, at whatever connector: issues are moved with theirs."""
    wanted = json.dumps([marker for marker in markers if marker])
    known = "marker IN (SELECT value FROM json_each(?))"
    return frozenset(link.marker for link in rows(database, Link, known, (wanted,)))


def links_with_issue(database: Database, item_uid: str) -> list[Link]:
    """An item's issues, wherever they are; one that is missing stands for what it said last."""
    return rows(database, Link, "item_uid = ? AND state IN ('live', 'missing')", (item_uid,))


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


def forget_bases(unit: Unit, link_id: str) -> None:
    """Makes both sides be compared anew in every field."""
    unit.db.execute("DELETE FROM bases WHERE link_id = ?", (link_id,))


def forget_base(unit: Unit, link_id: str, field: str) -> None:
    """Makes both sides be compared anew."""
    unit.db.execute("DELETE FROM bases WHERE link_id = ? AND field = ?", (link_id, field))


def waiting_requests(database: Database, item_uid: str) -> list[Request]:
    """The requests of an item that nobody has decided."""
    return rows(database, Request, "item_uid = ? AND state = 'waiting'", (item_uid,))


def open_conflicts(database: Database, link_id: str) -> list[Conflict]:
    """The conflicts of a link that nobody has ended, at most one a field."""
    return rows(database, Conflict, "link_id = ? AND state = 'open'", (link_id,))


def open_answers(database: Database, link_id: str) -> list[Answer]:
    """What we owe the commands below a link's issue, oldest first."""
    return rows(database, Answer, "link_id = ?", (link_id,), order="comment_id")


def forget_answers(unit: Unit, link_id: str, comment_ids: Iterable[int]) -> None:
    """Answers that were seen below the issue are owed no more."""
    for comment_id in sorted(comment_ids):
        unit.db.execute("DELETE FROM answers WHERE link_id = ? AND comment_id = ?", (link_id, comment_id))


def doubt_answers(unit: Unit) -> None:
    """After a restore nobody knows which answers were sent meanwhile: one may be under way at this instant. Those that
    were taken and are not shown stay so.
    """
    unit.db.execute("UPDATE answers SET left_by = ? WHERE left_by != ?", (unit.at, HIDDEN))


def evidence_of(database: Database, item_uid: str) -> frozenset[tuple[str, str]]:
    """Kind and reference of everything that proves, or may prove, the work on an item."""
    found = database.conn.execute("SELECT kind, reference FROM evidence WHERE item_uid = ?", (item_uid,))
    return frozenset((kind, reference) for kind, reference in found)
