"""`poam show`: one item with its issues, requests, conflicts and evidence."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import click

from ...mapping.item import PoamItem
from ..record.kinds import Conflict, Link, Request
from ..record.mirrors import sighting_of
from ..record.record import Record
from ..record.rows import rows
from .frame import Frame, json_option, pass_frame
from .output import print_fields, print_json, say
from .shapes import Shape, find_item, item_shape, link_shape

INTERNAL = {"uid", "work_status_version", "late", "shown_due"}
LISTS = ("assets", "milestones", "milestone_changes", "links", "requests", "conflicts", "evidence")


@click.command("show")
@click.argument("item", metavar="ID")
@json_option
@pass_frame
def show(frame: Frame, item: str, as_json: bool) -> None:
    """Show one item with its issues, requests and conflicts.

    ID is the POA&M id, or SYSTEM:ID where several systems use it.
    """
    with frame.reading() as record:
        shape = _whole(frame, record, find_item(record, item))
    if as_json:
        print_json(shape)
    else:
        _print(shape)


def _whole(frame: Frame, record: Record, item: PoamItem) -> Shape:
    mine = ("item_uid = ?", (item.uid,))
    evidence = record.db.query(
        "SELECT id, state, kind, reference, sha256, added_by, added_at FROM evidence WHERE item_uid = ?"
        " ORDER BY journal_seq",
        (item.uid,),
    )
    return {
        **item_shape(frame, item),
        "links": [link_shape(link, sighting_of(record.db, link)) for link in rows(record.db, Link, *mine)],
        "requests": [asdict(request) for request in rows(record.db, Request, *mine)],
        "conflicts": [asdict(conflict) for conflict in rows(record.db, Conflict, *mine)],
        "evidence": list(evidence),
    }


def _print(shape: Shape) -> None:
    print_fields({name: _plain(value) for name, value in shape.items() if name not in {*INTERNAL, *LISTS}})
    for name in LISTS:
        if shape[name]:
            say(f"{name}:")
            for entry in shape[name]:
                say(f"  {_LINES.get(name, str)(entry)}")


def _plain(value: object) -> object:
    """Flags as `poam set` takes them."""
    return ("no", "yes")[value] if isinstance(value, bool) else value


def _told(entry: Mapping[str, Any], names: Sequence[str]) -> str:
    """`name value` pairs of what is not blank; the first two values speak for themselves."""
    known = [name for name in names if entry[name] not in (None, "")]
    return "  ".join(
        str(entry[name]) if name in names[:2] else f"{name.replace('_', ' ')} {entry[name]}" for name in known
    )


_LINES: Mapping[str, Callable[[Any], str]] = {
    "milestones": lambda m: f"({m['number']}) {m['scheduled_completion_date']} : {m['description']}",
    "milestone_changes": lambda c: f"({c['number']}) {c['kind']} {c['date']} : {c['description']}",
    "links": lambda link: _told(link, ("connector", "key", "state", "work_status", "due_date", "url")),
    "requests": lambda request: _told(
        request,
        ("kind", "state", "id", "requested_date", "requested_by", "reason", "decided_by", "decision_reason"),
    ),
    "conflicts": lambda c: (
        f"{c['id']}  {c['state']}  {c['field']}: record {c['record_value'] or 'nothing'}, "
        f"tracker {c['tracker_value'] or 'nothing'}"
    ),
    "evidence": lambda evidence: _told(evidence, ("kind", "reference", "state", "added_by", "added_at")),
}
