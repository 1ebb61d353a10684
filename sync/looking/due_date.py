"""The due date of a look. It is not merged: a date from a tracker is a forecast (earlier), a request (later), a
cleared forecast (equal) or a mistake to restore (empty). Nothing freezes, nobody's date is lost. Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from ...connectors.base import Account
from ...mapping.dates import DateMeaning, classify_date, effective_due, shown_due
from ...mapping.life import RequestKind
from .merge import settle
from .rules import Rules
from .sketch import Sketch, waits
from .steps import NewConflict, NewRequest, Observed, View

NAME = "due_date"
AMBIGUOUS = "ambiguous"
"""The policy of a conflict over an issue that shows two dates at once."""


def plan_due_date(sketch: Sketch) -> None:
    """Makes of a moved date what it is, and brings the issue to the date that holds."""
    if len(sketch.issue.due_dates) > 1:
        _ambiguous(sketch)
        return
    moved = sketch.proposal(NAME) or _waiting(sketch.view)
    if moved and not _take(sketch, moved):
        return  # in its quiet period: left where it is
    asked = [request.requested_date for request in sketch.requests if request.kind is RequestKind.LATER_DATE]
    want, seen = (
        asked[0] if asked and _holds(sketch.rules) else wanted_date(sketch.after, sketch.rules),
        sketch.seen(NAME),
    )
    sketch.agree(NAME, settle(sketch.view.bases.get(NAME), want, seen, dirty=moved is not None), seen)


def wanted_date(view: View, rules: Rules) -> str | None:
    """What the issue shall show: under `hold` a later date stays where the engineer put it until it is decided."""
    asked = [request.requested_date for request in view.requests if waits(request)]
    return asked[0] if asked and _holds(rules) else shown_due(view.item, view.profile)


def _holds(rules: Rules) -> bool:
    return rules.later_date == "hold"


def _ambiguous(sketch: Sketch) -> None:
    """Two dates at once are a person's mistake: told, and left alone until one is gone.

    What was asked for before is kept: taking the other label off leaves no trace in this one's history.
    """
    sketch.sighting_changes |= _kept(sketch.proposal(NAME) or _waiting(sketch.view))
    if not sketch.view.disputes(NAME, AMBIGUOUS):
        ours, theirs = shown_due(sketch.view.item, sketch.view.profile), ", ".join(sketch.issue.due_dates)
        sketch.conflicts.append(NewConflict(NAME, None, ours, theirs, sketch.proposal(NAME), AMBIGUOUS))


def _waiting(view: View) -> Observed | None:
    """A date that was seen in its quiet period, or beside another one."""
    kept = view.sighting
    if kept.date_waiting is None:
        return None
    account = Account(kept.date_waiting_by, kept.date_waiting_by_name) if kept.date_waiting_by else None
    return Observed(NAME, None, kept.date_waiting, account, kept.date_waiting_at, kept.date_waiting_source)


def _take(sketch: Sketch, moved: Observed) -> bool:
    """Takes a moved date; False while a later one is in its quiet period (people drag twice)."""
    view = sketch.view
    meaning = classify_date(view.item, view.profile, moved.new)
    rests = _rests(moved.at, sketch.now, sketch.rules.quiet_seconds)
    sketch.sighting_changes |= _kept(None if meaning is not DateMeaning.LATER or rests else moved)
    if meaning is DateMeaning.LATER:
        if rests:
            current = effective_due(view.item, view.profile)
            sketch.requests.append(NewRequest(RequestKind.LATER_DATE, moved.new, current, moved))
        return rests
    if any(map(waits, view.requests)) and meaning is not DateMeaning.RESTORE:
        sketch.withdrawn[RequestKind.LATER_DATE] = moved
    if meaning is DateMeaning.FORECAST:
        sketch.change({"forecast_date": moved.new}, moved, "an earlier date is the engineers' forecast")
    elif meaning is DateMeaning.CLEARED:
        sketch.change({"forecast_date": None}, moved, "back to the due date: no forecast")
    return True


def _kept(moved: Observed | None) -> dict[str, str | None]:
    """A date in its quiet period as the sighting keeps it; blank when none is."""
    account = moved.account if moved else None
    return {
        "date_waiting": moved.new if moved else None,
        "date_waiting_by": account.id if account else "",
        "date_waiting_by_name": account.name if account else "",
        "date_waiting_at": moved.at if moved else "",
        "date_waiting_source": moved.source if moved else "",
    }


def _rests(moved_at: str, now: str, seconds: float) -> bool:
    return not moved_at or _moment(now) - _moment(moved_at) >= timedelta(seconds=seconds)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
