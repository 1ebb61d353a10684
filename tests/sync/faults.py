"""A disk that fills up, breaks or is locked at a statement of one's choice, under connections that are SQLite's own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from poam.sync.record.database import sqlite3

WRITES = ("INSERT", "UPDATE", "DELETE")
BRACKETS = ("SAVEPOINT", "RELEASE")  # around each read of sqlite-utils; they touch no disk
ENDS = (*WRITES, "BEGIN", "COMMIT")


@dataclass(frozen=True)
class Kind:
    """What SQLite says, and whether it has undone the whole transaction by then; of a full disk it may or may not."""

    message: str
    undoes: bool


FULL = Kind("database or disk is full", undoes=True)
KINDS = (
    FULL,
    Kind("database or disk is full", undoes=False),
    Kind("disk I/O error", undoes=True),
    Kind("database is locked", undoes=False),
)


@dataclass
class Faults:
    """One fault, at statement `at` (0: none) of those counted; `only` counts those that begin with one of its words.

    `commits` are the journal's heads after each commit; `strays` are writes outside a transaction: half units.
    """

    at: int = 0
    kind: Kind = FULL
    only: tuple[str, ...] = ("",)
    passed: int = 0
    active: bool = True
    commits: set[int] = field(default_factory=set)
    strays: list[str] = field(default_factory=list)

    def before(self, connection: Any, sql: str) -> None:
        """One more statement is about to run."""
        if not self.active or sql.startswith(BRACKETS):
            return
        if sql.startswith(WRITES) and not connection.in_transaction:
            self.strays.append(sql)
        self.passed += sql.startswith(self.only)
        if self.at and self.passed == self.at and sql.startswith(self.only):
            if self.kind.undoes and connection.in_transaction:
                sqlite3.Cursor.execute(sqlite3.Connection.cursor(connection), "ROLLBACK")
            raise sqlite3.OperationalError(self.kind.message)

    def after(self, connection: Any, sql: str) -> None:
        """It ran."""
        if sql == "COMMIT":
            head = sqlite3.Connection.cursor(connection).execute("SELECT coalesce(max(seq), 0) FROM journal")
            self.commits.add(head.fetchone()[0])


class _Cursor(sqlite3.Cursor):  # type: ignore[misc]
    faults: Faults

    def execute(self, sql: str, *rest: Any) -> Any:
        """See `sqlite3.Cursor`."""
        self.faults.before(self.connection, sql)
        done = super().execute(sql, *rest)
        self.faults.after(self.connection, sql)
        return done

    def executemany(self, sql: str, *rest: Any) -> Any:
        """See `sqlite3.Cursor`."""
        self.faults.before(self.connection, sql)
        return super().executemany(sql, *rest)


class _Connection(sqlite3.Connection):  # type: ignore[misc]
    """`execute` and `executemany` of a connection ask it for a cursor: so every statement passes here once."""

    faults: Faults

    def cursor(self, factory: Any = None) -> Any:
        """See `sqlite3.Connection`."""
        return super().cursor(type("Cursor", (_Cursor,), {"faults": self.faults}))


@contextmanager
def struck(faults: Faults) -> Iterator[Faults]:
    """Every connection opened meanwhile meets these faults."""
    factory = type("Connection", (_Connection,), {"faults": faults})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=factory))
        yield faults


@contextmanager
def capped(pages: int) -> Iterator[None]:
    """No file opened meanwhile grows beyond so many pages: what a full disk is to SQLite."""
    connect = sqlite3.connect

    def small(*args: Any, **named: Any) -> Any:
        connection = connect(*args, **named)
        connection.execute(f"PRAGMA max_page_count={pages}")
        return connection

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sqlite3, "connect", small)
        yield
