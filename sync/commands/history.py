"""`poam history`: everything the journal tells about an item."""

from __future__ import annotations

from dataclasses import asdict

import click

from ..record.journal import entries
from ..telling.acts import Act, acts
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

    Oldest first, a line for each act: what people did at the trackers, what became of it, and what was decided.
    ID is the POA&M id, or SYSTEM:ID where several systems use it.
    """
    with frame.reading() as record:
        found = list(entries(record.db, find_item(record, item).uid))
    if as_json:
        print_json([asdict(entry) for entry in found])
    else:
        for act in acts(found):
            say(_told(act))


def _told(act: Act) -> str:
    """A line such as `2026-03-02T12:00:00.000Z  iris (isso) via cli  state: open -> closed  because ...`."""
    first = act.first
    source = f" [{act.source}]" if act.source else ""
    why = f"  because {act.reason}" if act.reason else ""
    by = f"{who(first.person, first.role, first.on_behalf_of)} via {first.origin}{source}"
    return line(f"{first.at}  {by}  {act.what}{why}")
