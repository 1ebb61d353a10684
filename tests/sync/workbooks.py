"""Workbooks for tests: made, edited by people, and taken into a record as `poam import` does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import Any

import openpyxl

from poam.mapping.documents.document import Document, FedrampLayout, SystemHeader
from poam.mapping.documents.fedramp_write import write_workbook
from poam.mapping.item import (
    ChangeKind,
    Decision,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
    WorkStatus,
)
from poam.sync.documents.export import generate
from poam.sync.documents.intake import ImportPlan, apply_import, plan_import, read_document
from poam.sync.record.items import load
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, config, item

AT, LATER = "2026-03-02T12:00:00.000Z", "2026-03-03T12:00:00.000Z"
LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")
MOVED = MilestoneChange(1, ChangeKind.UPDATE, "2026-04-15", "the vendor was late")

FULL = item(
    1,
    uid="",
    system_id="",
    baselined_at=None,
    controls="RA-5, SI-2",
    weakness_detector_source="Nessus",
    weakness_source_identifier="19506",
    resources_required="40 hours",
    vendor_dependency=True,
    last_vendor_check_in="2026-02-20",
    vendor_dependent_product="Example DB",
    adjusted_risk_rating=Rating.LOW,
    risk_adjustment=Decision.PENDING,
    false_positive=Decision.NO,
    deviation_rationale="not reachable",
    supporting_documents="DR-1.xlsx",
    comments="Waiting for the vendor.",
    kev_tracking=True,
    kev_due_date="2026-04-20",
    cves="CVE-2026-0001\nCVE-2026-0002",
    assets=("10.0.4.17 (443/TCP)", "web-02 (443/TCP)"),
    milestones=(Milestone(1, "Image rebuilt", "2026-04-10"), Milestone(2, "Rolled out", "2026-05-01")),
    milestone_changes=(MOVED,),
)
CLOSED = replace(
    FULL,
    poam_id="V-2",
    state=State.CLOSED,
    work_status=WorkStatus.DONE,
    closure_reason="remediated",
    actual_completion_date="2026-02-01",
)
SETTING = replace(FULL, poam_id="CF-3", finding_kind=FindingKind.CONFIGURATION)
CRITICAL = replace(FULL, poam_id="V-4", original_risk_rating=Rating.CRITICAL, comments="")
ITEMS = (FULL, CLOSED, SETTING, CRITICAL)


@contextmanager
def fresh(folder: Path) -> Iterator[Record]:
    """A record that knows nothing yet, and has to equal its history in the end."""
    with Record.create(folder / "poam.db", record_id="test-record", at=AT) as made:
        yield made
        assert list(problems(made.db)) == []


def workbook(*items: PoamItem, layout: FedrampLayout = "3.0") -> bytes:
    header = SystemHeader("ACME", "ACME Cloud", "Moderate", "2026-03-01")
    return write_workbook(Document(layout, header, items), layout=layout)


def plan_of(record: Record, data: bytes, *, name: str = "poam.xlsx", at: str = AT) -> ImportPlan:
    system = config().system("ACME")
    assert system is not None
    numbers = count(len(load(record.db)) + 1)
    reading = read_document(name, data)
    return plan_import(
        record.db, reading, system, name=name, data=data, at=at, new_uid=lambda _: f"uid-{next(numbers)}"
    )


def take(record: Record, data: bytes, *, name: str = "poam.xlsx", at: str = AT) -> ImportPlan:
    """Imports a file as `--yes` does."""
    plan = plan_of(record, data, name=name, at=at)
    with record.unit(at=at) as unit:
        apply_import(unit, IMPORTER, config(), plan)
    return plan


def export(record: Record, layout: FedrampLayout = "3.0") -> bytes:
    return generate(record.db, "ACME", layout=layout, as_of="2026-03-02", until=None).data


def edited(data: bytes, poam_id: str, heading: str, value: Any, *, sheet: str = "Open POA&M Items") -> bytes:
    """The workbook after a person typed into one cell."""
    book = openpyxl.load_workbook(BytesIO(data))
    rows = list(book[sheet].iter_rows())
    column = next(n for row in rows for n, cell in enumerate(row) if cell.value == heading)
    (row,) = [row for row in rows if poam_id in [cell.value for cell in row]]
    row[column].value = value
    saved = BytesIO()
    book.save(saved)
    return saved.getvalue()


def change(record: Record, **values: Any) -> None:
    with record.unit(at=LATER) as unit:
        unit.change(IMPORTER, "items", "uid-1", values)


def changed(plan: ImportPlan) -> list[str]:
    return [change.field for each in plan.known for change in each.changes]


def older(plan: ImportPlan) -> list[str]:
    return [change.field for each in plan.known for change in each.older]


def refused(plan: ImportPlan) -> list[str]:
    return [change.field for each in plan.known for change, _ in each.refused]


def reasons(plan: ImportPlan) -> list[str]:
    return [why for each in plan.known for _, why in each.refused]
