"""Makes links: an item's place at a connector, with the marker that its issue will carry."""

from __future__ import annotations

from collections.abc import Iterable

from ...mapping.item import PoamItem
from ...mapping.marker import marker
from ..record.database import Database
from ..record.kinds import Link
from ..record.memory import remembered
from ..record.mirrors import links_of_item


def first_link(record_id: str, item: PoamItem, connector: str) -> Link:
    """The link of an item that is mirrored for the first time."""
    return _planned(record_id, item.uid, connector, 1)


def next_link(database: Database, link: Link) -> Link:
    """Another link of the same item at the same connector."""
    return new_link(database, link.item_uid, link.connector, links_of_item(database, link))


def new_link(database: Database, item_uid: str, connector: str, known: Iterable[Link]) -> Link:
    """The next link of an item at a connector, where it has had these."""
    last = max((each.number for each in known), default=0)
    return _planned(remembered(database, "record_id") or "", item_uid, connector, last + 1)


def _planned(record_id: str, item_uid: str, connector: str, number: int) -> Link:
    token = marker(record_id, item_uid, connector, number)
    return Link(token, item_uid, connector, number, token, None, "", "", "planned")
