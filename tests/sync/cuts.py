"""A story between people and an engine whose process may end at any call and any commit, told as often as it takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from poam.mapping.item import PoamItem
from poam.sync.record.items import load
from poam.sync.record.journal import Author
from poam.sync.record.record import Record
from poam.sync.record.unit import Unit
from poam.sync.record.verify import problems

from .engine import Engine, engine, item

ISSO = Author("isso@acme.example", "isso", "cli")
AT = "2026-03-03T00:00:00.000Z"
BUSY = {"mass_change_percent": 100}  # everything changes at once here, and that is no reason to ask
CALLS = ("check", "visibility", "changed_since", "get", "get_many", "find", "create", "edit")
CONFLICT = ("item_uid", "field", "record_value", "tracker_value", "record_by", "tracker_by", "policy", "state")
Act = Callable[[Engine], None]
Facts = dict[str, list[Any]]


class Cut(BaseException):
    """The process is gone: nothing may take it for a failure and go on."""


@dataclass
class Cuts:
    """The places a process passes, counted over all processes of a story; at those in `at` it ends."""

    at: frozenset[int]
    passed: int = 0
    active: bool = False

    def __call__(self) -> None:
        """One more place."""
        self.passed += self.active
        if self.active and self.passed in self.at:
            raise Cut


class CutRecord(Record):
    """A record whose process may end before and after every commit."""

    cuts: Cuts

    @contextmanager
    def unit(self, **options: Any) -> Iterator[Unit]:
        """See `Record`."""
        with super().unit(**options) as unit:
            yield unit
            self.cuts()
        self.cuts()


class CutTracker:
    """A tracker before and after whose every answer the process may end."""

    def __init__(self, tracker: Any, cuts: Cuts) -> None:
        self._tracker = tracker
        self._cuts = cuts

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._tracker, name)
        return self._guarded(found) if name in CALLS else found

    def _guarded(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(*args: Any, **named: Any) -> Any:
            self._cuts()
            answer = call(*args, **named)
            self._cuts()
            return answer

        return guarded


# --- the story: in each act people do something, then a cycle runs


def nobody_does_anything(story: Engine) -> None:
    """The first cycle creates the issues."""


def engineers_work(story: Engine) -> None:
    """One of everything that a tracker may tell."""
    issue = {n: story.link(n).remote_id or "" for n in range(1, 7)}
    story.person.close(issue[1])
    story.person.set_due(issue[2], "2026-07-01")
    story.person.set_due(issue[3], "2026-04-10")
    story.person.rename(issue[4], "Mine")
    story.person.close(issue[5], "wont_do")


def engineers_speak(story: Engine) -> None:
    """A command of every kind."""
    issue = {n: story.link(n).issue_id for n in range(1, 7)}
    for n, text in enumerate(
        (
            "done https://ci.example/7",
            "blocked no window",
            "extend 2026-07-01 because of the vendor",
            "vendor Server 9",
            "status",
        ),
        start=1,
    ):
        story.person.comment(issue[n], f"/poam {text}")
    story.person.comment(issue[1], "/poam help")


def both_speak_and_move(story: Engine) -> None:
    """A command that takes another one back, one beside a move, one against the record, and one asked for anew."""
    issue = {n: story.link(n).issue_id for n in range(1, 7)}
    story.person.comment(issue[1], "/poam blocked after all")
    story.person.set_due(issue[3], "2026-04-10")
    story.person.comment(issue[3], "/poam extend 2026-08-01 because of the vendor")
    change(story, 5, work_status="in_progress", work_status_version=1)
    story.person.comment(issue[5], "/poam done")
    story.person.close(issue[2])
    story.person.comment(issue[4], "/poam vendor Server 10")


def both_sides_move(story: Engine) -> None:
    """A concurrent status, a further date, a rejected verification, a reopened issue, a removed date, a new item."""
    issue = {n: story.link(n).remote_id or "" for n in range(1, 7)}
    change(story, 3, work_status="blocked", work_status_version=1)
    story.person.close(issue[3])
    story.person.set_due(issue[2], "2026-08-01")
    change(story, 1, state="open", work_status="in_progress", work_status_version=2)
    story.person.reopen(issue[5])
    story.person.set_due(issue[4], "")
    change(story, 6, weakness_name="Better known weakness")  # its issue rested so long that no overlap shows it again
    with story.record.unit(at=AT) as unit:
        unit.add_items(ISSO, [item(7)])


def life_goes_on(story: Engine) -> None:
    """What people do while no process runs; each of these issues may be about to be written by us."""
    issue = {n: story.link(n).remote_id or "" for n in range(1, 7)}
    story.person.reopen(issue[1])
    story.person.set_due(issue[2], "2026-08-01")
    story.person.set_due(issue[3], "2026-04-05")
    story.person.rename(issue[4], "Mine, again")
    story.person.set_due(issue[4], "2026-04-20")
    story.person.reopen(issue[5])
    story.person.close(issue[6])
    change(story, 6, weakness_name="Better known weakness")


def change(story: Engine, n: int, **values: Any) -> None:
    """The ISSO changes an item."""
    with story.record.unit(at=AT) as unit:
        unit.change(ISSO, "items", f"uid-{n}", values)


ACTS = (nobody_does_anything, engineers_work, both_sides_move)
ITEMS = tuple(item(n) for n in range(1, 7))


def play(
    folder: Path,
    *at: int,
    acts: Sequence[Act] = ACTS,
    items: Sequence[PoamItem] = ITEMS,
    lag: timedelta = timedelta(0),
    spare: int = 0,
    meanwhile: Act = nobody_does_anything,
) -> tuple[Facts, int]:
    """The story with cuts at these places, none in the first `spare` acts: what it ended in, how many places it had."""
    cuts = Cuts(frozenset(at))
    with engine(Path(mkdtemp(dir=folder)), *items, limits=BUSY) as story:
        story.world.list_lag = lag
        restart(story, cuts)
        story.tracker = CutTracker(story.tracker, cuts)
        for n, act in enumerate(acts):
            cuts.active = False
            story.clock.advance(hours=1)
            act(story)
            cuts.active = n >= spare
            story.clock.advance(hours=1)
            survive(story, cuts, meanwhile)
        places, cuts.active = cuts.passed, False
        for _ in range(3):
            story.later()
        facts = facts_of(story)
        last = story.later()
        assert (last.record_writes, last.connectors[0].error) == (0, None), "a cycle with nothing new writes nothing"
        assert facts_of(story) == facts
        story.record.close()
    return facts, places


def survive(story: Engine, cuts: Cuts, meanwhile: Act) -> None:
    """A cycle; after a cut another process takes over, first at once and then when every lag is over."""
    for pause in ({"hours": 0}, {"minutes": 1}, {"hours": 1}):
        story.clock.advance(**pause)
        try:
            story.cycle()
            if pause == {"hours": 0}:
                return
        except Cut:
            restart(story, cuts)
            meanwhile(story)


def restart(story: Engine, cuts: Cuts) -> None:
    """The record in another process."""
    story.record.close()
    story.record = CutRecord.open(story.record.path)
    story.record.cuts = cuts


def facts_of(story: Engine) -> Facts:
    """Everything that must not depend on a cut: no times, no row numbers, no order of issues."""
    assert list(problems(story.record.db)) == []
    query = story.record.db.conn.execute
    timeless = {"work_done_at": None, "status_date": None}
    return {
        "items": [replace(each, **timeless) for each in load(story.record.db)],
        "issues": sorted(
            (issue.title, issue.body, issue.status.name, issue.due_dates, *sorted(issue.labels))
            for issue in story.issues()
        ),
        "comments": sorted(
            (issue.title, each.author.id, re.sub(r" re \d+", "", each.text))
            for issue in story.issues()
            for each in issue.comments
        ),
        "unanswered": query("SELECT count(*) FROM answers").fetchone()[0],
        "seen": sorted(
            query("SELECT item_uid, field, old, new, person FROM journal WHERE entity = 'observed'"), key=str
        ),
        "requests": sorted(query("SELECT item_uid, kind, state, requested_date, requested_by FROM requests"), key=str),
        "conflicts": sorted(
            query(f"SELECT {', '.join(CONFLICT)} FROM conflicts"),  # noqa: S608 - our own words
            key=str,
        ),
        "evidence": sorted(query("SELECT item_uid, kind, added_by FROM evidence"), key=str),
        "links": sorted(query("SELECT item_uid, number, state FROM links"), key=str),
        "owed": sorted(query("SELECT DISTINCT state FROM outbox"), key=str),
    }
