"""The fence: a writer whose place another one has taken commits nothing more.

The lock beside the file keeps two writers apart, but it can be defeated: somebody deletes it under a running process,
or it does not come along to where the file was moved. So the record counts its writers. Each remembers the count, the
*epoch*, that it found, raises it with the first thing it writes, and from then on demands to find its own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from sqlite_utils import Database

from ..errors import RecordError

_RAISE = "INSERT OR REPLACE INTO meta (key, value) VALUES ('epoch', ?)"


@dataclass(frozen=True, slots=True)
class Fence:
    """What a writer knows of its place: the file it opened, the epoch it expects, and whether that is its own."""

    path: Path
    file: tuple[int, int]
    epoch: int
    mine: bool = False

    @classmethod
    def around(cls, path: Path, database: Database) -> Fence:
        """The place of a writer that has just opened the file."""
        return cls(path, _file(path), _epoch(database))

    def demand(self, database: Database) -> None:
        """Inside a transaction: this is still the writer's place. Raises RecordError."""
        if _file(self.path) != self.file:
            raise RecordError(
                f"another file took the place of {self.path} under this process, so nothing was written",
                hint="run the command again: it opens the record that is there now",
            )
        if _epoch(database) != self.epoch:
            raise RecordError(
                f"another writer took over {self.path}, so nothing was written",
                hint=f"run the command again, and leave {self.path.name}.lock alone while a process runs",
            )

    def claim(self, database: Database) -> Fence:
        """Raises the epoch, once; the place as it is when the transaction commits."""
        if self.mine:
            return self
        database.conn.execute(_RAISE, (str(self.epoch + 1),))
        return replace(self, epoch=self.epoch + 1, mine=True)


def _epoch(database: Database) -> int:
    row = database.conn.execute("SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'epoch'").fetchone()
    return row[0] if row else 0


def _file(path: Path) -> tuple[int, int]:
    """Which file the name leads to now; none is another one, too."""
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
