"""Creates issues over an interface that has no idempotency key: exactly one per mirror, whatever happens in between.

A create is committed as SENDING before its bytes leave, and its link is stored in the transaction that clears it. One
whose fate is unknown is never sent again before the tracker, asked late enough, does not have it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from ...connectors.base import Created, Draft, Issue
from ...connectors.errors import Rejected, TrackerError, Unavailable
from ...mapping.life import MIRRORED_STATES
from ..looking.existence import proof_after
from ..looking.views import view_of
from ..looking.wanted import first_draft
from ..record.kinds import Link, Owed
from ..record.mirrors import link_of, links_unseen
from ..record.owed import in_hand
from ..record.rows import keep
from ..times import later
from .outbox import bind, clear, owe_edit, written
from .postman import Postman
from .twins import note_twin


def cleared_to_send(postman: Postman, owed: Owed, link: Link) -> bool:
    """Finds out what became of a create; True when it may be sent: it never was, or the tracker does not have it.

    An issue that carries our marker is adopted. Only a search begun late enough, in the place it was sent to, proves
    that there is none. Raises TrackerError when it could not be asked.
    """
    if owed.state == "PENDING":
        return True
    settings, began = postman.config.connectors[link.connector], postman.now
    if owed.sent_to not in ("", settings.place):
        told = f"its create was sent to {owed.sent_to} and is not settled there"
        postman.keep(owed, state="UNKNOWN", last_error=told)
        raise Rejected(
            f"{link.connector} is {settings.place} now, but a create was sent to {owed.sent_to} and is not settled",
            hint="configure that place again until `poam status` owes nothing, then change it",
        )
    hits = postman.tracker.find(link.marker, since=later(owed.created_at, -timedelta(days=1)))
    if hits:
        _adopt(postman, link, *hits)
        return False
    if began >= later(owed.send_deadline, proof_after(settings, postman.config.sync.limits)):
        return True
    if owed.state != "UNKNOWN":
        postman.keep(owed, state="UNKNOWN", last_error="the process stopped while sending")
    return False


def create(postman: Postman, some: Sequence[Owed]) -> list[tuple[Owed, TrackerError]]:
    """Sends these creates in one request, once; `cleared_to_send` has said that each may be sent.

    Returns those that were refused, or left out of the request (Unavailable), each with its reason. Raises TrackerError
    for what concerns all.
    """
    drafts = _drafts(postman, some)
    if not drafts or not _committed(postman, drafts):
        return []
    try:
        answers = postman.tracker.create(list(drafts.values()))
    except Unavailable as error:
        _take_back(postman, drafts, str(error))
        raise
    ended = list(zip(drafts, answers, strict=True))
    _bind(postman, [(owed, answer) for owed, answer in ended if isinstance(answer, Created)])
    failed = [(owed, answer) for owed, answer in ended if isinstance(answer, TrackerError)]
    _take_back(postman, [owed for owed, error in failed if isinstance(error, Unavailable)], "was left out at first")
    return failed


def _bind(postman: Postman, made: Sequence[tuple[Owed, Created]]) -> None:
    """Stores every link in one transaction, and looks at what came along."""
    with postman.unit() as unit:
        for owed, created in made:
            bind(unit, link_of(unit.db, owed.link_id), created)
    postman.delivery.created += len(made)
    for owed, created in made:
        if created.issue is not None:
            _first_look(postman, owed.link_id, created.issue)


def _drafts(postman: Postman, some: Sequence[Owed]) -> dict[Owed, Draft]:
    """What to send; an item that was decided before an engineer could see it needs no issue any more."""
    links = {owed: link_of(postman.record.db, owed.link_id) for owed in some}
    views = {owed: view_of(postman.record.db, postman.config, link) for owed, link in links.items()}
    needed = {owed for owed, view in views.items() if view.item.state in MIRRORED_STATES}
    needed -= {owed for owed, link in links.items() if link.state != "planned"}
    with postman.unit() as unit:
        for owed in views.keys() - needed:
            clear(unit, owed)
    return {owed: first_draft(view, postman.rules) for owed, view in views.items() if owed in needed}


def _committed(postman: Postman, drafts: Mapping[Owed, Draft]) -> bool:
    """Commits that they are under way, and until when they must have left. False when the process slept meanwhile:
    what we know of the tracker is too old then.
    """
    deadline = later(postman.now, postman.config.sync.limits.send_deadline)
    place = postman.config.connectors[postman.rules.connector].place
    with postman.unit() as unit:
        for owed, draft in drafts.items():
            stands = in_hand(unit.db, owed)
            sending = replace(stands, state="SENDING", payload=written(draft), attempts=stands.attempts + 1)
            keep(unit, replace(sending, send_deadline=deadline, sent_to=place))
    if postman.now <= deadline:
        return True
    _take_back(postman, drafts, "the process slept before it was sent")
    return False


def _take_back(postman: Postman, some: Iterable[Owed], told: str) -> None:
    """Creates that certainly never left."""
    with postman.unit() as unit:
        for owed in some:
            keep(unit, replace(in_hand(unit.db, owed), state="PENDING", last_error=told))


def read_new_ones(postman: Postman) -> None:
    """New issues whose answer held only their identity are read back together. Raises TrackerError."""
    unseen = links_unseen(postman.record.db, postman.rules.connector)
    links = {link.remote_id: link for link in unseen if link.remote_id}
    for issue in postman.tracker.get_many(list(links)) if links else ():
        _first_look(postman, links[issue.id].id, issue)


def _adopt(postman: Postman, link: Link, first: Issue, *twins: Issue) -> None:
    """The oldest issue with our marker is the mirror; any other was made by mistake."""
    with postman.unit() as unit:
        bind(unit, link, Created(first.id, first.key, first.url), note="found at the tracker by its marker")
        for twin in twins:
            note_twin(unit, link, twin)


def _first_look(postman: Postman, link_id: str, issue: Issue) -> None:
    """The record may have moved on since the create was sent, or a person at the tracker: then an edit is owed."""
    step = postman.take_in(link_id, issue)
    if step is not None:
        with postman.unit() as unit:
            owe_edit(unit, step)
