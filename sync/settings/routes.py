"""Where an item is mirrored: the first route that matches decides. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

from ...mapping.item import PoamItem
from .config import Config, Route


def route(config: Config, item: PoamItem) -> str | None:
    """The connector of the first matching route; None when the item is mirrored nowhere."""
    return next((each.connector for each in config.routes if _matches(each, item.system_id, item.controls)), None)


def idle_routes(config: Config) -> Iterator[int]:
    """The numbers, from 1, of the routes that no item can ever reach: those above take all that they would."""
    systems = [system.id for system in config.systems]
    for at, each in enumerate(config.routes):
        # An item with more controls than this one of the route's own only matches more of the routes above.
        least = product([each.system] if each.system else systems, _listed(each) or [""])
        if all(any(_matches(above, *item) for above in config.routes[:at]) for item in least):
            yield at + 1


def controls_of(text: str) -> frozenset[str]:
    """The controls a cell lists, each written one way: `ac-02 (1)`, `AC-2.1` and `AC-2(1)` are the same."""
    joined = re.sub(r"\s+(?=\()", "", text)
    return frozenset(_canonical(word) for word in re.split(r"[\s,;]+", joined) if word)


def _canonical(control: str) -> str:
    found = re.fullmatch(r"([A-Z]{2})-0*(\d+)(?:\.0*(\d+)|\(0*(\d+)\))?(.*)", control.upper())
    if not found:
        return control.upper()
    family, number, dotted, enhancement, rest = found.groups()
    extra = dotted or enhancement
    return f"{family}-{number}" + (f"({extra})" if extra else "") + rest


def _matches(each: Route, system_id: str, controls: str) -> bool:
    if each.system not in ("", system_id):
        return False
    return not each.controls or bool(_with_parents(controls) & _listed(each))


def _listed(each: Route) -> frozenset[str]:
    return controls_of(" ".join(each.controls))


def _with_parents(text: str) -> frozenset[str]:
    """An enhancement is covered by its control: a route for SI-2 takes SI-2(3), not the other way round."""
    controls = controls_of(text)
    return controls | {control.partition("(")[0] for control in controls}
