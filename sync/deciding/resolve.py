"""Ends conflicts: a person says which side, or which value, holds."""

from __future__ import annotations

from dataclasses import asdict

from ...mapping.consequences import consequences
from ...mapping.dates import is_date
from ...mapping.item import PoamItem, State, WorkStatus
from ..delivery.answering import ask_again
from ..delivery.links import next_link
from ..delivery.outbox import owe
from ..errors import InputError, NotAllowed
from ..looking.comments import COMMENT
from ..looking.due_date import AMBIGUOUS
from ..looking.due_date import NAME as DUE_DATE
from ..record.items import load
from ..record.kinds import Conflict, Link
from ..record.mirrors import forget_base, link_of, links_with_issue
from ..record.past import last_told, last_words
from ..record.rows import rows
from .decider import Decider
from .edits import BY_HAND, edit
from .several import answer_at, go_by_the_rest, of_issues

FORECAST = "forecast_date"


def resolve(decider: Decider, number: int, take: str) -> str:
    """Ends a conflict and says how: `record` or `tracker` names the side that holds, anything else is the value."""
    found = rows(decider.unit.db, Conflict, "id = ?", (number,))
    if not found or not (found[0].state == "open" or _is_open_again(decider, found[0], take)):
        raise InputError(f"there is no open conflict {number}", hint="poam conflicts lists them")
    conflict = found[0]
    decider.must_decide(f"conflict {number}")
    link = link_of(decider.unit.db, conflict.link_id)
    item = load(decider.unit.db, "uid = ?", (conflict.item_uid,))[0]
    end = _ENDS.get(conflict.policy) or _VALUES[conflict.field]
    told = end(decider, conflict, link, item, take)
    decider.unit.change(decider.by, "conflicts", conflict.id, decider.ended(take))
    return told


def _resolve_work(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    status = _status(conflict, item, take)
    claim = _claim(decider, conflict, item, take) if status is WorkStatus.DONE else {}
    changes = of_issues(decider, item, {link.id: status}, **claim)
    new = WorkStatus(str(changes.get(conflict.field, item.work_status)))
    if new is not item.work_status:
        _must_not_be_closed(conflict, item)
        if state := consequences(item, item.work_status, new, "").to_state:
            changes = {"state": state} | changes
        reason = f"conflict {conflict.id}"
        decider.change(item, changes, reason=f"{reason}: {take}", source=reason)
        answer_at(decider, item, link.id, new)
    of_its_own = f" at {link.remote_key}, {new} of the whole item" if new is not status else ""
    return f"{item.poam_id}: {conflict.field} is {status}{of_its_own}{_AS_FAR_AS.get(status, '')}"


_AS_FAR_AS = {WorkStatus.BLOCKED: " in the record; the issue shows it where its tracker has a status or label for it"}


def _status(conflict: Conflict, item: PoamItem, take: str) -> WorkStatus:
    """The work status that a side has, or the one that was typed: then it is none that is an engineer's to say."""
    sides = {"record": conflict.record_value, "tracker": conflict.tracker_value}
    value, lawful = (sides[take], tuple(WorkStatus)) if take in sides else (take, BY_HAND)
    if value not in lawful:
        raise InputError(
            f"{value} is no work status that can be decided",
            hint=f"take record, tracker or one of: {', '.join(BY_HAND)}; whoever did the work claims it in their own "
            f"name: poam transition {item.poam_id} pending_verification --reason TEXT",
        )
    return WorkStatus(value)


def _must_not_be_closed(conflict: Conflict, item: PoamItem) -> None:
    if item.state is State.CLOSED:
        raise NotAllowed(
            f"{item.poam_id} is closed and its work stays {item.work_status}, as it was verified",
            hint=f"take the side that says so, or open it first: poam transition {item.poam_id} open --reason TEXT",
        )


def _claim(decider: Decider, conflict: Conflict, item: PoamItem, take: str) -> dict[str, str]:
    """When and by whom the side that holds was claimed done: a claim stays its claimant's, whoever decides."""
    if take == "tracker":
        return {"at": decider.unit.at, "by": conflict.tracker_by}
    at, by = (last_told(decider.unit.db, item.uid, name) for name in ("work_done_at", "work_done_by"))
    return {"at": at, "by": by}


def _resolve_forecast(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    """A side's forecast, or none where it withdrew it; a date that is typed is checked like any that a person sets."""
    reason = f"conflict {conflict.id}"
    if take in ("record", "tracker"):
        forecast = conflict.record_value if take == "record" else _forecast_there(decider, item)
        decider.change(item, {FORECAST: forecast}, reason=f"{reason}: {take}", source=reason)
    elif is_date(take):
        forecast = take
        edit(decider, item, {FORECAST: take}, reason=reason)
    else:
        raise InputError(f"{take} is no date", hint="take record, tracker or a date as YYYY-MM-DD")
    return f"{item.poam_id}: {FORECAST} is {forecast or 'withdrawn'}"


def _forecast_there(decider: Decider, item: PoamItem) -> str | None:
    """What the engineers said last at a tracker: they may have moved on since the conflict was raised."""
    _, there = last_words(decider.unit.db, item.uid, FORECAST)
    return there.new if there else item.forecast_date


def _must_take_a_side(conflict: Conflict, take: str) -> None:
    if take not in ("record", "tracker"):
        raise InputError(f"conflict {conflict.id} is not about a value", hint="take record or tracker")


def _resolve_refused(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    _must_take_a_side(conflict, take)
    if take == "tracker":
        return f"{item.poam_id}: left as {link.remote_key or 'the tracker'} has it"
    operation = "retire" if link.state == "retired" else "edit" if link.remote_id else "create"
    if conflict.field == COMMENT:
        ask_again(decider.unit, link)
    forget_base(decider.unit, link.id, conflict.field)  # else what the tracker made of it would count as agreed
    owe(decider.unit, link, operation)
    return f"{item.poam_id}: tried again in the next cycle"


def _resolve_missing(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    _must_take_a_side(conflict, take)
    decider.unit.change(decider.by, "links", link.id, {"state": "retired"}, reason=f"conflict {conflict.id}: {take}")
    if take == "tracker" and links_with_issue(decider.unit.db, item.uid):
        go_by_the_rest(decider, item, link)
        return f"{item.poam_id}: goes on with its other issues"
    if take == "tracker":
        return f"{item.poam_id}: no issue mirrors it any more; poam resolve {conflict.id} --take record makes a new one"
    again = next_link(decider.unit.db, link)
    decider.unit.create(decider.by, "links", asdict(again), reason="mirrored anew")
    owe(decider.unit, again, "create")
    return f"{item.poam_id}: a new issue is created in the next cycle"


def _is_open_again(decider: Decider, conflict: Conflict, take: str) -> bool:
    """An item that went on without an issue gets a new one when somebody asks for it after all."""
    gone = conflict.policy == "missing" and conflict.resolution == "tracker" and take == "record"
    return gone and all(link.state == "retired" for link in rows(decider.unit.db, Link, _OF_ITEM, (conflict.item_uid,)))


_OF_ITEM = "item_uid = ?"


def _resolve_twin(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    """The second issue is a retired link already: never taken for the mirror and never reported again."""
    _must_take_a_side(conflict, take)
    return f"{item.poam_id}: {link.remote_key} mirrors it; close the other issue at the tracker"


def _resolve_ambiguous(decider: Decider, conflict: Conflict, link: Link, item: PoamItem, take: str) -> str:
    """What the engineers want is theirs to say, and one label less says it."""
    raise InputError(
        f"conflict {conflict.id} is about two dates at once, {conflict.tracker_value}, and ends when there is one",
        hint=f"take one label off {link.remote_key}",
    )


_ENDS = {
    "missing": _resolve_missing,
    "refused": _resolve_refused,
    "twin": _resolve_twin,
    AMBIGUOUS: _resolve_ambiguous,
}
"""How each kind of conflict ends; any other is about two values."""

_VALUES = {"work_status": _resolve_work, DUE_DATE: _resolve_forecast}
"""How one over two values of a field ends."""
