"""What an issue tells its engineers about decisions: plain sentences inside our block of the body. Pure.

A sentence is told for as long as it holds: what the engineers do next takes it away.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...mapping.consequences import REFUSALS
from ...mapping.issue_text import Notice
from ...mapping.item import State, WorkStatus
from ...mapping.life import RequestKind
from ..record.kinds import Request
from .steps import NewRequest, View, WorkDecision

WAITS = "The later date {} is asked for and waits for a decision; until then the due date stands"
REJECTED = "The later date {} was not accepted"
EXTENDED = "The later date {} was approved"
ACKNOWLEDGED = "The later date {} is acknowledged as a milestone change, and the due date itself stands"
AGREED = "Your answer was accepted; nothing is to be done here unless this issue is opened again"
STILL_NEEDED = "The work is still needed"
STAYS_CLOSED = "Not opened again; the item stays closed"
NOT_ACCEPTED = {
    RequestKind.VENDOR_DEPENDENCY: "That the work waits for the vendor was not accepted",
    RequestKind.VENDOR_CHECK_IN: "The last check-in with the vendor was not accepted",
    RequestKind.FALSE_POSITIVE: "That this is a false positive was not accepted",
}
"""What a rejected request tells those who work, until it is made anew."""

TRANSITIONS = {
    "T7": "Not accepted as done on {}",
    "T10": "The risk is no longer accepted since {}, and the work is needed again",
    "T12": "Opened again on {}",
}
"""What a transition of mapping/life.py tells those who work; the others show in the item's state."""

BY_THE_CLAIMANT = {"T7": "The claim was taken back on {}"}
"""What it tells where whoever claimed the work done takes that back themselves: nobody refused anything."""

SET = {
    WorkStatus.NOT_STARTED: "The work status was set to not started on {}",
    WorkStatus.IN_PROGRESS: "The work status was set to in progress on {}",
    WorkStatus.BLOCKED: "The work status was set to blocked on {}",
}


def notices(view: View, new: tuple[NewRequest, ...]) -> tuple[Notice, ...]:
    """How the last request for a later date stands, what was last decided about the work, and what was asked for in
    vain.
    """
    return (*_date(view, new), *_work(view), *_asked_in_vain(view, new))


def _date(view: View, new: tuple[NewRequest, ...]) -> Iterator[Notice]:
    asked = [request.requested_date for request in new if request.kind is RequestKind.LATER_DATE]
    if asked:
        yield Notice(WAITS.format(asked[-1]))
        return
    last = _last(view, RequestKind.LATER_DATE)
    if last is not None and last.state == "waiting":
        yield Notice(WAITS.format(last.requested_date))
    elif last is not None and last.state in _DECIDED and view.item.state is State.OPEN:
        words = _DECIDED[last.state][view.profile.extensions]
        yield Notice(words.format(last.requested_date), last.decision_reason)


_DECIDED = {
    "rejected": {True: REJECTED, False: REJECTED},
    "approved": {True: EXTENDED, False: ACKNOWLEDGED},
}


def _work(view: View) -> Iterator[Notice]:
    match view.item.state, view.item.work_status:
        case State.OPEN, WorkStatus.WONT_DO:
            last = _last(view, *REFUSALS)
            if last is not None and last.state == "approved":
                yield Notice(AGREED, last.decision_reason)
        case State.OPEN, _ if view.decision:
            yield from _asked_again(view, view.decision)
        case State.CLOSED, _ if view.decision and view.decision.source in _sources(view, RequestKind.REOPENED):
            yield Notice(STAYS_CLOSED, view.decision.reason)


def _asked_in_vain(view: View, new: tuple[NewRequest, ...]) -> Iterator[Notice]:
    if view.item.state not in (State.OPEN, State.PENDING_VERIFICATION):
        return
    anew = {request.kind for request in new}
    for kind, words in NOT_ACCEPTED.items():
        last = _last(view, kind)
        if kind not in anew and last is not None and last.state == "rejected":
            yield Notice(words, last.decision_reason)


def _asked_again(view: View, last: WorkDecision) -> Iterator[Notice]:
    """A status that was set by hand is told until it moves; a refused answer until there is another one."""
    if last.source in _sources(view, *REFUSALS):
        yield Notice(STILL_NEEDED, last.reason)
    elif words := (last.own and BY_THE_CLAIMANT.get(last.source)) or TRANSITIONS.get(last.source):
        yield Notice(words.format(last.day), last.reason)
    elif last.status == view.item.work_status and (words := SET.get(view.item.work_status)):
        yield Notice(words.format(last.day), "" if last.source else last.reason)


def _last(view: View, *kinds: RequestKind) -> Request | None:
    return next((request for request in reversed(view.requests) if request.kind in kinds), None)


def _sources(view: View, *kinds: RequestKind) -> frozenset[str]:
    """The requests of these kinds as a decision names them."""
    return frozenset(f"request {request.id}" for request in view.requests if request.kind in kinds)
