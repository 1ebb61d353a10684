"""Moves an item through its life, under the rules of mapping/life.py, with the evidence that a person gives."""

from __future__ import annotations

from collections.abc import Sequence

from ...mapping.item import PoamItem, State, WorkStatus
from ...mapping.life import Refused, RequestKind, Transition, check_transition, closure_reason
from ..errors import NotAllowed
from ..files import evidence_of
from ..record.kinds import Conflict
from ..record.rows import rows
from .decider import Decider
from .supporting_documents import ACCEPTANCE, EVIDENCE, VALIDATION, with_evidence, withdrawn
from .work import asked_again, worked, workers


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
    if kind := _document_type(item, to, reason):
        changes["supporting_documents"] = with_evidence(item.supporting_documents, kind, evidence)
    decider.unit.change(decider.by, "items", item.uid, changes, reason=reason, source=row.id)
    if to is not item.state:
        decider.end_requests(item, _ENDS.get(to, ()), f"the item is {to.value}")
        _end_conflicts(decider, item, to)
    return row


def _document_type(item: PoamItem, to: State, reason: str) -> str:
    """As what the evidence of a decision stands among the Supporting Documents; "" where it stands for no end."""
    if to is State.CLOSED:
        return VALIDATION if item.state is State.CLOSED else EVIDENCE[closure_reason(reason)]
    return ACCEPTANCE if to is State.RISK_ACCEPTED else ""


_ENDS = {
    State.CLOSED: tuple(RequestKind),
    State.RISK_ACCEPTED: tuple(RequestKind),
    State.OPEN: (RequestKind.REOPENED,),
}


def _end_conflicts(decider: Decider, item: PoamItem, to: State) -> None:
    """Whose value of the work holds is no question any more once the item is closed: it stays as it was verified."""
    if to is not State.CLOSED:
        return
    disputed = "item_uid = ? AND state = 'open' AND policy IN ('tracker', 'record', 'manual')"
    for conflict in rows(decider.unit.db, Conflict, disputed, (item.uid,)):
        reason = "the item is closed"
        decider.unit.change(decider.by, "conflicts", conflict.id, decider.ended(reason), reason=reason)


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
    if to is State.OPEN and item.state is not State.OPEN:
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
