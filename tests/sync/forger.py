"""Somebody with the file, any tool and all the time in the world: edits of a record at random, of every kind.

Each edit is a function of the forger; it returns False where it has changed nothing or SQLite would not have it.
"""

# ruff: noqa: S608 - the names of tables and columns come from the schema

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

from poam.sync.record.database import Database, sqlite3
from poam.sync.record.journal import COLUMNS, digest
from poam.sync.record.schema import FACT_TABLES

TABLES = (*sorted(FACT_TABLES), "assets", "milestones")
Row = tuple[Any, ...]


class Forger:
    """A record in memory without its guards' protection; every edit is undone afterwards."""

    def __init__(self, path: Path, random: Random) -> None:
        self.random = random
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        with closing(sqlite3.connect(path)) as source:
            source.backup(self.db)
        self.db.execute("PRAGMA foreign_keys=OFF")
        self.db.execute("PRAGMA ignore_check_constraints=ON")
        self.database = Database(self.db)
        guards = self.db.execute("SELECT tbl_name, name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        self._guards: dict[str, list[tuple[str, str]]] = {}
        for table, name, sql in guards:
            self._guards.setdefault(table, []).append((name, sql))
        self.columns = {
            table: {row[1]: row[2] for row in self.db.execute(f"PRAGMA table_info({table})")}
            for table in (*TABLES, "journal")
        }

    def attempt(self, edit: Callable[[Forger], bool], judge: Callable[[Database], bool]) -> bool | None:
        """Whether an edit is found; None where nothing was changed. The record is whole again afterwards."""
        self.db.execute("BEGIN")
        try:
            return judge(self.database) if edit(self) else None
        except sqlite3.IntegrityError:
            return None
        finally:
            self.db.execute("ROLLBACK")

    def unguarded(self, table: str, sql: str, values: Sequence[Any] = (), *, keep_off: bool = False) -> bool:
        """A statement with the table's guards taken off, and put back; whether it changed a row."""
        for name, _ in self._guards.get(table, ()):
            self.db.execute(f"DROP TRIGGER {name}")
        changed = self.db.execute(sql, values).rowcount
        for _, guard in () if keep_off else self._guards.get(table, ()):
            self.db.execute(guard)
        return bool(changed)

    def row(self, table: str) -> tuple[int, dict[str, Any]]:
        """A row by chance: its rowid and its columns."""
        rowid, *values = self.random.choice(self.db.execute(f"SELECT rowid, * FROM {table}").fetchall())
        return rowid, dict(zip(self.columns[table], values, strict=True))

    def journal(self) -> list[Row]:
        """The journal in order."""
        return list(self.db.execute("SELECT * FROM journal ORDER BY seq"))

    def other(self, old: Any, kind: str) -> Any:
        """Another value than this one, as somebody would type it, or a byte that fell over."""
        choices = {
            "INTEGER": lambda: self.random.choice([0, 1, 2, -1, 7, 10**6]) if old is None else old + self.step(),
            "BLOB": lambda: self.bent(old),
            "TEXT": lambda: self.random.choice([self.bent((old or "x").encode()).decode(errors="replace"), "", "x"]),
        }
        return None if old is not None and self.random.random() < 0.1 else choices[kind]()

    def step(self) -> int:
        """Not nothing."""
        return self.random.choice([-2, -1, 1, 2, 1000])

    def bent(self, data: bytes) -> bytes:
        """The bytes with one changed, added, or lost."""
        at = self.random.randrange(len(data) + 1)
        middle = self.random.choice([b"", bytes([self.random.randrange(32, 127)]), data[at : at + 1] + b"-"])
        return data[:at] + middle + data[at + 1 :]

    def set(self, table: str, rowid: int, column: str, value: Any, *, keep_off: bool = False) -> bool:
        """One column of one row."""
        same = f"{column} IS NOT ?2"
        sql = f"UPDATE {table} SET {column} = ?2 WHERE rowid = ?1 AND {same}"
        return self.unguarded(table, sql, (rowid, value), keep_off=keep_off)

    def rewrite(self, rows: Sequence[Row]) -> bool:
        """Another journal in the place of this one."""
        if rows == self.journal():
            return False
        guards = self._guards["journal"]
        for name, _ in guards:
            self.db.execute(f"DROP TRIGGER {name}")
        self.db.execute("DELETE FROM journal")
        self.db.executemany(f"INSERT INTO journal VALUES ({', '.join('?' * len(COLUMNS))})", rows)
        for _, guard in guards:
            self.db.execute(guard)
        return True


# --- facts


def change_a_fact(forger: Forger) -> bool:
    """Any column of any fact."""
    table = forger.random.choice(TABLES)
    rowid, row = forger.row(table)
    column = forger.random.choice(list(row))
    return forger.set(table, rowid, column, forger.other(row[column], forger.columns[table][column]))


def change_a_fact_and_leave_the_guard_off(forger: Forger) -> bool:
    """In a hurry."""
    table = forger.random.choice(sorted(FACT_TABLES))
    rowid, row = forger.row(table)
    column = forger.random.choice(list(row))
    value = forger.other(row[column], forger.columns[table][column])
    return forger.set(table, rowid, column, value, keep_off=True)


def delete_a_fact(forger: Forger) -> bool:
    """As if it had never been."""
    table = forger.random.choice(TABLES)
    return forger.unguarded(table, f"DELETE FROM {table} WHERE rowid = ?", (forger.row(table)[0],))


def insert_a_fact(forger: Forger) -> bool:
    """A copy of a row with other keys."""
    table = forger.random.choice(TABLES)
    _, row = forger.row(table)
    for column in ("id", "uid", "poam_id", "marker", "remote_id", "position", "number", "field", "kind"):
        if column in row:
            row[column] = 900 + forger.random.randrange(100) if isinstance(row[column], int) else f"x{row[column]}"
    marks = ", ".join("?" * len(row))
    return forger.unguarded(table, f"INSERT INTO {table} VALUES ({marks})", tuple(row.values()))


def swap_two_facts(forger: Forger) -> bool:
    """One column of two rows."""
    table = forger.random.choice(TABLES)
    (one, first), (two, second) = forger.row(table), forger.row(table)
    column = forger.random.choice(list(first))
    if first[column] == second[column]:
        return False
    return forger.set(table, one, column, second[column]) and forger.set(table, two, column, first[column])


# --- the journal


def change_a_journal_row(forger: Forger) -> bool:
    """A byte of any column of any row."""
    rowid, row = forger.row("journal")
    column = forger.random.choice(COLUMNS)
    return forger.set("journal", rowid, column, forger.other(row[column], forger.columns["journal"][column]))


def delete_a_journal_row(forger: Forger) -> bool:
    """Any one, the last one too."""
    return forger.unguarded("journal", "DELETE FROM journal WHERE seq = ?", (forger.row("journal")[0],))


def cut_the_journal_off(forger: Forger) -> bool:
    """Its last rows: what is left is a whole chain."""
    seq, _ = forger.row("journal")
    return forger.unguarded("journal", "DELETE FROM journal WHERE seq >= ?", (seq,))


def swap_two_journal_rows(forger: Forger) -> bool:
    """All but their numbers."""
    rows = forger.journal()
    one, two = sorted(forger.random.sample(range(len(rows)), 2))
    rows[one], rows[two] = (rows[one][0], *rows[two][1:]), (rows[two][0], *rows[one][1:])
    return forger.rewrite(rows)


def number_a_journal_row_anew(forger: Forger) -> bool:
    """A row moves, and those between make room."""
    rows = forger.journal()
    moved = rows.pop(forger.random.randrange(len(rows)))
    rows.insert(forger.random.randrange(len(rows) + 1), moved)
    return forger.rewrite([(n, *row[1:]) for n, row in enumerate(rows, 1)])


def hash_one_row_anew(forger: Forger) -> bool:
    """A changed row with a hash that fits it; those after it are left."""
    rows = forger.journal()
    at = forger.random.randrange(len(rows))
    values = bent_row(forger, rows[at])
    rows[at] = (*values, rows[at][-2], digest(rows[at][-2], values))
    return forger.rewrite(rows)


def chain_all_rows_anew(forger: Forger) -> bool:
    """A changed row, and every later hash computed anew."""
    rows = forger.journal()
    at = forger.random.randrange(len(rows))
    return forger.rewrite(chained([*(row[:-2] for row in rows[:at]), bent_row(forger, rows[at])], rows[at + 1 :]))


def leave_a_row_out_and_chain_anew(forger: Forger) -> bool:
    """A row is gone, every later one is numbered and hashed anew."""
    rows = forger.journal()
    at = forger.random.randrange(len(rows))
    return forger.rewrite(chained([row[:-2] for row in rows[:at]], rows[at + 1 :]))


def slip_a_row_in_and_chain_anew(forger: Forger) -> bool:
    """A row that never was stands before another one."""
    rows = forger.journal()
    at = forger.random.randrange(len(rows))
    return forger.rewrite(chained([row[:-2] for row in rows[:at]] + [bent_row(forger, rows[at])], rows[at:]))


def tell_another_fact_and_chain_anew(forger: Forger) -> bool:
    """A change is forged in the journal and in its fact alike, and every later hash computed anew."""
    rows = forger.journal()
    changes = [
        n for n, row in enumerate(rows) if row[7] == "items" and row[10] != "*" and row[10] in forger.columns["items"]
    ]
    if not changes:
        return False
    at = forger.random.choice(changes)
    values = list(rows[at][:-2])
    values[12] = forger.other(values[12], "TEXT")
    last = not any(row[7:11] == rows[at][7:11] and row[9] == rows[at][9] for row in rows[at + 1 :])
    if last:
        uid, column = values[8], values[10]
        forger.unguarded("items", f"UPDATE items SET {column} = ? WHERE uid = ?", (values[12], uid))
    return forger.rewrite(chained([*(row[:-2] for row in rows[:at]), tuple(values)], rows[at + 1 :]))


def leave_the_journals_guard_off(forger: Forger) -> bool:
    """A guard is dropped, a row edited and its hash computed anew."""
    forger.db.execute(f"DROP TRIGGER {forger.random.choice(['journal_never_change', 'journal_never_go'])}")
    return True


def bent_row(forger: Forger, row: Row) -> Row:
    """The row without its hashes, one column changed."""
    values = list(row[:-2])
    column = forger.random.randrange(1, len(values))
    old = values[column]
    values[column] = forger.other(old, "TEXT")
    nullable = COLUMNS[column] in ("old", "new")
    if values[column] == old or (values[column] is None and not nullable):
        values[column] = f"{old or ''}x"
    return tuple(values)


def chained(before: Sequence[Row], after: Sequence[Row]) -> list[Row]:
    """Rows numbered and hashed from the beginning."""
    rows: list[Row] = []
    previous = ""
    for seq, row in enumerate((*before, *(each[:-2] for each in after)), 1):
        values = (seq, *row[1:])
        rows.append((*values, previous, digest(previous, values)))
        previous = rows[-1][-1]
    return rows


EDITS: tuple[Callable[[Forger], bool], ...] = (
    *(change_a_fact, change_a_fact, change_a_fact, change_a_fact_and_leave_the_guard_off),
    *(delete_a_fact, insert_a_fact, swap_two_facts, swap_two_facts, swap_two_facts),
    *(change_a_journal_row, change_a_journal_row, delete_a_journal_row, cut_the_journal_off),
    *(swap_two_journal_rows, number_a_journal_row_anew, hash_one_row_anew, chain_all_rows_anew),
    *(leave_a_row_out_and_chain_anew, slip_a_row_in_and_chain_anew, tell_another_fact_and_chain_anew),
    leave_the_journals_guard_off,
)
