"""The part of JQL that the sandbox Jira understands; anything else is an error, as a typing mistake would be.

    project = SEC AND labels = "poam-sync" AND updated >= "-17m" ORDER BY updated ASC, id ASC

Fields: project, labels, id, key, creator, created, updated. Instants are relative to the server's clock
(`"-17m"`) or unquoted epoch milliseconds; dates in a user's time zone are refused: nobody here should send them.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

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
class Query:
    """A parsed query: all clauses hold; `order` is fields and whether they descend, the first one first."""

    clauses: tuple[Clause, ...]
    order: tuple[tuple[str, bool], ...]


Row = Mapping[str, Any]
"""A candidate: `number`, two datetimes, and `project`, `labels`, `id`, `key`, `creator` as lists of texts."""


def parse(jql: str, *, epoch: bool = True) -> Query:
    """Reads a query. `epoch`: the site takes epoch milliseconds. Raises RefusalError (400)."""
    words = _words(jql)
    clauses: list[Clause] = []
    while words and words[0].text.upper() != "ORDER":
        if clauses:
            _expect(words, "AND")
        clauses.append(_clause(words, epoch))
    if not clauses:
        raise _wrong("Unbounded JQL queries are not allowed here. Please add a search restriction to your query.")
    return Query(tuple(clauses), tuple(_order(words)))


def select(query: Query, rows: Sequence[Row], now: datetime) -> list[Row]:
    """The rows that match, in the order asked for."""
    found = [row for row in rows if all(_matches(clause, row, now) for clause in query.clauses)]
    for name, descending in reversed(query.order):
        found.sort(key=lambda row: row["number"] if name in ("id", "key") else row[name], reverse=descending)
    return found


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


def _expect(words: list[Word], text: str) -> None:
    word = _take(words)
    if word.quoted or word.text.upper() != text:
        raise _wrong(f"Error in the JQL Query: Expecting '{text}' but got '{word.text}'.")


def _clause(words: list[Word], epoch: bool) -> Clause:
    name, sign = _take(words).text.lower(), _take(words).text.lower()
    values = _several(words) if sign == "in" else (_take(words),)
    if name in SETS and sign in ("=", "in"):
        return Clause(name, sign, values)
    if name in ("created", "updated") and sign in TIMES:
        _instant(values[0], datetime.now(UTC), name, epoch)
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


def _matches(clause: Clause, row: Row, now: datetime) -> bool:
    if clause.operator in TIMES:
        instant = _instant(clause.values[0], now, clause.field, epoch=True)
        return TIMES[clause.operator](row[clause.field], instant)
    wanted = {word.text.lower() for word in clause.values}
    return any(value.lower() in wanted for value in row[clause.field])


def _instant(word: Word, now: datetime, name: str, epoch: bool) -> datetime:
    relative = re.fullmatch(r"-(\d+)([mhdw])", word.text)
    if relative:
        return now - timedelta(**{UNITS[relative[2]]: int(relative[1])})
    if epoch and not word.quoted and word.text.isdigit():
        return datetime.fromtimestamp(int(word.text) / 1000, UTC)
    raise _wrong(
        f"Date value '{word.text}' for field '{name}' is invalid. "
        "Valid formats include: 'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', "
        "or a period format e.g. '-5d', '4w 2d'."
    )


def _wrong(message: str) -> RefusalError:
    return RefusalError(400, message)
