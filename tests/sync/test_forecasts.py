"""A forecast that people here and engineers at the tracker both set: one holds meanwhile, and a person sees both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from poam.connectors.base import Account, Edit, Issue
from poam.connectors.memory import MemoryPerson, MemoryTracker
from poam.mapping.item import State
from poam.mapping.life import Role
from poam.sync.deciding.edits import edit
from poam.sync.errors import InputError, NotAllowed
from poam.sync.looking.due_date import is_unheard
from poam.sync.looking.rules import rules_for
from poam.sync.looking.steps import View
from poam.sync.looking.views import view_of
from poam.sync.looking.wanted import moved_fields
from poam.sync.record.kinds import Conflict
from poam.sync.record.rows import rows

from .deciding import ANN, EVA, ISSO, SCAN, approved, ask, at_rest, close, deciding, moved, pair, resolved, unwritten
from .engine import Engine, engine, item

DUE, HERE, THERE, LATER = "2026-05-01", "2026-04-20", "2026-04-10", "2026-07-01"


@pytest.fixture
def mirrored(tmp_path: Path) -> Iterator[Engine]:
    with pair(tmp_path) as ready:
        yield ready


def there(ready: Engine, day: str, n: int = 1) -> None:
    """Ann moves the issue's due date."""
    ready.clock.advance(minutes=1)
    ready.person.set_due(ready.link(n).issue_id, day)


def here(ready: Engine, day: str, n: int = 1, *, field: str = "forecast_date") -> None:
    """The ISSO sets the forecast; "" withdraws it."""
    ready.clock.advance(minutes=1)
    with deciding(ready) as decider:
        edit(decider, ready.item(n), {field: day}, reason="AO call")


def sides(ready: Engine) -> list[tuple[str | None, ...]]:
    """The open conflicts over a value, with before, both values and both authors."""
    told = [each for each in ready.conflicts() if each.policy == "tracker"]
    return [(each.base_value, each.record_value, each.record_by, each.tracker_value, each.tracker_by) for each in told]


def both(ready: Engine, mine: str = HERE, theirs: str = THERE) -> None:
    """Ann moves the date, and before the next cycle the ISSO sets the forecast."""
    there(ready, theirs)
    here(ready, mine)
    ready.later()


# a conflict where both sides spoke


def test_an_older_date_from_the_tracker_holds_beside_a_newer_decision_and_a_person_sees_both(mirrored: Engine) -> None:
    both(mirrored)
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == (THERE, (THERE,))
    assert sides(mirrored) == [(DUE, HERE, ISSO, THERE, ANN)]
    (conflict,) = mirrored.conflicts()
    assert (conflict.field, conflict.tracker_at[:16], conflict.record_at[:16]) == (
        *("due_date", "2026-03-02T12:01", "2026-03-02T12:02"),
    )
    at_rest(mirrored)
    assert len(mirrored.conflicts()) == 1, "nobody has decided"


def test_a_forecast_withdrawn_at_the_tracker_does_not_clear_one_set_here_in_silence(mirrored: Engine) -> None:
    there(mirrored, THERE)
    mirrored.later()
    both(mirrored, HERE, DUE)
    assert mirrored.item().forecast_date is None
    assert sides(mirrored) == [(THERE, HERE, ISSO, DUE, ANN)]
    at_rest(mirrored)


def test_a_forecast_withdrawn_here_is_seen_beside_the_engineers_new_one(mirrored: Engine) -> None:
    there(mirrored, "2026-04-01")
    mirrored.later()
    both(mirrored, "", THERE)
    assert mirrored.item().forecast_date == THERE
    assert sides(mirrored) == [("2026-04-01", None, ISSO, THERE, ANN)]


def test_a_decision_taken_twice_is_newer_than_the_engineers_date_too(mirrored: Engine) -> None:
    here(mirrored, HERE)
    mirrored.later()
    there(mirrored, THERE)
    here(mirrored, "2026-04-25")
    here(mirrored, HERE)
    mirrored.later()
    assert sides(mirrored) == [(HERE, HERE, ISSO, THERE, ANN)]


def test_the_newer_values_stand_in_one_conflict_when_both_sides_go_on(mirrored: Engine) -> None:
    both(mirrored)
    there(mirrored, "2026-04-11")
    mirrored.later()
    assert sides(mirrored) == [(DUE, HERE, ISSO, "2026-04-11", ANN)], "what is disputed is the engineers' last word"
    both(mirrored, "2026-04-21", "2026-04-12")
    assert sides(mirrored) == [("2026-04-11", "2026-04-21", ISSO, "2026-04-12", ANN)]
    assert len(rows(mirrored.record.db, Conflict)) == 1


@pytest.mark.parametrize("policy", ["revert", "hold"])
@pytest.mark.parametrize("mine", [HERE, ""])
def test_a_word_from_here_while_a_later_date_waits_is_not_known_to_the_engineers(
    tmp_path: Path, policy: str, mine: str
) -> None:
    with engine(tmp_path, item(1), later_date=policy) as ready:
        ready.cycle()
        there(ready, "2026-04-01")
        ready.later()
        ask(ready)
        here(ready, mine)
        if policy == "hold":
            ready.later()
            assert ready.issue().due_dates == (LATER,)
        there(ready, THERE)
        ready.later()
        assert sides(ready)[0][1:] == (mine or None, ISSO, THERE, ANN)
        assert ready.requests() == []
        at_rest(ready)


def test_a_forecast_that_a_stricter_date_hides_is_not_known_to_the_engineers(mirrored: Engine) -> None:
    here(mirrored, HERE)
    here(mirrored, "2026-04-15", field="kev_due_date")
    at_rest(mirrored)
    assert mirrored.issue().due_dates == ("2026-04-15",)
    there(mirrored, THERE)
    mirrored.later()
    assert sides(mirrored) == [("2026-04-15", HERE, ISSO, THERE, ANN)]
    here(mirrored, HERE, field="kev_due_date")
    here(mirrored, "2026-04-19")
    here(mirrored, "2026-04-05", field="kev_due_date")
    at_rest(mirrored)
    assert len(sides(mirrored)) == 1, "the issue shows the stricter date and not what was said here since"


class Overtaken(MemoryTracker):
    """Ann moves the date just before our write lands, and the answer has no history."""

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `Tracker`."""
        MemoryPerson(self._world).set_due(issue.id, THERE)
        return replace(super().edit(self.get(issue.id), edit), history=())


def test_a_date_that_our_own_write_ran_over_is_a_conflict(mirrored: Engine) -> None:
    here(mirrored, HERE)
    intact, mirrored.tracker = mirrored.tracker, Overtaken("jira", mirrored.world)
    mirrored.later()
    mirrored.tracker = intact
    assert mirrored.issue().due_dates == (HERE,)
    mirrored.later()
    assert sides(mirrored) == [(HERE, HERE, ISSO, THERE, ANN)]
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == (THERE, (THERE,))
    at_rest(mirrored)


# none where nobody was overruled


def test_a_date_that_another_write_of_ours_ran_over_is_taken_alone(mirrored: Engine) -> None:
    here(mirrored, "2026-04-25", field="kev_due_date")
    intact, mirrored.tracker = mirrored.tracker, Overtaken("jira", mirrored.world)
    mirrored.later()
    mirrored.tracker = intact
    mirrored.later()
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (THERE, [])


def test_equal_dates_converge_without_a_conflict(mirrored: Engine) -> None:
    both(mirrored, HERE, HERE)
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (HERE, [])
    both(mirrored, "", DUE)
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (None, [])
    at_rest(mirrored)


def test_an_engineer_who_has_seen_the_forecast_may_move_it(mirrored: Engine) -> None:
    here(mirrored, HERE)
    mirrored.later()
    assert mirrored.issue().due_dates == (HERE,)
    there(mirrored, THERE)
    mirrored.later()
    there(mirrored, DUE)
    mirrored.later()
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (None, [])


def test_a_forecast_set_there_and_back_here_is_known_as_soon_as_the_issue_was_looked_at(mirrored: Engine) -> None:
    there(mirrored, HERE)
    mirrored.later()
    here(mirrored, "2026-04-25")
    here(mirrored, HERE)
    at_rest(mirrored)
    there(mirrored, THERE)
    mirrored.later()
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (THERE, [])


def test_a_forecast_that_the_issue_was_made_with_is_known(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2, forecast_date=HERE)) as ready:
        here(ready, HERE)
        ready.cycle()
        for n in (1, 2):
            there(ready, THERE, n)
        ready.later()
        assert (ready.item(1).forecast_date, ready.item(2).forecast_date) == (THERE, THERE)
        assert ready.conflicts() == []


def test_a_due_date_that_moved_for_another_reason_is_no_word_on_the_forecast(mirrored: Engine) -> None:
    ask(mirrored, n=2)
    approved(mirrored)
    there(mirrored, THERE, 2)
    here(mirrored, "2026-04-15", field="kev_due_date")
    there(mirrored, THERE, 1)
    mirrored.later()
    assert [mirrored.item(n).forecast_date for n in (1, 2)] == [THERE, THERE]
    assert mirrored.conflicts() == []


def test_a_later_date_and_a_mistake_touch_no_forecast(mirrored: Engine) -> None:
    both(mirrored, HERE, "")
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == (HERE, (HERE,))
    both(mirrored, "2026-04-21", LATER)
    mirrored.later()
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == ("2026-04-21", ("2026-04-21",))
    assert [each.requested_date for each in mirrored.requests()] == [LATER]
    assert mirrored.conflicts() == []


def test_a_process_that_dies_between_the_look_and_the_write_makes_no_second_conflict(mirrored: Engine) -> None:
    both(mirrored)
    resolved(mirrored, "record")
    mirrored.world.faults.append(("edit", "before", KeyboardInterrupt))
    with suppress(KeyboardInterrupt):
        mirrored.later()
    mirrored.later()
    assert (mirrored.issue().due_dates, mirrored.conflicts()) == ((HERE,), [])
    there(mirrored, THERE)
    mirrored.later()
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (THERE, [])


# how it ends


@pytest.mark.parametrize(("mine", "holds"), [(HERE, HERE), ("", None)])
def test_taking_the_record_puts_its_forecast_back(mirrored: Engine, mine: str, holds: str | None) -> None:
    there(mirrored, "2026-04-01")
    mirrored.later()
    both(mirrored, mine)
    assert resolved(mirrored, "record") == f"V-1: forecast_date is {holds or 'withdrawn'}"
    assert mirrored.item().forecast_date == holds
    at_rest(mirrored)
    assert (mirrored.issue().due_dates, mirrored.conflicts()) == ((holds or DUE,), [])


@pytest.mark.parametrize(("theirs", "holds"), [(THERE, THERE), (DUE, None)])
def test_taking_the_tracker_keeps_the_engineers_word(mirrored: Engine, theirs: str, holds: str | None) -> None:
    there(mirrored, "2026-04-01")
    mirrored.later()
    both(mirrored, HERE, theirs)
    resolved(mirrored, "tracker")
    at_rest(mirrored)
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == (holds, (holds or DUE,))


def test_taking_the_tracker_undoes_what_somebody_here_has_said_since(mirrored: Engine) -> None:
    both(mirrored)
    here(mirrored, "2026-04-25")
    resolved(mirrored, "tracker")
    at_rest(mirrored)
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == (THERE, (THERE,))


def test_a_third_date_holds_on_both_sides(mirrored: Engine) -> None:
    both(mirrored)
    resolved(mirrored, "2026-04-28")
    at_rest(mirrored)
    assert (mirrored.item().forecast_date, mirrored.issue().due_dates) == ("2026-04-28", ("2026-04-28",))
    assert mirrored.conflicts() == []


@pytest.mark.parametrize(
    ("take", "why"),
    [
        *((LATER, "later than its due date"), ("2026-01-01", "before its detection")),
        *(("blocked", "is no date"), ("", "is no date"), ("2026-02-30", "is no date")),
    ],
)
def test_a_third_date_is_checked_like_a_forecast_that_is_set(mirrored: Engine, take: str, why: str) -> None:
    both(mirrored)
    before = unwritten(mirrored)
    with pytest.raises(InputError, match=why):
        resolved(mirrored, take)
    assert unwritten(mirrored) == before


def test_an_engineer_decides_no_conflict_over_a_date(mirrored: Engine) -> None:
    both(mirrored)
    with pytest.raises(NotAllowed, match="cannot decide conflict 1"):
        resolved(mirrored, "record", person=EVA, role=Role.ENGINEER)


def test_it_ends_by_itself_when_the_engineers_come_to_the_records_date(mirrored: Engine) -> None:
    both(mirrored)
    there(mirrored, HERE)
    mirrored.later()
    assert (mirrored.item().forecast_date, mirrored.conflicts()) == (HERE, [])
    (ended,) = rows(mirrored.record.db, Conflict)
    assert (ended.resolution, ended.tracker_value) == ("the tracker agrees again", THERE)
    at_rest(mirrored)


def test_it_ends_by_itself_when_the_issue_shows_what_somebody_here_has_said_since(mirrored: Engine) -> None:
    both(mirrored)
    here(mirrored, "2026-04-25")
    assert len(mirrored.conflicts()) == 1
    mirrored.later()
    assert (mirrored.issue().due_dates, mirrored.conflicts()) == (("2026-04-25",), [])
    at_rest(mirrored)


def test_a_due_date_that_moves_meanwhile_is_pushed_and_ends_nothing(mirrored: Engine) -> None:
    both(mirrored)
    here(mirrored, "2026-04-05", field="kev_due_date")
    rules = rules_for(mirrored.config, "jira", mirrored.tracker.capabilities, "poam", "private")
    assert "due_date" in moved_fields(view_of(mirrored.record.db, mirrored.config, mirrored.link()), rules)
    mirrored.later()
    assert mirrored.issue().due_dates == ("2026-04-05",)
    assert len(sides(mirrored)) == 1
    at_rest(mirrored)


def test_closing_the_item_ends_it(mirrored: Engine) -> None:
    both(mirrored)
    close(mirrored)
    moved(mirrored, State.CLOSED, evidence=(SCAN,))
    (ended,) = rows(mirrored.record.db, Conflict)
    assert (ended.state, ended.resolution) == ("resolved", "the item is closed")


def test_a_second_date_beside_the_first_takes_no_conflict_away(mirrored: Engine) -> None:
    both(mirrored)
    mirrored.world.change(Account("ann", "Ann Engineer"), mirrored.issue().id, {"due_dates": (THERE, "2026-04-12")})
    mirrored.later()
    here(mirrored, "2026-04-25")
    mirrored.cycle(full=True)
    assert sorted(each.policy for each in mirrored.conflicts()) == ["ambiguous", "tracker"]
    mirrored.world.change(Account("ann", "Ann Engineer"), mirrored.issue().id, {"due_dates": ("2026-04-12",)})
    mirrored.later()
    assert sides(mirrored) == [(THERE, "2026-04-25", ISSO, "2026-04-12", ANN)]
    at_rest(mirrored)


def test_a_word_that_was_heard_once_stays_heard(mirrored: Engine) -> None:
    def view() -> View:
        return view_of(mirrored.record.db, mirrored.config, mirrored.link())

    here(mirrored, HERE)
    assert is_unheard(view())
    at_rest(mirrored)
    assert not is_unheard(view())
    heard = view().bases["due_date"].version
    there(mirrored, THERE)
    at_rest(mirrored)
    assert (view().forecast_said, view().bases["due_date"].version) == (0, heard)
