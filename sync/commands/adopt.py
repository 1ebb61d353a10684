"""`poam adopt`: existing issues that may be the work on items without one, attached as a person confirms each."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from ...connectors.base import Issue
from ...mapping.item import PoamItem
from ...mapping.life import MIRRORED_STATES
from ...mapping.matching import Match, matches
from ...mapping.profiles import PROFILES, Profile
from ..deciding.linking import attach, plan_attachment
from ..errors import InputError, NotAllowed
from ..looking.rules import Rules
from ..looking.views import profile_id
from ..record.database import Database
from ..record.items import items_without_issue, load
from ..record.mirrors import links_with_issue
from ..settings.problems import did_you_mean
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .link import must_be_connector, one_tracker, rules_at
from .output import line, note, print_json, say
from .shapes import Shape

MOST = 200


@click.command("adopt")
@click.option("--connector", "connectors", multiple=True, metavar="NAME", help="Only issues there; may be repeated.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=MOST, show_default=True, help="How many issues to read at each."
)
@click.option("--confirm", "confirmed", multiple=True, metavar="ITEM=KEY", help="Attach this match; may be repeated.")
@json_option
@pass_frame
def adopt(frame: Frame, connectors: tuple[str, ...], limit: int, confirmed: tuple[str, ...], as_json: bool) -> Outcome:
    """Find existing issues that may mirror items, and attach those that you confirm.

    The issues that changed last and bear no mark of ours are held against the items that have no issue; each match
    tells what speaks for it. On a terminal each is asked for. Exit code: 1 when matches wait to be confirmed.
    """
    for name in connectors:
        must_be_connector(frame, name)
    found = matches(_items(frame), _issues(frame, connectors or tuple(frame.config.connectors), limit))
    chosen = [_confirmed(found, each) for each in confirmed]
    asks = not confirmed and not as_json and sys.stdin.isatty()
    for match in () if as_json else found:
        say(line(_told(match)))
        if asks and click.confirm("Attach it?", default=False):
            chosen.append(match)
    _attach(frame, chosen)
    if as_json:
        print_json([_shape(match, applied=match in chosen) for match in found])
    else:
        _conclude(found, chosen)
    return Outcome.NEEDS_A_PERSON if not asks and len(chosen) < len(found) else Outcome.IN_SYNC


def _items(frame: Frame) -> list[tuple[PoamItem, Profile]]:
    """The items at work that have no issue yet, with the rules that hold for each."""
    with frame.planning() as record:
        items = items_without_issue(record.db, MIRRORED_STATES)
    return [(item, PROFILES[profile_id(frame.config, item)]) for item in items]


def _issues(frame: Frame, connectors: Sequence[str], limit: int) -> list[tuple[str, Issue]]:
    found = []
    for name in connectors:
        with one_tracker(frame, name) as tracker:
            found += [(name, issue) for issue in tracker.unmarked(limit)]
    return found


def _confirmed(found: Sequence[Match], text: str) -> Match:
    """The match that somebody means. Raises InputError."""
    names = {name: match for match in found for name in _names(match)}
    if text not in names:
        raise InputError(
            f"{text} is no match that was found{did_you_mean(text, list(names))}",
            hint="poam adopt shows them as ITEM=KEY; any other issue is attached with poam link",
        )
    return names[text]


def _names(match: Match) -> tuple[str, str]:
    """How a match is confirmed: with the system where several use the id."""
    short = f"{match.item.poam_id}={match.issue.key}"
    return short, f"{match.item.system_id}:{short}"


def _attach(frame: Frame, chosen: Sequence[Match]) -> None:
    """Attaches all of them, or none. The issues are read with their history first."""
    read = [each for place in dict.fromkeys(match.place for match in chosen) for each in _read(frame, place, chosen)]
    if not read:
        return
    with frame.deciding() as (record, unit):
        for match, issue, rules in read:
            item = _as_it_is_now(record.db, match.item)
            attachment = plan_attachment(record.db, frame.config, rules, item, issue, frame.now())
            attach(frame.decider(unit, item.system_id), attachment, f"adopted: {_why(match)}")


def _read(frame: Frame, place: str, chosen: Sequence[Match]) -> list[tuple[Match, Issue, Rules]]:
    """The issues that were chosen at one place, with their history, and what holds there."""
    with one_tracker(frame, place) as tracker:
        rules = rules_at(frame, place, tracker)
        return [(match, tracker.named(match.issue.key), rules) for match in chosen if match.place == place]


def _as_it_is_now(database: Database, item: PoamItem) -> PoamItem:
    """The item once more: a daemon works while somebody thinks. Raises NotAllowed where it got an issue meanwhile."""
    if links := links_with_issue(database, item.uid):
        raise NotAllowed(
            f"{item.poam_id} got an issue meanwhile, {links[0].remote_key}; nothing was attached",
            hint="run poam adopt again; another issue beside that one is attached with poam link",
        )
    return load(database, "uid = ?", (item.uid,))[0]


def _told(match: Match) -> str:
    issue = match.issue
    shown = f"{issue.title} ({issue.status.name}) {issue.url}"
    return f"{_names(match)[0]}  {match.item.weakness_name}  <-  {shown}  {match.score} points: {_why(match)}"


def _why(match: Match) -> str:
    return ", ".join(clue.told for clue in match.clues)


def _conclude(found: Sequence[Match], chosen: Sequence[Match]) -> None:
    if not found:
        say("No issue looks like the work on an item without one.")
    for match in chosen:
        say(f"{match.item.poam_id}: {match.issue.key} is attached; the next cycle writes there.")
    if len(chosen) < len(found):
        note("To attach a match: poam adopt --confirm ITEM=KEY")


def _shape(match: Match, *, applied: bool) -> Shape:
    return {
        "system_id": match.item.system_id,
        "poam_id": match.item.poam_id,
        "connector": match.place,
        "key": match.issue.key,
        "url": match.issue.url,
        "title": match.issue.title,
        "score": match.score,
        "clues": [clue.told for clue in match.clues],
        "applied": applied,
    }
