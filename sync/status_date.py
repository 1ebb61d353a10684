"""The status date, one rule for every hand: it is the day of an item's last change, or of the last decision about it.

Sources: FedRAMP POA&M template 3.0, the guidance of its column, and Completion Guide v2.2, column O. An import is the
one exception: a document brings its own Status Date. On the Closed tab the day of completion stands there instead.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..mapping.item import PoamItem

Value = str | int | None

NO_CHANGE = frozenset({"work_status_version", "status_date"})
"""Columns that say nothing about the weakness, its work or its dates: the engine counts with them."""


def dated(item: PoamItem, changes: Mapping[str, Value], today: str) -> dict[str, Value]:
    """The changes with the day, where they really change the item."""
    real = any(_stored(item, name) != value for name, value in changes.items() if name not in NO_CHANGE)
    return {**changes, "status_date": today} if real else dict(changes)


def _stored(item: PoamItem, name: str) -> Value:
    value = getattr(item, name)
    return int(value) if isinstance(value, bool) else value
