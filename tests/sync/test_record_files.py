"""A file that is no record, or a damaged one, is told in one sentence and left as it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from poam.sync.errors import RecordCorrupt, RecordMissing
from poam.sync.record.database import sqlite3
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .records import filled, raw


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path)


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
    wanted = {"none.db": "there is no record at", "no/such/poam.db": "there is no record at", "folder": "is a folder"}
    for name, told in wanted.items():
        with pytest.raises(RecordMissing, match=told) as missing:
            enter(tmp_path / name)
        assert "change [record] path" in missing.value.hint
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


def bent_page(path: Path, name: str, old: bytes, new: bytes) -> None:
    """Other bytes in the page at which a table or an index begins: what a bad disk does."""
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    data = bytearray(path.read_bytes())
    begin, end = (page - 1) * size, page * size
    assert old in data[begin:end]
    data[begin:end] = data[begin:end].replace(old, new, 1)
    path.write_bytes(data)


def test_a_damaged_page_is_told_before_anything_is_written_even_one_that_the_command_would_not_read(path: Path) -> None:
    bent_page(path, "outbox", b"\x0d\x00\x00\x00\x00", b"\x0d\x00\x00\x00\xff")
    before = path.read_bytes()
    with pytest.raises(RecordCorrupt) as refused:
        Record.open(path)
    assert str(refused.value).startswith(f"{path} is damaged: ")
    assert "\n" not in str(refused.value)
    assert path.read_bytes() == before


def test_an_index_that_disagrees_with_its_table_is_found_by_verify(path: Path) -> None:
    bent_page(path, "journal_of_item", b"uid-1", b"uid-9")
    with Record.read(path) as record:
        found = list(problems(record.db))
    assert found
    assert all(each.startswith("the file itself: ") for each in found)
