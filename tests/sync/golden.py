"""Records as an earlier version left them, made from that version's own statements."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from poam.sync.record.database import sqlite3
from poam.sync.record.journal import digest
from poam.sync.record.schema import APPLICATION_ID, MIGRATIONS, Migrations

AT = "2025-01-02T12:00:00.000Z"
SYSTEM = (
    '{"id": "ACME", "name": "ACME Cloud", "provider": "ACME", "impact_level": "Moderate",'
    ' "profile": "fedramp_rev5", "timezone": "UTC"}'
)
ROW = (1, AT, "isso@acme.example", "", "isso", "import", "", "systems", "ACME", "", "*", None, SYSTEM, "", "")

TWO: Migrations = (
    *MIGRATIONS[:1],
    (
        "CREATE TABLE tags (item_uid TEXT NOT NULL REFERENCES items(uid), tag TEXT NOT NULL) STRICT",
        "CREATE INDEX tags_of_item ON tags(item_uid)",
        "INSERT INTO meta VALUES ('tags_since', 'version 2')",
    ),
)
"""A version that there is not yet."""


def version_1(path: Path) -> Path:
    """A record of version 1, without this version's code: its statements, one system and its journal row."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        connection.execute("PRAGMA user_version=1")
        connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
        connection.execute("INSERT INTO meta VALUES ('record_id', 'golden'), ('created_at', ?)", (AT,))
        marks = ", ".join("?" * (len(ROW) + 2))
        connection.execute(f"INSERT INTO journal VALUES ({marks})", (*ROW, "", digest("", ROW)))  # noqa: S608
        values = ("ACME", "ACME Cloud", "ACME", "Moderate", "fedramp_rev5", "UTC", 1)
        connection.execute("INSERT INTO systems VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    path.chmod(0o600)
    return path


def contents(path: Path) -> list[tuple[object, ...]]:
    """Everything the file holds: its numbers, its schema and every row."""
    with closing(sqlite3.connect(path)) as connection:
        numbers = [connection.execute(f"PRAGMA {name}").fetchone() for name in ("user_version", "application_id")]
        schema = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
        tables = [name for kind, name, _ in schema if kind == "table"]
        rows = [(name, *row) for name in tables for row in connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2")]  # noqa: S608
    return [*numbers, *schema, *rows]
