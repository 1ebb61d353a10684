"""Sends what the outbox owes one connector. Safe to be killed at any point and run again.

Every error of a tracker has its one place here: what it says about the write, and about the rest of the queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial

from ...connectors.errors import Forbidden, Gone, RateLimited, Rejected, Stale, TrackerError, Unavailable, Unsettled
from ..commit import note_missing
from ..conflicts import raise_conflict
from ..errors import MassChange
from ..looking.rules import text_mode
from ..looking.steps import NewConflict
from ..record.kinds import Owed
from ..record.memory import remember, remembered
from ..record.mirrors import link_of
from ..record.owed import in_hand, owed_at, writes_owed
from ..record.rows import keep
from ..settings.people import daemon
from ..times import later
from .create import cleared_to_send, create, read_new_ones
from .edit import edit, retire
from .postman import Delivery, Postman

OUTAGE = 3  # so many issues in a row that cannot be written mean that none can
PAUSE = timedelta(minutes=5)  # for an issue that could not be written, so that it does not stand before the others
OPERATIONS = {"edit": edit, "retire": retire}


def deliver(postman: Postman) -> Delivery:
    """Sends every write that is due. Trouble with one issue does not keep the others waiting; an outage does."""
    delivery = postman.delivery
    due = [owed for owed in writes_owed(postman.record.db, postman.rules.connector) if owed.not_before <= postman.now]
    try:
        sender = _with_fresh_visibility(postman) if due else postman
        cleared: deque[Owed] = deque()
        for owed in due:
            act = _send if owed.operation in OPERATIONS else partial(_clear, cleared)
            _try(sender, [owed], partial(act, sender, owed))
        while cleared:
            some = [cleared.popleft() for _ in range(min(len(cleared), sender.tracker.capabilities.creates_at_once))]
            _try(sender, some, partial(_make, cleared, sender, some))
        read_new_ones(sender)
    except (TrackerError, MassChange) as error:
        delivery.error = delivery.error or error
    return delivery


def _with_fresh_visibility(postman: Postman) -> Postman:
    """Asks who can read the place before anything is written there: it may have been made public."""
    name = postman.rules.connector
    key, visibility = f"visibility:{name}", postman.tracker.visibility()
    if visibility == remembered(postman.record.db, key):
        return postman
    with postman.unit() as unit:
        remember(unit, {key: visibility})
    text = text_mode(postman.config.connectors[name], visibility)
    return replace(postman, rules=replace(postman.rules, text=text))


def _try(postman: Postman, some: Sequence[Owed], act: Callable[[], None]) -> None:
    """One poisoned issue waits by itself while the rest goes on; several in a row are an outage."""
    delivery = postman.delivery
    try:
        act()
        delivery.failed_in_a_row = 0
    except RateLimited as error:
        if not error.one_issue:
            raise
        for owed in some:
            postman.keep(owed, not_before=later(postman.now, timedelta(seconds=error.retry_after)))
    except TrackerError as error:
        delivery.failed_in_a_row += 1
        if delivery.failed_in_a_row >= OUTAGE:
            raise
        delivery.error = delivery.error or error
        for owed in some:
            postman.keep(owed, not_before=later(postman.now, PAUSE))


def _send(postman: Postman, owed: Owed) -> None:
    try:
        OPERATIONS[owed.operation](postman, owed, link_of(postman.record.db, owed.link_id))
    except (Unsettled, Stale, Gone, Rejected) as error:
        _note(postman, owed, error)
        if isinstance(error, Forbidden):
            raise


def _clear(cleared: deque[Owed], postman: Postman, owed: Owed) -> None:
    """A create that may be sent joins the others. A question that could not be asked has proved nothing about it."""
    if cleared_to_send(postman, owed, link_of(postman.record.db, owed.link_id)):
        cleared.append(owed)


def _make(cleared: deque[Owed], postman: Postman, some: Sequence[Owed]) -> None:
    """Sends these creates in one request. What was left out of it is next."""
    answers: Sequence[tuple[Owed, TrackerError]]
    try:
        answers = create(postman, some)
    except (Unsettled, Stale, Gone, Rejected) as error:
        sent = [owed for owed in some if owed_at(postman.record.db, owed.link_id)]  # an ended item needs no issue
        answers = [(owed, error) for owed in sent]
    left_out = [owed for owed, answer in answers if isinstance(answer, Unavailable)]
    for owed, answer in answers:
        _note(postman, owed, answer)
    for _, answer in answers:
        if isinstance(answer, Forbidden) or len(left_out) == len(some):
            raise answer
    cleared.extend(left_out)


def _note(postman: Postman, owed: Owed, error: TrackerError) -> None:
    """What an error says about a write that was sent."""
    match error:
        case Unsettled():
            postman.keep(owed, state="UNKNOWN", last_error=str(error))
        case Stale() | Forbidden():  # what is forbidden concerns every write: nothing was applied, somebody has to look
            postman.keep(owed, state="PENDING", last_error=str(error))
        case Gone():
            _missed(postman, owed, error)
        case Rejected():
            postman.delivery.refused += 1
            _refused(postman, owed, error)


def _missed(postman: Postman, owed: Owed, error: Gone) -> None:
    """A 404 has many causes, none of which closes an item: only several looks over time make an issue missing."""
    limits = postman.config.sync.limits
    stands, link = in_hand(postman.record.db, owed), link_of(postman.record.db, owed.link_id)
    with postman.unit() as unit:
        if note_missing(unit, postman.config, link, str(error)):
            keep(unit, replace(stands, state="FAILED", last_error=str(error)))
        else:
            wait = later(postman.now, limits.missing_over / limits.missing_looks)
            keep(unit, replace(stands, state="PENDING", not_before=wait, last_error=str(error)))


def _refused(postman: Postman, owed: Owed, error: Rejected) -> None:
    """The tracker will not have it: kept for a person, who sees what was to be written and why it was not."""
    refused = replace(in_hand(postman.record.db, owed), state="FAILED", last_error=str(error))
    link = link_of(postman.record.db, owed.link_id)
    conflict = NewConflict(error.field or "issue", None, refused.payload, str(error), None, "refused")
    with postman.unit() as unit:
        keep(unit, refused)
        raise_conflict(unit, link, conflict, by=daemon(link.connector))
