"""A unit of work: facts with their journal rows, and what the engine remembers with them, inside one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

from sqlite_utils import Database

from ...mapping.item import PoamItem
from .items import CHILDREN, asset_rows, children, columns
from .journal import COLUMNS, CREATED, OBSERVED, Author, Entry, as_json, head, seal, text
from .schema import FACT_TABLES


class Unit:
    """One unit of work: facts with their journal rows, and whatever the engine remembers with them."""

    def __init__(self, database: Database, *, at: str, cycle: str) -> None:
        self.db = database
        self.at = at
        self.cycle = cycle
        self._head = head(database)

    def add_items(self, by: Author, items: Sequence[PoamItem], *, source: str = "") -> None:
        """New items with their assets and milestones; one journal row each."""
        rows: dict[str, list[dict[str, Any]]] = {table: [] for table in ("items", *CHILDREN)}
        entries = []
        for item in items:
            own, kids = columns(item), children(item)
            created = as_json(own | kids)
            entry = self._seal(by, "items", item.uid, item.uid, CREATED, None, created, "", source)
            entries.append(entry)
            rows["items"].append(own | {"journal_seq": entry.seq})
            for table in CHILDREN:
                told = {"journal_seq": entry.seq} if table in FACT_TABLES else {}
                rows[table] += [{"item_uid": item.uid, **kid, **told} for kid in kids[table]]
        self._write(entries)
        for table, each in rows.items():
            self._insert(table, each)

    def create(
        self,
        by: Author,
        table: str,
        row: Mapping[str, Any],
        *,
        reason: str = "",
        source: str = "",
        binary: Mapping[str, bytes] | None = None,
    ) -> None:
        """A new fact in any other fact table. `binary` columns stay out of the journal: a digest speaks for them."""
        created = as_json(dict(row))
        owner = str(row.get("item_uid", ""))
        entry = self._seal(by, table, str(row[FACT_TABLES[table]]), owner, CREATED, None, created, reason, source)
        self._write([entry])
        self._insert(table, [{**row, **(binary or {}), "journal_seq": entry.seq}])

    def change(
        self, by: Author, table: str, key: str | int, changes: Mapping[str, Any], *, reason: str = "", source: str = ""
    ) -> bool:
        """Changes columns of one fact, one journal row each; columns that already hold the value are left alone."""
        column = FACT_TABLES[table]
        now = next(iter(self.db.query(f"SELECT * FROM {table} WHERE {column} = ?", (key,))))  # noqa: S608
        real = {name: value for name, value in changes.items() if text(now[name]) != text(value)}
        if not real:
            return False
        owner = now["uid"] if table == "items" else now.get("item_uid", "")
        entries = [
            self._seal(by, table, str(key), str(owner), name, text(now[name]), text(value), reason, source)
            for name, value in real.items()
        ]
        self._write(entries)
        assignments = ", ".join(f"{name} = :{name}" for name in (*real, "journal_seq"))
        self.db.execute(
            f"UPDATE {table} SET {assignments} WHERE {column} = :__key",  # noqa: S608
            {**real, "journal_seq": entries[-1].seq, "__key": key},
        )
        return True

    def replace_assets(self, by: Author, uid: str, assets: Sequence[str], *, source: str = "") -> None:
        """The assets an item concerns, anew, one a line; the journal keeps both lists."""
        old = [
            row["identifier"]
            for row in self.db.query("SELECT identifier FROM assets WHERE item_uid = ? ORDER BY position", (uid,))
        ]
        rows = asset_rows(assets)
        new = [row["identifier"] for row in rows]
        if new == old:
            return
        entry = self._seal(by, "items", uid, uid, "assets", "\n".join(old), "\n".join(new), "", source)
        self._write([entry])
        self.db.execute("DELETE FROM assets WHERE item_uid = ?", (uid,))
        self._insert("assets", [{"item_uid": uid, **row} for row in rows])
        self.db.execute("UPDATE items SET journal_seq = ? WHERE uid = ?", (entry.seq, uid))

    def note_observed(
        self,
        by: Author,
        link_id: str,
        item_uid: str,
        field: str,
        old: str | None,
        new: str | None,
        *,
        reason: str,
        source: str,
    ) -> None:
        """Keeps what a person did at a tracker, whatever becomes of it."""
        self._write([self._seal(by, OBSERVED, link_id, item_uid, field, old, new, reason, source)])

    def note(self, by: Author, entity: str, entity_id: str, what: str, *, reason: str = "") -> None:
        """Keeps what a person did that changes no fact."""
        self._write([self._seal(by, entity, entity_id, "", what, None, None, reason, "")])

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        """Writes a row of the engine's memory (sightings, bases, outbox, cursors), replacing the one with its key."""
        self.db.execute(
            f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608
            dict(row),
        )

    def next_id(self, table: str) -> int:
        """The next number of a numbered table."""
        return int(self.db.execute(f"SELECT coalesce(max(id), 0) + 1 FROM {table}").fetchone()[0])  # noqa: S608

    @property
    def head(self) -> tuple[int, str]:
        """The journal's last row as this unit leaves it."""
        return self._head

    @property
    def next_seq(self) -> int:
        """The sequence number of the next journal row."""
        return self._head[0] + 1

    def _seal(self, by: Author, *columns: Any) -> Entry:
        who = (self.at, by.person, by.on_behalf_of, by.role, by.origin, self.cycle)
        entry = seal(self._head, (*who, *columns))
        self._head = (entry.seq, entry.hash)
        return entry

    def _write(self, entries: Sequence[Entry]) -> None:
        places = ", ".join("?" * len(COLUMNS))
        self.db.conn.executemany(f"INSERT INTO journal VALUES ({places})", map(attrgetter(*COLUMNS), entries))  # noqa: S608

    def _insert(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            names = tuple(rows[0])
            self.db.conn.executemany(
                f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",  # noqa: S608
                map(itemgetter(*names), rows),
            )
