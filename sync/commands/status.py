"""`poam status`: how things stand, and with its exit code whether somebody has to do something."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import click

from ...mapping.item import State
from ...mapping.life import MIRRORED_STATES
from ..record.items import load, unmirrored
from ..record.record import Record
from ..record.told import (
    OwedWrite,
    linked,
    not_carried_over,
    owed_writes,
    pending_deviations,
    still_open,
    waiting,
    without_issue,
)
from ..restored import was_restored
from ..settings.routes import route
from ..telling.health import Liveness, liveness
from ..telling.resting import resting
from ..telling.standing import counted, instant, standing, waits
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import line, print_json, say
from .shapes import Shape, item_shape


@click.command("status")
@json_option
@pass_frame
def status(frame: Frame, as_json: bool) -> Outcome:
    """Show what is open, late, waiting and owed.

    The first line says whether record and trackers agree. Exit code: 2 when writes are owed to a tracker, 1 when
    they are not in step otherwise, an item has no route or something waits for a person, 0 when all is in sync.
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
    owed, waits_here, changed = owed_writes(record.db), asdict(waiting(record.db)), not_carried_over(record.db)
    live, undecided = liveness(frame.config.record_path), waits_here.pop("undecided")
    unrouted = [item.poam_id for item in unmirrored(record.db, MIRRORED_STATES) if route(frame.config, item) is None]
    stands = standing(
        frame.config,
        frame.clock(),
        live,
        owed,
        undecided=undecided,
        changed=changed,
        unrouted=len(unrouted),
        restored=was_restored(record.db) or frame.is_not_as_left(record),
    )
    seq, head = record.head
    return {
        **asdict(stands),
        "systems": [_system(system, [item for item in items if item["system_id"] == system]) for system in systems],
        "connectors": _connectors(frame, linked(record.db), live, owed),
        "owed_writes": [_owed(frame, write) for write in owed],
        "changed_since_cycle": changed,
        "unrouted": unrouted,
        **waits_here,
        "undecided": undecided,
        "deviations_pending": pending_deviations(record.db),
        "still_open": still_open(record.db),
        "without_issue": [{"poam_id": each, "conflict": number} for each, number in without_issue(record.db)],
        "resting": [asdict(each) for each in resting(record.db, frame.config)],
        "journal_seq": seq,
        "journal_hash": head,
    }


def _system(system_id: str, items: list[Shape]) -> Shape:
    states = Counter(item["state"] for item in items)
    late = sum(1 for item in items if item["late"])
    return {"system_id": system_id, **{state.value: states[state] for state in State}, "late": late}


def _connectors(
    frame: Frame, links: Mapping[str, Mapping[str, int]], live: Mapping[str, Liveness], owed: list[OwedWrite]
) -> list[Shape]:
    """Those of the configuration, and those it dropped while issues are still linked."""
    config = frame.config
    return [
        {
            "connector": name,
            "linked": links.get(name, {}).get("live", 0),
            "missing": links.get(name, {}).get("missing", 0),
            "owed": sum(1 for write in owed if write.connector == name),
            **{key: told or None for key, told in asdict(known).items()},
            "stale": name in config.connectors and known.is_stale(frame.clock(), config.sync.interval),
        }
        for name in dict.fromkeys([*config.connectors, *links])
        for known in [live.get(name, Liveness())]
    ]


def _owed(frame: Frame, write: OwedWrite) -> Shape:
    wait = waits(write, frame.config, frame.clock())
    return {**asdict(write), "why": wait.why, "until": wait.until}


def _print(shape: Shape) -> None:
    say(line(shape["line"]))
    for system in shape["systems"]:
        say(f"{system['system_id']}: {_listed(system)}")
    for connector in shape["connectors"]:
        say(line(f"{connector['connector']}: {_listed(connector)}; {_success(connector, shape['line'])}"))
    for write in shape["owed_writes"]:
        say(line(f"{write['poam_id']}: {write['operation']} at {write['key'] or write['connector']}: {write['why']}"))
    told = [f"{shape[name]} {name.replace('_', ' ')}" for name in ("to_verify", "declined")]
    told += [counted(shape[name], name.removesuffix("s")) for name in ("requests", "conflicts")]
    say(f"waiting for a person: {', '.join(told)}")
    if pending := shape["deviations_pending"]:
        deviations = f"{counted(len(pending), 'deviation')} pending, for the authorizing official"
        say(line(f"{deviations}: {', '.join(pending)}"))
    if shape["still_open"]:
        issues = counted(len(shape["still_open"]), "issue")
        say(line(f"{issues} of closed items still open, to be closed at the tracker: {', '.join(shape['still_open'])}"))
    for each in shape["without_issue"]:
        way = f"poam resolve {each['conflict']} --take record makes one"
        say(line(f"{each['poam_id']}: goes on without an issue; {way}"))
    for rest in shape["resting"]:
        until = instant(rest["until"])
        say(line(f"{rest['poam_id']}: {rest['date']}, moved by {rest['moved_by']}, rests until {until}"))


def _success(connector: Shape, told: str) -> str:
    """When it was last in step, and what ended its last cycle, unless the first line has `told` that already."""
    known, failed = connector["last_success"], connector["error"]
    if not known:
        success = "never in step" if failed else "not synced yet: poam sync"
    else:
        success = f"{'last ' if connector['stale'] or failed else ''}in step at {instant(known)}"
    if failed:
        reason = "" if failed.rstrip(".") in told else f": {failed}"
        hint = f"; {connector['hint']}" if connector["hint"] else ""
        return f"{success}; failed at {instant(connector['failed_at'] or 'an unknown time')}{reason}{hint}"
    return f"{success}, too long ago: is poam run running?" if known and connector["stale"] else success


def _listed(counts: dict[str, Any]) -> str:
    told = [f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if type(count) is int and count]
    return ", ".join(told) or "nothing"


def _outcome(shape: Shape) -> Outcome:
    if any(connector["owed"] for connector in shape["connectors"]):
        return Outcome.WRITES_OWED
    missing = any(connector["missing"] for connector in shape["connectors"])
    trouble = missing or shape["unrouted"] or shape["undecided"] or not shape["in_step"]
    return Outcome.NEEDS_A_PERSON if trouble else Outcome.IN_SYNC
