"""The part of JQL that the sandbox Jira understands; anything else is an error, as a typing mistake would be.

    project = SEC AND (labels IS EMPTY OR labels != "x") AND updated >= "-17m" ORDER BY updated ASC, id ASC

Fields: project, labels, id, key, creator, created, updated. Instants are relative to the server's clock (`"-17m"`),
unquoted epoch milliseconds, or a date in the time zone of whoever asks, which is the trap that it is in a real Jira.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .jira_site import RefusalError

TOKEN = re.compile(
    r"""\s*(?:"((?:[^"\\]|\\.)*)"|(>=|<=|!=|[=><(),])|([^\s"'=<>!(),]+))""",
)
UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
TIMES: dict[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
SETS = ("project", "labels", "id", "key", "creator")


@dataclass(frozen=True, slots=True)
class Word:
    """A token; a quoted one is a string whatever it looks like."""

    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Clause:
    """One restriction: a field, an operator and its operands."""

    field: str
    operator: str
    values: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Restrictions of which all hold (`AND`) or one does (`OR`)."""

    joint: str
    parts: tuple[Clause | Group, ...]


@dataclass(frozen=True, slots=True)
class Query:
    """A parsed query; `order` is fields and whether they descend, the first one first."""

    where: Group
    order: tuple[tuple[str, bool], ...]

    @property
    def clauses(self) -> Iterator[Clause]:
        """Every restriction, wherever it stands."""
        return _leaves(self.where)


@dataclass(frozen=True, slots=True)
class Reader:
    """How a site reads instants for one user: whether it takes epoch milliseconds, and the user's time zone."""

    epoch: bool = True
    zone: str = "UTC"


Row = Mapping[str, Any]
"""A candidate: `number`, two datetimes, and `project`, `labels`, `id`, `key`, `creator` as lists of texts."""


def parse(jql: str, reader: Reader) -> Query:
    """Reads a query. Raises RefusalError (400)."""
    words = _words(jql)
    if not words or _is_order(words):
        raise _wrong("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    where = _either(words, reader)
    return Query(where, tuple(_order(words)))


def select(query: Query, rows: Sequence[Row], now: datetime, reader: Reader) -> list[Row]:
    """The rows that match, in the order asked for."""
    found = [row for row in rows if _matches(query.where, row, now, reader)]
    for name, descending in reversed(query.order):
        found.sort(key=lambda row: row["number"] if name in ("id", "key") else row[name], reverse=descending)
    return found


def _leaves(part: Clause | Group) -> Iterator[Clause]:
    if isinstance(part, Clause):
        yield part
        return
    for each in part.parts:
        yield from _leaves(each)


def _words(jql: str) -> list[Word]:
    words, position = [], 0
    while jql[position:].strip():
        token = TOKEN.match(jql, position)
        if token is None:
            raise _wrong(f"Error in the JQL Query: The character at position {position} is not understood.")
        quoted, sign, plain = token.groups()
        words.append(Word(re.sub(r"\\(.)", r"\1", quoted), True) if quoted is not None else Word(sign or plain))
        position = token.end()
    return words


def _take(words: list[Word]) -> Word:
    if not words:
        raise _wrong("Error in the JQL Query: The query ends too early.")
    return words.pop(0)


def _is(words: list[Word], text: str) -> bool:
    return bool(words) and not words[0].quoted and words[0].text.upper() == text


def _is_order(words: list[Word]) -> bool:
    return _is(words, "ORDER")


def _expect(words: list[Word], text: str) -> None:
    word = _take(words)
    if word.quoted or word.text.upper() != text:
        raise _wrong(f"Error in the JQL Query: Expecting '{text}' but got '{word.text}'.")


def _either(words: list[Word], reader: Reader) -> Group:
    """`a AND b OR c`: AND binds tighter."""
    return _joined(words, "OR", lambda: _joined(words, "AND", lambda: _part(words, reader)))


def _joined(words: list[Word], joint: str, part: Callable[[], Clause | Group]) -> Group:
    parts = [part()]
    while _is(words, joint):
        words.pop(0)
        parts.append(part())
    return Group(joint, tuple(parts))


def _part(words: list[Word], reader: Reader) -> Clause | Group:
    if not _is(words, "("):
        return _clause(words, reader)
    words.pop(0)
    group = _either(words, reader)
    _expect(words, ")")
    return group


def _clause(words: list[Word], reader: Reader) -> Clause:
    name, sign = _take(words).text.lower(), _take(words).text.lower()
    values = _several(words) if sign == "in" else (_take(words),)
    emptiness = sign == "is" and values[0].text.upper() == "EMPTY"
    if name in SETS and (sign in ("=", "!=", "in") or emptiness):
        return Clause(name, sign, values)
    if name in ("created", "updated") and sign in TIMES:
        _instant(values[0], datetime.now(UTC), name, reader)
        return Clause(name, sign, values)
    raise _wrong(f"Error in the JQL Query: '{name} {sign}' is not understood.")


def _several(words: list[Word]) -> tuple[Word, ...]:
    _expect(words, "(")
    values = [_take(words)]
    while words and words[0].text == ",":
        words.pop(0)
        values.append(_take(words))
    _expect(words, ")")
    return tuple(values)


def _order(words: list[Word]) -> list[tuple[str, bool]]:
    if not words:
        return [("created", True)]
    _expect(words, "ORDER")
    _expect(words, "BY")
    order = []
    while words:
        name = _take(words).text.lower()
        if name not in ("created", "updated", "id", "key"):
            raise _wrong(f"Not able to sort using field '{name}'.")
        descending = bool(words) and words[0].text.upper() in ("ASC", "DESC") and _take(words).text.upper() == "DESC"
        order.append((name, descending))
        if words:
            _expect(words, ",")
    return order


def _matches(part: Clause | Group, row: Row, now: datetime, reader: Reader) -> bool:
    if isinstance(part, Group):
        met = (_matches(each, row, now, reader) for each in part.parts)
        return any(met) if part.joint == "OR" else all(met)
    if part.operator in TIMES:
        return TIMES[part.operator](row[part.field], _instant(part.values[0], now, part.field, reader))
    values = [value.lower() for value in row[part.field]]
    if part.operator == "is":
        return not values
    wanted = {word.text.lower() for word in part.values}
    if part.operator == "!=":  # what has no value at all is not different from one, says Jira
        return bool(values) and wanted.isdisjoint(values)
    return not wanted.isdisjoint(values)


def _instant(word: Word, now: datetime, name: str, reader: Reader) -> datetime:
    relative = re.fullmatch(r"-(\d+)([mhdw])", word.text)
    if relative:
        return now - timedelta(**{UNITS[relative[2]]: int(relative[1])})
    if reader.epoch and not word.quoted and word.text.isdigit():
        return datetime.fromtimestamp(int(word.text) / 1000, UTC)
    if re.fullmatch(r"\d{4}[-/]\d\d[-/]\d\d( \d\d:\d\d)?", word.text):
        return datetime.fromisoformat(word.text.replace("/", "-")).replace(tzinfo=ZoneInfo(reader.zone))
    raise _wrong(
        f"Date value '{word.text}' for field '{name}' is invalid. "
        "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', "
        "or a period format e.g. '-5d', '4w 2d'."
    )


def _wrong(message: str) -> RefusalError:
    return RefusalError(400, message)
