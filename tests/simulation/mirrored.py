"""Verdicts on one item and its issue at rest: nothing that anybody wanted is lost, and both show the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any

from poam.connectors.base import Status
from poam.mapping.dates import effective_due, is_date, shown_due
from poam.mapping.issue_text import block_in, issue_title
from poam.mapping.item import WorkStatus
from poam.mapping.lenses import category_of, labels_for, normal_title
from poam.mapping.lenses import is_ours as is_our_label
from poam.sync.looking.steps import is_said
from poam.sync.record.kinds import Request

from .known import FIELDS, Mirror, Word
from .world import BOT


def verdicts_of(mirror: Mirror) -> Iterator[str]:
    """Everything that is wrong with it."""
    yield from _status_kept(mirror)
    yield from _date_kept(mirror)
    yield from _nothing_overruled(mirror)
    yield from _shown(mirror)


def _status_kept(mirror: Mirror) -> Iterator[str]:
    """The last word of the engineers is the record's, or somebody at the record spoke after it.

    Of two words of the same moment either may be the last.
    """
    words = mirror.by_people("status")
    last = [one for one in words if one.at == words[-1].at]
    if last and not any(_is_status_kept(mirror, one) for one in last):
        one = last[-1]
        yield f"lost: {one.author.id} made it {one.new}, the record says {mirror.item.work_status.value}"


def _is_status_kept(mirror: Mirror, one: Word) -> bool:
    seq = mirror.told("work_status", one.source)
    later = [row for row in mirror.changes("work_status") if row["seq"] > seq and _is_the_records(row)]
    return bool(mirror.item.work_status == one.new or later or _in_conflict(mirror, "work_status", one.new))


def _is_the_records(row: dict[str, Any]) -> bool:
    """Said at the record; or written by it before a restore, and found at the tracker under our own account's name."""
    return row["origin"] == "cli" or str(row["person"]).endswith(f":{BOT.id}")


def _in_conflict(mirror: Mirror, field: str, value: str | None) -> bool:
    return any(value in (each.tracker_value, each.record_value) for each in mirror.conflicts(field))


def _date_kept(mirror: Mirror) -> Iterator[str]:
    """The engineers' last date is a forecast, a request, what is shown anyway, or a mistake."""
    changes = mirror.by_people("due_date")
    if not changes or len(mirror.issue.due_dates) > 1:  # two dates at once are no word, and are told
        return
    last = changes[-1]
    day, sources = str(last.new or ""), {one.source for one in changes if one.new == last.new}
    detected = mirror.item.original_detection_date or ""
    if not is_date(day) or day < detected:
        return
    binding = _binding(mirror)
    forecasts = {row["new"] for row in mirror.changes("forecast_date")}
    forecast = any(row["source"] in sources and row["new"] == day for row in mirror.changes("forecast_date"))
    asked = any(each.source in sources and each.requested_date == day for each in mirror.known.requests)
    if day > max(binding) and not asked:
        yield f"lost: {last.author.id} asked for {day} and there is no request"
    if day < min(binding) and not forecast and day not in forecasts:
        yield f"lost: {last.author.id} forecast {day} and the record does not know"
    if not (asked or forecast or day in binding | forecasts):
        yield f"lost: {last.author.id} moved the date to {day}, which is nowhere"


def _binding(mirror: Mirror) -> set[str]:
    """Every date that ever bound the item."""
    return {row["new"] for row in mirror.changes("approved_extension_date")} | {"2026-05-01"}


def _nothing_overruled(mirror: Mirror) -> Iterator[str]:
    """What somebody set at the record and the tracker never showed is not replaced without a conflict."""
    for name, field in (("work_status", "status"), ("forecast_date", "due_date")):
        changes = mirror.changes(name) if mirror.is_first else []  # of an earlier issue the history is not here
        for said, replaced in pairwise(changes):
            overruled = said["origin"] == "cli" and replaced["origin"] != "cli"
            disputed = mirror.disputed_in(replaced["cycle"], FIELDS[field])
            if overruled and not (disputed or _was_shown(mirror, field, said, replaced["source"])):
                who, new = said["person"], replaced["new"]
                yield f"lost: {name} {said['new']} of {who} was replaced by {new} without a conflict"


def _was_shown(mirror: Mirror, field: str, row: dict[str, Any], source: str) -> bool:
    """Whether the issue showed a value of the record at any time before somebody moved on."""
    world = mirror.known.world(mirror.link)
    since = next((at for seq, at in mirror.known.story.staff.heads if seq >= row["seq"]), 0)
    moves = [change for change in mirror.issue.history if change.field == field]
    before = [change for change in moves if world.happened[change.id] <= since]
    shown = [before[-1].new if before else moves[0].old] if moves else []
    number = source.removeprefix("comment ")
    shown += [change.new for change in moves[len(before) :] if number.isdigit() and change.id < int(number)]
    if field == "due_date":
        return any(day in ({row["new"]} if row["new"] else _binding(mirror)) for day in shown)
    category = category_of(WorkStatus(row["new"]))
    return any(isinstance(status, Status) and status.category == category for status in shown)


def _shown(mirror: Mirror) -> Iterator[str]:
    if mirror.known.left(mirror.link):
        return
    item, issue, world = mirror.item, mirror.issue, mirror.known.world(mirror.link)
    text, limit = mirror.known.story.swarm.text, world.capabilities.max_title
    title = world.text(issue_title(item, text, limit))  # type: ignore[arg-type]
    if normal_title(issue.title, limit) != normal_title(title, limit):
        yield f"lost: it is titled {issue.title!r} and should be {title!r}"
    if issue.status.category != category_of(item.work_status):
        yield f"lost: it is {issue.status.name}, the record says {item.work_status.value}"
    if (issue.marker, issue.marked) != (mirror.link.marker, True):
        yield "its marks were not put back"
    if block_in(issue.body) is None or (text != "neutral" and world.text(item.remediation_plan) not in issue.body):
        yield "lost: its body does not tell what the record says"
    waiting = _waiting(mirror)
    ours = {label for label in issue.labels if is_our_label(label)}
    if ours != labels_for(item, bool(waiting), text):  # type: ignore[arg-type]
        yield f"its labels are {sorted(ours)}"
    yield from _due_shown(mirror, waiting)


def _waiting(mirror: Mirror) -> Sequence[Request]:
    return [
        each
        for each in mirror.known.requests
        if each.item_uid == mirror.item.uid and each.kind == "later_date" and each.state == "waiting"
    ]


def _due_shown(mirror: Mirror, waiting: Sequence[Request]) -> Iterator[str]:
    if len(mirror.issue.due_dates) > 1:
        told = [each for each in mirror.conflicts("due_date") if each.state == "open"]
        if not told:
            yield "two dates at once and nobody is told"
        return
    holds = mirror.known.story.swarm.later_date == "hold" and waiting and not is_said(waiting[0].source)
    due = waiting[0].requested_date if holds else shown_due(mirror.item, mirror.known.profile(mirror.item))
    if mirror.issue.due_dates != ((due,) if due else ()):
        due_is = effective_due(mirror.item, mirror.known.profile(mirror.item))
        yield f"lost: it shows {mirror.issue.due_dates}, it should show {due} (due {due_is})"
