"""Edits issues: never replayed. The issue is read, the edit planned anew, and what was written is read back.

Answers to commands go along as a comment: see answering.py for how each is sent once.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from ...connectors.base import Edit, Issue
from ...connectors.errors import Gone, Rejected, TrackerError, Unavailable, Unsettled
from ...mapping.issue_text import with_block
from ..conflicts import raise_conflict
from ..looking.comments import COMMENT
from ..looking.existence import is_ours
from ..looking.steps import NewConflict, Step
from ..record.kinds import Answer, Link, Owed
from ..record.mirrors import link_of, links_of_item, our_markers, sighting_of
from ..record.owed import in_hand, times_written
from ..record.rows import keep
from ..settings.people import daemon
from ..times import later
from .answering import (
    LONG_AGO,
    UNDER_WAY,
    carried,
    hide,
    is_all_said,
    mark,
    sendable,
    settle_departures,
    unseen,
    with_answers,
)
from .outbox import clear, renewed, written
from .postman import Postman


def edit(postman: Postman, owed: Owed, link: Link) -> None:
    """Brings one issue to what the record says now. Raises TrackerError."""
    doubtful, read_at = settle_departures(postman, link), postman.now
    seen = "" if doubtful else sighting_of(postman.record.db, link).version
    issue = postman.tracker.get(link.issue_id, known=seen)
    if not is_ours(issue, link, postman.rules.accounts, our_markers(postman.record.db, [issue.marker])):
        raise Gone(f"{issue.key} at {postman.rules.connector} is not the issue that mirrors this item")
    step = postman.take_in(link.id, issue)
    if step is None:
        return  # the answer was older than what we have seen: look again next time
    if step.edit is None or is_all_said(postman, link, step.edit):
        _done(postman, owed)
        return
    answers = sendable(postman, link, read_at)
    wanted = with_answers(step.edit, answers)
    if wanted == Edit():
        _wait_for_evidence(postman, owed)
        return
    _must_not_be_undone_for_ever(postman, owed, step, wanted)
    sent = carried(wanted, answers)
    edited = _send(postman, owed, step.issue, wanted, sent)  # as it was read last
    after = _read_back(postman, owed, step, edited, sent)
    postman.delivery.edited += 1
    if after is not None and is_all_said(postman, link, after.edit):
        _done(postman, owed)
    else:
        postman.keep(owed, state="PENDING")


UNDONE = 10
A_DAY = timedelta(days=1)


def _must_not_be_undone_for_ever(postman: Postman, owed: Owed, step: Step, wanted: Edit) -> None:
    """Another robot that puts something else back each time is not answered for ever. Raises Rejected."""
    link, payload = step.view.link, written(wanted)
    if times_written(postman.record.db, link.id, payload, since=later(postman.now, -A_DAY)) < UNDONE:
        return
    postman.keep(owed, payload=payload)
    raise Rejected(
        f"{link.remote_key} was given the same {UNDONE} times within a day, and each time somebody undid it there",
        field=next(iter(step.edited_fields), ""),
    )


def _wait_for_evidence(postman: Postman, owed: Owed) -> None:
    """Nothing is left to write but an answer that may have arrived already."""
    if in_hand(postman.record.db, owed).state != "UNKNOWN":
        postman.keep(owed, state="UNKNOWN", last_error="an answer may be on its way")


def _read_back(postman: Postman, owed: Owed, step: Step, edited: Issue, sent: Sequence[Answer]) -> Step | None:
    """What the issue shows now. Raises Rejected where a comment that was taken does not show: it is not said again."""
    link = step.view.link
    after = postman.take_in(link.id, edited, wrote=step.edited_fields)
    if not unseen(postman, link, sent):
        return after
    after = postman.take_in(link.id, postman.tracker.get(link.issue_id))
    if after is not None and unseen(postman, link, sent):
        with postman.unit() as unit:
            alone = written(with_answers(Edit(), hide(unit, link, sent)))  # what the next plan would say again
            keep(unit, replace(renewed(unit, in_hand(unit.db, owed)), payload=alone, attempts=1))
        raise Rejected(f"{link.connector} took a comment for {link.remote_key} and does not show it", field=COMMENT)
    return after


TWIN = "This issue was made by mistake beside {}, where the work is tracked. Nothing is to be done here."


def retire(postman: Postman, owed: Owed, link: Link) -> None:
    """Closes a second issue that we made for one mirror, unless people have worked in it: then one of them decides.

    Raises TrackerError.
    """
    with suppress(Gone):
        _retire(postman, owed, postman.tracker.get(link.issue_id), link)
    _done(postman, owed)


def _retire(postman: Postman, owed: Owed, issue: Issue, link: Link) -> None:
    mirror = min(links_of_item(postman.record.db, link), key=lambda each: each.number)
    authors = [*(change.author for change in issue.history), *(comment.author for comment in issue.comments)]
    if any(author.id not in postman.rules.accounts for author in authors):
        _ask(postman, mirror, issue)
    elif issue.author.id in postman.rules.accounts and issue.status.category != "done":
        closing = Edit(status="done", body=with_block(issue.body, TWIN.format(mirror.remote_key)))
        _send(postman, owed, issue, closing, ())
        postman.delivery.edited += 1


def _ask(postman: Postman, mirror: Link, twin: Issue) -> None:
    told = f"people have worked in {twin.key} {twin.url}, which we made by mistake for the same item"
    conflict = NewConflict(f"twin {twin.id}", None, mirror.remote_key, told, None, "twin")
    with postman.unit() as unit:
        raise_conflict(unit, mirror, conflict, by=daemon(mirror.connector))


def _send(postman: Postman, owed: Owed, issue: Issue, wanted: Edit, answers: Sequence[Answer]) -> Issue:
    """Sends one edit and returns the issue as the tracker then holds it."""
    with postman.unit() as unit:
        sending = renewed(unit, in_hand(unit.db, owed))
        keep(unit, replace(sending, state="SENDING", payload=written(wanted), attempts=1))
        mark(unit, answers, UNDER_WAY)
    try:
        return postman.tracker.edit(issue, wanted)
    except Unsettled:
        settle_departures(postman, link_of(postman.record.db, owed.link_id))
        raise
    except TrackerError as error:  # a definite answer, and the comment would have been the last to be sent
        with postman.unit() as unit:
            mark(unit, answers, LONG_AGO)
            if isinstance(error, Unavailable):
                keep(unit, replace(in_hand(unit.db, owed), state="PENDING", last_error=str(error)))
        raise


def _done(postman: Postman, owed: Owed) -> None:
    with postman.unit() as unit:
        clear(unit, in_hand(unit.db, owed))
