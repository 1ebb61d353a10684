"""What the issues that were seen are to us: a link's own, a copy of it, one whose create was lost sight of. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from ..connectors.base import Issue
from .looking.existence import is_copy_of, is_ours
from .plan import Sibling
from .record.kinds import Link


@dataclass(slots=True)
class Recognised:
    """The issues by what they are to us; see ConnectorPlan for each."""

    ours: list[tuple[Link, Issue]] = field(default_factory=list)
    found: list[Sibling] = field(default_factory=list)
    twins: list[Sibling] = field(default_factory=list)
    orphans: list[Issue] = field(default_factory=list)
    strangers: set[str] = field(default_factory=set)


def recognise(
    issues: Iterable[Issue],
    links: Sequence[Link],
    new: Sequence[Link],
    accounts: Collection[str],
    markers: Collection[str],
) -> Recognised:
    """An issue is known by its id; by its marker only where our own account wrote it. What is retired is nobody's.

    `markers` are those of the issues that any link of the record has.
    """
    known = Recognised()
    by_remote = {link.remote_id: link for link in links if link.remote_id}
    by_marker = {link.marker: link for link in (*links, *new)}
    bound = {link.marker for link in links if link.remote_id}
    ours = {*by_marker, *markers}
    for issue in issues:
        link, mirror = by_remote.get(issue.id), by_marker.get(issue.marker or "")
        if link is not None and link.state == "retired":
            continue
        if link is not None and is_ours(issue, link, accounts, ours):
            known.ours.append((link, issue))
        elif link is not None:
            known.strangers.add(issue.id)
        elif mirror is not None and is_copy_of(issue, mirror, accounts):
            copies = known.twins if mirror.marker in bound else known.found
            copies.append(Sibling(mirror, issue))
            bound.add(mirror.marker)
        elif issue.marker and issue.author.id in accounts:
            known.orphans.append(issue)
    return known
