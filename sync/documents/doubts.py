"""What a person should look at in a new item of a document before it is permanent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

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
    for each in item.milestones if scheduled and item.state is not State.CLOSED else ():
        if each.scheduled_completion_date > scheduled:
            planned = f"plans milestone {each.number} for {each.scheduled_completion_date}"
            yield f"{item.poam_id} {planned}, after it is to be completed on {scheduled}"


_HAPPENED = {"status_date": "status date", "last_vendor_check_in": "vendor check-in"}


def in_the_future(new: Iterable[PoamItem], changes: Iterable[tuple[str, str, Any]], today: str) -> Iterator[str]:
    """What a file says has happened and is yet to come; `changes` are POA&M ids, fields and new values of others."""
    came = ((item.poam_id, name, getattr(item, name)) for item in new for name in _HAPPENED)
    for poam_id, name, day in (*came, *changes):
        if name in _HAPPENED and (day or "") > today:
            yield f"{poam_id} has a {_HAPPENED[name]} in the future: {day}"
