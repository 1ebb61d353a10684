"""The record: one writer, and every change one transaction together with its journal rows.

Invariants
    A fact changes only in the transaction that writes its journal row (must).
    What was seen, what changed, bases, outbox and cursor commit together or not at all (must).
    Two writers never share a record: an OS lock beside the file, released by death (must).
    Where that lock was defeated, the writer that was overtaken commits nothing more (must).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock
from sqlite_utils import Database

from ..errors import RecordCorrupt, RecordError
from .database import (
    make_durable,
    must_be_undamaged,
    must_exist,
    open_reader,
    open_writer,
    plainly,
    sqlite3,
    writer_lock,
)
from .fence import Fence
from .journal import head
from .memory import remember
from .migration import bring_up
from .schema import APPLICATION_ID, MIGRATIONS, Migrations, refuse_newer
from .unit import Unit


class Record:
    """An open record. `Record.create` makes one, `Record.open` is the writer, `Record.read` looks only."""

    def __init__(self, path: Path, database: Database, lock: FileLock | None) -> None:
        self.path = path
        self.db = database
        self._lock = lock
        self.committed: tuple[int, str] | None = None
        """The journal's head after the last unit that this writer committed."""
        self._fence: Fence | None = None
        self._claims = 0

    @classmethod
    def create(cls, path: Path, *, record_id: str, at: str) -> Record:
        """A new, empty record, open for writing. `record_id` is random text that markers are made of."""
        if path.exists():
            raise RecordError(
                f"{path} exists already", hint="choose another [record] path, or use the record that is there"
            )
        first = {"record_id": record_id, "created_at": at}
        return cls._opened(path, first=first, lock=writer_lock(path, 0))

    @classmethod
    def open(cls, path: Path, *, wait: float = 0, migrations: Migrations = MIGRATIONS) -> Record:
        """The record for writing; waits so many seconds for another writer to finish, brings an older one up.

        Raises RecordMissing, RecordLocked, RecordCorrupt.
        """
        must_exist(path)
        return cls._opened(path, lock=writer_lock(path, wait), migrations=migrations)

    @classmethod
    def reopen(cls, path: Path, *, wait: float = 0) -> Record:
        """The record for writing, which this process has opened before: without looking through the whole file again,
        which takes a second over 100,000 items. Raises as `open`.
        """
        must_exist(path)
        return cls._opened(path, lock=writer_lock(path, wait), look_through=False)

    @classmethod
    def private(cls, path: Path, *, migrations: Migrations = MIGRATIONS) -> Record:
        """A record for writing under a name that nobody else knows: without a lock."""
        return cls._opened(path, migrations=migrations)

    @classmethod
    def read(cls, path: Path) -> Record:
        """The record for reading; welcome at any time, beside any writer."""
        record = cls(path, open_reader(path), None)
        try:
            record._recognise(MIGRATIONS)
        except BaseException:
            record.close()
            raise
        return record

    @classmethod
    def _opened(
        cls,
        path: Path,
        *,
        first: Mapping[str, str] | None = None,
        lock: FileLock | None = None,
        migrations: Migrations = MIGRATIONS,
        look_through: bool = True,
    ) -> Record:
        """The writer; `first` is what a new record knows from the beginning, None for one that is there."""
        try:
            record = cls(path, open_writer(path, new=first is not None), lock)
        except BaseException:
            if lock is not None:
                lock.release()
            raise
        try:
            if first is None:
                record._recognise(migrations)
            if look_through:
                record._look_through()
            record._prepare(migrations)
            if first is not None:
                with record.unit(at=first["created_at"]) as unit:
                    remember(unit, first)
        except BaseException:
            (record.close if first is None else record._abandon)()
            raise
        return record

    def _abandon(self) -> None:
        """Takes a file back that did not become a record."""
        self.close()
        self.path.unlink(missing_ok=True)

    def _look_through(self) -> None:
        with plainly(self.path):
            must_be_undamaged(self.path, self.db)

    def _prepare(self, migrations: Migrations) -> None:
        with plainly(self.path):
            make_durable(self.db)
            bring_up(self.path, self.db, migrations)
            self._fence = Fence.around(self.path, self.db)

    def _recognise(self, migrations: Migrations) -> None:
        """Refuses whatever is not a record that this version can read, before anything is written into it."""
        with plainly(self.path):
            (found,), (version,) = (
                self.db.conn.execute(f"PRAGMA {name}").fetchone() for name in ("application_id", "user_version")
            )
        if found != APPLICATION_ID:
            raise RecordCorrupt(f"{self.path} is not a poam-sync record", hint="check [record] path")
        if version < 1:  # both numbers are written in the transaction that makes the tables
            raise RecordCorrupt(
                f"{self.path} is a poam-sync record that has lost its schema version: it was changed outside poam-sync",
                hint="keep this file as evidence, and restore a backup",
            )
        refuse_newer(version, migrations)
        _ = self.id

    @contextmanager
    def unit(self, *, at: str, cycle: str = "") -> Iterator[Unit]:
        """One transaction, taken at once and kept whole: any exception undoes all of it. Raises RecordError."""
        connection, fence = self.db.conn, self._fence
        if connection.in_transaction:
            raise RecordError("a unit of work is open already")
        if fence is None:
            raise RecordError(f"{self.path} was opened for reading only")
        with plainly(self.path):
            try:
                connection.execute("BEGIN IMMEDIATE")
                fence.demand(self.db)
                before = connection.total_changes
                unit = Unit(self.db, at=at, cycle=cycle)
                yield unit
                self._commit(fence, wrote=connection.total_changes > before)
                self.committed = unit.head
            except BaseException:
                self._undo()
                raise

    def _commit(self, fence: Fence, *, wrote: bool) -> None:
        """Commits, and with the first thing ever written the writer's epoch."""
        if not self.db.conn.in_transaction:  # SQLite undid all of it, and somebody took that for nothing
            raise RecordError(f"{self.path}: SQLite undid a unit of work, so none of it was kept")
        held = fence.claim(self.db) if wrote else fence
        self._claims += held is not fence
        self.db.conn.execute("COMMIT")
        self._fence = held

    def _undo(self) -> None:
        # SQLITE_FULL and IOERR roll back by themselves; only what is still open needs it.
        if self.db.conn.in_transaction:
            self.db.conn.execute("ROLLBACK")

    @property
    def id(self) -> str:
        """The record's own random identity; a restored copy keeps it and so finds its issues. Raises RecordCorrupt."""
        with plainly(self.path):
            found = self.db.conn.execute("SELECT value FROM meta WHERE key = 'record_id' AND value <> ''").fetchone()
        if found is None:
            raise RecordCorrupt(
                f"{self.path} is a poam-sync record that has lost its record id: it was changed outside poam-sync",
                hint="keep this file as evidence, and restore a backup",
            )
        return str(found[0])

    @property
    def head(self) -> tuple[int, str]:
        """The journal's last sequence number and hash: the anchor that goes into every document and the log."""
        return head(self.db)

    def writes(self) -> int:
        """How many rows this connection has written so far, its epoch apart: that is no news."""
        return int(self.db.conn.total_changes) - self._claims

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
