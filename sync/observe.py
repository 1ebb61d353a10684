"""Reads the trackers: what changed there, and what else has to be looked at in this cycle. Writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..connectors.base import Issue, Tracker, Visibility
from ..connectors.errors import Forbidden, TrackerError
from ..connectors.settings import Settings, Text
from .config import Config
from .errors import MassChange
from .record.database import Database
from .record.mirrors import Link, cursor_of, remembered, rows
from .steps import Rules


@dataclass(frozen=True, slots=True)
class Seen:
    """One connector's part of a cycle: what was read, under which rules; `error` when it could not be read."""

    connector: str
    rules: Rules | None = None
    issues: Sequence[Issue] = ()
    missing: frozenset[str] = frozenset()
    cursor: str | None = None
    learnt: Mapping[str, str] | None = None
    error: TrackerError | MassChange | None = None


def observe(
    database: Database, config: Config, trackers: Mapping[str, Tracker], now: datetime, *, full: bool
) -> list[Seen]:
    """Every connector, one after the other; a failing one does not keep the others from being read."""
    return [_observe(database, config, name, tracker, now, full) for name, tracker in trackers.items()]


def _observe(database: Database, config: Config, name: str, tracker: Tracker, now: datetime, full: bool) -> Seen:
    try:
        learnt = _learn(database, name, tracker, full)
        rules = rules_for(config, name, tracker, learnt[f"account:{name}"], learnt[f"visibility:{name}"])
        page = tracker.changed_since(None if full else cursor_of(database, name))
        found = {issue.id: issue for issue in page.issues}
        wanted = [remote for remote in _others(database, config, name, now, full) if remote not in found]
        looked_up = {issue.id: issue for issue in tracker.get_many(wanted)} if wanted else {}
    except TrackerError as error:
        return Seen(name, error=error)
    missing = frozenset(wanted) - looked_up.keys()
    return Seen(name, rules, (*found.values(), *looked_up.values()), missing, page.cursor, learnt)


def rules_for(config: Config, name: str, tracker: Tracker, account: str, visibility: str) -> Rules:
    """What holds for a connector: sensitive text only where strangers provably cannot read it."""
    settings = config.connectors[name]
    return Rules(
        connector=name,
        me=account,
        text=text_mode(settings, visibility),
        capabilities=tracker.capabilities,
        statuses=settings.statuses,
        later_date=config.sync.later_date,
        quiet_seconds=config.sync.limits.quiet_period.total_seconds(),
    )


def text_mode(settings: Settings, visibility: Visibility | str) -> Text:
    """The configured text for a private place; neutral for a public or unknown one."""
    return settings.text if visibility == "private" else "neutral"


def _learn(database: Database, name: str, tracker: Tracker, full: bool) -> dict[str, str]:
    """Our account there and who can read the place, asked once and then remembered. Raises Forbidden."""
    keys = (f"account:{name}", f"visibility:{name}")
    known = {key: remembered(database, key) for key in keys}
    if not full and all(known.values()):
        return {key: value or "" for key, value in known.items()}
    health = tracker.check()
    if health.problems:
        raise Forbidden(health.problems[0], hint="poam doctor tells more")
    return dict(zip(keys, (health.account.id, health.visibility), strict=True))


def _others(database: Database, config: Config, name: str, now: datetime, full: bool) -> list[str]:
    """Issues to look at although nothing may have changed there: new ones, lost ones, ended quiet periods.

    On a full cycle, all of them.
    """
    where = "connector = ? AND state = 'live'"
    values: tuple[str, ...] = (name,)
    if not full:
        quiet_since = iso(now - config.sync.limits.quiet_period)
        where += """ AND (id NOT IN (SELECT link_id FROM sightings WHERE version <> '')
            OR id IN (SELECT link_id FROM sightings WHERE missing_looks > 0)
            OR id IN (SELECT link_id FROM sightings WHERE date_waiting IS NOT NULL AND date_waiting_at <= ?))"""
        values = (name, quiet_since)
    return [link.remote_id for link in rows(database, Link, where, values) if link.remote_id]


def iso(moment: datetime) -> str:
    """An instant as the record writes it."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def later(text: str, wait: timedelta) -> str:
    """An instant so much later."""
    return iso(datetime.fromisoformat(text.replace("Z", "+00:00")) + wait)
