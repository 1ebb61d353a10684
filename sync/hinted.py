"""Which issues the hints of webhooks make worth a read of their own: a hint costs one at most, and most cost none."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..connectors.base import Page
from ..connectors.hints import Hint
from .record.database import Database
from .record.memory import remembered
from .record.mirrors import links_with, sighting_of
from .record.owed import writes_owed

Hints = Mapping[str, Collection[Hint]]
"""Hints by connector."""

NO_HINTS: Hints = MappingProxyType({})
MOST_AT_ONCE = 100
"""More in one cycle are left to the list, which tells of a hundred issues in one request."""


def hinted_issues(database: Database, connector: str, hints: Collection[Hint]) -> list[str]:
    """The ids of the issues to read: those that mirror an item, where somebody else than we was at work.

    As long as nobody knows what became of a create, any other issue may be the one, whoever the hint names.
    """
    if not hints:
        return []
    ours = (remembered(database, f"accounts:{connector}") or "").split()
    hinted, theirs = {hint.issue_id for hint in hints}, {hint.issue_id for hint in hints if hint.account not in ours}
    links = links_with(database, connector, "remote_id", hinted)
    wanted = {link.remote_id or "" for link in links if link.state != "retired"} & theirs
    if any(owed.operation == "create" and owed.state != "PENDING" for owed in writes_owed(database, connector)):
        wanted |= hinted - {link.remote_id for link in links}
    return sorted(wanted)[:MOST_AT_ONCE]


def without_stale(database: Database, connector: str, page: Page, hinted: Collection[str]) -> Page:
    """The page without hinted issues of which it tells nothing new: a list lags, and the issue itself does not."""
    links = links_with(database, connector, "remote_id", hinted)
    known = {link.remote_id: sighting_of(database, link).version for link in links}
    return replace(page, issues=[each for each in page.issues if known.get(each.id) != each.version])
