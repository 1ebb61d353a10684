"""`poam verify` and `poam backup`: anybody may prove the record, and copy it, at any time."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poam.sync.documents.anchors import carried_head
from poam.sync.record.backup import backup as copy_record
from poam.sync.record.database import sqlite3
from poam.sync.record.journal import COLUMNS, entries, seal
from poam.sync.record.record import Record
from poam.sync.settings.people import os_user

from .desk import Desk
from .engine import item


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.open(tmp_path, item(1), item(2))


def by_hand(desk: Desk, statement: str) -> None:
    """An edit by somebody who takes the guards off and puts them back."""
    with closing(sqlite3.connect(desk.folder / "poam.db", isolation_level=None)) as connection:
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        for _, sql in guards:
            connection.execute(sql)


def use(desk: Desk, name: str) -> None:
    """Makes the configuration name another record."""
    path = desk.folder / "config.toml"
    path.write_text(f'[record]\npath = "{name}"\n{path.read_text(encoding="utf-8")}', encoding="utf-8")


def cleanly(result: Any) -> tuple[str, str]:
    """The sentence and the hint of a failure, and nothing else on standard error."""
    assert result.exit_code == 3
    error, hint = result.stderr.splitlines()
    assert "bug" not in error
    return error.removeprefix("Error: "), hint.removeprefix("Hint: ")


# verify


def test_a_record_that_equals_its_history_says_so_with_the_head_to_write_down(desk: Desk) -> None:
    seq, head = desk.heads()
    assert desk.done("verify") == f"The record equals its history: {seq} journal rows, head {head}"
    assert desk.json("verify") == {"ok": True, "problems": [], "warnings": [], "head_seq": seq, "head_hash": head}


def test_an_edited_fact_is_named_and_the_file_is_called_what_it_is(desk: Desk) -> None:
    by_hand(desk, "UPDATE items SET scheduled_completion_date = '2027-01-01' WHERE uid = 'uid-1'")

    result = desk.run("verify")

    assert "! items uid-1 (V-1): scheduled_completion_date is '2027-01-01', the journal says" in result.stdout
    error, hint = cleanly(result)
    assert error.endswith("does not equal its history: 1 difference")
    assert "keep this file as evidence" in hint


def test_programs_are_told_of_an_edited_journal_too(desk: Desk) -> None:
    by_hand(desk, "UPDATE journal SET person = 'somebody else' WHERE seq = 1")
    result = desk.run("verify", "--json")
    assert '"ok": false' in result.stdout
    assert "journal row 1 was changed after it was written" in result.stdout
    cleanly(result)


def test_guards_that_were_taken_off_are_found_and_nothing_is_written_into_that_file(desk: Desk) -> None:
    with closing(sqlite3.connect(desk.folder / "poam.db", isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER journal_is_a_chain")
    assert "tables or guards were changed outside poam-sync" in desk.run("verify").stdout
    error, _ = cleanly(desk.run("set", "V-1", "comments=x", "--reason", "x"))
    assert "tables or guards were changed" in error


def test_a_table_that_is_gone_is_told_as_what_it_is(desk: Desk) -> None:
    by_hand(desk, "DROP TABLE outbox")
    with closing(sqlite3.connect(desk.folder / "poam.db", isolation_level=None)) as connection:
        connection.execute("DROP TABLE evidence")
    error, _ = cleanly(desk.run("verify", "--json"))
    assert "no such table: evidence" in error


@pytest.mark.parametrize("command", [("verify",), ("list",), ("set", "V-1", "comments=x", "--reason", "x")])
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda path: path.write_bytes(path.read_bytes()[:30_000]), "is not a readable record"),
        (lambda path: path.write_text("no database " * 500), "is not a readable record"),
        (lambda path: path.write_bytes(b""), "is not a poam-sync record"),
        (lambda path: path.unlink(), "there is no record at"),
        (lambda path: (path.unlink(), path.mkdir()), "poam.db is a folder, not a record"),
    ],
)
def test_a_file_that_is_no_record_is_told_in_one_sentence_by_every_command(
    desk: Desk, command: tuple[str, ...], spoil: Any, told: str
) -> None:
    spoil(desk.folder / "poam.db")
    error, hint = cleanly(desk.run(*command))
    assert told in error
    assert hint


def test_damage_in_the_middle_of_the_file_is_no_bug_of_ours(desk: Desk) -> None:
    path = desk.folder / "poam.db"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    for command in (("verify",), ("list",), ("show", "V-1"), ("sync",)):
        error, _ = cleanly(desk.run(*command))
        assert "is not a readable record" in error or "JIRA_TOKEN" in error


def test_anybody_may_verify_and_look_even_beside_a_writer(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"os:{os_user()}", "os:other"), encoding="utf-8")
    with Record.open(desk.folder / "poam.db"):
        assert desk.run("verify").exit_code == 0


# heads that were noted outside the record


def rewrite_history(desk: Desk) -> None:
    """Another author for the first row, and every hash computed anew: the journal follows from itself."""
    with Record.read(desk.folder / "poam.db") as record:
        rows = list(entries(record.db))
    with closing(sqlite3.connect(desk.folder / "poam.db", isolation_level=None)) as connection:
        guards = connection.execute(
            "SELECT name, sql FROM sqlite_schema WHERE tbl_name = 'journal' AND type = 'trigger'"
        )
        for name, _ in (found := guards.fetchall()):
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("DELETE FROM journal")
        last = (0, "")
        for row in rows:
            forged = seal(last, (row.at, "nobody", *(getattr(row, name) for name in COLUMNS[3:-2])))
            last = (forged.seq, forged.hash)
            values = tuple(getattr(forged, name) for name in COLUMNS)
            connection.execute(f"INSERT INTO journal VALUES ({', '.join('?' * len(COLUMNS))})", values)  # noqa: S608
        for _, sql in found:
            connection.execute(sql)


def test_the_head_that_was_noted_earlier_is_still_there_after_more_was_written(desk: Desk) -> None:
    seq, head = desk.heads()
    desk.done("set", "V-1", "comments=new", "--reason", "x")
    later = desk.heads()
    told = desk.done("verify", "--head", f"{seq}:{head}", "--head", f"{later[0]}:{later[1].upper()}")
    assert told.startswith("The record equals its history")


def test_a_journal_written_anew_is_found_against_a_head_and_only_so(desk: Desk) -> None:
    seq, head = desk.heads()
    rewrite_history(desk)
    desk.done("verify")
    result = desk.run("verify", "--head", f"{seq}:{head}")
    assert (
        result.stdout
        == f"! journal row {seq} is not the one of hash {head}: the journal was written anew, or is another one\n"
    )
    assert cleanly(result)[0].endswith("does not equal its history: 1 difference")
    assert '"ok": false' in desk.run("verify", "--head", f"{seq}:{head}", "--json").stdout


@pytest.mark.parametrize("seq", [0, 1, 10**17])
def test_a_head_that_no_row_has_is_told(desk: Desk, seq: int) -> None:
    assert f"! journal row {seq} is not the one of hash" in desk.run("verify", "--head", f"{seq}:{'0' * 64}").stdout


@pytest.mark.parametrize(
    "typed", ["", "7", "7:", ":abc", "x:" + "0" * 64, "7:" + "0" * 63, "-7:" + "0" * 64, "9" * 30 + ":1"]
)
def test_what_is_no_head_is_told_in_one_sentence(desk: Desk, typed: str) -> None:
    error, hint = cleanly(desk.run("verify", "--head", typed))
    assert error == f"{typed} is no SEQ:HASH"
    assert "213:e1e2f331" in hint


def test_a_document_leads_back_to_the_row_it_is_an_extract_of(desk: Desk) -> None:
    document = desk.folder / "poam.xlsx"
    desk.done("export", "fedramp", "-o", str(document), "--system", "ACME")
    told = desk.done("verify", "--document", str(document)).splitlines()
    (seq, _), _ = carried_head(document)
    assert told[1] == f"poam.xlsx is, byte for byte, a document that this record made, an extract of journal row {seq}"
    rewrite_history(desk)
    assert "the journal was written anew" in desk.run("verify", "--document", str(document)).stdout


def save_again(document: Path) -> None:
    openpyxl.load_workbook(document).save(document)


def take_a_row_out(document: Path) -> None:
    book = openpyxl.load_workbook(document)
    book.worksheets[1].delete_rows(7)
    book.save(document)


@pytest.mark.parametrize("change", [save_again, take_a_row_out])
def test_a_document_that_is_not_byte_for_byte_as_it_was_made_is_not_vouched_for(desk: Desk, change: Any) -> None:
    document = desk.folder / "poam.xlsx"
    desk.done("export", "fedramp", "-o", str(document), "--system", "ACME")
    (seq, _), _ = carried_head(document)
    change(document)

    result = desk.run("verify", "--document", str(document))

    told, whole = result.stdout.splitlines()
    assert told == (
        f"! poam.xlsx names journal row {seq}, which is there, but it is not, byte for byte, a document that this "
        "record made: edited or saved again since, made by hand, or made after the backup that was restored"
    )
    assert whole.startswith("The record equals its history")
    assert cleanly(result)[0] == "the record is sound, but 1 document cannot be proven by it"
    assert '"ok": false' in desk.run("verify", "--document", str(document), "--json").stdout


def test_every_document_that_was_ever_made_is_still_vouched_for(desk: Desk) -> None:
    first, second = desk.folder / "first.xlsx", desk.folder / "second.xlsx"
    desk.done("export", "fedramp", "-o", str(first), "--system", "ACME")
    desk.done("set", "V-1", "comments=afterwards", "--reason", "x")
    desk.done("export", "fedramp", "-o", str(second), "--system", "ACME")
    assert desk.done("verify", "--document", str(first), "--document", str(second)).count("byte for byte") == 2


def test_a_file_that_names_no_row_is_told_in_one_sentence(desk: Desk) -> None:
    openpyxl.Workbook().save(desk.folder / "theirs.xlsx")
    (desk.folder / "text.xlsx").write_text("text", encoding="utf-8")
    for name, told in {
        "theirs.xlsx": "theirs.xlsx names no journal row",
        "text.xlsx": "text.xlsx: The file is not an Excel workbook",
        "none.xlsx": "cannot be read",
    }.items():
        assert told in cleanly(desk.run("verify", "--document", str(desk.folder / name)))[0]


def test_a_foreign_document_accuses_nobody_of_having_edited_the_record(desk: Desk) -> None:
    document, (seq, head) = desk.folder / "poam.xlsx", desk.heads()
    copy_record(desk.folder / "poam.db", desk.folder / "copy.db")
    desk.done("set", "V-1", "comments=afterwards", "--reason", "x")
    desk.done("export", "fedramp", "-o", str(document), "--system", "ACME")
    use(desk, "copy.db")

    result = desk.run("verify", "--document", str(document))

    assert result.stdout.splitlines() == [
        "! poam.xlsx is not an extract of this record: it is of another record, or was made after the backup that was "
        "restored; if neither, the journal was written anew",
        f"The record equals its history: {seq} journal rows, head {head}",
    ]
    assert cleanly(result)[0] == "the record is sound, but 1 document cannot be proven by it"
    assert '"ok": false' in desk.run("verify", "--document", str(document), "--json").stdout


# backup


def test_a_backup_is_a_record_of_its_own_that_verifies(desk: Desk) -> None:
    head = desk.heads()
    assert desk.done("backup", str(desk.folder / "copy.db")).endswith("and a configuration that names it")

    desk.done("set", "V-1", "comments=afterwards", "--reason", "x")
    use(desk, "copy.db")
    assert desk.json("verify")["head_hash"] == head[1]
    assert desk.json("show", "V-1")["comments"] == ""


def test_a_backup_beside_a_running_writer_needs_no_pause(desk: Desk) -> None:
    with Record.open(desk.folder / "poam.db"):
        assert desk.run("backup", str(desk.folder / "copy.db")).exit_code == 0
    use(desk, "copy.db")
    assert desk.json("verify")["ok"] is True


def test_a_backup_never_overwrites_a_file(desk: Desk) -> None:
    (desk.folder / "copy.db").write_text("mine", encoding="utf-8")
    error, hint = cleanly(desk.run("backup", str(desk.folder / "copy.db")))
    assert error.endswith("copy.db exists already")
    assert "never overwrites" in hint
    assert (desk.folder / "copy.db").read_text(encoding="utf-8") == "mine"


def test_a_backup_that_cannot_be_made_is_told(desk: Desk) -> None:
    error, _ = cleanly(desk.run("backup", str(desk.folder / "none" / "copy.db")))
    assert "copy.db could not be written" in error


# what was changed by hand goes nowhere


TAMPERED = "UPDATE items SET scheduled_completion_date = '2027-01-01' WHERE uid = 'uid-1'"


def test_a_record_with_a_tampered_fact_makes_no_document_and_no_copy(desk: Desk) -> None:
    document, copy = desk.folder / "new.xlsx", desk.folder / "copy.db"
    by_hand(desk, TAMPERED)
    for command in (("export", "fedramp", "-o", str(document), "--system", "ACME"), ("backup", str(copy))):
        error, hint = cleanly(desk.run(*command))
        assert error.startswith("the record does not equal its history: items uid-1 (V-1): scheduled_completion_date")
        assert "run poam verify" in hint
    assert not [*desk.folder.glob("new.xlsx"), *desk.folder.glob("copy.db"), *desk.folder.glob("*.partial")]


def test_a_document_of_a_past_day_is_refused_as_well(desk: Desk) -> None:
    desk.engine.clock.advance(days=1)
    by_hand(desk, "UPDATE journal SET person = 'nobody' WHERE seq = 2")
    command = ("export", "fedramp", "-o", str(desk.folder / "x.xlsx"), "--system", "ACME", "--as-of", "2026-03-02")
    assert "journal row 2 was changed after it was written" in cleanly(desk.run(*command))[0]


@pytest.mark.parametrize("table", ["assets", "milestones"])
def test_a_document_tells_the_journals_word_whatever_stands_in_the_tables_beside_the_items(
    desk: Desk, table: str
) -> None:
    first, second = desk.folder / "first.xlsx", desk.folder / "second.xlsx"
    desk.done("export", "fedramp", "-o", str(first), "--system", "ACME")
    by_hand(desk, f"UPDATE {table} SET {'identifier' if table == 'assets' else 'description'} = 'forged'")  # noqa: S608
    desk.run("export", "fedramp", "-o", str(second), "--system", "ACME")
    assert second.read_bytes() == first.read_bytes()
    cleanly(desk.run("backup", str(desk.folder / "copy.db")))


# what the record remembers


@pytest.mark.parametrize("statement", ["DELETE FROM meta WHERE key = 'record_id'", "UPDATE meta SET value = ''"])
def test_a_record_without_its_id_is_told_in_one_sentence_by_every_command(desk: Desk, statement: str) -> None:
    by_hand(desk, statement)
    for command in (
        ("verify",),
        ("list",),
        ("status",),
        ("set", "V-1", "comments=x", "--reason", "x"),
        ("backup", str(desk.folder / "copy.db")),
    ):
        assert "has lost its record id" in cleanly(desk.run(*command))[0]
    assert "has lost its record id" in desk.run("doctor").stdout


def test_another_record_id_is_found_by_the_marks_of_the_links(desk: Desk) -> None:
    by_hand(desk, "UPDATE meta SET value = 'another' WHERE key = 'record_id'")
    assert "its mark is not the one made of the record's id" in desk.run("verify").stdout
    assert "its mark is not the one" in cleanly(desk.run("backup", str(desk.folder / "copy.db")))[0]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE items SET state = 'foo' WHERE uid = 'uid-1'", "state of item V-1 is 'foo'"),
        ("UPDATE items SET forecast_date = 'soon' WHERE uid = 'uid-1'", "forecast_date of item V-1 is 'soon'"),
        ("UPDATE items SET work_done_at = 'never' WHERE uid = 'uid-1'", "work_done_at of item V-1 is 'never'"),
        (
            "INSERT INTO milestone_changes "
            "(id, item_uid, position, number, kind, date, description, journal_seq) "
            "VALUES ('uid-1/9', 'uid-1', 9, 1, 'update', 'soon', '', 1)",
            "kind and date of a milestone change is 'update soon'",
        ),
    ],
)
def test_a_value_that_its_column_cannot_have_is_told_with_its_item_and_column(
    desk: Desk, change: str, told: str
) -> None:
    with closing(sqlite3.connect(desk.folder / "poam.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints=ON")
        guards = connection.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        for name, _ in guards:
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute(change)
        for _, sql in guards:
            connection.execute(sql)
    for command in (("list",), ("show", "V-1"), ("status",)):
        error, hint = cleanly(desk.run(*command))
        assert told in error
        assert "run poam verify" in hint


@pytest.mark.parametrize("key", ["full_at", "planned_seq", "created_at"])
@pytest.mark.parametrize("value", ["never", "2026-03-02T12:00:00", "", "9" * 30, "-5"])
def test_what_is_remembered_of_the_last_cycle_counts_as_unknown_where_it_is_garbage(
    desk: Desk, key: str, value: str
) -> None:
    desk.at_work(lambda ready: ready.later())
    by_hand(desk, f"INSERT OR REPLACE INTO meta VALUES ('{key}', '{value}')")  # noqa: S608
    desk.at_work(lambda ready: ready.later())
    desk.done("verify")
    desk.done("export", "fedramp", "-o", str(desk.folder / "x.xlsx"), "--system", "ACME")


# an older copy, put back by hand


def test_commands_that_only_look_say_that_an_older_copy_was_put_back(desk: Desk) -> None:
    path, older = desk.folder / "poam.db", desk.folder / "older.db"
    copy_record(path, older)
    desk.done("set", "V-1", "comments=new", "--reason", "x")
    assert desk.run("status").stdout.startswith("In step")
    for end in ("-wal", "-shm"):
        path.with_name(path.name + end).unlink(missing_ok=True)
    path.write_bytes(older.read_bytes())

    status = desk.run("status")

    assert status.stdout.startswith("Not in step: restored from a backup; the next cycle only takes in")
    assert status.exit_code == 1
    assert "poam.db is not as the last command left it" in status.stderr
    assert "poam.db is not as the last command left it" in desk.run("list").stderr
    assert "poam.db is not as the last command left it" in desk.run("plan").stderr
    assert path.read_bytes() == older.read_bytes(), "who only looks writes nothing"
