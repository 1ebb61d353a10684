"""`poam import`: a formal document in, shown first, applied with --yes."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import click

from ..documents.intake import FieldChange, ImportPlan, apply_import, choose_system, plan_import, read_document, uid_of
from ..errors import InputError
from ..files import read_bytes
from ..settings.people import author
from ..telling.explain import told_value
from ..telling.standing import counted
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import line, print_json, say

SHOWN, ENTRIES = 60, 3
"""Characters of a value, and entries of a list, that a line of the plan shows."""


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--system", default="", help="The system the document speaks for, where the file does not tell.")
@click.option("--yes", is_flag=True, help="Apply the plan.")
@json_option
@pass_frame
def import_(frame: Frame, file: Path, system: str, yes: bool, as_json: bool) -> Outcome:
    """Take a POA&M workbook in.

    The plan is shown and nothing is changed; --yes applies it, whole or not
    at all. Rows arrive baselined. Exit code: 1 when something in the file
    needs a person, 3 when rows or the file cannot be read.
    """
    data = read_bytes(file)
    reading = read_document(file.name, data)
    chosen = choose_system(frame.config, reading.document, system)
    with frame.writing() if yes else frame.planning() as record:
        plan = plan_import(
            record.db,
            reading,
            chosen,
            name=file.name,
            data=data,
            at=frame.now(),
            new_uid=partial(uid_of, record.id, chosen.id),
        )
        applies = yes and not plan.problems and plan.changes_anything
        if applies:
            by = author(frame.identity, "import")
            with record.unit(at=frame.now()) as unit:
                apply_import(unit, by, frame.config, plan)
    if as_json:
        print_json(_shape(plan, applied=applies))
    else:
        _tell(plan)
        _conclude(plan, file, yes=yes)
    if plan.problems:
        raise InputError(
            f"{file.name}: {counted(len(plan.problems), 'problem')} in its rows",
            hint="mend them and import again; nothing was changed",
        )
    waits = plan.doubts or any(each.refused for each in plan.known)
    return Outcome.NEEDS_A_PERSON if waits else Outcome.IN_SYNC


def _tell(plan: ImportPlan) -> None:
    """The plan in lines a person can check against the sheet."""
    say(f"{plan.system.name} ({plan.system.id}), workbook layout {plan.layout}")
    for problem in plan.problems:
        say(f"! {problem}")
    for item in plan.new:
        say(
            f"+ {item.poam_id}  {item.state}  scheduled {item.scheduled_completion_date or 'not at all'}"
            f"  {line(item.weakness_name)}"
        )
    for each in plan.known:
        for change in each.changes:
            say(f"~ {each.item.poam_id}  {_told(change)}")
        for change, why in each.refused:
            say(f"x {each.item.poam_id}  {_told(change)}  not taken: {why}")
        for change in each.older:
            say(f"= {each.item.poam_id}  {change.field} in the file is older than the record; the record stays")
    for doubt in plan.doubts:
        say(f"? {doubt}")
    for left in plan.left_out:
        say(f"? {left}")
    if plan.absent:
        say(f"Not in the file, kept in the record: {', '.join(plan.absent)}")


def _told(change: FieldChange) -> str:
    if isinstance(change.old, tuple):
        sides = (("added", change.new, change.old), ("gone", change.old, change.new))
        told = [f"{word} {_entries(change.field, side, other)}" for word, side, other in sides if {*side} - {*other}]
        return f"{change.field}: {'; '.join(told) or 'in another order'}"
    return f"{change.field}: {_short(change.old)} -> {_short(change.new)}"


def _entries(field: str, side: tuple[Any, ...], other: tuple[Any, ...]) -> str:
    """The entries of a list that the other one lacks, as `poam show` prints them; of many the first."""
    lacked = [each for each in side if each not in other]
    told = [_short(told_value(field, [each if isinstance(each, str) else asdict(each)])) for each in lacked[:ENTRIES]]
    return ", ".join(told) + (f" and {len(lacked) - ENTRIES} more" if len(lacked) > ENTRIES else "")


def _short(value: object) -> str:
    told = line(value)
    return repr(told if len(told) <= SHOWN else told[: SHOWN - 1] + "…") if told else "blank"


def _conclude(plan: ImportPlan, file: Path, *, yes: bool) -> None:
    changed = sum(bool(each.changes) for each in plan.known)
    say(f"{len(plan.new)} new, {changed} changed, {plan.unchanged} unchanged")
    if plan.problems:
        return
    if not plan.changes_anything:
        say("Nothing to import.")
    elif yes:
        say("Imported.")
    else:
        say(f"Nothing was changed yet. To apply: poam import {file} --yes")


def _shape(plan: ImportPlan, *, applied: bool) -> dict[str, object]:
    def shown(change: FieldChange) -> dict[str, object]:
        return asdict(change)

    return {
        "system_id": plan.system.id,
        "layout": plan.layout,
        "applied": applied,
        "new": [item.poam_id for item in plan.new],
        "changed": [{"poam_id": each.item.poam_id, **shown(change)} for each in plan.known for change in each.changes],
        "refused": [
            {"poam_id": each.item.poam_id, **shown(change), "why": why}
            for each in plan.known
            for change, why in each.refused
        ],
        "older": [{"poam_id": each.item.poam_id, **shown(change)} for each in plan.known for change in each.older],
        "unchanged": plan.unchanged,
        "absent": list(plan.absent),
        "problems": list(plan.problems),
        "doubts": list(plan.doubts),
        "left_out": list(plan.left_out),
    }
