"""`poam verify`, `poam backup` and `poam restore`: the record proved, copied, and put back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from ..documents.anchors import carried_head, typed_head
from ..errors import NotAllowed, RecordCorrupt
from ..record.backup import backup as copy_record
from ..record.restore import Known, Restoration, restoring
from ..record.restore import restore as put_back
from ..record.verify import problems, unanchored
from ..settings.people import author
from . import Outcome
from .frame import WAIT_FOR_A_CYCLE, Frame, json_option, pass_frame
from .output import print_json, say


@click.command("verify")
@click.option(
    "--head", "heads", multiple=True, metavar="SEQ:HASH", help="A journal row noted earlier; may be repeated."
)
@click.option(
    "--document",
    "documents",
    multiple=True,
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="An exported workbook, whose journal row must be there; may be repeated.",
)
@json_option
@pass_frame
def verify(frame: Frame, heads: tuple[str, ...], documents: tuple[Path, ...], as_json: bool) -> Outcome:
    """Prove that the record equals its history.

    Recomputes the journal's chain, replays it and compares the result with
    every table of facts. A journal that was written anew from end to end
    follows from itself again; it is found against a row noted outside, with
    --head or --document. Exit code 3 when anything differs.
    """
    anchors = [*map(typed_head, heads), *map(carried_head, documents)]
    with frame.reading() as record:
        found = [*problems(record.db), *unanchored(record.db, anchors)]
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


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Do it.")
@json_option
@pass_frame
def restore(frame: Frame, file: Path, yes: bool, as_json: bool) -> Outcome:
    """Put a backup in the record's place.

    FILE is checked and what would happen is shown; --yes does it. The
    present record is moved aside and never deleted. The restored one has
    forgotten how far the trackers were read.
    """
    if yes and not frame.identity.may_decide:
        raise NotAllowed(
            f"{frame.identity.person} is {frame.identity.role} and cannot restore a record", hint="an ISSO or AO can"
        )
    at = frame.now()
    with restoring(file, frame.config.record_path, at=at, wait=WAIT_FOR_A_CYCLE) as plan:
        if yes:
            put_back(plan, author(frame.identity, "cli"), at=at)
    if as_json:
        print_json(_shape(plan, applied=yes))
    else:
        say("\n".join(_told(plan)))
        say("Restored." if yes else f"Nothing was changed yet. To apply: poam restore {file} --yes")
    return Outcome.IN_SYNC


def _told(plan: Restoration) -> Iterator[str]:
    """The plan in lines a person can judge."""
    yield f"{plan.file}: {_line(plan.backup)}"
    if plan.aside is None:
        yield f"There is no record at {plan.path}."
        return
    yield f"{plan.path}: {_line(plan.present) if plan.present else plan.damage}"
    yield f"It is kept as {plan.aside}."
    if plan.is_another:
        yield "! The backup is of another record: issues that mirror the present record's items are strangers to it."
    if plan.present and not plan.continued:
        yield "! The present record does not continue the backup: their histories differ."
    if plan.rows_lost:
        yield f"! {plan.rows_lost} journal rows after the backup's last are not in it: decide anew what they decided."


def _line(known: Known) -> str:
    last = f", the last of {known.last_at}" if known.last_at else ""
    return f"record {known.record_id}, items: {known.items}, journal rows: {known.head[0]}{last}"


def _shape(plan: Restoration, *, applied: bool) -> dict[str, object]:
    return {
        "file": str(plan.file),
        "backup": _known(plan.backup),
        "record": str(plan.path),
        "present": _known(plan.present) if plan.present else None,
        "damage": plan.damage,
        "aside": str(plan.aside) if plan.aside else None,
        "another_record": plan.is_another,
        "continued": plan.continued,
        "rows_lost": plan.rows_lost,
        "applied": applied,
    }


def _known(known: Known) -> dict[str, object]:
    told = asdict(known)
    seq, digest = told.pop("head")
    return told | {"head_seq": seq, "head_hash": digest}
