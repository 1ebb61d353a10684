"""Stores one step of a plan: facts with their journal rows, and the engine's memory, in one unit of work."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from ..mapping.item import WorkStatus
from ..mapping.life import UNATTRIBUTED, RequestKind
from .conflicts import end_by_itself, raise_conflict
from .looking.comments import COMMAND
from .looking.existence import becomes_missing
from .looking.steps import ItemChange, NewConflict, NewEvidence, NewRequest, Observed, Step, View
from .record.journal import Author
from .record.kinds import Link, Request
from .record.mirrors import forget_answers, keep_base, links_with_issue, sighting_of, waiting_requests
from .record.rows import keep
from .record.unit import Unit
from .settings.config import Config
from .settings.people import author, daemon, person_of
from .status_date import dated


def engineer(config: Config, connector: str, observed: Observed | None) -> Author:
    """The person behind what was observed; where the tracker names nobody, that is said."""
    if observed is None:
        return daemon(connector)
    account = (observed.account and observed.account.id) or UNATTRIBUTED
    return author(person_of(config, connector, account), f"sync:{connector}")


def commit(unit: Unit, config: Config, step: Step) -> None:
    """Stores one step. What it does not change is not written, so a step without news leaves no trace."""
    link = step.view.link
    for one in step.observed:
        _observe(unit, config, link, one)
    for conflict in step.conflicts:
        raise_conflict(unit, link, conflict, by=engineer(config, link.connector, conflict.because))
    for change in step.item_changes:
        _change_item(unit, config, step.view, change)
    for request in step.requests:
        _queue(unit, config, step, request)
    for kind, because in step.withdrawn.items():
        _supersede(unit, config, step, kind, because, "taken back")
    for settled in step.settled_conflicts:
        end_by_itself(unit, link, settled)
    if link.state == "missing":
        unit.change(daemon(link.connector), "links", link.id, {"state": "live"}, reason="seen again")
    if link.remote_key != step.issue.key:
        named = {"remote_key": step.issue.key, "url": step.issue.url}
        unit.change(daemon(link.connector), "links", link.id, named, reason="it has another key now")
    for found in step.evidence:
        _may_prove(unit, config, link, found)
    for answer in step.answers:
        keep(unit, answer)
    forget_answers(unit, link.id, step.answered)
    for name, base in step.bases.items():
        keep_base(unit, link.id, name, base)
    if step.sighting != step.view.sighting:
        keep(unit, step.sighting)


def _observe(unit: Unit, config: Config, link: Link, one: Observed) -> None:
    """Keeps what a person did, whatever becomes of it: the time is the tracker's own."""
    by = engineer(config, link.connector, one)
    who = f" by {one.account.name or one.account.id}" if one.account and one.field == COMMAND else ""
    done = f"said there{who}" if one.is_said else "done there"
    told = f"seen at {link.remote_key}" + (f", {done} at {one.at}" if one.at else "")
    unit.note_observed(by, link.id, link.item_uid, one.field, one.old, one.new, reason=told, source=one.source)


def _change_item(unit: Unit, config: Config, view: View, change: ItemChange) -> None:
    item, link = view.item, view.link
    values: dict[str, Any] = dated(item, change.values, config.day(item.system_id, unit.at))
    by = engineer(config, link.connector, change.because)
    if values.get("work_status") is WorkStatus.DONE and "work_done_by" in values:
        values["work_done_by"] = by.person  # the person, not the account: who did the work may not verify it
    unit.change(by, "items", link.item_uid, values, reason=change.reason, source=change.because.source)
    if values.get("work_status") is WorkStatus.DONE:
        _claim(unit, by, link, change)


def _claim(unit: Unit, by: Author, link: Link, change: ItemChange) -> None:
    """Each of the item's issues is candidate evidence of the work that the last one claims; a person accepts it, or
    something better.
    """
    for each in links_with_issue(unit.db, link.item_uid):
        _add_candidate(unit, by, each, "issue", each.url or each.remote_key, change.because.source, change.reason)


def _may_prove(unit: Unit, config: Config, link: Link, found: NewEvidence) -> None:
    by, because = engineer(config, link.connector, found.because), found.because
    told = f"seen at {link.remote_key}" + (f", of {because.at}" if because.at else "")
    _add_candidate(unit, by, link, found.kind, found.reference, because.source, told)


def _add_candidate(unit: Unit, by: Author, link: Link, kind: str, reference: str, source: str, reason: str) -> None:
    row = {
        "id": f"{link.id}:{source}:{unit.next_seq}",
        "item_uid": link.item_uid,
        "state": "candidate",
        "kind": kind,
        "reference": reference,
        "sha256": "",
        "added_by": by.person,
        "added_at": unit.at,
    }
    unit.create(by, "evidence", row, reason=reason, source=source)


def _queue(unit: Unit, config: Config, step: Step, new: NewRequest) -> None:
    _supersede(unit, config, step, new.kind, new.because, "asked anew")
    by, link = engineer(config, step.view.link.connector, new.because), step.view.link
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
        reason=new.because.reason,
        source=new.because.source,
        decided_by="",
        decided_at=None,
        decision_reason="",
    )
    unit.create(by, "requests", asdict(row), source=new.because.source)


def _supersede(unit: Unit, config: Config, step: Step, kind: RequestKind, because: Observed, why: str) -> None:
    link, ended = step.view.link, {"state": "superseded"}
    for request in waiting_requests(unit.db, link.item_uid):
        if request.kind == kind:
            by = engineer(config, link.connector, because)
            unit.change(by, "requests", request.id, ended, reason=why, source=because.source)


def note_missing(unit: Unit, config: Config, link: Link, told: str) -> bool:
    """Counts a look that did not find the issue; True once that makes it missing. The item is not touched."""
    known = sighting_of(unit.db, link)
    keep(unit, replace(known, missing_looks=known.missing_looks + 1, missing_since=known.missing_since or unit.at))
    if not becomes_missing(known, unit.at, config.sync.limits):
        return False
    by = daemon(link.connector)
    unit.change(by, "links", link.id, {"state": "missing"}, reason=told)
    raise_conflict(unit, link, NewConflict("issue", None, link.remote_key, told, None, "missing"), by=by)
    return True
