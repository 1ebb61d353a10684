"""Taking a formal document in: compared with the record and with what the record once was."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.documents.document import Document, FedrampLayout, SystemHeader
from poam.mapping.item import (
    ChangeKind,
    Decision,
    MilestoneChange,
)
from poam.sync.documents.intake import choose_system, uid_of
from poam.sync.errors import InputError
from poam.sync.record.items import change_row, load
from poam.sync.record.record import Record
from poam.sync.settings.systems import keep_systems

from .engine import IMPORTER, config, item
from .workbooks import (
    AT,
    CLOSED,
    FULL,
    ITEMS,
    LATER,
    LAYOUTS,
    MOVED,
    change,
    changed,
    edited,
    export,
    fresh,
    older,
    reasons,
    refused,
    take,
    workbook,
)

both = pytest.mark.parametrize("layout", LAYOUTS)


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with fresh(tmp_path) as made:
        yield made


# a first import


@both
def test_rows_arrive_as_the_authority_has_them_and_baselined(record: Record, layout: FedrampLayout) -> None:
    plan = take(record, workbook(*ITEMS, layout=layout))

    assert [each.poam_id for each in plan.new] == ["V-1", "V-4", "V-2", "CF-3"]
    found = {each.poam_id: each for each in load(record.db)}
    for original in ITEMS:
        arrived = found[original.poam_id]
        kept = {"uid": arrived.uid, "system_id": "ACME", "baselined_at": AT}
        status_date = original.actual_completion_date or original.status_date
        assert arrived == replace(original, **kept, status_date=status_date)


def test_the_journal_names_the_importer_and_the_very_file(record: Record) -> None:
    take(record, workbook(FULL))
    (row,) = record.db.query("SELECT person, origin, source FROM journal WHERE entity = 'items'")
    assert (row["person"], row["origin"]) == ("isso@acme.example", "import")
    assert row["source"].startswith("poam.xlsx sha256:")
    assert len(row["source"].rpartition(":")[2]) == 64


def test_the_systems_of_the_configuration_come_with_the_first_import(record: Record) -> None:
    take(record, workbook(FULL))
    assert [row["name"] for row in record.db.query("SELECT name FROM systems ORDER BY id")] == ["ACME Cloud", "Ledger"]
    with record.unit(at=AT) as unit:
        assert keep_systems(unit, IMPORTER, config()) is False


@both
def test_the_same_file_again_changes_nothing(record: Record, layout: FedrampLayout) -> None:
    data = workbook(*ITEMS, layout=layout)
    take(record, data)
    before = (record.writes(), record.head)

    plan = take(record, data, at=LATER)

    assert (plan.changes_anything, plan.unchanged, plan.known, plan.new) == (False, 4, (), ())
    assert (record.writes(), record.head) == before


# an edited file


@both
@pytest.mark.parametrize(
    ("heading", "value", "field", "new"),
    [
        ("Point of Contact", "Bob", "point_of_contact", "Bob"),
        ("Comments", "Called them.", "comments", "Called them."),
        ("Asset Identifier", "web-09\nweb-10", "assets", ("web-09", "web-10")),
        ("False Positive", "Pending", "false_positive", Decision.PENDING),
        ("Vendor Dependency", "No", "vendor_dependency", False),
        ("Status Date", "2026-03-01", "status_date", "2026-03-01"),
        ("Resources Required", None, "resources_required", ""),
    ],
)
def test_an_edited_cell_is_one_change_with_the_file_as_its_source(
    record: Record, layout: FedrampLayout, heading: str, value: Any, field: str, new: Any
) -> None:
    take(record, workbook(*ITEMS, layout=layout))
    before = record.head[0]

    plan = take(record, edited(export(record, layout), "V-1", heading, value), name="back.xlsx", at=LATER)

    assert changed(plan) == [field]
    assert (plan.unchanged, refused(plan), older(plan)) == (3, [], [])
    assert getattr(load(record.db, "poam_id = 'V-1'")[0], field) == new
    (row,) = record.db.query("SELECT * FROM journal WHERE seq > ?", (before,))
    assert (row["field"], row["origin"], row["at"]) == (field, "import", LATER)
    assert row["source"].startswith("back.xlsx sha256:")


def test_a_new_row_in_a_known_file_is_a_new_item(record: Record) -> None:
    take(record, workbook(FULL))
    plan = take(record, workbook(FULL, replace(FULL, poam_id="V-9")))
    assert ([each.poam_id for each in plan.new], plan.unchanged) == (["V-9"], 1)


def test_an_item_the_file_does_not_list_stays(record: Record) -> None:
    take(record, workbook(FULL, CLOSED))
    plan = take(record, workbook(FULL))
    assert plan.absent == ("V-2",)
    assert len(load(record.db)) == 2


# a file that is older than the record


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"comments": "newer"}, "comments"),
        ({"false_positive": Decision.YES}, "false_positive"),
        ({"vendor_dependency": False}, "vendor_dependency"),
        ({"status_date": "2026-03-03"}, "status_date"),
        ({"kev_due_date": "2026-04-01"}, "kev_due_date"),
    ],
)
def test_a_value_the_record_has_moved_on_from_is_not_news(record: Record, values: dict[str, Any], field: str) -> None:
    data = workbook(FULL)
    take(record, data)
    change(record, **values)
    before = record.head

    plan = take(record, data)

    assert older(plan) == [field]
    assert (plan.changes_anything, reasons(plan)) == (False, [])
    assert record.head == before


def test_assets_the_record_has_moved_on_from_are_not_news(record: Record) -> None:
    data = workbook(FULL)
    take(record, data)
    with record.unit(at=LATER) as unit:
        unit.replace_assets(IMPORTER, "uid-1", ["web-09"])
    assert older(take(record, data)) == ["assets"]


@both
def test_a_file_from_before_the_last_milestone_change_is_older_and_not_a_refusal(
    record: Record, layout: FedrampLayout
) -> None:
    data = workbook(FULL, layout=layout)
    take(record, data)
    row = change_row("uid-1", 1, MilestoneChange(2, ChangeKind.UPDATE, "2026-05-20", "approved"))
    with record.unit(at=LATER) as unit:
        unit.create(IMPORTER, "milestone_changes", {**row, "item_uid": "uid-1"})

    plan = take(record, data)

    assert older(plan) == ["milestone_changes"]
    assert (plan.changes_anything, reasons(plan)) == (False, [])


@both
def test_a_milestone_change_added_in_the_file_is_appended(record: Record, layout: FedrampLayout) -> None:
    take(record, workbook(FULL, layout=layout))
    added = MilestoneChange(2, ChangeKind.COMPLETE, "2026-03-01", "rolled out early")

    plan = take(record, workbook(replace(FULL, milestone_changes=(MOVED, added)), layout=layout), at=LATER)

    assert changed(plan) == ["milestone_changes"]
    assert load(record.db)[0].milestone_changes == (MOVED, added)


def test_a_recorded_milestone_change_is_not_rewritten_by_a_file(record: Record) -> None:
    take(record, workbook(FULL))
    plan = take(record, workbook(replace(FULL, milestone_changes=(replace(MOVED, date="2026-04-16"),))))
    assert "recorded milestone changes are permanent" in reasons(plan)[0]
    assert load(record.db)[0].milestone_changes == (MOVED,)


# which system


@pytest.mark.parametrize(
    ("wanted", "name", "chosen"),
    [
        ("LEDGER", "ACME Cloud", "LEDGER"),
        ("", "ACME Cloud", "ACME"),
        ("", " acme cloud ", "ACME"),
        ("", "ledger", "LEDGER"),
        ("", "LEDGER", "LEDGER"),
    ],
)
def test_the_system_is_the_one_told_or_the_one_the_file_names(wanted: str, name: str, chosen: str) -> None:
    document = Document("3.0", SystemHeader(name=name))
    assert choose_system(config(), document, wanted).id == chosen


def test_a_single_system_is_meant_where_the_file_names_none() -> None:
    one = config().model_copy(update={"systems": config().systems[:1]})
    assert choose_system(one, Document("3.0", SystemHeader(name=" ")), "").id == "ACME"


@pytest.mark.parametrize(("wanted", "name"), [("NONE", "ACME Cloud"), ("", "Something"), ("", "")])
def test_a_system_that_cannot_be_told_is_asked_for(wanted: str, name: str) -> None:
    with pytest.raises(InputError) as error:
        choose_system(config(), Document("3.0", SystemHeader(name=name)), wanted)
    assert "ACME, LEDGER" in error.value.hint


def test_two_systems_may_use_the_same_ids(record: Record) -> None:
    with record.unit(at=AT) as unit:
        keep_systems(unit, IMPORTER, config())
        unit.add_items(IMPORTER, [item(8, poam_id="V-1", system_id="LEDGER", comments="theirs")])
    plan = take(record, workbook(FULL))
    assert [each.poam_id for each in plan.new] == ["V-1"]
    assert load(record.db, "system_id = 'LEDGER'")[0].comments == "theirs"


def test_a_row_that_is_imported_anew_is_the_same_item_and_no_other_is() -> None:
    told = {uid_of(record, system, poam) for record in "ab" for system in "ST" for poam in ("V-1", "V-2")}
    assert len(told) == 8
    assert uid_of("a", "S", "V-1") == "54143ffb-bc1a-5745-9316-b6e8eec874f9", "markers are made of it: it never changes"
