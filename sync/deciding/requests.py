"""Answers requests: what engineers asked for at the trackers is approved or rejected, and something follows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from ...mapping.comment_commands import vendor_in
from ...mapping.consequences import REFUSALS
from ...mapping.dates import effective_due
from ...mapping.item import ChangeKind, Decision, MilestoneChange, PoamItem, State, WorkStatus
from ...mapping.later_dates import later_date_text
from ...mapping.life import RequestKind, accepting
from ..errors import InputError, NotAllowed
from ..record.items import change_row, load
from ..record.kinds import Request
from ..record.rows import rows
from .decider import Decider
from .several import declined_asked_again
from .transitions import transition
from .work import moved_to


@dataclass(frozen=True, slots=True)
class Answer:
    """A request, its item as it was before, and why it was decided so."""

    request: Request
    item: PoamItem
    reason: str

    @property
    def source(self) -> str:
        """The request, as the journal names it."""
        return f"request {self.request.id}"

    @property
    def why(self) -> str:
        """What the decision says; where it says nothing, what was asked for with."""
        return self.reason.strip() or self.request.reason


Follows = Callable[[Decider, Answer], str]  # does what follows from an answer, and says it in one sentence


def approve(decider: Decider, number: int, *, reason: str = "") -> str:
    """Approves a request and does what follows; returns one sentence that says what that was."""
    answer = _waiting(decider, number, reason)
    _decide(decider, answer, "approved")
    return _APPROVED[RequestKind(answer.request.kind)](decider, answer)


def reject(decider: Decider, number: int, *, reason: str) -> str:
    """Rejects a request. A declined or unreproduced issue is asked for again: it is reopened at the tracker."""
    answer = _waiting(decider, number, reason)
    if not reason.strip():
        raise InputError(
            f"request {number} needs a reason to be rejected", hint="add --reason TEXT: the engineer will read it"
        )
    _decide(decider, answer, "rejected")
    return _REJECTED[RequestKind(answer.request.kind)](decider, answer)


def _waiting(decider: Decider, number: int, reason: str) -> Answer:
    """The waiting request of that number. Raises InputError, NotAllowed (own request, no role)."""
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
    return Answer(request, load(decider.unit.db, "uid = ?", (request.item_uid,))[0], reason)


def _decide(decider: Decider, answer: Answer, state: str) -> None:
    decided = {
        "state": state,
        "decided_by": decider.identity.person,
        "decided_at": decider.unit.at,
        "decision_reason": answer.reason,
    }
    decider.unit.change(decider.by, "requests", answer.request.id, decided, reason=answer.reason)
    today = {"status_date": decider.today}
    decider.unit.change(decider.by, "items", answer.item.uid, today, reason=answer.source)


def _extend(decider: Decider, answer: Answer) -> str:
    request, item = answer.request, answer.item
    profile, asked = decider.profile(item), request.requested_date or ""
    known = request.requested_by in decider.config.people
    who = request.requested_by if known else request.requested_by_name or request.requested_by
    due = effective_due(item, profile)
    why = later_date_text(asked, due, answer.why, who, _decider_named(decider), extended=profile.extensions)
    add_milestone_change(decider, item, asked, why)
    if not profile.extensions:
        return (
            f"{item.poam_id}: acknowledged, not extended: {profile.name} knows no extensions. The milestone change "
            f"to {asked} is recorded; the due date stays {due} and lateness counts from there"
        )
    decider.change(item, {"approved_extension_date": asked}, reason=why, source=answer.source)
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


def _reopen(decider: Decider, answer: Answer) -> str:
    why = answer.reason.strip() or "reopened at the tracker"
    transition(decider, answer.item, State.OPEN, reason=why, evidence=())
    return f"{answer.item.poam_id}: open again, with its original dates"


def _ask_the_official(decider: Decider, answer: Answer) -> str:
    why = answer.reason.strip() or "cannot be reproduced"
    decider.change(answer.item, {"false_positive": "pending"}, reason=why, source=answer.source)
    return f"{answer.item.poam_id}: {_PENDING}"


_PENDING = "a false positive is pending; it stays open until the AO's decision is recorded with poam set"


def _wait_for_vendor(decider: Decider, answer: Answer) -> str:
    product, case = vendor_in(answer.request.reason)
    day = _checked_in(decider, answer)
    waits: dict[str, str | int | None] = {"vendor_dependency": 1, "vendor_dependent_product": product, **day}
    decider.change(answer.item, waits, reason=answer.why, source=answer.source)
    told = f"{answer.item.poam_id}: waits for its vendor to mend {product}{f' (case {case})' if case else ''}"
    return f"{told}; ask the vendor every 30 days, and say so with poam set or /poam checkin"


def _check_in(decider: Decider, answer: Answer) -> str:
    day = _checked_in(decider, answer)
    decider.change(answer.item, day, reason=answer.why, source=answer.source)
    waits = "" if answer.item.vendor_dependency else "; it does not wait for a vendor, as far as the record says"
    return f"{answer.item.poam_id}: the vendor was last asked on {day['last_vendor_check_in']}{waits}"


def _checked_in(decider: Decider, answer: Answer) -> dict[str, str]:
    """The day of the comment, which is none to come whatever the tracker's clock says; a later one that is known
    holds.
    """
    said = min(decider.day(answer.item, answer.request.requested_at), decider.today)
    return {"last_vendor_check_in": max(said, answer.item.last_vendor_check_in or "")}


def _submit_false_positive(decider: Decider, answer: Answer) -> str:
    item, why = answer.item, answer.request.reason
    if item.false_positive is Decision.YES:
        raise InputError(
            f"{item.poam_id} is an approved false positive already",
            hint=f"reject request {answer.request.id}, or close the item",
        )
    told = f"False Positive: {why}"
    known = item.deviation_rationale
    rationale = known if told in known.split("\n") else "\n".join(filter(None, (known, told)))
    submitted = {"false_positive": Decision.PENDING, "deviation_rationale": rationale}
    decider.change(item, submitted, reason=answer.why, source=answer.source)
    return f"{item.poam_id}: {_PENDING}"


def _acknowledge_declined(decider: Decider, answer: Answer) -> str:
    item = answer.item
    way = accepting(item, decider.profile(item)).rstrip(".")
    return f"{item.poam_id}: stays open (poam list --declined) until a decision on it is recorded. {way}"


def _acknowledge_duplicate(decider: Decider, answer: Answer) -> str:
    poam_id = answer.item.poam_id
    return f'{poam_id}: stays open; close it with poam transition {poam_id} closed --reason "duplicate: of ID"'


def _ask_again(decider: Decider, answer: Answer) -> str:
    item = answer.item
    asked = declined_asked_again(decider, item)
    decider.change(item, asked, reason=answer.reason, source=answer.source)
    return f"{item.poam_id}: rejected; the issue is opened again with the next sync"


def _keep_the_date(decider: Decider, answer: Answer) -> str:
    due = effective_due(answer.item, decider.profile(answer.item))
    return f"{answer.item.poam_id}: rejected; the due date stays {due}"


def _nothing_follows(decider: Decider, answer: Answer) -> str:
    return f"{answer.item.poam_id}: rejected; nothing changes in the record"


def _keep_closed(decider: Decider, answer: Answer) -> str:
    done = moved_to(answer.item, WorkStatus.DONE)
    decider.change(answer.item, done, reason=answer.reason, source=answer.source)
    return f"{answer.item.poam_id}: rejected; the item stays closed, and its issue is closed with the next sync"


_APPROVED: Mapping[RequestKind, Follows] = {
    RequestKind.LATER_DATE: _extend,
    RequestKind.REOPENED: _reopen,
    RequestKind.CANNOT_REPRODUCE: _ask_the_official,
    RequestKind.DECLINED: _acknowledge_declined,
    RequestKind.DUPLICATE: _acknowledge_duplicate,
    RequestKind.VENDOR_DEPENDENCY: _wait_for_vendor,
    RequestKind.VENDOR_CHECK_IN: _check_in,
    RequestKind.FALSE_POSITIVE: _submit_false_positive,
}
_REJECTED: Mapping[RequestKind, Follows] = {
    RequestKind.LATER_DATE: _keep_the_date,
    RequestKind.REOPENED: _keep_closed,
    **dict.fromkeys(REFUSALS, _ask_again),
    **dict.fromkeys(
        (RequestKind.VENDOR_DEPENDENCY, RequestKind.VENDOR_CHECK_IN, RequestKind.FALSE_POSITIVE), _nothing_follows
    ),
}
