"""A backup takes the record's place whole, the present record is kept, and no kill leaves neither."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import ChangeKind, MilestoneChange
from poam.sync.daemon import only_daemon
from poam.sync.errors import RecordLocked
from poam.sync.record.backup import backup
from poam.sync.record.database import journal_mode, sqlite3
from poam.sync.record.items import change_row
from poam.sync.record.journal import entries
from poam.sync.record.record import Record
from poam.sync.record.restore import restore, restoring
from poam.sync.record.verify import problems

from .desk import ME, Desk
from .engine import IMPORTER, ISSO, Engine, item
from .golden import AT, TWO, contents, version_1
from .records import child, raw

ASIDE = "poam.db.replaced-20260302T120000"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with a backup, `copy.db`, after which a comment was written."""
    (tmp_path / "home").mkdir()
    made = Desk.open(tmp_path / "home", item(1), item(2))
    backup(made.folder / "poam.db", tmp_path / "copy.db")
    made.done("set", "V-1", "comments=afterwards", "--reason", "x")
    return made


def copy_of(desk: Desk) -> str:
    return str(desk.folder.parent / "copy.db")


def names(desk: Desk) -> list[str]:
    """The record and what lies beside it, but for what readers, cycles and daemons leave."""
    left = ("-wal", "-shm", ".head", ".daemon.lock")
    files = (file.name for file in desk.folder.iterdir() if not file.name.endswith(left))
    return sorted(name for name in files if name.startswith(("poam.db", ".poam.db")))


AS_IT_WAS = ["poam.db", "poam.db.health.json", "poam.db.lock"]


def comments(desk: Desk) -> str:
    return str(desk.json("show", "V-1")["comments"])


def refused(desk: Desk, *args: str) -> tuple[str, str]:
    """The sentence and the hint of a restore that must not happen, and that nothing was changed by it."""
    path = desk.folder / "poam.db"
    before = names(desk), path.read_bytes() if path.is_file() else b""
    result = desk.run("restore", *args, "--yes")
    assert result.exit_code == 3, result.output
    assert (names(desk), path.read_bytes() if path.is_file() else b"") == before
    error, hint = result.stderr.splitlines()
    assert "bug" not in error
    return error.removeprefix("Error: "), hint.removeprefix("Hint: ")


# --- the plan, and doing it


def test_the_plan_is_shown_and_nothing_is_changed_without_yes(desk: Desk) -> None:
    before = (desk.folder / "poam.db").read_bytes()
    told = desk.done("restore", copy_of(desk)).splitlines()
    assert told[0].startswith(f"{copy_of(desk)}: record test-record, items: 2, journal rows: ")
    assert told[1].startswith(f"{desk.folder / 'poam.db'}: record test-record, items: 2, journal rows: ")
    assert told[2:] == [
        f"It would be kept as {desk.folder / 'poam.db.replaced-<time>'}.",
        "! 2 journal rows after the backup's last will be missing, with 1 decision to decide anew:",
        f"  2026-03-02 12:00 UTC {ME} (isso) V-1 comments: nothing -> afterwards",
        f"Nothing was changed yet. To apply: poam restore {copy_of(desk)} --yes",
    ]
    assert names(desk) == AS_IT_WAS
    assert (desk.folder / "poam.db").read_bytes() == before


def test_programs_are_told_the_plan_too(desk: Desk) -> None:
    seq, digest = desk.heads()
    told = desk.json("restore", copy_of(desk))
    assert (told["rows_lost"], told["another_record"], told["continued"], told["applied"]) == (2, False, True, False)
    assert [each.split()[-5:] for each in told["decisions_lost"]] == [
        ["V-1", "comments:", "nothing", "->", "afterwards"]
    ]
    assert (told["present"]["head_seq"], told["present"]["head_hash"]) == (seq, digest)
    assert told["aside"].endswith(ASIDE)


def test_the_backup_takes_the_records_place_and_the_present_one_is_kept_whole(desk: Desk) -> None:
    before = contents(desk.folder / "poam.db")
    assert desk.done("restore", copy_of(desk), "--yes").splitlines()[-2:] == [
        "Restored.",
        "Next: poam sync; it only takes in, and lists what the trackers know and the record does not.",
    ]
    assert comments(desk) == ""
    assert names(desk) == sorted([*AS_IT_WAS, ASIDE])
    assert contents(desk.folder / ASIDE) == before
    assert (desk.folder / "poam.db").stat().st_mode & 0o777 == 0o600
    assert (desk.folder / "poam.db").stat().st_nlink == 1


def test_the_restored_record_says_who_restored_it_from_what_and_goes_on(desk: Desk) -> None:
    with Record.read(Path(copy_of(desk))) as record:
        seq, digest = record.head
    desk.done("restore", copy_of(desk), "--yes")
    with Record.read(desk.folder / "poam.db") as record:
        *_, last = entries(record.db)
        restored_at = record.db.execute("SELECT value FROM meta WHERE key = 'restored_at'").fetchone()
    assert (last.seq, last.person, last.entity, last.entity_id, last.field) == (
        *(seq + 1, ME, "record", "test-record", "restored"),
    )
    assert last.reason == f"from copy.db, journal row {seq} {digest}"
    assert restored_at == (last.at,)
    desk.done("set", "V-1", "comments=again", "--reason", "x")
    assert desk.done("verify", "--head", f"{seq}:{digest}")


def test_the_restored_record_has_forgotten_how_far_the_trackers_were_read(desk: Desk) -> None:
    keys = "'planned_seq', 'full_at', 'restored_at'"
    query = f"SELECT key FROM meta WHERE key IN ({keys}) UNION SELECT connector FROM cursors"  # noqa: S608
    with closing(sqlite3.connect(copy_of(desk))) as connection:
        assert {row[0] for row in connection.execute(query)} >= {"planned_seq", "jira"}
    desk.done("restore", copy_of(desk), "--yes")
    with closing(sqlite3.connect(desk.folder / "poam.db")) as connection:
        assert connection.execute(query).fetchall() == [("restored_at",)]


def test_the_backup_itself_stays_as_it_is_and_can_be_restored_again(desk: Desk) -> None:
    before = Path(copy_of(desk)).read_bytes()
    desk.done("restore", copy_of(desk), "--yes")
    desk.engine.clock.advance(seconds=1)
    desk.done("restore", copy_of(desk), "--yes")
    assert Path(copy_of(desk)).read_bytes() == before
    assert len(names(desk)) == len(AS_IT_WAS) + 2


def test_what_was_moved_aside_can_be_restored_in_its_turn(desk: Desk) -> None:
    desk.done("restore", copy_of(desk), "--yes")
    desk.engine.clock.advance(seconds=1)
    told = desk.done("restore", str(desk.folder / ASIDE), "--yes")
    assert "The present record does not continue the backup" in told
    assert comments(desk) == "afterwards"


@pytest.mark.parametrize("leave", [[], ["poam.db.lock"]])
def test_a_record_that_is_gone_is_restored_into_the_empty_place(desk: Desk, leave: list[str]) -> None:
    for name in {*names(desk)} - {*leave}:
        (desk.folder / name).unlink()
    assert f"There is no record at {desk.folder / 'poam.db'}." in desk.run("restore", copy_of(desk)).stdout
    desk.done("restore", copy_of(desk), "--yes")
    assert comments(desk) == ""
    assert names(desk) == ["poam.db", "poam.db.lock"]


def spoil_text(path: Path) -> None:
    path.write_text("no database " * 500, encoding="utf-8")


def spoil_pages(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)


def spoil_empty(path: Path) -> None:
    path.write_bytes(b"")


@pytest.mark.parametrize("spoil", [spoil_text, spoil_pages, spoil_empty])
def test_a_damaged_record_is_moved_aside_as_it_is_with_all_that_lay_beside_it(
    desk: Desk, spoil: Callable[[Path], None]
) -> None:
    path = desk.folder / "poam.db"
    spoil(path)
    beside = {f"poam.db{end}": end.encode() * 9 for end in ("-wal", "-journal")}
    for name, data in beside.items():
        (desk.folder / name).write_bytes(data)
    before = path.read_bytes()
    assert "! " not in desk.run("restore", copy_of(desk)).stdout
    desk.done("restore", copy_of(desk), "--yes")
    assert comments(desk) == ""
    assert (desk.folder / ASIDE).read_bytes() == before
    assert not [name for name in beside if (desk.folder / name).exists() and (desk.folder / name).stat().st_size]


LAST_WORDS = f"""
import os
from poam.sync.record.journal import Author
record = Record.open(path)
with record.unit(at="{AT}") as unit:
    unit.change(Author("x", "isso", "cli"), "items", "uid-1", {{"comments": "last words"}})
os.kill(os.getpid(), 9)
"""


def test_a_log_that_a_killed_writer_left_goes_into_the_old_record_and_never_into_the_new_one(desk: Desk) -> None:
    child(LAST_WORDS, desk.folder / "poam.db").communicate()
    if journal_mode().mode == "WAL":
        assert (desk.folder / "poam.db-wal").stat().st_size
    desk.done("restore", copy_of(desk), "--yes")
    assert names(desk) == sorted([*AS_IT_WAS, ASIDE])
    assert comments(desk) == ""
    with Record.read(desk.folder / ASIDE) as record:
        assert list(problems(record.db)) == []
        assert record.db.execute("SELECT comments FROM items WHERE uid = 'uid-1'").fetchone() == ("last words",)


@pytest.mark.skipif(journal_mode().mode != "WAL", reason="only a write-ahead log holds what was committed")
def test_the_log_of_a_record_that_cannot_be_read_is_kept_with_it_and_never_played_into_the_new_one(desk: Desk) -> None:
    path = desk.folder / "poam.db"
    child(LAST_WORDS, path).communicate()
    spoil_text(path)
    log = (desk.folder / "poam.db-wal").read_bytes()
    assert b"last words" in log
    desk.done("restore", copy_of(desk), "--yes")
    assert (desk.folder / f"{ASIDE}-wal").read_bytes() == log
    assert comments(desk) == ""


def test_an_older_backup_is_brought_up_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    old = version_1(tmp_path / "old.db")
    with restoring(old, tmp_path / "home" / "poam.db", at=AT) as plan:
        restore(plan, ISSO, at=AT, migrations=TWO)
    assert sorted(file.name for file in (tmp_path / "home").iterdir()) == ["poam.db", "poam.db.lock"]
    Record.open(tmp_path / "home" / "poam.db", migrations=TWO).close()
    with Record.read(old) as record:
        assert list(problems(record.db)) == []


def test_every_decision_that_will_be_missing_is_named_as_one_up_to_twenty(desk: Desk) -> None:
    for number in range(20):
        desk.engine.clock.advance(seconds=1)
        desk.done("set", "V-2", f"comments=note {number}", "controls=SI-2", "--reason", "x")
    told = desk.done("restore", copy_of(desk)).splitlines()
    assert told[3].endswith("with 21 decisions to decide anew:")
    first = next(line for line in told if "V-2" in line)
    assert first.endswith("V-2 comments: nothing -> note 0, controls: nothing -> SI-2")
    assert len([line for line in told if line.startswith("  2026-")]) == 20
    assert told[-2] == "  and 1 more"


def test_what_people_did_at_a_tracker_is_no_lost_decision_and_what_was_decided_about_it_is(desk: Desk) -> None:
    def declined(ready: Engine) -> None:
        ready.person.close(ready.link(1).remote_id or "", "wont_do")
        ready.later()

    desk.at_work(declined)
    desk.done("reject", "1", "--reason", "it is needed")
    told = desk.json("restore", copy_of(desk))["decisions_lost"]
    assert len(told) == 3
    assert any("V-1 request 1 state: waiting -> rejected" in each for each in told)


def test_a_milestone_change_that_a_workbook_brought_is_a_lost_decision(desk: Desk) -> None:
    def imported(ready: Engine) -> None:
        change = MilestoneChange(1, ChangeKind.COMPLETE, "2026-03-01", "all hosts replaced")
        with ready.record.unit(at="2026-03-02T12:00:10.000Z") as unit:
            unit.create(IMPORTER, "milestone_changes", {**change_row("uid-1", 0, change), "item_uid": "uid-1"})

    before = len(desk.json("restore", copy_of(desk))["decisions_lost"])
    desk.at_work(imported)
    told = desk.json("restore", copy_of(desk))["decisions_lost"]
    assert len(told) == before + 1
    assert told[-1].endswith("V-1 milestone change added: Complete 2026-03-01")


def test_as_long_as_a_daemon_runs_nothing_is_restored_and_the_plan_can_be_seen(desk: Desk) -> None:
    with only_daemon(desk.folder / "poam.db"):
        error, hint = refused(desk, copy_of(desk))
        assert desk.run("restore", copy_of(desk)).exit_code == 0
    assert error == f"a daemon runs for {desk.folder / 'poam.db'} already"
    assert hint.startswith("stop it first")
    desk.done("restore", copy_of(desk), "--yes")


def test_until_a_cycle_has_run_a_restored_record_is_not_in_step(desk: Desk) -> None:
    assert desk.run("status").stdout.startswith("In step with jira")
    desk.done("restore", copy_of(desk), "--yes")
    status = desk.run("status")
    assert status.stdout.startswith("Not in step: restored from a backup; the next cycle only takes in")
    assert status.exit_code == 1
    desk.at_work(lambda ready: ready.later(minutes=1))
    assert desk.run("status").stdout.startswith("In step with jira")


# --- what is not restored


def test_a_backup_of_another_record_is_restored_only_with_a_warning(desk: Desk, tmp_path: Path) -> None:
    other = version_1(tmp_path / "other.db")
    told = desk.done("restore", str(other))
    assert "! The backup is of another record" in told
    assert "! The present record does not continue the backup" in told
    desk.done("restore", str(other), "--yes")
    with Record.read(desk.folder / "poam.db") as record:
        assert record.id == "golden"


def edited(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (guard,) = connection.execute(
            "SELECT sql FROM sqlite_schema WHERE name = 'items_update_is_journaled'"
        ).fetchone()
    raw(path, "DROP TRIGGER items_update_is_journaled", "UPDATE items SET comments = 'mine' WHERE uid = 'uid-1'", guard)


FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (Path.unlink, "there is no file"),
    "folder": (lambda path: (path.unlink(), path.mkdir()), "there is no file"),
    "text": (spoil_text, "is not a readable record"),
    "empty": (spoil_empty, "is not a poam-sync record"),
    "truncated": (lambda path: path.write_bytes(path.read_bytes()[:20_000]), "is not a readable record"),
    "damaged": (spoil_pages, "is not a readable record"),
    "another application's": (lambda path: raw(path, "PRAGMA application_id=7"), "is not a poam-sync record"),
    "newer": (lambda path: raw(path, "PRAGMA user_version=99"), "has schema version 99, this poam-sync knows 1"),
    "edited": (edited, "it is no whole record: items uid-1 (V-1): comments is 'mine'"),
    "unguarded": (lambda path: raw(path, "DROP TRIGGER items_never_go"), "tables or guards were changed"),
    "nameless": (lambda path: raw(path, "DELETE FROM meta WHERE key = 'record_id'"), "has lost its record id"),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_is_no_whole_record_is_refused_in_one_sentence(desk: Desk, kind: str) -> None:
    spoil, told = FILES[kind]
    spoil(Path(copy_of(desk)))
    error, hint = refused(desk, copy_of(desk))
    assert told in error
    assert hint == ("install the newer poam-sync" if kind == "newer" else hint)
    assert desk.run("restore", copy_of(desk)).exit_code == 3


def test_the_record_itself_is_no_backup_of_itself(desk: Desk) -> None:
    (desk.folder.parent / "link.db").symlink_to(desk.folder / "poam.db")
    for name in (desk.folder / "poam.db", desk.folder.parent / "link.db"):
        assert refused(desk, str(name))[0].endswith("is the record itself")


def test_a_record_that_somebody_writes_is_not_replaced(desk: Desk) -> None:
    path = desk.folder / "poam.db"
    told = "is in use by another poam process that writes"
    with Record.open(path), pytest.raises(RecordLocked, match=told), restoring(Path(copy_of(desk)), path, at=AT):
        pytest.fail("the place is not free")
    assert names(desk) == AS_IT_WAS
    assert comments(desk) == "afterwards"


def test_a_record_that_somebody_reads_right_now_is_not_replaced_under_them(desk: Desk) -> None:
    path = desk.folder / "poam.db"
    with Record.read(path) as reader:
        rows = reader.db.conn.execute("SELECT * FROM journal")
        rows.fetchone()
        result = desk.run("restore", copy_of(desk), "--yes")
        rows.close()
    if journal_mode().mode == "WAL":
        assert result.exit_code == 3
        assert f"{path} is being read" in result.stderr
        assert "wait until other poam commands are done" in result.stderr
        assert comments(desk) == "afterwards"
    desk.engine.clock.advance(seconds=1)
    desk.done("restore", copy_of(desk), "--yes")
    assert comments(desk) == ""


def test_only_who_may_decide_restores_and_anybody_known_may_look_at_the_plan(desk: Desk) -> None:
    desk.become("engineer")
    assert desk.run("restore", copy_of(desk)).exit_code == 0
    assert refused(desk, copy_of(desk))[0] == f"{ME} is engineer and cannot restore a record"


def test_nothing_takes_the_place_of_what_was_moved_aside_before(desk: Desk) -> None:
    (desk.folder / ASIDE).write_text("mine", encoding="utf-8")
    assert refused(desk, copy_of(desk))[0].endswith(f"{ASIDE} exists already")


def test_a_place_that_is_no_plain_file_is_left_as_it_is(desk: Desk) -> None:
    path = desk.folder / "poam.db"
    shutil.move(path, desk.folder / "elsewhere.db")
    path.symlink_to(desk.folder / "elsewhere.db")
    told = refused(desk, copy_of(desk))
    assert told[0].endswith("is no plain file")
    assert told[1].endswith("move away what is there, or change [record] path")
    assert path.is_symlink()


# --- killed at every step

STEPS = Path(__file__).with_name("mortal_restore.py")
PLATFORM = "import sys; sys.modules['pysqlite3'] = None\n"


@pytest.mark.parametrize("sqlite", ["", PLATFORM], ids=["the SQLite in use", "Python's own SQLite"])
@pytest.mark.parametrize("present", ["closed", "killed", "damaged", "none"])
def test_a_restore_killed_at_any_step_leaves_the_old_record_or_the_new_one(
    in_memory: Path, desk: Desk, sqlite: str, present: str
) -> None:
    """Each step is what Python tells its auditors: a file opened, linked, renamed, removed; a database connected."""
    code = f"{sqlite}import runpy, sys; sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
    told = subprocess.run(
        [sys.executable, "-c", code, str(STEPS), copy_of(desk), str(desk.folder), str(in_memory), present],
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.stderr == ""
    steps, whole, old, new = map(int, told.stdout.split())
    assert whole == steps, told.stdout
    assert steps > 10
    assert new > 0
    assert old > 0 or present == "none"
