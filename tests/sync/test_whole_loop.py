"""The whole loop, by the commands a person types, over both real connectors: from one workbook to the next."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from poam.connectors.sandbox.person import Person
from poam.mapping.documents.document import Document, SystemHeader
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook
from poam.mapping.item import PoamItem, State
from poam.sync.record.items import load
from poam.sync.record.kinds import Link
from poam.sync.record.record import Record
from poam.sync.record.rows import rows

from .engine import item
from .two_trackers import CONTROL, Loop, two_trackers

EACH = pytest.mark.parametrize("connector", ["jira", "code"])
NUMBER = {"jira": {"closed": 1, "later": 2, "earlier": 3}, "code": {"closed": 4, "later": 5, "earlier": 6}}
SETTLED = 7


def workbook() -> bytes:
    """Last month's: three open items for each tracker, and one that was closed before."""
    items = [
        replace(item(n, controls=CONTROL[name]), uid="", system_id="", baselined_at=None)
        for name, numbers in NUMBER.items()
        for n in numbers.values()
    ]
    closed = replace(items[0], poam_id=f"V-{SETTLED}", state=State.CLOSED, actual_completion_date="2026-02-01")
    header = SystemHeader("ACME", "ACME Cloud", "Moderate", "2026-02-28")
    return write_workbook(Document("2.1", header, (*items, closed)), layout="2.1")


@pytest.fixture(scope="module")
def loop(in_memory: Path) -> Iterator[Loop]:
    """A month in which engineers close, move and pull forward, and an ISSO decides."""
    with two_trackers(in_memory / "loop") as ready:
        source = in_memory / "last-month.xlsx"
        source.write_bytes(workbook())
        done(ready, "import", str(source), "--yes")
        done(ready, "sync")
        for name, numbers in NUMBER.items():
            act(ready, name, numbers["closed"], lambda person, issue: person.close(issue))
            act(ready, name, numbers["later"], lambda person, issue: person.set_due(issue, "2026-07-01"))
            act(ready, name, numbers["earlier"], lambda person, issue: person.set_due(issue, "2026-04-10"))
        ready.clock.advance(hours=1)
        asks(ready, "sync")
        yield ready


def done(loop: Loop, *words: str) -> str:
    """A command after which nothing is left to do."""
    result = loop.poam(*words)
    assert result.exit_code == 0, result.output
    return result.output


def asks(loop: Loop, *words: str) -> str:
    """A command after which something waits for a person."""
    result = loop.poam(*words)
    assert result.exit_code == 1, result.output
    return result.output


def act(loop: Loop, connector: str, n: int, what: Callable[[Person, str], None]) -> None:
    """An engineer does something to an item's issue."""
    what(loop.stage.people[connector], link(loop, n).remote_id or "")


def link(loop: Loop, n: int) -> Link:
    """The link of item V-n."""
    with Record.read(loop.config.record_path) as record:
        return rows(record.db, Link, "item_uid = (SELECT uid FROM items WHERE poam_id = ?)", (f"V-{n}",))[0]


def stored(loop: Loop, n: int) -> PoamItem:
    """Item V-n as the record has it."""
    with Record.read(loop.config.record_path) as record:
        return load(record.db, "poam_id = ?", (f"V-{n}",))[0]


def journal(loop: Loop, query: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of the journal."""
    with Record.read(loop.config.record_path) as record:
        return record.db.conn.execute(f"SELECT {query}", values).fetchall()


@EACH
def test_every_open_item_is_one_issue_where_its_controls_lead_and_a_closed_one_none(loop: Loop, connector: str) -> None:
    assert sorted(issue.title.split()[0] for issue in loop.issues(connector)) == [
        f"[V-{n}]" for n in sorted(NUMBER[connector].values())
    ]


@EACH
def test_a_closed_issue_waits_for_a_person_to_verify_it(loop: Loop, connector: str) -> None:
    item = stored(loop, NUMBER[connector]["closed"])
    assert item.state is State.PENDING_VERIFICATION
    assert item.work_done_by == {"jira": "ann@example.com", "code": "maya@northwind.example"}[connector]


@EACH
def test_an_earlier_date_is_the_engineers_forecast_and_nothing_else_moves(loop: Loop, connector: str) -> None:
    item = stored(loop, NUMBER[connector]["earlier"])
    assert item.scheduled_completion_date == "2026-05-01"
    moves = journal(loop, "new FROM journal WHERE entity_id = ? AND field = 'forecast_date' ORDER BY seq", item.uid)
    assert moves[0] == ("2026-04-10",)


@EACH
def test_a_later_date_went_back_and_can_be_decided(loop: Loop, connector: str) -> None:
    n = NUMBER[connector]["later"]
    asked = json.loads(loop.poam("requests", "--json").stdout)
    request = next(each for each in asked if each["poam_id"] == f"V-{n}")
    assert request["requested_date"] == "2026-07-01"
    loop.poam("approve", str(request["id"]), "--reason", "noted")
    loop.clock.advance(hours=1)
    loop.poam("sync")
    with loop.process() as trackers:
        issue = trackers[connector].get(link(loop, n).remote_id or "")
    assert issue.due_dates == ("2026-05-01",), "FedRAMP knows no extensions: the later date is a milestone change"
    assert "poam-date-pending" not in issue.labels
    assert [change.date for change in stored(loop, n).milestone_changes] == ["2026-07-01"]


def test_everything_people_did_is_attributed_to_them_and_our_own_writes_are_no_news(loop: Loop) -> None:
    seen = journal(loop, "DISTINCT person, field FROM journal WHERE entity = 'observed' ORDER BY person, field")
    people = ("ann@example.com", "maya@northwind.example")
    assert seen == [(person, field) for person in people for field in ("due_date", "work_status")]


@EACH
def test_what_we_write_for_the_record_is_told_of_nobody_at_the_tracker(loop: Loop, connector: str) -> None:
    n = NUMBER[connector]["earlier"]
    before = journal(loop, "count(*) FROM journal WHERE entity = 'observed'")
    done(
        loop,
        "set",
        f"V-{n}",
        f"weakness_name=Found in {connector}",
        "forecast_date=2026-04-20",
        "--reason",
        "replanned",
    )
    for _ in range(2):
        loop.clock.advance(hours=1)
        loop.poam("sync")
    with loop.process() as trackers:
        assert trackers[connector].get(link(loop, n).remote_id or "").due_dates == ("2026-04-20",)
    assert journal(loop, "count(*) FROM journal WHERE entity = 'observed'") == before


def test_then_the_loop_rests_the_document_comes_out_and_the_journal_is_proved(loop: Loop, tmp_path: Path) -> None:
    for _ in range(2):
        loop.clock.advance(hours=1)
        loop.poam("sync")
    before = [issue.version for name in NUMBER for issue in loop.issues(name)]
    loop.clock.advance(hours=1)
    assert json.loads(loop.poam("sync", "--json").stdout)["record_writes"] == 0
    assert [issue.version for name in NUMBER for issue in loop.issues(name)] == before
    target = tmp_path / "this-month.xlsx"
    done(loop, "export", "fedramp", "-o", str(target))
    assert sorted(each.poam_id for each in read_workbook(target.read_bytes()).document.items) == [
        f"V-{n}" for n in range(1, SETTLED + 1)
    ]
    done(loop, "verify")
    assert "Nothing to import" in done(loop, "import", str(target))
