"""`poam status`: how things stand, and with its exit code whether somebody has to do something."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from ...mapping.item import State
from ..config import Config
from ..health import last_success
from ..record.items import load
from ..record.mirrors import unsettled
from ..record.record import Record
from ..resting import resting
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import print_json, say
from .shapes import Shape, item_shape

INTERVALS_UNTIL_STALE = 3
"""Cycles may fail without anybody to blame; three in a row are an outage that a person should know of."""


@click.command("status")
@json_option
@pass_frame
def status(frame: Frame, as_json: bool) -> Outcome:
    """Show what is open, late, waiting and owed.

    Exit code: 2 when writes are owed to a tracker, 1 when something waits for a person or a
    tracker was not reached for three intervals, 0 when all is in sync.
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
        "connectors": [_connector(frame, record, name) for name in _connectors(frame.config, record)],
        "to_verify": _count(record, "items", "state = 'pending_verification'"),
        "declined": _count(record, "items", "state = 'open' AND work_status = 'wont_do'"),
        "requests": _count(record, "requests", "state = 'waiting'"),
        "conflicts": _count(record, "conflicts", "state = 'open'"),
        "resting": [asdict(each) for each in resting(record.db, frame.config)],
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


def _connector(frame: Frame, record: Record, name: str) -> Shape:
    success = last_success(frame.config.record_path).get(name)
    return {
        "connector": name,
        "linked": _count(record, "links", "state = 'live' AND connector = ?", name),
        "missing": _count(record, "links", "state = 'missing' AND connector = ?", name),
        "owed": len(unsettled(record.db, name)),
        "last_success": success,
        "stale": name in frame.config.connectors and _is_stale(frame, success),
    }


def _is_stale(frame: Frame, success: str | None) -> bool:
    """Whether the last good cycle is so long ago that nobody can call this in sync."""
    rhythm = frame.config.sync.interval * INTERVALS_UNTIL_STALE
    return success is None or frame.clock() - datetime.fromisoformat(success) > rhythm


def _count(record: Record, table: str, where: str, *values: str) -> int:
    query = f"SELECT count(*) AS n FROM {table} WHERE {where}"  # noqa: S608
    return next(int(row["n"]) for row in record.db.query(query, values))


def _print(shape: Shape) -> None:
    for system in shape["systems"]:
        say(f"{system['system_id']}: {_listed(system)}")
    for connector in shape["connectors"]:
        known = connector["last_success"]
        success = f"in step at {known}" if known else "not synced yet: poam sync"
        stale = ", too long ago: is poam run running?" if known and connector["stale"] else ""
        say(f"{connector['connector']}: {_listed(connector)}; {success}{stale}")
    told = [f"{shape[name]} {name.replace('_', ' ')}" for name in ("to_verify", "declined", "requests", "conflicts")]
    say(f"waiting for a person: {', '.join(told)}")
    for rest in shape["resting"]:
        say(f"{rest['poam_id']}: {rest['date']}, moved by {rest['moved_by']}, rests until {rest['until']}")


def _listed(counts: dict[str, Any]) -> str:
    told = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if type(count) is int and count]
    return ", ".join(told) or "nothing"


def _outcome(shape: Shape) -> Outcome:
    if any(connector["owed"] for connector in shape["connectors"]):
        return Outcome.WRITES_OWED
    trouble = any(connector["missing"] or connector["stale"] for connector in shape["connectors"])
    waits = shape["requests"] or shape["conflicts"] or shape["to_verify"] or shape["declined"] or trouble
    return Outcome.NEEDS_A_PERSON if waits else Outcome.IN_SYNC
