"""Reads and keeps whole rows as the data types of kinds.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields
from typing import Any, TypeVar

from sqlite_utils import Database

from .kinds import Answer, Conflict, Link, Owed, Request, Sighting
from .unit import Unit

T = TypeVar("T", Link, Sighting, Owed, Request, Conflict, Answer)
TABLE = {
    Link: "links",
    Sighting: "sightings",
    Owed: "outbox",
    Request: "requests",
    Conflict: "conflicts",
    Answer: "answers",
}


def rows(
    database: Database, kind: type[T], where: str = "1 = 1", values: Sequence[Any] = (), order: str = "rowid"
) -> list[T]:
    """The rows of one kind, oldest first."""
    names = ", ".join(field.name for field in fields(kind))
    query = f"SELECT {names} FROM {TABLE[kind]} WHERE {where} ORDER BY {order}"  # noqa: S608
    return [kind(**row) for row in database.query(query, tuple(values))]


def keep(unit: Unit, row: Sighting | Owed | Answer) -> None:
    """Stores a row of the engine's memory."""
    unit.put(TABLE[type(row)], asdict(row))
