"""`poam verify`, `poam backup` and `poam restore`: the record proved, copied, and put back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import click

from ..daemon import only_daemon
from ..documents.anchors import carried_head, keep_head, kept_head, typed_head
from ..documents.export import is_kept
from ..errors import InputError, NotAllowed, RecordCorrupt
from ..record.backup import backup as copy_record
from ..record.items import load
from ..record.journal import entries, holds
from ..record.record import Record
from ..record.restore import Known, Restoration, restoring
from ..record.restore import restore as put_back
from ..record.verify import Head, problems, unanchored, wrong_clocks
from ..restored import was_restored
from ..settings.people import author
from ..telling.acts import decisions
from ..telling.standing import counted, instant
from . import Outcome
from .frame import WAIT_FOR_A_CYCLE, Frame, json_option, pass_frame
from .output import line, print_json, say, warn
from .wording import who


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
    help="An exported workbook, which the record must have kept, byte for byte; may be repeated.",
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
    typed, carried = [*map(typed_head, heads)], {path: carried_head(path) for path in documents}
    with frame.reading() as record:
        found = [*problems(record.db), *unanchored(record.db, [*typed, *_left_by_the_last(record)])]
        unproven = [*_unproven(record, carried)]
        doubts = [*wrong_clocks(record.db, now=frame.now())]
        seq, digest = record.head
    told = [*found, *unproven]
    if as_json:
        print_json({"ok": not told, "problems": told, "warnings": doubts, "head_seq": seq, "head_hash": digest})
    else:
        for problem in told:
            say(f"! {problem}")
        for doubt in doubts:
            warn(doubt, A_CLOCK_WAS_WRONG)
    if found:
        raise RecordCorrupt(
            f"{frame.config.record_path} does not equal its history: {counted(len(found), 'difference')}",
            hint="keep this file as evidence, find out who edited it, and restore a backup",
        )
    if not as_json:
        say(f"The record equals its history: {seq} journal rows, head {digest}")
    if unproven:
        raise InputError(
            f"the record is sound, but {counted(len(unproven), 'document')} cannot be proven by it", hint=ASK_WHERE_FROM
        )
    if not as_json:
        for path, (head, _) in carried.items():
            say(f"{path.name} is, byte for byte, a document that this record made, an extract of journal row {head[0]}")
    return Outcome.IN_SYNC


def _left_by_the_last(record: Record) -> list[Head]:
    """The row that the last command noted beside the record; after a restore the record is an older one by right."""
    head = kept_head(record.path)
    return [head] if head is not None and not was_restored(record.db) else []


def _unproven(record: Record, carried: Mapping[Path, tuple[Head, str]]) -> Iterator[str]:
    """One sentence for every document that is none of the files that the record keeps."""
    for path, (head, sha256) in carried.items():
        if not holds(record.db, head):
            yield f"{path.name} {FOREIGN}"
        elif not is_kept(record.db, sha256):
            yield f"{path.name} names journal row {head[0]}, which is there, {NOT_AS_MADE}"


A_CLOCK_WAS_WRONG = "nothing to mend: documents of past days go by the order of the rows; check the machine's clock"
FOREIGN = (
    "is not an extract of this record: it is of another record, or was made after the backup that was restored; "
    "if neither, the journal was written anew"
)
NOT_AS_MADE = (
    "but it is not, byte for byte, a document that this record made: edited or saved again since, made by hand, or "
    "made after the backup that was restored"
)
ASK_WHERE_FROM = "ask who made it, and from which record; if it was this one, keep the record's file as evidence"


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
    at, path = frame.now(), frame.config.record_path
    with restoring(file, path, at=at, wait=WAIT_FOR_A_CYCLE) as plan, only_daemon(path) if yes else nullcontext():
        lost = _lost(plan)
        if yes:
            put_back(plan, author(frame.identity, "cli"), at=at)
            with Record.read(path) as restored:
                keep_head(path, restored.head)
    if as_json:
        print_json(_shape(plan, lost, applied=yes))
    else:
        say("\n".join(_told(plan, lost, applied=yes)))
        say(RESTORED if yes else f"Nothing was changed yet. To apply: poam restore {file} --yes")
    return Outcome.IN_SYNC


RESTORED = "Restored.\nNext: poam sync; it only takes in, and lists what the trackers know and the record does not."
SHOWN = 20
"""Lost decisions that the plan names; the rest is a number."""


def _lost(plan: Restoration) -> list[str]:
    """What people decided after the backup, a line each, as far as the present record tells."""
    if not plan.rows_lost:
        return []
    with Record.read(plan.path) as record:
        names = {item.uid: item.poam_id for item in load(record.db)}
        after = [entry for entry in entries(record.db) if entry.seq > plan.backup.head[0]]
    return [
        line(f"{instant(by.at)}  {who(by.person, by.role, by.on_behalf_of)}  {names.get(by.item_uid, '')}  {act.what}")
        for act in decisions(after)
        for by in [act.first]
    ]


def _told(plan: Restoration, lost: list[str], *, applied: bool) -> Iterator[str]:
    """The plan in lines a person can judge."""
    yield f"{plan.file}: {_line(plan.backup)}"
    if plan.aside is None:
        yield f"There is no record at {plan.path}."
        return
    yield f"{plan.path}: {_line(plan.present) if plan.present else plan.damage}"
    planned = plan.path.with_name(f"{plan.path.name}.replaced-<time>")
    yield f"The present record is kept as {plan.aside}." if applied else f"It would be kept as {planned}."
    if plan.is_another:
        yield "! The backup is of another record: issues that mirror the present record's items are strangers to it."
    if plan.present and not plan.continued:
        yield "! The present record does not continue the backup: their histories differ."
    if plan.rows_lost:
        rows = "1 journal row" if plan.rows_lost == 1 else f"{plan.rows_lost} journal rows"
        yield f"! {rows} after the backup's last will be missing, with {counted(len(lost), 'decision')} to decide anew:"
        yield from (f"  {each}" for each in lost[:SHOWN])
        if len(lost) > SHOWN:
            yield f"  and {len(lost) - SHOWN} more"


def _line(known: Known) -> str:
    last = f", the last of {known.last_at}" if known.last_at else ""
    return f"record {known.record_id}, items: {known.items}, journal rows: {known.head[0]}{last}"


def _shape(plan: Restoration, lost: list[str], *, applied: bool) -> dict[str, object]:
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
        "decisions_lost": lost,
        "applied": applied,
    }


def _known(known: Known) -> dict[str, object]:
    told = asdict(known)
    seq, digest = told.pop("head")
    return told | {"head_seq": seq, "head_hash": digest}
