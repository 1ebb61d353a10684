"""Opens the file. The only module that says which SQLite is in use and how it is set.

sqlite-utils takes pysqlite3 (a current SQLite) by itself where it is installed; everything else imports `sqlite3` from
here, because pysqlite3's exceptions are not the standard library's. Write-ahead logging had a corruption bug up to
3.51.2, so an older SQLite gets the rollback journal with `synchronous=EXTRA`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from sqlite_utils import Database as Database
from sqlite_utils.utils import sqlite3 as sqlite3  # type: ignore[attr-defined]  # whichever it uses itself

from ..errors import RecordCorrupt, RecordError, RecordLocked, RecordMissing

WAL_IS_SAFE_FROM = (3, 51, 3)
SETTINGS = (
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "busy_timeout=5000",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)


COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a file while it is in use; without them, or with another file's, it is not whole."""


class Durability(NamedTuple):
    """How a file outlasts a crash: journal mode, synchronous level, and why these."""

    mode: str
    level: str
    why: str


def journal_mode() -> Durability:
    """The journal mode and synchronous level that are safe with the SQLite in use."""
    since = ".".join(map(str, WAL_IS_SAFE_FROM))
    if sqlite3.sqlite_version_info >= WAL_IS_SAFE_FROM:
        return Durability("WAL", "FULL", f"readers never wait, and write-ahead logging is safe from SQLite {since} on")
    return Durability("DELETE", "EXTRA", f"before SQLite {since} write-ahead logging can damage a file")


def source() -> str:
    """Whose SQLite is in use, as a person says it."""
    return "pysqlite3" if sqlite3.__name__.startswith("pysqlite3") else "Python's own library"


def open_writer(path: Path, *, new: bool = False) -> Database:
    """The database for writing, not yet looked into; a new file is its owner's alone. Raises RecordError."""
    made = os.O_CREAT | os.O_EXCL if new else 0
    try:
        os.close(os.open(path, made | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
        return _connect(path.resolve().as_uri())
    except (OSError, sqlite3.Error) as error:
        raise RecordError(
            f"{path} cannot be opened for writing: {error}", hint="check the file and its permissions"
        ) from None


def make_durable(database: Database) -> None:
    """Chooses the journal mode: written into the file, so only for one that is known to be ours."""
    mode, level, _ = journal_mode()
    database.conn.execute(f"PRAGMA journal_mode={mode}")
    database.conn.execute(f"PRAGMA synchronous={level}")


def must_be_undamaged(path: Path, database: Database) -> None:
    """Looks at every page before anything is written: 10,000 items take a tenth of a second. Raises RecordCorrupt."""
    (found,) = database.conn.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise RecordCorrupt(f"{path} is damaged: {' '.join(found.split())}", hint="restore a backup")


def open_reader(path: Path) -> Database:
    """The database for reading only: it never stands in a writer's way. Raises RecordMissing, RecordError."""
    must_exist(path)
    if path.with_name(f"{path.name}-journal").exists():
        _roll_back(path)
    try:
        return _connect(f"{path.resolve().as_uri()}?mode=ro")
    except sqlite3.Error as error:
        raise RecordError(f"{path} cannot be read: {error}", hint="check the file and its permissions") from None


def _roll_back(path: Path) -> None:
    """Lets SQLite undo what a killed writer left half written: until then it turns everyone away who only reads.

    A writer that lives is not touched, and who may not write is told by their own reading.
    """
    with suppress(RecordError), plainly(path), closing(open_writer(path).conn) as connection:
        connection.execute("SELECT 1 FROM sqlite_schema").fetchone()


def writer_lock(path: Path, wait: float) -> FileLock:
    """The place of the record's one writer, held until released or dead. Raises RecordLocked, RecordError."""
    if not path.parent.is_dir():  # the library would make it
        raise RecordError(f"{path.parent} is not a folder", hint="create it, or change [record] path")
    lock = FileLock(f"{path}.lock", timeout=wait, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise RecordLocked(
            f"{path} is in use by another poam process that writes",
            hint="wait until it is done: a cycle that creates many issues takes minutes",
        ) from None
    except OSError as error:
        raise RecordError(f"{path}.lock cannot be made: {error}", hint="check the folder and its permissions") from None
    return lock


@contextmanager
def plainly(path: Path) -> Iterator[None]:
    """Tells an operator what SQLite says of the file. Raises RecordError, RecordCorrupt.

    A broken rule or a wrong statement of ours stays what it is: a bug.
    """
    try:
        yield
    except sqlite3.OperationalError as error:
        if "decode to UTF-8" in str(error):  # the library's own words, which quote the bytes
            raise RecordCorrupt(f"{path} holds bytes that are no text", hint="run poam verify") from error
        raise RecordError(
            f"{path} cannot be used: {error}", hint="check space, permissions and other programs"
        ) from error
    except sqlite3.DatabaseError as error:
        if type(error) is not sqlite3.DatabaseError:
            raise
        raise RecordCorrupt(f"{path} is not a readable record: {error}", hint="restore a backup") from error


def must_exist(path: Path) -> None:
    """Raises RecordMissing where there is no file."""
    if not path.parent.is_dir():
        raise RecordMissing(
            f"there is no record at {path}: {path.parent} is not a folder",
            hint="create the folder and run poam init, or change [record] path",
        )
    if path.is_dir():
        raise RecordMissing(f"{path} is a folder, not a record", hint="change [record] path: it names the file itself")
    if not path.is_file():
        raise RecordMissing(f"there is no record at {path}", hint="run poam init, or change [record] path")


def _connect(uri: str) -> Database:
    # isolation_level=None: the library never opens a transaction by itself; the record does, with BEGIN IMMEDIATE.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None)
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return Database(connection)
