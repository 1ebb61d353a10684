"""Liveness, kept beside the record and not in it: when each connector last succeeded, since when, and what failed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from pathlib import Path

from ..errors import InputError
from ..files import read_bytes, write_bytes
from .report import ConnectorReport, Report

INTERVALS_UNTIL_STALE = 3
"""Cycles may fail without anybody to blame; three in a row are an outage that a person should know of."""


@dataclass(frozen=True, slots=True)
class Liveness:
    """How it stands with one connector; instants in ISO 8601 UTC, blank for what never was.

    `in_step_since` is the first of the good cycles that followed one another without a failure or outage, and left no
    write owed. `error` is what ended the last cycle, at `failed_at`, with what to do as its `hint`.
    """

    last_success: str = ""
    in_step_since: str = ""
    failed_at: str = ""
    error: str = ""
    hint: str = ""

    def is_stale(self, now: datetime, interval: timedelta) -> bool:
        """Whether the last good cycle is so long ago that nobody can call this in sync."""
        rhythm = interval * INTERVALS_UNTIL_STALE
        return not self.last_success or now - datetime.fromisoformat(self.last_success) > rhythm


def health_path(record_path: Path) -> Path:
    """The side file of a record."""
    return record_path.with_name(f"{record_path.name}.health.json")


def note_success(record_path: Path, report: Report, at: str, interval: timedelta) -> str:
    """Notes how a cycle ended at each connector; who failed keeps the time of the last success.

    Returns why the noting failed, or nothing: what is kept here only informs, so no cycle ends over it.
    """
    known = liveness(record_path)
    ended = {each.connector: each for each in report.connectors}
    news = {name: _after(known.get(name, Liveness()), each, at, interval) for name, each in ended.items()}
    told = {name: asdict(each) for name, each in {**known, **news}.items()}
    try:
        write_bytes(health_path(record_path), json.dumps(told, indent=2).encode())
    except InputError as error:
        return str(error)
    return ""


def _after(known: Liveness, each: ConnectorReport, at: str, interval: timedelta) -> Liveness:
    if each.error is not None:
        return replace(known, in_step_since="", failed_at=at, error=str(each.error), hint=each.error.hint)
    if each.owed:
        return Liveness(last_success=at)
    unbroken = known.in_step_since and not known.is_stale(datetime.fromisoformat(at), interval)
    return Liveness(last_success=at, in_step_since=known.in_step_since if unbroken else at)


def liveness(record_path: Path) -> Mapping[str, Liveness]:
    """How it stands with each connector; empty when nothing ever was noted, or the file is not readable."""
    try:
        found = json.loads(read_bytes(health_path(record_path)))
    except (InputError, ValueError, RecursionError):
        return {}
    return {name: _read(each) for name, each in found.items()} if isinstance(found, dict) else {}


_INSTANTS = frozenset({"last_success", "in_step_since", "failed_at"})


def _read(noted: object) -> Liveness:
    """One connector's note. An older poam-sync wrote the time of the last success alone."""
    told = noted if isinstance(noted, dict) else {"last_success": noted, "in_step_since": noted}
    texts = {each.name: told.get(each.name) for each in fields(Liveness)}
    whole = {name: text.encode(errors="replace").decode() for name, text in texts.items() if isinstance(text, str)}
    return Liveness(**{name: text for name, text in whole.items() if name not in _INSTANTS or _is_instant(text)})


def _is_instant(text: str) -> bool:
    try:
        return datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
