"""A document is generated, never typed: the same record and day give the same file, and the file is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.item import FindingKind, PoamItem, Rating, State
from poam.sync.documents.export import Submission, generate, keep
from poam.sync.errors import InputError
from poam.sync.files import read_bytes, write_bytes
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, config, item

AT = "2026-03-02T12:00:00.000Z"
LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    """An item in each state, and one of another system."""
    with Record.create(tmp_path / "poam.db", record_id="test-record", at=AT) as made:
        with made.unit(at=AT) as unit:
            for system in config().systems:
                unit.create(IMPORTER, "systems", system.model_dump())
            items = [item(n, state=state, actual_completion_date=done(state)) for n, state in enumerate(State, 1)]
            unit.add_items(IMPORTER, [*items, item(20, system_id="LEDGER")])
        yield made
        assert list(problems(made.db)) == []


def done(state: State) -> str | None:
    return "2026-02-20" if state is State.CLOSED else None


def make(record: Record, layout: FedrampLayout = "3.0", as_of: str = "2026-03-02") -> Submission:
    return generate(record.db, "ACME", layout=layout, as_of=as_of, until=None)


def keep_in(record: Record, submission: Submission) -> None:
    with record.unit(at=AT) as unit:
        keep(unit, IMPORTER, submission, file_name="poam.xlsx")


def submissions(record: Record) -> list[dict[str, Any]]:
    return list(record.db.query("SELECT * FROM submissions"))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_record_and_day_give_the_same_bytes(record: Record, layout: FedrampLayout) -> None:
    first = make(record, layout)
    keep_in(record, first)
    assert make(record, layout).data == first.data


def test_another_day_or_another_fact_gives_another_file(record: Record) -> None:
    files = {make(record).sha256, make(record, as_of="2026-03-01").sha256, make(record, "2.1").sha256}
    with record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-3", {"comments": "new"})
    assert len({make(record).sha256, *files}) == 4


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_document_shows_what_the_authority_is_to_see_and_no_more(record: Record, layout: FedrampLayout) -> None:
    read = read_workbook(make(record, layout).data).document
    shown = {State(each.state) for each in load(record.db) if each.poam_id in {row.poam_id for row in read.items}}
    assert shown == {State.OPEN, State.PENDING_VERIFICATION, State.RISK_ACCEPTED, State.CLOSED}
    assert [row.poam_id for row in read.items if row.state is State.CLOSED] == ["V-6"]
    assert (read.header.name, read.header.date) == ("ACME Cloud", "2026-03-02")


def test_the_file_names_the_journal_row_it_comes_from(record: Record) -> None:
    submission = make(record)
    book = openpyxl.load_workbook(BytesIO(submission.data))
    assert submission.head == record.head
    assert record.head[1] in (book.properties.description or "")


def test_a_submission_is_kept_with_its_file_its_digest_and_the_journals_head(record: Record) -> None:
    submission = make(record)
    head = record.head
    keep_in(record, submission)

    (row,) = submissions(record)
    assert row["file"] == submission.data
    assert row["sha256"] == hashlib.sha256(submission.data).hexdigest()
    assert (row["head_seq"], row["head_hash"]) == head
    assert (row["system_id"], row["layout"], row["as_of"], row["file_name"]) == (
        *("ACME", "3.0", "2026-03-02", "poam.xlsx"),
    )


def test_the_same_file_is_one_submission_however_often_it_is_made(record: Record) -> None:
    keep_in(record, make(record))
    before = record.writes()
    keep_in(record, make(record))
    assert record.writes() == before
    keep_in(record, make(record, "2.1"))
    assert [row["id"] for row in submissions(record)] == [1, 2]


def test_a_system_nobody_ever_imported_has_no_document(record: Record) -> None:
    with pytest.raises(InputError, match="holds no system NONE") as refused:
        generate(record.db, "NONE", layout="3.0", as_of="2026-03-02", until=None)
    assert refused.value.hint


def test_a_text_no_cell_can_hold_is_told_with_its_item(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-3", {"comments": "x" * 40_000})
    with pytest.raises(InputError, match=r"ACME: V-3, Comments"):
        make(record)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_no_text_becomes_a_formula(record: Record, layout: FedrampLayout) -> None:
    hostile = '=HYPERLINK("https://evil.example","click")'
    with record.unit(at=AT) as unit:
        changes = {"comments": hostile, "weakness_name": "+1+1", "point_of_contact": "@SUM(1)", "controls": "-2"}
        unit.change(IMPORTER, "items", "uid-3", changes)
    book = openpyxl.load_workbook(BytesIO(make(record, layout).data))
    formulas = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"}
    assert all(formula.startswith("=IF((") for formula in formulas)
    assert hostile in {cell.value for row in book["Open POA&M Items"].iter_rows() for cell in row}
    (read,) = [row for row in read_workbook(make(record, layout).data).document.items if row.poam_id == "V-3"]
    assert (read.comments, read.weakness_name, read.controls) == (hostile, "+1+1", "-2")


def test_each_item_stands_on_its_tab(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.change(IMPORTER, "items", "uid-3", {"finding_kind": FindingKind.CONFIGURATION})
    kinds: dict[str, PoamItem] = {row.poam_id: row for row in read_workbook(make(record).data).document.items}
    assert [name for name, row in kinds.items() if row.finding_kind is FindingKind.CONFIGURATION] == ["V-3"]


def test_a_critical_is_printed_high_and_stays_critical(record: Record) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(30, original_risk_rating=Rating.CRITICAL)])
    book = openpyxl.load_workbook(BytesIO(make(record).data))
    cells = {str(cell.value) for row in book["Open POA&M Items"].iter_rows(min_row=9) for cell in row}
    assert "High" in cells
    assert "Critical" not in cells
    (read,) = [row for row in read_workbook(make(record).data).document.items if row.poam_id == "V-30"]
    assert read.original_risk_rating is Rating.CRITICAL


# files


def test_a_file_takes_the_place_of_the_one_before_in_one_step(tmp_path: Path) -> None:
    target = tmp_path / "poam.xlsx"
    write_bytes(target, b"first")
    write_bytes(target, b"second")
    assert read_bytes(target) == b"second"
    assert [file.name for file in tmp_path.iterdir()] == ["poam.xlsx"]
    assert target.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("name", ["none/poam.xlsx", "folder", "file/poam.xlsx"])
def test_a_file_that_cannot_be_written_is_told_and_leaves_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_bytes(b"mine")
    with pytest.raises(InputError, match="cannot be written") as refused:
        write_bytes(tmp_path / name, b"data")
    assert refused.value.hint
    assert sorted(file.name for file in tmp_path.rglob("*")) == ["file", "folder"]
    assert (tmp_path / "file").read_bytes() == b"mine"


def test_what_an_interrupted_write_left_behind_is_in_nobodys_way(tmp_path: Path) -> None:
    (tmp_path / ".poam.xlsx.partial").write_bytes(b"half")
    write_bytes(tmp_path / "poam.xlsx", b"whole")
    assert read_bytes(tmp_path / "poam.xlsx") == b"whole"


def test_a_file_far_larger_than_any_poam_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "big.xlsx").open("wb") as file:
        file.truncate(51 * 1024 * 1024)
    with pytest.raises(InputError, match="larger than 50 MB"):
        read_bytes(tmp_path / "big.xlsx")


@pytest.mark.parametrize("name", ["none.xlsx", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        read_bytes(tmp_path / name)
