"""One writer and any number of readers, whatever dies in between."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from poam.sync.errors import RecordLocked
from poam.sync.record.database import journal_mode, sqlite3
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER
from .records import AT, child, filled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def record(path: Path) -> Iterator[Record]:
    with Record.open(path) as opened:
        yield opened
        assert list(problems(opened.db)) == []


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

    with Record.read(path) as reader:
        assert load(reader.db)[0].comments == ""
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
