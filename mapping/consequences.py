"""What the engineers' work at a tracker means for an item: a claim, a question, a claim taken back, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .item import PoamItem, State, WorkStatus
from .life import RequestKind

REFUSALS = (RequestKind.DECLINED, RequestKind.DUPLICATE, RequestKind.CANNOT_REPRODUCE)
"""What an engineer asks who closes an issue without doing the work."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What follows from a change of work status: a new state, a decision to queue, and questions it answers by itself:
    nobody need decide what was taken back.
    """

    to_state: State | None = None
    decision: RequestKind | None = None
    answers: tuple[RequestKind, ...] = ()


def consequences(item: PoamItem, old: WorkStatus, new: WorkStatus, reason: str) -> Consequence:
    """What a person's change of work status at the tracker means; `reason` is what `lenses.reason_of` says.

    Done is a claim, declining a question, reopening takes a claim back; a closed item never moves by itself.
    """
    if old == new:
        return Consequence()
    return replace(_follows(item, old, new, reason), answers=_answers(item, new))


def _follows(item: PoamItem, old: WorkStatus, new: WorkStatus, reason: str) -> Consequence:
    reopened = old in _FINISHED and new not in _FINISHED
    match item.state, new:
        case State.OPEN, WorkStatus.DONE:
            return Consequence(to_state=State.PENDING_VERIFICATION)
        case State.OPEN, WorkStatus.WONT_DO:
            return Consequence(decision=_DECLINED.get(reason, RequestKind.DECLINED))
        case State.PENDING_VERIFICATION, WorkStatus.WONT_DO:
            return Consequence(State.OPEN, _DECLINED.get(reason, RequestKind.DECLINED))
        case State.PENDING_VERIFICATION, _ if reopened:
            return Consequence(to_state=State.OPEN)
        case State.CLOSED, _ if reopened:
            return Consequence(decision=RequestKind.REOPENED)
        case _:
            return Consequence()


def _answers(item: PoamItem, new: WorkStatus) -> tuple[RequestKind, ...]:
    if item.state is State.CLOSED:
        return (RequestKind.REOPENED,) if new is WorkStatus.DONE else ()
    return () if new is WorkStatus.WONT_DO else REFUSALS


_FINISHED = frozenset({WorkStatus.DONE, WorkStatus.WONT_DO})
_DECLINED = {
    "duplicate": RequestKind.DUPLICATE,
    "cannot_reproduce": RequestKind.CANNOT_REPRODUCE,
}
