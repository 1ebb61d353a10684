"""A past moment is told by the journal alone, and nothing that happens later changes what it tells."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import ChangeKind, Decision, MilestoneChange, Rating, State, WorkStatus
from poam.sync.documents.export import generate, keep
from poam.sync.record.asof import stood_at
from poam.sync.record.items import change_row, load
from poam.sync.record.journal import anchor
from poam.sync.record.record import Record

from .engine import IMPORTER, config, item

MONDAY, TUESDAY, WEDNESDAY = (f"2026-03-0{day}T12:00:00.000Z" for day in (2, 3, 4))
END_OF_MONDAY = "2026-03-02T23:59:59.999Z"


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """Two systems and two items since Monday."""
    with Record.create(tmp_path / "poam.db", record_id="test-record", at=MONDAY) as made:
        with made.unit(at=MONDAY) as unit:
            for system in config().systems:
                unit.create(IMPORTER, "systems", system.model_dump())
            unit.add_items(IMPORTER, [item(10), item(2), item(3, system_id="LEDGER")])
        yield made


def change(record: Record, at: str, **values: Any) -> None:
    with record.unit(at=at) as unit:
        unit.change(IMPORTER, "items", "uid-2", values)


def comments(record: Record, until: str) -> str:
    _, items = stood_at(record.db, "ACME", until)
    return items[0].comments


def test_each_day_tells_what_was_so_at_its_end(record: Record) -> None:
    change(record, TUESDAY, comments="tuesday")
    change(record, WEDNESDAY, comments="wednesday")

    assert comments(record, MONDAY) == ""
    assert comments(record, TUESDAY) == "tuesday"
    assert comments(record, "2026-03-03T12:00:00.001Z") == "tuesday"
    assert comments(record, WEDNESDAY) == "wednesday"


def test_every_kind_of_value_comes_back_as_what_it_was(record: Record) -> None:
    moved = MilestoneChange(1, ChangeKind.COMPLETE, "2026-03-03", "done; it took\ntwo lines")
    with record.unit(at=TUESDAY) as unit:
        values = {
            "vendor_dependency": True,
            "auto_approve": False,
            "kev_tracking": None,
            "false_positive": Decision.PENDING,
            "adjusted_risk_rating": Rating.LOW,
            "work_status": WorkStatus.BLOCKED,
            "work_status_version": 3,
            "state": State.RISK_ACCEPTED,
            "status_date": None,
        }
        unit.change(IMPORTER, "items", "uid-2", values)
        unit.replace_assets(IMPORTER, "uid-2", ["b", "a"])
        unit.create(IMPORTER, "milestone_changes", {**change_row("uid-2", 0, moved), "item_uid": "uid-2"})

    _, items = stood_at(record.db, "ACME", TUESDAY)
    assert items == load(record.db, "system_id = 'ACME'")
    assert [type(getattr(items[0], name)) for name in values] == [
        *(bool, bool, type(None), Decision, Rating, WorkStatus, int, State, type(None))
    ]


def test_a_system_has_its_own_items_in_the_order_people_count(record: Record) -> None:
    assert [each.poam_id for each in stood_at(record.db, "ACME", MONDAY)[1]] == ["V-2", "V-10"]
    assert [each.poam_id for each in stood_at(record.db, "LEDGER", MONDAY)[1]] == ["V-3"]


def test_before_the_first_row_there_was_nothing(record: Record) -> None:
    assert stood_at(record.db, "ACME", "2026-03-01T23:59:59.999Z") == (None, [])
    assert anchor(record.db, "2026-03-01T23:59:59.999Z") == (0, "")


def test_a_system_has_the_name_it_had_then(record: Record) -> None:
    with record.unit(at=TUESDAY) as unit:
        unit.change(IMPORTER, "systems", "ACME", {"name": "Renamed Cloud"})

    monday, tuesday = (stood_at(record.db, "ACME", until)[0] for until in (MONDAY, TUESDAY))
    assert monday is not None
    assert tuesday is not None
    assert (monday["name"], tuesday["name"]) == ("ACME Cloud", "Renamed Cloud")


def test_rows_of_a_clock_put_back_do_not_get_into_a_day_that_is_over(record: Record) -> None:
    monday = generate(record.db, "ACME", layout="3.0", as_of="2026-03-02", until=END_OF_MONDAY)
    change(record, TUESDAY, comments="tuesday")
    change(record, MONDAY, comments="from a clock put back")

    assert comments(record, END_OF_MONDAY) == ""
    assert generate(record.db, "ACME", layout="3.0", as_of="2026-03-02", until=END_OF_MONDAY) == monday


def test_the_anchor_of_a_day_is_its_last_row_whatever_documents_were_made(record: Record) -> None:
    monday = record.head
    assert anchor(record.db) == anchor(record.db, END_OF_MONDAY) == monday

    document = generate(record.db, "ACME", layout="3.0", as_of="2026-03-02", until=None)
    with record.unit(at=TUESDAY) as unit:
        keep(unit, IMPORTER, document, file_name="poam.xlsx")
    assert record.head != monday
    assert anchor(record.db) == monday

    change(record, WEDNESDAY, comments="new")
    assert anchor(record.db) == record.head
    assert anchor(record.db, END_OF_MONDAY) == monday
