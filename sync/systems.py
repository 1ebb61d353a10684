"""The systems of the configuration, written into the record, so that documents know them for ever."""

from __future__ import annotations

from .config import Config
from .record.journal import Author
from .record.unit import Unit


def keep_systems(unit: Unit, by: Author, config: Config) -> bool:
    """Adds the systems that are new and changes those that differ; whether anything was written."""
    known = {row["id"] for row in unit.db.query("SELECT id FROM systems")}
    written = False
    for system in config.systems:
        row = system.model_dump()
        if system.id in known:
            written |= unit.change(by, "systems", system.id, row, reason="the configuration says so")
        else:
            unit.create(by, "systems", row)
            written = True
    return written
