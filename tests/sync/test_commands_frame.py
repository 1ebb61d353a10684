"""The command line's frame: cheap help, exit codes, errors as sentences, and output that is safe to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from poam.connectors.errors import Forbidden, RateLimited
from poam.mapping.life import Role
from poam.sync.commands import COMMANDS, Outcome, Poam, poam
from poam.sync.commands.frame import Frame
from poam.sync.commands.output import clean, line, print_fields, print_json, print_table
from poam.sync.errors import ConfigError, NotAllowed, PoamSyncError, RecordLocked
from poam.sync.settings.people import Identity, os_user

IN_ORDER = [
    *("demo", "init", "doctor", "import", "link", "unlink", "adopt"),
    *("plan", "sync", "run", "status", "list", "show", "history"),
    *("explain", "set", "transition", "requests", "approve", "reject", "conflicts", "resolve", "export"),
    *("verify", "backup", "restore"),
]


def run(*args: str, **environ: str) -> Result:
    return CliRunner(env={"POAM_CONFIG": None, **environ}).invoke(poam, args)


def real(*args: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """The installed command in a process of its own."""
    command = Path(sys.executable).with_name("poam")
    return subprocess.run(
        [command, *args], cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )


def ending(result: object) -> Result:
    """How the frame ends a command that raises, or returns, this."""

    def callback() -> object:
        if isinstance(result, BaseException):
            raise result
        return result

    class Ending(Poam):
        def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command:
            return click.Command(cmd_name, callback=callback)

    return CliRunner().invoke(Ending("poam"), ["status"])


def test_help_lists_every_command_in_the_order_a_newcomer_meets_them() -> None:
    result = run("--help")

    listed = result.output.partition("Commands:\n")[2].splitlines()
    assert result.exit_code == 0
    assert [entry.split()[0] for entry in listed if entry[2] != " "] == IN_ORDER


def test_help_imports_nothing_that_only_a_command_needs(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom poam.sync.commands import poam\n"
        "try:\n    poam(['--help'])\nfinally:\n    print(*sys.modules, file=sys.stderr)"
    )

    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)

    loaded = {name.partition(".")[0] for name in seen.stderr.split()}
    assert "click" in loaded
    assert loaded & {"pydantic", "rich", "sqlite_utils", "sqlite3", "pysqlite3", "jira", "github"} == set()
    assert {name for name in seen.stderr.split() if name.startswith("poam")} <= {
        "poam",
        "poam.sync",
        "poam.sync.commands",
    }


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_is_there_and_says_what_the_table_says(name: str) -> None:
    command = poam.get_command(click.Context(poam), name)

    assert command is not None
    assert command.get_short_help_str(limit=200) == COMMANDS[name][1]


def test_a_mistyped_command_is_told_with_the_one_that_was_meant() -> None:
    result = run("statsu")

    assert result.exit_code == Outcome.FATAL
    assert "there is no command statsu; did you mean status?" in result.stderr


@pytest.mark.parametrize(
    ("args", "told", "explained"),
    [
        (("doctor", "--nonsense"), "No such option '--nonsense'", "poam doctor"),
        (("--nonsense",), "No such option '--nonsense'", "poam"),
        (("nonsense",), "there is no command nonsense", "poam"),
        (("set", "V-1", "comments=x"), "Missing option '--reason'", "poam set"),
        (("approve",), "Missing argument 'N'", "poam approve"),
        (
            ("approve", "x"),
            "Invalid value for 'N': x is no number; N is the id that poam requests shows",
            "poam approve",
        ),
        (
            ("list", "--state", "closd"),
            "Invalid value for '--state': closd is not one of draft, submitted, open, pending_verification,"
            " risk_accepted, closed, discarded; did you mean closed?",
            "poam list",
        ),
        (
            ("transition", "V-1", "finished", "--reason", "x"),
            "Invalid value for 'STATE': finished is not one of draft, submitted, open, pending_verification,"
            " risk_accepted, closed, discarded",
            "poam transition",
        ),
    ],
)
def test_a_usage_error_is_fatal_and_one_sentence_with_a_hint(args: tuple[str, ...], told: str, explained: str) -> None:
    result = run(*args)

    assert result.exit_code == 3
    assert result.stderr == f"Error: {told}\nHint: {explained} --help explains it\n"


def test_poam_alone_shows_what_there_is_and_is_fatal() -> None:
    result = run()

    assert result.exit_code == 3
    assert "Commands:" in result.stderr


@pytest.mark.parametrize("args", [("--help",), ("-h",), ("doctor", "--help"), ("--version",)])
def test_asking_for_help_is_no_error(args: tuple[str, ...]) -> None:
    assert run(*args).exit_code == 0


def test_the_real_command_leaves_with_the_real_exit_codes(tmp_path: Path) -> None:
    codes = [real(*args, cwd=tmp_path).returncode for args in (("--version",), ("nonsense",), ("doctor",))]

    assert codes == [0, 3, 3]


@pytest.mark.parametrize(
    ("returned", "code"),
    [
        (None, 0),
        (Outcome.IN_SYNC, 0),
        (Outcome.NEEDS_A_PERSON, 1),
        (Outcome.WRITES_OWED, 2),
        (Outcome.FATAL, 3),
    ],
)
def test_a_commands_outcome_is_the_exit_code(returned: Outcome | None, code: int) -> None:
    assert ending(returned).exit_code == code


@pytest.mark.parametrize(
    "error",
    [
        PoamSyncError("it broke here", hint="do that"),
        RecordLocked("it broke here", hint="do that"),
        NotAllowed("it broke here", hint="do that"),
        Forbidden("it broke here", hint="do that"),
        RateLimited("it broke here", retry_after=9.0, hint="do that"),
    ],
)
def test_an_error_is_one_sentence_and_what_to_do(error: Exception) -> None:
    result = ending(error)

    assert result.exit_code == 3
    assert result.stderr == "Error: it broke here\nHint: do that\n"
    assert result.stdout == ""


def test_an_error_without_a_hint_gives_none() -> None:
    assert ending(ConfigError("it broke here")).stderr == "Error: it broke here\n"


def test_an_error_of_the_operating_system_is_told_with_the_file() -> None:
    result = ending(PermissionError(13, "Permission denied", "out.xlsx"))

    assert (result.exit_code, result.stderr) == (3, "Error: out.xlsx: Permission denied\n")


def test_a_bug_is_told_as_one_and_by_place_only() -> None:
    result = ending(KeyError("s3cret"))

    assert result.exit_code == 3
    assert "this is a bug in poam-sync: KeyError in test_commands_frame.py, line" in result.stderr
    assert "s3cret" not in result.stderr
    assert "Traceback" not in result.stderr


def test_a_bug_shows_its_traceback_to_whoever_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POAM_DEBUG", "1")

    assert "Traceback" in ending(KeyError("x")).stderr


def test_an_interrupt_is_quiet() -> None:
    result = ending(KeyboardInterrupt())

    assert result.exit_code == 130
    assert result.stderr.strip() == "Stopped."


def test_escape_sequences_in_an_error_never_reach_the_terminal() -> None:
    assert ending(PoamSyncError("a\x1b[31mb\x1b]0;title\x07c\x9b2J")).stderr == "Error: abc2J\n"


def test_the_configuration_is_named_by_option_then_environment_then_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert "a.toml: there is no such file" in run("--config", "a.toml", "doctor", POAM_CONFIG="b.toml").output
    assert "b.toml: there is no such file" in run("doctor", POAM_CONFIG="b.toml").output
    assert "config.toml: there is no such file" in run("doctor").output


def frame(folder: Path, *, zone: str = "UTC", accounts: str = "", **fields: str) -> Frame:
    path = folder / "config.toml"
    text = f'[[systems]]\nid = "ACME"\nname = "ACME"\ntimezone = "{zone}"\n[people.iris]\naccounts = [{accounts}]\n'
    path.write_text(text, encoding="utf-8")
    return Frame(path, clock=lambda: datetime(2026, 3, 1, 2, 30, 15, 999, tzinfo=UTC), **fields)


def test_an_instant_is_written_in_utc_as_everywhere_in_the_record(tmp_path: Path) -> None:
    assert frame(tmp_path).now() == "2026-03-01T02:30:15.000Z"


@pytest.mark.parametrize(
    ("zone", "day"),
    [("UTC", "2026-03-01"), ("America/New_York", "2026-02-28"), ("Pacific/Kiritimati", "2026-03-01")],
)
def test_today_is_the_day_of_the_systems_own_zone(tmp_path: Path, zone: str, day: str) -> None:
    assert frame(tmp_path, zone=zone).today("ACME") == day


def test_the_person_behind_a_command_is_the_machine_users(tmp_path: Path) -> None:
    assert frame(tmp_path, accounts=f'"os:{os_user()}"').identity == Identity("iris", Role.ENGINEER)


def test_reading_needs_no_person_and_changing_does(tmp_path: Path) -> None:
    nobody = frame(tmp_path, accounts='"os:somebody-else"')

    assert nobody.config.people["iris"].role == "engineer"
    with pytest.raises(NotAllowed, match=r"nobody in \[people\]"):
        _ = nobody.identity


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("plain", "plain"),
        ("Ünï — 漢字", "Ünï — 漢字"),
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;;https://evil.example\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1bPq#0\x1b\\x", "x"),
        ("a\x00b\x07c\x7fd\x9be", "abcde"),
        ("line\rover", "lineover"),
        ("abc\u202edcba\u2066x\u2069", "abcdcbax"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("\x1b", ""),
        (None, ""),
    ],
)
def test_hostile_text_is_shown_without_what_moves_hides_or_reverses(hostile: str | None, shown: str) -> None:
    assert clean(hostile) == shown


def test_a_cell_is_one_line() -> None:
    assert line("a\n\tb\r\n c") == "a b c"


def test_a_table_in_a_pipe_is_a_line_of_names_and_a_line_per_row(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("poam_id", "due"), [("V-1", "2026-03-01"), ("V\t2", None)], empty="none")

    assert capsys.readouterr().out == "poam_id\tdue\nV-1\t2026-03-01\nV 2\t\n"


def test_an_empty_table_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("poam_id",), [], empty="Nothing is open.")

    assert capsys.readouterr().out == "Nothing is open.\n"


def test_a_table_on_a_terminal_shows_every_text_as_it_is() -> None:
    drawn = _on_a_terminal(
        "from poam.sync.commands.output import print_table\n"
        "print_table(('poam_id', 'name'), [('V-1', '[red]boom[/red] :smile: 2026-03-01')], empty='')"
    )

    assert "[red]boom[/red] :smile: 2026-03-01" in drawn


REQUESTS = """
from poam.sync.commands.output import print_table
columns = ("id", "poam_id", "kind", "requested_date", "requested_by", "requested_at", "weakness_name")
print_table(columns, [
    ("1", "V-1042", "cannot_reproduce", "2026-07-01", "ann@acme.example", "2026-03-02T12:34:56.789Z", "word " * 20),
    ("2", "V-1", "later_date", None, "ann@acme.example", "2026-03-02T12:34:56.789Z", "short"),
], empty="", spare=("requested_at",))
"""


@pytest.mark.parametrize("width", [40, 80, 81, 100, 200])
def test_a_terminal_of_any_width_gets_every_date_kind_id_and_address_in_one_piece(width: int) -> None:
    drawn = _on_a_terminal(REQUESTS, width)

    assert all(text in drawn for text in ("V-1042", "cannot_reproduce", "2026-07-01", "ann@acme.example"))
    assert drawn.count("word") == 20
    assert "T12:34" not in drawn
    assert max(map(len, drawn.splitlines())) <= width or width == 40


@pytest.mark.parametrize(("width", "told"), [(80, False), (200, True)])
def test_a_narrow_terminal_does_without_the_time_and_a_wide_one_shows_it_to_the_minute(width: int, told: bool) -> None:
    assert ("2026-03-02 12:34 " in _on_a_terminal(REQUESTS, width)) == told


def _on_a_terminal(script: str, width: int = 100) -> str:
    """What a real terminal gets, without the colours that the table itself may use."""
    pty = pytest.importorskip("pty", reason="there are no terminals to open here")
    ours, theirs = pty.openpty()
    environ = {**os.environ, "COLUMNS": str(width), "TERM": "dumb"}
    subprocess.run([sys.executable, "-c", script], stdout=theirs, env=environ, check=True)
    os.close(theirs)
    with os.fdopen(ours, "rb") as terminal:
        return terminal.read1(65536).decode()


def test_fields_are_printed_by_name_and_blank_ones_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"name": "a\nb", "due": None, "comments": "", "count": 0})

    assert capsys.readouterr().out == "name: a\n    b\ncount: 0\n"


def test_json_keeps_every_character_and_shows_none_that_a_terminal_obeys(
    capsys: pytest.CaptureFixture[str],
) -> None:
    value = {"name": "Ü\x1b[31m\x9b\u202e\x7f\n\U000e0041"}
    print_json(value)

    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert "Ü" in out
    assert not any(character in out for character in "\x1b\x9b\u202e\x7f\U000e0041")
