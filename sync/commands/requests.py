"""`poam requests`, `approve`, `reject`: what engineers asked for at the trackers, and the answer."""

from __future__ import annotations

import click

from ..deciding.requests import approve as decide_yes
from ..deciding.requests import reject as decide_no
from ..record.items import load
from ..record.kinds import Request
from ..record.record import Record
from ..record.rows import rows
from ..record.told import waiting
from ..telling.standing import counted
from .arguments import Number
from .frame import Frame, json_option, pass_frame
from .output import note, print_json, print_table, say
from .shapes import cells, columns_of, named

NUMBER = Number("poam requests")

COLUMNS = (
    "id",
    "poam_id",
    "kind",
    "due_date",
    "requested_date",
    "requested_by",
    "requested_at",
    "reason",
    "weakness_name",
)


@click.command("requests")
@click.option("--all", "everything", is_flag=True, help="Also what is decided or superseded.")
@json_option
@pass_frame
def requests(frame: Frame, everything: bool, as_json: bool) -> None:
    """List what waits for a decision."""
    where = "1 = 1" if everything else "state = 'waiting'"
    with frame.reading() as record:
        shapes = named(record, rows(record.db, Request, where))
        weaknesses = {item.uid: item.weakness_name for item in load(record.db)}
        declined = waiting(record.db).declined
    if as_json:
        print_json(shapes)
        return
    shown = [{**shape, "weakness_name": weaknesses[shape["item_uid"]]} for shape in shapes]
    columns = columns_of(shown, (*COLUMNS, "state") if everything else COLUMNS)
    print_table(columns, cells(shown, columns), empty="Nothing waits for a decision.", spare=("requested_at",))
    if declined:
        note(f"{counted(declined, 'declined item')} without a recorded decision: poam list --declined")


@click.command("approve")
@click.argument("number", type=NUMBER, metavar="N")
@click.option("--reason", default="", metavar="TEXT", help="Why; kept in the journal.")
@pass_frame
def approve(frame: Frame, number: int, reason: str) -> None:
    """Approve a request.

    N is its number in poam requests. Whoever asked cannot approve.
    """
    with frame.deciding() as (record, unit):
        decider = frame.decider(unit, system_of(record, "requests", number))
        told = decide_yes(decider, number, reason=reason)
    say(told)


@click.command("reject")
@click.argument("number", type=NUMBER, metavar="N")
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the journal.")
@pass_frame
def reject(frame: Frame, number: int, reason: str) -> None:
    """Reject a request, with a reason.

    N is its number in poam requests.
    """
    with frame.deciding() as (record, unit):
        decider = frame.decider(unit, system_of(record, "requests", number))
        told = decide_no(decider, number, reason=reason)
    say(told)


def system_of(record: Record, table: str, number: int) -> str:
    """The system of a request's or conflict's item; no system where there is no such row."""
    query = f"SELECT system_id FROM items WHERE uid = (SELECT item_uid FROM {table} WHERE id = ?)"  # noqa: S608
    return next((str(row["system_id"]) for row in record.db.query(query, (number,))), "")
