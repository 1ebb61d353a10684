"""Gathers what the record knows about a link, for the pure decisions."""

from __future__ import annotations

import json
from collections.abc import Iterator

from ...mapping.item import PoamItem
from ...mapping.profiles import PROFILES
from ..errors import ConfigError
from ..record.database import Database
from ..record.items import load
from ..record.kinds import Link, Request
from ..record.mirrors import bases_of, open_conflicts, sighting_of
from ..record.owed import payloads, refused_writes
from ..record.past import last_word_on_work, last_words
from ..record.rows import rows
from ..settings.config import Config
from .steps import View, WorkDecision


def view_of(database: Database, config: Config, link: Link, item: PoamItem | None = None) -> View:
    """Everything known about one link."""
    item = item or load(database, "uid = ?", (link.item_uid,))[0]
    return View(
        item=item,
        profile=PROFILES[profile_id(config, item)],
        link=link,
        sighting=sighting_of(database, link),
        bases=bases_of(database, link.id),
        requests=tuple(rows(database, Request, "item_uid = ?", (item.uid,))),
        conflicts=tuple(open_conflicts(database, link.id)),
        refused=refused_writes(database, link.id),
        sent=frozenset(_sent(database, link.id)),
        decision=_decision(database, config, item),
        forecast_said=_forecast_said(database, item),
    )


def profile_id(config: Config, item: PoamItem) -> str:
    """The profile of the item's system. Raises ConfigError: without its system nobody knows an item's rules."""
    system = config.system(item.system_id)
    if system is None:
        raise ConfigError(f"{item.poam_id} is of {item.system_id}, which the configuration does not name")
    return system.profile


def _decision(database: Database, config: Config, item: PoamItem) -> WorkDecision | None:
    last = last_word_on_work(database, item.uid)
    if last is None:
        return None
    return WorkDecision(last.source, last.new or "", last.reason, config.day(item.system_id, last.at))


def _forecast_said(database: Database, item: PoamItem) -> int:
    here, there = last_words(database, item.uid, "forecast_date")
    return here.seq if here and (there is None or here.seq > there.seq) else 0


def _sent(database: Database, link_id: str) -> Iterator[tuple[str, str | None]]:
    """Every value we ever wrote to the issue: how an echo is told from a person using our account."""
    for payload in payloads(database, link_id):
        written = json.loads(payload)
        for name in ("title", "due_date", "status"):
            if written.get(name) is not None:
                yield (name, written[name] or None)
