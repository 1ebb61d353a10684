"""The first look at an issue that a person attaches to an item. Pure.

What it shows counts as its people's word, as if said now: its status and its date, by whoever set them. What our own
account set there, for another item once, is nobody's. What happened before is no news. The status counts unless it
would change what the item's work has come to: then the record's holds, the issue follows, and a conflict tells both.
"""

from __future__ import annotations

from dataclasses import replace

from ...connectors.base import Change, Issue, Value
from ...mapping.item import WorkStatus
from ...mapping.together import work_together
from ..record.kinds import Base, Sighting
from ..settings.policies import Policy
from .due_date import NAME as DUE_DATE
from .history import seen_values
from .look import look
from .rules import Rules
from .steps import NewConflict, Observed, Step, View
from .work_status import NAME as WORK_STATUS


def first_look(view: View, issue: Issue, rules: Rules, now: str) -> Step:
    """What attaching the issue leads to: what is taken from it, and the edit that the next cycle owes it."""
    fresh = replace(view, sighting=Sighting(view.link.id), bases={}, sent=frozenset(), refused=frozenset())
    seen = WorkStatus(seen_values(issue, rules)[WORK_STATUS] or WorkStatus.NOT_STARTED)
    date, status = _last(issue, DUE_DATE, rules), _last(issue, "status", rules)
    if not status:
        return _looked(_behind(fresh), issue, rules, now, date)
    if _counts(view, seen):
        return _looked(_agreed(fresh), issue, rules, now, (*status, *date))
    step = _looked(_behind(fresh), issue, rules, now, date)
    because = Observed(WORK_STATUS, None, seen.value, status[0].author, status[0].at, str(status[0].id))
    both = NewConflict(WORK_STATUS, None, view.item.work_status.value, seen.value, because, Policy.RECORD)
    return replace(step, conflicts=(*step.conflicts, both))


def _counts(view: View, seen: WorkStatus) -> bool:
    """Whether the issue's status is taken: nobody has begun, or the item's work stays what it is."""
    together = work_together([seen, *(other.work_status for other in view.others)])
    return view.item.work_status in (WorkStatus.NOT_STARTED, together)


def _agreed(view: View) -> View:
    """Both sides agreed so far: what the issue shows is its people's alone to say."""
    work = view.work.value
    return replace(view, bases={WORK_STATUS: Base(work, work, view.item.work_status_version)})


def _behind(view: View) -> View:
    """The issue is to follow the item."""
    work = view.item.work_status
    stand = view.stand and replace(view.stand, work_status=work)
    return replace(view, stand=stand, bases={WORK_STATUS: Base(work.value, None, view.item.work_status_version)})


def _looked(view: View, issue: Issue, rules: Rules, now: str, told: tuple[Change, ...]) -> Step:
    """A look that is told these changes and no others; the pair that it began with is kept, too."""
    step = look(view, replace(issue, history=told, comments=(), references=()), rules, now)
    if step is None:
        raise AssertionError("an issue that was never seen has no older state")
    pairs = {**view.bases, **step.bases}
    return replace(step, issue=issue, bases=pairs, sighting=_read_to_its_end(step.sighting, issue))


def _last(issue: Issue, field: str, rules: Rules) -> tuple[Change, ...]:
    """Who last gave a field what it shows; where no history tells, the issue was made so. Nothing of no date at all,
    and of what was our own doing.
    """
    shown: Value = issue.status if field == "status" else next(iter(issue.due_dates), None)
    if shown is None or (field == DUE_DATE and len(issue.due_dates) > 1):
        return ()
    told = [change for change in issue.history if change.field == field]
    last = Change(1, issue.created, issue.author, field, None, shown)
    if told and told[-1].new == shown:
        last = replace(told[-1], old=None)
    return () if last.author.id in rules.accounts else (last,)


def _read_to_its_end(seen: Sighting, issue: Issue) -> Sighting:
    return replace(
        seen,
        history_cursor=max((change.id for change in issue.history), default=0),
        comment_cursor=max((comment.id for comment in issue.comments), default=0),
    )
