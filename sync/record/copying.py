"""Copies of an open database, each one whole file: complete on the disk under its name, or not there at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from tempfile import mkstemp

from sqlite_utils import Database

from ..errors import RecordCorrupt, RecordError
from .database import COMPANIONS, sqlite3

_COPY = re.compile(r"\..+\.[a-z0-9_]{8}\.copy\.partial")


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
    _take_away_stale(target.parent)
    descriptor, partial = _reserved(target)
    try:
        with closing(sqlite3.connect(partial)) as copy:
            source.conn.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise RecordCorrupt(
                f"the record is damaged and not worth a copy: {' '.join(found.split())}", hint="restore a backup"
            )
        yield partial
    finally:
        _take_away(partial)
        os.close(descriptor)


def _reserved(target: Path) -> tuple[int, Path]:
    """A new file beside the target, with a lock that dies with its process: it tells the others that it is in use."""
    while True:
        descriptor, name = mkstemp(prefix=f".{target.name}.", suffix=".copy.partial", dir=target.parent)
        flock(descriptor, LOCK_EX)
        if os.fstat(descriptor).st_nlink:  # else another one took it for stale, just before it was locked
            return descriptor, Path(name)
        os.close(descriptor)


def _take_away_stale(folder: Path) -> None:
    """Takes away the copies whose process died over them: each is a whole record, and nobody would look for it."""
    for path in folder.iterdir():
        if _COPY.fullmatch(path.name) and not path.is_symlink() and path.is_file():
            with suppress(OSError), open(path, "rb") as file:
                flock(file, LOCK_EX | LOCK_NB)  # BlockingIOError while its process lives
                _take_away(path)


def _take_away(partial: Path) -> None:
    for end in (*COMPANIONS, ""):
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
