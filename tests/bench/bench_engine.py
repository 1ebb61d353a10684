"""What the engine itself costs: an idle cycle over very many items, and a changed item beside what no tool can avoid.

Run it: `python tests/bench/bench_engine.py`. A changed item costs at least one round trip over HTTP and one durable
transaction; both are measured bare, with the same HTTP library and the same SQLite, in the same run. Exits with 1
when an idle cycle over 100,000 items takes more than half a second of processor time.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, replace
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time
from typing import Any

import requests

sys.path.append(str(Path(__file__).parents[2]))
from poam.connectors.sandbox.jira import BOT
from poam.sync.cycle import run_cycle
from poam.sync.looking.rules import rules_for
from poam.sync.record.database import journal_mode, sqlite3
from poam.sync.record.kinds import Link, Sighting
from poam.sync.record.record import Record
from poam.sync.settings.people import daemon
from tests.sync.engine import Engine, engine, item
from tests.sync.two_trackers import Loop, item_for, two_trackers

SIZES, PROMISE = (1_000, 100_000), 0.5
CHANGED, ROUNDS = 100, 5
AT = "2026-03-02T12:00:00.000Z"


class Counted:
    """A tracker that counts how often it is called."""

    def __init__(self, tracker: Any) -> None:
        self.tracker, self.calls = tracker, 0

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.tracker, name)
        self.calls += callable(found)
        return found


@contextmanager
def mirrored(folder: Path, many: int) -> Iterator[Engine]:
    """An engine whose items were mirrored long ago, and whose record has nothing left to do."""
    with engine(folder, *(item(n) for n in range(1, many + 1))) as story:
        rules = rules_for(story.config, "jira", story.tracker.capabilities, "poam", "private")
        us = {"accounts:jira": "poam", "credential:jira": "poam", "visibility:jira": "private"}
        place = story.config.connectors["jira"].place
        known = {**us, "rules:jira": str(rules), "place:jira": place, "full_at": AT}
        with story.record.unit(at=AT) as unit:
            for n in range(1, many + 1):
                link = Link(f"l-{n}", f"uid-{n}", "jira", 1, f"m-{n}", f"old-{n}", f"OLD-{n}", "", "live")
                unit.create(daemon("jira"), "links", asdict(link))
                unit.put("sightings", asdict(Sighting(link.id, version="1", updated=AT)))
            unit.put("cursors", {"connector": "jira", "cursor": AT, "read_at": AT})
            for key, value in {**known, "planned_seq": str(unit.next_seq - 1)}.items():
                unit.put("meta", {"key": key, "value": value})
        yield story


def idle(many: int) -> tuple[float, int]:
    """Processor seconds and calls to the tracker of a cycle in which nothing happened anywhere; the best of some."""
    with TemporaryDirectory() as folder, mirrored(Path(folder), many) as story:
        counted = Counted(story.tracker)
        watched = replace(story, tracker=counted)  # type: ignore[arg-type]
        times = [_timed(process_time, lambda: _rest(watched)) for _ in range(ROUNDS)]
        return min(times), counted.calls // ROUNDS


def _rest(story: Engine) -> None:
    report = story.later(seconds=1)
    assert report.record_writes == 0
    assert report.connectors[0].error is None


def _timed(clock: Callable[[], float], work: Callable[[], object]) -> float:
    start = clock()
    work()
    return clock() - start


def changed_item() -> tuple[float, float, float]:
    """Seconds for one changed item: ours, a bare round trip to the same server, a bare durable transaction."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        items = [item_for("jira", n) for n in range(1, CHANGED + 1)]
        with two_trackers(folder / "loop", *items) as loop, loop.process() as trackers:
            with loop.stage.config.open("a") as file:  # what changes here is far more than usual
                file.write("\n[sync.limits]\nmass_change_percent = 100\n")
            for _ in range(3):
                loop.clock.advance(minutes=30)
                loop.cycle(trackers)
            ours = min(_taken_in(loop, trackers, turn) for turn in range(ROUNDS))
            trip = _round_trip(loop.stage.jira.url, loop.remote(1))
        return ours / CHANGED, trip, _transaction(folder / "bare.db")


def _taken_in(loop: Loop, trackers: Any, turn: int) -> float:
    """Seconds of a cycle that takes in what people did to every issue."""
    person = loop.stage.people["jira"]
    for link in loop.links():
        (person.reopen if turn % 2 else person.start)(link.remote_id or "")
    loop.clock.advance(minutes=1)
    with Record.open(loop.config.record_path) as record:
        start = perf_counter()
        report = run_cycle(record, trackers, loop.config, loop.clock.now)
        took = perf_counter() - start
    assert report.connectors[0].changed == CHANGED, report
    return took


def _round_trip(url: str, issue: str) -> float:
    with closing(requests.Session()) as session:
        session.auth = (BOT.email, BOT.token)
        path = f"{url}/rest/api/2/issue/{issue}?expand=changelog"
        return min(_timed(perf_counter, lambda: session.get(path).raise_for_status()) for _ in range(50))


def _transaction(path: Path) -> float:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        mode, level, *_ = journal_mode()
        for statement in (f"PRAGMA journal_mode={mode}", f"PRAGMA synchronous={level}", "CREATE TABLE t (n, v)"):
            connection.execute(statement)
        numbers = count()

        def commit() -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO t VALUES (?, ?)", (next(numbers), "x" * 300))
            connection.execute("COMMIT")

        return min(_timed(perf_counter, commit) for _ in range(200))


def main() -> int:
    """Prints the figures."""
    found = {many: idle(many) for many in SIZES}
    for many, (seconds, calls) in found.items():
        print(f"idle cycle over {many:>7,} items   {seconds:.3f} s of processor time, {calls} call to the tracker")
    ours, trip, transaction = changed_item()
    print(f"one changed item, {CHANGED} at once   {ours * 1000:.2f} ms")
    print(f"  {ours / trip:.1f} times a bare round trip ({trip * 1000:.2f} ms)")
    print(f"  {ours / transaction:.1f} times a bare durable transaction ({transaction * 1000:.2f} ms)")
    print(f"  {ours / (trip + transaction):.2f} times both")
    return int(found[SIZES[-1]][0] > PROMISE or len({calls for _, calls in found.values()}) > 1)


if __name__ == "__main__":
    sys.exit(main())
