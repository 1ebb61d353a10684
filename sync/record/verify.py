"""Proves that the record equals its history: the chain holds, and replaying it yields the fact tables."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlite_utils import Database

from ..errors import RecordCorrupt
from .clocks import UNKNOWN, understood
from .items import CHILDREN, asset_rows
from .journal import CREATED, Entry, broken_links, entries, text, times
from .schema import FACT_TABLES, MIGRATIONS, expected_fingerprint, fingerprint, version_of

Head = tuple[int, str]  # a journal row's sequence number and hash
Rows = dict[str, dict[str, str | None]]
_KEPT_APART = {"file"}  # bytes that their own sha256 vouches for
_CHILD_KEY = {"assets": "position", "milestones": "number"}


@dataclass
class _Walk:
    """The journal, and the number of the row that is being looked at."""

    database: Database
    seq: int = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in entries(self.database):
            self.seq = entry.seq
            yield entry


def problems(database: Database) -> Iterator[str]:
    """One sentence for everything that does not hold; nothing when the record equals its history.

    Raises RecordCorrupt where the file can no longer be read at all.
    """
    connection = database.conn
    connection.text_factory = _as_stored
    try:
        for problem in _problems(database):
            yield problem.encode(errors="backslashreplace").decode()
    except UnicodeDecodeError:  # SQLite's own complaint, which quotes the damaged bytes
        raise RecordCorrupt(
            "the record's file is damaged: its tables cannot be read", hint="restore a backup"
        ) from None
    finally:
        connection.text_factory = _readable


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
    walk = _Walk(database)
    try:
        yield from broken_links(walk)
        expected = replay(iter(walk))
    except (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError):
        yield f"journal row {walk.seq} cannot be replayed"
        return
    for table, key in (*FACT_TABLES.items(), ("assets", ""), ("milestones", "")):
        yield from _differences(table, expected[table], _found(database, table, key))
    for row in database.query("SELECT id, sha256, file FROM submissions"):
        if not isinstance(row["file"], bytes) or hashlib.sha256(row["file"]).hexdigest() != row["sha256"]:
            yield f"submissions {row['id']}: the kept file was changed"


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


def replay(history: Iterator[Entry]) -> defaultdict[str, Rows]:
    """The fact tables as the journal tells them: table, key, column, value as text."""
    tables: defaultdict[str, Rows] = defaultdict(dict)
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
        tables[entry.entity][entry.entity_id]["journal_seq"] = str(entry.seq)
    return tables


def _create(tables: defaultdict[str, Rows], entry: Entry) -> None:
    row: dict[str, Any] = json.loads(entry.new or "{}")
    kids = {name: row.pop(name, []) for name in CHILDREN} if entry.entity == "items" else {}
    tables[entry.entity][entry.entity_id] = _texts(row)
    for table in ("assets", "milestones"):
        _children(tables, table, entry.entity_id, kids.get(table, []))
    for change in kids.get("milestone_changes", []):
        own = {"item_uid": entry.entity_id, **change, "journal_seq": entry.seq}
        tables["milestone_changes"][change["id"]] = _texts(own)


def _children(tables: defaultdict[str, Rows], table: str, uid: str, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        tables[table][f"{uid}:{row[_CHILD_KEY[table]]}"] = _texts({"item_uid": uid, **row})


def _texts(row: Mapping[str, Any]) -> dict[str, str | None]:
    return {name: _told(value) for name, value in row.items() if name not in _KEPT_APART}


def _told(value: Any) -> str | None:
    """A value as the journal writes it; bytes and fractions, which no fact is, never look like one."""
    return repr(value) if isinstance(value, bytes | float) else text(value)


def _found(database: Database, table: str, key: str) -> Rows:
    rows = database.query(f"SELECT * FROM {table}")  # noqa: S608
    return {str(row[key]) if key else f"{row['item_uid']}:{row[_CHILD_KEY[table]]}": _texts(row) for row in rows}


def _differences(table: str, expected: Rows, found: Rows) -> Iterator[str]:
    for key in expected.keys() - found.keys():
        yield f"{table} {key}: the journal has it, the table does not"
    for key in found.keys() - expected.keys():
        yield f"{table} {key}: the table has it, the journal does not"
    for key in expected.keys() & found.keys():
        for column, value in found[key].items():
            if expected[key].get(column) != value:
                said = expected[key].get(column)
                name = f" ({found[key]['poam_id']})" if "poam_id" in found[key] else ""
                yield f"{table} {key}{name}: {column} is {value!r}, the journal says {said!r}"
