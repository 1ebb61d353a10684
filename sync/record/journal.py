"""The journal: one row per changed field, each hash covering the row before.

A creation is one row with field `*` and all its fields as JSON. A row whose entity is not a fact table (`observed`)
tells what happened at a tracker without changing a fact.
"""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from sqlite_utils import Database

from .clocks import UNKNOWN, understood

CREATED = "*"
OBSERVED = "observed"
_CANONICAL = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
as_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class Author:
    """Who does something: the person, the role they act in, for whom, and from where (`cli`, `sync:jira`, `import`)."""

    person: str
    role: str
    origin: str
    on_behalf_of: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One journal row, in the table's column order."""

    seq: int
    at: str
    person: str
    on_behalf_of: str
    role: str
    origin: str
    cycle: str
    entity: str
    entity_id: str
    item_uid: str
    field: str
    old: str | None
    new: str | None
    reason: str
    source: str
    previous_hash: str
    hash: str


COLUMNS = tuple(Entry.__slots__)
_HASHED = attrgetter(*COLUMNS[:-2])


def text(value: Any) -> str | None:
    """A fact's value as the journal writes it."""
    return None if value is None else value if isinstance(value, str) else str(int(value))


def digest(previous_hash: str, values: Iterable[Any]) -> str:
    """The hash of a row: of the row before and of all its columns but the hash itself."""
    canonical = _CANONICAL.encode(list(values))
    return hashlib.sha256(f"{previous_hash}\n{canonical}".encode(errors="surrogatepass")).hexdigest()


def seal(previous: tuple[int, str], columns: tuple[Any, ...]) -> Entry:
    """The next row after `previous` (seq, hash), holding `columns` (at … source)."""
    seq, previous_hash = previous[0] + 1, previous[1]
    row: tuple[Any, ...] = (seq, *columns, previous_hash, digest(previous_hash, (seq, *columns)))
    return Entry(*row)


def head(database: Database) -> tuple[int, str]:
    """Sequence number and hash of the last row; `(0, "")` for an empty journal."""
    row = database.conn.execute("SELECT seq, hash FROM journal ORDER BY seq DESC LIMIT 1").fetchone()
    return (row[0], row[1]) if row else (0, "")


def holds(database: Database, head: tuple[int, str]) -> bool:
    """Whether the journal has exactly that row."""
    return database.conn.execute("SELECT 1 FROM journal WHERE seq = ? AND hash = ?", head).fetchone() is not None


def anchor(database: Database, until: str | None = None, *, now: str = UNKNOWN) -> tuple[int, str]:
    """The last row up to an instant that is not itself about a document: what a document is an extract of."""
    last = head(database)[0] if until is None else last_row(database, until, now=now)
    row = database.conn.execute(
        "SELECT seq, hash FROM journal WHERE entity <> 'submissions' AND seq <= ? ORDER BY seq DESC LIMIT 1", (last,)
    ).fetchone()
    return (row[0], row[1]) if row else (0, "")


def last_row(database: Database, until: str, *, now: str = UNKNOWN) -> int:
    """The number of the last row written up to and including an instant, 0 before the first: a past day is the journal
    up to there, so that a wrong clock puts no row into a day that is over and hides none from the days after it.
    """
    rows = times(database)
    written = bisect_right(understood([at for _, at in rows], now=now), until)
    return rows[written - 1][0] if written else 0


def times(database: Database) -> list[tuple[int, str]]:
    """Every row's number, and the time that it says."""
    return database.conn.execute("SELECT seq, at FROM journal ORDER BY seq").fetchall()


def entries(database: Database, item_uid: str | None = None) -> Iterator[Entry]:
    """The journal in order, of one item or of everything."""
    where, values = ("WHERE item_uid = ?", (item_uid,)) if item_uid else ("", ())
    for row in database.conn.execute(f"SELECT {', '.join(COLUMNS)} FROM journal {where} ORDER BY seq", values):  # noqa: S608
        yield Entry(*row)


def breaks(before: tuple[int, str], row: Entry) -> Iterator[str]:
    """One sentence for everything in which a row does not follow from the one `before` it, of this number and hash."""
    if row.seq != before[0] + 1:
        yield f"journal row {before[0] + 1} is missing"
    if row.previous_hash != before[1]:
        yield f"journal row {row.seq} does not continue row {before[0]}"
    if digest(row.previous_hash, _HASHED(row)) != row.hash:
        yield f"journal row {row.seq} was changed after it was written"
