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
    People take markers off, and copy them with a body from one of our issues to another. Of an issue that a person
    attached the author is the one whom the link names.
    """
    wrote = issue.author.id == link.author if link.author else issue.author.id in accounts
    return issue.marker == link.marker or (wrote and (issue.marker is None or issue.marker in markers))


def is_copy_of(issue: Issue, link: Link, accounts: Collection[str]) -> bool:
    """Whether our own account made this issue for that mirror; a person's clone has another author."""
    return issue.marker == link.marker and issue.author.id in accounts


def is_known(issue: Issue, known: Sighting) -> bool:
    """Whether this is what we saw last, so that only the record can bring anything new: lists repeat themselves."""
    change = max((change.id for change in issue.history), default=0)
    comment = max((comment.id for comment in issue.comments), default=0)
    nothing_new = change <= known.history_cursor and comment <= known.comment_cursor
    unfinished = known.missing_looks or known.date_waiting is not None
    return issue.version == known.version and nothing_new and not unfinished


def proof_after(settings: Settings, limits: Limits) -> timedelta:
    """How long after it left at the latest a write that the tracker, asked then, does not show is known not to have
    arrived.
    """
    return timedelta(seconds=settings.timeout_seconds) + limits.in_flight + settings.overlap
