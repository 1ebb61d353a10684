"""An older record is brought up whole or not at all, and what it was is kept beside it."""

from __future__ import annotations

import resource
import signal
from pathlib import Path

import pytest

from poam.sync.errors import RecordCorrupt, RecordError
from poam.sync.record.record import Record
from poam.sync.record.schema import MIGRATIONS, expected_fingerprint, fingerprint, version_of
from poam.sync.record.verify import problems

from .engine import IMPORTER, item
from .golden import AT, TWO, contents, version_1
from .records import raw


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return version_1(tmp_path / "poam.db")


def names(path: Path) -> list[str]:
    return sorted(file.name for file in path.parent.iterdir() if file.suffix != ".lock")


def test_a_record_of_version_1_is_opened_verified_and_written_by_this_version(path: Path) -> None:
    with Record.open(path) as record:
        assert list(problems(record.db)) == []
        assert record.id == "golden"
        with record.unit(at=AT) as unit:
            unit.add_items(IMPORTER, [item(1)])
        assert list(problems(record.db)) == []


def test_a_current_record_is_opened_without_a_copy(path: Path) -> None:
    Record.open(path).close()
    assert names(path) == ["poam.db"]


def test_an_older_record_is_brought_up_and_a_whole_copy_of_what_it_was_is_kept(path: Path) -> None:
    before = contents(path)
    with Record.open(path, migrations=TWO) as record:
        assert version_of(record.db) == 2
        assert fingerprint(record.db) == expected_fingerprint(TWO)
        with record.unit(at=AT) as unit:
            unit.add_items(IMPORTER, [item(1)])
            unit.put("tags", {"item_uid": "uid-1", "tag": "x"})
        assert record.db.execute("SELECT value FROM meta WHERE key = 'tags_since'").fetchone() == ("version 2",)
    assert names(path) == ["poam.db", "poam.db.before-v2"]
    kept = path.with_name("poam.db.before-v2")
    assert contents(kept) == before
    assert kept.stat().st_mode & 0o777 == 0o600
    with Record.read(kept) as record:
        assert list(problems(record.db)) == []


def test_a_record_that_was_brought_up_stays_so_and_is_not_copied_again(path: Path) -> None:
    for _ in range(2):
        Record.open(path, migrations=TWO).close()
    assert names(path) == ["poam.db", "poam.db.before-v2"]


def test_a_new_record_needs_no_copy(tmp_path: Path) -> None:
    Record.create(tmp_path / "poam.db", record_id="x", at=AT).close()
    assert names(tmp_path / "poam.db") == ["poam.db"]


def test_a_copy_never_takes_the_place_of_another_file(path: Path) -> None:
    path.with_name("poam.db.before-v2").write_text("mine", encoding="utf-8")
    Record.open(path, migrations=TWO).close()
    assert path.with_name("poam.db.before-v2").read_text(encoding="utf-8") == "mine"
    assert names(path) == ["poam.db", "poam.db.before-v2", "poam.db.before-v2.2"]


def test_an_older_version_refuses_what_a_newer_one_has_written_and_leaves_it_as_it_is(path: Path) -> None:
    Record.open(path, migrations=TWO).close()
    before = contents(path)
    for enter in (Record.open, Record.read):
        with pytest.raises(RecordCorrupt, match="has schema version 2, this poam-sync knows 1"):
            enter(path)
    assert contents(path) == before


@pytest.mark.parametrize("version", [0, -1])
def test_a_record_that_lost_its_version_is_told_as_what_it_is_and_left_as_it_is(path: Path, version: int) -> None:
    raw(path, f"PRAGMA user_version={version}")
    before = contents(path)
    for enter in (Record.open, Record.reopen, Record.read):
        with pytest.raises(RecordCorrupt, match="has lost its schema version: it was changed outside"):
            enter(path)
    assert (contents(path), names(path)) == (before, ["poam.db"])


@pytest.mark.parametrize("place", range(4))
def test_a_migration_that_fails_anywhere_leaves_version_1_whole_and_no_copy(path: Path, place: int) -> None:
    before = contents(path)
    broken = [*TWO[1]]
    broken.insert(place, "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(RecordError, match="no such table: nowhere"):
        Record.open(path, migrations=(TWO[0], tuple(broken)))
    assert (contents(path), names(path)) == (before, ["poam.db"])
    with Record.open(path) as record:
        assert list(problems(record.db)) == []
    Record.open(path, migrations=TWO).close()
    assert names(path) == ["poam.db", "poam.db.before-v2"]


def test_of_two_versions_at_once_neither_is_kept_when_the_second_fails(path: Path) -> None:
    before = contents(path)
    with pytest.raises(RecordError):
        Record.open(path, migrations=(*TWO, ("DROP TABLE nowhere",)))
    assert contents(path) == before


def test_a_migration_that_would_leave_a_reference_to_nothing_is_undone(path: Path) -> None:
    before = contents(path)
    lost = (
        "CREATE TABLE tags (item_uid TEXT NOT NULL REFERENCES items(uid) DEFERRABLE INITIALLY DEFERRED) STRICT",
        "INSERT INTO tags VALUES ('nobody')",
    )
    with pytest.raises(RecordCorrupt, match="tags refer to items that are not there"):
        Record.open(path, migrations=(MIGRATIONS[0], lost))
    assert contents(path) == before


def test_a_record_whose_guards_were_changed_is_neither_copied_nor_brought_up(path: Path) -> None:
    raw(path, "DROP TRIGGER journal_is_a_chain")
    before = contents(path)
    with pytest.raises(RecordCorrupt, match="tables or guards were changed"):
        Record.open(path, migrations=TWO)
    assert (contents(path), names(path)) == (before, ["poam.db"])


def test_without_room_for_the_copy_nothing_is_migrated(path: Path) -> None:
    before = contents(path)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (70_000, limit[1]))
    try:
        with pytest.raises(RecordError, match=r"before-v2 could not be written"):
            Record.open(path, migrations=TWO)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert (contents(path), names(path)) == (before, ["poam.db"])
