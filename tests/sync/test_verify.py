"""Whatever somebody edits in the file by hand is found, and the row is named."""

# ruff: noqa: S608 - the names of tables and columns come from the schema

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import ChangeKind, MilestoneChange
from poam.mapping.marker import marker
from poam.sync.documents.export import generate, keep
from poam.sync.errors import RecordCorrupt
from poam.sync.record.database import Database, sqlite3
from poam.sync.record.items import load
from poam.sync.record.journal import COLUMNS, Entry, entries, seal
from poam.sync.record.kinds import Conflict, Link, Request
from poam.sync.record.record import Record
from poam.sync.record.schema import FACT_TABLES, migrate
from poam.sync.record.verify import problems

from .engine import IMPORTER, config, item
from .records import evidence

AT = "2026-03-02T12:00:00.000Z"
KEYS = {**FACT_TABLES, "assets": "position", "milestones": "number"}


def _columns() -> list[tuple[str, str]]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrate(Database(connection))
        return [
            (table, column[1])
            for table in sorted(KEYS)
            for column in connection.execute(f"PRAGMA table_info({table})").fetchall()
        ]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A record with a row in every table of facts."""
    path = tmp_path_factory.mktemp("whole") / "poam.db"
    mark = marker("test-record", "uid-1", "jira", 1)
    link = Link("link-1", "uid-1", "jira", 1, mark, "10001", "SEC-1", "https://acme.example/SEC-1", "live")
    request = Request(
        *(1, "uid-1", "link-1", "later_date", "waiting", "2026-05-01", "2026-07-01", "ann@acme.example", "Ann", AT),
        *("", "7", "", None, ""),
    )
    conflict = Conflict(
        *(1, "uid-1", "link-1", "work_status", "not_started", "blocked", "done", "iris", "ann", AT, AT),
        *("tracker", AT, "open", "", "", None),
    )
    with Record.create(path, record_id="test-record", at=AT) as record:
        with record.unit(at=AT) as unit:
            for system in config().systems:
                unit.create(IMPORTER, "systems", system.model_dump())
            moved = MilestoneChange(1, ChangeKind.UPDATE, "2026-04-15", "the vendor was late")
            unit.add_items(IMPORTER, [item(1, milestone_changes=(moved,)), item(2)])
            unit.create(IMPORTER, "links", asdict(link))
            unit.create(IMPORTER, "requests", asdict(request))
            unit.create(IMPORTER, "conflicts", asdict(conflict))
            unit.create(IMPORTER, "evidence", evidence(1))
            unit.note_observed(IMPORTER, "link-1", "uid-1", "due_date", "a", "b", reason="seen", source="7")
            unit.change(IMPORTER, "items", "uid-1", {"comments": "first"})
        document = generate(record.db, "ACME", layout="2.1", as_of="2026-03-02", until=None)
        with record.unit(at=AT) as unit:
            keep(unit, IMPORTER, document, file_name="poam.xlsx")
    return path


@pytest.fixture
def path(whole: Path, tmp_path: Path) -> Path:
    """A copy of it to spoil."""
    return Path(shutil.copy(whole, tmp_path / "poam.db"))


@contextmanager
def by_hand(path: Path) -> Iterator[Any]:
    """What somebody does who takes the guards off, edits, and puts them back."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection
        for _, sql in guards:
            connection.execute(sql)


def found(path: Path) -> list[str]:
    with Record.read(path) as record:
        return list(problems(record.db))


def head(path: Path) -> tuple[int, str]:
    with Record.read(path) as record:
        return record.head


def test_a_record_nobody_touched_equals_its_history(path: Path) -> None:
    assert found(path) == []
    with by_hand(path):
        pass
    assert found(path) == []


# facts


@pytest.mark.parametrize(("table", "column"), _columns())
def test_an_edited_column_is_found_and_its_row_is_named(path: Path, table: str, column: str) -> None:
    with by_hand(path) as connection:
        rowid, key, old = connection.execute(f"SELECT rowid, {KEYS[table]}, {column} FROM {table} LIMIT 1").fetchone()
        new = {int: lambda: old + 1, bytes: lambda: old + b"x"}.get(type(old), lambda: f"{old or ''}x")()
        kind = dict(connection.execute(f"SELECT name, type FROM pragma_table_info('{table}')"))[column]
        value = 1 if kind == "INTEGER" and old is None else new
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (value, rowid))
    name = f"{table} {key}" if table in FACT_TABLES else f"{table} uid-1:{key}"
    assert any(problem.startswith(name) for problem in found(path)), found(path)


@pytest.mark.parametrize("table", sorted(KEYS))
def test_a_row_taken_out_is_found(path: Path, table: str) -> None:
    with by_hand(path) as connection:
        connection.execute(f"DELETE FROM {table} WHERE rowid = (SELECT min(rowid) FROM {table})")
    assert [problem for problem in found(path) if problem.startswith(table)]


@pytest.mark.parametrize("table", sorted(KEYS))
def test_a_row_slipped_in_is_found(path: Path, table: str) -> None:
    with by_hand(path) as connection:
        names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
        key = KEYS[table]
        number = connection.execute(f"SELECT typeof({key}) FROM {table}").fetchone()[0] == "integer"
        unique = {key: "99" if number else "'made up'", "poam_id": "'V-99'", "marker": "'m'", "remote_id": "'r'"}
        unique |= {"state": "'resolved'"} if table == "conflicts" else {}
        unique |= {"state": "'approved'"} if table == "requests" else {}
        unique |= {"position": "99"} if table == "milestone_changes" else {"number": "99"}
        values = ", ".join(unique.get(name, name) for name in names)
        connection.execute(f"INSERT INTO {table} SELECT {values} FROM {table} LIMIT 1")
    told = [problem for problem in found(path) if problem.startswith(table)]
    assert any("the table has it, the journal does not" in problem for problem in told), told


def test_a_fact_that_differs_is_told_with_both_values_and_the_items_name(path: Path) -> None:
    with by_hand(path) as connection:
        connection.execute("UPDATE items SET scheduled_completion_date = '2027-01-01' WHERE uid = 'uid-1'")
    assert found(path) == [
        "items uid-1 (V-1): scheduled_completion_date is '2027-01-01', the journal says '2026-05-01'"
    ]


def test_the_bytes_of_a_kept_submission_are_vouched_for(path: Path) -> None:
    with by_hand(path) as connection:
        connection.execute("UPDATE submissions SET file = x'00'")
    assert found(path) == ["submissions 1: the kept file was changed"]


def test_a_file_exchanged_together_with_its_digest_is_found_too(path: Path) -> None:
    with by_hand(path) as connection:
        digest = "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
        connection.execute("UPDATE submissions SET file = x'00', sha256 = ?", (digest,))
    (told,) = found(path)
    assert told.startswith("submissions 1: sha256 is '6e340b9c")


def test_a_guard_left_off_is_found(path: Path) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER items_never_go")
    assert found(path) == ["tables or guards were changed outside poam-sync"]


# the journal


@pytest.mark.parametrize("column", COLUMNS)
def test_an_edited_journal_row_is_found_and_named(path: Path, column: str) -> None:
    with by_hand(path) as connection:
        change = "seq = 1000" if column == "seq" else f"{column} = coalesce({column}, '') || 'x'"
        connection.execute(f"UPDATE journal SET {change} WHERE seq = 5")
    assert any("journal row 5" in problem or "journal row 6" in problem for problem in found(path))


def test_a_journal_row_taken_out_is_found(path: Path) -> None:
    with by_hand(path) as connection:
        connection.execute("DELETE FROM journal WHERE seq = 5")
    assert "journal row 5 is missing" in found(path)


def test_journal_rows_in_another_order_are_found(path: Path) -> None:
    with by_hand(path) as connection:
        for old, new in ((5, 1000), (6, 5), (1000, 6)):
            connection.execute("UPDATE journal SET seq = ? WHERE seq = ?", (new, old))
    assert {"journal row 5 does not continue row 4", "journal row 5 was changed after it was written"} <= {*found(path)}


@pytest.mark.parametrize("new", ["no json", "[]", "null", '{"assets": 7}', None])
def test_a_creation_that_cannot_be_read_any_more_is_told_and_no_crash(path: Path, new: str | None) -> None:
    with by_hand(path) as connection:
        connection.execute("UPDATE journal SET new = ? WHERE entity = 'items' AND field = '*'", (new,))
    assert any("was changed after it was written" in problem for problem in found(path))


def rechain(path: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    """A forger with all the time in the world: one row changed, and every later hash computed anew."""
    with by_hand(path) as connection:
        with Record.read(path) as record:
            rows = list(entries(record.db))
        connection.execute("DELETE FROM journal")
        last = (0, "")
        for row in rows:
            values = asdict(row)
            if row.seq == 5:
                edit(values)
            forged: Entry = seal(last, tuple(values[name] for name in COLUMNS[1:-2]))
            last = (forged.seq, forged.hash)
            marks = ", ".join("?" * len(COLUMNS))
            connection.execute(f"INSERT INTO journal VALUES ({marks})", tuple(asdict(forged).values()))


def test_a_wholly_rewritten_chain_is_found_against_a_head_that_was_written_down(path: Path) -> None:
    with Record.read(path) as record:
        (anchored,) = record.db.query("SELECT head_seq, head_hash FROM submissions")
    before = head(path)

    rechain(path, lambda row: row.update(person="somebody else"))

    assert found(path) == []
    assert head(path)[0] == before[0]
    assert head(path)[1] != before[1]
    with Record.read(path) as record:
        kept = record.db.execute("SELECT hash FROM journal WHERE seq = ?", (anchored["head_seq"],)).fetchone()[0]
    assert kept != anchored["head_hash"]


def test_a_rewritten_chain_that_tells_nothing_is_told_and_no_crash(path: Path) -> None:
    rechain(path, lambda row: row.update(entity="items", field="*", new="no json"))
    assert found(path) == ["journal row 5 cannot be replayed"]


def test_a_rewritten_chain_that_tells_another_fact_is_found_by_the_fact(path: Path) -> None:
    def edit(row: dict[str, Any]) -> None:
        row["new"] = (row["new"] or "").replace("SEC-1", "SEC-9")

    rechain(path, edit)
    assert [problem for problem in found(path) if problem.startswith("links link-1")]


def test_a_rewritten_chain_that_tells_of_a_fact_that_was_never_made_is_found_by_that_fact(path: Path) -> None:
    rechain(path, lambda row: row.update(entity="items", entity_id="nobody", field="comments", new="x"))
    assert "items nobody: the journal has it, the table does not" in found(path)


def test_the_last_rows_cut_off_are_found_by_the_facts_they_made(path: Path) -> None:
    with by_hand(path) as connection:
        connection.execute("PRAGMA foreign_keys=OFF")
        connection.execute("DELETE FROM journal WHERE seq >= (SELECT seq FROM journal WHERE field = 'comments')")
    assert [problem for problem in found(path) if problem.startswith("items uid-1 (V-1): comments")]


def test_what_the_engine_only_remembers_is_no_fact(path: Path) -> None:
    with by_hand(path) as connection:
        connection.execute("INSERT INTO cursors VALUES ('jira', 'x', 'y')")
    assert found(path) == []


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE items SET comments = CAST(x'66ff' AS TEXT)", "items uid-1 (V-1): comments"),
        ("UPDATE links SET remote_key = CAST(x'ff' AS TEXT)", "links link-1: remote_key"),
        ("UPDATE links SET id = CAST(x'ff' AS TEXT)", "links \\udcff: the table has it"),
        ("UPDATE journal SET reason = CAST(x'ff' AS TEXT) WHERE seq = 3", "journal row 3 was changed"),
        ("UPDATE journal SET new = '[7]' WHERE seq = 2", "journal row 2 "),
        ("UPDATE journal SET new = printf('%.*c', 100000, '[') WHERE seq = 2", "journal row 2 "),
        ("UPDATE journal SET hash = CAST(x'ff' AS TEXT) WHERE seq = (SELECT max(seq) FROM journal)", "journal row "),
    ],
)
def test_damaged_bytes_are_told_by_their_row_and_are_no_bug(path: Path, statement: str, row: str) -> None:
    with by_hand(path) as connection:
        connection.execute(statement)
    told = found(path)
    assert any(problem.startswith(row) for problem in told), told
    assert "\n".join(told).encode()


def test_damage_that_even_sqlite_cannot_name_is_told(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE items", b"CREATE TABLE \xfftems"))
    with pytest.raises(RecordCorrupt):
        found(path)


@pytest.mark.parametrize(
    ("statement", "row"),
    [
        ("UPDATE items SET comments = x'6669727374' WHERE uid = 'uid-1'", "items uid-1 (V-1): comments"),
        ("UPDATE items SET work_status_version = 0.5 WHERE uid = 'uid-1'", "items uid-1 (V-1): work_status_version"),
        ("UPDATE journal SET reason = x'ff' WHERE seq = 3", "journal row 3 "),
        ("UPDATE submissions SET file = 7", "submissions 1: the kept file"),
    ],
)
def test_a_value_of_a_kind_that_no_table_takes_is_told_by_its_row(path: Path, statement: str, row: str) -> None:
    with by_hand(path) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("UPDATE sqlite_schema SET sql = replace(sql, 'STRICT', '') WHERE type = 'table'")
    with by_hand(path) as connection:
        connection.execute(statement)
    told = found(path)
    assert any(problem.startswith(row) for problem in told), told


def test_after_bytes_that_are_no_text_were_told_the_record_can_still_be_read(whole: Path, tmp_path: Path) -> None:
    path = tmp_path / "poam.db"
    shutil.copy(whole, path)
    with Record.open(path) as record:
        record.db.execute("DROP TRIGGER items_update_is_journaled")
        record.db.execute("UPDATE items SET comments = CAST(x'61ff62' AS TEXT) WHERE uid = 'uid-1'")
        assert any("comments" in told for told in problems(record.db))
        assert [each.comments for each in load(record.db, "uid = ?", ("uid-1",))] == ["a\ufffdb"]


def test_a_writer_who_commits_while_the_record_is_proved_is_no_forger(path: Path) -> None:
    with Record.open(path) as writer, Record.read(path) as record:

        def meanwhile(statement: str) -> None:
            if "FROM items" in statement and writer.committed is None:
                with writer.unit(at=AT) as unit:
                    unit.change(IMPORTER, "items", "uid-1", {"comments": "meanwhile"})

        record.db.conn.set_trace_callback(meanwhile)
        told = list(problems(record.db))
        record.db.conn.set_trace_callback(None)
        assert writer.committed is not None
        assert told == []
        assert list(problems(record.db)) == []
