"""`poam conflicts`, `resolve`: what both sides changed or a tracker would not take, and the decision."""

from __future__ import annotations

import json

import click

from ..conflicts import resolve as decide
from ..record.mirrors import Conflict, rows
from .frame import Frame, json_option, pass_frame
from .output import print_json, print_table, say
from .requests import NUMBER, system_of
from .shapes import Shape, cells, named

COLUMNS = (
    "id",
    "poam_id",
    "field",
    "policy",
    "record_value",
    "record_by",
    "tracker_value",
    "tracker_by",
    "raised_at",
)


@click.command("conflicts")
@click.option("--all", "everything", is_flag=True, help="Also what is resolved.")
@json_option
@pass_frame
def conflicts(frame: Frame, everything: bool, as_json: bool) -> None:
    """List what both sides changed.

    Also writes that a tracker refused (policy refused) and issues that are missing (policy missing).
    """
    where = "1 = 1" if everything else "state = 'open'"
    with frame.reading() as record:
        shapes = named(record, rows(record.db, Conflict, where))
    columns = (*COLUMNS, "state", "resolution") if everything else COLUMNS
    if as_json:
        print_json(shapes)
    else:
        print_table(columns, cells(map(_short, shapes), columns), empty="There are no conflicts.")


def _short(shape: Shape) -> Shape:
    """The conflict for a table: of a write that was refused, which fields it would have set."""
    try:
        write = json.loads(shape["record_value"] or "")
    except ValueError:
        return shape
    if shape["policy"] != "refused" or not isinstance(write, dict):
        return shape
    told = ", ".join(name for name, value in write.items() if value not in (None, []))
    return {**shape, "record_value": f"{'edit' if 'status' in write else 'create'}: {told}"}


@click.command("resolve")
@click.argument("number", type=NUMBER, metavar="N")
@click.option("--take", required=True, metavar="record|tracker|VALUE", help="The side, or the value, that holds.")
@pass_frame
def resolve(frame: Frame, number: int, take: str) -> None:
    """Decide a conflict.

    N is its number in poam conflicts.
    """
    with frame.deciding() as (record, unit):
        told = decide(frame.decider(unit, system_of(record, "conflicts", number)), number, take)
    say(told)
