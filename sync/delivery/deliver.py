"""Sends what the outbox owes one connector. Safe to be killed at any point and run again.

Every error of a tracker has its one place here: what it says about the write, and about the rest of the queue.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from ...connectors.errors import Forbidden, Gone, RateLimited, Rejected, Stale, TrackerError, Unsettled
from ..commit import note_missing
from ..conflicts import raise_conflict
from ..errors import MassChange
from ..looking.rules import text_mode
from ..looking.steps import NewConflict
from ..record.kinds import Link, Owed
from ..record.memory import remember, remembered
from ..record.mirrors import link_of
from ..record.owed import in_hand, writes_owed
from ..record.rows import keep
from ..settings.people import daemon
from ..times import later
from .create import cleared_to_send, create, read_new_ones
from .edit import edit, retire
from .postman import Delivery, Postman

OUTAGE = 3  # so many issues in a row that cannot be written mean that none can
PAUSE = timedelta(minutes=5)  # for an issue that could not be written, so that it does not stand before the others
OPERATIONS = {"create": create, "edit": edit, "retire": retire}


def deliver(postman: Postman) -> Delivery:
    """Sends every write that is due. Trouble with one issue does not keep the others waiting; an outage does."""
    delivery = postman.delivery
    due = [owed for owed in writes_owed(postman.record.db, postman.rules.connector) if owed.not_before <= postman.now]
    try:
        sender = _with_fresh_visibility(postman) if due else postman
        for owed in due:
            _try(sender, owed)
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


def _try(postman: Postman, owed: Owed) -> None:
    """One poisoned issue waits by itself while the rest goes on; several in a row are an outage."""
    delivery = postman.delivery
    try:
        _send(postman, owed)
        delivery.failed_in_a_row = 0
    except RateLimited:
        raise
    except TrackerError as error:
        delivery.failed_in_a_row += 1
        if delivery.failed_in_a_row >= OUTAGE:
            raise
        delivery.error = delivery.error or error
        postman.keep(owed, not_before=later(postman.now, PAUSE))


def _send(postman: Postman, owed: Owed) -> None:
    link = link_of(postman.record.db, owed.link_id)
    if owed.operation == "create" and not cleared_to_send(postman, owed, link):
        return  # outside the net below: a question that could not be asked has proved nothing about the write
    try:
        OPERATIONS[owed.operation](postman, owed, link)
    except Unsettled as error:
        postman.keep(owed, state="UNKNOWN", last_error=str(error))
    except Stale as error:
        postman.keep(owed, state="PENDING", last_error=str(error))
    except Forbidden as error:  # it concerns every write: nothing was applied, and somebody has to look
        postman.keep(owed, state="PENDING", last_error=str(error))
        raise
    except Gone as error:
        _missed(postman, owed, link, error)
    except Rejected as error:
        postman.delivery.refused += 1
        _refused(postman, owed, link, error)


def _missed(postman: Postman, owed: Owed, link: Link, error: Gone) -> None:
    """A 404 has many causes, none of which closes an item: only several looks over time make an issue missing."""
    limits = postman.config.sync.limits
    stands = in_hand(postman.record.db, owed)
    with postman.unit() as unit:
        if note_missing(unit, postman.config, link, str(error)):
            keep(unit, replace(stands, state="FAILED", last_error=str(error)))
        else:
            wait = later(postman.now, limits.missing_over / limits.missing_looks)
            keep(unit, replace(stands, state="PENDING", not_before=wait, last_error=str(error)))


def _refused(postman: Postman, owed: Owed, link: Link, error: Rejected) -> None:
    """The tracker will not have it: kept for a person, who sees what was to be written and why it was not."""
    refused = replace(in_hand(postman.record.db, owed), state="FAILED", last_error=str(error))
    conflict = NewConflict(error.field or "issue", None, refused.payload, str(error), None, "refused")
    with postman.unit() as unit:
        keep(unit, refused)
        raise_conflict(unit, link, conflict, by=daemon(link.connector))
