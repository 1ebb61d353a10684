"""Decisions about one of an item's several issues: it alone follows, and the item goes by all of them together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...mapping.consequences import consequences
from ...mapping.dates import effective_due
from ...mapping.item import PoamItem, WorkStatus
from ...mapping.life import MIRRORED_STATES
from ...mapping.together import forecast_together, work_together
from ..looking.due_date import FORECAST
from ..looking.stands import every_stand
from ..looking.steps import Stand
from ..looking.work_status import NAME as WORK_STATUS
from ..record.kinds import Base, Link, Request
from ..record.mirrors import keep_base, waiting_requests
from ..record.past import last_claim, work_before_it_ended_at
from ..settings.people import daemon
from ..status_date import Value, dated
from .decider import Decider
from .work import asked_again, worked

Changes = dict[str, Value]


def of_issues(
    decider: Decider, item: PoamItem, said: Mapping[str, WorkStatus], *, at: str = "", by: str = ""
) -> Changes:
    """What changes for the item when these of its issues, by their links, stand for a status by somebody's word here.
    They are brought to it; of an item's only issue it is the item's own.
    """
    stands = {each.link_id: each.work_status for each in every_stand(decider.unit.db, item)}
    if len(stands) <= 1 or not said.keys() <= stands.keys():  # or of an issue that is none of the item's any more
        return worked(item, *said.values(), at=at, by=by) if said else {}
    stands |= said
    for link_id, status in said.items():
        keep_base(decider.unit, link_id, WORK_STATUS, Base(status, None, item.work_status_version))
    return _together(item, work_together(stands.values()), at, by)


def declined_asked_again(decider: Decider, item: PoamItem) -> Changes:
    """Declined work as it stood before. Of several issues only those that declined it and have no question of their own
    that still waits: one question may be that of several issues.
    """
    stands = every_stand(decider.unit.db, item)
    if len(stands) <= 1:
        return asked_again(decider.unit.db, item)
    waiting = {request.link_id for request in waiting_requests(decider.unit.db, item.uid)}
    declined = [each.link_id for each in stands if each.work_status is WorkStatus.WONT_DO]
    before = {
        each: work_before_it_ended_at(decider.unit.db, item.uid, each) for each in declined if each not in waiting
    }
    return of_issues(decider, item, {link: WorkStatus(was or WorkStatus.NOT_STARTED) for link, was in before.items()})


def answer_at(decider: Decider, item: PoamItem, link_id: str, status: WorkStatus) -> None:
    """Ends the questions that one issue's new work status answers; what the others ask waits on."""
    answered = consequences(item, item.work_status, status, "").answers
    others = {each.link_id for each in every_stand(decider.unit.db, item, but=link_id)}
    _end(
        decider,
        item,
        lambda asked: asked.kind in answered and asked.link_id not in others,
        f"the work is {status.replace('_', ' ')}",
    )


def end_requests_of(decider: Decider, item: PoamItem, link: Link, reason: str) -> None:
    """Ends what was asked for at one issue and still waits."""
    _end(decider, item, lambda asked: asked.link_id == link.id, reason)


def _end(decider: Decider, item: PoamItem, is_over: Callable[[Request], bool], reason: str) -> None:
    for request in filter(is_over, waiting_requests(decider.unit.db, item.uid)):
        decider.unit.change(decider.by, "requests", request.id, {"state": "superseded"}, reason=reason)


def go_by_the_rest(decider: Decider, item: PoamItem, gone: Link) -> None:
    """Lets an item that lost one of its issues go by those that are left."""
    left = every_stand(decider.unit.db, item, but=gone.id)
    if not left or item.state not in MIRRORED_STATES:
        return
    due = effective_due(item, decider.profile(item))
    values = _work_of(decider, item, left) | {FORECAST: forecast_together([each.forecast_date for each in left], due)}
    reason = f"{gone.remote_key} is no issue of this item any more"
    values = dated(item, values, decider.today)
    decider.unit.change(daemon(gone.connector), "items", item.uid, values, reason=reason)


def _work_of(decider: Decider, item: PoamItem, left: list[Stand]) -> Changes:
    """A claim stays its claimant's: that of whoever closed the last of those that are left."""
    together = work_together([each.work_status for each in left])
    done = together is WorkStatus.DONE
    at, by = last_claim(decider.unit.db, item.uid, [each.link_id for each in left]) if done else ("", "")
    changes = _together(item, together, at, by)
    state = consequences(item, item.work_status, together, "").to_state
    return changes | {"state": state} if state else changes


def _together(item: PoamItem, status: WorkStatus, at: str, by: str) -> Changes:
    """A new work status that no issue has to follow: each stands for its own."""
    if status is item.work_status:
        return {}
    claim = {"at": at, "by": by} if status is WorkStatus.DONE else {}
    return {**worked(item, status, **claim), "work_status_version": item.work_status_version}
