"""What importing a workbook of 1,000 items costs over reading its cells and inserting the same rows by hand.

Run it: `python tests/bench/bench_import.py`. By hand means: python-calamine for the cells, plain sqlite3 for the rows
of every table, journal included, in the same tables without our triggers, no item ever built, compared or hashed.
Figures are processor time. Exits with 1 when the promise (at most three times) is missed.
"""

from __future__ import annotations

import sys
from io import BytesIO
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any

from python_calamine import CalamineWorkbook

from poam.mapping.documents.fedramp_write import write_workbook
from poam.sync.documents.intake import apply_import, plan_import, read_document
from poam.sync.record.database import sqlite3
from poam.sync.record.journal import Author
from poam.sync.record.record import Record
from poam.sync.settings.config import Config

sys.path.append(str(Path(__file__).parents[1] / "mapping"))
from fedramp_documents import many

ITEMS, ROUNDS, PROMISE = 1_000, 7, 3.0
AT = "2026-11-22T12:00:00.000Z"
IMPORTER = Author("isso@acme.example", "isso", "import")
CONFIG = Config.model_validate({"systems": [{"id": "ACME", "name": "ACME Cloud", "profile": "fedramp_rev5"}]})
SETTINGS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON")
Rows = dict[str, list[tuple[Any, ...]]]


def imported(data: bytes, path: Path) -> float:
    """Ours: the plan and its application, as `poam import FILE --yes` does it; seconds of processor time."""
    uids = count()
    with Record.create(path, record_id="bench", at=AT) as record:
        start = process_time()
        reading = read_document("bench.xlsx", data)
        plan = plan_import(
            record.db,
            reading,
            CONFIG.systems[0],
            name="bench.xlsx",
            data=data,
            at=AT,
            new_uid=lambda _: f"00000000-0000-4000-8000-{next(uids):012d}",
        )
        with record.unit(at=AT) as unit:
            apply_import(unit, IMPORTER, CONFIG, plan)
        return process_time() - start


def by_hand(data: bytes, path: Path, schema: list[str], rows: Rows) -> float:
    """The same file's cells and the same rows, and nothing else; seconds of processor time."""
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in (*(f"PRAGMA {setting}" for setting in SETTINGS), *schema):
        connection.execute(statement)
    start = process_time()
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    for name in ("Open POA&M Items", "Closed POA&M Items", "Configuration Findings"):
        book.get_sheet_by_name(name).to_python(skip_empty_area=False)
    connection.execute("BEGIN IMMEDIATE")
    for table, values in rows.items():
        places = ", ".join("?" * len(values[0]))
        connection.executemany(f"INSERT INTO {table} VALUES ({places})", values)  # noqa: S608 - our own tables
    connection.execute("COMMIT")
    spent = process_time() - start
    connection.close()
    return spent


def contents(path: Path) -> tuple[list[str], Rows]:
    """The tables and indexes of a record, and every row an import writes, in the order of the tables."""
    with Record.read(path) as record:
        query = record.db.conn.execute
        made = query("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND type <> 'trigger'").fetchall()
        tables = [name for kind, name, _ in made if kind == "table" and name != "meta"]
        found = {name: query(f"SELECT * FROM {name}").fetchall() for name in tables}  # noqa: S608 - our own tables
    return [sql for _, _, sql in made], {name: values for name, values in found.items() if values}


def main() -> int:
    """Both in turn, so that a busy machine slows both; the best of each counts."""
    data = write_workbook(many(ITEMS), layout="3.0")
    ours, theirs = [], []
    with TemporaryDirectory() as folder:
        for n in range(ROUNDS):
            path = Path(folder) / f"ours-{n}.db"
            ours.append(imported(data, path))
            schema, rows = contents(path)
            assert len(rows["items"]) == ITEMS
            theirs.append(by_hand(data, Path(folder) / f"theirs-{n}.db", schema, rows))
    mine, alone = min(ours) * 1000, min(theirs) * 1000
    inserted = sum(map(len, rows.values()))
    print(
        f"import {ITEMS:,} items  {mine:6.1f} ms  calamine and sqlite3 alone {alone:6.1f} ms  "
        f"ratio {mine / alone:.2f} (promise {PROMISE})  {inserted:,} rows each"
    )
    return int(mine / alone > PROMISE)


if __name__ == "__main__":
    sys.exit(main())
