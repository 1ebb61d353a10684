"""Answers to commands: a comment is no field, so one that is sent twice stands there twice. Each is sent once.

The answers that an edit carries are marked as under way in the transaction that commits it. They are owed until they
are seen below the issue; one that may have arrived is sent again only where the issue, read late enough, does not show
it. One that the tracker took and does not show all the same is sent again only when a person asks for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from ...connectors.base import Edit
from ...mapping.comment_commands import as_comment
from ..looking.existence import proof_after
from ..record.kinds import Answer, Link
from ..record.mirrors import HIDDEN, open_answers
from ..record.rows import keep
from ..record.unit import Unit
from ..times import later
from .postman import Postman

UNDER_WAY = "9999-12-31T23:59:59.999Z"
"""Later than anything: nobody knows yet by when it has left."""
LONG_AGO = "0001-01-02T00:00:00.000Z"
"""What a tracker refused is over, and need not be waited for; the issue is read whole all the same."""


def settle_departures(postman: Postman, link: Link) -> bool:
    """Notes that what was under way has left by now, if at all: the call that sent it is over, whoever made it. True
    where an answer may stand below the issue that was never seen there.
    """
    answers = open_answers(postman.record.db, link.id)
    if any(answer.left_by == UNDER_WAY for answer in answers):
        with postman.unit() as unit:
            mark(unit, [answer for answer in answers if answer.left_by == UNDER_WAY], unit.at)
    return any(answer.left_by for answer in answers)


def sendable(postman: Postman, link: Link, read_at: str) -> list[Answer]:
    """The answers that an issue read at that time, which shows none of them, may be given: a hidden one never is."""
    settings = postman.config.connectors[link.connector]
    proof = proof_after(settings, postman.config.sync.limits)
    answers = open_answers(postman.record.db, link.id)
    return [answer for answer in answers if not answer.left_by or read_at >= later(answer.left_by, proof)]


def with_answers(edit: Edit, answers: Iterable[Answer]) -> Edit:
    """The edit as it was planned, with these answers and no others."""
    return replace(edit, comment=as_comment(answer.text for answer in answers) or None)


def carried(edit: Edit, answers: Iterable[Answer]) -> list[Answer]:
    """Those of the answers that fit into the comment."""
    return [answer for answer in answers if answer.text in (edit.comment or "")]


def mark(unit: Unit, answers: Iterable[Answer], left_by: str) -> None:
    """Notes by when these answers have left at the latest, if at all."""
    for answer in answers:
        keep(unit, replace(answer, left_by=left_by))


def unseen(postman: Postman, link: Link, sent: Iterable[Answer]) -> bool:
    """Whether one of the answers that were sent was not seen below the issue yet."""
    return not {answer.comment_id for answer in open_answers(postman.record.db, link.id)}.isdisjoint(
        answer.comment_id for answer in sent
    )


def hide(unit: Unit, link: Link, sent: Iterable[Answer]) -> list[Answer]:
    """Notes that the tracker took these answers and does not show them; returns all that it hides below the issue."""
    taken = {answer.comment_id for answer in sent}
    owed = open_answers(unit.db, link.id)
    hidden = [answer for answer in owed if answer.comment_id in taken or answer.left_by == HIDDEN]
    mark(unit, hidden, HIDDEN)
    return hidden


def ask_again(unit: Unit, link: Link) -> None:
    """Lets the answers that the tracker hides be sent once more, as a person wants it."""
    mark(unit, [answer for answer in open_answers(unit.db, link.id) if answer.left_by == HIDDEN], LONG_AGO)


def is_all_said(postman: Postman, link: Link, edit: Edit | None) -> bool:
    """Whether nothing of an edit is left to write but answers that the tracker hides, if at all."""
    if edit is None:
        return True
    owed = open_answers(postman.record.db, link.id)
    return replace(edit, comment=None) == Edit() and all(answer.left_by == HIDDEN for answer in owed)
