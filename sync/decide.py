"""Turns what was seen and what the record holds into a plan. Reads the record, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ..connectors.base import Issue
from ..mapping.item import PoamItem
from ..mapping.marker import marker
from .config import Config
from .missing import becomes_missing
from .observe import Seen, iso
from .plan import MIRRORED_STATES, is_ours, is_owed, look
from .record.database import Database
from .record.items import load
from .record.journal import Author, head
from .record.mirrors import Link, remembered, rows
from .routes import route
from .steps import Look, Rules, View
from .views import sighting_of, view_of


@dataclass(frozen=True, slots=True)
class Twin:
    """A second issue of ours for one mirror, come to light late."""

    link: Link
    issue: Issue


@dataclass(frozen=True, slots=True)
class ConnectorPlan:
    """What a cycle does with one connector.

    `retries` are refused creates whose item changed since; `found` are issues of ours whose create was lost sight of,
    `strangers` issues that bear a link's number and are not its issue: as good as missing. `approval` says who let
    a plan of this size through, under `plan_id`.
    """

    seen: Seen
    looks: tuple[Look, ...] = ()
    owed: tuple[View, ...] = ()
    new_links: tuple[Link, ...] = ()
    retries: tuple[Link, ...] = ()
    found: tuple[Twin, ...] = ()
    twins: tuple[Twin, ...] = ()
    strangers: frozenset[str] = frozenset()
    vanishing: frozenset[str] = frozenset()
    plan_id: str = ""
    approval: Author | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole cycle, to be printed or done. `head` is the journal's last row that it takes into account."""

    connectors: tuple[ConnectorPlan, ...]
    unrouted: tuple[PoamItem, ...]
    head: int


def decide(database: Database, config: Config, seen: Sequence[Seen], now: datetime, *, full: bool) -> Plan:
    """The plan for everything that was seen and everything the record changed by itself."""
    new = list(_unmirrored(database))
    record_id = remembered(database, "record_id") or ""
    routed = {item.uid: route(config, item) for item in new}
    plans = tuple(
        _for_connector(
            database, config, each, now, record_id, [i for i in new if routed[i.uid] == each.connector], full
        )
        for each in seen
    )
    return Plan(plans, tuple(item for item in new if routed[item.uid] is None), head(database)[0])


_MIRRORED = f"state IN ({', '.join(repr(state.value) for state in sorted(MIRRORED_STATES))})"


def _unmirrored(database: Database) -> Iterator[PoamItem]:
    yield from load(database, f"{_MIRRORED} AND uid NOT IN (SELECT item_uid FROM links)")  # noqa: S608


def _planned(database: Database, connector: str) -> list[Link]:
    """Links that never got their issue, of items that should have one."""
    wanted = f"connector = ? AND state = 'planned' AND item_uid IN (SELECT uid FROM items WHERE {_MIRRORED})"  # noqa: S608
    return rows(database, Link, wanted, (connector,))


def _for_connector(
    database: Database, config: Config, seen: Seen, now: datetime, record_id: str, new: Sequence[PoamItem], full: bool
) -> ConnectorPlan:
    if seen.rules is None:
        return ConnectorPlan(seen)
    links = rows(database, Link, "connector = ?", (seen.connector,))
    by_remote = {link.remote_id: link for link in links if link.remote_id}
    new_links = [_new_link(record_id, item, seen.connector) for item in new]
    by_marker = {link.marker: link for link in (*links, *new_links)}
    looks: list[Look] = []
    unsure: list[View] = []
    found: list[Twin] = []
    twins: list[Twin] = []
    strangers: set[str] = set()
    for issue in seen.issues:
        link = by_remote.get(issue.id)
        if (
            link is None and issue.marker in by_marker and issue.author.id == seen.rules.me
        ):  # a clone has another author
            link = by_marker[issue.marker]
            bound = link.remote_id or any(each.link.id == link.id for each in found)
            (twins if bound else found).append(Twin(link, issue))
        elif link is None or link.state == "retired":
            continue
        elif not is_ours(issue, link, seen.rules.me):
            strangers.add(issue.id)
        elif each := _look(database, config, link, issue, seen.rules, now):
            if all(one.account for one in each.observed):
                looks.append(each)
            else:  # a list may be ahead of its history: read the issue itself before anybody is left unnamed
                unsure.append(each.view)
    looked_at = {view.link.id for view in (*(each.view for each in looks), *unsure)}
    changed = _changed_items(database, full or remembered(database, f"rules:{seen.connector}") != str(seen.rules))
    views = [
        view_of(database, config, link)
        for link in links
        if link.state == "live" and link.id not in looked_at and (changed is None or link.item_uid in changed)
    ]
    return ConnectorPlan(
        seen,
        tuple(looks),
        (*unsure, *(view for view in views if view.sighting.version and is_owed(view, seen.rules))),
        tuple(new_links),
        tuple(link for link in _planned(database, seen.connector) if changed is None or link.item_uid in changed),
        tuple(found),
        tuple(twins),
        frozenset(strangers),
        frozenset(_vanishing(database, config, links, seen.missing | strangers, now)),
    )


def _vanishing(
    database: Database, config: Config, links: Sequence[Link], lost: frozenset[str], now: datetime
) -> Iterator[str]:
    """Links that this cycle would declare missing; looks before the last one are only counted."""
    for link in (link for link in links if link.remote_id in lost and link.state == "live"):
        if becomes_missing(sighting_of(database, link), iso(now), config.sync.limits):
            yield link.id


def _look(database: Database, config: Config, link: Link, issue: Issue, rules: Rules, now: datetime) -> Look | None:
    """The look at a linked issue, or None when it brings nothing: a repeat, or an older state than the one we know."""
    each = look(view_of(database, config, link), issue, rules, iso(now))
    return each if each is not None and has_news(each) else None


def has_news(each: Look) -> bool:
    """Whether anything at all follows from a look."""
    return bool(
        each.sighting != each.view.sighting
        or each.observed
        or each.item_changes
        or each.requests
        or each.withdrawn
        or each.conflicts
        or each.settled_conflicts
        or each.bases
        or each.edit
    )


def _changed_items(database: Database, full: bool) -> frozenset[str] | None:
    """Items the journal touched since the last plan; None for all of them."""
    planned = remembered(database, "planned_seq")
    if full or planned is None:
        return None
    found = database.conn.execute("SELECT DISTINCT item_uid FROM journal WHERE seq > ?", (int(planned),))
    return frozenset(uid for (uid,) in found)


def _new_link(record_id: str, item: PoamItem, connector: str) -> Link:
    token = marker(record_id, item.uid, connector, 1)
    return Link(token, item.uid, connector, 1, token, None, "", "", "planned")
