"""The tables, their guards and how an older file becomes a current one.

Fact tables hold what the journal says and nothing else: every row carries `journal_seq`, the journal row that last
touched it, and triggers refuse a change without one. Mirror tables (`bases`, `outbox`, `answers`, `cursors`,
`sightings`) are the engine's memory of the trackers and are not facts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from itertools import chain

from sqlite_utils import Database

from ..errors import RecordCorrupt
from .database import sqlite3

APPLICATION_ID = 0x706F616D  # "poam"


def _date(column: str) -> str:
    return f"{column} TEXT CHECK ({column} IS NULL OR date({column}) IS {column})"


def _one_of(column: str, *values: str, null: bool = False) -> str:
    listed = ", ".join(f"'{value}'" for value in values)
    return (
        f"{column} TEXT CHECK ({column} IN ({listed}))"
        if null
        else f"{column} TEXT NOT NULL CHECK ({column} IN ({listed}))"
    )


_RATING = ("critical", "high", "moderate", "low")
_DECISION = ("yes", "no", "pending")
_REQUEST = (
    *("later_date", "declined", "duplicate", "cannot_reproduce", "reopened"),
    *("vendor_dependency", "vendor_check_in", "false_positive"),
)
_JOURNALED = "journal_seq INTEGER NOT NULL REFERENCES journal(seq)"
_ITEM = "item_uid TEXT NOT NULL REFERENCES items(uid)"

IN_HAND = "state IN ('PENDING', 'SENDING', 'UNKNOWN')"
"""A write that is still owed. Queries use the same words as the index, or SQLite does not see that it serves them."""

TO_FOLLOW = "version = '' OR missing_looks > 0 OR date_waiting IS NOT NULL"
"""A sighting whose issue is looked at although nothing may have changed there."""

TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;

CREATE TABLE journal (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, person TEXT NOT NULL, on_behalf_of TEXT NOT NULL, role TEXT NOT NULL,
  origin TEXT NOT NULL, cycle TEXT NOT NULL, entity TEXT NOT NULL, entity_id TEXT NOT NULL, item_uid TEXT NOT NULL,
  field TEXT NOT NULL, old TEXT, new TEXT, reason TEXT NOT NULL, source TEXT NOT NULL,
  previous_hash TEXT NOT NULL, hash TEXT NOT NULL UNIQUE
) STRICT;
CREATE INDEX journal_of_item ON journal(item_uid, seq);

CREATE TABLE systems (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, provider TEXT NOT NULL, impact_level TEXT NOT NULL, profile TEXT NOT NULL,
  timezone TEXT NOT NULL, {_JOURNALED}
) STRICT;

CREATE TABLE items (
  uid TEXT PRIMARY KEY, system_id TEXT NOT NULL REFERENCES systems(id), poam_id TEXT NOT NULL CHECK (poam_id <> ''),
  {_one_of("finding_kind", "vulnerability", "configuration", "penetration_test", "control_gap")},
  controls TEXT NOT NULL, weakness_name TEXT NOT NULL, weakness_description TEXT NOT NULL,
  weakness_detector_source TEXT NOT NULL, weakness_source_identifier TEXT NOT NULL, point_of_contact TEXT NOT NULL,
  resources_required TEXT NOT NULL, remediation_plan TEXT NOT NULL,
  {_date("original_detection_date")}, {_date("scheduled_completion_date")}, {_date("approved_extension_date")},
  {_date("forecast_date")}, {_date("status_date")},
  vendor_dependency INTEGER NOT NULL CHECK (vendor_dependency IN (0, 1)), {_date("last_vendor_check_in")},
  vendor_dependent_product TEXT NOT NULL,
  {_one_of("original_risk_rating", *_RATING, null=True)}, {_one_of("adjusted_risk_rating", *_RATING, null=True)},
  {_one_of("risk_adjustment", *_DECISION, null=True)}, {_one_of("false_positive", *_DECISION, null=True)},
  {_one_of("operational_requirement", *_DECISION, null=True)},
  deviation_rationale TEXT NOT NULL, supporting_documents TEXT NOT NULL, comments TEXT NOT NULL,
  auto_approve INTEGER CHECK (auto_approve IN (0, 1)), kev_tracking INTEGER CHECK (kev_tracking IN (0, 1)),
  {_date("kev_due_date")}, cves TEXT NOT NULL, service_names TEXT NOT NULL,
  {_one_of("state", "draft", "submitted", "open", "pending_verification", "risk_accepted", "closed", "discarded")},
  {_one_of("work_status", "not_started", "in_progress", "blocked", "done", "wont_do")},
  work_status_version INTEGER NOT NULL, work_done_at TEXT, work_done_by TEXT NOT NULL, closure_reason TEXT NOT NULL,
  {_date("actual_completion_date")}, baselined_at TEXT, {_JOURNALED},
  UNIQUE (system_id, poam_id)
) STRICT;

CREATE TABLE assets (
  {_ITEM}, position INTEGER NOT NULL, identifier TEXT NOT NULL, PRIMARY KEY (item_uid, position)
) STRICT;

CREATE TABLE milestones (
  {_ITEM}, number INTEGER NOT NULL, description TEXT NOT NULL, {_date("scheduled_completion_date")},
  PRIMARY KEY (item_uid, number)
) STRICT;

CREATE TABLE milestone_changes (
  id TEXT PRIMARY KEY, {_ITEM}, position INTEGER NOT NULL, number INTEGER NOT NULL,
  {_one_of("kind", "New", "Update", "Complete")}, {_date("date")}, description TEXT NOT NULL, {_JOURNALED},
  UNIQUE (item_uid, position)
) STRICT;

CREATE TABLE links (
  id TEXT PRIMARY KEY, {_ITEM}, connector TEXT NOT NULL, number INTEGER NOT NULL, marker TEXT NOT NULL UNIQUE,
  remote_id TEXT, remote_key TEXT NOT NULL, url TEXT NOT NULL, author TEXT NOT NULL,
  {_one_of("state", "planned", "live", "missing", "retired")}, {_JOURNALED},
  UNIQUE (item_uid, connector, number)
) STRICT;
CREATE UNIQUE INDEX link_of_issue ON links(connector, remote_id) WHERE remote_id IS NOT NULL;
CREATE INDEX link_to_bind ON links(connector) WHERE state = 'planned';

CREATE TABLE requests (
  id INTEGER PRIMARY KEY, {_ITEM}, link_id TEXT REFERENCES links(id),
  {_one_of("kind", *_REQUEST)},
  {_one_of("state", "waiting", "approved", "rejected", "superseded")},
  {_date("due_date")}, {_date("requested_date")}, requested_by TEXT NOT NULL, requested_by_name TEXT NOT NULL,
  requested_at TEXT NOT NULL, reason TEXT NOT NULL, source TEXT NOT NULL,
  decided_by TEXT NOT NULL, decided_at TEXT, decision_reason TEXT NOT NULL, {_JOURNALED}
) STRICT;
CREATE UNIQUE INDEX one_waiting_request ON requests(item_uid, kind) WHERE state = 'waiting';
CREATE INDEX request_of_item ON requests(item_uid);

CREATE TABLE evidence (
  id TEXT PRIMARY KEY, {_ITEM}, {_one_of("state", "candidate", "accepted")}, kind TEXT NOT NULL,
  reference TEXT NOT NULL, sha256 TEXT NOT NULL, added_by TEXT NOT NULL, added_at TEXT NOT NULL, {_JOURNALED}
) STRICT;
CREATE INDEX evidence_of_item ON evidence(item_uid);

CREATE TABLE conflicts (
  id INTEGER PRIMARY KEY, {_ITEM}, link_id TEXT NOT NULL REFERENCES links(id), field TEXT NOT NULL,
  base_value TEXT, record_value TEXT, tracker_value TEXT, record_by TEXT NOT NULL, tracker_by TEXT NOT NULL,
  record_at TEXT NOT NULL, tracker_at TEXT NOT NULL,
  {_one_of("policy", "manual", "record", "tracker", "refused", "missing", "twin", "ambiguous")},
  raised_at TEXT NOT NULL, {_one_of("state", "open", "resolved")}, resolution TEXT NOT NULL, resolved_by TEXT NOT NULL,
  resolved_at TEXT, {_JOURNALED}
) STRICT;
CREATE UNIQUE INDEX one_open_conflict ON conflicts(link_id, field, policy) WHERE state = 'open';
CREATE INDEX conflict_of_link ON conflicts(link_id);

CREATE TABLE submissions (
  id INTEGER PRIMARY KEY, system_id TEXT NOT NULL REFERENCES systems(id), format TEXT NOT NULL, layout TEXT NOT NULL,
  {_date("as_of")}, file_name TEXT NOT NULL, sha256 TEXT NOT NULL, head_seq INTEGER NOT NULL, head_hash TEXT NOT NULL,
  created_at TEXT NOT NULL, file BLOB NOT NULL, {_JOURNALED}
) STRICT;

CREATE TABLE sightings (
  link_id TEXT PRIMARY KEY REFERENCES links(id), history_cursor INTEGER NOT NULL, version TEXT NOT NULL,
  updated TEXT NOT NULL, seen_work_status TEXT, seen_due_date TEXT, seen_title TEXT,
  {_date("date_waiting")}, date_waiting_by TEXT NOT NULL, date_waiting_by_name TEXT NOT NULL,
  date_waiting_at TEXT NOT NULL, date_waiting_source TEXT NOT NULL, missing_looks INTEGER NOT NULL,
  missing_since TEXT NOT NULL, comment_cursor INTEGER NOT NULL
) STRICT;
CREATE INDEX sighting_to_follow ON sightings(link_id) WHERE {TO_FOLLOW};

CREATE TABLE answers (
  link_id TEXT NOT NULL REFERENCES links(id), comment_id INTEGER NOT NULL, text TEXT NOT NULL, left_by TEXT NOT NULL,
  PRIMARY KEY (link_id, comment_id)
) STRICT;

CREATE TABLE bases (
  link_id TEXT NOT NULL REFERENCES links(id), field TEXT NOT NULL, record_value TEXT, tracker_value TEXT,
  version INTEGER NOT NULL, PRIMARY KEY (link_id, field)
) STRICT;

CREATE TABLE outbox (
  id INTEGER PRIMARY KEY, link_id TEXT NOT NULL REFERENCES links(id),
  {_one_of("operation", "create", "edit", "retire")},
  payload TEXT NOT NULL, {_one_of("state", "PENDING", "SENDING", "UNKNOWN", "DONE", "FAILED")},
  attempts INTEGER NOT NULL, send_deadline TEXT NOT NULL, sent_to TEXT NOT NULL, not_before TEXT NOT NULL,
  last_error TEXT NOT NULL, created_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_write_in_flight ON outbox(link_id) WHERE {IN_HAND};
CREATE INDEX write_of_link ON outbox(link_id);

CREATE TABLE cursors (connector TEXT PRIMARY KEY, cursor TEXT NOT NULL, read_at TEXT NOT NULL) STRICT;
"""

FACT_TABLES = {
    "systems": "id",
    "items": "uid",
    "milestone_changes": "id",
    "links": "id",
    "requests": "id",
    "evidence": "id",
    "conflicts": "id",
    "submissions": "id",
}
PERMANENT_TABLES = ("journal", "milestones", "milestone_changes", "submissions")


def _guards() -> Iterator[str]:
    """The triggers. Sources of the permanent columns: FedRAMP POA&M Template Completion Guide v2.2, columns K, L, M."""
    yield """CREATE TRIGGER journal_is_a_chain BEFORE INSERT ON journal
      WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM journal)
        OR NEW.previous_hash <> coalesce((SELECT hash FROM journal ORDER BY seq DESC LIMIT 1), '')
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""
    for table in PERMANENT_TABLES:
        yield f"""CREATE TRIGGER {table}_never_change BEFORE UPDATE ON {table}
          BEGIN SELECT RAISE(ABORT, '{table} are permanent'); END"""
    for table in {*PERMANENT_TABLES, *FACT_TABLES}:
        yield f"""CREATE TRIGGER {table}_never_go BEFORE DELETE ON {table}
          BEGIN SELECT RAISE(ABORT, '{table} are never deleted'); END"""
    for table, key in FACT_TABLES.items():
        row_of = f"entity = '{table}' AND entity_id = CAST(NEW.{key} AS TEXT)"
        if table == "milestone_changes":  # an item's first ones are part of the item's own journal row
            row_of = f"({row_of} OR entity = 'items' AND entity_id = NEW.item_uid AND field = '*')"
        unjournaled = f"NOT EXISTS (SELECT 1 FROM journal WHERE seq = NEW.journal_seq AND {row_of})"  # noqa: S608
        # INSERT OR REPLACE deletes without a trigger where recursive_triggers is off, SQLite's own default.
        yield f"""CREATE TRIGGER {table}_insert_is_journaled BEFORE INSERT ON {table}
          WHEN {unjournaled} OR EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key})
          BEGIN SELECT RAISE(ABORT, '{table}: a fact needs its journal row'); END"""  # noqa: S608
        if table not in PERMANENT_TABLES:
            yield f"""CREATE TRIGGER {table}_update_is_journaled BEFORE UPDATE ON {table}
              WHEN NEW.journal_seq <= OLD.journal_seq OR {unjournaled}
              BEGIN SELECT RAISE(ABORT, '{table}: a change needs its journal row'); END"""
    yield """CREATE TRIGGER detection_date_is_permanent BEFORE UPDATE OF original_detection_date ON items
      WHEN OLD.baselined_at IS NOT NULL AND OLD.original_detection_date IS NOT NULL
        AND (NEW.original_detection_date IS NULL OR NEW.original_detection_date > OLD.original_detection_date)
      BEGIN SELECT RAISE(ABORT, 'original_detection_date is permanent once baselined; it may only move earlier'); END"""
    yield """CREATE TRIGGER scheduled_date_is_permanent BEFORE UPDATE OF scheduled_completion_date ON items
      WHEN OLD.baselined_at IS NOT NULL AND OLD.scheduled_completion_date IS NOT NULL
        AND NEW.scheduled_completion_date IS NOT OLD.scheduled_completion_date
        AND (NEW.risk_adjustment IS 'yes') = (OLD.risk_adjustment IS 'yes')
      BEGIN SELECT RAISE(ABORT, 'scheduled_completion_date is permanent once baselined'); END"""
    yield """CREATE TRIGGER identity_is_permanent BEFORE UPDATE OF uid, system_id, poam_id ON items
      WHEN OLD.baselined_at IS NOT NULL
        AND (NEW.uid <> OLD.uid OR NEW.system_id <> OLD.system_id OR NEW.poam_id <> OLD.poam_id)
      BEGIN SELECT RAISE(ABORT, 'an item keeps its id'); END"""
    yield """CREATE TRIGGER baseline_is_permanent BEFORE UPDATE OF baselined_at ON items
      WHEN OLD.baselined_at IS NOT NULL AND NEW.baselined_at IS NOT OLD.baselined_at
      BEGIN SELECT RAISE(ABORT, 'a baseline is set once'); END"""


Migrations = tuple[tuple[str, ...], ...]
MIGRATIONS: Migrations = ((*filter(str.strip, TABLES.split(";\n")), *sorted(_guards())),)
"""The statements of each version after the one before. A version that was released never changes again."""


def migrate(database: Database, migrations: Migrations = MIGRATIONS) -> None:
    """Brings the file to the current version in one transaction, forward only. Raises RecordCorrupt."""
    connection = database.conn
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = version_of(database)
        for statement in chain.from_iterable(migrations[version:]):
            connection.execute(statement)
        if version < len(migrations):  # setting them writes, even what they are already
            connection.execute(f"PRAGMA user_version={len(migrations)}")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID}")
            _must_hold_together(database)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _must_hold_together(database: Database) -> None:
    broken = database.conn.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise RecordCorrupt(
            f"the record's {broken[0]} refer to {broken[2]} that are not there, so it was not brought up to date",
            hint="run `poam verify`, then restore a backup",
        )


def version_of(database: Database) -> int:
    """The schema version of the file; 0 before there is one."""
    return int(database.conn.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(version: int, migrations: Migrations = MIGRATIONS) -> None:
    """Refuses a file that a later poam-sync has written. Raises RecordCorrupt."""
    if version > len(migrations):
        raise RecordCorrupt(
            f"the record has schema version {version}, this poam-sync knows {len(migrations)}",
            hint="install the newer poam-sync",
        )


def fingerprint(database: Database) -> str:
    """A digest of every table, index and trigger: a dropped guard changes it."""
    rows = database.conn.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type, name")
    return hashlib.sha256(repr(rows.fetchall()).encode()).hexdigest()


@cache
def expected_fingerprint(migrations: Migrations = MIGRATIONS) -> str:
    """The fingerprint of a fresh record of this version."""
    database = Database(sqlite3.connect(":memory:", isolation_level=None))
    migrate(database, migrations)
    found = fingerprint(database)
    database.close()
    return found
