"""Whether a link's issue is there, and is the right one: a 404 has many causes, none of which closes an item. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from ...connectors.base import Issue
from ...connectors.settings import Settings
from ..record.kinds import Link, Sighting
from ..settings.limits import Limits
from ..times import moment


def becomes_missing(known: Sighting, at: str, limits: Limits) -> bool:
    """Whether one more look without the issue, at this instant, is the last one that it takes."""
    waited = moment(at) - moment(known.missing_since or at)
    return known.missing_looks + 1 >= limits.missing_looks and waited >= limits.missing_over


def is_ours(issue: Issue, link: Link, accounts: Collection[str], markers: Collection[str]) -> bool:
    """Whether this is the link's issue, and not one of the same number in a place that is configured by mistake.

    The id says so, unless the issue bears a marker that this record does not know: `markers` are those that it does.
    People take markers off, and copy them with a body from one of our issues to another.
    """
    ours = issue.author.id in accounts and (issue.marker is None or issue.marker in markers)
    return ours or issue.marker == link.marker


def is_copy_of(issue: Issue, link: Link, accounts: Collection[str]) -> bool:
    """Whether our own account made this issue for that mirror; a person's clone has another author."""
    return issue.marker == link.marker and issue.author.id in accounts


def is_known(issue: Issue, known: Sighting) -> bool:
    """Whether this is what we saw last, so that only the record can bring anything new: lists repeat themselves."""
    newest = max((change.id for change in issue.history), default=0)
    unfinished = known.missing_looks or known.date_waiting is not None
    return issue.version == known.version and newest <= known.history_cursor and not unfinished


def proof_after(settings: Settings, limits: Limits) -> timedelta:
    """How long after its send deadline a create that no search finds is known not to have arrived."""
    return timedelta(seconds=settings.timeout_seconds) + limits.in_flight + settings.overlap
