"""Writes what a look decided: facts with their journal rows, the engine's memory and the owed edit, in one unit."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from typing import Any

from ..connectors.base import Draft, Edit
from ..mapping.item import WorkStatus
from ..mapping.life import RequestKind
from .config import Config
from .people import SYSTEM, author, person_of
from .record.items import load
from .record.journal import Author
from .record.mirrors import Link, Owed, Request, keep, keep_base, rows
from .record.unit import Unit
from .steps import ItemChange, Look, NewConflict, NewRequest, Observed


def daemon(connector: str) -> Author:
    """The daemon's own hand: it restores and reports, and approves nothing."""
    return author(SYSTEM, f"sync:{connector}")


def engineer(config: Config, connector: str, observed: Observed | None) -> Author:
    """The person behind what was observed; where the tracker names nobody, that is said."""
    if observed is None:
        return daemon(connector)
    account = (observed.account and observed.account.id) or "unattributed"
    return author(person_of(config, connector, account), f"sync:{connector}")


def commit(unit: Unit, config: Config, look: Look) -> None:
    """Stores one look. What it does not change is not written, so a look without news leaves no trace."""
    link = look.view.link
    for one in look.observed:
        by = engineer(config, link.connector, one)
        unit.observe(
            by,
            link.id,
            link.item_uid,
            one.field,
            one.old,
            one.new,
            reason=f"seen at {link.remote_key}",
            source=one.source,
        )
    for conflict in look.conflicts:
        raise_conflict(unit, link, conflict, by=engineer(config, link.connector, conflict.because))
    for change in look.item_changes:
        _change_item(unit, config, link, change)
    for request in look.requests:
        _queue(unit, config, look, request)
    for kind, because in look.withdrawn.items():
        _supersede(unit, config, look, kind, because)
    for settled in look.settled_conflicts:
        resolved = {
            "state": "resolved",
            "resolution": "the tracker agrees again",
            "resolved_by": SYSTEM.person,
            "resolved_at": unit.at,
        }
        unit.change(daemon(link.connector), "conflicts", settled.id, resolved)
    if link.state == "missing":
        unit.change(daemon(link.connector), "links", link.id, {"state": "live"}, reason="seen again")
    for name, base in look.bases.items():
        keep_base(unit, link.id, name, base)
    if look.sighting != look.view.sighting:
        keep(unit, look.sighting)


def _change_item(unit: Unit, config: Config, link: Link, change: ItemChange) -> None:
    values: dict[str, Any] = dict(change.values)
    if "state" in values:
        values["status_date"] = config.day(load(unit.db, "uid = ?", (link.item_uid,))[0].system_id, unit.at)
    by = engineer(config, link.connector, change.because)
    if values.get("work_status") is WorkStatus.DONE:
        values["work_done_by"] = by.person  # the person, not the account: who did the work may not verify it
    unit.change(by, "items", link.item_uid, values, reason=change.reason, source=change.because.source)
    if values.get("work_status") is WorkStatus.DONE:
        _claim(unit, by, link, change.because)


def _claim(unit: Unit, by: Author, link: Link, because: Observed) -> None:
    """The issue itself is candidate evidence of the work it claims; a person accepts it, or something better."""
    row = {
        "id": f"{link.id}:{because.source}:{unit.next_seq}",
        "item_uid": link.item_uid,
        "state": "candidate",
        "kind": "issue",
        "reference": link.url or link.remote_key,
        "sha256": "",
        "added_by": by.person,
        "added_at": unit.at,
    }
    unit.create(by, "evidence", row, source=because.source)


def _queue(unit: Unit, config: Config, look: Look, new: NewRequest) -> None:
    _supersede(unit, config, look, new.kind, new.because)
    by, link = engineer(config, look.view.link.connector, new.because), look.view.link
    account = new.because.account
    row = Request(
        id=unit.next_id("requests"),
        item_uid=link.item_uid,
        link_id=link.id,
        kind=new.kind.value,
        state="waiting",
        due_date=new.due_date,
        requested_date=new.requested_date,
        requested_by=by.person,
        requested_by_name=(account.name or account.id) if account else "",
        requested_at=new.because.at or unit.at,
        reason="",
        source=new.because.source,
        decided_by="",
        decided_at=None,
        decision_reason="",
    )
    unit.create(by, "requests", asdict(row), source=new.because.source)


def _supersede(unit: Unit, config: Config, look: Look, kind: RequestKind, because: Observed) -> None:
    link = look.view.link
    waiting = rows(unit.db, Request, "item_uid = ? AND kind = ? AND state = 'waiting'", (link.item_uid, kind.value))
    for request in waiting:
        by = engineer(config, link.connector, because)
        unit.change(by, "requests", request.id, {"state": "superseded"}, reason="moved again", source=because.source)


def raise_conflict(unit: Unit, link: Link, new: NewConflict, *, by: Author) -> None:
    """Opens a conflict, or brings the open one of this field up to date."""
    told = {
        "base_value": new.base_value,
        "record_value": new.record_value,
        "tracker_value": new.tracker_value,
        "tracker_by": by.person if new.because else "",
        "tracker_at": new.because.at if new.because else "",
        "policy": new.policy,
    }
    last = unit.db.query(
        """SELECT person, at FROM journal WHERE entity = 'items' AND entity_id = ? AND field IN (?, '*')
           ORDER BY seq DESC LIMIT 1""",
        (link.item_uid, new.field),
    )
    ours = next(iter(last), {"person": "", "at": ""})
    who = {"record_by": ours["person"], "record_at": ours["at"]}
    known = unit.db.query(
        "SELECT id FROM conflicts WHERE link_id = ? AND field = ? AND state = 'open'", (link.id, new.field)
    )
    for row in known:
        unit.change(by, "conflicts", row["id"], {**told, **who})
        return
    opened = {
        "id": unit.next_id("conflicts"),
        "item_uid": link.item_uid,
        "link_id": link.id,
        "field": new.field,
        **told,
    }
    decided = {"state": "open", "resolution": "", "resolved_by": "", "resolved_at": None}
    unit.create(by, "conflicts", {**opened, **who, "raised_at": unit.at, **decided})


def owe_edit(unit: Unit, look: Look) -> None:
    """Notes that this issue needs an edit, unless that is noted already, or this very edit was refused before
    and nobody has done anything at the issue since.
    """
    if look.edit is not None and (look.observed or written(look.edit) not in look.view.refused):
        owe(unit, look.view.link, "edit")


def owe(unit: Unit, link: Link, operation: str) -> None:
    """A write is due at this issue. What it holds is decided when it is sent; one at a time is enough."""
    if not rows(unit.db, Owed, "link_id = ? AND state IN ('PENDING', 'SENDING', 'UNKNOWN')", (link.id,)):
        keep(unit, Owed(unit.next_id("outbox"), link.id, operation, "{}", "PENDING", 0, "", "", "", unit.at))


def written(what: Draft | Edit) -> str:
    """What is sent, as the outbox keeps it."""
    plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(what).items()}
    return json.dumps(plain, ensure_ascii=False)


def settle(unit: Unit, owed: Owed, *, note: str = "") -> None:
    """A write that is no longer owed."""
    keep(unit, replace(owed, state="DONE", last_error=note))
