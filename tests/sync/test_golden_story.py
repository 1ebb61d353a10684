"""A busy story, and every row it leaves: what an auditor reads of it is in `golden_story.txt`, word by word.

After a change that is meant, `python -m tests.sync.test_golden_story` writes the file anew, and its diff is read.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from poam.connectors.base import Account
from poam.connectors.errors import Forbidden, Gone, Rejected, Stale, Unavailable, Unsettled
from poam.connectors.sandbox.clock import iso
from poam.mapping.item import State
from poam.sync.record.verify import problems

from .cuts import BUSY, both_sides_move, engineers_work
from .deciding import EVA, SCAN, approved, moved, rejected, resolved
from .engine import ISSO, Engine, engine, item

LONG = 100
GOLDEN = Path(__file__).with_name("golden_story.txt")
TELLING = {
    "journal": "seq, at, person, role, origin, cycle, entity, entity_id, item_uid, field, old, new, reason, source",
    "links": "*",
    "requests": "*",
    "conflicts": "*",
    "evidence": "*",
    "answers": "*",
    "outbox": "id, link_id, operation, state, attempts, send_deadline, not_before, last_error, created_at, payload",
    "sightings": "*",
    "bases": "*",
    "cursors": "*",
    "meta": "*",
}


def lines(folder: Path) -> Iterator[str]:
    """The story, told, and then row by row."""
    items = [item(n) for n in range(1, 7)] + [item(8, system_id="LEDGER"), item(9, system_id="LEDGER")]
    with engine(folder, *items, limits=BUSY) as story:
        for act in (work, trouble, decisions, lost_issues, a_restored_record, talk):
            act(story)
        story.later()
        story.later()
        assert list(problems(story.record.db)) == []
        yield from map(str, story.reports)
        for table, columns in TELLING.items():
            yield f"== {table}"
            for row in story.record.db.execute(f"SELECT {columns} FROM {table} ORDER BY 1, 2, rowid"):  # noqa: S608
                yield " | ".join(map(short, row))
        for issue in story.issues():
            yield f"== {issue.key} {issue.status.name} {issue.title} {issue.due_dates} {sorted(issue.labels)}"
            yield short(issue.body)
            yield from (f"{each.at} {each.author.id} {each.field} -> {each.new}" for each in issue.history)
            yield from (f"{each.at} {each.author.id} says {short(each.text)}" for each in issue.comments)


def short(value: object) -> str:
    """A value in a line; of a long one its beginning, and a digest of all of it."""
    told = "-" if value is None else str(value).replace("\n", "\\n")
    return told if len(told) <= LONG else f"{told[:LONG]}... {sha256(told.encode()).hexdigest()[:8]}"


def remote(story: Engine, n: int) -> str:
    return story.link(n).remote_id or ""


def work(story: Engine) -> None:
    """One of everything that engineers do, and a person at the other side at once."""
    story.cycle()
    for act in (engineers_work, both_sides_move):
        story.clock.advance(hours=1)
        act(story)
        story.later()
    story.later(minutes=1)
    for dates in (("2026-06-01", "2026-05-01"), ("2026-06-01",)):
        story.world.change(Account("ann", "Ann Engineer"), remote(story, 8), {"due_dates": dates})
        story.later()
    story.later(minutes=20)
    with story.record.unit(at=iso(story.clock.now())) as unit:
        unit.replace_assets(ISSO, "uid-4", ["db-01.acme.example", "db-02.acme.example"], source="assets.csv")
    story.later()


def trouble(story: Engine) -> None:
    """Every error of a tracker, met by an edit."""
    for n, error in enumerate((Forbidden, Rejected, Stale, Unavailable, Unsettled, Gone)):
        for when in ("before", "after") if error is Unsettled else ("before",):
            rename(story, 9, f"Name {n} {when}")
            story.world.faults.append(("edit", when, error))  # type: ignore[arg-type]
            story.later()
            story.later()


def rename(story: Engine, n: int, name: str) -> None:
    with story.record.unit(at=iso(story.clock.now())) as unit:
        unit.change(ISSO, "items", f"uid-{n}", {"weakness_name": name})


def decisions(story: Engine) -> None:
    """Requests, conflicts and transitions are decided; what follows reaches the issues."""
    for conflict in story.conflicts():
        resolved(story, "record", conflict.id)
    story.later()
    for n, request in enumerate(story.requests()):
        (approved if n % 2 else rejected)(story, request.id)
    story.later()
    for n in (1, 2, 4):
        story.person.close(remote(story, n))
    story.person.close(remote(story, 5), "duplicate")
    story.later()
    moved(story, State.CLOSED, evidence=(SCAN,), person=EVA)
    story.later()
    for n in (2, 5):
        story.person.reopen(remote(story, n))
    story.later()


def lost_issues(story: Engine) -> None:
    """A create whose answer is lost, its twin, one that is refused; a deleted issue; a tracker that becomes public."""
    with story.record.unit(at=iso(story.clock.now())) as unit:
        unit.add_items(ISSO, [item(10), item(11), item(12)])
    story.world.creates_at_once = 1  # so that each of the three fails in its own way
    story.world.faults += [("create", "after", Unsettled), ("create", "before", Rejected), ("create", "before", Stale)]
    story.later()
    made = story.issues()[-1]
    story.world.add(made.author, made.marker, {"title": made.title, "body": made.body})
    story.later()
    story.person.delete(remote(story, 6))
    for _ in range(4):
        story.clock.advance(hours=1)
        story.cycle(full=True)
    for conflict in story.conflicts():
        resolved(story, "record", conflict.id)
    story.later()
    story.world.visibility = "public"
    story.later()


def a_restored_record(story: Engine) -> None:
    """An older copy takes the record's place: it only takes in, and tells what it does not know."""
    with story.record.unit(at=iso(story.clock.now())) as unit:
        unit.db.execute("DELETE FROM cursors")
        unit.put("meta", {"key": "restored_at", "value": unit.at})
        unit.change(ISSO, "items", "uid-3", {"remediation_plan": "Another plan."})
        unit.add_items(ISSO, [item(13)])
    story.later()


def talk(story: Engine) -> None:
    """Commands of every kind, one of which changes its mind, below issues that strangers can read."""
    story.later()
    for n, text in (
        (2, "blocked no window before May"),
        (2, "done https://ci.example/build/7"),
        (5, "extend 2026-07-01 because the vendor ships in June"),
        (7, "extend 2026-04-01"),
        (8, "vendor Server 9 case 0815"),
        (9, "checkin they answered"),
        (10, "fp the library is not loaded"),
        (11, "status"),
        (12, "extend soon"),
    ):
        story.person.comment(remote(story, n), f"/poam {text}")
        story.clock.advance(seconds=1)
    story.world.faults.append(("edit", "after", Unsettled))
    story.later(minutes=1)
    for request in story.requests():
        approved(story, request.id)
    story.later()


def test_a_busy_story_leaves_the_rows_that_were_read_and_agreed_on(tmp_path: Path) -> None:
    told, golden = list(lines(tmp_path)), GOLDEN.read_text(encoding="utf-8").split("\n")
    assert "\n".join(difflib.unified_diff(golden, told, "golden_story.txt", "now", lineterm="", n=0)) == ""


if __name__ == "__main__":
    with TemporaryDirectory() as place:
        GOLDEN.write_text("\n".join(lines(Path(place))), encoding="utf-8")
