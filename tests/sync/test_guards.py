"""What the file itself refuses, whichever tool is used: the journal only grows, and no fact moves without it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.item import State
from poam.sync.record.database import sqlite3
from poam.sync.record.record import Record
from poam.sync.record.verify import problems

from .engine import IMPORTER, item
from .records import AT, ISSO, change, journal, journaled


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    with journaled(tmp_path) as made:
        yield made


def raw(record: Record, statement: str, *, recursive: bool) -> None:
    """A statement from another tool, with SQLite's own default for triggers or with ours."""
    with closing(sqlite3.connect(record.path, isolation_level=None)) as connection:
        connection.execute(f"PRAGMA recursive_triggers={int(recursive)}")
        connection.execute(statement)


JOURNAL_TRICKS = [
    "UPDATE journal SET person = 'somebody else' WHERE seq = 1",
    "UPDATE journal SET new = NULL",
    "DELETE FROM journal",
    "DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)",
    "UPDATE OR REPLACE journal SET seq = seq + 1",
    "INSERT OR REPLACE INTO journal SELECT * FROM journal WHERE seq = 1",
    "REPLACE INTO journal SELECT * FROM journal ORDER BY seq DESC LIMIT 1",
    "INSERT INTO journal SELECT seq + 100, at, person, on_behalf_of, role, origin, cycle, entity, entity_id, item_uid,"
    " field, old, new, reason, source, hash, 'made up' FROM journal ORDER BY seq DESC LIMIT 1",
    "INSERT INTO journal SELECT seq + 1, at, person, on_behalf_of, role, origin, cycle, entity, entity_id, item_uid,"
    " field, old, new, reason, source, 'made up', 'made up' FROM journal ORDER BY seq DESC LIMIT 1",
    "INSERT INTO journal SELECT seq - 100, at, person, on_behalf_of, role, origin, cycle, entity, entity_id, item_uid,"
    " field, old, new, reason, source, previous_hash, 'made up' FROM journal LIMIT 1",
]


@pytest.mark.parametrize("recursive", [True, False])
@pytest.mark.parametrize("trick", JOURNAL_TRICKS)
def test_the_journal_is_only_ever_appended_to(record: Record, trick: str, recursive: bool) -> None:
    before = journal(record)
    with pytest.raises(sqlite3.IntegrityError, match="journal"):
        raw(record, trick, recursive=recursive)
    assert journal(record) == before


UNJOURNALED = [
    ("UPDATE items SET comments = 'quietly'", "a change needs its journal row"),
    ("UPDATE items SET comments = 'quietly', journal_seq = journal_seq + 1", "a change needs its journal row"),
    ("UPDATE items SET comments = 'quietly', journal_seq = 1", "a change needs its journal row"),
    ("UPDATE systems SET name = 'x', journal_seq = (SELECT max(seq) FROM journal)", "a change needs its journal row"),
    ("UPDATE evidence SET state = 'accepted'", "a change needs its journal row"),
    ("INSERT OR REPLACE INTO items SELECT * FROM items", "never deleted|needs its journal row"),
    ("INSERT OR REPLACE INTO systems SELECT id, 'x', provider, impact_level, profile, timezone, journal_seq"
     " FROM systems", "never deleted|needs its journal row"),
    ("INSERT OR REPLACE INTO milestone_changes SELECT id, item_uid, position, number, kind, '2027-01-01', description,"
     " journal_seq FROM milestone_changes", "never deleted|permanent|needs its journal row"),
    ("INSERT INTO evidence SELECT 'e-9', item_uid, state, kind, reference, sha256, added_by, added_at, journal_seq"
     " FROM evidence", "a fact needs its journal row"),
    ("INSERT INTO milestone_changes SELECT 'made up', item_uid, 9, number, kind, date, description, 1"
     " FROM milestone_changes", "a fact needs its journal row"),
    ("DELETE FROM items", "never deleted"),
    ("DELETE FROM systems", "never deleted"),
    ("DELETE FROM evidence", "never deleted"),
    ("DELETE FROM milestones", "never deleted"),
    ("DELETE FROM milestone_changes", "never deleted"),
    ("UPDATE milestones SET scheduled_completion_date = '2027-01-01'", "permanent"),
    ("UPDATE milestone_changes SET date = '2027-01-01'", "permanent"),
]  # fmt: skip


@pytest.mark.parametrize("recursive", [True, False])
@pytest.mark.parametrize(("trick", "told"), UNJOURNALED)
def test_no_fact_changes_or_goes_without_its_journal_row(
    record: Record, trick: str, told: str, recursive: bool
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=told):
        raw(record, trick, recursive=recursive)
    assert list(problems(record.db)) == []


PERMANENT = [
    ({"scheduled_completion_date": "2026-12-01"}, "scheduled_completion_date is permanent"),
    ({"scheduled_completion_date": "2026-04-01"}, "scheduled_completion_date is permanent"),
    ({"scheduled_completion_date": None}, "scheduled_completion_date is permanent"),
    ({"original_detection_date": "2026-02-01"}, "may only move earlier"),
    ({"original_detection_date": None}, "may only move earlier"),
    ({"poam_id": "V-9"}, "keeps its id"),
    ({"system_id": "LEDGER"}, "keeps its id"),
    ({"baselined_at": None}, "a baseline is set once"),
    ({"baselined_at": "2026-05-01T00:00:00.000Z"}, "a baseline is set once"),
]


@pytest.mark.parametrize(("values", "told"), PERMANENT)
def test_what_the_baseline_fixed_stays_even_with_a_journal_row(
    record: Record, values: dict[str, Any], told: str
) -> None:
    before = record.head
    with pytest.raises(sqlite3.IntegrityError, match=told):
        change(record, **values)
    assert record.head == before


def test_a_detection_date_may_move_earlier_once_the_weakness_was_known_before(record: Record) -> None:
    assert change(record, original_detection_date="2026-01-01")


def test_the_detection_date_may_be_written_as_it_is(record: Record) -> None:
    with closing(sqlite3.connect(record.path, isolation_level=None)) as connection:
        connection.execute("DROP TRIGGER items_update_is_journaled")
        connection.execute("UPDATE items SET original_detection_date = original_detection_date")


def test_the_scheduled_date_moves_with_the_decision_that_adjusts_the_risk_and_not_after_it(record: Record) -> None:
    assert change(record, risk_adjustment="yes", scheduled_completion_date="2026-07-30")
    with pytest.raises(sqlite3.IntegrityError, match="scheduled_completion_date is permanent"):
        change(record, scheduled_completion_date="2026-08-30")


@pytest.mark.parametrize(("values", "_"), PERMANENT)
def test_before_its_baseline_everything_is_still_to_be_planned(record: Record, values: dict[str, Any], _: str) -> None:
    with record.unit(at=AT) as unit:
        unit.add_items(IMPORTER, [item(2, baselined_at=None, state=State.DRAFT)])
    with record.unit(at=AT) as unit:
        unit.change(ISSO, "items", "uid-2", values)
    assert list(problems(record.db)) == []
