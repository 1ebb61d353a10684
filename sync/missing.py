"""When an issue that cannot be found counts as missing: a 404 has many causes, none of which closes an item. Pure."""

from __future__ import annotations

from datetime import datetime

from .limits import Limits
from .record.mirrors import Sighting


def becomes_missing(known: Sighting, at: str, limits: Limits) -> bool:
    """Whether one more look without the issue, at this instant, is the last one that it takes."""
    since = known.missing_since or at
    waited = datetime.fromisoformat(at) - datetime.fromisoformat(since)
    return known.missing_looks + 1 >= limits.missing_looks and waited >= limits.missing_over
