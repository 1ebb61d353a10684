"""Which SQLite keeps the record, how it is set, and that the doctor tells so: a current one, and Python's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from poam.sync.record.record import Record

from .records import filled

CODE = """
import sys
from pathlib import Path
if sys.argv[2]:
    sys.modules["pysqlite3"] = None
from poam.sync.checkup import check_sqlite
from poam.sync.record.database import sqlite3
from poam.sync.record.record import Record
(found,) = check_sqlite()
with Record.open(Path(sys.argv[1])) as record:
    mode = record.db.conn.execute("PRAGMA journal_mode").fetchone()[0]
    level = record.db.conn.execute("PRAGMA synchronous").fetchone()[0]
print(found.level, found.text, sqlite3.__name__, sqlite3.sqlite_version, mode, level, sep="|")
"""
LEVELS = {"FULL": "2", "EXTRA": "3"}


@pytest.mark.parametrize("hide", ["", "pysqlite3"])
def test_the_doctor_says_whose_sqlite_is_used_which_how_and_why(tmp_path: Path, hide: str) -> None:
    path = filled(tmp_path)
    done = subprocess.run([sys.executable, "-c", CODE, str(path), hide], capture_output=True, text=True, check=True)
    finding, told, module, version, mode, level = done.stdout.strip().split("|")
    whose = "pysqlite3" if module.startswith("pysqlite3") else "Python's own library"
    safe = tuple(map(int, version.split("."))) >= (3, 51, 3)
    how = "journal WAL, synchronous FULL" if safe else "journal DELETE, synchronous EXTRA"
    why = (
        "readers never wait, and write-ahead logging is safe from SQLite 3.51.3 on"
        if safe
        else "before SQLite 3.51.3 write-ahead logging can damage a file"
    )
    assert (finding, told) == ("ok", f"SQLite {version} from {whose}; {how}: {why}")
    assert (mode.upper() in how, LEVELS[how.rpartition(" ")[2]]) == (True, level)
    assert not hide or whose == "Python's own library"


KILLED = """
import os, sys
from pathlib import Path
if sys.argv[2]:
    sys.modules["pysqlite3"] = None
from poam.sync.record.journal import Author
from poam.sync.record.record import Record
path, at, by = Path(sys.argv[1]), "2026-03-02T12:00:00.000Z", Author("x", "isso", "cli")
if os.fork() == 0:
    record = Record.open(path)
    record.db.conn.execute("PRAGMA cache_size=1")
    with record.unit(at=at) as unit:
        for n in range(50):
            unit.change(by, "items", "uid-1", {"comments": f"{n}" * 5_000})
        os.kill(os.getpid(), 9)
os.wait()
print(sorted(file.name for file in path.parent.iterdir()))
with Record.read(path) as record:
    print(record.head[0], record.db.execute("SELECT comments FROM items").fetchall())
"""


@pytest.mark.parametrize("hide", ["", "pysqlite3"])
def test_who_reads_after_a_writer_was_killed_in_the_middle_of_a_unit_sees_what_was_before(
    tmp_path: Path, hide: str
) -> None:
    path = filled(tmp_path)
    with Record.read(path) as record:
        seq = record.head[0]
    done = subprocess.run([sys.executable, "-c", KILLED, str(path), hide], capture_output=True, text=True, check=True)
    beside, told = done.stdout.splitlines()
    assert "poam.db-wal" in beside or "poam.db-journal" in beside, "the writer had begun to write"
    assert told == f"{seq} [('',)]"
