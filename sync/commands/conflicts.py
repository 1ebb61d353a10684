"""`poam conflicts`, `resolve`: what both sides changed or a tracker would not take, and the decision."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import click

from ..deciding.edits import BY_HAND
from ..deciding.resolve import resolve as decide
from ..looking.due_date import NAME as DUE_DATE
from ..record.kinds import Conflict, Link
from ..record.rows import rows
from ..settings.policies import Policy
from ..telling.standing import instant
from .arguments import Number
from .frame import Frame, json_option, pass_frame
from .output import line, print_json, say
from .requests import system_of
from .shapes import Shape, named
from .wording import value

RULES: Mapping[str, str] = {
    "tracker": "both sides changed it; the tracker's value holds until somebody decides",
    "record": "both sides changed it; the record's value holds until somebody decides",
    "manual": "both sides changed it; nothing moves until somebody decides",
    "refused": "the tracker would not take our write; the same write is not sent again until somebody decides",
    "missing": "several looks did not find the issue; the item is left as it is until somebody decides",
    "twin": "people have worked in a second issue that we made by mistake; the first one mirrors the item",
    "ambiguous": "two dates at once; take one label off {issue}",
}
"""What decided meanwhile, by the conflict's policy."""

_BOTH_CHANGED = {
    "record": "{record} holds; the issue shows it as far as its tracker can",
    "tracker": "{tracker} holds",
    "VALUE": f"another VALUE holds: one of {', '.join(BY_HAND)}",
}
ENDS: Mapping[str, Mapping[str, str]] = {
    "tracker": _BOTH_CHANGED,
    "record": _BOTH_CHANGED,
    "manual": _BOTH_CHANGED,
    "refused": {"record": "the write is tried again in the next cycle", "tracker": "the issue stays as it is"},
    "missing": {"record": "a new issue is created in the next cycle", "tracker": "the item goes on without an issue"},
    "twin": {"record": "the first issue mirrors the item; close the second one at the tracker"},
    "ambiguous": {},
}
"""What `poam resolve --take` can be told, and what follows."""

_FORECASTS = {
    "record": "back to {record}; the next sync shows it in the issue",
    "tracker": "the engineers' date holds",
    "VALUE": "another forecast holds: a date, checked as in poam set forecast_date",
}
"""The same of a due date that both sides changed: what people here say of it is a forecast, or that there is none."""


@click.command("conflicts")
@click.option("--all", "everything", is_flag=True, help="Also what is resolved.")
@json_option
@pass_frame
def conflicts(frame: Frame, everything: bool, as_json: bool) -> None:
    """List what both sides changed.

    Each with both values, who set them when, the rule that holds meanwhile, and the commands that end it.
    Also writes that a tracker refused (policy refused), issues that are missing (policy missing) and issues with two
    due dates at once (policy ambiguous).
    """
    where = "1 = 1" if everything else "state = 'open'"
    with frame.reading() as record:
        links = {link.id: link for link in rows(record.db, Link)}
        shapes = [_shape(shape, links[shape["link_id"]]) for shape in named(record, rows(record.db, Conflict, where))]
    if as_json:
        print_json(shapes)
    elif not shapes:
        say("There are no conflicts.")
    else:
        say("\n".join(told for shape in shapes for told in _told(shape)))


def _shape(shape: Shape, link: Link) -> Shape:
    """The conflict with its issue, the rule that decided, and the commands that end it."""
    kind = shape["policy"]
    values = {"record": _value_here(shape), "tracker": value(shape["tracker_value"])}
    ends = (_FORECASTS if _is_over_forecasts(shape) else ENDS[kind]) if shape["state"] == "open" else {}
    return {
        **shape,
        "connector": link.connector,
        "key": link.remote_key,
        "url": link.url,
        "rule": RULES[kind].format(issue=link.remote_key),
        "commands": [
            {"command": f"poam resolve {shape['id']} --take {take}", "effect": effect.format(**values)}
            for take, effect in ends.items()
        ],
    }


def _is_over_forecasts(shape: Shape) -> bool:
    return (shape["field"], shape["policy"]) == (DUE_DATE, Policy.TRACKER)


def _value_here(shape: Shape) -> str:
    withdrawn = _is_over_forecasts(shape) and shape["record_value"] is None
    return "no forecast" if withdrawn else value(shape["record_value"])


def _told(shape: Shape) -> Iterator[str]:
    """A conflict as a few lines: both sides with their authors and times, the rule, and how to end it."""
    place = f"{shape['key'] or 'its issue'} at {shape['connector']}" + (f" ({shape['url']})" if shape["url"] else "")
    name = f"{shape['system_id']}:{shape['poam_id']} {shape['field']}"
    yield line(f"conflict {shape['id']}: {name}, {place}, raised {instant(shape['raised_at'])}")
    yield f"  record:  {_record_side(shape)}{_author(shape['record_by'], shape['record_at'])}"
    yield f"  tracker: {value(shape['tracker_value'])}{_author(shape['tracker_by'], shape['tracker_at'])}"
    if shape["base_value"] is not None:
        yield f"  before:  {value(shape['base_value'])}, on both sides"
    yield f"  rule:    {shape['rule']} (policy {shape['policy']})"
    for each in shape["commands"]:
        yield f"  {each['command']:<32} {each['effect']}"
    if shape["state"] == "resolved":
        yield f"  ended:   {value(shape['resolution'])}{_author(shape['resolved_by'], shape['resolved_at'])}"


def _author(person: str, at: str | None) -> str:
    """Who and when, as far as known: a tracker does not always say."""
    return line((f", by {person}" if person else "") + (f", at {instant(at)}" if at else ""))


def _record_side(shape: Shape) -> str:
    """The record's value; of a write that was refused, what it would have set."""
    try:
        write = json.loads(shape["record_value"] or "")
    except ValueError:
        write = None
    if shape["policy"] != "refused" or not isinstance(write, dict):
        return _value_here(shape)
    told = "; ".join(f"{name} {value(_plain(each))}" for name, each in write.items() if each not in (None, []))
    return f"{'edit' if 'status' in write else 'create'}: {told}"


def _plain(each: object) -> object:
    return ", ".join(map(str, each)) if isinstance(each, list) else each


@click.command("resolve")
@click.argument("number", type=Number("poam conflicts"), metavar="N")
@click.option("--take", required=True, metavar="record|tracker|VALUE", help="The side, or the value, that holds.")
@pass_frame
def resolve(frame: Frame, number: int, take: str) -> None:
    """Decide a conflict.

    N is its number in poam conflicts.
    """
    with frame.deciding() as (record, unit):
        told = decide(frame.decider(unit, system_of(record, "conflicts", number)), number, take)
    say(told)
