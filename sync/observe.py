"""Reads the trackers: what changed there, and what else has to be looked at in this cycle. Writes nothing."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from ..connectors.base import Issue, Page, Tracker
from ..connectors.errors import Forbidden, TrackerError
from .hinted import NO_HINTS, Hints, hinted_issues, without_stale
from .looking.rules import rules_for
from .moved import with_moved
from .parking import must_not_be_parked
from .plan import Seen
from .record.database import Database
from .record.kinds import Link
from .record.memory import cursor_of, remembered
from .record.mirrors import links_of, links_to_look_at, links_with, sighting_of
from .restored import orphans_to_look_at
from .settings.config import Config
from .times import iso


def observe(
    database: Database,
    config: Config,
    trackers: Mapping[str, Tracker],
    now: datetime,
    *,
    full: bool,
    hints: Hints = NO_HINTS,
) -> list[Seen]:
    """Every connector, one after the other; a failing one does not keep the others from being read."""
    hinted = {name: hinted_issues(database, name, hints.get(name, ())) for name in trackers}
    seen = [_observe(database, config, name, tracker, now, full, hinted[name]) for name, tracker in trackers.items()]
    return with_moved(database, trackers, seen)


def _observe(
    database: Database,
    config: Config,
    name: str,
    tracker: Tracker,
    now: datetime,
    full: bool,
    hinted: Collection[str],
) -> Seen:
    try:
        must_not_be_parked(database, name, now)
        learnt = _learn(database, name, tracker, full)
        was, place = remembered(database, f"place:{name}"), config.connectors[name].place
        everything = full or place != was  # a cursor says nothing of another place
        page = tracker.changed_since(None if everything else cursor_of(database, name))
        page = without_stale(database, name, page, hinted)
        others = _others(database, config, name, now, everything)
        issues, missing = _with_others(page, tracker, [*others, *hinted])
        missing -= _strangers(database, name, hinted, others)
        if missing and was and place != was:
            _must_be_renamed(database, name, was, place, issues)
        if missing:
            _must_be_able_to_see(database, name, tracker, issues, missing)
    except TrackerError as error:
        return Seen(name, error=error)
    rules = rules_for(config, name, tracker.capabilities, learnt[f"accounts:{name}"], learnt[f"visibility:{name}"])
    learnt[f"place:{name}"] = place
    return Seen(name, rules, tuple(issues.values()), missing, page.cursor, learnt)


def _learn(database: Database, name: str, tracker: Tracker, full: bool) -> dict[str, str]:
    """Our account there and who can read the place, asked once with these credentials. Raises Forbidden.

    Former accounts stay ours: what they wrote does not become a person's because a token was exchanged.
    """
    keys = (f"accounts:{name}", f"visibility:{name}", f"credential:{name}")
    accounts, visibility, credential = (remembered(database, key) or "" for key in keys)
    if full or not (accounts and visibility) or credential != tracker.credential:
        health = tracker.check()
        if health.problems:
            raise Forbidden(health.problems[0], hint="poam doctor tells more")
        accounts, visibility = " ".join(dict.fromkeys([*accounts.split(), health.account.id])), health.visibility
    return dict(zip(keys, (accounts, visibility, tracker.credential), strict=True))


def _others(database: Database, config: Config, name: str, now: datetime, full: bool) -> list[str]:
    """Issues to look at although nothing may have changed there; on a full cycle, all of them."""
    quiet_since = iso(now - config.sync.limits.quiet_period)
    links = _live(database, name) if full else links_to_look_at(database, name, quiet_since)
    return [*(link.remote_id for link in links if link.remote_id), *orphans_to_look_at(database, name)]


def _strangers(database: Database, name: str, hinted: Collection[str], others: Collection[str]) -> frozenset[str]:
    """Hinted issues that nothing else tells of: that they are not there means nothing."""
    links = links_with(database, name, "remote_id", hinted)
    return frozenset(hinted) - {link.remote_id for link in links} - frozenset(others)


def _with_others(page: Page, tracker: Tracker, ids: Collection[str]) -> tuple[dict[str, Issue], frozenset[str]]:
    """The issues that changed and those that are wanted besides, by id; and the ids that were not found."""
    issues = {issue.id: issue for issue in page.issues}
    wanted = [each for each in dict.fromkeys(ids) if each not in issues]
    issues |= {issue.id: issue for issue in tracker.get_many(wanted)} if wanted else {}
    return issues, frozenset(wanted) - issues.keys()


def _must_be_able_to_see(
    database: Database, name: str, tracker: Tracker, seen: Collection[str], missing: Collection[str]
) -> None:
    """Before a missing issue counts: the credentials and the place are well, and another issue can be read.

    A lost permission looks just like a deleted issue. Raises Forbidden.
    """
    health = tracker.check()
    if health.problems:
        raise Forbidden(health.problems[0], hint="poam doctor tells more")
    others = [link for link in _live(database, name) if not sighting_of(database, link).missing_looks]
    known = [link.remote_id for link in others if link.remote_id and link.remote_id not in missing]
    if known and not any(each in seen for each in known) and not tracker.get_many(known[:1]):
        raise Forbidden(
            f"{name}: none of our issues can be read any more, so none counts as missing",
            hint="give the account its permission to read them back; poam doctor tells more",
        )


def _must_be_renamed(database: Database, name: str, was: str, place: str, seen: Mapping[str, Issue]) -> None:
    """A place under another name shows our issues; another place does not. Raises Forbidden."""
    mirrors = {link.remote_id: link.marker for link in _live(database, name)}
    if not any(issue.marker and mirrors.get(issue.id) == issue.marker for issue in seen.values()):
        raise Forbidden(
            f"{name} is {place} now, where none of our issues is: they were made at {was}",
            hint="configure that place again, or give the new one a connector of another name",
        )


def _live(database: Database, name: str) -> list[Link]:
    return [link for link in links_of(database, name) if link.state == "live"]
