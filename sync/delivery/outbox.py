"""The writes we owe the trackers: noted, bound to their issue, and cleared in the same transaction.

States: PENDING is due; SENDING was committed before its bytes left; UNKNOWN left, and nobody knows what became of it;
DONE and FAILED are over. A link has at most one write in hand, so changes that come meanwhile go along with it.
"""

from __future__ import annotations

from dataclasses import asdict, replace

from ...connectors.base import Created, Draft, Edit
from ..looking.steps import Step
from ..record.journal import as_json
from ..record.kinds import Link, Owed
from ..record.mirrors import sighting_of
from ..record.owed import in_hand, owed_at
from ..record.rows import keep
from ..record.unit import Unit
from ..settings.people import daemon


def owe(unit: Unit, link: Link, operation: str) -> None:
    """A write is due at this issue. What it holds is decided when it is sent; one at a time is enough."""
    if owed_at(unit.db, link.id) is None:
        owe_at(unit, link.id, operation)


def owe_at(unit: Unit, link_id: str, operation: str) -> None:
    """The same where nothing is owed."""
    keep(unit, Owed(unit.next_id("outbox"), link_id, operation, "{}", "PENDING", 0, "", "", "", "", unit.at))


def owe_edit(unit: Unit, step: Step) -> None:
    """Notes that this issue needs an edit, unless this very edit was refused before and nobody has done anything at
    the issue since.
    """
    still_refused = step.view.refused - {each.record_value for each in step.settled_conflicts}
    if step.edit is not None and (step.observed or written(step.edit) not in still_refused):
        owe(unit, step.view.link, "edit")


def written(what: Draft | Edit) -> str:
    """What is sent, as the outbox keeps it."""
    plain = {name: sorted(value) if isinstance(value, frozenset) else value for name, value in asdict(what).items()}
    return as_json(plain)


def bind(unit: Unit, link: Link, created: Created, *, note: str = "") -> None:
    """Stores which issue mirrors the item, and that its create is no longer owed."""
    values = {"remote_id": created.id, "remote_key": created.key, "url": created.url, "state": "live"}
    unit.change(daemon(link.connector), "links", link.id, values, reason="mirrored")
    keep(unit, sighting_of(unit.db, link))  # blank for now: somebody has to look at the new issue
    owed = owed_at(unit.db, link.id)
    if owed is not None:
        clear(unit, owed, note=note)


def renewed(unit: Unit, owed: Owed) -> Owed:
    """The write to be sent now: a new one where the old was sent before, for what that one held may still arrive and
    must then be known for ours.
    """
    if not owed.attempts:
        return owed
    clear(unit, owed, note=owed.last_error or "planned anew")
    owe_at(unit, owed.link_id, owed.operation)
    return in_hand(unit.db, owed)


def clear(unit: Unit, owed: Owed, *, note: str = "") -> None:
    """A write that is no longer owed."""
    keep(unit, replace(owed, state="DONE", last_error=note))
