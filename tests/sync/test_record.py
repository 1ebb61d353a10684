"""The file: its owner's alone, whole or nothing, and what it refuses to hold."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.sync.daemon import Stopped
from poam.sync.errors import RecordError
from poam.sync.record.database import sqlite3
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, config, item
from .records import AT, child, filled


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path)


@pytest.fixture
def record(path: Path) -> Iterator[Record]:
    with Record.open(path) as opened:
        yield opened
        assert list(problems(opened.db)) == []


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
