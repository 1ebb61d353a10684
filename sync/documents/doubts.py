"""What a person should look at in a new item of a document before it is permanent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from ...mapping.item import PoamItem, State

_DATING = ("weakness_name", "original_detection_date", "scheduled_completion_date", "original_risk_rating")


def doubts_of(item: PoamItem, today: str, headings: Mapping[str, str], computed: Collection[str]) -> Iterator[str]:
    """What is missing or unlikely in a new item: it is taken, but a person should see it at once."""
    detected, scheduled = item.original_detection_date or "", item.scheduled_completion_date or ""
    missing = [headings[name] for name in _DATING if item.state is not State.CLOSED and not getattr(item, name)]
    if missing:
        without = " and no ".join(missing)
        yield f"{item.poam_id} has no {without}; set it with poam set, or mend the file before it is imported"
    if item.poam_id in computed and item.state is not State.CLOSED:
        heading = headings["scheduled_completion_date"]
        yield (
            f"{item.poam_id}: {heading} is blank, or was never calculated; the template's formula gives {scheduled}, "
            "which becomes permanent"
        )
    if detected > today:
        yield f"{item.poam_id} was detected in the future: {detected}"
    if scheduled and scheduled < detected:
        yield f"{item.poam_id} is to be completed on {scheduled}, before it was detected on {detected}"
