"""A consistent copy of a record, taken beside a running writer."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from tempfile import mkstemp

from ..errors import RecordCorrupt, RecordError
from .database import sqlite3
from .record import Record


def backup(path: Path, target: Path) -> None:
    """Copies the record at `path` to the new file `target`, whole or not at all. Raises RecordError, RecordCorrupt."""
    if target.exists():
        raise RecordError(f"{target} exists already", hint="choose another name; a backup never overwrites a file")
    with Record.read(path) as source:
        try:
            _copy(source, target)
        except (OSError, sqlite3.OperationalError) as error:
            raise RecordError(
                f"{target} could not be written: {error}", hint="check the folder, its permissions and free space"
            ) from None


def _copy(source: Record, target: Path) -> None:
    descriptor, name = mkstemp(prefix=f".{target.name}.", suffix=".partial", dir=target.parent)
    os.close(descriptor)
    partial = Path(name)
    try:
        with closing(sqlite3.connect(partial)) as copy:
            source.db.conn.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            (found,) = copy.execute("PRAGMA quick_check(1)").fetchone()
        if found != "ok":
            raise RecordCorrupt(f"{source.path} is damaged and not worth a backup: {found}", hint="restore a backup")
        partial.rename(target)
    finally:
        partial.unlink(missing_ok=True)
