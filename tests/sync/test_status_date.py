"""The status date: one rule, whoever changes an item and from wherever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from poam.mapping.item import PoamItem, State
from poam.sync.deciding.edits import edit
from poam.sync.status_date import NO_CHANGE, dated

from .deciding import ISSO, SCAN, approved, ask, close, deciding, moved, pair, rejected, resolved
from .engine import Engine, item

BEFORE, TODAY, TOMORROW = "2026-02-01", "2026-03-02", "2026-03-03"


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


def by_hand(ready: Engine, **texts: str) -> None:
    with deciding(ready) as decider:
        edit(decider, ready.item(), texts, reason="x")


def start(ready: Engine) -> None:
    ready.person.start(ready.link().remote_id or "")
    ready.later()


def forecast(ready: Engine) -> None:
    ready.person.set_due(ready.link().remote_id or "", "2026-04-01")
    ready.later()


# what people do at a tracker


@pytest.mark.parametrize("change", [start, forecast, close, lambda ready: close(ready, how="wont_do")])
def test_what_an_engineer_changes_at_the_tracker_is_the_items_last_change(
    mirrored: Engine, change: Callable[[Engine], None]
) -> None:
    change(mirrored)
    assert mirrored.item().status_date == TODAY


def test_what_changes_nothing_of_the_item_leaves_the_date(mirrored: Engine) -> None:
    ask(mirrored)
    mirrored.person.rename(mirrored.link().remote_id or "", "mine")
    mirrored.later()
    mirrored.cycle(full=True)
    assert len(mirrored.requests()) == 1
    assert mirrored.item().status_date == BEFORE


# what people decide, a day after the engineers did something


@pytest.mark.parametrize(
    ("happened", "decide"),
    [
        (ask, approved),
        (ask, rejected),
        (lambda ready: close(ready, how="wont_do"), approved),
        (lambda ready: close(ready, how="wont_do"), rejected),
        (close, lambda ready: moved(ready, State.OPEN)),
        (close, lambda ready: moved(ready, State.CLOSED, evidence=(SCAN,))),
        (start, lambda ready: by_hand(ready, work_status="not_started")),
        (start, lambda ready: by_hand(ready, comments="new")),
    ],
)
def test_every_decision_about_an_item_moves_its_status_date(
    mirrored: Engine, happened: Callable[[Engine], None], decide: Callable[[Engine], object]
) -> None:
    happened(mirrored)
    mirrored.later(days=1)
    decide(mirrored)
    assert mirrored.item().status_date == TOMORROW


def test_a_conflict_that_a_person_ends_with_another_value_moves_it_too(mirrored: Engine) -> None:
    by_hand(mirrored, work_status="blocked")
    start(mirrored)
    assert len(mirrored.conflicts()) == 1
    mirrored.later(days=1)
    resolved(mirrored, "record", person=ISSO)
    assert mirrored.item().status_date == TOMORROW


def test_setting_what_is_there_already_leaves_it(mirrored: Engine) -> None:
    by_hand(mirrored, work_status="not_started")
    assert mirrored.item().status_date == BEFORE


# the rule itself


@pytest.mark.parametrize("name", sorted(NO_CHANGE))
def test_what_only_the_engine_counts_with_is_no_change(name: str) -> None:
    assert dated(item(), {name: "7"}, TODAY) == {name: "7"}


@pytest.mark.parametrize(("known", "value"), [(False, 0), (True, 1)])
def test_a_yes_or_no_is_compared_as_the_record_stores_it(known: bool, value: int) -> None:
    own: PoamItem = item(vendor_dependency=known)
    assert dated(own, {"vendor_dependency": value}, TODAY) == {"vendor_dependency": value}
    assert dated(own, {"vendor_dependency": 1 - value}, TODAY)["status_date"] == TODAY
