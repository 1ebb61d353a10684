"""Liveness, kept beside the record and not in it: when a cycle last succeeded at each connector."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from .cycle import Report


def health_path(record_path: Path) -> Path:
    """The side file of a record."""
    return record_path.with_name(f"{record_path.name}.health.json")


def note_success(record_path: Path, report: Report, at: str) -> None:
    """Notes the connectors that were read and written without an error; the others keep their old time."""
    times = {**last_success(record_path), **{each.connector: at for each in report.connectors if each.error is None}}
    path = health_path(record_path)
    partial = path.with_name(f"{path.name}.partial")
    partial.write_text(json.dumps(times, indent=2), encoding="utf-8")
    partial.replace(path)


def last_success(record_path: Path) -> Mapping[str, str]:
    """When each connector last succeeded; empty when nothing ever did, or the file is not readable."""
    try:
        found = json.loads(health_path(record_path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
