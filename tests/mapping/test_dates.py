"""Dates: what binds, what is shown, what a tracker's date means, and who is late, to the day."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.mapping.dates import (
    DateMeaning,
    add_days,
    classify_date,
    days_between,
    days_late,
    effective_due,
    effective_rating,
    is_date,
    policy_date,
    shown_due,
)
from poam.mapping.item import Decision, PoamItem, Rating, State
from poam.mapping.profiles import PROFILES

FEDRAMP, AGENCY, GENERIC = PROFILES["fedramp_rev5"], PROFILES["agency_rmf"], PROFILES["generic"]
ITEM = PoamItem(
    uid="u-1",
    system_id="ACME",
    poam_id="V-12",
    original_risk_rating=Rating.MODERATE,
    original_detection_date="2026-01-01",
    scheduled_completion_date="2026-04-01",
)
DATES = st.dates().map(lambda day: day.isoformat())


@pytest.mark.parametrize("text", ["2026-02-28", "2024-02-29", "0001-01-01", "9999-12-31"])
def test_a_real_day_is_a_date(text: str) -> None:
    assert is_date(text)


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", " ", "2026-02-29", "2026-13-01", "0000-01-01", "2026-1-1", "20260101", "2026-W01-1"),
        *("2026-01-01 ", "2026-01-01\n", "2026-01-01T00:00:00Z", "01/02/2026", "２０２６-01-01", "TBD"),
    ],
)
def test_anything_else_is_none(text: str | None) -> None:
    assert not is_date(text)


@given(DATES, st.integers(-10_000, 10_000))
def test_days_can_be_added_and_counted_back(day: str, n: int) -> None:
    moved = add_days(day, n)
    assert is_date(moved)
    assert days_between(day, moved) == n or moved in ("0001-01-01", "9999-12-31")


def test_the_calendars_ends_are_not_passed() -> None:
    assert (add_days("9999-12-31", 1), add_days("0001-01-01", -1)) == ("9999-12-31", "0001-01-01")


def test_thirty_days_after_the_end_of_february_is_the_thirtieth_of_march() -> None:
    assert add_days("2026-02-28", 30) == "2026-03-30"


@pytest.mark.parametrize("decision", [None, Decision.NO, Decision.PENDING])
def test_a_risk_adjustment_changes_nothing_before_it_is_approved(decision: Decision | None) -> None:
    item = replace(ITEM, adjusted_risk_rating=Rating.LOW, risk_adjustment=decision)
    assert effective_rating(item) is Rating.MODERATE
    assert effective_rating(replace(item, risk_adjustment=Decision.YES)) is Rating.LOW


def test_an_approved_adjustment_without_a_rating_leaves_the_original() -> None:
    assert effective_rating(replace(ITEM, risk_adjustment=Decision.YES)) is Rating.MODERATE


def test_the_policy_date_counts_from_detection_with_the_rating_that_counts() -> None:
    assert policy_date(ITEM, FEDRAMP) == "2026-04-01"
    adjusted = replace(ITEM, adjusted_risk_rating=Rating.LOW, risk_adjustment=Decision.YES)
    assert policy_date(adjusted, FEDRAMP) == "2026-06-30"
    assert policy_date(ITEM, GENERIC) is None
    assert policy_date(replace(ITEM, original_detection_date=None), FEDRAMP) is None
    assert policy_date(replace(ITEM, original_risk_rating=None), FEDRAMP) is None


def test_an_extension_moves_what_binds_only_where_extensions_exist() -> None:
    extended = replace(ITEM, approved_extension_date="2026-07-01")
    assert effective_due(extended, AGENCY) == "2026-07-01"
    assert effective_due(extended, FEDRAMP) == "2026-04-01"


def test_a_kev_date_binds_even_an_extended_item() -> None:
    item = replace(ITEM, approved_extension_date="2026-07-01", kev_due_date="2026-02-10")
    assert effective_due(item, AGENCY) == effective_due(item, FEDRAMP) == "2026-02-10"
    assert effective_due(replace(item, kev_due_date="2026-09-01"), AGENCY) == "2026-07-01"


def test_the_issue_shows_a_forecast_only_when_it_is_earlier_than_what_binds() -> None:
    assert shown_due(ITEM, FEDRAMP) == "2026-04-01"
    assert shown_due(replace(ITEM, forecast_date="2026-03-01"), FEDRAMP) == "2026-03-01"
    assert shown_due(replace(ITEM, forecast_date="2026-05-01"), FEDRAMP) == "2026-04-01"
    undated = replace(ITEM, scheduled_completion_date=None)
    assert shown_due(undated, FEDRAMP) is None
    assert shown_due(replace(undated, forecast_date="2026-05-01"), FEDRAMP) == "2026-05-01"


@pytest.mark.parametrize(
    ("forecast", "day", "meaning"),
    [
        (None, "2026-04-01", DateMeaning.SAME),
        (None, "2026-03-31", DateMeaning.FORECAST),
        (None, "2026-04-02", DateMeaning.LATER),
        ("2026-03-01", "2026-03-01", DateMeaning.SAME),
        ("2026-03-01", "2026-03-15", DateMeaning.FORECAST),
        ("2026-03-01", "2026-04-01", DateMeaning.CLEARED),
        ("2026-03-01", "2026-04-02", DateMeaning.LATER),
        ("2026-03-01", None, DateMeaning.RESTORE),
        (None, "", DateMeaning.RESTORE),
        (None, None, DateMeaning.RESTORE),
        (None, "2026-02-30", DateMeaning.RESTORE),
        (None, "soon", DateMeaning.RESTORE),
        (None, "2025-12-31", DateMeaning.RESTORE),
        (None, "2026-01-01", DateMeaning.FORECAST),
    ],
)
def test_a_date_from_a_tracker_means_one_thing(forecast: str | None, day: str | None, meaning: DateMeaning) -> None:
    assert classify_date(replace(ITEM, forecast_date=forecast), FEDRAMP, day) is meaning


def test_without_a_date_that_binds_every_date_is_a_forecast_and_none_is_nothing_new() -> None:
    undated = replace(ITEM, scheduled_completion_date=None)
    assert classify_date(undated, FEDRAMP, "2027-01-01") is DateMeaning.FORECAST
    assert classify_date(undated, FEDRAMP, None) is DateMeaning.SAME
    assert classify_date(undated, FEDRAMP, "") is DateMeaning.SAME


OPTIONAL = st.none() | st.sampled_from(["2025-06-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01", "?"])


@given(OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL, OPTIONAL | st.text(), st.sampled_from(list(PROFILES)))
def test_applying_what_a_date_means_leaves_nothing_to_apply(
    forecast: str | None,
    scheduled: str | None,
    extension: str | None,
    kev: str | None,
    detected: str | None,
    day: str | None,
    key: str,
) -> None:
    item = replace(
        ITEM,
        forecast_date=forecast,
        scheduled_completion_date=scheduled,
        approved_extension_date=extension,
        kev_due_date=kev,
        original_detection_date=detected,
    )
    meaning = classify_date(item, PROFILES[key], day)
    after = {DateMeaning.FORECAST: day, DateMeaning.CLEARED: None}.get(meaning, item.forecast_date)
    item = replace(item, forecast_date=after)
    shown = shown_due(item, PROFILES[key])
    assert classify_date(item, PROFILES[key], shown) is DateMeaning.SAME
    if meaning in (DateMeaning.SAME, DateMeaning.FORECAST, DateMeaning.CLEARED):
        assert (day or None) == shown


def test_the_due_day_itself_is_on_time_and_the_next_is_one_day_late() -> None:
    assert [days_late(ITEM, FEDRAMP, day) for day in ("2026-03-31", "2026-04-01", "2026-04-02")] == [0, 0, 1]


@pytest.mark.parametrize("state", [each for each in State if each is not State.OPEN])
def test_only_an_open_item_grows_later_by_the_day(state: State) -> None:
    item = replace(ITEM, state=state, work_done_at="2026-04-01T12:00:00Z")
    assert days_late(item, FEDRAMP, "2030-01-01") == 0


def test_work_claimed_done_is_late_by_the_day_of_the_claim() -> None:
    item = replace(ITEM, state=State.PENDING_VERIFICATION, work_done_at="2026-04-03T09:00:00Z")
    assert days_late(item, FEDRAMP, "2030-01-01") == 2
    assert days_late(replace(item, state=State.OPEN), FEDRAMP, "2026-05-01") == 30


def test_work_claimed_done_without_a_readable_time_is_late_as_if_open() -> None:
    for done_at in (None, "", "yesterday"):
        item = replace(ITEM, state=State.PENDING_VERIFICATION, work_done_at=done_at)
        assert days_late(item, FEDRAMP, "2026-04-11") == 10


def test_work_done_in_the_evening_of_the_due_day_in_the_systems_zone_is_on_time() -> None:
    item = replace(ITEM, state=State.PENDING_VERIFICATION, work_done_at="2026-04-02T01:30:00Z")
    assert days_late(item, FEDRAMP, "2026-05-01") == 1
    assert days_late(item, FEDRAMP, "2026-05-01", zone=timezone(timedelta(hours=-4))) == 0


def test_an_approved_operational_requirement_is_open_but_not_late() -> None:
    for decision, late in ((Decision.YES, 0), (Decision.PENDING, 30), (Decision.NO, 30), (None, 30)):
        item = replace(ITEM, operational_requirement=decision)
        assert days_late(item, FEDRAMP, "2026-05-01") == late


def test_a_vendor_check_in_is_fresh_for_thirty_days_and_stale_on_the_thirty_first() -> None:
    item = replace(ITEM, vendor_dependency=True, last_vendor_check_in="2026-05-01")
    assert days_late(item, FEDRAMP, "2026-05-31") == 0
    assert days_late(item, FEDRAMP, "2026-06-01") == days_between("2026-04-01", "2026-06-01")


@pytest.mark.parametrize("check_in", [None, "", "2026-05-02", "last week"])
def test_a_missing_or_future_check_in_excuses_nothing(check_in: str | None) -> None:
    item = replace(ITEM, vendor_dependency=True, last_vendor_check_in=check_in)
    assert days_late(item, FEDRAMP, "2026-05-01") == 30


@pytest.mark.parametrize("rating", [Rating.CRITICAL, Rating.HIGH, None])
def test_a_high_that_waits_for_a_vendor_is_late_on_day_thirty_one(rating: Rating | None) -> None:
    item = replace(
        ITEM,
        original_risk_rating=rating,
        scheduled_completion_date="2026-01-31",
        vendor_dependency=True,
        last_vendor_check_in="2026-02-01",
    )
    assert days_late(item, FEDRAMP, "2026-02-01") == 1
    mitigated = replace(item, adjusted_risk_rating=Rating.MODERATE, risk_adjustment=Decision.YES)
    assert days_late(mitigated, FEDRAMP, "2026-02-01") == 0


def test_a_pending_adjustment_does_not_make_an_item_less_late() -> None:
    item = replace(ITEM, original_risk_rating=Rating.HIGH, risk_adjustment=Decision.PENDING)
    assert days_late(replace(item, adjusted_risk_rating=Rating.LOW), FEDRAMP, "2026-04-11") == 10


def test_lateness_is_never_negative_in_any_state_profile_or_rating() -> None:
    for state, key, rating, due in product(State, PROFILES, (None, *Rating), (None, "2020-01-01", "2030-01-01")):
        item = replace(ITEM, state=state, original_risk_rating=rating, scheduled_completion_date=due)
        late = days_late(item, PROFILES[key], "2026-05-01")
        assert late >= 0
        assert (late > 0) == (due == "2020-01-01" and state in (State.OPEN, State.PENDING_VERIFICATION))
