"""A transition as the workflow offers it: where it leads, and what its screen wants filled in. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ..base import Status
from .reading import Json, status_of

RESOLUTION = "resolution"
FINISHED = ("done", "fixed", "completed", "complete", "resolved")
"""The resolutions that say that work was done: the first one offered is taken, unless the configuration names one."""


@dataclass(frozen=True, slots=True)
class Way:
    """A transition. `fields` is what to send along, `lacking` names what it demands and nobody told us."""

    id: str
    name: str
    to: Status
    fields: Mapping[str, Any]
    lacking: tuple[str, ...] = ()


def way_of(raw: Json, told: Mapping[str, str]) -> Way:
    """A transition of Jira's. `told` is the configuration's: field id to value; nothing else is ever filled in."""
    to, screen = status_of(raw["to"]), raw.get("fields") or {}
    filled = {name: _filled(name, field, told, to) for name, field in screen.items()}
    fields = {name: value for name, value in filled.items() if value is not None}
    lacking = [field.get("name", name) for name, field in screen.items() if _is_demanded(field) and name not in fields]
    return Way(str(raw["id"]), raw.get("name", ""), to, fields, tuple(lacking))


def _filled(name: str, field: Json, told: Mapping[str, str], to: Status) -> Any:
    """What to send for a field of a screen, None for nothing: people's answers are not for us to overwrite."""
    if name == RESOLUTION:
        words = (told[name],) if name in told else FINISHED
        return _chosen(field, words) if to.category == "done" else None
    if name not in told or not _is_demanded(field):
        return None
    value = _chosen(field, (told[name],)) if "allowedValues" in field else told[name]
    is_list = field.get("schema", {}).get("type") == "array"
    return [value] if is_list and value is not None else value


def _chosen(field: Json, words: Iterable[str]) -> Json | None:
    """The first of the words, each an option's id, name or value, that the field offers."""
    offered = {
        str(option[key]).casefold(): {"id": str(option["id"])}
        for key in ("value", "name", "id")
        for option in field.get("allowedValues") or ()
        if key in option
    }
    return next((offered[word.casefold()] for word in words if word.casefold() in offered), None)


def _is_demanded(field: Json) -> bool:
    return bool(field.get("required")) and not field.get("hasDefaultValue")
