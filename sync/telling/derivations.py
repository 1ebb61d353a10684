"""Why a derived field has its value: which stored fields it was made of, and which of them decided. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import tzinfo

from ...mapping.dates import CHECK_IN_MAX_AGE, days_late, effective_due, effective_rating, is_date, shown_due
from ...mapping.item import Decision, PoamItem, State
from ...mapping.profiles import Profile

Value = str | int | bool | None


@dataclass(frozen=True, slots=True)
class Input:
    """A field that a derived one is made of; `decides` tells the one that the value comes from."""

    field: str
    value: Value
    decides: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Derivation:
    """A derived value, one sentence why, and what it was made of."""

    value: Value
    because: str
    inputs: tuple[Input, ...]


@dataclass(frozen=True, slots=True)
class Day:
    """The day (`YYYY-MM-DD`) that lateness is judged on, in the system's own zone."""

    date: str
    zone: tzinfo


def _effective_due(item: PoamItem, profile: Profile, day: Day) -> Derivation:
    due = effective_due(item, profile)
    extended = profile.extensions and is_date(item.approved_extension_date)
    house = "approved_extension_date" if extended else "scheduled_completion_date"
    notes = {
        "approved_extension_date": "" if profile.extensions else f"{profile.name} knows no extensions",
        "scheduled_completion_date": "the approved extension stands in its place" if extended else "",
    }
    inputs = _inputs(item, due, {house, "kev_due_date"}, notes)
    decisive = [each.field for each in inputs if each.decides]
    if due is None:
        return Derivation(due, "no date binds: the item has none", inputs)
    strictest = len([name for name in (house, "kev_due_date") if is_date(getattr(item, name))]) > 1
    why = "is the strictest date that applies" if strictest else "is the only date that applies"
    return Derivation(due, f"{' and '.join(decisive)} {why}", inputs)


def _inputs(item: PoamItem, due: str | None, applies: set[str], notes: Mapping[str, str]) -> tuple[Input, ...]:
    return tuple(
        Input(name, day, name in applies and due is not None and day == due, notes.get(name, ""))
        for name in ("kev_due_date", "approved_extension_date", "scheduled_completion_date")
        for day in [getattr(item, name)]
    )


def _shown_due(item: PoamItem, profile: Profile, day: Day) -> Derivation:
    shown, due = shown_due(item, profile), _effective_due(item, profile, day)
    forecast = item.forecast_date if is_date(item.forecast_date) else None
    earlier = forecast is not None and forecast != due.value and forecast == shown
    if shown is None:
        why = "the issue shows no date: none binds, and there is no forecast"
    elif earlier:
        why = f"the forecast is earlier than the effective due date {due.value or '(none)'}"
    elif forecast is None:
        why = f"there is no forecast, so the effective due date is shown: {due.because}"
    else:
        why = f"the forecast {forecast} is not earlier, so the effective due date is shown: {due.because}"
    made_of = tuple(replace(each, decides=each.decides and not earlier) for each in due.inputs)
    return Derivation(shown, why, (Input("forecast_date", item.forecast_date, earlier), *made_of))


def _days_late(item: PoamItem, profile: Profile, day: Day) -> Derivation:
    late, due = days_late(item, profile, day.date, zone=day.zone), _effective_due(item, profile, day)
    unspared = days_late(replace(item, vendor_dependency=False), profile, day.date, zone=day.zone)
    if unspared and not late:
        because = f"it waits for a vendor who was asked within the last {CHECK_IN_MAX_AGE} days"
    else:
        because = _lateness(item, due, late, day)
    return Derivation(late, because, (*due.inputs, *_standing(item)))


def _late(item: PoamItem, profile: Profile, day: Day) -> Derivation:
    days = _days_late(item, profile, day)
    return replace(days, value=bool(days.value))


def _lateness(item: PoamItem, due: Derivation, late: int, day: Day) -> str:
    claimed = item.state is State.PENDING_VERIFICATION and item.work_done_at is not None
    if due.value is None:
        return "no date binds, so nothing is late"
    if item.operational_requirement is Decision.YES:
        return "an approved operational requirement is not late"
    if item.state not in (State.OPEN, State.PENDING_VERIFICATION):
        return f"an item that is {item.state.value} is not late"
    if late:
        days = f"{late} day{'' if late == 1 else 's'} past {due.value}"
        return f"{days} ({due.because})" + (", counted to the day the work was claimed done" if claimed else "")
    return f"the work was claimed done by {due.value}" if claimed else f"{due.value} is not past on {day.date}"


def _standing(item: PoamItem) -> tuple[Input, ...]:
    """What else lateness looks at."""
    names = ("state", "work_done_at", "operational_requirement", "vendor_dependency", "last_vendor_check_in")
    return tuple(Input(name, getattr(item, name), decides=False) for name in names)


def _effective_rating(item: PoamItem, profile: Profile, day: Day) -> Derivation:
    rating, decision = effective_rating(item), item.risk_adjustment
    adjusted = decision is Decision.YES and item.adjusted_risk_rating is not None
    because = "the risk adjustment is approved" if adjusted else f"the risk adjustment is {decision or 'not asked for'}"
    return Derivation(
        rating,
        f"{because}, so {'adjusted' if adjusted else 'original'}_risk_rating counts",
        (
            Input("original_risk_rating", item.original_risk_rating, decides=not adjusted),
            Input("adjusted_risk_rating", item.adjusted_risk_rating, decides=adjusted),
            Input("risk_adjustment", decision, decides=adjusted),
        ),
    )


DERIVED: Mapping[str, Callable[[PoamItem, Profile, Day], Derivation]] = {
    "effective_due": _effective_due,
    "shown_due": _shown_due,
    "days_late": _days_late,
    "late": _late,
    "effective_rating": _effective_rating,
}
"""What is never stored, and how each is made."""
