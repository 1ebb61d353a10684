"""A consistent copy of a record, taken beside a running writer."""

from __future__ import annotations

from pathlib import Path

from ..errors import RecordError
from .copying import partial_copy, put_in_place, written
from .record import Record
from .verify import problems, unequal


def backup(path: Path, target: Path) -> None:
    """Copies the record at `path` to the new file `target`, whole or not at all.

    Raises RecordError, and RecordCorrupt for a record that does not equal its history: nobody should come to rely on a
    copy of it.
    """
    if target.exists():
        raise RecordError(f"{target} exists already", hint="choose another name; a backup never overwrites a file")
    with Record.read(path) as source, written(target), partial_copy(source.db, target) as partial:
        with Record.read(partial) as copy:
            found = next(problems(copy.db), None)
        if found is not None:
            raise unequal(found)
        put_in_place(partial, target)
