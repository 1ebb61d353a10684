"""Asks the journal what became of an item: who said what of its work, and when."""

from __future__ import annotations

import json
from collections.abc import Iterable

from sqlite_utils import Database

from .items import ITEM_COLUMNS
from .journal import COLUMNS, Entry

_DECIDED = "origin = 'cli' AND role IN ('isso', 'ao')"


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


def claimed_before(database: Database, decision: Entry) -> str:
    """Whose claim of work done a decision about the work ended; blank where it ended none, or one that nobody made."""
    found = database.conn.execute(
        """SELECT old FROM journal WHERE item_uid = ? AND entity = 'items' AND field = 'work_done_by'
           AND at = ? AND source = ? ORDER BY seq DESC LIMIT 1""",
        (decision.item_uid, decision.at, decision.source),
    ).fetchone()
    return (found[0] or "") if found else ""


def work_before_it_ended(database: Database, item_uid: str) -> str | None:
    """The work status that an item had before its work was last claimed done or declined; None if it never was."""
    found = database.conn.execute(
        """SELECT old FROM journal WHERE item_uid = ? AND entity = 'items' AND field = 'work_status'
           AND new IN ('done', 'wont_do') AND old NOT IN ('done', 'wont_do') ORDER BY seq DESC LIMIT 1""",
        (item_uid,),
    ).fetchone()
    return found[0] if found else None


def work_before_it_ended_at(database: Database, item_uid: str, link_id: str) -> str | None:
    """The work status that one issue of an item showed before its people last closed it; None if they never did."""
    found = database.conn.execute(
        """SELECT old FROM journal WHERE item_uid = ? AND entity = 'observed' AND entity_id = ?
           AND field = 'work_status' AND new IN ('done', 'wont_do') AND old NOT IN ('done', 'wont_do')
           ORDER BY seq DESC LIMIT 1""",
        (item_uid, link_id),
    ).fetchone()
    return found[0] if found else None


def last_claim(database: Database, item_uid: str, link_ids: Iterable[str]) -> tuple[str, str]:
    """When it was seen that one of these issues was closed as done, the last of them, and by whom; blank for none."""
    found = database.conn.execute(
        """SELECT at, person FROM journal WHERE item_uid = ? AND entity = 'observed' AND field = 'work_status'
           AND new = 'done' AND entity_id IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT 1""",
        (item_uid, json.dumps(list(link_ids))),
    ).fetchone()
    return found or ("", "")


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


def changed_items(database: Database, after: int) -> frozenset[str]:
    """The items that the journal touched after that row."""
    found = database.conn.execute("SELECT DISTINCT item_uid FROM journal WHERE seq > ?", (after,))
    return frozenset(uid for (uid,) in found)


def said_here(database: Database, item_uid: str, field: str) -> str | None:
    """The last value that a field of an item had by a word from here: a person's, or that of its import."""
    found = database.conn.execute(
        """SELECT CASE field WHEN :field THEN new ELSE json_extract(new, '$.' || :field) END FROM journal
           WHERE item_uid = :uid AND entity = 'items' AND field IN (:field, '*') AND origin NOT GLOB 'sync:*'
           ORDER BY seq DESC LIMIT 1""",
        {"uid": item_uid, "field": field},
    ).fetchone()
    return found[0] if found else None


def last_words(database: Database, item_uid: str, field: str) -> tuple[Entry | None, Entry | None]:
    """The last time a person here changed a field of an item, and the last time one at a tracker did."""
    found = database.conn.execute(
        f"""SELECT {", ".join(COLUMNS)} FROM journal
            WHERE item_uid = ? AND entity = 'items' AND field = ? ORDER BY seq""",  # noqa: S608
        (item_uid, field),
    )
    last = {word.origin.startswith("sync:"): word for word in (Entry(*row) for row in found)}
    return last.get(False), last.get(True)
