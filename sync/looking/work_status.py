"""The work status of a look: two-way, people at the tracker propose and the record may have moved too. Pure."""

from __future__ import annotations

from ...mapping.consequences import consequences
from ...mapping.item import State, WorkStatus
from ...mapping.lenses import category_of, reason_of
from ..settings.policies import Policy
from .merge import NOTHING, Merged, merge
from .sketch import Sketch
from .steps import NewConflict, NewRequest, Observed, View

NAME = "work_status"


def plan_work_status(sketch: Sketch) -> None:
    """Merges the work status on what people did, with what follows for the item."""
    item, base = sketch.view.item, sketch.view.bases.get(NAME)
    seen, proposal = sketch.seen(NAME), sketch.proposal(NAME)
    merged = merge(
        base,
        item.work_status.value,
        seen,
        proposal.new if proposal else NOTHING,
        dirty=item.work_status_version != (base.version if base else 0) or (proposal is not None and proposal.crossed),
        policy=sketch.rules.work_status,
        frozen=is_frozen(sketch.view),
    )
    if merged.conflict and proposal:
        agreed = base.record_value if base else None
        both = NewConflict(NAME, agreed, item.work_status.value, proposal.new, proposal, merged.conflict)
        sketch.conflicts.append(both)
    if proposal and merged.value and merged.value != item.work_status.value:
        _take(sketch, WorkStatus(merged.value), proposal)
    alike = not merged.frozen and _alike(merged, seen)
    if alike:
        merged = Merged(merged.value, agreed=True)
    sketch.conclude(NAME, merged, seen, version=sketch.item.work_status_version, alike=alike)


def is_frozen(view: View) -> bool:
    """Whether both sides changed the work status and a person has yet to say which one holds."""
    return view.disputes(NAME, Policy.MANUAL)


def _alike(merged: Merged, seen: str | None) -> bool:
    """A status that the tracker shows in another word of the same category is shown well enough."""
    if not merged.value or not seen:
        return False
    return category_of(WorkStatus(merged.value)) == category_of(WorkStatus(seen))


def _take(sketch: Sketch, new: WorkStatus, proposal: Observed) -> None:
    item, issue = sketch.view.item, sketch.issue
    reason = reason_of(issue.status) if sketch.seen(NAME) == new.value else ""
    effect = consequences(item, item.work_status, new, reason)
    values: dict[str, str | int | None] = {NAME: new, "work_status_version": item.work_status_version + 1}
    if item.state is State.CLOSED:
        pass  # who did the work of a closed item stays as it was verified
    elif new is WorkStatus.DONE:
        values |= {
            "work_done_at": proposal.at or sketch.now,
            "work_done_by": proposal.account.id if proposal.account else "",
        }
    elif item.work_status is WorkStatus.DONE:
        values |= {"work_done_at": None, "work_done_by": ""}
    if effect.to_state is not None:
        values["state"] = effect.to_state
    sketch.change(values, proposal, f"{issue.key} is {issue.status.name}")
    sketch.withdrawn.update(dict.fromkeys(effect.answers, proposal))
    if effect.decision is not None:
        sketch.requests.append(NewRequest(effect.decision, None, None, proposal))
