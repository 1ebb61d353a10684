"""What a person or a program reads: tables on a terminal, plain lines in a pipe, one JSON shape for programs.

Every text may come from a tracker, so control, escape and direction characters never reach a terminal.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

_ESCAPES = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[PX^_][^\x1b]*(?:\x1b\\)?|.?)", re.DOTALL
)
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)


def clean(text: object) -> str:
    """The text without escape sequences and characters that hide, move or reverse it; lines stay."""
    return _HIDDEN.sub("", _ESCAPES.sub("", "" if text is None else str(text).replace("\r\n", "\n")))


def line(text: object) -> str:
    """`clean`, on one line."""
    return " ".join(clean(text).split())


def say(text: object = "") -> None:
    """A line, or several, for a person."""
    click.echo(clean(text))


def complain(message: str, hint: str) -> None:
    """An error on standard error: what happened and where, then what to do."""
    _tell_aside("Error", message, hint)


def warn(message: str, hint: str) -> None:
    """What is wrong although the command goes on, on standard error."""
    _tell_aside("Warning", message, hint)


def note(text: str) -> None:
    """A line for a person beside a table, on standard error: a program that reads the table does not get it."""
    click.echo(clean(text), err=True)


def _tell_aside(kind: str, message: str, hint: str) -> None:
    click.echo(f"{kind}: {clean(message)}", err=True)
    if hint:
        click.echo(f"Hint: {clean(hint)}", err=True)


def print_json(value: Any) -> None:
    """One thing is an object, several are an array; the names are the record's own."""
    text = json.dumps(value, ensure_ascii=False, indent=2)
    click.echo(_HIDDEN.sub(lambda found: json.dumps(found[0])[1:-1], text))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, empty: str, spare: Sequence[str] = ()
) -> None:
    """A table on a terminal; else a line of names and a line per row, parted by tabs; `empty` for no rows.

    `spare` are the columns that a narrow terminal does without, in this order.
    """
    cells = [[line(value) for value in row] for row in rows]
    if not cells:
        say(empty)
    elif sys.stdout.isatty():
        from .table import draw

        draw(columns, cells, spare)
    else:
        for row in (columns, *cells):
            click.echo("\t".join(row))


def print_fields(fields: Mapping[str, object]) -> None:
    """`name: value` lines of what is not blank; further lines of a text are indented."""
    for name, value in fields.items():
        if value not in (None, ""):
            first, *more = clean(value).split("\n")
            click.echo("\n".join([f"{name}: {first}", *(f"    {each}" for each in more)]))
