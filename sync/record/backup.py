"""A consistent copy of a record, taken beside a running writer."""

from __future__ import annotations

from pathlib import Path

from ..errors import RecordError
from .copying import partial_copy, put_in_place, written
from .record import Record


def backup(path: Path, target: Path) -> None:
    """Copies the record at `path` to the new file `target`, whole or not at all. Raises RecordError, RecordCorrupt."""
    if target.exists():
        raise RecordError(f"{target} exists already", hint="choose another name; a backup never overwrites a file")
    with Record.read(path) as source, written(target), partial_copy(source.db, target) as partial:
        put_in_place(partial, target)
