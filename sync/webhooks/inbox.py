"""The hints that wait for the next cycle, in a small database of their own beside the record.

They are no facts: the record has one writer, which holds it for a whole cycle, and a delivery wants its answer within
seconds. So hints stay out of it. What is lost here costs nothing but time, since every cycle reads the trackers anyway;
a file that is damaged is made anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ...connectors.hints import Hint
from ..errors import PoamSyncError
from ..record.database import COMPANIONS, sqlite3
from ..times import later

KEPT = timedelta(days=7)
"""How long a delivery is known again: GitHub sends one anew for three days at most."""

_TABLES = """
CREATE TABLE IF NOT EXISTS inbox (
  id INTEGER PRIMARY KEY, connector TEXT NOT NULL, delivery_id TEXT NOT NULL, content TEXT NOT NULL,
  issue_id TEXT NOT NULL, event TEXT NOT NULL, account TEXT NOT NULL, received_at TEXT NOT NULL, handled_at TEXT,
  UNIQUE (connector, delivery_id), UNIQUE (connector, content)
) STRICT;
CREATE INDEX IF NOT EXISTS hint_that_waits ON inbox(id) WHERE handled_at IS NULL;
CREATE TABLE IF NOT EXISTS arrivals (connector TEXT PRIMARY KEY, at TEXT NOT NULL) STRICT;
"""

_HINT = "hints wait until it can; the cycles go on"


class InboxError(PoamSyncError):
    """The inbox cannot be used; the cycles go on without it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The hints of one moment by connector, one per issue and account; `until` is the last delivery among them."""

    hints: Mapping[str, Sequence[Hint]] = field(default_factory=dict)
    until: int = 0


class Inbox:
    """The hints beside one record. Any thread may use it: each call opens the file for itself and lets go of it."""

    def __init__(self, record_path: Path) -> None:
        self.path = record_path.with_name(f"{record_path.name}.inbox")

    def prepare(self) -> None:
        """Makes the file, its owner's alone, and once more where it is damaged. Raises InboxError."""
        with self._told():
            self._make_sound()

    def keep(self, connector: str, hint: Hint | None, content: str, at: str) -> bool:
        """Notes that a delivery arrived and keeps its hint, on the disk, once it returns. Raises InboxError.

        `content` is the content's digest: a delivery may come again under another id. Returns whether the hint waits
        for a cycle now, which one that was handled already does not.
        """
        with self._opened() as connection:
            connection.execute("INSERT OR REPLACE INTO arrivals VALUES (?, ?)", (connector, at))
            if hint is None:
                return False
            row = (connector, hint.delivery_id, content, hint.issue_id, hint.event, hint.account, at)
            made = connection.execute(
                """INSERT OR IGNORE INTO inbox (connector, delivery_id, content, issue_id, event, account, received_at)
                   VALUES (?, ?, ?, ?, ?, ?, ?)""",
                row,
            )
            same = "SELECT 1 FROM inbox WHERE connector = ? AND ? IN (delivery_id, content) AND handled_at IS NULL"
            again = any(connection.execute(same, (connector, key)).fetchone() for key in row[1:3])
            return made.rowcount > 0 or again

    def waiting(self) -> Waiting:
        """What no cycle has handled yet. Raises InboxError."""
        if not self._exists():
            return Waiting()
        with self._opened() as connection:
            found = connection.execute(
                """SELECT connector, max(delivery_id), issue_id, max(event), account, max(id) FROM inbox
                   WHERE handled_at IS NULL GROUP BY connector, issue_id, account"""
            ).fetchall()
        hints: dict[str, list[Hint]] = {}
        for connector, delivery_id, issue_id, event, account, _ in found:
            hints.setdefault(connector, []).append(Hint(delivery_id, issue_id, event, account))
        return Waiting(hints, max((row[-1] for row in found), default=0))

    def handled(self, connector: str, until: int, at: str) -> None:
        """Notes that a cycle looked at a connector's hints up to that one, and forgets old ones. Raises InboxError."""
        with self._opened() as connection:
            done = "UPDATE inbox SET handled_at = ? WHERE connector = ? AND id <= ? AND handled_at IS NULL"
            connection.execute(done, (at, connector, until))
            connection.execute("DELETE FROM inbox WHERE received_at < ?", (later(at, -KEPT),))

    def arrivals(self) -> Mapping[str, str]:
        """When the last signed delivery of each connector arrived; empty where nothing ever did. Raises InboxError."""
        if not self._exists():
            return {}
        with self._opened() as connection:
            return dict(connection.execute("SELECT connector, at FROM arrivals").fetchall())

    def _make_sound(self) -> None:
        """Makes the file; a damaged one is thrown away, one that is only busy or full is not."""
        try:
            self._make()
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            for end in ("", *COMPANIONS):
                self.path.with_name(self.path.name + end).unlink(missing_ok=True)
            self._make()

    def _make(self) -> None:
        self.path.touch(mode=0o600)
        with closing(sqlite3.connect(self.path)) as connection:
            connection.executescript(_TABLES)

    @contextmanager
    def _opened(self) -> Iterator[Any]:
        """The file in one transaction, kept on leaving. An existing one only: whoever looks does not make it."""
        with (
            self._told(),
            closing(sqlite3.connect(f"{self.path.resolve().as_uri()}?mode=rw", uri=True)) as connection,
        ):
            connection.execute("PRAGMA synchronous=FULL")
            with connection:
                yield connection

    def _exists(self) -> bool:
        with self._told():
            return self.path.exists()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Whatever the file or the disk refuses, told as what it means. Raises InboxError."""
        try:
            yield
        except (sqlite3.Error, OSError) as error:
            why = getattr(error, "strerror", None) or error
            raise InboxError(f"{self.path} cannot be used: {why}", hint=_HINT) from None
