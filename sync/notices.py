"""What an issue tells its engineers about decisions: plain sentences inside our block of the body. Pure."""

from __future__ import annotations

from ..connectors.settings import Text
from ..mapping.life import RequestKind
from .steps import NewRequest, View

WAITS = "The later date {} is asked for and waits for a decision; until then the due date stands."


def notices(view: View, new: tuple[NewRequest, ...], text: Text) -> tuple[str, ...]:
    """How the last request for a later date stands. A reason is free text and leaves the boundary only in full."""
    told = _date(view, new, text)
    return (told,) if told else ()


def _date(view: View, new: tuple[NewRequest, ...], text: Text) -> str:
    asked = [request.requested_date for request in new if request.kind is RequestKind.LATER_DATE]
    if asked:
        return WAITS.format(asked[-1])
    known = [request for request in view.requests if request.kind == RequestKind.LATER_DATE]
    if not known or known[-1].state == "superseded":
        return ""
    last = known[-1]
    if last.state == "waiting":
        return WAITS.format(last.requested_date)
    if last.state == "rejected":
        why = last.decision_reason if text == "full" else "the reason is in the record"
        return f"The later date {last.requested_date} was not accepted: {why}"
    extended = view.profile.extensions
    return (
        f"The later date {last.requested_date} was approved."
        if extended
        else f"The later date {last.requested_date} is acknowledged as a milestone change; the due date itself stands."
    )
