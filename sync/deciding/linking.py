"""Attaches existing issues to items and takes them off again, by a person's word: that is the proof, no mark is.

Nothing is written at a tracker here. The next cycle puts our mark, labels and block into an attached issue, below its
people's own text; its title stays theirs. A detached one keeps what it has, and is nobody's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

from ...connectors.base import Issue
from ...mapping.item import PoamItem
from ...mapping.life import MIRRORED_STATES
from ..commit import commit
from ..delivery.links import new_link
from ..delivery.outbox import clear, owe
from ..errors import InputError, NotAllowed
from ..looking.attaching import first_look
from ..looking.due_date import FORECAST
from ..looking.rules import Rules
from ..looking.stands import own_forecast
from ..looking.steps import Step
from ..looking.views import view_of
from ..plan import Moved
from ..record.database import Database
from ..record.items import load
from ..record.journal import Author
from ..record.kinds import Base, Link
from ..record.mirrors import (
    forget_answers,
    forget_bases,
    keep_base,
    links_of_mirror,
    links_with,
    links_with_issue,
    open_answers,
    open_conflicts,
    our_markers,
)
from ..record.owed import owed_at
from ..record.rows import rows
from ..record.unit import Unit
from ..settings.config import Config
from ..settings.people import daemon
from .decider import Decider
from .several import end_requests_of, go_by_the_rest


@dataclass(frozen=True, slots=True)
class Attachment:
    """An issue about to mirror an item: its link, and what follows from what it shows.

    `freed` is the retired link of another item that had the issue; `pins` are the forecasts that its item's only issue
    so far stands for from now on by itself.
    """

    item: PoamItem
    link: Link
    step: Step
    is_new: bool
    freed: Link | None = None
    pins: Mapping[str, Base] = field(default_factory=dict)


def plan_attachment(
    database: Database, config: Config, rules: Rules, item: PoamItem, issue: Issue, now: str
) -> Attachment:
    """What attaching an issue would mean. Raises NotAllowed with what stands against it."""
    if item.state not in MIRRORED_STATES:
        raise NotAllowed(
            f"{item.poam_id} is {item.state} and has no issue in that state",
            hint=f"only these have: {', '.join(sorted(state.replace('_', ' ') for state in MIRRORED_STATES))}",
        )
    return _looked_at(database, config, rules, _place(database, rules, item, issue), issue, now)


def attach(decider: Decider, found: Attachment, reason: str) -> None:
    """Stores an attachment. Raises NotAllowed for who may not decide it."""
    decider.must_decide("which issues mirror an item")
    _store(decider.unit, decider.config, found, decider.by, reason)


def follow(unit: Unit, config: Config, link: Link, moved: Moved) -> bool:
    """Follows an issue that was moved to another configured connector: it is attached there, and its place here is
    retired, with its conflicts and the answers it was owed: they go by the numbers that comments had here. False where
    the issue is at no connector of ours, or something stands against it.
    """
    if moved.rules is None or moved.issue is None:
        return False
    by, item = daemon(link.connector), load(unit.db, "uid = ?", (link.item_uid,))[0]
    why = f"{link.remote_key} was moved to {moved.key}"
    try:
        place = _place(unit.db, moved.rules, item, moved.issue)
    except NotAllowed:
        return False
    unit.change(by, "links", link.id, {"state": "retired"}, reason=why)
    if owed := owed_at(unit.db, link.id):
        clear(unit, owed, note=why)
    _end_conflicts(unit, link, by, why)
    _drop_answers(unit, link, by, why)
    _store(unit, config, _looked_at(unit.db, config, moved.rules, place, moved.issue, unit.at), by, why)
    owe(unit, place.link, "edit")
    return True


@dataclass(frozen=True, slots=True)
class _Place:
    """The link that an issue is to have, and the retired one of another item that has it still."""

    item: PoamItem
    link: Link
    is_new: bool
    freed: Link | None


def _place(database: Database, rules: Rules, item: PoamItem, issue: Issue) -> _Place:
    """A link of the item's that has no issue yet, or had this one, else a new one. Raises NotAllowed."""
    had = next(iter(links_with(database, rules.connector, "remote_id", {issue.id})), None)
    _must_be_free(database, rules.connector, issue, had)
    known = links_of_mirror(database, item.uid, rules.connector)
    again = had if had and had.item_uid == item.uid else None
    empty = again or next((link for link in known if link.state == "planned"), None)
    _must_be_settled(database, item, empty)
    link = replace(
        empty or new_link(database, item.uid, rules.connector, known),
        remote_id=issue.id,
        remote_key=issue.key,
        url=issue.url,
        state="live",
        author="" if issue.author.id in rules.accounts else issue.author.id,
    )
    return _Place(item, link, empty is None, had if had and again is None else None)


def _looked_at(database: Database, config: Config, rules: Rules, place: _Place, issue: Issue, now: str) -> Attachment:
    item = place.item
    pins = own_forecast(database, item, links_with_issue(database, item.uid))
    view = view_of(database, config, place.link, item)
    others = tuple(
        replace(each, forecast_date=pins[each.link_id].record_value) if each.link_id in pins else each
        for each in view.others
    )
    step = first_look(replace(view, others=others), issue, rules, now)
    return Attachment(item, place.link, step, place.is_new, place.freed, pins)


def _store(unit: Unit, config: Config, found: Attachment, by: Author, reason: str) -> None:
    link = found.link
    if found.freed:
        gone = f"{link.remote_key} mirrors {found.item.poam_id} now"
        unit.change(by, "links", found.freed.id, {"remote_id": None}, reason=gone)
    if found.is_new:
        unit.create(by, "links", asdict(link), reason=reason)
    else:
        columns = ("remote_id", "remote_key", "url", "state", "author")
        unit.change(by, "links", link.id, {name: getattr(link, name) for name in columns}, reason=reason)
        forget_bases(unit, link.id)
        if owed := owed_at(unit.db, link.id):
            clear(unit, owed, note=f"{link.remote_key} was attached")
    for link_id, pin in found.pins.items():
        keep_base(unit, link_id, FORECAST, pin)
    commit(unit, config, found.step)


def detach(decider: Decider, item: PoamItem, link: Link, reason: str) -> str:
    """Takes an issue off its item, and says what becomes of the item; its last one is followed by a new one."""
    decider.must_decide("which issues mirror an item")
    unit = decider.unit
    unit.change(decider.by, "links", link.id, {"state": "retired"}, reason=reason)
    if owed := owed_at(unit.db, link.id):
        clear(unit, owed, note=f"{link.remote_key} was detached")
    end_requests_of(decider, item, link, f"{link.remote_key} is no issue of this item any more")
    _end_conflicts(unit, link, decider.by, f"{link.remote_key} is no issue of this item any more")
    if links_with_issue(unit.db, item.uid):
        go_by_the_rest(decider, load(unit.db, "uid = ?", (item.uid,))[0], link)
        return "the item goes on with its other issues"
    if item.state not in MIRRORED_STATES or _is_planned(unit.db, item):
        return "no issue mirrors the item now"
    again = new_link(unit.db, item.uid, link.connector, links_of_mirror(unit.db, item.uid, link.connector))
    unit.create(decider.by, "links", asdict(again), reason="mirrored anew")
    owe(unit, again, "create")
    return f"the next cycle makes a new issue at {link.connector}"


def linked_as(database: Database, item: PoamItem, connector: str, key: str) -> Link:
    """The link of an item whose issue people call that. Raises InputError."""
    mine = [each for each in links_with_issue(database, item.uid) if each.connector == connector]
    found = [each for each in mine if is_called(key, each.remote_key, each.url, each.issue_id)]
    if not found:
        known = ", ".join(f"{each.connector} {each.remote_key}" for each in links_with_issue(database, item.uid))
        raise InputError(f"{item.poam_id} has no issue {key} at {connector}", hint=f"its issues: {known or 'none'}")
    return found[0]


def is_called(name: str, key: str, url: str, issue_id: str) -> bool:
    """Whether people may call an issue that: its key, its number where the key ends in `#` and one, its address."""
    number = key.rpartition("#")[2] if "#" in key else key
    names = {key, url.rstrip("/"), issue_id, number, f"#{number}"}
    return name.rstrip("/").casefold() in {each.casefold() for each in names if each}


def _must_be_free(database: Database, connector: str, issue: Issue, had: Link | None) -> None:
    if had is not None and had.state != "retired":
        item = load(database, "uid = ?", (had.item_uid,))[0]
        raise NotAllowed(
            f"{issue.key} mirrors {item.poam_id} already",
            hint=f"if that is wrong: poam unlink {item.poam_id} {connector} {issue.key} --reason TEXT",
        )
    if had is not None and owed_at(database, had.id):
        raise NotAllowed(f"a write to {issue.key} is under way", hint="try again after the next cycle")
    if issue.marker and not our_markers(database, [issue.marker]):
        raise NotAllowed(
            f"{issue.key} carries the mark of another record of poam-sync",
            hint="if that record is gone, take the mark off the issue at the tracker first",
        )


def _must_be_settled(database: Database, item: PoamItem, place: Link | None) -> None:
    """Where an issue of our own may have been made, nobody knows yet which one is the mirror."""
    owed = owed_at(database, place.id) if place else None
    if place and owed and owed.state != "PENDING":
        raise NotAllowed(
            f"an issue for {item.poam_id} is being made at {place.connector}, and whether it arrived is not known yet",
            hint="try again when poam status owes nothing there",
        )


def _end_conflicts(unit: Unit, link: Link, by: Author, reason: str) -> None:
    ended = {"state": "resolved", "resolution": reason, "resolved_by": by.person, "resolved_at": unit.at}
    for conflict in open_conflicts(unit.db, link.id):
        unit.change(by, "conflicts", conflict.id, ended, reason=reason)


def _drop_answers(unit: Unit, link: Link, by: Author, reason: str) -> None:
    owed = [answer.comment_id for answer in open_answers(unit.db, link.id)]
    for comment_id in owed:
        unit.note(by, "answers", f"{link.id}:{comment_id}", "dropped", reason=reason)
    forget_answers(unit, link.id, owed)


def _is_planned(database: Database, item: PoamItem) -> bool:
    return bool(rows(database, Link, "item_uid = ? AND state = 'planned'", (item.uid,)))
