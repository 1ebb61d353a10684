"""Puts a backup in the record's place. The record that stood there is moved aside, never deleted.

Everything is prepared in a copy under another name, which then takes the record's name in one step: whatever dies on
the way leaves the old record or the new one there, and the new one knows that it was restored.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import InputError, RecordError
from .copying import partial_copy, put_in_place, written
from .database import COMPANIONS, open_writer, plainly, writer_lock
from .journal import Author
from .memory import forget, remember
from .record import Record
from .schema import MIGRATIONS, Migrations, migrate
from .verify import Head, problems, unanchored

_FORGOTTEN = ("planned_seq", "full_at")
_PUNCTUATION = str.maketrans("", "", "-:")
_MAKE_ONE = "name a file that poam backup has made"


@dataclass(frozen=True, slots=True)
class Known:
    """What a record says of itself: its id, its journal's last row and when that was written, its items."""

    record_id: str
    head: Head
    last_at: str
    items: int


@dataclass(frozen=True, slots=True)
class Restoration:
    """What a restore would do. `aside` is where the present file goes, None where there is none.

    `present` is None where it cannot be read, and `damage` says why. `continued`: the present journal holds the
    backup's last row, so that exactly what came after it is lost.
    """

    file: Path
    path: Path
    backup: Known
    aside: Path | None = None
    present: Known | None = None
    damage: str = ""
    continued: bool = False

    @property
    def is_another(self) -> bool:
        """Whether the backup is of another record than the one that stands there."""
        return self.present is not None and self.present.record_id != self.backup.record_id

    @property
    def rows_lost(self) -> int:
        """How many journal rows the present record has beyond the backup, where it continues it."""
        return self.present.head[0] - self.backup.head[0] if self.present and self.continued else 0


@contextmanager
def restoring(file: Path, path: Path, *, at: str, wait: float = 0) -> Iterator[Restoration]:
    """The restoration of `file` to the record at `path`, with the writer's place held for as long as it is looked at.

    Raises InputError for a file that is no whole record of ours, RecordLocked and RecordError.
    """
    backup = _inspected(file, path)
    lock = writer_lock(path, wait)
    try:
        yield _planned(file, path, backup, at)
    finally:
        lock.release()


def restore(plan: Restoration, by: Author, *, at: str, migrations: Migrations = MIGRATIONS) -> None:
    """Does it; the caller is inside `restoring`. Raises RecordError, and then the present record stands as it stood."""
    with Record.read(plan.file) as source, written(plan.path), partial_copy(source.db, plan.path) as partial:
        _bring_up(partial, migrations)
        _prepare(partial, migrations, plan, by, at)
        if plan.aside is not None:
            _fold(plan.path)
            _set_aside(plan.path, plan.aside)
        put_in_place(partial, plan.path)


def _inspected(file: Path, path: Path) -> Known:
    """What the backup is, once it is proved to be whole. Raises InputError."""
    if not file.is_file():
        raise InputError(f"there is no file {file}", hint=_MAKE_ONE)
    if path.exists() and path.samefile(file):
        raise InputError(f"{file} is the record itself", hint=_MAKE_ONE)
    try:
        with Record.read(file) as record, plainly(file):
            found = next(problems(record.db), None)
            known = _known(record)
    except RecordError as error:
        hint = error.hint if "newer" in error.hint else _MAKE_ONE
        raise InputError(f"{file} cannot be restored: {error}", hint=hint) from None
    if found is not None:
        raise InputError(f"{file} cannot be restored, it is no whole record: {found}", hint="choose another backup")
    return known


def _known(record: Record) -> Known:
    (last_at,) = record.db.conn.execute("SELECT coalesce(max(at), '') FROM journal").fetchone()
    (items,) = record.db.conn.execute("SELECT count(*) FROM items").fetchone()
    return Known(record.id, record.head, last_at, items)


def _planned(file: Path, path: Path, backup: Known, at: str) -> Restoration:
    if not os.path.lexists(path):
        return Restoration(file, path, backup)
    if path.is_symlink() or not path.is_file():
        raise RecordError(f"{path} is no plain file", hint="move away what is there, or change [record] path")
    aside = path.with_name(f"{path.name}.replaced-{at.translate(_PUNCTUATION)[:15]}")
    if os.path.lexists(aside):
        raise RecordError(f"{aside} exists already", hint="wait a second")
    try:
        with Record.read(path) as record, plainly(path):
            continued = not any(unanchored(record.db, [backup.head] if backup.head[0] else []))
            return Restoration(file, path, backup, aside, _known(record), continued=continued)
    except RecordError as error:
        return Restoration(file, path, backup, aside, damage=str(error))


def _bring_up(partial: Path, migrations: Migrations) -> None:
    """An older backup becomes a current one; the file it was copied from is what it was."""
    database = open_writer(partial)
    try:
        migrate(database, migrations)
    finally:
        database.close()


def _prepare(partial: Path, migrations: Migrations, plan: Restoration, by: Author, at: str) -> None:
    """Makes the copy a record that knows where it comes from, and that what it knew of the trackers is old."""
    with Record.private(partial, migrations=migrations) as record, record.unit(at=at) as unit:
        unit.db.execute("DELETE FROM cursors")
        for key in _FORGOTTEN:
            forget(unit, key)
        remember(unit, {"restored_at": at})
        seq, digest = plan.backup.head
        unit.note(by, "record", record.id, "restored", reason=f"from {plan.file.name}, journal row {seq} {digest}")


def _fold(path: Path) -> None:
    """Makes it one file, with nothing beside it that SQLite would play into the next file of that name.

    A file that cannot be read is left as it is. Raises RecordError as long as somebody else holds it.
    """
    try:
        with plainly(path), closing(open_writer(path).conn) as connection:
            connection.execute("SELECT 1 FROM sqlite_schema").fetchone()
            connection.execute("PRAGMA journal_mode=DELETE")
    except RecordError as error:
        if "is locked" in str(error):
            raise RecordError(f"{path} is being read", hint="wait until other poam commands are done") from None


def _set_aside(path: Path, aside: Path) -> None:
    """Gives the present record a second name, so that its first one can be taken in one step.

    What SQLite keeps beside a file that it cannot read any more goes with it, and no new record ever meets it.
    """
    beside = [end for end in COMPANIONS if os.path.lexists(f"{path}{end}")]
    for end in ("", *beside):
        os.link(f"{path}{end}", f"{aside}{end}")
    for end in beside:
        os.unlink(f"{path}{end}")
