"""Turns what was seen and what the record holds into a plan. Reads the record, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from ..connectors.base import Issue
from ..mapping.life import MIRRORED_STATES
from .delivery.links import first_link
from .looking.existence import becomes_missing, is_known
from .looking.look import look
from .looking.rules import Rules
from .looking.steps import Step, View
from .looking.views import view_of
from .looking.wanted import is_owed
from .plan import ConnectorPlan, Plan, Seen
from .recognise import recognise
from .record.database import Database
from .record.items import unmirrored
from .record.journal import head
from .record.kinds import Link
from .record.memory import planned_seq, remembered
from .record.mirrors import count_live, links_never_bound, links_with, live_links, our_markers, sighting_of
from .record.past import changed_items
from .settings.config import Config
from .settings.routes import route
from .times import iso


def decide(database: Database, config: Config, seen: Sequence[Seen], now: datetime, *, full: bool) -> Plan:
    """The plan for everything that was seen and everything the record changed by itself."""
    record_id = remembered(database, "record_id") or ""
    new = [(item, route(config, item)) for item in unmirrored(database, MIRRORED_STATES)]
    plans = []
    for each in seen:
        links = [first_link(record_id, item, each.connector) for item, connector in new if connector == each.connector]
        plans.append(_for_connector(database, config, each, links, iso(now), full=full))
    unrouted = tuple(item for item, connector in new if connector is None)
    return Plan(tuple(plans), unrouted, head(database)[0], full)


def _for_connector(
    database: Database, config: Config, seen: Seen, new: Sequence[Link], now: str, *, full: bool
) -> ConnectorPlan:
    if seen.rules is None:
        return ConnectorPlan(seen)
    markers = our_markers(database, (issue.marker for issue in seen.issues))
    known = recognise(seen.issues, _links_for(database, seen), new, seen.rules.accounts, markers)
    changed = None if _everything(database, seen, full=full) else _changed(database)
    fresh = (
        known.ours
        if changed is None
        else [(link, issue) for link, issue in known.ours if not is_known(issue, sighting_of(database, link))]
    )
    steps = [step for link, issue in fresh if (step := _step(database, config, link, issue, seen.rules, now))]
    looked_at = {step.view.link.id for step in steps}
    moved = [link for link in _moved(database, seen.connector, changed) if link.id not in looked_at]
    lost = links_with(database, seen.connector, "remote_id", seen.missing | known.strangers)
    return ConnectorPlan(
        seen,
        steps=tuple(step for step in steps if step.is_attributed),
        # A list may be ahead of its history: then the issue itself is read before anybody is left unnamed.
        owed=(
            *(step.view for step in steps if not step.is_attributed),
            *_owed(database, config, moved, seen.rules),
        ),
        new_links=tuple(new),
        retries=tuple(
            link
            for link in links_never_bound(database, seen.connector, MIRRORED_STATES)
            if changed is None or link.item_uid in changed
        ),
        found=tuple(known.found),
        twins=tuple(known.twins),
        orphans=tuple(known.orphans),
        strangers=frozenset(known.strangers),
        vanishing=tuple(_vanishing(database, config, lost, now)),
        live=count_live(database, seen.connector),
    )


def _links_for(database: Database, seen: Seen) -> list[Link]:
    """The links that the seen issues may belong to."""
    ids, markers = {issue.id for issue in seen.issues}, {issue.marker for issue in seen.issues if issue.marker}
    found = links_with(database, seen.connector, "remote_id", ids)
    found += links_with(database, seen.connector, "marker", markers)
    return list({link.id: link for link in found}.values())


def _step(database: Database, config: Config, link: Link, issue: Issue, rules: Rules, now: str) -> Step | None:
    """The step for a linked issue, or None when it brings nothing: a repeat, or an older state than the one we know."""
    step = look(view_of(database, config, link), issue, rules, now)
    return step if step is not None and step.has_news else None


def _everything(database: Database, seen: Seen, *, full: bool) -> bool:
    """Whether every link is compared: also when the rules have changed since the last time."""
    return full or remembered(database, f"rules:{seen.connector}") != str(seen.rules)


def _changed(database: Database) -> frozenset[str] | None:
    """Items the journal touched since the last plan; None for all of them."""
    planned = planned_seq(database)
    return None if planned is None else changed_items(database, planned)


def _moved(database: Database, connector: str, changed: frozenset[str] | None) -> list[Link]:
    """The live links of the items that changed."""
    if changed is None:
        return live_links(database, connector)
    return [link for link in links_with(database, connector, "item_uid", changed) if link.state == "live"]


def _owed(database: Database, config: Config, links: Sequence[Link], rules: Rules) -> Iterator[View]:
    """Issues that show something else than the record, as far as can be told without looking at them."""
    for view in (view_of(database, config, link) for link in links):
        if view.sighting.version and is_owed(view, rules):
            yield view


def _vanishing(database: Database, config: Config, lost: Sequence[Link], now: str) -> Iterator[Link]:
    """Links that this cycle would declare missing; looks before the last one are only counted."""
    for link in lost:
        if link.state == "live" and becomes_missing(sighting_of(database, link), now, config.sync.limits):
            yield link
