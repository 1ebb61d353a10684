"""Reads what happened to issues: for many at once from the repository's own lists, for one from its timeline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain
from typing import Any

from ..errors import Gone
from .answers import Answer
from .cursor import begin
from .talk import number_of
from .wire import Wire

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What GitHub tells of one issue. What happened before `settled` is certainly among the events."""

    events: Sequence[Row] = ()
    comments: Sequence[Row] = ()
    settled: str = ""


NOTHING = Told()


class Feed:
    """`home` answers the repository's address, `overlap` is how long a list may hide a change."""

    def __init__(self, wire: Wire, home: Callable[[], str], overlap: timedelta) -> None:
        self._wire = wire
        self._home = home
        self._overlap = overlap

    def of(self, issue_id: str) -> Told:
        """All of one issue, in one read per hundred entries. Raises Gone."""
        path = f"{self._home()}/issues/{issue_id}/timeline"
        first = self._wire.read(path, {"per_page": 100}, issue_id=issue_id, many=True)
        entries = list(chain.from_iterable(self._wire.pages(first, issue_id=issue_id)))
        said = [entry for entry in entries if entry.get("event") == "commented"]
        return Told(entries, said, self._settled(first))

    def since(self, issues: Sequence[Row], since: str) -> Mapping[int, Told]:
        """What was told of these issues since then, by number: events, and comments where there are any.

        The repository's lists are read until they are older, yet not where others fill more pages of them than there
        are issues to tell of: then each is read by itself.
        """
        if not issues:
            return {}
        settled, events = self._events(_horizon(issues, since), len(issues))
        talked = [issue for issue in issues if issue.get("comments")]
        comments = self._comments(_horizon(talked, since), len(issues)) if talked else {}
        if events is None or comments is None:
            return {issue["number"]: self._alone(str(issue["number"])) for issue in issues}
        return {
            number: Told(events.get(number, ()), comments.get(number, ()), settled)
            for number in (issue["number"] for issue in issues)
        }

    def _events(self, horizon: str, most: int) -> tuple[str, Mapping[int, Sequence[Row]] | None]:
        """The repository's events, newest first, by issue; and since when more of them may come late."""
        first = self._wire.read(f"{self._home()}/issues/events", {"per_page": 100}, many=True)
        rows = self._walked(first, most, lambda page: bool(page) and page[-1]["created_at"] < horizon)
        events = None if rows is None else [row for row in rows if row.get("issue")]
        by_issue = None if events is None else _grouped(events, lambda event: int(event["issue"]["number"]))
        return self._settled(first), by_issue

    def _comments(self, horizon: str, most: int) -> Mapping[int, Sequence[Row]] | None:
        """The repository's comments, those below pull requests too. What is edited meanwhile moves to the front, past
        no boundary unseen.
        """
        query = {"since": horizon, "sort": "updated", "direction": "desc", "per_page": 100}
        first = self._wire.read(f"{self._home()}/issues/comments", query, many=True)
        rows = self._walked(first, most, lambda page: False)
        return None if rows is None else _grouped(rows, number_of)

    def _walked(self, first: Answer, most: int, is_enough: Callable[[list[Any]], bool]) -> list[Row] | None:
        """The rows of a list until there are enough, None where that takes more pages than `most`."""
        rows: list[Row] = []
        for number, page in enumerate(self._wire.pages(first)):
            if number == most:
                return None
            rows += page
            if is_enough(page):
                break
        return rows

    def _alone(self, issue_id: str) -> Told:
        """What its timeline tells; an issue that is gone since it was listed has none."""
        with suppress(Gone):
            return self.of(issue_id)
        return NOTHING

    def _settled(self, answer: Answer) -> str:
        """What happened before that is certainly listed."""
        return begin(answer.server_time, self._overlap)


def _horizon(issues: Iterable[Row], since: str) -> str:
    """Nothing is told of an issue before it was made."""
    return max(since, min(str(issue["created_at"]) for issue in issues))


def _grouped(rows: Iterable[Row], number: Callable[[Row], int]) -> Mapping[int, Sequence[Row]]:
    groups: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        groups[number(row)].append(row)
    return groups
