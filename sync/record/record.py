"""The record: one writer, and every change one transaction together with its journal rows.

Invariants
    A fact changes only in the transaction that writes its journal row (must).
    What was seen, what changed, bases, outbox and cursor commit together or not at all (must).
    Two writers never share a record: an OS lock beside the file, released by death (must).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from filelock import FileLock
from sqlite_utils import Database

from ...mapping.item import PoamItem
from ..errors import RecordCorrupt, RecordError
from .database import make_durable, must_exist, open_reader, open_writer, plainly, sqlite3, writer_lock
from .items import asset_rows, children, columns
from .journal import COLUMNS, CREATED, OBSERVED, Author, Entry, head, seal, text
from .schema import APPLICATION_ID, FACT_TABLES, expected_fingerprint, fingerprint, migrate, refuse_newer


class Unit:
    """One unit of work: facts with their journal rows, and whatever the engine remembers with them."""

    def __init__(self, database: Database, *, at: str, cycle: str) -> None:
        self.db = database
        self.at = at
        self.cycle = cycle
        self._head = head(database)

    def add_items(self, by: Author, items: Sequence[PoamItem], *, source: str = "") -> None:
        """New items with their assets and milestones; one journal row each."""
        rows = []
        entries = []
        for item in items:
            row = columns(item)
            created = json.dumps(row | children(item), ensure_ascii=False)
            entry = self._seal(by, "items", item.uid, item.uid, CREATED, None, created, "", source)
            rows.append(row | {"journal_seq": entry.seq})
            entries.append(entry)
        self._write(entries)
        self._insert("items", rows)
        for table in ("assets", "milestones"):
            self._insert(table, [{"item_uid": item.uid, **child} for item in items for child in children(item)[table]])
        seqs = {row["uid"]: row["journal_seq"] for row in rows}
        self._insert(
            "milestone_changes",
            [
                {"item_uid": item.uid, **change, "journal_seq": seqs[item.uid]}
                for item in items
                for change in children(item)["milestone_changes"]
            ],
        )

    def create(
        self,
        by: Author,
        table: str,
        row: Mapping[str, Any],
        *,
        reason: str = "",
        source: str = "",
        binary: Mapping[str, bytes] | None = None,
    ) -> None:
        """A new fact in any other fact table. `binary` columns stay out of the journal: a digest speaks for them."""
        created = json.dumps(dict(row), ensure_ascii=False)
        owner = str(row.get("item_uid", ""))
        entry = self._seal(by, table, str(row[FACT_TABLES[table]]), owner, CREATED, None, created, reason, source)
        self._write([entry])
        self._insert(table, [{**row, **(binary or {}), "journal_seq": entry.seq}])

    def change(
        self, by: Author, table: str, key: str | int, changes: Mapping[str, Any], *, reason: str = "", source: str = ""
    ) -> bool:
        """Changes columns of one fact, one journal row each; columns that already hold the value are left alone."""
        column = FACT_TABLES[table]
        now = next(iter(self.db.query(f"SELECT * FROM {table} WHERE {column} = ?", (key,))))  # noqa: S608
        real = {name: value for name, value in changes.items() if text(now[name]) != text(value)}
        if not real:
            return False
        owner = now["uid"] if table == "items" else now.get("item_uid", "")
        entries = [
            self._seal(by, table, str(key), str(owner), name, text(now[name]), text(value), reason, source)
            for name, value in real.items()
        ]
        self._write(entries)
        assignments = ", ".join(f"{name} = :{name}" for name in (*real, "journal_seq"))
        self.db.execute(
            f"UPDATE {table} SET {assignments} WHERE {column} = :__key",  # noqa: S608
            {**real, "journal_seq": entries[-1].seq, "__key": key},
        )
        return True

    def replace_assets(self, by: Author, uid: str, assets: Sequence[str], *, source: str = "") -> None:
        """The assets an item concerns, anew, one a line; the journal keeps both lists."""
        old = [
            row["identifier"]
            for row in self.db.query("SELECT identifier FROM assets WHERE item_uid = ? ORDER BY position", (uid,))
        ]
        rows = asset_rows(assets)
        new = [row["identifier"] for row in rows]
        if new == old:
            return
        entry = self._seal(by, "items", uid, uid, "assets", "\n".join(old), "\n".join(new), "", source)
        self._write([entry])
        self.db.execute("DELETE FROM assets WHERE item_uid = ?", (uid,))
        self._insert("assets", [{"item_uid": uid, **row} for row in rows])
        self.db.execute("UPDATE items SET journal_seq = ? WHERE uid = ?", (entry.seq, uid))

    def observe(
        self,
        by: Author,
        link_id: str,
        item_uid: str,
        field: str,
        old: str | None,
        new: str | None,
        *,
        reason: str,
        source: str,
    ) -> None:
        """Keeps what a person did at a tracker, whatever becomes of it."""
        self._write([self._seal(by, OBSERVED, link_id, item_uid, field, old, new, reason, source)])

    def note(self, by: Author, entity: str, entity_id: str, what: str, *, reason: str = "") -> None:
        """Keeps what a person did that changes no fact."""
        self._write([self._seal(by, entity, entity_id, "", what, None, None, reason, "")])

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Writes a row of the engine's memory (sightings, bases, outbox, cursors), replacing the one with its key."""
        self.db.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608
            dict(row),
        )

    def next_id(self, table: str) -> int:
        """The next number of a numbered table."""
        return int(self.db.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0])  # noqa: S608

    @property
    def next_seq(self) -> int:
        """The sequence number of the next journal row."""
        return self._head[0] + 1

    def _seal(self, by: Author, *columns: Any) -> Entry:
        who = (self.at, by.person, by.on_behalf_of, by.role, by.origin, self.cycle)
        entry = seal(self._head, (*who, *columns))
        self._head = (entry.seq, entry.hash)
        return entry

    def _write(self, entries: Sequence[Entry]) -> None:
        places = ", ".join("?" * len(COLUMNS))
        rows = [tuple(getattr(entry, name) for name in COLUMNS) for entry in entries]
        self.db.conn.executemany(f"INSERT INTO journal VALUES ({places})", rows)  # noqa: S608

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            names = tuple(rows[0])
            self.db.conn.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608
                [tuple(row[name] for name in names) for row in rows],
            )


class Record:
    """An open record. `Record.create` makes one, `Record.open` is the writer, `Record.read` looks only."""

    def __init__(self, path: Path, database: Database, lock: FileLock | None) -> None:
        self.path = path
        self.db = database
        self._lock = lock

    @classmethod
    def create(cls, path: Path, *, record_id: str, at: str) -> Record:
        """A new, empty record, open for writing. `record_id` is random text that markers are made of."""
        if path.exists():
            raise RecordError(
                f"{path} exists already", hint="choose another [record] path, or use the record that is there"
            )
        return cls._opened(path, first={"record_id": record_id, "created_at": at})

    @classmethod
    def open(cls, path: Path, *, wait: float = 0) -> Record:
        """The record for writing; waits so many seconds for another writer to finish.

        Raises RecordMissing, RecordLocked, RecordCorrupt.
        """
        must_exist(path)
        return cls._opened(path, wait=wait)

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record for reading; welcome at any time, beside any writer."""
        record = cls(path, open_reader(path), None)
        try:
            record._recognise()
        except BaseException:
            record.close()
            raise
        return record

    @classmethod
    def _opened(cls, path: Path, *, first: Mapping[str, str] | None = None, wait: float = 0) -> Record:
        """The writer; `first` is what a new record knows from the beginning, None for one that is there."""
        lock = writer_lock(path, wait)
        try:
            record = cls(path, open_writer(path, new=first is not None), lock)
        except BaseException:
            lock.release()
            raise
        try:
            if first is None:
                record._recognise()
            record._prepare()
            if first is not None:
                with record.unit(at=first["created_at"]) as unit:
                    for key, value in first.items():
                        unit.put("meta", {"key": key, "value": value})
        except BaseException:
            (record.close if first is None else record._abandon)()
            raise
        return record

    def _abandon(self) -> None:
        """Takes a file back that did not become a record."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _prepare(self) -> None:
        with plainly(self.path):
            make_durable(self.db)
            migrate(self.db)
            whole = fingerprint(self.db) == expected_fingerprint()
        if not whole:
            raise RecordCorrupt(
                f"{self.path}: its tables or guards were changed outside poam-sync",
                hint="run `poam verify`, then restore a backup",
            )

    def _recognise(self) -> None:
        """Refuses whatever is not a record that this version can read, before anything is written into it."""
        with plainly(self.path):
            (found,), (version,) = (
                self.db.conn.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
            )
        if found != APPLICATION_ID:
            raise RecordCorrupt(f"{self.path} is not a poam-sync record", hint="check [record] path")
        refuse_newer(version)

    @contextmanager
    def unit(self, *, at: str, cycle: str = "") -> Iterator[Unit]:
        """One transaction, taken at once and kept whole: any exception undoes all of it. Raises RecordError."""
        connection = self.db.conn
        if connection.in_transaction:
            raise RecordError("a unit of work is open already")
        with plainly(self.path):
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield Unit(self.db, at=at, cycle=cycle)
                connection.execute("COMMIT")
            except BaseException:
                self._undo()
                raise

    def _undo(self) -> None:
        # SQLITE_FULL and IOERR roll back by themselves; only what is still open needs it.
        if self.db.conn.in_transaction:
            self.db.conn.execute("ROLLBACK")

    @property
    def id(self) -> str:
        """The record's own random identity; a restored copy keeps it and so finds its issues."""
        return str(self.db.conn.execute("SELECT value FROM meta WHERE key = 'record_id'").fetchone()[0])

    @property
    def head(self) -> tuple[int, str]:
        """The journal's last sequence number and hash: the anchor that goes into every document and the log."""
        return head(self.db)

    def writes(self) -> int:
        """How many rows this connection has written so far."""
        return int(self.db.conn.total_changes)

    def close(self) -> None:
        """Closes the file and lets the next writer in."""
        self.db.close()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Record:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.close()
        if isinstance(error, sqlite3.DatabaseError):
            with plainly(self.path):
                raise error
