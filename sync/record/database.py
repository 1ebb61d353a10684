"""Opens the file. The only module that says which SQLite is in use and how it is set.

sqlite-utils takes pysqlite3 (a current SQLite) by itself where it is installed; everything else imports `sqlite3` from
here, because pysqlite3's exceptions are not the standard library's. Write-ahead logging had a corruption bug up to
3.51.2, so an older SQLite gets the rollback journal with `synchronous=EXTRA`.
"""

from __future__ import annotations

import os
from pathlib import Path

from sqlite_utils import Database as Database
from sqlite_utils.utils import sqlite3 as sqlite3  # type: ignore[attr-defined]  # whichever it uses itself

from ..errors import RecordError, RecordMissing

WAL_IS_SAFE_FROM = (3, 51, 3)
SETTINGS = (
    "foreign_keys=ON",
    "recursive_triggers=ON",
    "busy_timeout=5000",
    "trusted_schema=OFF",
    "cell_size_check=ON",
)


def journal_mode() -> tuple[str, str]:
    """The journal mode and synchronous level that are safe with the SQLite in use, as `(mode, level)`."""
    return ("WAL", "FULL") if sqlite3.sqlite_version_info >= WAL_IS_SAFE_FROM else ("DELETE", "EXTRA")


def open_writer(path: Path) -> Database:
    """The database for writing; a new file is readable by its owner alone. Raises RecordError."""
    if not path.parent.is_dir():
        raise RecordError(f"{path.parent} is not a folder", hint="create it, or change [record] path")
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | getattr(os, "O_NOFOLLOW", 0), 0o600))
        database = _connect(path.resolve().as_uri())
        mode, level = journal_mode()
        database.conn.execute(f"PRAGMA journal_mode={mode}")
        database.conn.execute(f"PRAGMA synchronous={level}")
    except (OSError, sqlite3.Error) as error:
        raise RecordError(
            f"{path} cannot be opened for writing: {error}", hint="check the file and its permissions"
        ) from None
    return database


def open_reader(path: Path) -> Database:
    """The database for reading only: it never stands in a writer's way. Raises RecordMissing, RecordError."""
    if not path.is_file():
        raise RecordMissing(f"there is no record at {path}", hint="run `poam init`, or change [record] path")
    try:
        return _connect(f"{path.resolve().as_uri()}?mode=ro")
    except sqlite3.Error as error:
        raise RecordError(f"{path} cannot be read: {error}", hint="check the file and its permissions") from None


def _connect(uri: str) -> Database:
    # isolation_level=None: the library never opens a transaction by itself; the record does, with BEGIN IMMEDIATE.
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}")
    return Database(connection)
