"""A backup is a whole copy, taken at any time, that proves itself and never costs anybody a file."""

from __future__ import annotations

import resource
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from poam.sync.errors import RecordCorrupt, RecordError, RecordMissing
from poam.sync.record.backup import backup
from poam.sync.record.copying import partial_copy, put_in_place
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, Engine, engine, item
from .records import child

AT = "2026-03-02T12:00:00.000Z"


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Engine]:
    """An engine with its writer open."""
    (tmp_path / "home").mkdir()
    with engine(tmp_path / "home", item(1), item(2)) as ready:
        ready.cycle()
        yield ready


def names(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.is_file())


def test_a_backup_beside_a_running_writer_is_whole_and_proves_itself(running: Engine, tmp_path: Path) -> None:
    backup(running.record.path, tmp_path / "copy.db")

    with Record.read(tmp_path / "copy.db") as copy:
        assert list(problems(copy.db)) == []
        assert (copy.head, copy.id) == (running.record.head, running.record.id)
        assert load(copy.db) == load(running.record.db)
        assert list(copy.db.query("SELECT * FROM bases")) == list(running.record.db.query("SELECT * FROM bases"))


def test_a_backup_is_one_file_and_its_owners_alone(running: Engine, tmp_path: Path) -> None:
    backup(running.record.path, tmp_path / "copy.db")
    assert names(tmp_path) == ["copy.db"]
    assert (tmp_path / "copy.db").stat().st_mode & 0o777 == 0o600


def test_a_backup_in_the_middle_of_a_unit_holds_what_was_committed(running: Engine, tmp_path: Path) -> None:
    with running.record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-1", {"comments": "half done"})
        backup(running.record.path, tmp_path / "copy.db")
    with Record.read(tmp_path / "copy.db") as copy:
        assert load(copy.db)[0].comments == ""
        assert list(problems(copy.db)) == []


def test_the_writer_goes_on_as_if_nothing_had_happened(running: Engine, tmp_path: Path) -> None:
    backup(running.record.path, tmp_path / "copy.db")
    assert running.later().record_writes == 0


def test_a_restored_copy_can_be_worked_with_and_the_original_does_not_notice(running: Engine, tmp_path: Path) -> None:
    backup(running.record.path, tmp_path / "copy.db")
    before = running.record.head
    with Record.open(tmp_path / "copy.db") as copy:
        with copy.unit(at=AT) as unit:
            unit.change(IMPORTER, "items", "uid-1", {"comments": "in the copy"})
        assert list(problems(copy.db)) == []
    assert running.record.head == before


@pytest.mark.parametrize("there", ["file", "folder", "link"])
def test_a_backup_never_overwrites_anything(running: Engine, tmp_path: Path, there: str) -> None:
    target = tmp_path / "copy.db"
    other = tmp_path / "other.txt"
    other.write_text("mine", encoding="utf-8")
    make = {"file": lambda: target.write_text("mine"), "folder": target.mkdir, "link": lambda: target.symlink_to(other)}
    make[there]()

    with pytest.raises(RecordError, match=r"copy\.db exists already") as refused:
        backup(running.record.path, target)
    assert refused.value.hint == "choose another name; a backup never overwrites a file"
    assert other.read_text(encoding="utf-8") == "mine"
    assert there != "file" or target.read_text(encoding="utf-8") == "mine"


def test_a_backup_where_none_can_be_made_leaves_nothing(running: Engine, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="could not be written"):
        backup(running.record.path, tmp_path / "none" / "copy.db")
    assert names(tmp_path) == []


def test_a_backup_the_disk_has_no_room_for_leaves_nothing(running: Engine, tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(RecordError, match="could not be written"):
            backup(running.record.path, tmp_path / "copy.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert names(tmp_path) == []


def test_what_an_interrupted_backup_left_behind_is_in_nobodys_way(running: Engine, tmp_path: Path) -> None:
    (tmp_path / ".copy.db.partial").write_bytes(b"half")
    backup(running.record.path, tmp_path / "copy.db")
    assert names(tmp_path) == [".copy.db.partial", "copy.db"]


def test_what_is_no_record_is_not_backed_up_as_one(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("not a database" * 100, encoding="utf-8")
    with pytest.raises(RecordCorrupt, match="is not a readable record"):
        backup(tmp_path / "text.db", tmp_path / "copy.db")
    with pytest.raises(RecordMissing):
        backup(tmp_path / "none.db", tmp_path / "copy.db")
    assert names(tmp_path) == ["text.db"]


def test_a_damaged_record_is_told_instead_of_copied(running: Engine, tmp_path: Path) -> None:
    backup(running.record.path, tmp_path / "copy.db")
    data = bytearray((tmp_path / "copy.db").read_bytes())
    data[8192:12288] = b"\xff" * 4096
    (tmp_path / "copy.db").write_bytes(data)

    with pytest.raises(RecordCorrupt):
        backup(tmp_path / "copy.db", tmp_path / "second.db")
    assert not (tmp_path / "second.db").exists()


def test_a_copy_whose_process_was_killed_is_taken_away_by_the_next_one_and_nothing_else(
    running: Engine, tmp_path: Path
) -> None:
    stale = ".poam.db.abcd_123.copy.partial"
    others = [".poam.db.health.json.abcd_123.partial", ".poam.db.ABCD_123.copy.partial", "a.abcd_123.copy.partial"]
    for name in (stale, f"{stale}-journal", *others):
        (tmp_path / name).write_bytes(b"half")
    backup(running.record.path, tmp_path / "copy.db")
    assert names(tmp_path) == sorted(["copy.db", f"{others[0]}", *others[1:]])


def test_a_backup_that_runs_beside_another_leaves_it_its_copy(running: Engine, tmp_path: Path) -> None:
    with Record.read(running.record.path) as source, partial_copy(source.db, tmp_path / "copy.db") as partial:
        backup(running.record.path, tmp_path / "second.db")
        assert partial.exists()
        put_in_place(partial, tmp_path / "copy.db")
    assert names(tmp_path) == ["copy.db", "second.db"]


def test_the_copy_of_a_process_that_is_killed_is_stale_at_once(running: Engine, tmp_path: Path) -> None:
    code = """
from poam.sync.record.copying import partial_copy
with Record.read(path) as source, partial_copy(source.db, pathlib.Path(sys.argv[2])) as partial:
    print(partial.name, flush=True)
    sys.stdin.read()
"""
    with child(code, running.record.path, tmp_path / "copy.db") as process:
        assert process.stdout is not None
        left = process.stdout.readline().strip()
        backup(running.record.path, tmp_path / "first.db")
        assert names(tmp_path) == [left, "first.db"]
        process.kill()
    backup(running.record.path, tmp_path / "second.db")
    assert names(tmp_path) == ["first.db", "second.db"]
