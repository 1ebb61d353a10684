"""How things stand, as the record tells it: what waits for a person, what is owed, what was not yet carried over."""

from __future__ import annotations

from dataclasses import dataclass, fields

from sqlite_utils import Database

from ...mapping.item import DEVIATIONS
from ...mapping.life import MIRRORED_STATES
from .schema import IN_HAND


@dataclass(frozen=True, slots=True)
class OwedWrite:
    """A write that is owed, with the names people know it by. `state` is PENDING, SENDING or UNKNOWN."""

    system_id: str
    poam_id: str
    connector: str
    key: str
    url: str
    operation: str
    state: str
    attempts: int
    created_at: str
    send_deadline: str
    sent_to: str
    not_before: str
    last_error: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a person. `undecided` counts each of it once: a declined item has a request as a rule."""

    to_verify: int
    declined: int
    requests: int
    conflicts: int
    undecided: int


def owed_writes(database: Database) -> list[OwedWrite]:
    """Every write that is owed, oldest first."""
    found = database.query(
        f"""SELECT {", ".join(each.name for each in fields(OwedWrite))} FROM
            (SELECT outbox.*, items.system_id, items.poam_id, links.connector, links.remote_key AS key, links.url
             FROM outbox JOIN links ON links.id = outbox.link_id JOIN items ON items.uid = links.item_uid)
            WHERE {IN_HAND} ORDER BY id"""  # noqa: S608
    )
    return [OwedWrite(**row) for row in found]


def waiting(database: Database) -> Waiting:
    """What only a person can move on."""
    row = next(
        database.query(
            """SELECT (SELECT count(*) FROM items WHERE state = 'pending_verification') AS to_verify,
               (SELECT count(*) FROM items WHERE state = 'open' AND work_status = 'wont_do') AS declined,
               (SELECT count(*) FROM requests WHERE state = 'waiting') AS requests,
               (SELECT count(*) FROM conflicts WHERE state = 'open') AS conflicts,
               (SELECT count(*) FROM items WHERE state = 'open' AND work_status = 'wont_do'
                AND uid NOT IN (SELECT item_uid FROM requests WHERE state = 'waiting')) AS unasked"""
        )
    )
    unasked = row.pop("unasked")
    return Waiting(**row, undecided=row["to_verify"] + row["requests"] + row["conflicts"] + unasked)


def pending_deviations(database: Database) -> list[str]:
    """The deviations of items that are not ended which wait for the authorizing official, as `ID FIELD`."""
    names = ", ".join(DEVIATIONS)
    found = database.query(
        f"""SELECT poam_id, {names} FROM items WHERE state NOT IN ('closed', 'discarded')
            AND 'pending' IN ({names}) ORDER BY system_id, poam_id"""  # noqa: S608
    )
    return [f"{row['poam_id']} {name}" for row in found for name in DEVIATIONS if row[name] == "pending"]


def without_issue(database: Database) -> list[tuple[str, int]]:
    """Items at work that a person lets go on without an issue, and the conflict that brings one back."""
    mirrored = ", ".join(f"'{state}'" for state in sorted(MIRRORED_STATES))
    found = database.execute(
        f"""SELECT poam_id, max(conflicts.id) FROM items JOIN conflicts ON conflicts.item_uid = items.uid
            WHERE items.state IN ({mirrored}) AND conflicts.policy = 'missing'
              AND NOT EXISTS (SELECT 1 FROM links WHERE links.item_uid = items.uid AND links.state <> 'retired')
            GROUP BY items.uid ORDER BY poam_id"""  # noqa: S608
    )
    return [(poam_id, number) for poam_id, number in found]


def still_open(database: Database, item_uid: str | None = None) -> list[str]:
    """The keys of issues that were last seen open although their item was closed, of one item or of all.

    Neither those that the next cycle closes, nor those over which a request waits.
    """
    found = database.query(
        """SELECT remote_key FROM links JOIN items ON items.uid = links.item_uid
           JOIN sightings ON sightings.link_id = links.id
           WHERE items.state = 'closed' AND links.state = 'live' AND items.uid = coalesce(:uid, items.uid)
           AND items.work_status NOT IN ('done', 'wont_do')
           AND coalesce(sightings.seen_work_status, '') NOT IN ('done', 'wont_do')
           AND items.uid NOT IN (SELECT item_uid FROM requests WHERE state = 'waiting') ORDER BY remote_key""",
        {"uid": item_uid},
    )
    return [row["remote_key"] for row in found]


def linked(database: Database) -> dict[str, dict[str, int]]:
    """How many links each connector has in each state."""
    counts: dict[str, dict[str, int]] = {}
    for row in database.query("SELECT connector, state, count(*) AS n FROM links GROUP BY connector, state"):
        counts.setdefault(row["connector"], {})[row["state"]] = row["n"]
    return counts


def not_carried_over(database: Database) -> list[str]:
    """The POA&M ids of mirrored items that changed after the last journal row that a whole cycle has planned."""
    found = database.query(
        """SELECT DISTINCT poam_id FROM items JOIN journal ON journal.item_uid = items.uid
           WHERE (journal.entity IN ('items', 'milestone_changes', 'requests')
                  OR (journal.entity = 'links' AND journal.origin = 'cli'))
           AND journal.seq > (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'planned_seq')
           AND EXISTS (SELECT 1 FROM links WHERE links.item_uid = items.uid AND links.state <> 'retired')
           ORDER BY poam_id"""
    )
    return [row["poam_id"] for row in found]
