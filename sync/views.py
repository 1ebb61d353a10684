"""Gathers what the record knows about a link, for the pure decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ..mapping.item import PoamItem
from ..mapping.profiles import PROFILES
from .config import Config
from .record.database import Database
from .record.items import load
from .record.mirrors import Conflict, Link, Request, Sighting, bases_of, payloads, rows
from .steps import View


def view_of(database: Database, config: Config, link: Link, item: PoamItem | None = None) -> View:
    """Everything known about one link."""
    item = item or load(database, "uid = ?", (link.item_uid,))[0]
    conflicts = rows(database, Conflict, "link_id = ? AND state = 'open'", (link.id,))
    return View(
        item=item,
        profile=PROFILES[profile_id(config, item)],
        link=link,
        sighting=sighting_of(database, link),
        bases=bases_of(database, link.id),
        requests=tuple(rows(database, Request, "item_uid = ?", (item.uid,))),
        conflicts={conflict.field: conflict for conflict in conflicts},
        refused=frozenset(_refused(database, link.id)),
        sent=frozenset(_sent(database, link.id)),
    )


def _refused(database: Database, link_id: str) -> Iterator[str]:
    """The writes that the tracker would not take and that nobody has asked for again."""
    parked = "link_id = ? AND policy = 'refused' AND (state = 'open' OR resolution = 'tracker')"
    for conflict in rows(database, Conflict, parked, (link_id,)):
        if conflict.record_value is not None:
            yield conflict.record_value


def sighting_of(database: Database, link: Link) -> Sighting:
    """What was last seen of a link's issue."""
    found = rows(database, Sighting, "link_id = ?", (link.id,))
    return found[0] if found else Sighting(link.id)


def profile_id(config: Config, item: PoamItem) -> str:
    """The profile of the item's system; a system that left the configuration is treated as generic."""
    system = config.system(item.system_id)
    return system.profile if system else "generic"


def _sent(database: Database, link_id: str) -> Iterator[tuple[str, str | None]]:
    """Every value we ever wrote to the issue: how an echo is told from a person using our account."""
    for payload in payloads(database, link_id):
        written = json.loads(payload)
        for name in ("title", "due_date", "status"):
            if written.get(name) is not None:
                yield (name, written[name] or None)
