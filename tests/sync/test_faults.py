"""Whatever the disk does, no unit of work is half kept, one sentence is told, and the next run goes on.

Every statement of an import, an export and two cycles meets a full disk, a broken one and a locked file. The short
form strikes each in one way, and of the cycles' statements those that write; with POAM_PROVE=1 each in every way.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from click.testing import Result

from poam.sync.errors import RecordError
from poam.sync.record.database import COMPANIONS, sqlite3
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .cuts import BUSY, Facts, facts_of
from .desk import Desk
from .engine import Engine, engine, item
from .faults import ENDS, KINDS, Faults, Kind, capped, struck
from .workbooks import ITEMS, workbook

ROOT = Path(__file__).parents[2]
PROVE = bool(os.environ.get("POAM_PROVE"))
ONLY = ("",) if PROVE else ENDS


def ways(places: int) -> Iterator[tuple[int, Kind]]:
    """Each place in each way; in the short form each place in one way, in turn."""
    for at in range(1, places + 1):
        for kind in KINDS if PROVE else (KINDS[at % len(KINDS)],):
            yield at, kind


def one_sentence(result: Result, message: str) -> None:
    """The command ended with 3 and said what SQLite said, without a traceback and without calling it a bug."""
    assert result.exit_code == 3, result.output
    error, hint = result.stderr.splitlines()
    assert error.startswith("Error: ")
    assert message in error, error
    assert "this is a bug" not in error
    assert hint.startswith("Hint: ")


# --- commands


@pytest.fixture(scope="module")
def template(in_memory: Path) -> Desk:
    """A desk with three items and a workbook that adds some and changes one."""
    desk = Desk.open(Path(mkdtemp(dir=in_memory)), item(11), item(12), item(13))
    (desk.folder / "in.xlsx").write_bytes(workbook(*ITEMS, item(11, uid="", comments="new")))
    return desk


def again(template: Desk) -> Desk:
    """The same desk in a folder of its own."""
    folder = Path(mkdtemp(dir=template.folder.parent))
    return replace(template, folder=Path(shutil.copytree(template.folder, folder, dirs_exist_ok=True)))


def state(desk: Desk) -> tuple[Any, ...]:
    """Everything that must be the same in the end, whatever happened on the way: no random ids, no places."""
    with Record.read(desk.folder / "poam.db") as record:
        assert list(problems(record.db)) == []
        items = [replace(each, uid="") for each in load(record.db)]
        journal = record.db.conn.execute("SELECT entity, field, old, reason, source FROM journal ORDER BY seq")
        return items, journal.fetchall(), record.db.conn.execute("SELECT sha256 FROM submissions").fetchall()


COMMANDS: dict[str, Callable[[Desk], Sequence[str]]] = {
    "import": lambda desk: ("import", str(desk.folder / "in.xlsx"), "--system", "ACME", "--yes"),
    "export": lambda desk: ("export", "fedramp", "-o", str(desk.folder / "out.xlsx"), "--system", "ACME"),
    "set": lambda desk: ("set", "V-11", "comments=mine", "--reason", "because"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_struck_at_any_statement_keeps_all_or_nothing_and_runs_the_next_time(
    template: Desk, name: str
) -> None:
    undisturbed = again(template)
    before = state(undisturbed)
    with struck(Faults()) as seen:
        assert undisturbed.run(*COMMANDS[name](undisturbed)).exit_code == 0
    after = state(undisturbed)
    assert seen.passed > 4
    assert before != after
    for at, kind in ways(seen.passed):
        desk = again(template)
        with struck(Faults(at, kind)) as faults:
            one_sentence(desk.run(*COMMANDS[name](desk)), kind.message)
        assert faults.strays == [], (at, kind)
        assert state(desk) == before, (at, kind)
        assert desk.run(*COMMANDS[name](desk)).exit_code == 0
        assert state(desk) == after, (at, kind)
        shutil.rmtree(desk.folder)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_on_a_disk_that_is_full_at_any_step_of_growth_keeps_all_or_nothing(template: Desk, name: str) -> None:
    with Record.read(template.folder / "poam.db") as record:
        pages = record.db.conn.execute("PRAGMA page_count").fetchone()[0]
    before, refused = state(template), 0
    for spare in count():
        desk = again(template)
        with capped(pages + spare):
            result = desk.run(*COMMANDS[name](desk))
        if result.exit_code == 0:
            break
        one_sentence(result, "full")
        assert state(desk) == before
        assert desk.run(*COMMANDS[name](desk)).exit_code == 0
        refused += 1
        shutil.rmtree(desk.folder)
    assert refused > {"import": 3, "export": 2, "set": -1}[name]


# --- places that cannot be written

UNPRIVILEGED = """
import ctypes, sys
from datetime import UTC, datetime
from poam.sync.commands import poam
version_3, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
assert ctypes.CDLL(None).capset(version_3, nothing) == 0
poam.main(sys.argv[1:], obj=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
"""


def unprivileged(desk: Desk, *args: str) -> tuple[int, str]:
    """A command run by somebody whom permissions bind, even root: its exit code and what it complained of."""
    command = [sys.executable, "-c", UNPRIVILEGED, "--config", str(desk.folder / "config.toml"), *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="root is bound by permissions only without its capabilities")
@pytest.mark.parametrize(
    ("folder", "file", "lock"),
    [(0o500, 0o600, True), (0o500, 0o600, False), (0o700, 0o400, True), (0o500, 0o400, True), (0o700, 0o000, True)],
)
def test_a_record_that_may_not_be_written_is_told_and_left_as_it_is(
    template: Desk, folder: int, file: int, lock: bool
) -> None:
    desk = again(template)
    record, place = desk.folder / "poam.db", desk.folder / "poam.db.lock"
    if not lock:
        place.unlink()
    for end in COMPANIONS:  # with these left by a reader, one could write even here
        record.with_name(f"poam.db{end}").unlink(missing_ok=True)
    before = record.read_bytes()
    record.chmod(file)
    desk.folder.chmod(folder)
    command = COMMANDS["set"](desk)

    code, told = unprivileged(desk, *command)

    desk.folder.chmod(0o700)
    record.chmod(0o600)
    error, hint = told.splitlines()
    assert (code, error[:7], hint[:6]) == (3, "Error: ", "Hint: "), told
    assert "poam.db" in error
    assert "this is a bug" not in error
    assert record.read_bytes() == before
    assert unprivileged(desk, *command) == (0, "")


# --- cycles


def nothing(story: Engine) -> None:
    """The first cycle creates the issues."""


def work(story: Engine) -> None:
    """The second one takes in what people did, asks, and writes."""
    story.person.close(story.link(1).remote_id or "")
    story.person.set_due(story.link(2).remote_id or "", "2026-07-01")


def play(folder: Path, faults: Faults) -> Facts:
    """Two cycles under these faults, each run again at once by another process, then rest: what it ends in."""
    with engine(Path(mkdtemp(dir=folder)), item(1), item(2), limits=BUSY) as story:
        for people in (nothing, work):
            story.clock.advance(hours=1)
            people(story)
            story.clock.advance(hours=1)
            survive(story, faults)
        for _ in range(3):
            story.later()
        facts = facts_of(story)
        assert story.later().record_writes == 0
        story.record.close()
    return facts


def survive(story: Engine, faults: Faults) -> None:
    story.record.close()
    with struck(faults):
        faults.active = True
        told = cycle(story)
        faults.active = False
    assert faults.strays == []
    with Record.open(story.record.path) as story.record:
        assert list(problems(story.record.db)) == []
        if told:
            assert faults.kind.message in told
            assert not faults.commits or story.record.head[0] in faults.commits, "only whole units are there"
            story.cycle()
    story.record = Record.open(story.record.path)


def cycle(story: Engine) -> str:
    """One cycle of a process of its own: why it ended, blank when it came to its end."""
    try:
        with Record.open(story.record.path) as story.record:
            story.cycle()
    except RecordError as error:
        return str(error)
    return ""


def test_a_cycle_struck_at_any_statement_ends_where_an_undisturbed_one_does(in_memory: Path) -> None:
    seen = Faults(only=ONLY)
    undisturbed = play(in_memory, seen)
    assert seen.passed > 60
    for at, kind in ways(seen.passed):
        faults = Faults(at, kind, ONLY)
        assert play(in_memory, faults) == undisturbed, (at, kind)
        assert faults.passed >= at


def test_a_cycle_on_a_disk_that_is_full_at_any_step_of_growth_ends_where_an_undisturbed_one_does(
    in_memory: Path,
) -> None:
    undisturbed, refused = play(in_memory, Faults()), 0
    for spare in count():
        with engine(Path(mkdtemp(dir=in_memory)), item(1), item(2), limits=BUSY) as story:
            story.clock.advance(hours=1)
            pages = story.record.db.conn.execute("PRAGMA page_count").fetchone()[0]
            story.record.close()
            with capped(pages + spare):
                told = cycle(story)
            with Record.open(story.record.path) as story.record:
                story.cycle()
                work(story)
                for _ in range(4):
                    story.later()
                assert facts_of(story) == undisturbed
        if not told:
            break
        assert "full" in told
        refused += 1
    assert refused > 0


def test_the_faults_are_those_that_sqlite_itself_makes(in_memory: Path) -> None:
    """A full disk in a unit undoes all of it, and who goes on writes outside: what `strays` is for."""
    with (
        struck(Faults()) as faults,
        Record.create(Path(mkdtemp(dir=in_memory)) / "poam.db", record_id="x", at="") as made,
    ):
        connection = made.db.conn
        connection.execute(f"PRAGMA max_page_count={connection.execute('PRAGMA page_count').fetchone()[0]}")
        connection.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="full"):
            connection.execute("INSERT INTO meta VALUES ('x', ?)", ("x" * 100_000,))
        assert not connection.in_transaction
        connection.execute("INSERT INTO meta VALUES ('half', 'a unit')")
        assert faults.strays == ["INSERT INTO meta VALUES ('half', 'a unit')"]


def test_nobody_outside_the_record_can_take_sqlites_errors_for_nothing() -> None:
    """Their names live in `sync/record/` (see test_architecture); whatever catches everything raises it again."""
    caught = {
        path.name
        for path in (ROOT / "sync").rglob("*.py")
        for handler in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(handler, ast.ExceptHandler)
        and (handler.type is None or ast.unparse(handler.type) in ("Exception", "BaseException"))
        and not isinstance(handler.body[-1], ast.Raise)
    }
    assert caught == {"__init__.py"}, "only the command line ends what it catches, and with it the process"
