"""What became of something a person did at a tracker: taken, a request, a conflict, superseded or undone. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ...mapping.dates import is_date
from ...mapping.life import RequestKind
from ..looking.due_date import AMBIGUOUS
from ..record.journal import CREATED, OBSERVED, Entry, text
from ..record.kinds import Conflict, Link, Request, Sighting

UNNAMED = "state"
"""The source of a change that no history entry of the tracker tells: it was seen in the issue's state alone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One thing that followed.

    `kind` is taken, request, withdrawn, conflict, superseded, undone, resting, known or noted;
    `number` is the request's or conflict's, None for the others; `told` is a clause for a person.
    """

    kind: str
    told: str
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Everything the record has about one item: its journal rows oldest first, and what hangs on it, by id."""

    rows: Sequence[Entry]
    links: Mapping[str, Link]
    sightings: Mapping[str, Sighting]
    requests: Mapping[int, Request]
    conflicts: Mapping[int, Conflict]

    def value_before(self, field: str, seq: int) -> str | None:
        """A field of the item as it was just before a journal row, as the journal writes it."""
        value = None
        for row in self.rows:
            if row.seq < seq and row.entity == "items" and row.field in (field, CREATED):
                value = text(created(row).get(field)) if row.field == CREATED else row.new
        return value


def created(row: Entry) -> Mapping[str, object]:
    """The fields that a creation row holds."""
    found = json.loads(row.new or "{}")
    return found if isinstance(found, dict) else {}


def outcomes(story: Story, seen: Entry) -> tuple[Outcome, ...]:
    """What followed from one observed row; there is always at least one answer."""
    mine = [row for row in story.rows if row.entity == OBSERVED and _same_place(row, seen) and row.seq > seen.seq]
    if any(row.at == seen.at for row in mine):
        return (Outcome("superseded", "superseded: it was changed again before we looked"),)
    found = (*_taken(story, seen), *_requests(story, seen), *_withdrawn(story, seen), *_conflicts(story, seen))
    return found or (_without_trace(story, seen, moved_again=bool(mine)),)


def _same_place(row: Entry, seen: Entry) -> bool:
    return (row.entity_id, row.field) == (seen.entity_id, seen.field)


def _followers(story: Story, seen: Entry, entity: str) -> Iterator[Entry]:
    """The rows that name the same entry of the tracker's history as their source."""
    for row in story.rows:
        same = (row.entity, row.origin, row.source) == (entity, seen.origin, seen.source)
        if same and (seen.source != UNNAMED or row.at == seen.at):
            yield row


_TAKEN_AS = {"due_date": ("forecast_date",), "work_status": ("work_status", "state")}


def _taken(story: Story, seen: Entry) -> Iterator[Outcome]:
    fields = _TAKEN_AS.get(seen.field, ())
    changes = [row for row in _followers(story, seen, "items") if row.field in fields]
    if changes:
        told = ", ".join(f"{row.field} {row.old or 'nothing'} -> {row.new or 'nothing'}" for row in changes)
        yield Outcome("taken", f"taken: {told}")


def _asks(request: Request, seen: Entry) -> bool:
    return (request.kind == RequestKind.LATER_DATE) == (seen.field == "due_date") and seen.field != "title"


def _requests(story: Story, seen: Entry) -> Iterator[Outcome]:
    for row in _followers(story, seen, "requests"):
        request = story.requests[int(row.entity_id)]
        if row.field == CREATED and _asks(request, seen):
            yield Outcome("request", _told_request(story, request), request.id)


def _told_request(story: Story, request: Request) -> str:
    day = f" for {request.requested_date}" if request.requested_date else ""
    what = f"request {request.id} ({request.kind}){day}"
    if request.state == "waiting":
        return f"{what}, which waits for a decision"
    if request.state == "superseded":
        ended = [row for row in story.rows if (row.entity, row.entity_id) == ("requests", str(request.id))]
        return f"{what}, superseded: {ended[-1].reason}"
    because = f": {request.decision_reason}" if request.decision_reason else ""
    return f"{what}, {request.state} by {request.decided_by}{because}"


def _withdrawn(story: Story, seen: Entry) -> Iterator[Outcome]:
    for row in _followers(story, seen, "requests"):
        request = story.requests[int(row.entity_id)]
        if (row.field, row.new) == ("state", "superseded") and _asks(request, seen):
            yield Outcome("withdrawn", f"request {request.id} ({request.kind}) is withdrawn by it", request.id)


def _conflicts(story: Story, seen: Entry) -> Iterator[Outcome]:
    touched = {int(row.entity_id) for row in story.rows if (row.entity, row.at) == ("conflicts", seen.at)}
    for conflict in (story.conflicts[number] for number in sorted(touched)):
        if (conflict.link_id, conflict.field) == (seen.entity_id, seen.field):
            yield Outcome("conflict", _told_conflict(conflict), conflict.id)


def _told_conflict(conflict: Conflict) -> str:
    ours = f"the record had {conflict.record_value or 'nothing'} (by {conflict.record_by or 'nobody named'})"
    theirs = f"the tracker {conflict.tracker_value or 'nothing'} (by {conflict.tracker_by or 'nobody named'})"
    ended = f"ended by {conflict.resolved_by} with {conflict.resolution}"
    state = f"open, policy {conflict.policy}" if conflict.state == "open" else ended
    return f"conflict {conflict.id}: {ours}, {theirs}; {state}"


def _without_trace(story: Story, seen: Entry, *, moved_again: bool) -> Outcome:
    """What changed nothing: because it may not, because it was so already, or because somebody moved it again."""
    kept = story.sightings.get(seen.entity_id)
    if verdict := _VERDICTS[seen.field](story, seen):
        return verdict
    if kept is not None and (kept.date_waiting, kept.date_waiting_source) == (seen.new, seen.source):
        return _waiting(story, seen)
    if moved_again:
        return Outcome("superseded", "superseded: it was moved again before it was taken")
    return Outcome("noted", "noted; nothing followed from it")


def _waiting(story: Story, seen: Entry) -> Outcome:
    """A date that nothing was made of yet: it stands beside another one, or rests."""
    for conflict in story.conflicts.values():
        if (conflict.link_id, conflict.policy, conflict.state) == (seen.entity_id, AMBIGUOUS, "open"):
            return Outcome("conflict", _told_conflict(conflict), conflict.id)
    return Outcome("resting", "it rests: a later date becomes a request when its quiet period is over")


def _title(story: Story, seen: Entry) -> Outcome | None:
    if story.links[seen.entity_id].author:
        return Outcome("noted", "noted; the title of an attached issue is its people's")
    return Outcome("undone", "undone: the title is the record's")


def _due_date(story: Story, seen: Entry) -> Outcome | None:
    detected = story.value_before("original_detection_date", seen.seq)
    if not is_date(seen.new):
        return Outcome("undone", "undone: an empty date is a mistake; the date that holds was put back")
    if detected is not None and seen.new < detected:
        return Outcome("undone", f"undone: it is before the detection on {detected}; the date that holds was put back")
    if any(story.value_before(name, seen.seq) == seen.new for name in _DATES):
        return Outcome("known", "the record has that date already")
    return None


_DATES = ("forecast_date", "approved_extension_date", "scheduled_completion_date", "kev_due_date")


def _work_status(story: Story, seen: Entry) -> Outcome | None:
    known = story.value_before("work_status", seen.seq) == seen.new
    if known:
        return Outcome("known", "the record says so already")
    several = sum(link.state in ("live", "missing") for link in story.links.values()) > 1
    return Outcome("noted", "noted for this issue; the item goes by all of its issues") if several else None


_VERDICTS: Mapping[str, Callable[[Story, Entry], Outcome | None]] = {
    "title": _title,
    "due_date": _due_date,
    "work_status": _work_status,
}
