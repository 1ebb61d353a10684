"""Liveness, kept beside the record and not in it: when a cycle last succeeded at each connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeGuard

from .cycle import Report
from .errors import InputError
from .files import read_bytes, write_bytes


def health_path(record_path: Path) -> Path:
    """The side file of a record."""
    return record_path.with_name(f"{record_path.name}.health.json")


def note_success(record_path: Path, report: Report, at: str) -> str:
    """Notes the connectors that were read and written without an error; the others keep their old time.

    Returns why that failed, or nothing: what is kept here only informs, so no cycle ends over it.
    """
    times = {**last_success(record_path), **{each.connector: at for each in report.connectors if each.error is None}}
    try:
        write_bytes(health_path(record_path), json.dumps(times, indent=2).encode())
    except InputError as error:
        return str(error)
    return ""


def last_success(record_path: Path) -> Mapping[str, str]:
    """When each connector last succeeded; empty when nothing ever did, or the file is not readable."""
    try:
        found = json.loads(read_bytes(health_path(record_path)))
    except (InputError, ValueError, RecursionError):
        return {}
    return {name: at for name, at in found.items() if _is_instant(at)} if isinstance(found, dict) else {}


def _is_instant(text: object) -> TypeGuard[str]:
    try:
        return isinstance(text, str) and datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False
