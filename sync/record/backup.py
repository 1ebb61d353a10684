"""A consistent copy of a record, taken beside a running writer."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import RecordError
from .database import open_reader, sqlite3


def backup(path: Path, target: Path) -> None:
    """Copies the record at `path` to the new file `target`, whole or not at all. Raises RecordError."""
    if target.exists():
        raise RecordError(f"{target} exists already", hint="choose another name; a backup never overwrites a file")
    partial = target.with_name(f".{target.name}.partial")
    source = open_reader(path)
    try:
        os.close(os.open(partial, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        copy = sqlite3.connect(partial)
        source.conn.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        copy.close()
        partial.rename(target)
    except (OSError, sqlite3.Error) as error:
        raise RecordError(
            f"{target} could not be written: {error}", hint="check the folder, its permissions and free space"
        ) from None
    finally:
        partial.unlink(missing_ok=True)
        source.close()
