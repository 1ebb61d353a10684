"""Looks for issues that were moved: an issue that is not where it was may be at another configured connector. Writes
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..connectors.base import Tracker
from ..connectors.errors import Gone, TrackerError
from .looking.rules import Rules
from .plan import Moved, Seen
from .record.database import Database
from .record.mirrors import links_with

MOST = 20
"""So many missing issues are asked about in one cycle: each costs a read, and the others are looked for in the next."""


def with_moved(database: Database, trackers: Mapping[str, Tracker], seen: Sequence[Seen]) -> list[Seen]:
    """What was seen, with where each missing issue is now, as far as its tracker tells."""
    rules = {each.connector: each.rules for each in seen if each.rules is not None}
    return [
        replace(each, moved=dict(_moved(database, trackers, rules, each))) if each.missing else each for each in seen
    ]


def _moved(
    database: Database, trackers: Mapping[str, Tracker], rules: Mapping[str, Rules], seen: Seen
) -> Iterator[tuple[str, Moved]]:
    lost = links_with(database, seen.connector, "remote_id", seen.missing)
    for link in [each for each in lost if each.state == "live"][:MOST]:
        key = _new_key(trackers[seen.connector], link.issue_id)
        if key:
            yield link.issue_id, _found(trackers, rules, seen.connector, key)


def _new_key(tracker: Tracker, issue_id: str) -> str:
    try:
        tracker.get(issue_id)
    except Gone as gone:
        return gone.moved_to
    except TrackerError:
        return ""  # not told now: the next look asks again
    return ""


def _found(trackers: Mapping[str, Tracker], rules: Mapping[str, Rules], left: str, key: str) -> Moved:
    """The issue at whichever other connector knows it by its new key; a place that is not configured is only named."""
    for name in rules.keys() - {left}:
        try:
            return Moved(key, rules[name], trackers[name].named(key))
        except TrackerError:
            continue
    return Moved(key)
