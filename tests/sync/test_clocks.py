"""A clock that was wrong spoils no past day: the order of the journal is true, and its times may lie."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.connectors.sandbox.clock import iso
from poam.sync.record.asof import stood_at
from poam.sync.record.clocks import understood
from poam.sync.record.journal import anchor, head
from poam.sync.record.record import Record
from poam.sync.record.verify import problems, wrong_clocks

from .desk import Desk
from .engine import IMPORTER, config, item

instants = st.integers(0, 12).map("{:02}".format)
true_times = st.lists(instants, max_size=14).map(sorted)


def rises(times: list[str]) -> bool:
    return all(before <= after for before, after in pairwise(times))


def prefixes(times: list[str]) -> list[int]:
    """How many rows belong to each day."""
    return [bisect_right(times, f"{day:02}") for day in range(-1, 14)]


def without(times: list[str], place: int) -> list[str]:
    return times[:place] + times[place + 1 :]


def moved(times: list[str], place: int) -> list[str]:
    """The row as if it had been written with its neighbour."""
    near = times[place - 1] if place else times[1]
    return [*times[:place], near, *times[place + 1 :]]


@given(true_times)
def test_times_that_never_fall_are_believed_as_they_are(times: list[str]) -> None:
    assert understood(times) == times


@given(st.lists(instants, max_size=14))
def test_whatever_the_clocks_said_the_days_follow_each_other_and_every_row_keeps_its_place(times: list[str]) -> None:
    told = understood(times)
    assert len(told) == len(times)
    assert rises(told)
    assert set(told) <= set(times)
    assert understood(told) == told


@given(st.lists(instants, min_size=2, max_size=14, unique=True).map(sorted), st.data())
def test_one_wrong_time_changes_no_day_but_its_own_row_goes_with_its_neighbour(times: list[str], data: Any) -> None:
    place = data.draw(st.integers(0, len(times) - 1))
    said = [*times]
    said[place] = data.draw(instants.filter(lambda at: at not in times))
    suspects = [each for each in range(len(said)) if rises(without(said, each))]
    if rises(said):
        assert understood(said) == said
        return
    assert place in suspects
    assert understood(said) == moved(said, max(suspects)), "of two that contradict each other the earlier is believed"
    if suspects == [place]:
        assert prefixes(understood(said)) == prefixes(moved(times, place))


@given(st.lists(instants, max_size=9), st.lists(st.integers(1, 3), min_size=9, max_size=9))
def test_a_command_weighs_no_more_for_writing_many_rows(times: list[str], counts: list[int]) -> None:
    many = [at for at, count in zip(times, counts, strict=False) for _ in range(count)]
    once = understood(times)
    assert understood(many) == [at for at, count in zip(once, counts, strict=False) for _ in range(count)]


@given(st.lists(instants, max_size=8))
def test_as_many_instants_are_believed_as_possible(times: list[str]) -> None:
    alone = [at for at, before in zip(times, [None, *times], strict=False) if at != before]
    longest: list[int] = []
    for n, at in enumerate(alone):
        longest.append(1 + max((longest[k] for k in range(n) if alone[k] <= at), default=0))
    believed = [at for at, told in zip(alone, understood(alone), strict=True) if at == told]
    assert len(believed) == max(longest, default=0)


@pytest.mark.parametrize(
    ("times", "told"),
    [
        ("22 23 99 24 25", "22 23 23 24 25"),
        ("22 23 99 99 99 24 25", "22 23 23 23 23 24 25"),
        ("99 22 23", "22 22 23"),
        ("22 23 11 24", "22 23 23 24"),
        ("22 23 11 11 11", "22 23 23 23 23"),
        ("22 23 99", "22 23 99"),
        ("22 23 99 24", "22 23 99 99"),
        ("", ""),
    ],
)
def test_what_is_believed(times: str, told: str) -> None:
    assert understood(times.split()) == told.split()


def test_of_two_that_contradict_each_other_the_one_that_is_still_to_come_is_wrong() -> None:
    times = ["22", "23", "99", "99", "24"]
    assert understood(times, now="24") == ["22", "23", "23", "23", "24"]
    assert understood(times, now="99") == ["22", "23", "99", "99", "99"]


@given(true_times, instants)
def test_a_present_that_is_itself_wrong_changes_no_day_of_a_journal_that_agrees(times: list[str], now: str) -> None:
    assert understood(times, now=now) == times


# in the record


def day(n: int, year: int = 2026) -> str:
    return f"{year}-03-{n:02}T12:00:00.000Z"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with Record.create(tmp_path / "poam.db", record_id="test-record", at=day(1)) as made:
        with made.unit(at=day(1)) as unit:
            unit.create(IMPORTER, "systems", config().systems[0].model_dump())
            unit.add_items(IMPORTER, [item(1)])
        yield made
        assert list(problems(made.db)) == []


def change(record: Record, at: str, **values: Any) -> tuple[int, str]:
    with record.unit(at=at) as unit:
        unit.change(IMPORTER, "items", "uid-1", values)
    return head(record.db)


def comments(record: Record, until: str) -> str:
    return stood_at(record.db, "ACME", until)[1][0].comments


def test_one_command_under_a_clock_a_year_ahead_hides_nothing_that_came_after_it(record: Record) -> None:
    change(record, day(2), comments="two")
    wrong = change(record, day(3, 2027), comments="wrong", status_date="2027-03-03")
    four = change(record, day(4), comments="four")
    five = change(record, day(5), comments="five")

    assert [comments(record, day(n)) for n in (1, 2, 4, 5)] == ["", "wrong", "four", "five"]
    assert [anchor(record.db, day(n)) for n in (2, 4, 5)] == [wrong, four, five]
    assert anchor(record.db, day(3, 2027)) == five == anchor(record.db)


def test_rows_of_a_clock_put_back_get_into_no_day_that_is_over(record: Record) -> None:
    change(record, day(2), comments="two")
    three = change(record, day(3), comments="three")
    before = [(comments(record, day(n)), anchor(record.db, day(n))) for n in (1, 2)]
    last = change(record, day(1), comments="back", controls="AC-1", cves="x", service_names="y")

    assert [(comments(record, day(n)), anchor(record.db, day(n))) for n in (1, 2)] == before
    assert (comments(record, day(3)), anchor(record.db, day(3))) == ("back", last)
    assert three < last


WRONG: list[tuple[Callable[[Record], Any], list[str]]] = [
    (lambda record: change(record, day(3), comments="three"), []),
    (
        lambda record: change(record, day(3, 2027), comments="wrong"),
        ["journal row 4 says 2027-03-03, between rows of 2026-03-02: a clock was wrong"],
    ),
    (
        lambda record: change(record, day(3, 2027), comments="wrong", controls="AC-1"),
        ["journal rows 4 to 5 say 2027-03-03, between rows of 2026-03-02: a clock was wrong"],
    ),
    (
        lambda record: change(record, "2026-03-02T11:00:00.000Z", comments="wrong"),
        [
            "journal row 4 says 2026-03-02T11:00:00.000Z, between rows of 2026-03-02T12:00:00.000Z: a clock was wrong",
        ],
    ),
]


@pytest.mark.parametrize(("happens", "told"), WRONG)
def test_a_time_that_is_not_believed_is_told_and_nothing_is_wrong_with_the_record(
    record: Record, happens: Callable[[Record], Any], told: list[str]
) -> None:
    change(record, day(2), comments="two")
    happens(record)
    change(record, day(4), comments="four")
    change(record, day(5), comments="five")
    assert list(wrong_clocks(record.db)) == told
    assert list(problems(record.db)) == []


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk.open(tmp_path, item(1))


def test_after_one_command_under_a_wrong_clock_every_day_can_be_told_and_verify_says_what_happened(desk: Desk) -> None:
    def put(words: str) -> None:
        desk.done("set", "V-1", f"comments={words}", "--reason", "x")

    def exported(day: str) -> tuple[str, tuple[int, str]]:
        told = desk.json("export", "fedramp", "--as-of", day, "--system", "ACME", "-o", str(desk.folder / "a.xlsx"))
        return told["sha256"], (told["head_seq"], told["head_hash"])

    clock = desk.engine.clock
    put("right")
    before = desk.heads()[0]
    clock.advance(days=365)
    put("a year too early")
    wrong = desk.heads()[0]
    clock.advance(days=-365, hours=1)
    put("right again")
    head, day = desk.heads(), iso(clock.now())[:10]
    result = desk.run("verify")
    assert result.exit_code == 0
    assert result.stdout.startswith("The record equals its history")
    said = f"{int(day[:4]) + 1}{day[4:]}"
    told = f"journal rows {before + 1} to {wrong} say {said}, between rows of {day}: a clock was wrong"
    assert f"Warning: {told}" in result.stderr
    assert desk.json("verify")["warnings"] == [told]
    assert desk.json("verify")["ok"] is True

    clock.advance(days=1)
    first = exported(day)
    put("the next day")
    assert exported(day) == first, "whatever comes later the day stays"
    assert first[1] == head
