"""Copies of an open database, each one whole file: complete on the disk under its name, or not there at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import mkstemp

from sqlite_utils import Database

from ..errors import RecordCorrupt, RecordError
from .database import COMPANIONS, sqlite3


@contextmanager
def written(target: Path) -> Iterator[None]:
    """Tells why a file cannot be written. Raises RecordError."""
    try:
        yield
    except (OSError, sqlite3.OperationalError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise RecordError(
            f"{target} could not be written: {why}", hint="check the folder, its permissions and free space"
        ) from None


@contextmanager
def partial_copy(source: Database, target: Path) -> Iterator[Path]:
    """A checked copy under a name of its own beside `target`; what is not put in place by then is taken away.

    Raises RecordCorrupt for a damaged source, OSError and what SQLite raises.
    """
    descriptor, name = mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    os.close(descriptor)
    partial = Path(name)
    try:
        with closing(sqlite3.connect(partial)) as copy:
            source.conn.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise RecordCorrupt(f"the record is damaged and not worth a copy: {found}", hint="restore a backup")
        yield partial
    finally:
        for end in ("", *COMPANIONS):
            partial.with_name(partial.name + end).unlink(missing_ok=True)


def put_in_place(partial: Path, target: Path) -> None:
    """Gives a file its name in one step that outlasts a power cut: the old one stands there, then the new one."""
    sync(partial)
    partial.replace(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Waits until a file, or a folder's list of names, is on the disk."""
    if path.is_dir() and os.name != "posix":
        return  # no other system knows how, or needs it
    descriptor = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
