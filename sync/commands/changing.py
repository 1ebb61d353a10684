"""`poam set`, `poam transition`: changes of an item by a person, under the rules, with a reason."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click

from ...mapping.item import Decision, PoamItem, State
from ..deciding.edits import edit
from ..deciding.transitions import transition as move
from ..errors import InputError
from ..record.items import ITEM_COLUMNS
from ..record.told import still_open
from ..telling.acts import COUNTERS
from ..telling.explain import told_value
from .arguments import Word
from .frame import Frame, pass_frame
from .output import line, say
from .shapes import find_item
from .wording import value


@click.command("set")
@click.argument("item", metavar="ID")
@click.argument("assignments", metavar="FIELD=VALUE...", nargs=-1, required=True)
@click.option("--reason", required=True, metavar="TEXT", help="Why; kept in the journal.")
@pass_frame
def set_fields(frame: Frame, item: str, assignments: tuple[str, ...], reason: str) -> None:
    """Change a field of an item, with a reason.

    Several fields change together or not at all; FIELD= clears one. Dates are YYYY-MM-DD. Every change is
    answered with the old and the new value.
    """
    texts = dict(_assignment(each) for each in assignments)
    with frame.deciding() as (record, unit):
        found = find_item(record, item)
        edit(frame.decider(unit, found.system_id), found, texts, reason=reason)
        changes = [*_changes(found, find_item(record, item), texts)]
    for told in changes or ["nothing changes"]:
        say(line(f"{found.poam_id}: {told}"))


def _changes(before: PoamItem, after: PoamItem, typed: Iterable[str]) -> Iterator[str]:
    """What was set, in the order in which it was typed, and what followed from it, as a rewritten baseline."""
    for name in dict.fromkeys([*typed, *ITEM_COLUMNS]):
        old, new = getattr(before, name), getattr(after, name)
        if old != new and name not in COUNTERS:
            yield f"{name}: {value(told_value(name, old))} -> {value(told_value(name, new))}"


def _assignment(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator:
        raise InputError(f"{text} is no FIELD=VALUE", hint='such as point_of_contact="Ann Engineer"')
    return name.strip(), value


@click.command("transition")
@click.argument("item", metavar="ID")
@click.argument("state", type=Word(*State), metavar="STATE")
@click.option("--reason", required=True, metavar="TEXT", help="Why; a closing's begins with its closure reason.")
@click.option("--evidence", multiple=True, metavar="FILE|URL", help="What proves it; may be repeated.")
@pass_frame
def transition(frame: Frame, item: str, state: str, reason: str, evidence: tuple[str, ...]) -> None:
    """Move an item to another state, with a reason and evidence.

    STATE is draft, submitted, open, pending_verification, risk_accepted, closed or discarded. Closing needs
    evidence, and somebody else than the one who did the work.
    """
    with frame.deciding() as (record, unit):
        found = find_item(record, item)
        move(frame.decider(unit, found.system_id), found, State(state), reason=reason, evidence=evidence)
        left = still_open(record.db, found.uid)
    say(f"{found.poam_id}: {found.state.replace('_', ' ')} -> {state.replace('_', ' ')}")
    for key in left:
        say(f"{key} is still open; close it there")
    if found.state is State.RISK_ACCEPTED and found.operational_requirement is Decision.YES:
        way = f"poam --as AO set {found.poam_id} operational_requirement=no --reason TEXT"
        say(f"its operational requirement stays approved, so it is not late; the AO's word takes it back: {way}")
