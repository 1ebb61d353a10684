"""`poam list`: the items, with what is derived for today."""

from __future__ import annotations

import click

from ...mapping.item import State, WorkStatus
from ..errors import InputError
from ..record.items import load
from ..record.kinds import Link
from ..record.record import Record
from ..record.rows import rows
from ..settings.problems import did_you_mean
from .arguments import Word
from .frame import Frame, json_option, pass_frame
from .output import print_json, print_table
from .shapes import Shape, cells, columns_of, item_shape

COLUMNS = (
    "poam_id",
    "issue",
    "state",
    "work_status",
    "effective_due",
    "days_late",
    "original_risk_rating",
    "weakness_name",
)


@click.command("list")
@click.option("--system", "system_id", metavar="ID", help="Only items of this system.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=Word(*State),
    help="Only this state; may be repeated.",
)
@click.option("--late", is_flag=True, help="Only what is past its effective due date today.")
@click.option("--declined", is_flag=True, help="Only what engineers declined, until a decision is recorded.")
@json_option
@pass_frame
def list_items(
    frame: Frame, system_id: str | None, states: tuple[str, ...], late: bool, declined: bool, as_json: bool
) -> None:
    """List items.

    All of them, closed ones too, in the order of system and POA&M id, unless options choose some.
    """
    with frame.reading() as record:
        shapes = _chosen(frame, record, system_id, states)
    shapes = [shape for shape in shapes if (shape["late"] or not late) and (_is_declined(shape) or not declined)]
    if as_json:
        print_json(shapes)
        return
    columns = columns_of(shapes, COLUMNS)
    print_table(columns, cells(shapes, columns), empty="There are no such items.", spare=("work_status",))


def _chosen(frame: Frame, record: Record, system_id: str | None, states: tuple[str, ...]) -> list[Shape]:
    if system_id is not None:
        _must_exist(record, system_id)
    issues: dict[str, list[str]] = {}
    for link in rows(record.db, Link, "state = 'live'"):
        issues.setdefault(link.item_uid, []).append(link.remote_key)
    return [
        {**item_shape(frame, item), "issue": ", ".join(issues.get(item.uid, ()))}
        for item in load(record.db)
        if system_id in (None, item.system_id) and (not states or item.state in states)
    ]


def _is_declined(shape: Shape) -> bool:
    """Whether the engineers closed its issue as not to be done, and no decision on the item is recorded."""
    return (shape["state"], shape["work_status"]) == (State.OPEN, WorkStatus.WONT_DO)


def _must_exist(record: Record, system_id: str) -> None:
    known = [row["id"] for row in record.db.query("SELECT id FROM systems")]
    if system_id not in known:
        raise InputError(f"there is no system {system_id}{did_you_mean(system_id, known)}")
