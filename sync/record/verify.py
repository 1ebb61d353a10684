"""Proves that the record equals its history: the chain holds, and replaying it yields the fact tables."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from typing import Any

from sqlite_utils import Database

from ...mapping.marker import marker
from ..errors import RecordCorrupt
from .clocks import UNKNOWN, understood
from .items import CHILDREN, asset_rows
from .journal import CREATED, Entry, breaks, entries, text, times
from .schema import FACT_TABLES, MIGRATIONS, expected_fingerprint, fingerprint, version_of

Head = tuple[int, str]  # a journal row's sequence number and hash
Rows = dict[str, dict[str, Any]]
Tables = defaultdict[str, Rows]
_KEPT_APART = {"file"}  # bytes that their own sha256 vouches for
_CHILD_KEY = {"assets": "position", "milestones": "number"}
_TABLES = (*FACT_TABLES, *_CHILD_KEY)


def problems(database: Database) -> Iterator[str]:
    """One sentence for everything that does not hold; nothing when the record equals its history.

    Raises RecordCorrupt where the file can no longer be read at all.
    """
    connection = database.conn
    connection.text_factory = _as_stored
    try:
        with _one_moment(database):
            for problem in _problems(database):
                yield problem.encode(errors="backslashreplace").decode()
    except UnicodeDecodeError:  # SQLite's own complaint, which quotes the damaged bytes
        raise RecordCorrupt(
            "the record's file is damaged: its tables cannot be read", hint="restore a backup"
        ) from None
    finally:
        connection.text_factory = _readable


def proven(database: Database) -> Tables:
    """The fact tables as the journal tells them: its chain is proved, and that the items are what it says.

    What is made of these tables tells nothing but the journal, so the others are left to `problems`, which takes
    longer. Raises RecordCorrupt.
    """
    history = _Retelling([])
    with _one_moment(database):
        tables = history.told(database) or defaultdict(dict)
        found = next(chain(history.broken, _differences(database, "items", tables["items"])), None)
    if found is not None:
        raise unequal(found)
    return tables


def unequal(found: str | None) -> RecordCorrupt:
    """The refusal to pass on a record of which `found` is not so."""
    return RecordCorrupt(
        f"the record does not equal its history: {found}",
        hint="run poam verify: it tells everything that differs; keep the file as evidence",
    )


@contextmanager
def _one_moment(database: Database) -> Iterator[None]:
    """Whatever is read is of one moment: a writer beside us is no forger."""
    connection = database.conn
    begun = not connection.in_transaction
    if begun:
        connection.execute("BEGIN")
    try:
        yield
    finally:
        if begun and connection.in_transaction:
            connection.execute("ROLLBACK")


def _as_stored(raw: bytes) -> str:
    """Any bytes as text, no two alike: a damaged row is compared and told, as every other one is."""
    return raw.decode(errors="surrogateescape")


def _readable(raw: bytes) -> str:
    """For whoever reads on after the damage was told."""
    return raw.decode(errors="replace")


def _problems(database: Database) -> Iterator[str]:
    if fingerprint(database) != expected_fingerprint(MIGRATIONS[: version_of(database)]):
        yield "tables or guards were changed outside poam-sync"
    for (told,) in database.conn.execute("PRAGMA integrity_check(10)"):
        if told != "ok":
            yield f"the file itself: {' '.join(told.split())}"
    history = _Retelling([])
    tables = history.told(database)
    yield from history.broken
    if tables is None:
        return
    yield from _disagreements(database, tables)
    for row in database.query("SELECT id, sha256, file FROM submissions"):
        if not isinstance(row["file"], bytes) or hashlib.sha256(row["file"]).hexdigest() != row["sha256"]:
            yield f"submissions {row['id']}: the kept file was changed"


@dataclass
class _Retelling:
    """The journal told once: the tables that it makes, what is broken in its chain, and the row being looked at."""

    broken: list[str]
    seq: int = 0

    def told(self, database: Database) -> Tables | None:
        """The tables, None where a row can make none."""
        try:
            return replay(self._checked(entries(database)))
        except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
            self.broken.append(f"journal row {self.seq} cannot be replayed")
            return None

    def _checked(self, history: Iterator[Entry]) -> Iterator[Entry]:
        before = (0, "")
        for entry in history:
            self.seq = entry.seq
            self.broken.extend(breaks(before, entry))
            yield entry
            before = (entry.seq, entry.hash)


def _disagreements(database: Database, tables: Tables) -> Iterator[str]:
    """Where the file's tables differ from those that the journal tells, and marks that are not of this record."""
    for table in _TABLES:
        yield from _differences(database, table, tables[table])
    named = database.conn.execute("SELECT value FROM meta WHERE key = 'record_id'").fetchone()
    if named is None or not named[0]:
        yield "it has no record id"
        return
    typed = "typeof(item_uid) = 'text' AND typeof(connector) = 'text' AND typeof(number) = 'integer'"
    for link in database.query(f"SELECT id, item_uid, connector, number, marker FROM links WHERE {typed}"):  # noqa: S608
        if link["marker"] != marker(named[0], link["item_uid"], link["connector"], link["number"]):
            yield f"links {link['id']}: its mark is not the one made of the record's id, its item and its connector"


def unanchored(database: Database, heads: Iterable[Head]) -> Iterator[str]:
    """One sentence for every head, written down outside the record, that its journal does not hold.

    Whoever writes the journal anew can make it follow from itself again, but not bring these hashes back.
    """
    for seq, digest in heads:
        found = database.conn.execute("SELECT 1 FROM journal WHERE seq = ? AND hash = ?", (seq, digest)).fetchone()
        if found is None:
            yield f"journal row {seq} is not the one of hash {digest}: the journal was written anew, or is another one"


def wrong_clocks(database: Database, *, now: str = UNKNOWN) -> Iterator[str]:
    """One sentence for every instant in the journal that is not believed: no fact is wrong for it, but a clock was."""
    rows = times(database)
    doubted = [(*row, known) for row, known in zip(rows, understood([at for _, at in rows], now=now), strict=True)]
    for (at, known), each in groupby(doubted, key=lambda row: row[1:]):
        seqs = [seq for seq, *_ in each]
        which = f"row {seqs[0]} says" if len(seqs) == 1 else f"rows {seqs[0]} to {seqs[-1]} say"
        exact = 10 if at[:10] != known[:10] else None
        if at != known:
            yield f"journal {which} {at[:exact]}, between rows of {known[:exact]}: a clock was wrong"


def replay(history: Iterator[Entry]) -> Tables:
    """The fact tables as the journal tells them: table, key, column, value; one that was changed since is text."""
    tables: Tables = defaultdict(dict)
    for entry in history:
        if entry.entity not in FACT_TABLES:
            continue
        if entry.field == CREATED:
            _create(tables, entry)
        elif entry.field == "assets":
            for row in asset_rows([entry.old or ""]):
                del tables["assets"][f"{entry.entity_id}:{row['position']}"]
            _children(tables, "assets", entry.entity_id, asset_rows([entry.new or ""]))
        else:
            tables[entry.entity].setdefault(entry.entity_id, {})[entry.field] = entry.new
        tables[entry.entity][entry.entity_id]["journal_seq"] = entry.seq
    return tables


def _create(tables: Tables, entry: Entry) -> None:
    row: dict[str, Any] = json.loads(entry.new or "{}")
    kids = {name: row.pop(name) for name in CHILDREN} if entry.entity == "items" else {}
    tables[entry.entity][entry.entity_id] = row
    for table in ("assets", "milestones"):
        _children(tables, table, entry.entity_id, kids.get(table, []))
    for change in kids.get("milestone_changes", []):
        change |= {"item_uid": entry.entity_id, "journal_seq": entry.seq}
        tables["milestone_changes"][change["id"]] = change


def _children(tables: Tables, table: str, uid: str, rows: list[dict[str, Any]]) -> None:
    """Rows that were just read are ours to complete."""
    found, key = tables[table], _CHILD_KEY[table]
    for row in rows:
        row["item_uid"] = uid
        found[f"{uid}:{row[key]}"] = row


def _told(value: Any) -> str | None:
    """A value as the journal writes it; bytes and fractions, which no fact is, never look like one."""
    return text(value) if value is None or isinstance(value, str | int) else repr(value)


def _differences(database: Database, table: str, expected: Rows) -> Iterator[str]:
    """Rows are compared as they are, which is quick, and written as the journal writes them only where that differs."""
    columns = database.conn.execute(f"SELECT * FROM {table} LIMIT 0").description  # noqa: S608
    names = [name for name, *_ in columns if name not in _KEPT_APART]
    key = FACT_TABLES.get(table) or _CHILD_KEY[table]
    whose, which = names.index("item_uid") if table in _CHILD_KEY else None, names.index(key)
    rows = database.conn.execute(f"SELECT {', '.join(names)} FROM {table}").fetchall()  # noqa: S608
    found = {str(row[which]) if whose is None else f"{row[whose]}:{row[which]}": row for row in rows}
    for key in expected.keys() - found.keys():
        yield f"{table} {key}: the journal has it, the table does not"
    for key in found.keys() - expected.keys():
        yield f"{table} {key}: the table has it, the journal does not"
    for key, row in found.items():
        if key in expected and row != tuple(map(expected[key].get, names)):
            yield from _columns(f"{table} {key}", expected[key], dict(zip(names, row, strict=True)))


def _columns(row: str, expected: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    """What differs in one row, once both sides are written as the journal writes them."""
    name = f" ({found['poam_id']})" if "poam_id" in found else ""
    for column, value in found.items():
        is_told, said = _told(value), _told(expected.get(column))
        if is_told != said:
            yield f"{row}{name}: {column} is {is_told!r}, the journal says {said!r}"
