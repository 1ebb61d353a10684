"""Creates issues over an interface that has no idempotency key: exactly one per mirror, whatever happens in between.

A create is committed as SENDING before its bytes leave, and its link is stored in the transaction that clears it. One
whose fate is unknown is never sent again before the tracker, asked late enough, does not have it.
"""

from __future__ import annotations

from datetime import timedelta

from ...connectors.base import Created, Issue
from ...connectors.errors import Rejected, Unavailable
from ...mapping.life import MIRRORED_STATES
from ..looking.existence import proof_after
from ..looking.views import view_of
from ..looking.wanted import first_draft
from ..record.kinds import Link, Owed
from ..record.mirrors import links_unseen
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


def create(postman: Postman, owed: Owed, link: Link) -> None:
    """Sends one create, once; `cleared_to_send` has said that it may be sent. Raises TrackerError."""
    view = view_of(postman.record.db, postman.config, link)
    if view.item.state not in MIRRORED_STATES or link.state != "planned":  # decided before an engineer could see it
        with postman.unit() as unit:
            clear(unit, owed)
        return
    draft = first_draft(view, postman.rules)
    deadline = later(postman.now, postman.config.sync.limits.send_deadline)
    sent = {"send_deadline": deadline, "sent_to": postman.config.connectors[link.connector].place}
    postman.keep(owed, state="SENDING", payload=written(draft), attempts=owed.attempts + 1, **sent)
    if postman.now > deadline:  # the process slept between commit and send: what we know of the tracker is too old
        postman.keep(owed, state="PENDING")
        return
    try:
        created = postman.tracker.create(draft)
    except Unavailable as error:
        postman.keep(owed, state="PENDING", last_error=str(error))
        raise
    with postman.unit() as unit:
        bind(unit, link, created)
    postman.delivery.created += 1
    if created.issue is not None:
        _first_look(postman, link.id, created.issue)


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
