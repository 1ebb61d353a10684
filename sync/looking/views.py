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
from ..record.mirrors import bases_of, evidence_of, open_answers, open_conflicts, sighting_of
from ..record.owed import owed_at, payloads, refused_writes
from ..record.past import claimed_before, last_word_on_work
from ..record.rows import rows
from ..settings.config import Config
from .stands import stands_of
from .steps import View, WorkDecision


def view_of(database: Database, config: Config, link: Link, item: PoamItem | None = None) -> View:
    """Everything known about one link."""
    item = item or load(database, "uid = ?", (link.item_uid,))[0]
    bases = bases_of(database, link.id)
    spoken, stand, others = stands_of(database, item, link, bases)
    return View(
        item=item,
        profile=PROFILES[profile_id(config, item)],
        link=link,
        sighting=sighting_of(database, link),
        bases=bases,
        requests=tuple(rows(database, Request, "item_uid = ?", (item.uid,))),
        conflicts=tuple(open_conflicts(database, link.id)),
        refused=refused_writes(database, link.id),
        sent=frozenset(_sent(database, link.id)),
        decision=_decision(database, config, item),
        forecast_said=spoken.holds,
        forecast_row=spoken.row,
        stand=stand,
        others=others,
        answers=tuple(open_answers(database, link.id)),
        evidence=evidence_of(database, item.uid),
        is_moving=_is_moving(database, link),
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
    own = not last.on_behalf_of and claimed_before(database, last) == last.person
    return WorkDecision(last.source, last.new or "", last.reason, config.day(item.system_id, last.at), own)


def _is_moving(database: Database, link: Link) -> bool:
    """An edit of the status that is under way, or that was refused on its way through a workflow, and stays there."""
    owed = owed_at(database, link.id)
    sent = [written for written in refused_writes(database, link.id) if written.startswith("{")]
    sent += [owed.payload] if owed is not None and owed.attempts > 0 else []
    return any(json.loads(written).get("status") is not None for written in sent)


def _sent(database: Database, link_id: str) -> Iterator[tuple[str, str | None]]:
    """Every value we ever wrote to the issue: how an echo is told from a person using our account."""
    for payload in payloads(database, link_id):
        written = json.loads(payload)
        for name in ("title", "due_date", "status"):
            if written.get(name) is not None:
                yield (name, written[name] or None)
