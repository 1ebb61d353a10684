"""`poam explain`: why one field of one item has the value it has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click

from ...mapping.profiles import PROFILES
from ..telling.derivations import Day
from ..telling.explain import Event, Explanation, told_value
from ..telling.explain import explain as told_by
from ..telling.standing import instant
from .frame import Frame, json_option, pass_frame
from .output import line, print_fields, print_json, say
from .shapes import find_item
from .wording import value, who


@click.command("explain")
@click.argument("item", metavar="ID")
@click.argument("field", metavar="FIELD")
@json_option
@pass_frame
def explain(frame: Frame, item: str, field: str, as_json: bool) -> None:
    """Explain why a field of an item has its value.

    FIELD is a name of poam show --json, or effective_rating. The rule comes first, then for a derived field what it
    is made of, then who changed it when, newest first, and what became of what people did at the trackers.
    """
    with frame.reading() as record:
        found = find_item(record, item)
        system = frame.config.system(found.system_id)
        profile = PROFILES[system.profile] if system else None
        day = Day(frame.today(found.system_id), frame.zone(found.system_id))
        explanation = told_by(record.db, found, field, profile, day)
    if as_json:
        print_json(asdict(explanation))
    else:
        told = told_value(explanation.field, explanation.value)
        print_fields({f"{line(explanation.poam_id)} {explanation.field}": told or "nothing"})
        say("\n".join(_lines(explanation)))


def _lines(told: Explanation) -> Iterator[str]:
    yield f"rule: {told.rule}"
    if told.derived:
        yield f"why: {line(told.because)}"
    for each in told.inputs:
        note = f" ({line(each.note)})" if each.note else ""
        yield f"  {'*' if each.decides else ' '} {each.field}: {value(told_value(each.field, each.value))}{note}"
    for event in told.events:
        yield f"{instant(event.at)}  {_event(event)}"
        yield from (f"    {line(each.told)}" for each in event.outcomes)


def _event(event: Event) -> str:
    """A journal row as a sentence: what, by whom, through which issue, in which cycle, why and under which rule."""
    because = f"{', ' if event.kind == 'observed' else ', because '}{event.reason}" if event.reason else ""
    cycle = f", in the cycle of {instant(event.cycle)}" if event.cycle else ""
    rule = f", under {event.rule}" if event.rule else ""
    by = who(event.person, event.role, event.on_behalf_of)
    return line(f"{_what(event)}, by {by} {_where(event)}{cycle}{because}{rule}")


def _what(event: Event) -> str:
    match event.kind:
        case "created":
            return f"{event.field} came as {value(event.new)}" if event.new else f"the item came without {event.field}"
        case "added":
            return f"{event.field}: added {value(event.new)}"
        case "observed":
            return f"at the tracker {event.field}: {value(event.old)} -> {value(event.new)}"
        case _:
            return f"{event.field}: {value(event.old)} -> {value(event.new)}"


def _where(event: Event) -> str:
    """The way it came: an issue with its address, a file, or the command line."""
    if event.key:
        through = f"through {event.key} at {event.connector}" + (f" ({event.url})" if event.url else "")
        return f"{through}, {event.source}" if event.origin == "cli" else through
    file = event.source.partition(" sha256:")[0]
    return f"from {file}" if event.origin == "import" and file else f"via {event.origin}"
