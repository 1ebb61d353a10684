"""Every table of facts is guarded alike: each promise is tried on each of them, each rule of each column is broken."""

# ruff: noqa: S608 - the names of tables and columns come from the schema and from this file

from __future__ import annotations

import sqlite3 as standard
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from poam.sync.record.database import sqlite3
from poam.sync.record.record import Record
from poam.sync.record.schema import FACT_TABLES, PERMANENT_TABLES

from .engine import IMPORTER
from .records import AT, journaled

Row = dict[str, Any]

LINK: Row = {
    "id": "link-1",
    "item_uid": "uid-1",
    "connector": "jira",
    "number": 1,
    "marker": "m-1",
    "remote_id": "10001",
    "remote_key": "SEC-1",
    "url": "",
    "state": "live",
    "author": "",
}
REQUEST: Row = {
    "id": 1,
    "item_uid": "uid-1",
    "link_id": "link-1",
    "kind": "later_date",
    "state": "waiting",
    "due_date": "2026-05-01",
    "requested_date": "2026-06-01",
    "requested_by": "jira:ann",
    "requested_by_name": "Ann",
    "requested_at": AT,
    "reason": "",
    "source": "",
    "decided_by": "",
    "decided_at": None,
    "decision_reason": "",
}
CONFLICT: Row = {
    "id": 1,
    "item_uid": "uid-1",
    "link_id": "link-1",
    "field": "work_status",
    "base_value": None,
    "record_value": "blocked",
    "tracker_value": "done",
    "record_by": "",
    "tracker_by": "",
    "record_at": AT,
    "tracker_at": AT,
    "policy": "manual",
    "raised_at": AT,
    "state": "open",
    "resolution": "",
    "resolved_by": "",
    "resolved_at": None,
}
SUBMISSION: Row = {
    "id": 1,
    "system_id": "ACME",
    "format": "fedramp",
    "layout": "3.0",
    "as_of": "2026-03-02",
    "file_name": "poam.xlsx",
    "sha256": "0" * 64,
    "head_seq": 1,
    "head_hash": "0" * 64,
    "created_at": AT,
}
OWED: Row = {
    "id": 1,
    "link_id": "link-1",
    "operation": "edit",
    "payload": "{}",
    "state": "PENDING",
    "attempts": 0,
    "send_deadline": "",
    "sent_to": "",
    "not_before": "",
    "last_error": "",
    "created_at": AT,
}
SIGHTING: Row = {
    "link_id": "link-1",
    "history_cursor": 0,
    "version": "1",
    "updated": AT,
    "date_waiting": None,
    "date_waiting_by": "",
    "date_waiting_by_name": "",
    "date_waiting_at": "",
    "date_waiting_source": "",
    "missing_looks": 0,
    "missing_since": "",
    "comment_cursor": 0,
}


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """A record with a row in every table of facts, and with memory of a tracker."""
    with journaled(tmp_path) as made:
        with made.unit(at=AT) as unit:
            unit.create(IMPORTER, "links", LINK)
            unit.create(IMPORTER, "requests", REQUEST)
            unit.create(IMPORTER, "conflicts", CONFLICT)
            unit.create(IMPORTER, "submissions", SUBMISSION, binary={"file": b"bytes"})
            unit.put("outbox", OWED)
            unit.put("sightings", SIGHTING)
        yield made


@pytest.fixture
def connection(record: Record) -> Iterator[standard.Connection]:
    """Another tool, with SQLite's own defaults."""
    with closing(sqlite3.connect(record.path, isolation_level=None)) as opened:
        opened.execute("PRAGMA recursive_triggers=0")
        yield opened


def note(record: Record, entity: str, entity_id: object) -> int:
    """A journal row about some entity; gives its number."""
    with record.unit(at=AT) as unit:
        unit.note(IMPORTER, entity, str(entity_id), "seen")
    return record.head[0]


def keys(connection: standard.Connection, table: str) -> Any:
    """The key of the table's first row."""
    return connection.execute(f"SELECT {FACT_TABLES[table]} FROM {table}").fetchone()[0]


def copied(connection: standard.Connection, table: str, **changed: Any) -> None:
    """Writes the table's first row once more, with some columns changed."""
    names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    values = ", ".join(f":{name}" if name in changed else name for name in names)
    connection.execute(f"INSERT INTO {table} SELECT {values} FROM {table} LIMIT 1", changed)


def unguarded(connection: standard.Connection) -> None:
    """Takes every trigger off, so that a column's own rule is what refuses."""
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")


CHANGING = sorted(set(FACT_TABLES) - set(PERMANENT_TABLES))


@pytest.mark.parametrize("table", CHANGING)
def test_a_fact_changes_with_a_new_journal_row_of_its_own_and_with_no_other(
    record: Record, connection: standard.Connection, table: str
) -> None:
    key = keys(connection, table)
    another = next(name for name in CHANGING if name != table)
    strangers = [note(record, table, "somebody else"), note(record, another, key)]
    change = f"UPDATE {table} SET journal_seq = "
    for seq in ("journal_seq", "journal_seq - 1", "journal_seq + 1000", *strangers):
        with pytest.raises(sqlite3.IntegrityError, match="a change needs its journal row"):
            connection.execute(f"{change}{seq}")
    own = note(record, table, key)
    connection.execute(f"{change}{own} WHERE {FACT_TABLES[table]} = ?", (key,))
    connection.execute("BEGIN")
    with pytest.raises(sqlite3.IntegrityError, match="a change needs its journal row"):
        connection.execute(f"{change}{own - 1} WHERE {FACT_TABLES[table]} = ?", (key,))


@pytest.mark.parametrize("table", FACT_TABLES)
def test_a_fact_comes_with_a_journal_row_of_its_own_and_with_no_other(
    record: Record, connection: standard.Connection, table: str
) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")
    new: Any = 77 if isinstance(keys(connection, table), int) else "new"
    unique = free_values(connection, table)
    another = next(name for name in CHANGING if name != table)
    for seq in (note(record, table, "somebody else"), note(record, another, new), record.head[0] + 1):
        with pytest.raises(sqlite3.IntegrityError, match="a fact needs its journal row"):
            copied(connection, table, **{**unique, FACT_TABLES[table]: new, "journal_seq": seq})
    own = note(record, table, new)
    copied(connection, table, **{**unique, FACT_TABLES[table]: new, "journal_seq": own})
    with pytest.raises(sqlite3.IntegrityError, match="a fact needs its journal row"):
        connection.execute(f"INSERT OR REPLACE INTO {table} SELECT * FROM {table} WHERE journal_seq = {own}")


def free_values(connection: standard.Connection, table: str) -> Row:
    """What must differ so that a second row of the table is no double."""
    free: dict[str, Row] = {
        "items": {"poam_id": "V-77"},
        "milestone_changes": {"position": 77},
        "links": {"number": 77, "marker": "m-77", "remote_id": "77"},
        "requests": {"kind": "declined"},
        "conflicts": {"field": "due_date"},
    }
    return free.get(table, {})


@pytest.mark.parametrize("table", sorted({*FACT_TABLES, *PERMANENT_TABLES}))
def test_nothing_that_is_a_fact_or_permanent_ever_goes(connection: standard.Connection, table: str) -> None:
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        connection.execute(f"DELETE FROM {table}")


@pytest.mark.parametrize("table", PERMANENT_TABLES)
def test_what_is_permanent_never_changes(connection: standard.Connection, table: str) -> None:
    column = connection.execute(f"PRAGMA table_info({table})").fetchone()[1]
    with pytest.raises(sqlite3.IntegrityError, match="permanent"):
        connection.execute(f"UPDATE {table} SET {column} = {column}")


def test_an_items_first_milestone_changes_come_with_the_items_own_journal_row_alone(
    record: Record, connection: standard.Connection
) -> None:
    (seq,) = connection.execute("SELECT seq FROM journal WHERE entity = 'items' AND field = '*'").fetchone()
    copied(connection, "milestone_changes", id="new", position=77, journal_seq=seq)
    later = note(record, "items", "uid-1")
    with record.unit(at=AT) as unit:
        unit.note(IMPORTER, "items", "uid-2", "*")
        unit.note(IMPORTER, "links", "uid-1", "*")
    for wrong in (later, later + 1, later + 2):
        with pytest.raises(sqlite3.IntegrityError, match="a fact needs its journal row"):
            copied(connection, "milestone_changes", id="other", position=78, journal_seq=wrong)


WORDS = {
    "items": (
        *("finding_kind", "original_risk_rating", "adjusted_risk_rating", "risk_adjustment", "false_positive"),
        *("operational_requirement", "state", "work_status"),
    ),
    "milestone_changes": ("kind",),
    "links": ("state",),
    "requests": ("kind", "state"),
    "evidence": ("state",),
    "conflicts": ("policy", "state"),
    "outbox": ("operation", "state"),
}
DATES = {
    "items": (
        *("original_detection_date", "scheduled_completion_date", "approved_extension_date", "forecast_date"),
        *("status_date", "last_vendor_check_in", "kev_due_date", "actual_completion_date"),
    ),
    "milestones": ("scheduled_completion_date",),
    "milestone_changes": ("date",),
    "requests": ("due_date", "requested_date"),
    "submissions": ("as_of",),
    "sightings": ("date_waiting",),
}
YES_OR_NO = {"items": ("vendor_dependency", "auto_approve", "kev_tracking")}


def each_column(*tables: dict[str, tuple[str, ...]], bad: object) -> list[tuple[str, str, object]]:
    return [(table, column, bad) for some in tables for table, columns in some.items() for column in columns]


@pytest.mark.parametrize(
    ("table", "column", "bad"),
    [
        *each_column(WORDS, bad="nonsense"),
        *each_column(DATES, bad="2026-02-30"),
        *each_column(YES_OR_NO, bad=2),
        ("items", "poam_id", ""),
    ],
)
def test_a_column_refuses_what_it_cannot_mean(
    connection: standard.Connection, table: str, column: str, bad: object
) -> None:
    unguarded(connection)
    with pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        connection.execute(f"UPDATE {table} SET {column} = ?", (bad,))


@pytest.mark.parametrize(
    ("table", "other", "free"),
    [
        ("links", {"id": "link-2", "number": 2, "marker": "m-2"}, {"remote_id": None}),
        ("links", {"id": "link-2", "number": 2, "marker": "m-2"}, {"connector": "code"}),
        ("requests", {"id": 2}, {"state": "approved"}),
        ("conflicts", {"id": 2}, {"state": "resolved"}),
        ("outbox", {"id": 2}, {"state": "DONE"}),
    ],
)
def test_what_there_may_be_once_is_refused_a_second_time(
    connection: standard.Connection, table: str, other: Row, free: Row
) -> None:
    unguarded(connection)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        copied(connection, table, **other)
    copied(connection, table, **{**other, **free})


@pytest.mark.parametrize(
    ("baselined", "values", "stays"),
    [
        (True, "uid = 'uid-9'", True),
        (True, "system_id = 'LEDGER'", True),
        (True, "poam_id = 'V-9'", True),
        (False, "uid = 'uid-9'", False),
        (False, "poam_id = 'V-9'", False),
    ],
)
def test_an_items_identity_is_its_own_from_the_baseline_on(
    connection: standard.Connection, baselined: bool, values: str, stays: bool
) -> None:
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("DROP TRIGGER items_update_is_journaled")
    connection.execute("DROP TRIGGER baseline_is_permanent")
    connection.execute("UPDATE items SET baselined_at = ?", (AT if baselined else None,))
    if stays:
        with pytest.raises(sqlite3.IntegrityError, match="keeps its id"):
            connection.execute(f"UPDATE items SET {values}")
    else:
        connection.execute(f"UPDATE items SET {values}")
