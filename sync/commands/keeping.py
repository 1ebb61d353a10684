"""`poam verify` and `poam backup`: the record proved, and copied."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import RecordCorrupt
from ..record.backup import backup as copy_record
from ..record.verify import problems
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import print_json, say


@click.command("verify")
@json_option
@pass_frame
def verify(frame: Frame, as_json: bool) -> Outcome:
    """Prove that the record equals its history.

    Recomputes the journal's chain, replays it and compares the result with
    every table of facts. Exit code 3 when anything differs.
    """
    with frame.reading() as record:
        found = list(problems(record.db))
        seq, digest = record.head
    if as_json:
        print_json({"ok": not found, "problems": found, "head_seq": seq, "head_hash": digest})
    else:
        for problem in found:
            say(f"! {problem}")
    if found:
        raise RecordCorrupt(
            f"{frame.config.record_path} does not equal its history: {len(found)} differences",
            hint="keep this file as evidence, find out who edited it, and restore a backup",
        )
    if not as_json:
        say(f"The record equals its history: {seq} journal rows, head {digest}")
    return Outcome.IN_SYNC


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path))
@pass_frame
def backup(frame: Frame, file: Path) -> Outcome:
    """Copy the record to a new FILE, safely beside a running daemon."""
    copy_record(frame.config.record_path, file)
    say(f"{file}: a whole copy; check it with poam verify and a configuration that names it")
    return Outcome.IN_SYNC
