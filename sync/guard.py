"""Stops a cycle that would take in far more change than usual, until a person has looked at it. Pure."""

from __future__ import annotations

import hashlib

from .decide import ConnectorPlan
from .limits import Limits


def held_back(each: ConnectorPlan, links: int, limits: Limits) -> str | None:
    """The id of a connector's plan when it is too large to do unasked: it touches too many of the `links`.

    What counts is what the tracker would change in the record, and what disappeared there: a bulk edit, a script gone
    wrong or a lost permission looks like that. The id names exactly this plan, so an approval lets no other through.
    """
    touched = sorted({look.view.link.id for look in each.looks if look.item_changes or look.requests} | each.vanishing)
    too_many = len(touched) >= limits.mass_change_least and len(touched) * 100 > links * limits.mass_change_percent
    return _id(each) if too_many else None


def _id(each: ConnectorPlan) -> str:
    changes = sorted(
        (look.view.link.id, str(sorted(change.values.items()))) for look in each.looks for change in look.item_changes
    )
    asked = sorted(
        (look.view.link.id, str(request.kind), str(request.requested_date))
        for look in each.looks
        for request in look.requests
    )
    told = repr((each.seen.connector, changes, asked, sorted(each.vanishing)))
    return hashlib.sha256(told.encode()).hexdigest()[:8]
