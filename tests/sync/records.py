"""Records for tests, and what others do to them: other tools, other processes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from poam.mapping.item import ChangeKind, MilestoneChange
from poam.sync.record.database import sqlite3
from poam.sync.record.journal import Author, Entry, entries
from poam.sync.record.record import Record

from .engine import IMPORTER, config, item

AT = "2026-03-02T12:00:00.000Z"
ISSO = Author("isso@acme.example", "isso", "cli", on_behalf_of="otto@acme.example")


def filled(folder: Path) -> Path:
    """A record with two systems and one item, closed again."""
    made = folder / "poam.db"
    with Record.create(made, record_id="test-record", at=AT) as record, record.unit(at=AT) as unit:
        for system in config().systems:
            unit.create(IMPORTER, "systems", system.model_dump())
        unit.add_items(IMPORTER, [item(1)])
    return made


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


@contextmanager
def journaled(folder: Path) -> Iterator[Record]:
    """A record with one item that has assets, a milestone and a milestone change."""
    moved = MilestoneChange(1, ChangeKind.UPDATE, "2026-04-15", "the vendor was late")
    with Record.create(folder / "poam.db", record_id="test-record", at=AT) as made:
        with made.unit(at=AT) as unit:
            for system in config().systems:
                unit.create(IMPORTER, "systems", system.model_dump())
            unit.add_items(IMPORTER, [item(1, milestone_changes=(moved,))], source="poam.xlsx")
            unit.create(IMPORTER, "evidence", evidence(1))
        yield made


def evidence(n: int) -> dict[str, Any]:
    return {
        "id": f"e-{n}",
        "item_uid": "uid-1",
        "state": "candidate",
        "kind": "url",
        "reference": "https://scan.example/1",
        "sha256": "",
        "added_by": "ann@acme.example",
        "added_at": AT,
    }


def journal(record: Record) -> list[Entry]:
    return list(entries(record.db))


def change(record: Record, **values: Any) -> bool:
    """One change of the item by the ISSO, a day later."""
    with record.unit(at="2026-03-03T12:00:00.000Z", cycle="c-1") as unit:
        return unit.change(ISSO, "items", "uid-1", values, reason="because", source="ticket 7")
