"""Sends what the outbox owes one connector. Safe to be killed at any point and run again.

A create is committed as SENDING before its bytes leave, and its link is stored in the transaction that clears it. One
whose fate is unknown is never sent again before the tracker, asked late enough, does not have it. An edit is never
replayed: the issue is read, the edit is planned anew, and what was written is read back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..connectors.base import Created, Issue, Tracker
from ..connectors.errors import Forbidden, Gone, RateLimited, Rejected, Stale, TrackerError, Unavailable, Unsettled
from .commit import commit, daemon, owe_edit, raise_conflict, settle, written
from .config import Config
from .errors import MassChange
from .missing import becomes_missing
from .observe import iso, later, rules_for
from .plan import MIRRORED_STATES, first_draft, is_ours, look
from .record.mirrors import Link, Owed, keep, remembered, rows, unsettled
from .record.record import Record
from .record.unit import Unit
from .steps import NO_FIELDS, Fields, Look, NewConflict, Rules
from .views import sighting_of, view_of

OUTAGE = 3  # so many issues in a row that cannot be written mean that none can
PAUSE = timedelta(minutes=5)  # for an issue that could not be written, so that it does not stand before the others
OVERLAP_MINUTES = {"jira": 15, "github": 10}


@dataclass(slots=True)
class Delivery:
    """What was sent, and the error that stopped the rest, if one did."""

    created: int = 0
    edited: int = 0
    refused: int = 0
    error: TrackerError | MassChange | None = None
    failed_in_a_row: int = 0
    looks: list[Look] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Postman:
    """Everything a delivery to one connector needs."""

    record: Record
    config: Config
    tracker: Tracker
    rules: Rules
    clock: Callable[[], datetime]
    cycle: str

    def deliver(self) -> Delivery:
        """Sends every write that is due. Trouble with one issue does not keep the others waiting; an outage does."""
        delivery = Delivery()
        due = [owed for owed in unsettled(self.record.db, self.rules.connector) if owed.not_before <= self.now]
        try:
            postman = self._with_fresh_visibility() if due else self
            for owed in due:
                postman._try(owed, delivery)
            postman._read_new_ones(delivery)
        except TrackerError as error:
            delivery.error = delivery.error or error
        return delivery

    @property
    def now(self) -> str:
        """The current instant."""
        return iso(self.clock())

    def _with_fresh_visibility(self) -> Postman:
        """Asks who can read the place before anything is written there: it may have been made public."""
        key, visibility = f"visibility:{self.rules.connector}", self.tracker.visibility()
        if visibility == remembered(self.record.db, key):
            return self
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            unit.put("meta", {"key": key, "value": visibility})
        rules = rules_for(self.config, self.rules.connector, self.tracker, self.rules.me, visibility)
        return replace(self, rules=rules)

    def _try(self, owed: Owed, delivery: Delivery) -> None:
        """One poisoned issue waits by itself while the rest goes on; several in a row are an outage."""
        try:
            self._send(owed, delivery)
            delivery.failed_in_a_row = 0
        except RateLimited:
            raise
        except TrackerError as error:
            delivery.failed_in_a_row += 1
            if delivery.failed_in_a_row >= OUTAGE:
                raise
            delivery.error = delivery.error or error
            self._keep(self._as_it_stands(owed), not_before=later(self.now, PAUSE))

    def _send(self, owed: Owed, delivery: Delivery) -> None:
        link = rows(self.record.db, Link, "id = ?", (owed.link_id,))[0]
        if owed.operation == "create" and owed.state != "PENDING" and not self._never_arrived(owed, link):
            return  # and a question that could not be asked has proved nothing: its error leaves the state as it is
        try:
            if owed.operation == "edit":
                self._edit(owed, link, delivery)
            else:
                self._create(owed, link, delivery)
        except Unsettled as error:
            self._keep(self._as_it_stands(owed), state="UNKNOWN", last_error=str(error))
        except Stale as error:
            self._keep(self._as_it_stands(owed), state="PENDING", last_error=str(error))
        except Forbidden as error:  # it concerns every write: nothing was applied, and somebody has to look
            self._keep(self._as_it_stands(owed), state="PENDING", last_error=str(error))
            raise
        except Gone as error:
            self._missed(owed, link, error)
        except Rejected as error:
            delivery.refused += 1
            self._refused(self._as_it_stands(owed), link, error)

    def _as_it_stands(self, owed: Owed) -> Owed:
        return rows(self.record.db, Owed, "id = ?", (owed.id,))[0]

    # --- creates

    def _create(self, owed: Owed, link: Link, delivery: Delivery) -> None:
        view = view_of(self.record.db, self.config, link)
        if view.item.state not in MIRRORED_STATES:
            self._done(owed)  # decided before an engineer could see it
            return
        draft = first_draft(view, self.rules)
        deadline = later(self.now, self.config.sync.limits.send_deadline)
        sending = self._keep(
            owed, state="SENDING", payload=written(draft), send_deadline=deadline, attempts=owed.attempts + 1
        )
        if self.now > deadline:  # the process slept between commit and send: what we know of the tracker is too old
            self._keep(sending, state="PENDING")
            return
        try:
            created = self.tracker.create(draft)
        except Unavailable as error:
            self._keep(sending, state="PENDING", last_error=str(error))
            raise
        self._bind(sending, link, created, delivery)
        delivery.created += 1

    def _bind(self, owed: Owed, link: Link, created: Created, delivery: Delivery) -> None:
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            bind(unit, link, created)
            settle(unit, owed)
        if created.issue is not None:
            self._first_look(link.id, created.issue, delivery)

    def _never_arrived(self, owed: Owed, link: Link) -> bool:
        """Asks the tracker for an issue with our marker; only a search begun late enough proves that there is none."""
        began = self.now
        hits = self.tracker.find(link.marker, since=later(owed.created_at, -timedelta(days=1)))
        if hits:
            self._adopt(owed, link, hits[0])
            for twin in hits[1:]:
                self._report_twin(link, twin)
            return False
        limits, settings = self.config.sync.limits, self.config.connectors[self.rules.connector]
        overlap = OVERLAP_MINUTES[settings.type] if settings.overlap_minutes is None else settings.overlap_minutes
        wait = timedelta(seconds=settings.timeout_seconds, minutes=overlap) + limits.in_flight
        if began >= later(owed.send_deadline, wait):
            return True
        if owed.state != "UNKNOWN":
            self._keep(owed, state="UNKNOWN", last_error="the process stopped while sending")
        return False

    def _adopt(self, owed: Owed, link: Link, issue: Issue) -> None:
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            bind(unit, link, Created(issue.id, issue.key, issue.url))
            settle(unit, owed, note="found at the tracker by its marker")

    def _report_twin(self, link: Link, twin: Issue) -> None:
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            report_twin(unit, link, twin)

    def _read_new_ones(self, delivery: Delivery) -> None:
        """New issues whose answer held only their identity are read back together."""
        unseen = "connector = ? AND state = 'live' AND id NOT IN (SELECT link_id FROM sightings WHERE version <> '')"
        links = {
            link.remote_id: link
            for link in rows(self.record.db, Link, unseen, (self.rules.connector,))
            if link.remote_id
        }
        for issue in self.tracker.get_many(list(links)) if links else ():
            self._first_look(links[issue.id].id, issue, delivery)

    def _first_look(self, link_id: str, issue: Issue, delivery: Delivery) -> None:
        """The record may have moved on since the create was sent, or a person at the tracker: then an edit is owed."""
        each = self._ingest(link_id, issue, delivery)
        if each is not None and each.edit is not None:
            with self.record.unit(at=self.now, cycle=self.cycle) as unit:
                owe_edit(unit, each)

    # --- edits

    def _edit(self, owed: Owed, link: Link, delivery: Delivery) -> None:
        issue = self.tracker.get(link.remote_id or "")
        if not is_ours(issue, link, self.rules.me):
            raise Gone(f"{issue.key} at {self.rules.connector} is not the issue that mirrors this item")
        each = self._ingest(link.id, issue, delivery)
        if each is None:
            return  # the answer was older than what we have seen: look again next time
        if each.edit is None:
            self._done(owed)
            return
        sending = self._keep(owed, state="SENDING", payload=written(each.edit), attempts=owed.attempts + 1)
        try:
            edited = self.tracker.edit(issue.id, each.edit)
        except Unavailable as error:
            self._keep(sending, state="PENDING", last_error=str(error))
            raise
        after = self._ingest(link.id, edited, delivery, wrote=each.edited_fields)
        delivery.edited += 1
        if after is not None and after.edit is None:
            self._done(sending)
        else:
            self._keep(sending, state="PENDING")

    def _ingest(self, link_id: str, issue: Issue, delivery: Delivery, *, wrote: Fields = NO_FIELDS) -> Look | None:
        link = rows(self.record.db, Link, "id = ?", (link_id,))[0]
        each = look(view_of(self.record.db, self.config, link), issue, self.rules, self.now, wrote=wrote)
        if each is not None:
            with self.record.unit(at=self.now, cycle=self.cycle) as unit:
                commit(unit, self.config, each)
            delivery.looks.append(each)
        return each

    # --- what may go wrong with one issue

    def _missed(self, owed: Owed, link: Link, error: Gone) -> None:
        """A 404 has many causes, none of which closes an item: only several looks over time make an issue missing."""
        limits = self.config.sync.limits
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            missing = note_missing(unit, self.config, link, str(error))
            if missing:
                keep(unit, replace(owed, state="FAILED", last_error=str(error)))
            else:
                wait = later(self.now, limits.missing_over / limits.missing_looks)
                keep(unit, replace(owed, state="PENDING", not_before=wait, last_error=str(error)))

    def _refused(self, owed: Owed, link: Link, error: Rejected) -> None:
        conflict = NewConflict(error.field or "issue", None, owed.payload, str(error), None, "refused")
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            keep(unit, replace(owed, state="FAILED", last_error=str(error)))
            raise_conflict(unit, link, conflict, by=daemon(link.connector))

    def _done(self, owed: Owed) -> None:
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            settle(unit, owed)

    def _keep(self, owed: Owed, **changes: str | int) -> Owed:
        changed = replace(owed, **changes)  # type: ignore[arg-type]
        with self.record.unit(at=self.now, cycle=self.cycle) as unit:
            keep(unit, changed)
        return changed


def bind(unit: Unit, link: Link, created: Created) -> None:
    """Stores which issue mirrors the item."""
    values = {"remote_id": created.id, "remote_key": created.key, "url": created.url, "state": "live"}
    unit.change(daemon(link.connector), "links", link.id, values, reason="mirrored")


def report_twin(unit: Unit, link: Link, twin: Issue) -> None:
    """A second issue with our marker: told to a person, who closes it."""
    told = f"{twin.key} {twin.url} carries the same marker and was written by our own account"
    conflict = NewConflict(f"twin {twin.id}", twin.id, link.remote_key, told, None, "refused")
    raise_conflict(unit, link, conflict, by=daemon(link.connector))


def note_missing(unit: Unit, config: Config, link: Link, told: str) -> bool:
    """Counts a look that did not find the issue; True once that makes it missing. The item is not touched."""
    known = sighting_of(unit.db, link)
    keep(unit, replace(known, missing_looks=known.missing_looks + 1, missing_since=known.missing_since or unit.at))
    if not becomes_missing(known, unit.at, config.sync.limits):
        return False
    unit.change(daemon(link.connector), "links", link.id, {"state": "missing"}, reason=told)
    conflict = NewConflict("issue", None, link.remote_key, told, None, "missing")
    raise_conflict(unit, link, conflict, by=daemon(link.connector))
    return True
