"""A writer whose lock was defeated and whom another one overtook commits nothing more, however long it slept."""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import closing
from pathlib import Path

import pytest

from poam.sync.errors import RecordError
from poam.sync.record.database import sqlite3
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, engine, item
from .records import AT, child, filled

OVERTAKEN = "another writer took over"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return filled(tmp_path)


def note(record: Record, comments: str) -> None:
    """One unit of work."""
    with record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-1", {"comments": comments})


def refusal(record: Record, comments: str) -> str:
    """Why a unit of work was refused; blank when it was not."""
    try:
        note(record, comments)
    except RecordError as error:
        return str(error)
    return ""


def second_writer(path: Path) -> Record:
    """A writer beside one that is there: somebody has tidied the lock away."""
    path.with_name(f"{path.name}.lock").unlink()
    return Record.open(path)


def comments(path: Path) -> str:
    with Record.read(path) as record:
        assert list(problems(record.db)) == []
        return load(record.db)[0].comments


def epoch(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        return str(connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])


def test_a_writer_that_had_begun_and_was_overtaken_commits_nothing_more(path: Path) -> None:
    with Record.open(path) as first:
        note(first, "first")
        with second_writer(path) as second:
            note(second, "second")
            for _ in range(2):
                with pytest.raises(RecordError, match=OVERTAKEN):
                    note(first, "first again")
            note(second, "second again")
    assert comments(path) == "second again"


def test_a_writer_that_was_overtaken_before_it_began_commits_nothing(path: Path) -> None:
    with Record.open(path) as first, second_writer(path) as second:
        note(second, "second")
        with pytest.raises(RecordError, match=OVERTAKEN):
            note(first, "first")
    assert comments(path) == "second"


def test_of_two_writers_the_first_to_write_is_the_writer(path: Path) -> None:
    with Record.open(path) as first, second_writer(path) as second:
        note(first, "first")
        with pytest.raises(RecordError, match=OVERTAKEN):
            note(second, "second")
        note(first, "first again")
    assert comments(path) == "first again"


def test_who_was_overtaken_is_told_in_one_sentence_and_may_open_the_record_again(path: Path) -> None:
    with Record.open(path) as first:
        with second_writer(path) as second:
            note(second, "second")
        with pytest.raises(RecordError) as refused:
            note(first, "first")
        assert str(refused.value) == f"{OVERTAKEN} {path}, so nothing was written"
        assert refused.value.hint
    with Record.open(path) as again:
        note(again, "again")
    assert comments(path) == "again"


def test_the_first_writer_of_a_new_record_is_the_first(tmp_path: Path) -> None:
    with Record.create(tmp_path / "new.db", record_id="x", at=AT) as record:
        assert epoch(record.path) == "1"
        assert record.writes() > 0


def test_a_unit_that_failed_claims_nothing(path: Path) -> None:
    before = epoch(path)
    with Record.open(path) as record:
        with pytest.raises(sqlite3.IntegrityError), record.unit(at=AT) as unit:
            unit.change(IMPORTER, "items", "uid-1", {"comments": "half", "state": "no such state"})
        assert epoch(path) == before
        note(record, "whole")
        note(record, "and whole")
    assert int(epoch(path)) == int(before) + 1


def test_a_unit_that_writes_nothing_leaves_the_file_as_it_is_and_still_notices_another_writer(path: Path) -> None:
    with Record.open(path) as first:
        before = path.read_bytes(), epoch(path)
        with first.unit(at=AT):
            pass
        assert (path.read_bytes(), epoch(path)) == before
        with second_writer(path) as second:
            note(second, "second")
        with pytest.raises(RecordError, match=OVERTAKEN), first.unit(at=AT):
            pass


def test_the_epoch_is_no_news_to_whoever_counts_what_was_written(path: Path) -> None:
    with Record.open(path) as record:
        for _ in range(2):
            before = record.writes()
            with record.unit(at=AT) as unit:
                unit.put("meta", {"key": "one", "value": "row"})
            assert record.writes() - before == 1


def test_an_idle_cycle_of_a_writer_that_just_came_writes_not_one_byte(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        for _ in range(3):
            story.later()
        story.record.close()
        before = epoch(story.record.path), story.record.path.read_bytes()
        with Record.open(story.record.path) as story.record:
            assert story.cycle().record_writes == 0
        assert (epoch(story.record.path), story.record.path.read_bytes()) == before


def test_an_overtaken_engine_sends_nothing_to_a_tracker(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        with second_writer(story.record.path) as second:
            note(second, "second")
        with pytest.raises(RecordError, match=OVERTAKEN):
            story.cycle()
        assert story.issues() == []


SLEEPER = f"""
from poam.sync.record.journal import Author
record = Record.open(path)
print("awake", flush=True)
sys.stdin.readline()
try:
    with record.unit(at="{AT}") as unit:
        unit.change(Author("x", "isso", "cli"), "items", "uid-1", {{"comments": "stale"}})
    print("committed")
except Exception as error:
    print(type(error).__name__, error)
"""


def test_a_process_that_slept_while_another_one_wrote_commits_nothing_when_it_wakes(path: Path) -> None:
    sleeper = child(SLEEPER, path)
    assert sleeper.stdout is not None
    assert sleeper.stdout.readline() == "awake\n"
    sleeper.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, sleeper.pid, os.WSTOPPED | os.WNOWAIT)
    with second_writer(path) as second:
        note(second, "fresh")
        sleeper.send_signal(signal.SIGCONT)
        told, errors = sleeper.communicate("go on\n")
        note(second, "and on")
    assert (told, errors) == (f"RecordError {OVERTAKEN} {path}, so nothing was written\n", "")
    assert comments(path) == "and on"


BUSY = f"""
from poam.sync.record.journal import Author
record = Record.open(path)
n = 0
while True:
    with record.unit(at="{AT}") as unit:
        unit.change(Author("x", "isso", "cli"), "items", "uid-1", {{"comments": str(n := n + 1)}})
    print(n, flush=True)
"""


def test_a_process_stopped_wherever_it_was_never_writes_beside_its_successor(path: Path) -> None:
    """In the middle of its unit SQLite's own lock keeps the successor out; before and after it the epoch does."""
    busy = child(BUSY, path)
    assert busy.stdout is not None
    for _ in range(3):
        busy.stdout.readline()
    busy.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, busy.pid, os.WSTOPPED | os.WNOWAIT)
    with second_writer(path) as second:
        second.db.conn.execute("PRAGMA busy_timeout=0")
        told = refusal(second, "successor")
        assert "is locked" in told or not told
        busy.send_signal(signal.SIGCONT)
        if not told:
            _, errors = busy.communicate()
            assert OVERTAKEN in errors
            assert comments(path) == "successor"
        busy.kill()
        busy.communicate()
    assert comments(path) == "successor" or told


def test_a_writer_under_which_the_file_was_exchanged_commits_nothing(path: Path) -> None:
    with Record.open(path) as first:
        note(first, "before")
        with Record.read(path) as reader, closing(sqlite3.connect(path.with_name("copy.db"))) as copy:
            reader.db.conn.backup(copy)
        path.rename(path.with_name("moved.db"))
        shutil.copy(path.with_name("copy.db"), path)
        with pytest.raises(RecordError, match="another file took the place of"):
            note(first, "stale")
        path.unlink()
        with pytest.raises(RecordError, match="another file took the place of"):
            note(first, "stale")
