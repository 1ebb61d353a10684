"""Makes links: an item's place at a connector, with the marker that its issue will carry."""

from __future__ import annotations

from dataclasses import asdict, replace

from ...connectors.base import Issue
from ...mapping.item import PoamItem
from ...mapping.marker import marker
from ..record.database import Database
from ..record.kinds import Link
from ..record.mirrors import link_of, links_of_item, remembered
from ..record.unit import Unit
from ..settings.people import daemon
from .outbox import owe


def first_link(record_id: str, item: PoamItem, connector: str) -> Link:
    """The link of an item that is mirrored for the first time."""
    return _planned(record_id, item.uid, connector, 1)


def next_link(database: Database, link: Link) -> Link:
    """Another link of the same item at the same connector."""
    last = max(each.number for each in links_of_item(database, link))
    return _planned(remembered(database, "record_id") or "", link.item_uid, link.connector, last + 1)


def note_twin(unit: Unit, link: Link, twin: Issue) -> None:
    """Keeps a second issue of ours for one mirror as a retired link, which is closed in its turn: never taken for the
    mirror, never found again.
    """
    values = {"remote_id": twin.id, "remote_key": twin.key, "url": twin.url, "state": "retired"}
    retired, mirror = replace(next_link(unit.db, link), **values), link_of(unit.db, link.id)  # type: ignore[arg-type]
    unit.create(daemon(link.connector), "links", asdict(retired), reason=f"a second issue beside {mirror.remote_key}")
    owe(unit, retired, "retire")


def _planned(record_id: str, item_uid: str, connector: str, number: int) -> Link:
    token = marker(record_id, item_uid, connector, number)
    return Link(token, item_uid, connector, number, token, None, "", "", "planned")
