"""`poam status`: how things stand, and with its exit code whether somebody has to do something."""

from __future__ import annotations

from collections import Counter
from typing import Any

import click

from ...mapping.item import State
from ..config import Config
from ..record.items import load
from ..record.mirrors import unsettled
from ..record.record import Record
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import print_json, say
from .shapes import Shape, item_shape


@click.command("status")
@json_option
@pass_frame
def status(frame: Frame, as_json: bool) -> Outcome:
    """Show what is open, late, waiting and owed.

    Exit code: 2 when writes are owed to a tracker, 1 when something waits for a person,
    0 when all is in sync.
    """
    with frame.reading() as record:
        shape = _shape(frame, record)
    if as_json:
        print_json(shape)
    else:
        _print(shape)
    return _outcome(shape)


def _shape(frame: Frame, record: Record) -> Shape:
    items = [item_shape(frame, item) for item in load(record.db)]
    systems = sorted({system.id for system in frame.config.systems} | {item["system_id"] for item in items})
    seq, head = record.head
    return {
        "systems": [_system(system, [item for item in items if item["system_id"] == system]) for system in systems],
        "connectors": [_connector(record, name) for name in _connectors(frame.config, record)],
        "requests": _count(record, "requests", "state = 'waiting'"),
        "conflicts": _count(record, "conflicts", "state = 'open'"),
        "journal_seq": seq,
        "journal_hash": head,
    }


def _system(system_id: str, items: list[Shape]) -> Shape:
    states = Counter(item["state"] for item in items)
    late = sum(1 for item in items if item["late"])
    return {"system_id": system_id, **{state.value: states[state] for state in State}, "late": late}


def _connectors(config: Config, record: Record) -> list[str]:
    """Those of the configuration, and those it dropped while issues are still linked."""
    linked = [row["connector"] for row in record.db.query("SELECT DISTINCT connector FROM links")]
    return [*config.connectors, *(name for name in linked if name not in config.connectors)]


def _connector(record: Record, name: str) -> Shape:
    read = next(iter(record.db.query("SELECT read_at FROM cursors WHERE connector = ?", (name,))), None)
    return {
        "connector": name,
        "linked": _count(record, "links", "state = 'live' AND connector = ?", name),
        "missing": _count(record, "links", "state = 'missing' AND connector = ?", name),
        "owed": len(unsettled(record.db, name)),
        "read_at": read["read_at"] if read else None,
    }


def _count(record: Record, table: str, where: str, *values: str) -> int:
    query = f"SELECT count(*) AS n FROM {table} WHERE {where}"  # noqa: S608
    return next(int(row["n"]) for row in record.db.query(query, values))


def _print(shape: Shape) -> None:
    for system in shape["systems"]:
        say(f"{system['system_id']}: {_listed(system)}")
    for connector in shape["connectors"]:
        read = f"last change read {connector['read_at']}" if connector["read_at"] else "never read"
        say(f"{connector['connector']}: {_listed(connector)}; {read}")
    say(f"waiting for a person: {shape['requests']} requests, {shape['conflicts']} conflicts")


def _listed(counts: dict[str, Any]) -> str:
    told = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if isinstance(count, int) and count]
    return ", ".join(told) or "nothing"


def _outcome(shape: Shape) -> Outcome:
    if any(connector["owed"] for connector in shape["connectors"]):
        return Outcome.WRITES_OWED
    missing = any(connector["missing"] for connector in shape["connectors"])
    waits = shape["requests"] or shape["conflicts"] or missing
    return Outcome.NEEDS_A_PERSON if waits else Outcome.IN_SYNC
