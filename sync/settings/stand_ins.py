"""A configuration with stand-ins where it has faults, so that what its parts owe each other is checked along.

Nobody ever works with it: it serves to tell all faults together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from copy import deepcopy
from typing import Any

from .problems import Location, Problem

_STAND_INS: Mapping[str | int, str] = {
    "name": "?",
    "type": "jira",
    "url": "https://stand-in.example",
    "project": "X",
    "repository": "x/x",
    "connector": "?",
}
"""Values that pass where a key must be there; one that may be left out is left out."""


def mended(data: Mapping[str, Any], faults: Iterable[Problem]) -> dict[str, Any]:
    """The parsed file with stand-ins at the faults; still a faulty one where what is wrong is more than a value."""
    copy = deepcopy(dict(data))
    for fault in faults:
        _mend(copy, fault.at)
    return copy


def beside(problems: Iterable[Problem], faults: Collection[Problem]) -> list[Problem]:
    """The problems that are not about a stand-in."""
    places = [fault.at[:-1] if fault.at[-1] == "" else fault.at for fault in faults]
    return [problem for problem in problems if not any(_overlap(problem.at, place) for place in places)]


def _overlap(one: Location, other: Location) -> bool:
    shared = min(len(one), len(other))
    return one[:shared] == other[:shared]


def _mend(data: Any, at: Location) -> None:
    *parents, key = at
    for part in parents:
        data = data[part]
    if key == "":  # the whole table: the ways to name a token's place are all that it can get wrong
        for name in ("token_file", "app_id", "private_key_file", "installation_id"):
            data.pop(name, None)
        data["token_env"] = "STAND_IN"  # noqa: S105 - a name
    elif key in _STAND_INS or isinstance(data, list):
        data[key] = _STAND_INS.get(key, "?")
    else:
        data.pop(key, None)
