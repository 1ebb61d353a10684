"""What people decide: transitions and requests. Each is one unit of work under the person's own name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ...mapping.dates import effective_due
from ...mapping.item import ChangeKind, MilestoneChange, PoamItem, State, WorkStatus
from ...mapping.later_dates import later_date_text
from ...mapping.life import Refused, RequestKind, Transition, accepting, check_transition, closure_reason
from ...mapping.profiles import PROFILES, Profile
from ..documents.files import evidence_of
from ..errors import InputError, NotAllowed
from ..looking.views import profile_id
from ..record.items import change_row, load
from ..record.journal import Author
from ..record.kinds import Conflict, Request
from ..record.mirrors import rows
from ..record.unit import Unit
from ..settings.config import Config
from ..settings.people import Identity, author
from .status_date import Value, dated
from .supporting_documents import with_evidence, withdrawn
from .work import asked_again, worked, workers


@dataclass(frozen=True, slots=True)
class Decider:
    """One person deciding something now: `today` is the calendar date of the item's system."""

    unit: Unit
    config: Config
    identity: Identity
    today: str

    @property
    def by(self) -> Author:
        """The person, for the journal."""
        return author(self.identity, "cli")

    def profile(self, item: PoamItem) -> Profile:
        """The rules of the item's system."""
        return PROFILES[profile_id(self.config, item)]

    def day(self, item: PoamItem, instant: str) -> str:
        """The calendar date of an instant in the time zone of the item's system."""
        return self.config.day(item.system_id, instant)

    def change(self, item: PoamItem, changes: Mapping[str, Value], *, reason: str, source: str = "") -> bool:
        """Changes an item, and its status date with it; whether anything changed."""
        values = dated(item, changes, self.today)
        return self.unit.change(self.by, "items", item.uid, values, reason=reason, source=source)

    def must_decide(self, what: str) -> None:
        """Raises NotAllowed unless this person's role can decide."""
        if not self.identity.may_decide:
            raise NotAllowed(
                f"{self.identity.person} is {self.identity.role} and cannot decide {what}",
                hint="an ISSO or AO has to do it",
            )


def transition(decider: Decider, item: PoamItem, to: State, *, reason: str, evidence: Sequence[str]) -> Transition:
    """Moves an item under the rules of its life.

    Raises NotAllowed with what is missing, InputError for evidence that is not there.
    """
    if to is State.PENDING_VERIFICATION and decider.identity.on_behalf_of:
        raise NotAllowed("a claim of work done is made in one's own name", hint="leave out --as")
    row = _allowed(decider, item, to, reason, evidence)
    for each in evidence:
        _keep_evidence(decider, item, each)
    changes = {"state": to, "status_date": decider.today, **_effects(decider, item, to, reason)}
    if to is State.CLOSED:
        proves = None if item.state is State.CLOSED else closure_reason(reason)
        changes["supporting_documents"] = with_evidence(item.supporting_documents, proves, evidence)
    decider.unit.change(decider.by, "items", item.uid, changes, reason=reason, source=row.id)
    if to is not item.state:
        _end_requests(decider, item, to)
        _end_conflicts(decider, item, to)
    return row


_SETTLED_BY = {
    State.CLOSED: tuple(RequestKind),
    State.RISK_ACCEPTED: tuple(RequestKind),
    State.OPEN: (RequestKind.REOPENED,),
}


def _end_requests(decider: Decider, item: PoamItem, to: State) -> None:
    """What waited for a decision on an item is settled by a decision on the item itself."""
    settled = _SETTLED_BY.get(to, ())
    waiting = rows(decider.unit.db, Request, "item_uid = ? AND state = 'waiting'", (item.uid,))
    for request in (request for request in waiting if request.kind in settled):
        reason = f"the item is {to.value}"
        decider.unit.change(decider.by, "requests", request.id, {"state": "superseded"}, reason=reason)


def _end_conflicts(decider: Decider, item: PoamItem, to: State) -> None:
    """Whose value of the work holds is no question any more once the item is closed: it stays as it was verified."""
    if to is not State.CLOSED:
        return
    disputed = "item_uid = ? AND state = 'open' AND policy IN ('tracker', 'record', 'manual')"
    for conflict in rows(decider.unit.db, Conflict, disputed, (item.uid,)):
        reason = "the item is closed"
        decider.unit.change(decider.by, "conflicts", conflict.id, conflict_ended(decider, reason), reason=reason)


def conflict_ended(decider: Decider, resolution: str) -> dict[str, str]:
    """A conflict that this person ended."""
    return {
        "state": "resolved",
        "resolution": resolution,
        "resolved_by": decider.identity.person,
        "resolved_at": decider.unit.at,
    }


def _allowed(decider: Decider, item: PoamItem, to: State, reason: str, evidence: Sequence[str]) -> Transition:
    """The rule that allows it, for everyone who stands behind the decision: also the one acted for."""
    found, did = None, workers(decider.unit.db, decider.config, item)
    for person in sorted(decider.identity.persons):
        try:
            found = check_transition(
                item,
                to,
                person=person,
                role=decider.identity.role,
                workers=did,
                reason=reason,
                evidence=evidence,
                profile=decider.profile(item),
            )
        except Refused as refused:
            raise NotAllowed(refused.message.rstrip("."), hint=refused.hint.rstrip(".")) from None
    if found is None:
        raise NotAllowed("nobody stands behind this decision", hint="say who you are: [people] in the configuration")
    return found


def _effects(decider: Decider, item: PoamItem, to: State, reason: str) -> dict[str, str | int | None]:
    """What else a transition changes."""
    if to is State.PENDING_VERIFICATION:
        at = item.work_done_at or decider.unit.at  # a claim that gets its name stopped the clock when it was made
        return worked(item, WorkStatus.DONE, at=at, by=decider.identity.person)
    if to is State.CLOSED and item.state is not State.CLOSED:
        done = decider.day(item, item.work_done_at) if item.work_done_at else decider.today
        return {"closure_reason": closure_reason(reason), "actual_completion_date": done}
    if to is State.OPEN and item.state is State.SUBMITTED:
        return {"baselined_at": decider.unit.at}
    if to is State.OPEN and item.state in (State.PENDING_VERIFICATION, State.CLOSED):
        ended = {"closure_reason": "", "actual_completion_date": None}
        documents = {"supporting_documents": withdrawn(item.supporting_documents)}
        return asked_again(decider.unit.db, item) | ended | documents
    return {}


def _keep_evidence(decider: Decider, item: PoamItem, given: str) -> None:
    kind, reference, sha256 = evidence_of(given)
    row = {
        "id": f"{item.uid}:{decider.unit.next_seq}",
        "item_uid": item.uid,
        "state": "accepted",
        "kind": kind,
        "reference": reference,
        "sha256": sha256,
        "added_by": decider.identity.person,
        "added_at": decider.unit.at,
    }
    decider.unit.create(decider.by, "evidence", row)


def waiting_request(decider: Decider, number: int) -> tuple[Request, PoamItem]:
    """The waiting request of that number and its item. Raises InputError, NotAllowed (own request, no role)."""
    found = rows(decider.unit.db, Request, "id = ?", (number,))
    if not found:
        raise InputError(f"there is no request {number}", hint="poam requests lists them")
    request = found[0]
    if request.state != "waiting":
        raise InputError(f"request {number} is {request.state} already", hint="poam requests lists the waiting ones")
    decider.must_decide(f"request {number}")
    if request.requested_by in decider.identity.persons:
        raise NotAllowed(
            f"{request.requested_by} asked for request {number} and cannot decide it", hint="somebody else has to"
        )
    return request, load(decider.unit.db, "uid = ?", (request.item_uid,))[0]


def approve(decider: Decider, number: int, *, reason: str = "") -> str:
    """Approves a request and does what follows; returns one sentence that says what that was."""
    request, item = waiting_request(decider, number)
    kind = RequestKind(request.kind)
    _decide(decider, request, item, "approved", reason)
    return {
        RequestKind.LATER_DATE: _approve_date,
        RequestKind.REOPENED: _approve_reopening,
        RequestKind.CANNOT_REPRODUCE: _approve_false_positive,
        RequestKind.DECLINED: _acknowledge_declined,
        RequestKind.DUPLICATE: _acknowledge_duplicate,
    }[kind](decider, request, item, reason)


def _approve_date(decider: Decider, request: Request, item: PoamItem, reason: str) -> str:
    profile, asked = decider.profile(item), request.requested_date or ""
    known = request.requested_by in decider.config.people
    who = request.requested_by if known else request.requested_by_name or request.requested_by
    due = effective_due(item, profile)
    why = later_date_text(asked, due, reason, who, _decider_named(decider), extended=profile.extensions)
    add_milestone_change(decider, item, asked, why)
    if not profile.extensions:
        return (
            f"{item.poam_id}: acknowledged, not extended: {profile.name} knows no extensions. The milestone change "
            f"to {asked} is recorded; the due date stays {due} and lateness counts from there"
        )
    extended = {"approved_extension_date": asked}
    decider.change(item, extended, reason=why, source=f"request {request.id}")
    due = effective_due(replace(item, approved_extension_date=asked), profile)
    stricter = f"; a stricter date holds: {due}" if due and due < asked else ""
    return f"{item.poam_id}: extended to {asked}{stricter}"


def _decider_named(decider: Decider) -> str:
    """Who decided, and who entered it for them."""
    who = decider.identity
    return f"{who.on_behalf_of} (entered by {who.person})" if who.on_behalf_of else who.person


def add_milestone_change(decider: Decider, item: PoamItem, date: str, why: str) -> None:
    """Appends an Update of the item's last milestone, or a New one where it has none (Completion Guide, column N)."""
    last = max(item.milestones, key=lambda each: each.scheduled_completion_date, default=None)
    change = (
        MilestoneChange(last.number, ChangeKind.UPDATE, date, why)
        if last
        else MilestoneChange(1, ChangeKind.NEW, date, why)
    )
    row = change_row(item.uid, len(item.milestone_changes), change)
    decider.unit.create(decider.by, "milestone_changes", {**row, "item_uid": item.uid}, reason=why)


def _approve_reopening(decider: Decider, request: Request, item: PoamItem, reason: str) -> str:
    transition(decider, item, State.OPEN, reason=reason.strip() or "reopened at the tracker", evidence=())
    return f"{item.poam_id}: open again, with its original dates"


def _approve_false_positive(decider: Decider, request: Request, item: PoamItem, reason: str) -> str:
    decider.change(item, {"false_positive": "pending"}, reason="cannot be reproduced")
    return (
        f"{item.poam_id}: a false positive is pending; it stays open until the AO's decision is recorded with poam set"
    )


def _acknowledge_declined(decider: Decider, request: Request, item: PoamItem, reason: str) -> str:
    way = accepting(item, decider.profile(item)).rstrip(".")
    return f"{item.poam_id}: stays open (poam list --declined) until a decision on it is recorded. {way}"


def _acknowledge_duplicate(decider: Decider, request: Request, item: PoamItem, reason: str) -> str:
    return (
        f'{item.poam_id}: stays open; close it with poam transition {item.poam_id} closed --reason "duplicate: of ID"'
    )


def reject(decider: Decider, number: int, *, reason: str) -> str:
    """Rejects a request. A declined or unreproduced issue is asked for again: it is reopened at the tracker."""
    request, item = waiting_request(decider, number)
    if not reason.strip():
        raise InputError(
            f"request {number} needs a reason to be rejected", hint="add --reason TEXT: the engineer will read it"
        )
    _decide(decider, request, item, "rejected", reason)
    if request.kind in (RequestKind.DECLINED, RequestKind.DUPLICATE, RequestKind.CANNOT_REPRODUCE):
        decider.change(item, asked_again(decider.unit.db, item), reason=reason, source=f"request {number}")
        return f"{item.poam_id}: rejected; the issue is opened again with the next sync"
    if request.kind == RequestKind.LATER_DATE:
        return f"{item.poam_id}: rejected; the due date stays {effective_due(item, decider.profile(item))}"
    done: dict[str, Value] = {"work_status": WorkStatus.DONE, "work_status_version": item.work_status_version + 1}
    decider.change(item, done, reason=reason, source=f"request {number}")
    return f"{item.poam_id}: rejected; the item stays closed, and its issue is closed with the next sync"


def _decide(decider: Decider, request: Request, item: PoamItem, state: str, reason: str) -> None:
    decided = {
        "state": state,
        "decided_by": decider.identity.person,
        "decided_at": decider.unit.at,
        "decision_reason": reason,
    }
    decider.unit.change(decider.by, "requests", request.id, decided, reason=reason)
    decider.unit.change(decider.by, "items", item.uid, {"status_date": decider.today}, reason=f"request {request.id}")
