"""Whatever the record refuses, a person reads where it happened and what to do about it: word by word."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from poam.sync.errors import InputError, PoamSyncError, RecordError
from poam.sync.record.backup import backup
from poam.sync.record.copying import partial_copy
from poam.sync.record.database import open_writer, plainly, sqlite3
from poam.sync.record.items import natural
from poam.sync.record.journal import anchor
from poam.sync.record.record import Record
from poam.sync.record.restore import restore, restoring
from poam.sync.record.schema import MIGRATIONS
from poam.sync.record.verify import problems

from .engine import IMPORTER, ISSO
from .faults import Faults, struck
from .records import AT, filled, raw
from .test_record_files import bent_page, text_file


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path)


def told(path: Path, refused: Callable[[Path], object]) -> tuple[str, str]:
    """The sentence, with the record's folder as `.` and what the system itself says as `…`; and the hint."""
    with pytest.raises(PoamSyncError) as error:
        refused(path)
    return str(error.value).replace(str(path.parent), "."), error.value.hint


def note(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-1", {"comments": "new"})


@contextmanager
def no_more_files() -> Iterator[None]:
    """A process that has as many files open as it may have."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with closing(os.fdopen(os.dup(0))) as last:
        resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno(), before[1]))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_NOFILE, before)


# opening it


def without_a_folder(path: Path) -> None:
    Record.read(path.parent / "none" / "poam.db")


def without_a_file(path: Path) -> None:
    Record.open(path.parent / "none.db")


def made_without_a_folder(path: Path) -> None:
    Record.create(path.parent / "none" / "poam.db", record_id="x", at=AT)


def made_over_another(path: Path) -> None:
    Record.create(path, record_id="x", at=AT)


def with_a_writer_there(path: Path) -> None:
    with Record.open(path):
        Record.open(path)


def with_a_folder_for_a_lock(path: Path) -> None:
    path.with_name("poam.db.lock").unlink()
    path.with_name("poam.db.lock").mkdir()
    Record.open(path)


def through_a_link(path: Path) -> None:
    path.with_name("link.db").symlink_to(path)
    Record.open(path.with_name("link.db"))


def with_too_many_files_open(path: Path) -> None:
    with no_more_files():
        Record.read(path)


def with_text_in_it(path: Path) -> None:
    text_file(path)
    Record.read(path)


def of_another_program(path: Path) -> None:
    raw(path, "PRAGMA application_id=7")
    Record.open(path)


def without_its_version(path: Path) -> None:
    raw(path, "PRAGMA user_version=0")
    Record.read(path)


def of_a_newer_version(path: Path) -> None:
    raw(path, "PRAGMA user_version=2")
    Record.open(path)


def with_a_damaged_page(path: Path) -> None:
    bent_page(path, "outbox", b"\x0d\x00\x00\x00\x00", b"\x0d\x00\x00\x00\xff")
    Record.open(path)


def without_a_guard(path: Path) -> None:
    raw(path, "DROP TRIGGER items_never_go")
    Record.open(path)


def with_a_step_that_loses_a_reference(path: Path) -> None:
    lost = (
        "CREATE TABLE tags (item_uid TEXT REFERENCES items(uid) DEFERRABLE INITIALLY DEFERRED) STRICT",
        "INSERT INTO tags VALUES ('nobody')",
    )
    Record.open(path, migrations=(*MIGRATIONS, lost))


# writing and reading it


def within_a_unit(path: Path) -> None:
    with Record.open(path) as record, record.unit(at=AT):
        note(record)


def by_a_reader(path: Path) -> None:
    with Record.read(path) as record:
        note(record)


def on_a_full_disk(path: Path) -> None:
    with struck(Faults(at=1, only=("INSERT",))), Record.open(path) as record:
        note(record)


def that_sqlite_undid(path: Path) -> None:
    with Record.open(path) as record, record.unit(at=AT) as unit:
        unit.db.execute("ROLLBACK")


def under_another_file(path: Path) -> None:
    with Record.open(path) as record:
        path.rename(path.with_name("moved.db"))
        note(record)


def beside_another_writer(path: Path) -> None:
    with Record.open(path) as first:
        path.with_name("poam.db.lock").unlink()
        with Record.open(path) as second:
            note(second)
        note(first)


def read_where_it_is_damaged(path: Path) -> None:
    with Record.read(path) as record:
        path.write_bytes(path.read_bytes()[:4096])
        list(problems(record.db))


def with_names_that_are_no_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"uid TEXT PRIMARY", b"\xffid TEXT PRIMARY"))
    with Record.read(path) as record:
        list(problems(record.db))


def with_a_word_that_is_no_text(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"ACME Cloud", b"\xffCME Cloud"))
    with Record.read(path) as record, plainly(path):
        list(record.db.query("SELECT name FROM systems"))


# copies


def copied_to_no_folder(path: Path) -> None:
    backup(path, path.parent / "none" / "copy.db")


def copied_over_a_file(path: Path) -> None:
    backup(path, path)


def copied_while_damaged(path: Path) -> None:
    bent_page(path, "outbox", b"\x0d\x00\x00\x00\x00", b"\x0d\x00\x00\x00\xff")
    backup(path, path.with_name("copy.db"))


def restored(path: Path, file: str = "copy.db") -> None:
    with restoring(path.with_name(file), path, at=AT) as plan:
        restore(plan, ISSO, at=AT)


def restored_from_nothing(path: Path) -> None:
    restored(path)


def restored_from_itself(path: Path) -> None:
    restored(path, "poam.db")


def restored_from_text(path: Path) -> None:
    text_file(path.with_name("copy.db"))
    restored(path)


def restored_from_a_newer_one(path: Path) -> None:
    backup(path, path.with_name("copy.db"))
    raw(path.with_name("copy.db"), "PRAGMA user_version=2")
    restored(path)


def restored_from_one_without_an_id(path: Path) -> None:
    backup(path, path.with_name("copy.db"))
    raw(path.with_name("copy.db"), "DELETE FROM meta WHERE key = 'record_id'")
    restored(path)


def restored_over_a_link(path: Path) -> None:
    backup(path, path.with_name("copy.db"))
    path.rename(path.with_name("elsewhere.db"))
    path.symlink_to(path.with_name("elsewhere.db"))
    restored(path)


def restored_twice_in_a_second(path: Path) -> None:
    backup(path, path.with_name("copy.db"))
    for _ in range(2):
        restored(path)


CHECK_THE_FILE = "check the file and its permissions"
RESTORE = "restore a backup"
VERIFY = "run `poam verify`, then restore a backup"
MADE_BY_US = "name a file that poam backup has made"
REFUSALS: dict[Callable[[Path], None], tuple[str, str]] = {
    without_a_folder: (
        "there is no record at ./none/poam.db: ./none is not a folder",
        "create the folder and run poam init, or change [record] path",
    ),
    without_a_file: ("there is no record at ./none.db", "run poam init, or change [record] path"),
    made_without_a_folder: ("./none is not a folder", "create it, or change [record] path"),
    made_over_another: (
        "./poam.db exists already",
        "choose another [record] path, or use the record that is there",
    ),
    with_a_writer_there: (
        "./poam.db is in use by another poam process that writes",
        "wait until it is done: a cycle that creates many issues takes minutes",
    ),
    with_a_folder_for_a_lock: ("./poam.db.lock cannot be made: …", "check the folder and its permissions"),
    through_a_link: ("./link.db cannot be opened for writing: …", CHECK_THE_FILE),
    with_too_many_files_open: ("./poam.db cannot be read: …", CHECK_THE_FILE),
    with_text_in_it: ("./poam.db is not a readable record: file is not a database", RESTORE),
    of_another_program: ("./poam.db is not a poam-sync record", "check [record] path"),
    without_its_version: (
        "./poam.db is a poam-sync record that has lost its schema version: it was changed outside poam-sync",
        "keep this file as evidence, and restore a backup",
    ),
    of_a_newer_version: (
        "the record has schema version 2, this poam-sync knows 1",
        "install the newer poam-sync",
    ),
    with_a_damaged_page: ("./poam.db is damaged: …", RESTORE),
    without_a_guard: ("./poam.db: its tables or guards were changed outside poam-sync", VERIFY),
    with_a_step_that_loses_a_reference: (
        "the record's tags refer to items that are not there, so it was not brought up to date",
        VERIFY,
    ),
    within_a_unit: ("a unit of work is open already", ""),
    by_a_reader: ("./poam.db was opened for reading only", ""),
    on_a_full_disk: (
        "./poam.db cannot be used: database or disk is full",
        "check space, permissions and other programs",
    ),
    that_sqlite_undid: ("./poam.db: SQLite undid a unit of work, so none of it was kept", ""),
    under_another_file: (
        "another file took the place of ./poam.db under this process, so nothing was written",
        "run the command again: it opens the record that is there now",
    ),
    beside_another_writer: (
        "another writer took over ./poam.db, so nothing was written",
        "run the command again, and leave poam.db.lock alone while a process runs",
    ),
    read_where_it_is_damaged: ("./poam.db is not a readable record: database disk image is malformed", RESTORE),
    with_names_that_are_no_text: ("the record's file is damaged: its tables cannot be read", RESTORE),
    with_a_word_that_is_no_text: ("./poam.db holds bytes that are no text", "run poam verify"),
    copied_to_no_folder: (
        "./none/copy.db could not be written: No such file or directory",
        "check the folder, its permissions and free space",
    ),
    copied_over_a_file: ("./poam.db exists already", "choose another name; a backup never overwrites a file"),
    copied_while_damaged: ("the record is damaged and not worth a copy: …", RESTORE),
    restored_from_nothing: ("there is no file ./copy.db", MADE_BY_US),
    restored_from_itself: ("./poam.db is the record itself", MADE_BY_US),
    restored_from_text: (
        "./copy.db cannot be restored: ./copy.db is not a readable record: file is not a database",
        MADE_BY_US,
    ),
    restored_from_a_newer_one: (
        "./copy.db cannot be restored: the record has schema version 2, this poam-sync knows 1",
        "install the newer poam-sync",
    ),
    restored_from_one_without_an_id: (
        "./copy.db cannot be restored: ./copy.db is a poam-sync record that has lost its record id: it was changed "
        "outside poam-sync",
        "name a file that poam backup has made",
    ),
    restored_over_a_link: ("./poam.db is no plain file", "move away what is there, or change [record] path"),
    restored_twice_in_a_second: ("./poam.db.replaced-20260302T120000 exists already", "wait a second"),
}


@pytest.mark.parametrize("refused", REFUSALS, ids=lambda refused: refused.__name__)
def test_what_is_refused_is_told_in_one_sentence_with_what_to_do(path: Path, refused: Callable[[Path], None]) -> None:
    sentence, hint = REFUSALS[refused]
    begin, more, end = sentence.partition("…")
    said, to_do = told(path, refused)
    assert (said if not more else f"{said[: len(begin)]}…{end}", to_do) == (sentence, hint)
    assert "\n" not in said


def test_a_link_to_a_record_that_a_killed_writer_left_is_read_as_far_as_that_goes(path: Path) -> None:
    """What is half written can only be undone under the record's own name, and a reader is told nothing of it."""
    link = path.with_name("link.db")
    link.symlink_to(path)
    path.with_name("link.db-journal").write_bytes(b"")
    with Record.read(link) as record:
        assert record.id == "test-record"


def test_the_lock_is_its_owners_alone(path: Path) -> None:
    path.with_name("poam.db.lock").unlink()
    with Record.open(path):
        assert path.with_name("poam.db.lock").stat().st_mode & 0o777 == 0o600


def test_a_restore_tells_of_both_records_which_they_are_how_far_they_go_and_since_when(path: Path) -> None:
    backup(path, path.with_name("copy.db"))
    with Record.open(path) as record, record.unit(at="2026-03-05T00:00:00.000Z") as unit:
        unit.change(IMPORTER, "items", "uid-1", {"comments": "new"})
    with restoring(path.with_name("copy.db"), path, at=AT) as plan:
        assert plan.present is not None
        assert [(each.record_id, each.head[0], each.last_at, each.items) for each in (plan.backup, plan.present)] == [
            ("test-record", 3, AT, 1),
            ("test-record", 4, "2026-03-05T00:00:00.000Z", 1),
        ]
        assert (plan.continued, plan.rows_lost, plan.is_another, plan.damage) == (True, 1, False, "")


def test_of_a_present_record_that_cannot_be_read_the_damage_is_told(path: Path) -> None:
    backup(path, path.with_name("copy.db"))
    text_file(path)
    with restoring(path.with_name("copy.db"), path, at=AT) as plan:
        assert (plan.present, plan.damage) == (None, f"{path} is not a readable record: file is not a database")
        assert plan.rows_lost == 0


def test_a_file_that_cannot_be_a_record_is_refused_as_a_persons_mistake(path: Path) -> None:
    with pytest.raises(InputError):
        restored_from_nothing(path)
    with pytest.raises(RecordError):
        restored_over_a_link(path)


def test_a_sqlite_error_of_ours_stays_what_it_is(path: Path) -> None:
    with Record.open(path) as record, pytest.raises(sqlite3.IntegrityError), record.unit(at=AT) as unit:
        unit.put("bases", {"link_id": "no such link", "field": "title", "version": 0})


def test_a_folder_is_no_record_to_write_to(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="Is a directory"):
        open_writer(tmp_path)


def test_who_opens_a_record_again_does_not_look_through_all_of_it_again(path: Path) -> None:
    bent_page(path, "outbox", b"\x0d\x00\x00\x00\x00", b"\x0d\x00\x00\x00\xff")
    Record.reopen(path).close()


def test_a_writer_knows_what_it_committed_last_and_nothing_before_that(path: Path) -> None:
    with Record.open(path) as record:
        assert (record.committed, record.writes()) == (None, 0)
        note(record)
        assert record.committed == record.head


def test_a_copy_that_is_not_finished_lies_beside_its_place_under_a_name_that_says_whose_it_is(path: Path) -> None:
    with Record.read(path) as record, partial_copy(record.db, path.with_name("copy.db")) as partial:
        assert partial.parent == path.parent
        assert partial.name.startswith(".copy.db.")
        assert partial.suffix == ".partial"
        assert partial.stat().st_mode & 0o777 == 0o600


def test_a_copy_is_on_the_disk_before_it_has_its_name_and_the_name_is_there_after_it(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, sync, synced = path.with_name("copy.db"), os.fsync, []

    def watched(descriptor: int) -> None:
        synced.append((Path(os.readlink(f"/proc/self/fd/{descriptor}")).suffix, target.exists()))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", watched)
    backup(path, target)
    assert synced == [(".partial", False), ("", True)]


def test_a_backup_of_a_record_without_any_history_is_continued_by_whatever_came_after(tmp_path: Path) -> None:
    path = tmp_path / "poam.db"
    with Record.create(path, record_id="x", at=AT) as record:
        assert anchor(record.db) == anchor(record.db, AT) == (0, "")
        backup(path, tmp_path / "copy.db")
        with record.unit(at=AT) as unit:
            unit.note(ISSO, "record", "x", "begun")
    with restoring(tmp_path / "copy.db", path, at=AT) as plan:
        assert (plan.backup.head, plan.continued, plan.rows_lost) == ((0, ""), True, 1)


def test_ids_stand_in_the_order_in_which_people_count() -> None:
    ids = ["V-10", "W-1", "V-2a", "12", "V-10b", "V-2"]
    assert sorted(ids, key=natural) == ["12", "V-2", "V-2a", "V-10", "V-10b", "W-1"]
