"""Walks over more issues than one page holds, so that none is left out whatever happens meanwhile.

Every walk is in the order of change and goes on by the instant of the last change it saw: an issue that is edited
meanwhile comes again later, and none moves away from under it as it would with an offset. A Data Center's walk does so
after every page. Cloud gives tokens for the next page; where a token fails, the walk begins anew at that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from ..errors import Unavailable
from .answers import Answer, Refused
from .deployment import Deployment
from .reading import Json

PAGE = 100
"""So many issues are asked for at once."""

PAGES = 2_000
"""More pages than any project of ours fills: a walk that is longer goes in circles."""

Ask: TypeAlias = Callable[[datetime | None, Mapping[str, Any]], Answer]
"""Asks for one page of what changed from an instant on (None: of all), with these additions to the query."""


def walk(deployment: Deployment, ask: Ask, begin: datetime | None) -> Iterator[Answer]:
    """Every page from `begin` on; an issue may come twice, newer each time. Raises Unavailable for an endless walk."""
    by_token = "nextPageToken" in deployment.understands
    pages = _by_token(ask, begin) if by_token else _by_change(ask, begin)
    for number, answer in enumerate(pages):
        if number >= PAGES:
            break
        yield answer
    else:
        return
    raise Unavailable("Jira's search does not come to an end")


def _by_token(ask: Ask, begin: datetime | None) -> Iterator[Answer]:
    """Along the tokens. One that has expired or repeats ends a leg; the next one begins at the last change seen.

    A leg that brings nothing new is the end where its token repeats on a page that is not full: some sites give one
    with the last page, too. Else it raises what ended it.
    """
    seen: set[str] = set()
    while True:
        last, news, longest = begin, False, 0
        try:
            for answer in _leg(ask, begin):
                page = rows(answer)
                versions = {_version(raw) for raw in page}
                news, seen = news or not versions <= seen, seen | versions
                last, longest = max(filter(None, (last, *map(updated, page))), default=None), max(longest, len(page))
                yield answer
            return
        except _LegEndedError as ended:
            if not news and (longest >= PAGE or isinstance(ended.why, Refused)):
                raise ended.why from None
        if not news:
            return
        begin = last


def _leg(ask: Ask, begin: datetime | None) -> Iterator[Answer]:
    """Pages until one has no token. Whether a page is short or empty, or says that it is the last, tells nothing."""
    tokens: set[str] = set()
    answer = ask(begin, {})
    while True:
        yield answer
        token = answer.data.get("nextPageToken")
        if not token:
            return
        if token in tokens:
            raise _LegEndedError(Unavailable("Jira's search hands out the same page again and again"))
        tokens.add(token)
        try:
            answer = ask(begin, {"nextPageToken": token})
        except Refused as expired:
            raise _LegEndedError(expired) from None


def _by_change(ask: Ask, begin: datetime | None) -> Iterator[Answer]:
    """From page to page by the last change. Only where one instant fills a page does an offset help on, by one row less
    than it could: where that row is no longer the first one, something left the instant, and it is read from its start.
    """
    start, repeated, seen = 0, 0, set[str]()
    while True:
        answer = ask(begin, {"startAt": start})
        page = rows(answer)
        if repeated and page and str(page[0]["id"]) not in seen:
            start = repeated = 0
            continue
        seen |= {str(raw["id"]) for raw in page}
        yield answer
        if not page or start + len(page) >= answer.data["total"]:
            return
        last = updated(page[-1]).replace(microsecond=0)
        if begin is None or last > begin:
            begin, start, repeated = last, 0, 0
        else:
            repeated = min(1, len(page) - 1)  # a page of one row has none to spare
            start += len(page) - repeated


class _LegEndedError(Exception):
    """A walk by tokens broke off, and why."""

    def __init__(self, why: Unavailable) -> None:
        super().__init__(str(why))
        self.why = why


def rows(answer: Answer) -> Sequence[Json]:
    """The issues of a page."""
    return list(answer.data["issues"])


def updated(raw: Json) -> datetime:
    """When an issue changed last."""
    return datetime.fromisoformat(raw["fields"]["updated"])


def _version(raw: Json) -> str:
    return f"{raw['id']} {raw['fields']['updated']}"
