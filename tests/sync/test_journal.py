"""The journal: append-only and chained, one row per change, and the record is what replaying it yields."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poam.mapping.item import ChangeKind, Decision, Milestone, MilestoneChange, PoamItem, Rating, State
from poam.sync.record.asof import stood_at
from poam.sync.record.items import change_row, load
from poam.sync.record.journal import CREATED, breaks, digest, seal
from poam.sync.record.record import Record
from poam.sync.record.unit import Unit
from poam.sync.record.verify import problems

from .engine import IMPORTER, config, item
from .records import AT, ISSO, change, journal, journaled


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with journaled(tmp_path) as made:
        yield made


# what is written


def test_each_changed_field_is_one_row_that_says_who_for_whom_when_whence_and_why(record: Record) -> None:
    before = len(journal(record))
    assert change(record, comments="new", vendor_dependency=True, status_date=None)

    rows = journal(record)[before:]
    assert [(row.field, row.old, row.new) for row in rows] == [
        ("comments", "", "new"),
        ("vendor_dependency", "0", "1"),
        ("status_date", "2026-02-01", None),
    ]
    for row in rows:
        assert (row.person, row.on_behalf_of, row.role, row.origin) == (ISSO.person, ISSO.on_behalf_of, "isso", "cli")
        assert (row.at, row.cycle, row.reason, row.source) == (
            "2026-03-03T12:00:00.000Z",
            "c-1",
            "because",
            "ticket 7",
        )
        assert (row.entity, row.entity_id, row.item_uid) == ("items", "uid-1", "uid-1")


@pytest.mark.parametrize(
    "same",
    [
        {"comments": ""},
        {"vendor_dependency": False},
        {"vendor_dependency": 0},
        {"state": State.OPEN},
        {"state": "open", "original_risk_rating": Rating.MODERATE},
        {"kev_due_date": None},
        {},
    ],
)
def test_what_is_there_already_is_not_written_again(record: Record, same: dict[str, Any]) -> None:
    before, written = record.head, record.writes()
    assert change(record, **same) is False
    assert (record.head, record.writes()) == (before, written)


def test_a_row_about_a_system_is_about_no_item(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.change(ISSO, "systems", "ACME", {"name": "ACME Cloud 2"})
    last = journal(record)[-1]
    assert (last.entity, last.entity_id, last.item_uid, last.new) == ("systems", "ACME", "", "ACME Cloud 2")


def test_only_the_fields_that_differ_are_written(record: Record) -> None:
    before = len(journal(record))
    assert change(record, comments="new", point_of_contact="Ann Engineer")
    assert [row.field for row in journal(record)[before:]] == ["comments"]


def test_an_items_creation_is_one_row_with_everything_it_came_with(record: Record) -> None:
    (created,) = [row for row in journal(record) if row.entity == "items"]
    told = json.loads(created.new or "")
    assert (created.field, created.old, created.source) == (CREATED, None, "poam.xlsx")
    assert (told["poam_id"], told["assets"][0]["identifier"]) == ("V-1", "web-01.acme.example (443/TCP)")
    assert told["milestones"][0]["description"] == "Roll out"
    assert told["milestone_changes"][0]["date"] == "2026-04-15"


def test_new_assets_are_one_row_with_both_lists_and_the_same_ones_are_none(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.replace_assets(ISSO, "uid-1", ["a", "b"])
    row = journal(record)[-1]
    assert (row.field, row.old, row.new) == ("assets", "web-01.acme.example (443/TCP)", "a\nb")
    with record.unit(at=AT) as unit:
        unit.replace_assets(ISSO, "uid-1", ["c"])
        unit.replace_assets(ISSO, "uid-1", ["a", "b"])
    assert (row.cycle, row.reason, row.source) == ("", "", "")
    assert [(row.old, row.new) for row in journal(record)[-2:]] == [("a\nb", "c"), ("c", "a\nb")]

    before = record.writes()
    with record.unit(at=AT) as unit:
        unit.replace_assets(ISSO, "uid-1", ["a", "b"])
    assert record.writes() == before


def test_an_asset_of_several_lines_is_several_assets_and_a_blank_one_is_none(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(2, assets=("", "a\nb", "c"))])
    with record.unit(at=AT) as unit:
        unit.replace_assets(ISSO, "uid-2", ["", "d\n\ne"])
    assert load(record.db, "uid = 'uid-2'")[0].assets == ("d", "e")
    assert list(problems(record.db)) == []


# the chain


def test_each_row_covers_the_row_before(record: Record) -> None:
    change(record, comments="new")
    rows = list(journal(record))
    heads = [(0, ""), *((row.seq, row.hash) for row in rows)]
    assert [*chain.from_iterable(map(breaks, heads, rows))] == []


def test_the_hash_is_of_the_row_before_and_of_every_column() -> None:
    row = seal((0, ""), tuple(f"column {n}" for n in range(14)))
    for n in range(1, 15):
        columns = [row.seq, *(f"column {m}" for m in range(14))]
        columns[n] = "another"
        assert digest("", columns) != row.hash
    assert digest("other", [row.seq, *(f"column {m}" for m in range(14))]) != row.hash


def test_two_columns_never_run_into_each_other() -> None:
    assert digest("", ["ab", "c"]) != digest("", ["a", "bc"])
    assert digest("", ["", None]) != digest("", [None, ""])
    assert digest("", ["1"]) != digest("", [1])


# replaying, for whatever happens

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
day = st.dates().map(lambda found: found.isoformat())
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "comments": text,
    "weakness_name": text,
    "cves": text,
    "status_date": st.none() | day,
    "kev_due_date": st.none() | day,
    "vendor_dependency": st.booleans(),
    "auto_approve": st.none() | st.booleans(),
    "work_status_version": st.integers(0, 2**40),
    "false_positive": st.none() | st.sampled_from(Decision),
    "adjusted_risk_rating": st.none() | st.sampled_from(Rating),
    "work_done_at": st.none() | st.sampled_from(["", AT, "2026-03-02T12:00:00+02:00"]),
}
some_values = st.fixed_dictionaries({}, optional=VALUES)
assets = st.lists(text, max_size=3)
milestones = st.lists(st.builds(Milestone, st.integers(0, 9), text, day), max_size=2, unique_by=lambda m: m.number)
moves = st.builds(MilestoneChange, st.integers(0, 9), st.sampled_from(ChangeKind), day, text)
new_item = st.builds(
    lambda values, assets, milestones, moves: replace(
        item(0, assets=tuple(assets), milestones=tuple(milestones), milestone_changes=tuple(moves)), **values
    ),
    some_values,
    assets,
    milestones,
    st.lists(moves, max_size=2),
)
which = st.integers(0, 3)
steps = st.one_of(
    st.tuples(st.just("add"), st.lists(new_item, max_size=2)),
    st.tuples(st.just("change"), which, some_values),
    st.tuples(st.just("assets"), which, assets),
    st.tuples(st.just("move"), which, moves),
    st.tuples(st.just("rename"), text),
    st.tuples(st.just("fail"), which, some_values),
)


def play(unit: Unit, step: tuple[Any, ...]) -> None:
    """One thing that happens to a record; what speaks of an item that is not there yet does nothing."""
    items = load(unit.db)
    kind, *rest = step
    if kind == "add":
        first = len(items) + 1
        named = [replace(new, uid=f"uid-{n}", poam_id=f"V-{n}") for n, new in enumerate(rest[0], first)]
        unit.add_items(IMPORTER, named)
    elif kind == "rename":
        unit.change(ISSO, "systems", "ACME", {"name": rest[0]})
    elif rest[0] < len(items):
        _play_on(unit, kind, items[rest[0]], rest[1])


def _play_on(unit: Unit, kind: str, old: PoamItem, value: Any) -> None:
    if kind == "assets":
        unit.replace_assets(ISSO, old.uid, value)
    elif kind == "move":
        row = change_row(old.uid, len(old.milestone_changes), value)
        unit.create(ISSO, "milestone_changes", {**row, "item_uid": old.uid})
    else:
        unit.change(ISSO, "items", old.uid, value)
    if kind == "fail":
        raise ZeroDivisionError


@settings(max_examples=60)
@given(st.lists(steps, min_size=1, max_size=8))
def test_whatever_happens_the_record_equals_its_history_and_every_past_moment_can_be_told(
    story: list[tuple[Any, ...]],
) -> None:
    with TemporaryDirectory() as folder, Record.create(Path(folder) / "poam.db", record_id="x", at=AT) as record:
        with record.unit(at=AT) as unit:
            unit.create(IMPORTER, "systems", config().systems[0].model_dump())
        moments = []
        for minute, step in enumerate(story):
            at = f"2026-03-03T00:{minute:02}:00.000Z"
            try:
                with record.unit(at=at) as unit:
                    play(unit, step)
            except ZeroDivisionError:
                pass
            (system,) = record.db.query("SELECT * FROM systems")
            moments.append((at, system["name"], load(record.db)))
        assert list(problems(record.db)) == []
        for at, name, items in moments:
            row, stood = stood_at(record.db, "ACME", at)
            assert stood == items
            assert row is not None
            assert row["name"] == name
