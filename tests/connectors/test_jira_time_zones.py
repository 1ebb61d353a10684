"""Jira reads the dates of a query in the account's time zone; ours have none."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests

from poam.connectors.sandbox.jira import BOT, ENGINEER

from .jira_fixtures import data_center, either, stage
from .jira_stage import JiraStage

__all__ = ["data_center", "either", "stage"]

ZONES = ["America/Los_Angeles", "UTC", "Asia/Kolkata", "Pacific/Auckland", "Pacific/Apia", "Pacific/Pago_Pago"]


def in_zone(stage: JiraStage, zone: str) -> None:
    """Our account's profile says that it lives there."""
    stage.sandbox.users = (replace(BOT, zone=zone), ENGINEER)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("epoch", [True, False], ids=["by instant", "by age"])
def test_a_change_of_a_minute_ago_is_seen_in_any_time_zone_of_the_account(
    either: JiraStage, zone: str, epoch: bool
) -> None:
    in_zone(either, zone)
    either.sandbox.epoch_jql = epoch
    cursor = either.read()
    either.person.rename("10001", "Renamed")
    either.clock.advance(minutes=1)

    assert [issue.title for issue in either.tracker.changed_since(cursor).issues] == ["Renamed"]


@pytest.mark.parametrize("zone", ZONES)
def test_what_changed_long_ago_is_not_read_again_in_any_time_zone(either: JiraStage, zone: str) -> None:
    in_zone(either, zone)
    cursor = either.read(either.read())

    assert either.tracker.changed_since(cursor).issues == []


@pytest.mark.parametrize(
    ("zone", "begin"),
    [
        ("America/New_York", datetime(2026, 3, 8, 6, 30, tzinfo=UTC)),  # 01:30, half an hour before clocks jump to 3
        ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # 01:30, which comes twice
        ("Europe/Berlin", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ],
)
def test_every_change_in_an_hour_that_is_missing_or_comes_twice_is_seen_once(
    either: JiraStage, zone: str, begin: datetime
) -> None:
    in_zone(either, zone)
    either.clock.advance(seconds=(begin - either.clock.now()).total_seconds())
    cursor, seen = either.tracker.changed_since(None).cursor, []
    for number in range(9):
        either.clock.advance(minutes=20)
        either.person.rename("10001", f"Title {number}")
        page = either.tracker.changed_since(cursor)
        cursor = page.cursor
        seen += [issue.title for issue in page.issues]

    assert seen == [f"Title {number}" for number in range(9)]
    assert cursor == either.now()


def test_times_are_told_in_utc_whatever_zone_jira_shows_them_in(either: JiraStage) -> None:
    told = []
    for zone in ZONES:
        in_zone(either, zone)
        told.append(either.tracker.get("10001").created)

    assert set(told) == {"2026-03-02T12:00:00.000Z"}


def test_a_date_in_a_query_would_be_read_where_the_account_lives(stage: JiraStage) -> None:
    in_zone(stage, "America/Los_Angeles")
    stage.create()
    with requests.Session() as session, closing(session):
        session.auth = (BOT.email, BOT.token)

        def found(jql: str) -> int:
            answer = session.post(f"{stage.server.url}/rest/api/2/search/jql", json={"jql": jql}, timeout=10)
            return len(answer.json()["issues"])

        assert found('updated >= "2026-03-02 12:00"') == 0
        assert found('updated >= "2026-03-02 04:00"') == 1
        assert found("updated >= 1772452800000") == 1
