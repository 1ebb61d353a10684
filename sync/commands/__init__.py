"""The command line: `poam [--config FILE] [--as PERSON] COMMAND`.

A command is imported when it is called, so `poam --help` costs little more than click. A command's module
holds a click command of that name, gets a `Frame` and returns an `Outcome` (None counts as IN_SYNC).
Here, and only here, exceptions become a sentence and an exit code.
"""

from __future__ import annotations

import os
import sys
from enum import IntEnum
from typing import Any

import click


class Outcome(IntEnum):
    """The exit code: the highest that holds."""

    IN_SYNC = 0
    NEEDS_A_PERSON = 1
    WRITES_OWED = 2
    FATAL = 3


INTERRUPTED = 130  # what a shell expects after Ctrl-C

COMMANDS = {
    "demo": ("demo", "Show the whole loop on two sandbox trackers, in under a minute."),
    "init": ("init", "Write a configuration and create the record."),
    "doctor": ("doctor", "Check everything and explain what is wrong."),
    "import": ("importing", "Take a POA&M workbook in."),
    "link": ("link", "Attach an existing issue to an item."),
    "unlink": ("link", "Take an issue off its item."),
    "adopt": ("adopt", "Find existing issues that may mirror items, and attach those that you confirm."),
    "plan": ("cycle", "Show what a cycle would do, and do none of it."),
    "sync": ("cycle", "Do one cycle: read the trackers, decide, write what is owed."),
    "run": ("daemon", "Keep everything in sync until stopped."),
    "status": ("status", "Show what is open, late, waiting and owed."),
    "list": ("listing", "List items."),
    "show": ("show", "Show one item with its issues, requests and conflicts."),
    "history": ("history", "Show who changed an item, when, from where and why."),
    "explain": ("explain", "Explain why a field of an item has its value."),
    "set": ("changing", "Change a field of an item, with a reason."),
    "transition": ("changing", "Move an item to another state, with a reason and evidence."),
    "requests": ("requests", "List what waits for a decision."),
    "approve": ("requests", "Approve a request."),
    "reject": ("requests", "Reject a request, with a reason."),
    "conflicts": ("conflicts", "List what both sides changed."),
    "resolve": ("conflicts", "Decide a conflict."),
    "export": ("exporting", "Generate a document from the record."),
    "verify": ("keeping", "Prove that the record equals its history."),
    "backup": ("keeping", "Copy the record to a new FILE, safely beside a running daemon."),
    "restore": ("keeping", "Put a backup in the record's place."),
}


class Poam(click.Group):
    """The group: knows every command by the table, imports the one that is called, and ends every error."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The click command of that name, from its own module."""
        if cmd_name not in COMMANDS:
            return None
        from importlib import import_module

        found = vars(import_module(f".{COMMANDS[cmd_name][0]}", __name__)).values()
        return next(each for each in found if isinstance(each, click.Command) and each.name == cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that is meant; one that is not there is told with its neighbour."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(args[0], COMMANDS, n=1)
            ctx.fail(f"there is no command {args[0]}" + (f"; did you mean {close[0]}?" if close else ""))
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """`poam` alone is no command; whoever types it wants to see which there are."""
        if not args:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(Outcome.FATAL)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in `--help`, from the table alone."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def main(self, *args: Any, **extra: Any) -> Any:
        """Runs one command and leaves the process with its exit code."""
        try:
            code = super().main(*args, **{**extra, "standalone_mode": False}) or Outcome.IN_SYNC
        except click.Abort:
            click.echo("Stopped.", err=True)
            code = INTERRUPTED
        except click.ClickException as error:
            _tell_usage(error)
            code = Outcome.FATAL
        except Exception as error:
            _tell(error)
            code = Outcome.FATAL
        sys.exit(int(code))


def _tell_usage(error: click.ClickException) -> None:
    """What was typed wrong, in the two lines of every error."""
    from .output import complain

    ctx = error.ctx if isinstance(error, click.UsageError) else None
    if ctx and ctx.info_name and isinstance(error, click.NoSuchOption) and error.option_name in ("--as", "--config"):
        option = error.option_name
        complain(f"{option} stands before the command", f"poam {option} VALUE {ctx.info_name} ...")
        return
    complain(error.format_message().rstrip("."), f"{ctx.command_path if ctx else 'poam'} --help explains it")


def _tell(error: Exception) -> None:
    """The sentence and the remedy for an error; a traceback only for a bug, and only when asked for."""
    from ...connectors.errors import TrackerError
    from ..errors import PoamSyncError
    from .output import complain

    if isinstance(error, (PoamSyncError, TrackerError)):
        complain(str(error), error.hint)
    elif isinstance(error, OSError) and error.strerror:
        complain(f"{error.filename or 'the operating system'}: {error.strerror}", "")
    else:
        _tell_bug(error)


def _tell_bug(error: Exception) -> None:
    """Names the place, never the text: an exception we did not foresee may hold anything, even a secret."""
    import traceback

    from .output import complain

    if os.environ.get("POAM_DEBUG"):
        traceback.print_exception(error)
    place = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(place.filename)}, line {place.lineno}"
    complain(
        f"this is a bug in poam-sync: {type(error).__name__} in {where}",
        "please report it; with POAM_DEBUG=1 in the environment the whole traceback is printed",
    )


@click.command(cls=Poam, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    "path",
    metavar="FILE",
    envvar="POAM_CONFIG",
    default="config.toml",
    help="The configuration; default: $POAM_CONFIG, else ./config.toml.",
)
@click.option(
    "--as",
    "acting_as",
    metavar="PERSON",
    default="",
    help="Act for this person; the configuration must allow it.",
)
@click.version_option(package_name="poam-sync", message="%(prog)s %(version)s")
@click.pass_context
def poam(ctx: click.Context, path: str, acting_as: str) -> None:
    """Keep a formal POA&M and the issues engineers work on in step.

    Exit codes, the highest that holds: 3 fatal, 2 writes still owed,
    1 something needs a person, 0 all in sync.
    """
    from .frame import Frame

    ctx.obj = Frame.of(path, acting_as, clock=ctx.obj)


def main() -> None:
    """The entry point of `poam`."""
    poam()
