"""The work status of a look: two-way, people at the tracker propose and the record may have moved too. Pure.

Each of an item's issues stands for a work status of its own (`View.work`), which is what is merged; the item goes by
all of them together. The agreed pair's record value is that stand, its *version* counts the record's own moves, which
every issue follows. A tracker value of None: the issue does not show yet what was taken from it.
"""

from __future__ import annotations

from collections.abc import Iterator

from ...connectors.base import Issue
from ...mapping.consequences import REFUSALS, consequences
from ...mapping.item import State, WorkStatus
from ...mapping.lenses import category_of, reason_of
from ...mapping.life import RequestKind
from ...mapping.together import ENDED, work_together
from ..record.kinds import Base
from ..settings.policies import Policy
from .merge import NOTHING, Merged, merge
from .sketch import Sketch
from .steps import NewConflict, NewRequest, Observed, View

NAME = "work_status"


def plan_work_status(sketch: Sketch) -> None:
    """Merges the work status on what people did, with what follows for the item."""
    view, base = sketch.view, sketch.view.bases.get(NAME)
    seen, proposal = sketch.seen(NAME), sketch.proposal(NAME)
    merged = merge(
        base,
        view.work.value,
        seen,
        proposal.new if proposal else NOTHING,
        dirty=is_behind(view) or (proposal is not None and proposal.crossed),
        policy=sketch.rules.work_status,
        frozen=is_frozen(view),
    )
    if merged.conflict and proposal:
        agreed = base.record_value if base else None
        both = NewConflict(NAME, agreed, view.work.value, proposal.new, proposal, merged.conflict)
        sketch.conflicts.append(both)
    taken = proposal and merged.value and merged.value != view.work.value
    if proposal and merged.value and taken:
        _take(sketch, WorkStatus(merged.value), proposal)
    alike = not merged.frozen and is_alike(merged.value, seen)
    if alike:
        merged = Merged(merged.value, agreed=True)
    sketch.conclude(NAME, merged, seen, version=view.item.work_status_version, alike=alike)
    if taken and NAME in sketch.pushes:
        sketch.bases[NAME] = Base(merged.value, None, view.item.work_status_version)


def is_behind(view: View) -> bool:
    """Whether the record moved since the pair was agreed on, or the issue does not show yet what it stands for."""
    base, version = view.bases.get(NAME), view.item.work_status_version
    if base is None:
        return version != 0 or view.work is not WorkStatus.NOT_STARTED
    return base.version != version or base.tracker_value is None


def is_frozen(view: View) -> bool:
    """Whether both sides changed the work status and a person has yet to say which one holds."""
    return view.disputes(NAME, Policy.MANUAL)


def is_alike(value: str | None, seen: str | None) -> bool:
    """A status that the tracker shows in another word of the same category is shown well enough."""
    if not value or not seen:
        return False
    return category_of(WorkStatus(value)) == category_of(WorkStatus(seen))


def _take(sketch: Sketch, new: WorkStatus, proposal: Observed) -> None:
    """What follows from this issue's move: for the item, where all of its issues together say something else now; and
    the questions that this issue asks or answers.
    """
    view, issue = sketch.view, sketch.issue
    reason = reason_of(issue.status) if sketch.seen(NAME) == new.value else ""
    together = work_together([new, *(other.work_status for other in view.others)])
    sketch.stands_for[NAME] = new
    if together is not view.item.work_status:
        _move_item(sketch, together, proposal, reason)
    effect = consequences(view.item, view.work, new, reason)
    sketch.withdrawn.update(dict.fromkeys(_answered(view, effect.answers), proposal))
    if effect.decision is not None:
        sketch.requests.append(NewRequest(effect.decision, None, None, proposal))


def _move_item(sketch: Sketch, new: WorkStatus, proposal: Observed, reason: str) -> None:
    item, issue = sketch.view.item, sketch.issue
    effect = consequences(item, item.work_status, new, reason)
    values: dict[str, str | int | None] = {NAME: new}
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
    beside = ", ".join(sorted(f"{other.key} {other.work_status.replace('_', ' ')}" for other in sketch.view.others))
    told = [_because(issue, proposal), *filter(None, [beside])]
    sketch.change(values, proposal, "; ".join(told))


def _because(issue: Issue, proposal: Observed) -> str:
    """What moved the item: what was said below the issue, or the status it is in, with its resolution."""
    if proposal.is_said:
        return f"said at {issue.key}" + (f": {proposal.reason}" if proposal.reason else "")
    name, why = issue.status.name, issue.status.reason
    return f"{issue.key} is {name}" + (f" ({why})" if why.casefold() not in ("", name.casefold()) else "")


def _answered(view: View, kinds: tuple[RequestKind, ...]) -> Iterator[RequestKind]:
    """The questions that wait and that nobody asks any more: another issue's stay, and those that one shares."""
    waiting = {request.kind: request.link_id for request in view.requests if request.state == "waiting"}
    silent = [other.work_status for other in view.others if other.link_id not in waiting.values()]
    for kind in kinds:
        if kind in waiting and not view.is_anothers(waiting[kind]) and not any(_asks(work, kind) for work in silent):
            yield RequestKind(kind)


def _asks(work: WorkStatus, kind: RequestKind) -> bool:
    """Whether an issue that stands for this asks such a question."""
    return work is WorkStatus.WONT_DO if kind in REFUSALS else work not in ENDED
