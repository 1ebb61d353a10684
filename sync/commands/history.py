"""`poam history`: everything the journal tells about an item."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..record.journal import CREATED, Entry, entries
from .frame import Frame, json_option, pass_frame
from .output import line, print_json, say
from .shapes import find_item
from .wording import who


@click.command("history")
@click.argument("item", metavar="ID")
@json_option
@pass_frame
def history(frame: Frame, item: str, as_json: bool) -> None:
    """Show who changed an item, when, from where and why.

    Oldest first: what people did at the trackers, what became of it, and what was decided.
    ID is the POA&M id, or SYSTEM:ID where several systems use it.
    """
    with frame.reading() as record:
        found = list(entries(record.db, find_item(record, item).uid))
    if as_json:
        print_json([asdict(entry) for entry in found])
    else:
        for entry in found:
            say(_told(entry))


def _told(entry: Entry) -> str:
    """A line such as `2026-03-02T12:00:00.000Z  iris (isso) via cli  state: open -> closed  because ...`."""
    place = "" if entry.entity == "items" else f"{entry.entity} "
    source = f" [{entry.source}]" if entry.source else ""
    why = f"  because {entry.reason}" if entry.reason else ""
    by = f"{who(entry.person, entry.role, entry.on_behalf_of)} via {entry.origin}{source}"
    return line(f"{entry.at}  {by}  {place}{_change(entry)}{why}")


def _change(entry: Entry) -> str:
    if entry.field == CREATED:
        return "added"
    return f"{entry.field}: {_value(entry.old)} -> {_value(entry.new)}"


def _value(value: str | None) -> str:
    return "nothing" if value in (None, "") else str(value)
