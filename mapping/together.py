"""What the several issues of one item say together: the item's work status and its forecast.

An issue says what its own people did with it; none is opened, closed or moved because another one differs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .item import WorkStatus

ENDED = frozenset({WorkStatus.DONE, WorkStatus.WONT_DO})


def work_together(issues: Collection[WorkStatus]) -> WorkStatus:
    """The item's work status by those of its issues, the first that holds. Raises ValueError for none at all.

    blocked, while any issue is blocked; in_progress, while any is worked on, or one is done and another not begun;
    not_started, while any is not begun; wont_do, once all are ended and any was declined; done, once all are done.
    """
    if not issues:
        raise ValueError("an item without an issue has nothing to go by")
    said = frozenset(issues)
    if WorkStatus.BLOCKED in said:
        return WorkStatus.BLOCKED
    if said - ENDED:
        begun = said & {WorkStatus.IN_PROGRESS, WorkStatus.DONE}
        return WorkStatus.IN_PROGRESS if begun else WorkStatus.NOT_STARTED
    return WorkStatus.WONT_DO if WorkStatus.WONT_DO in said else WorkStatus.DONE


def forecast_together(forecasts: Iterable[str | None], due: str | None) -> str | None:
    """The latest of what the issues expect: one without a forecast expects the due date, and then there is none.

    Dates are `YYYY-MM-DD`; without a due date, an issue without a forecast expects nothing.
    """
    latest = max(filter(None, (forecast or due for forecast in forecasts)), default=None)
    return None if latest == due else latest
