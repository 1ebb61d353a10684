"""The due date of a look. It is not merged: a date from a tracker is a forecast (earlier), a request (later), a
cleared forecast (equal) or a mistake to restore (empty). Nothing freezes, nobody's date is lost. Pure.

Where an item has several issues, each shows the forecast of its own people (`View.own`); the latest is the item's.

The forecast behind it people here may set, too. Where both sides did, the tracker's word holds, as it is the engineers'
own, and a conflict tells both. The *version* of the agreed pair is the last word from here that the issue has shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ...connectors.base import Account
from ...mapping.dates import DateMeaning, classify_date, effective_due, shown_due
from ...mapping.life import RequestKind
from ...mapping.together import forecast_together
from ..record.kinds import Base, Conflict, Request
from ..settings.policies import Policy
from ..times import moment
from .merge import settle
from .rules import Rules
from .sketch import Sketch, waits
from .steps import NewConflict, NewRequest, Observed, View, is_said

NAME, FORECAST = "due_date", "forecast_date"
AMBIGUOUS = "ambiguous"
"""The policy of a conflict over an issue that shows two dates at once."""


def plan_due_date(sketch: Sketch) -> None:
    """Makes of a moved date what it is, and brings the issue to the date that holds."""
    moved = _last_word(sketch) or _waiting(sketch.view)
    if len(sketch.issue.due_dates) > 1:
        _ambiguous(sketch, moved)
        return
    if moved and not _take(sketch, moved):
        return  # in its quiet period: left where it is
    asked = [request.requested_date for request in sketch.requests if _is_shown_where_asked(request)]
    want = asked[0] if asked and _holds(sketch.rules) else wanted_date(sketch.after, sketch.rules)
    seen = sketch.seen(NAME)
    merged = settle(sketch.view.bases.get(NAME), want, seen, dirty=moved is not None and not moved.is_said)
    sketch.conclude(NAME, merged, seen, version=_version(sketch.after, seen))


def _last_word(sketch: Sketch) -> Observed | None:
    """The last date that somebody gave here; where a command says the same one, it says why as well."""
    last = sketch.proposal(NAME)
    same = (one for one in sketch.observed if last and (one.field, one.new) == (NAME, last.new) and one.is_said)
    return next(same, last)


def _is_shown_where_asked(request: NewRequest) -> bool:
    """Whether somebody moved the issue to a later date; a command asks for it and moves nothing."""
    return request.kind is RequestKind.LATER_DATE and not request.because.is_said


def wanted_date(view: View, rules: Rules) -> str | None:
    """What the issue shall show: under `hold` a later date stays where the engineer put it until it is decided."""
    asked = [request.requested_date for request in view.requests if _rests_here(view, request)]
    return asked[0] if asked and _holds(rules) else shown_due(view.own, view.profile)


def _waits_here(view: View, request: Request) -> bool:
    """Whether a later date waits for its decision that was asked for at this issue."""
    return waits(request) and not view.is_anothers(request.link_id)


def _rests_here(view: View, request: Request) -> bool:
    """Whether it stands at the issue: a command moves nothing there."""
    return _waits_here(view, request) and not is_said(request.source)


def _holds(rules: Rules) -> bool:
    return rules.later_date == "hold"


def _ambiguous(sketch: Sketch, moved: Observed | None) -> None:
    """Two dates at once are a person's mistake: told, and left alone until one is gone.

    What was asked for before is kept: taking the other label off leaves no trace in this one's history. What a command
    says needs no label.
    """
    if moved and moved.is_said:
        _take(sketch, moved)
    else:
        sketch.sighting_changes |= _kept(moved)
    if not sketch.view.disputes(NAME, AMBIGUOUS):
        ours, theirs = shown_due(sketch.view.own, sketch.view.profile), ", ".join(sketch.issue.due_dates)
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
    meaning = classify_date(view.own, view.profile, moved.new)
    has_rested = moved.is_said or _has_rested(moved.at, sketch.now, sketch.rules.quiet_seconds)
    sketch.sighting_changes |= _kept(None if meaning is not DateMeaning.LATER or has_rested else moved)
    if meaning is DateMeaning.LATER:
        if has_rested:
            current = effective_due(view.item, view.profile)
            because = replace(moved, reason=moved.reason or _reason_before(view, moved.new))
            sketch.requests.append(NewRequest(RequestKind.LATER_DATE, moved.new, current, because))
        return has_rested
    if any(_waits_here(view, request) for request in view.requests) and meaning is not DateMeaning.RESTORE:
        sketch.withdrawn[RequestKind.LATER_DATE] = moved
    if meaning is DateMeaning.FORECAST:
        _forecast(sketch, moved.new, moved, "an earlier date is the engineers' forecast")
    elif meaning is DateMeaning.CLEARED:
        _forecast(sketch, None, moved, "back to the due date: no forecast")
    return True


def _reason_before(view: View, day: str | None) -> str:
    """Why the same date was asked for already: whoever then moves the issue to it takes nothing of that back."""
    return next((each.reason for each in view.requests if _waits_here(view, each) and each.requested_date == day), "")


def _forecast(sketch: Sketch, forecast: str | None, moved: Observed, reason: str) -> None:
    """Takes over what the engineers expect; what somebody here said meanwhile, or a conflict tells, stays visible."""
    view = sketch.view
    base, disputed = view.bases.get(NAME), view.conflict(NAME, Policy.TRACKER)
    here = None
    if is_unheard(view) or (moved.crossed and view.forecast_said):
        here = (base.record_value if base else None), view.own.forecast_date
    elif disputed and disputed.record_value != forecast:
        here = disputed.base_value, disputed.record_value
    if here:
        sketch.conflicts.append(NewConflict(NAME, *here, moved.new, moved, Policy.TRACKER))
    sketch.stands_for[FORECAST] = forecast
    if view.stand:
        sketch.bases[FORECAST] = Base(forecast, forecast, view.forecast_row)
    together = [forecast, *(other.forecast_date for other in view.others)]
    latest = forecast_together(together, effective_due(view.item, view.profile)) if view.others else forecast
    if latest != view.item.forecast_date:
        sketch.change({FORECAST: latest}, moved, reason)


def is_unheard(view: View) -> bool:
    """Whether a person here gave or withdrew the forecast since the pair was agreed on: no engineer need know of it.

    What an extension, a KEV date or a risk adjustment makes of the due date counts for nothing.
    """
    base = view.bases.get(NAME)
    return view.forecast_said > (base.version if base else 0)


def is_repeated(view: View) -> bool:
    """Whether the unheard word is what the issue shows all along: a look is enough, and nothing need be written."""
    base, shown = view.bases.get(NAME), shown_due(view.own, view.profile)
    agreed = base is not None and base.record_value == base.tracker_value == shown
    return is_unheard(view) and agreed and _shows_forecast(view, shown)


def is_over(conflict: Conflict, sketch: Sketch) -> bool:
    """Whether both sides agree over a forecast: on what the record had, or on what somebody here has said since."""
    if NAME not in sketch.equal or any(new.field == NAME for new in sketch.conflicts):
        return False
    agreed = sketch.view.forecast_said or sketch.after.own.forecast_date == conflict.record_value
    return bool(agreed) and _shows_forecast(sketch.after, sketch.seen(NAME))


def _version(view: View, seen: str | None) -> int:
    base = view.bases.get(NAME)
    before = base.version if base else 0
    return max(before, view.forecast_said) if _shows_forecast(view, seen) else before


def _shows_forecast(view: View, seen: str | None) -> bool:
    """Whether an issue with this date tells what the forecast is: none shows while a later date is held, and none that
    is later than what binds.
    """
    return seen == shown_due(view.own, view.profile) and view.own.forecast_date in (None, seen)


def _kept(moved: Observed | None) -> dict[str, str | None]:
    """A date that nothing is made of yet as the sighting keeps it; blank when there is none."""
    account = moved.account if moved else None
    return {
        "date_waiting": moved.new if moved else None,
        "date_waiting_by": account.id if account else "",
        "date_waiting_by_name": account.name if account else "",
        "date_waiting_at": moved.at if moved else "",
        "date_waiting_source": moved.source if moved else "",
    }


def _has_rested(moved_at: str, now: str, seconds: float) -> bool:
    return not moved_at or moment(now) - moment(moved_at) >= timedelta(seconds=seconds)
