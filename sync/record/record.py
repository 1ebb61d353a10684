"""The record: one writer, and every change one transaction together with its journal rows.

Invariants
    A fact changes only in the transaction that writes its journal row (must).
    What was seen, what changed, bases, outbox and cursor commit together or not at all (must).
    Two writers never share a record: an OS lock beside the file, released by death (must).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from sqlite_utils import Database

from ..errors import RecordCorrupt, RecordError
from .database import make_durable, must_exist, open_reader, open_writer, plainly, sqlite3, writer_lock
from .journal import head
from .schema import APPLICATION_ID, expected_fingerprint, fingerprint, migrate, refuse_newer
from .unit import Unit


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
