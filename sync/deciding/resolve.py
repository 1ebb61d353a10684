"""Ends conflicts: a person says which side, or which value, holds."""

from __future__ import annotations

from dataclasses import asdict

from ...mapping.item import PoamItem, WorkStatus
from ...mapping.life import consequences
from ..delivery.links import next_link
from ..delivery.outbox import owe
from ..errors import InputError
from ..record.items import load
from ..record.kinds import Conflict, Link
from ..record.mirrors import forget_base, link_of, rows
from .decisions import Decider, worked


def resolve(decider: Decider, number: int, take: str) -> str:
    """Ends a conflict and says how: `record` or `tracker` names the side that holds, anything else is the value."""
    found = rows(decider.unit.db, Conflict, "id = ?", (number,))
    if not found or found[0].state != "open":
        raise InputError(f"there is no open conflict {number}", hint="poam conflicts lists them")
    conflict = found[0]
    decider.must_decide(f"conflict {number}")
    link = link_of(decider.unit.db, conflict.link_id)
    item = load(decider.unit.db, "uid = ?", (conflict.item_uid,))[0]
    told = _ENDS.get(conflict.policy, _resolve_values)(decider, conflict, link, item, take)
    done = {
        "state": "resolved",
        "resolution": take,
        "resolved_by": decider.identity.person,
        "resolved_at": decider.unit.at,
    }
    decider.unit.change(decider.by, "conflicts", conflict.id, done)
    return told


def _resolve_values(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    value = {"record": conflict.record_value, "tracker": conflict.tracker_value}.get(take, take)
    if value not in set(WorkStatus):
        raise InputError(f"{value} is no work status", hint=f"take record, tracker or one of: {', '.join(WorkStatus)}")
    status = WorkStatus(value)
    claim = {"at": decider.unit.at, "by": conflict.tracker_by or decider.identity.person}
    changes = worked(item, status, **claim if status is WorkStatus.DONE else {})
    if state := consequences(item, item.work_status, status, "").to_state:
        changes = {"state": state} | changes
    if status is not item.work_status:
        ended = f"conflict {conflict.id}"
        decider.change(item, changes, reason=f"{ended}: {take}", source=ended)
    return f"{item.poam_id}: {conflict.field} is {value}"


def _must_take_a_side(conflict: Conflict, take: str) -> None:
    if take not in ("record", "tracker"):
        raise InputError(f"conflict {conflict.id} is not about a value", hint="take record or tracker")


def _resolve_refused(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    _must_take_a_side(conflict, take)
    if take == "tracker":
        return f"{item.poam_id}: left as {link.remote_key or 'the tracker'} has it"
    operation = "retire" if link.state == "retired" else "edit" if link.remote_id else "create"
    forget_base(decider.unit, link.id, conflict.field)  # else what the tracker made of it would count as agreed
    owe(decider.unit, link, operation)
    return f"{item.poam_id}: tried again in the next cycle"


def _resolve_missing(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    _must_take_a_side(conflict, take)
    decider.unit.change(decider.by, "links", link.id, {"state": "retired"}, reason=f"conflict {conflict.id}: {take}")
    if take == "tracker":
        return f"{item.poam_id}: no issue mirrors it any more"
    again = next_link(decider.unit.db, link)
    decider.unit.create(decider.by, "links", asdict(again), reason="mirrored anew")
    owe(decider.unit, again, "create")
    return f"{item.poam_id}: a new issue is created in the next cycle"


def _resolve_twin(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    """The second issue is a retired link already: never taken for the mirror and never reported again."""
    _must_take_a_side(conflict, take)
    return f"{item.poam_id}: {link.remote_key} mirrors it; close the other issue at the tracker"


_ENDS = {"missing": _resolve_missing, "refused": _resolve_refused, "twin": _resolve_twin}
"""How each kind of conflict ends; any other is about two values."""
