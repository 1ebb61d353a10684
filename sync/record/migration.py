"""Brings an older record up to this version: a copy is kept first, then all of it in one transaction, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from itertools import chain, count
from pathlib import Path

from sqlite_utils import Database

from ..errors import RecordCorrupt
from .copying import partial_copy, put_in_place, written
from .schema import Migrations, expected_fingerprint, fingerprint, migrate, version_of


def bring_up(path: Path, database: Database, migrations: Migrations) -> None:
    """Makes the file one of the version of `migrations`; a new file is made so without a copy.

    Raises RecordCorrupt for tables or guards that are not ours, before and after, and RecordError where the copy
    `….before-vN` cannot be written.
    """
    version = version_of(database)
    if version:
        _must_be_ours(path, database, migrations[:version])
    if version < len(migrations):
        with _kept(path, database, len(migrations)) if version else nullcontext():
            migrate(database, migrations)
            _must_be_ours(path, database, migrations)


def _must_be_ours(path: Path, database: Database, migrations: Migrations) -> None:
    if fingerprint(database) != expected_fingerprint(migrations):
        raise RecordCorrupt(
            f"{path}: its tables or guards were changed outside poam-sync",
            hint="run `poam verify`, then restore a backup",
        )


@contextmanager
def _kept(path: Path, database: Database, version: int) -> Iterator[None]:
    """Keeps the record as it was beside it; a migration that fails has changed nothing and leaves no copy."""
    wanted = path.with_name(f"{path.name}.before-v{version}")
    numbered = (wanted.with_name(f"{wanted.name}.{n}") for n in count(2))
    target = next(each for each in chain([wanted], numbered) if not each.exists())
    with written(target), partial_copy(database, target) as partial:
        put_in_place(partial, target)
    try:
        yield
    except BaseException:
        target.unlink()
        raise
