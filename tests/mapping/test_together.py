"""What several issues say together, for every combination there can be."""

from __future__ import annotations

from itertools import chain, combinations, permutations

import pytest

from poam.mapping.item import WorkStatus
from poam.mapping.together import forecast_together, work_together

NOT_STARTED, IN_PROGRESS, BLOCKED, DONE, WONT_DO = WorkStatus
SETS = list(chain.from_iterable(combinations(WorkStatus, n) for n in range(1, 6)))


@pytest.mark.parametrize("status", WorkStatus)
def test_one_issue_says_what_it_says_however_many_agree(status: WorkStatus) -> None:
    assert work_together([status]) is work_together([status] * 3) is status


def test_the_order_and_the_number_of_issues_do_not_count() -> None:
    for some in SETS:
        assert len({work_together(order) for order in permutations((*some, some[0]))} | {work_together(some)}) == 1


def test_every_combination_has_its_one_answer() -> None:
    assert len(SETS) == 31
    for some in SETS:
        expected = (
            BLOCKED
            if BLOCKED in some
            else IN_PROGRESS
            if IN_PROGRESS in some or {NOT_STARTED, DONE} <= set(some)
            else NOT_STARTED
            if NOT_STARTED in some
            else WONT_DO
            if WONT_DO in some
            else DONE
        )
        assert work_together(some) is expected


def test_done_takes_all_and_ended_takes_all() -> None:
    ended = {DONE, WONT_DO}
    for some in SETS:
        assert (work_together(some) is DONE) is (set(some) == {DONE})
        assert (work_together(some) in ended) is (set(some) <= ended)


def test_an_item_without_an_issue_has_nothing_to_go_by() -> None:
    with pytest.raises(ValueError, match="nothing to go by"):
        work_together([])


DUE = "2026-05-01"


@pytest.mark.parametrize(
    ("forecasts", "due", "expected"),
    [
        (["2026-04-01", "2026-04-10"], DUE, "2026-04-10"),
        (["2026-04-01", None], DUE, None),
        ([None, None], DUE, None),
        (["2026-04-01", DUE], DUE, None),
        (["2026-04-01", "2026-06-01"], DUE, "2026-06-01"),
        (["2026-04-01", None], None, "2026-04-01"),
        ([None], None, None),
    ],
)
def test_the_latest_forecast_counts_and_no_forecast_expects_the_due_date(
    forecasts: list[str | None], due: str | None, expected: str | None
) -> None:
    assert forecast_together(forecasts, due) == expected
    assert forecast_together(reversed(forecasts), due) == expected
