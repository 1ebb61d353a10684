"""`poam import`: the plan first, applied whole or not at all, and every file that is none told in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest

from poam.mapping.item import ChangeKind, Milestone, MilestoneChange
from poam.sync.settings.people import os_user

from .desk import ME, Desk
from .workbooks import CLOSED, FULL, ITEMS, MOVED, edited, workbook


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A desk with an empty record."""
    return Desk.open(tmp_path)


def put(desk: Desk, data: bytes, name: str = "poam.xlsx") -> str:
    (desk.folder / name).write_bytes(data)
    return str(desk.folder / name)


def untouched(desk: Desk, *args: str) -> Any:
    """Runs a command that must not write anything; the file stays the same to the byte."""
    path = desk.folder / "poam.db"
    before = path.read_bytes()
    result = desk.run(*args)
    assert path.read_bytes() == before
    assert not [file for file in desk.folder.glob("poam.db-wal") if file.stat().st_size]
    return result


def names(desk: Desk) -> list[str]:
    return [row["poam_id"] for row in desk.json("list")]


# the plan, and applying it


def test_an_item_whose_row_cannot_be_read_is_not_called_absent(desk: Desk) -> None:
    data = workbook(*ITEMS)
    desk.done("import", put(desk, data), "--yes")
    file = put(desk, edited(data, "V-1", "Original Detection Date", "soon"), "back.xlsx")
    result = untouched(desk, "import", file)
    assert result.exit_code == 3
    assert "! " in result.stdout
    assert "Not in the file" not in result.stdout
    assert (
        "Not in the file, kept in the record: V-1"
        in desk.run("import", put(desk, workbook(*ITEMS[1:]), "b.xlsx")).stdout
    )


def test_a_status_date_in_the_future_is_a_doubt_of_a_new_item_and_of_a_known_one(desk: Desk) -> None:
    data = workbook(*ITEMS)
    file = put(desk, edited(data, "V-1", "Status Date", "2026-03-03"), "late.xlsx")
    result = untouched(desk, "import", file)
    assert "? V-1 has a status date in the future: 2026-03-03" in result.stdout
    assert result.exit_code == 1
    desk.done("import", put(desk, data), "--yes")
    result = untouched(desk, "import", file)
    assert "? V-1 has a status date in the future: 2026-03-03" in result.stdout
    assert result.exit_code == 1
    assert "future" not in desk.run("import", put(desk, edited(data, "V-1", "Status Date", "2026-03-02"))).stdout


def test_a_vendor_check_in_in_the_future_is_a_doubt_of_a_new_item_and_of_a_known_one(desk: Desk) -> None:
    data = workbook(*ITEMS)
    file = put(desk, edited(data, "V-1", "Last Vendor Check-in Date", "2026-03-03"), "late.xlsx")
    assert "? V-1 has a vendor check-in in the future: 2026-03-03" in untouched(desk, "import", file).stdout
    desk.done("import", put(desk, data), "--yes")
    assert "? V-1 has a vendor check-in in the future: 2026-03-03" in untouched(desk, "import", file).stdout
    today = put(desk, edited(data, "V-1", "Last Vendor Check-in Date", "2026-03-02"))
    assert "future" not in untouched(desk, "import", today).stdout


def test_a_milestone_after_the_scheduled_completion_date_is_a_doubt_of_an_open_item(desk: Desk) -> None:
    plan = (Milestone(1, "Build", "2026-05-01"), Milestone(2, "Roll out", "2026-05-02"))
    late = replace(FULL, milestones=plan)
    result = untouched(desk, "import", put(desk, workbook(late)))
    doubts = [line for line in result.stdout.splitlines() if line.startswith("?")]
    assert doubts == ["? V-1 plans milestone 2 for 2026-05-02, after it is to be completed on 2026-05-01"]
    assert result.exit_code == 1

    closed = replace(CLOSED, milestones=plan)
    assert "plans milestone" not in untouched(desk, "import", put(desk, workbook(closed))).stdout


def test_of_a_list_the_plan_shows_what_is_added_and_what_is_gone(desk: Desk) -> None:
    before = replace(FULL, milestone_changes=(MOVED,), assets=("a", "b"))
    desk.done("import", put(desk, workbook(before)), "--yes")
    done = MilestoneChange(1, ChangeKind.COMPLETE, "2026-03-01", "rolled out to every one of our many environments")
    after = replace(before, milestone_changes=(MOVED, done), assets=("b", "c", "d", "e", "f"))
    told = untouched(desk, "import", put(desk, workbook(after))).stdout.splitlines()
    assert [line for line in told if line.startswith("~")] == [
        "~ V-1  assets: added 'c', 'd', 'e' and 1 more; gone 'a'",
        "~ V-1  milestone_changes: added '(1) Complete 2026-03-01 : rolled out to every one of our ma…'",
    ]

    turned = replace(before, milestone_changes=(), assets=("b", "a"))
    told = untouched(desk, "import", put(desk, workbook(turned))).stdout.splitlines()
    assert "~ V-1  assets: in another order" in told


def test_the_plan_is_shown_and_nothing_is_changed_without_yes(desk: Desk) -> None:
    file = put(desk, workbook(*ITEMS))

    result = untouched(desk, "import", file)

    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "ACME Cloud (ACME), workbook layout 3.0",
        "+ V-1  open  scheduled 2026-05-01  Outdated library 1",
        "+ V-4  open  scheduled 2026-05-01  Outdated library 1",
        "+ V-2  closed  scheduled 2026-05-01  Outdated library 1",
        "+ CF-3  open  scheduled 2026-05-01  Outdated library 1",
        "4 new, 0 changed, 0 unchanged",
        f"Nothing was changed yet. To apply: poam import {file} --yes",
    ]
    assert names(desk) == []


def test_yes_applies_the_plan_under_the_persons_own_name(desk: Desk) -> None:
    assert desk.done("import", put(desk, workbook(*ITEMS)), "--yes").endswith("Imported.")

    assert names(desk) == ["CF-3", "V-1", "V-2", "V-4"]
    (created,) = [row for row in desk.json("history", "V-1") if row["entity"] == "items"]
    assert (created["person"], created["role"], created["origin"]) == (ME, "isso", "import")
    assert created["source"].startswith("poam.xlsx sha256:")


@pytest.mark.parametrize("layout", ["3.0", "2.1"])
def test_the_same_file_again_writes_not_one_row(desk: Desk, layout: Any) -> None:
    file = put(desk, workbook(*ITEMS, layout=layout))
    desk.done("import", file, "--yes")

    result = untouched(desk, "import", file, "--yes")

    assert (result.exit_code, result.stdout.splitlines()[1:]) == (
        0,
        ["0 new, 0 changed, 4 unchanged", "Nothing to import."],
    )


@pytest.mark.parametrize("layout", ["3.0", "2.1"])
def test_our_own_export_is_nothing_to_import(desk: Desk, layout: str) -> None:
    desk.done("import", put(desk, workbook(*ITEMS, layout="2.1")), "--yes")
    back = str(desk.folder / "back.xlsx")
    desk.done("export", "fedramp", "-o", back, "--layout", layout, "--system", "ACME")

    result = untouched(desk, "import", back, "--yes")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "Nothing to import.")


def test_a_changed_cell_is_shown_with_both_values_and_then_taken(desk: Desk) -> None:
    data = workbook(FULL)
    desk.done("import", put(desk, data), "--yes")
    file = put(desk, edited(data, "V-1", "Point of Contact", "Bob"), "back.xlsx")

    assert "~ V-1  point_of_contact: 'Ann Engineer' -> 'Bob'" in untouched(desk, "import", file).stdout
    desk.done("import", file, "--yes")
    assert desk.json("show", "V-1")["point_of_contact"] == "Bob"


def test_what_is_not_taken_is_told_with_the_reason_and_needs_a_person(desk: Desk) -> None:
    data = workbook(FULL)
    desk.done("import", put(desk, data), "--yes")
    file = put(desk, edited(data, "V-1", "Scheduled Completion Date", "2026-09-01"), "back.xlsx")

    result = untouched(desk, "import", file, "--yes")

    assert result.exit_code == 1
    assert "x V-1  scheduled_completion_date: '2026-05-01' -> '2026-09-01'  not taken: permanent" in result.stdout


def test_a_file_older_than_the_record_changes_nothing_and_says_so(desk: Desk) -> None:
    file = put(desk, workbook(FULL))
    desk.done("import", file, "--yes")
    desk.done("set", "V-1", "comments=newer", "--reason", "called")

    result = untouched(desk, "import", file, "--yes")

    assert result.exit_code == 0
    assert "= V-1  comments in the file is older than the record; the record stays" in result.stdout
    assert desk.json("show", "V-1")["comments"] == "newer"


def test_items_the_file_does_not_list_are_named_and_kept(desk: Desk) -> None:
    desk.done("import", put(desk, workbook(FULL, CLOSED)), "--yes")
    assert "Not in the file, kept in the record: V-2" in desk.run("import", put(desk, workbook(FULL))).stdout


def test_programs_get_the_same_plan(desk: Desk) -> None:
    told = json.loads(desk.run("import", put(desk, workbook(FULL)), "--json").stdout)
    assert told == {
        "system_id": "ACME",
        "layout": "3.0",
        "applied": False,
        "new": ["V-1"],
        "changed": [],
        "refused": [],
        "older": [],
        "unchanged": 0,
        "absent": [],
        "problems": [],
        "doubts": [],
        "left_out": [],
    }
    assert json.loads(desk.run("import", put(desk, workbook(FULL)), "--yes", "--json").stdout)["applied"] is True


# rows that cannot be read


def test_one_bad_row_keeps_all_the_others_out_and_every_one_is_named(desk: Desk) -> None:
    data = edited(workbook(*ITEMS), "V-1", "Status Date", "last week")
    file = put(desk, edited(data, "V-4", "Vendor Dependency", "perhaps"))

    result = untouched(desk, "import", file, "--yes")

    assert result.exit_code == 3
    assert '! Open POA&M Items, row 9, Status Date: "last week" is not a date' in result.stdout
    assert '! Open POA&M Items, row 10, Vendor Dependency: "perhaps" is not one of Yes, No' in result.stdout
    assert result.stderr.splitlines()[0] == "Error: poam.xlsx: 2 problems in its rows"
    assert names(desk) == []


def test_an_id_used_twice_is_a_problem_of_the_file(desk: Desk) -> None:
    result = untouched(desk, "import", put(desk, workbook(FULL, replace(CLOSED, poam_id="V-1"))), "--yes")
    assert result.exit_code == 3
    assert "V-1 is used already in Open POA&M Items, row 9" in result.stdout


# files that are none


def zipped(change: Callable[[ZipFile], None]) -> bytes:
    """A good workbook with something in its archive that does not belong there."""
    data = BytesIO(workbook(FULL))
    with ZipFile(data, "a") as archive:
        change(archive)
    return data.getvalue()


def some_zip() -> bytes:
    data = BytesIO()
    with ZipFile(data, "w") as archive:
        archive.writestr("letter.txt", "hello")
    return data.getvalue()


def reshaped(change: Callable[[Any], None]) -> bytes:
    """A good workbook after somebody changed its sheets."""
    book = openpyxl.load_workbook(BytesIO(workbook(FULL)))
    change(book)
    data = BytesIO()
    book.save(data)
    return data.getvalue()


def renamed(old: str, new: str) -> Callable[[Any], None]:
    def change(book: Any) -> None:
        for row in book["Open POA&M Items"].iter_rows():
            for cell in row:
                if cell.value == old:
                    cell.value = new

    return change


def doubled(book: Any) -> None:
    sheet = book["Open POA&M Items"]
    sheet.cell(5, sheet.max_column + 1).value = "Controls"


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
UNREADABLE: dict[str, tuple[Callable[[], bytes], str]] = {
    "empty": (lambda: b"", "The file is empty"),
    "text": (lambda: b"POAM ID,Controls\nV-1,RA-5\n", "The file is not an Excel workbook"),
    "truncated": (lambda: workbook(FULL)[:5000], "The file is damaged"),
    "password": (lambda: OLE + bytes(512) + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
    "old": (lambda: OLE + bytes(512), "old Excel workbook (.xls)"),
    "archive": (some_zip, "an archive, but not an Excel workbook"),
    "macros": (lambda: zipped(lambda archive: archive.writestr("xl/vbaProject.bin", b"x")), "carries macros"),
    "links": (lambda: zipped(lambda archive: archive.writestr("xl/externalLinks/1.xml", b"x")), "links to other files"),
    "no sheet": (lambda: reshaped(lambda book: book.remove(book["Open POA&M Items"])), "no sheet “Open POA&M Items”"),
    "no headings": (lambda: reshaped(renamed("POAM ID", "Number")), "no heading “POAM ID”"),
    "missing heading": (lambda: reshaped(renamed("Weakness Name", "Title")), "lacks the heading “Weakness Name”"),
    "doubled heading": (lambda: reshaped(doubled), "more than one of the heading “Controls”"),
}


@pytest.mark.parametrize("kind", UNREADABLE)
@pytest.mark.parametrize("options", [(), ("--yes",), ("--json",)])
def test_a_file_that_cannot_be_read_is_told_in_one_sentence_with_a_remedy(
    desk: Desk, kind: str, options: tuple[str, ...]
) -> None:
    make, why = UNREADABLE[kind]
    told_cleanly(untouched(desk, "import", put(desk, make()), *options), "Error: poam.xlsx: ", why)


@pytest.mark.parametrize(("name", "why"), [("none.xlsx", "No such file"), (".", "Is a directory")])
def test_a_file_that_is_not_there_is_told(desk: Desk, name: str, why: str) -> None:
    told_cleanly(untouched(desk, "import", str(desk.folder / name), "--yes"), "Error: ", why)


def told_cleanly(result: Any, begin: str, why: str) -> None:
    assert result.exit_code == 3
    assert result.stdout == ""
    error, hint = result.stderr.splitlines()
    assert error.startswith(begin)
    assert why in error
    assert hint.startswith("Hint: ")


# who, and for which system


def test_the_system_is_asked_for_where_the_file_does_not_tell(desk: Desk) -> None:
    file = put(desk, reshaped(renamed("ACME Cloud", "Another Cloud")))

    told = untouched(desk, "import", file, "--yes").stderr
    assert "“Another Cloud”" in told
    assert "add --system: ACME, LEDGER" in told
    assert "there is no system MOON" in untouched(desk, "import", file, "--yes", "--system", "MOON").stderr
    told = desk.run("import", file, "--yes", "--system", "LEDGER")
    blank = "Scheduled Completion Date is blank, or was never calculated"
    assert f"? V-1: {blank}; the template's formula gives 2026-05-01, which becomes permanent" in told.stdout
    assert told.exit_code == 1
    assert desk.json("show", "V-1")["system_id"] == "LEDGER"


def test_an_engineer_may_look_at_the_plan_and_not_apply_it(desk: Desk) -> None:
    desk.become("engineer")
    file = put(desk, workbook(FULL))
    assert untouched(desk, "import", file).exit_code == 0
    assert "engineer and cannot import" in desk.refused("import", file, "--yes")


def test_a_stranger_at_the_machine_imports_nothing(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"os:{os_user()}", "os:other"), encoding="utf-8")
    assert "nobody in [people]" in desk.refused("import", put(desk, workbook(FULL)), "--yes")


def test_what_is_missing_or_left_out_is_told_and_needs_a_person(desk: Desk) -> None:
    rows = openpyxl.load_workbook(BytesIO(workbook(replace(FULL, poam_id="V-9", original_detection_date=None))))
    page = rows["Open POA&M Items"]
    row = next(cells for cells in page.iter_rows() if "V-9" in [cell.value for cell in cells])[0].row
    heading = next(cell for cells in page.iter_rows() for cell in cells if cell.value == "CVE")
    page.cell(heading.row, heading.column + 4, "Jira Ticket")
    page.cell(row, heading.column + 4, "SEC-1")
    changed = BytesIO()
    rows.save(changed)

    result = desk.run("import", put(desk, changed.getvalue()))

    assert result.exit_code == 1
    assert "? V-9 has no Original Detection Date; set it" in result.stdout
    assert "the column “Jira Ticket” is not the template's and is not read" in result.stdout


def test_a_date_before_the_finding_was_detected_is_doubted(desk: Desk) -> None:
    early = replace(FULL, poam_id="V-9", original_detection_date="2026-05-02", scheduled_completion_date="2026-05-01")
    told = desk.run("import", put(desk, workbook(early)))
    assert "? V-9 is to be completed on 2026-05-01, before it was detected on 2026-05-02" in told.stdout
    assert told.exit_code == 1
