"""FedRAMP's scheduled completion date: 30, 90 or 180 days after detection (Completion Guide, section 3).

The template computes it in a formula; this is that formula, for the cell and for us. The adjusted rating
counts only once the risk adjustment is approved. A critical weakness has the time of a high one.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from ..item import Decision, Rating

WINDOW_DAYS: Mapping[Rating, int] = {
    Rating.CRITICAL: 30,
    Rating.HIGH: 30,
    Rating.MODERATE: 90,
    Rating.LOW: 180,
}

_FORMULA = (
    '=IF(({adjusted}="N/A")+(ISBLANK({adjusted})), IF({original}="High", {detected}+30,'
    'IF({original}="Moderate", {detected}+90, IF({original}="Low", {detected}+180,""))), '
    'IF((({approved}="Yes")*({adjusted}="High")), {detected}+30, '
    'IF((({approved}="Yes")*({adjusted}="Moderate")), {detected}+90, '
    'IF((({approved}="Yes")*({adjusted}="Low")), {detected}+180, '
    'IF({original}="High", {detected}+30,IF({original}="Moderate", {detected}+90, '
    'IF({original}="Low", {detected}+180,"")))))))'
)


def formula(row: int, letters: Mapping[str, str]) -> str:
    """The template's formula for a row counted from 1; `letters` gives the column of each of our fields."""
    return _FORMULA.format(
        adjusted=f"{letters['adjusted_risk_rating']}{row}",
        original=f"{letters['original_risk_rating']}{row}",
        approved=f"{letters['risk_adjustment']}{row}",
        detected=f"{letters['original_detection_date']}{row}",
    )


def scheduled(
    detected: str | None, original: Rating | None, adjusted: Rating | None, adjustment: Decision | None
) -> str | None:
    """The day the formula gives; None where it gives none."""
    rating = adjusted if adjusted and adjustment is Decision.YES else original
    if detected is None or rating is None:
        return None
    try:
        return (date.fromisoformat(detected) + timedelta(days=WINDOW_DAYS[rating])).isoformat()
    except OverflowError:
        return None
