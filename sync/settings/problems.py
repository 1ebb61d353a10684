"""What is wrong with a configuration, told as it was written: table, key, fault, what was probably meant.

    config.toml [connectors.jira] due_filed: unknown key; did you mean due_field?

A value is repeated only where it names something (a connector, a person, one of a few words): anything else
could be a secret in the wrong place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

Location = tuple[str | int, ...]

_SHAPES: Mapping[str | int, str] = {
    "project": "a project's key, such as SEC",
    "due_field": "duedate or a custom field's id, such as customfield_10042",
    "repository": "owner/name, such as acme/web",
    "listen": "HOST:PORT, such as 127.0.0.1:8787",
}
_SHORT = 16  # no tracker's token is so short
_OF_TYPE = {"union_tag_not_found", "union_tag_invalid"}
_ABSENT = {"union_tag_not_found", "missing"}
_SECRETS = {"token", "password", "secret", "api_token", "api_key", "private_key"}


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault. `at` is the path of keys to it: numbers count a list from 0, a last `""` means the table."""

    at: Location
    text: str

    def told(self, path: object) -> str:
        """The line a person reads."""
        last = max((at for at, part in enumerate(self.at) if isinstance(part, str)), default=0)
        place = [str(path), _table(self.at[:last]), *(_key(part) for part in self.at[last:])]
        return f"{' '.join(filter(None, place))}: {self.text}"


def did_you_mean(word: object, known: Collection[str]) -> str:
    """`; did you mean X?` when something known is close, else what is known if that is little."""
    names = {_squeezed(name): name for name in known}
    close = get_close_matches(_squeezed(str(word)), names, n=1)
    if close:
        return f"; did you mean {names[close[0]]}?"
    return f"; known: {', '.join(sorted(known))}" if 0 < len(known) <= 12 else ""


def _squeezed(name: str) -> str:
    """A name as it is remembered: `duedate` is due_date, not kev_due_date."""
    return re.sub(r"[\s_-]", "", name.casefold())


def may_be_secret(name: str) -> bool:
    """Whether what should name a file or a variable looks like a token: long, or in words nobody would choose."""
    words = re.split(r"[^A-Za-z0-9]+", name)
    named = re.search(r"[/\\._]", name) or len(name) <= _SHORT
    return not named or len(name) > 200 or not all(map(_is_word, words))


def _is_word(word: str) -> bool:
    return len(word) <= _SHORT or (word.isalpha() and len(word) <= 40 and (word.islower() or word.isupper()))


def problems_of(error: ValidationError, data: object, keys: Mapping[str, Collection[str]]) -> list[Problem]:
    """Every fault pydantic found in `data`; `keys` holds the known ones by table (`""`: the top)."""
    return [_problem(detail, data, keys) for detail in error.errors(include_url=False)]


_TEXTS: Mapping[str, Callable[[ErrorDetails], str]] = {
    "missing": lambda _: "is missing",
    "literal_error": lambda e: "must be one of " + ", ".join(_allowed(e)) + _close(e["input"], _allowed(e)),
    "union_tag_not_found": lambda _: "is missing",
    "union_tag_invalid": lambda e: "must be one of " + ", ".join(_tags(e)) + _close(e["ctx"]["tag"], _tags(e)),
    "value_error": lambda e: str(e["ctx"]["error"]),
    "string_pattern_mismatch": lambda e: f"must be {_SHAPES.get(e['loc'][-1], e['ctx']['pattern'])}",
    "greater_than": lambda _: "must be more than zero",
    "too_long": lambda e: f"may name {e['ctx']['max_length']} at most",
    "tuple_type": lambda e: _not_a_list(e["loc"], e["input"]),
    "url_parsing": lambda _: "must be an address that begins with https://",
    "url_scheme": lambda _: "must be an address that begins with https://",
}


def _not_a_list(loc: Location, given: object) -> str:
    if isinstance(given, dict):
        return f"write [[{loc[-1]}]] with two brackets: there may be several"
    return f'must be a list, such as {loc[-1]} = ["..."]'


def _problem(detail: ErrorDetails, data: object, keys: Mapping[str, Collection[str]]) -> Problem:
    loc = (*detail["loc"], "type") if detail["type"] in _OF_TYPE else detail["loc"]
    at = _as_written(loc, data, missing=detail["type"] in _ABSENT)
    if detail["type"] == "extra_forbidden":
        tables = [str(part) for part in reversed(loc[:-1]) if part in keys]
        return Problem(at, _unknown(loc[-1], keys[tables[0] if tables else ""]))
    tell = _TEXTS.get(detail["type"])
    return Problem(at, tell(detail) if tell else detail["msg"].replace("Input should", "must"))


def _as_written(loc: Location, data: Any, *, missing: bool) -> Location:
    """The location without the union's tag, which stands in pydantic's path but in nobody's file."""
    kept: list[str | int] = []
    for part in loc:
        try:
            data = data[part]
        except (KeyError, IndexError, TypeError):
            continue
        kept.append(part)
    if missing:
        return (*kept, loc[-1])
    return (*kept, "") if isinstance(data, dict) else tuple(kept)


def _unknown(key: object, known: Collection[str]) -> str:
    if key in _SECRETS and "token_env" in known:
        return "a secret never stands in the configuration: name its place with token_env or token_file"
    return "unknown key" + did_you_mean(key, known)


def _allowed(detail: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", detail["ctx"]["expected"])


def _tags(detail: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", detail["ctx"]["expected_tags"])


def _close(word: object, allowed: list[str]) -> str:
    """Only a real neighbour: the words allowed were already listed."""
    told = did_you_mean(word, allowed)
    return told if "?" in told else ""


def _table(at: Location) -> str:
    """`[connectors.jira]`, `[people."a@b"]`, or `[[routes]] 2` for the second of several."""
    if len(at) > 1 and isinstance(at[1], int):
        return f"[[{at[0]}]] {at[1] + 1}"
    return f"[{'.'.join(_key(part) for part in at)}]" if at else ""


def _key(part: str | int) -> str:
    if isinstance(part, int):
        return str(part + 1)
    return part if re.fullmatch(r"[A-Za-z0-9_-]*", part) else f'"{part}"'
