"""Whatever somebody changes in a record behind our back is found, against a head that was written down before.

Five hundred edits at random here; ten thousand with POAM_PROVE=1. POAM_SEED chooses other ones.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from poam.mapping.item import ChangeKind, MilestoneChange
from poam.sync.documents.export import generate, keep
from poam.sync.record.database import Database
from poam.sync.record.verify import problems, unanchored

from .cuts import ACTS, AT, BUSY, ITEMS
from .engine import ISSO, engine, item
from .forger import EDITS, TABLES, Forger

SEED = int(os.environ.get("POAM_SEED", "20260302"))
EDITS_AT_ALL = 10_000 if os.environ.get("POAM_PROVE") else 500


@pytest.fixture(scope="module")
def path(in_memory: Path) -> Path:
    """A record with a whole story: items, issues, requests, conflicts, evidence and a submission."""
    moved = MilestoneChange(1, ChangeKind.UPDATE, "2026-04-15", "the vendor was late")
    with engine(in_memory, *ITEMS, item(8, milestone_changes=(moved,)), limits=BUSY) as story:
        for act in ACTS:
            story.clock.advance(hours=1)
            act(story)
            story.later()
        document = generate(story.record.db, "ACME", layout="3.0", as_of="2026-03-02", until=None)
        with story.record.unit(at=AT) as unit:
            keep(unit, ISSO, document, file_name="poam.xlsx")
        story.later()
        story.record.close()
        return story.record.path


def test_the_record_that_is_forged_has_rows_in_every_table_and_is_whole(path: Path) -> None:
    forger = Forger(path, Random(SEED))
    for table in TABLES:
        assert forger.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0], table  # noqa: S608
    assert list(problems(forger.database)) == []
    assert len(forger.journal()) > 50


def test_no_edit_at_random_is_missed(path: Path) -> None:
    print(f"POAM_SEED={SEED}")
    forger = Forger(path, Random(SEED))
    seq, digest = forger.journal()[-1][0], forger.journal()[-1][-1]

    def found(database: Database) -> bool:
        return any(problems(database)) or any(unanchored(database, [(seq, digest)]))

    counts, void = Counter[str](), Counter[str]()
    while counts.total() < EDITS_AT_ALL:
        edit = forger.random.choice(EDITS)
        told = forger.attempt(edit, found)
        assert told is not False, f"{edit.__name__}, edit {counts.total() + void.total()} of seed {SEED}"
        (void if told is None else counts)[edit.__name__] += 1
    assert list(problems(forger.database)) == []
    for name, count in sorted(counts.items()):
        print(f"{count:6} {name} ({void[name]} changed nothing or could not be)")
    assert counts.keys() == {edit.__name__ for edit in EDITS}


def test_a_journal_written_anew_is_missed_without_a_head_that_was_written_down(path: Path) -> None:
    """Why the head belongs into documents and logs: without it these edits are perfect."""
    forger = Forger(path, Random(SEED))
    rewrites = [edit for edit in EDITS if edit.__name__.endswith("chain_anew") or edit.__name__.startswith("chain_all")]
    missed = Counter(
        edit.__name__
        for edit in rewrites
        for _ in range(40)
        if forger.attempt(edit, lambda database: any(problems(database))) is False
    )
    assert missed.keys() >= {"chain_all_rows_anew", "tell_another_fact_and_chain_anew"}
