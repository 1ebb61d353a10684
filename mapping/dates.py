"""Which date binds, which is shown, what a date from a tracker means, and how late an item is.

A calendar date is a `YYYY-MM-DD` string from end to end: no clock and no time zone ever moves it. The one
instant that must become a date, `work_done_at`, does so in the zone the caller names.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from enum import StrEnum
from typing import TypeGuard

from .item import Decision, PoamItem, Rating, State
from .profiles import Profile

CHECK_IN_MAX_AGE = 30
"""Days a vendor check-in stays fresh on the day of the document (FedRAMP ConMon Strategy, Appendix D)."""

VENDOR_EXEMPT = frozenset({Rating.LOW, Rating.MODERATE})
_SHAPE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


class DateMeaning(StrEnum):
    """What a due date found in a tracker says."""

    SAME = "same"
    """What we show."""
    FORECAST = "forecast"
    """Earlier than what binds: the engineers' own estimate, taken over at once."""
    CLEARED = "cleared"
    """Equal to what binds while a forecast is shown: the forecast is withdrawn."""
    LATER = "later"
    """Later than what binds: a request with an author."""
    RESTORE = "restore"
    """Empty, no date, or before the weakness was found: a mistake."""


def is_date(text: str | None) -> TypeGuard[str]:
    """Whether the text is a real day written `YYYY-MM-DD`, and nothing else."""
    if text is None or not _SHAPE.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def add_days(day: str, n: int) -> str:
    """The day n days later, held at the calendar's ends. Raises ValueError if `day` is no date."""
    ordinal = date.fromisoformat(day).toordinal() + n
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal())).isoformat()


def days_between(a: str, b: str) -> int:
    """Days from a to b, negative if b is earlier. Raises ValueError if either is no date."""
    return date.fromisoformat(b).toordinal() - date.fromisoformat(a).toordinal()


def effective_rating(item: PoamItem) -> Rating | None:
    """The rating that counts: the adjusted one once its adjustment is approved; pending changes nothing."""
    if item.risk_adjustment is Decision.YES and item.adjusted_risk_rating is not None:
        return item.adjusted_risk_rating
    return item.original_risk_rating


def policy_date(item: PoamItem, profile: Profile) -> str | None:
    """The latest day the regime allows: original detection date plus the window of the effective rating."""
    rating = effective_rating(item)
    if profile.windows is None or rating is None or not is_date(item.original_detection_date):
        return None
    return add_days(item.original_detection_date, profile.windows[rating])


def effective_due(item: PoamItem, profile: Profile) -> str | None:
    """The date that binds: the strictest of CISA's KEV date and our own, which an extension may move."""
    extended = profile.extensions and is_date(item.approved_extension_date)
    house = item.approved_extension_date if extended else item.scheduled_completion_date
    return min(filter(is_date, (item.kev_due_date, house)), default=None)


def shown_due(item: PoamItem, profile: Profile) -> str | None:
    """The issue's due date: the engineers' forecast where it is earlier than what binds, else what binds."""
    return min(filter(is_date, (item.forecast_date, effective_due(item, profile))), default=None)


def classify_date(item: PoamItem, profile: Profile, day: str | None) -> DateMeaning:
    """What a due date found in the tracker means for the item; total over all texts."""
    shown, due = shown_due(item, profile), effective_due(item, profile)
    if (day or None) == shown:
        return DateMeaning.SAME
    if not is_date(day) or _before_detection(item, day):
        return DateMeaning.RESTORE
    if day == due:
        return DateMeaning.CLEARED
    return DateMeaning.LATER if due is not None and day > due else DateMeaning.FORECAST


def days_late(item: PoamItem, profile: Profile, as_of: str, *, zone: tzinfo = UTC) -> int:
    """Days past the effective due date on the day `as_of`, 0 when not late; the due day itself is on time.

    Work claimed done stops counting on the day of the claim in `zone`, the system's own; should the
    verification fail, the item was late all along. `as_of` is the day of the document, not today.
    """
    due = effective_due(item, profile)
    if due is None or _exempt(item, as_of):
        return 0
    match item.state:
        case State.OPEN:
            return max(0, days_between(due, as_of))
        case State.PENDING_VERIFICATION:
            return max(0, days_between(due, _day_of(item.work_done_at, zone) or as_of))
        case _:
            return 0


def _before_detection(item: PoamItem, day: str) -> bool:
    return is_date(item.original_detection_date) and day < item.original_detection_date


def _exempt(item: PoamItem, as_of: str) -> bool:
    """An approved operational requirement is not late; nor is a vendor's missing fix while we keep asking."""
    return item.operational_requirement is Decision.YES or _waits_for_vendor(item, as_of)


def _waits_for_vendor(item: PoamItem, as_of: str) -> bool:
    if not item.vendor_dependency or effective_rating(item) not in VENDOR_EXEMPT:
        return False
    check_in = item.last_vendor_check_in
    return is_date(check_in) and 0 <= days_between(check_in, as_of) <= CHECK_IN_MAX_AGE


def _day_of(instant: str | None, zone: tzinfo) -> str | None:
    """The calendar day of an instant in a zone, or None when there is no readable instant."""
    try:
        return datetime.fromisoformat(instant or "").astimezone(zone).date().isoformat()
    except (ValueError, OverflowError):
        return None
