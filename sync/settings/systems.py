"""The systems of the configuration: written into the record, so that documents know them for ever, and missed there."""

from __future__ import annotations

from ..errors import ConfigError
from ..record.database import Database
from ..record.journal import Author
from ..record.unit import Unit
from .config import Config


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


def left_out(database: Database, config: Config, where: object = "the configuration") -> ConfigError | None:
    """What is wrong when the record holds items of a system that the configuration does not name, else None.

    Such items have no profile: nobody can say which of their dates bind and who may accept their risk. `where` is
    the configuration as people know it.
    """
    named = [system.id for system in config.systems]
    held = database.query("SELECT system_id, count(*) AS n FROM items GROUP BY system_id ORDER BY system_id")
    lost = {row["system_id"]: row["n"] for row in held if row["system_id"] not in named}
    if not lost:
        return None
    told = " and ".join(f"{n} item{'' if n == 1 else 's'} of {system}" for system, n in lost.items())
    return ConfigError(
        f"the record holds {told}, which {where} does not name",
        hint=f"put [[systems]] {' and '.join(lost)} back (it names only {', '.join(named)})",
    )
