"""The file: who may write it, what it refuses to hold, and that a unit of work is whole or nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from poam.sync.daemon import Stopped
from poam.sync.errors import RecordCorrupt, RecordError, RecordLocked, RecordMissing
from poam.sync.record.database import journal_mode, sqlite3
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, config, item

AT = "2026-03-02T12:00:00.000Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record with the two systems and one item, closed again."""
    made = tmp_path / "poam.db"
    with Record.create(made, record_id="test-record", at=AT) as record, record.unit(at=AT) as unit:
        for system in config().systems:
            unit.create(IMPORTER, "systems", system.model_dump())
        unit.add_items(IMPORTER, [item(1)])
    return made


@pytest.fixture
def record(path: Path) -> Iterator[Record]:
    """Its writer."""
    with Record.open(path) as opened:
        yield opened
        assert list(problems(opened.db)) == []


def raw(path: Path, *statements: str) -> None:
    """What an administrator does with another tool."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def child(code: str, *args: object) -> subprocess.Popen[str]:
    """Another process with a record's path as its first argument."""
    begin = "import sys, pathlib\nfrom poam.sync.record.record import Record\npath = pathlib.Path(sys.argv[1])\n"
    command = [sys.executable, "-c", begin + code, *map(str, args)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


# a new record


def test_a_new_record_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Record.create(tmp_path / "poam.db", record_id="x", at=AT) as record, record.unit(at=AT) as unit:
            unit.create(IMPORTER, "systems", config().systems[0].model_dump())
            modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir() if file.suffix != ".lock"}
    finally:
        os.umask(before)
    assert "poam.db" in modes
    assert set(modes.values()) == {0o600}


def test_a_new_record_knows_its_id_and_begins_with_an_empty_journal(tmp_path: Path) -> None:
    with Record.create(tmp_path / "poam.db", record_id="abc", at=AT) as record:
        assert (record.id, record.head) == ("abc", (0, ""))


def test_a_record_is_never_made_over_a_file(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(RecordError, match="exists already"):
        Record.create(path, record_id="other", at=AT)
    assert path.read_bytes() == before


def test_a_record_needs_a_folder(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match=r"none is not a folder"):
        Record.create(tmp_path / "none" / "poam.db", record_id="x", at=AT)


def test_a_record_that_could_not_be_finished_leaves_nothing_in_the_way_of_the_next_try(tmp_path: Path) -> None:
    code = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    Record.create(path, record_id="x", at="2026-03-02T12:00:00.000Z")
except Exception as error:
    print(type(error).__name__, path.exists())
"""
    told, errors = child(code, tmp_path / "poam.db").communicate()
    assert (told, errors) == ("RecordError False\n", "")
    Record.create(tmp_path / "poam.db", record_id="x", at=AT).close()


# one writer, any number of readers


def test_a_second_writer_is_refused_in_one_sentence_in_this_process(record: Record) -> None:
    with pytest.raises(RecordLocked) as refused:
        Record.open(record.path)
    assert str(refused.value) == f"{record.path} is in use by another poam process that writes"


def test_a_second_writer_is_refused_in_another_process(record: Record) -> None:
    code = "try: Record.open(path)\nexcept Exception as error: print(type(error).__name__, error)"
    told, errors = child(code, record.path).communicate()
    assert errors == ""
    assert told == f"RecordLocked {record.path} is in use by another poam process that writes\n"


def test_the_next_writer_is_let_in_when_one_is_done(path: Path) -> None:
    Record.open(path).close()
    Record.open(path).close()


def test_a_writer_that_was_refused_takes_nobodys_place(record: Record) -> None:
    for _ in range(2):
        with pytest.raises(RecordLocked):
            Record.open(record.path)


def test_death_frees_the_place_and_undoes_what_was_not_committed(path: Path) -> None:
    code = f"""
from poam.sync.record.journal import Author
record = Record.open(path)
with record.unit(at="{AT}") as unit:
    unit.change(Author("x", "isso", "cli"), "items", "uid-1", {{"comments": "half done"}})
    print("writing", flush=True)
    sys.stdin.read()
"""
    writer = child(code, path)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "writing\n"
    with pytest.raises(RecordLocked):
        Record.open(path)

    writer.send_signal(signal.SIGKILL)
    writer.communicate()

    with Record.open(path) as record:
        assert load(record.db)[0].comments == ""
        assert list(problems(record.db)) == []


def test_a_reader_is_welcome_beside_a_writer_and_sees_what_is_committed(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-1", {"comments": "new"})
        if journal_mode()[0] == "WAL":
            with Record.read(record.path) as reader:
                assert load(reader.db)[0].comments == ""
    with Record.read(record.path) as reader:
        assert load(reader.db)[0].comments == "new"


def test_readers_stand_in_no_writers_way(path: Path) -> None:
    with Record.read(path) as reader, Record.open(path) as writer:
        with writer.unit(at=AT) as unit:
            unit.change(IMPORTER, "items", "uid-1", {"comments": "new"})
        assert load(reader.db)[0].comments == "new"


def test_a_reader_writes_nothing(path: Path) -> None:
    with Record.read(path) as reader, pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.db.conn.execute("DELETE FROM meta")


def test_reading_leaves_the_file_as_it_is(path: Path) -> None:
    before = path.read_bytes()
    with Record.read(path) as reader:
        assert list(problems(reader.db)) == []
    assert path.read_bytes() == before


# files that are no records


def text_file(path: Path) -> None:
    path.write_text("the POA&M is in the other folder\n" * 200, encoding="utf-8")


def empty_file(path: Path) -> None:
    path.write_bytes(b"")


def another_application(path: Path) -> None:
    path.unlink()
    raw(path, "CREATE TABLE items (uid TEXT)", "PRAGMA application_id=1")


def plain_database(path: Path) -> None:
    path.unlink()
    raw(path, "CREATE TABLE items (uid TEXT)")


def newer_schema(path: Path) -> None:
    raw(path, "PRAGMA user_version=99")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


WRONG = {
    text_file: "is not a readable record: file is not a database",
    empty_file: "is not a poam-sync record",
    another_application: "is not a poam-sync record",
    plain_database: "is not a poam-sync record",
    newer_schema: "the record has schema version 99, this poam-sync knows",
    cut_short: "is not a readable record: database disk image is malformed",
}


@pytest.mark.parametrize("enter", [Record.open, Record.read])
@pytest.mark.parametrize(("spoil", "told"), WRONG.items())
def test_a_file_that_is_no_record_is_refused_in_one_sentence_and_left_as_it_is(
    path: Path, spoil: Callable[[Path], None], told: str, enter: Callable[[Path], Record]
) -> None:
    spoil(path)
    before = path.read_bytes()
    with pytest.raises(RecordCorrupt) as refused:
        enter(path)
    assert told in str(refused.value)
    assert "\n" not in str(refused.value)
    assert refused.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("enter", [Record.open, Record.read])
def test_where_there_is_no_file_there_is_no_record_and_none_is_made(
    tmp_path: Path, enter: Callable[[Path], Record]
) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("none.db", "folder", "no/such/poam.db"):
        with pytest.raises(RecordMissing, match="there is no record at"):
            enter(tmp_path / name)
    assert [file.name for file in tmp_path.iterdir()] == ["folder"]


def test_a_refused_file_can_be_opened_once_it_is_put_right(path: Path) -> None:
    whole = path.read_bytes()
    cut_short(path)
    with pytest.raises(RecordCorrupt):
        Record.open(path)
    path.write_bytes(whole)
    Record.open(path).close()


def test_a_page_damaged_in_the_middle_is_told_as_damage_and_not_as_a_bug(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(RecordCorrupt, match="is not a readable record"), Record.read(path) as reader:
        list(problems(reader.db))
    with pytest.raises(RecordCorrupt, match="is not a readable record"):
        Record.open(path)


def test_a_record_whose_guards_were_taken_off_is_not_written_to(path: Path) -> None:
    raw(path, "DROP TRIGGER journal_is_a_chain")
    with pytest.raises(RecordCorrupt, match="tables or guards were changed"):
        Record.open(path)


def test_a_record_with_an_index_of_somebody_elses_is_not_written_to(path: Path) -> None:
    raw(path, "CREATE INDEX theirs ON items(comments)")
    with pytest.raises(RecordCorrupt, match="tables or guards were changed"):
        Record.open(path)


# a unit of work


def half_a_unit(record: Record, error: type[BaseException]) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(2)])
        unit.put("meta", {"key": "seen", "value": "half"})
        raise error


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, Stopped, SystemExit])
def test_an_exception_in_the_middle_undoes_all_of_it(record: Record, error: type[BaseException]) -> None:
    before = record.head
    with pytest.raises(error):
        half_a_unit(record, error)
    assert record.head == before
    assert [each.uid for each in load(record.db)] == ["uid-1"]
    assert not list(record.db.query("SELECT 1 FROM meta WHERE key = 'seen'"))


def test_after_an_undone_unit_the_next_one_continues_the_chain(record: Record) -> None:
    with pytest.raises(ValueError):
        half_a_unit(record, ValueError)
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(3)])
    assert [each.uid for each in load(record.db)] == ["uid-1", "uid-3"]


def test_units_do_not_nest(record: Record) -> None:
    with pytest.raises(RecordError, match="open already"), record.unit(at=AT), record.unit(at=AT):
        pass
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(2)])


def test_an_empty_unit_writes_nothing(record: Record) -> None:
    before = record.writes()
    with record.unit(at=AT):
        pass
    assert record.writes() == before


def add_twenty(record: Record) -> bool:
    """Whether there was room; a full disk is the only excuse."""
    try:
        with record.unit(at=AT) as unit:
            unit.add_items(IMPORTER, [item(n, comments="x" * 2_000) for n in range(2, 22)])
    except RecordError as error:
        if "database or disk is full" not in str(error):
            raise
        return False
    return True


def test_a_full_disk_is_told_and_leaves_nothing_half_written_wherever_it_strikes(record: Record) -> None:
    before, pages = record.head, record.db.conn.execute("PRAGMA page_count").fetchone()[0]
    refused = 0
    for spare in range(1_000):
        record.db.conn.execute(f"PRAGMA max_page_count={pages + spare}")
        if add_twenty(record):
            break
        refused += 1
        assert record.head == before
        assert [each.uid for each in load(record.db)] == ["uid-1"]
        assert list(problems(record.db)) == []
    assert refused > 10
    assert len(load(record.db)) == 21


# what a column may hold

BAD_VALUES: tuple[tuple[str, Any], ...] = (
    ("status_date", "2026-02-30"),
    ("status_date", "2026-2-3"),
    ("status_date", "2026-02-03T00:00:00"),
    ("status_date", "soon"),
    ("status_date", ""),
    ("kev_due_date", "01.02.2026"),
    ("state", "finished"),
    ("state", None),
    ("work_status", "resting"),
    ("finding_kind", ""),
    ("original_risk_rating", "severe"),
    ("false_positive", "maybe"),
    ("vendor_dependency", 2),
    ("kev_tracking", -1),
    ("work_status_version", "many"),
    ("comments", None),
    ("poam_id", ""),
    ("system_id", "NOBODY"),
)


@pytest.mark.parametrize(("column", "value"), BAD_VALUES)
def test_a_value_no_column_may_hold_is_refused_by_the_file_itself(record: Record, column: str, value: Any) -> None:
    before = record.head
    with pytest.raises(sqlite3.IntegrityError), record.unit(at=AT) as unit:
        unit.create(IMPORTER, "items", {**row_of(record), "uid": "uid-9", "poam_id": "V-9", column: value})
    assert record.head == before


def row_of(record: Record) -> dict[str, Any]:
    """The item's own row."""
    (row,) = record.db.query("SELECT * FROM items")
    return {name: value for name, value in row.items() if name != "journal_seq"}


def test_an_id_stands_once_in_a_system_and_again_in_another(record: Record) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"), record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(2, poam_id="V-1")])
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(2, poam_id="V-1", system_id="LEDGER")])
