"""Edits issues: never replayed. The issue is read, the edit planned anew, and what was written is read back."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from ...connectors.base import Edit, Issue
from ...connectors.errors import Gone, Unavailable
from ...mapping.issue_text import with_block
from ..conflicts import raise_conflict
from ..looking.existence import is_ours
from ..looking.steps import NewConflict
from ..record.kinds import Link, Owed
from ..record.mirrors import links_of_item, links_with, sighting_of
from ..record.owed import in_hand
from ..record.rows import keep
from ..settings.people import daemon
from .outbox import clear, renewed, written
from .postman import Postman


def edit(postman: Postman, owed: Owed, link: Link) -> None:
    """Brings one issue to what the record says now. Raises TrackerError."""
    issue = postman.tracker.get(link.issue_id, known=sighting_of(postman.record.db, link).version)
    known = links_with(postman.record.db, link.connector, "marker", {issue.marker} if issue.marker else ())
    if not is_ours(issue, link, postman.rules.accounts, [each.marker for each in known]):
        raise Gone(f"{issue.key} at {postman.rules.connector} is not the issue that mirrors this item")
    step = postman.take_in(link.id, issue)
    if step is None:
        return  # the answer was older than what we have seen: look again next time
    if step.edit is None:
        _done(postman, owed)
        return
    edited = _send(postman, owed, step.issue, step.edit)  # as it was read last
    after = postman.take_in(link.id, edited, wrote=step.edited_fields)
    postman.delivery.edited += 1
    if after is not None and after.edit is None:
        _done(postman, owed)
    else:
        postman.keep(owed, state="PENDING")


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
    if any(change.author.id not in postman.rules.accounts for change in issue.history):
        _ask(postman, mirror, issue)
    elif issue.author.id in postman.rules.accounts and issue.status.category != "done":
        _send(postman, owed, issue, Edit(status="done", body=with_block(issue.body, TWIN.format(mirror.remote_key))))
        postman.delivery.edited += 1


def _ask(postman: Postman, mirror: Link, twin: Issue) -> None:
    told = f"people have worked in {twin.key} {twin.url}, which we made by mistake for the same item"
    conflict = NewConflict(f"twin {twin.id}", None, mirror.remote_key, told, None, "twin")
    with postman.unit() as unit:
        raise_conflict(unit, mirror, conflict, by=daemon(mirror.connector))


def _send(postman: Postman, owed: Owed, issue: Issue, wanted: Edit) -> Issue:
    """Sends one edit and returns the issue as the tracker then holds it."""
    with postman.unit() as unit:
        sending = renewed(unit, in_hand(unit.db, owed))
        keep(unit, replace(sending, state="SENDING", payload=written(wanted), attempts=1))
    try:
        return postman.tracker.edit(issue, wanted)
    except Unavailable as error:
        postman.keep(owed, state="PENDING", last_error=str(error))
        raise


def _done(postman: Postman, owed: Owed) -> None:
    with postman.unit() as unit:
        clear(unit, in_hand(unit.db, owed))
