"""A second issue of ours for one mirror, come to light late: closed and told, never taken for the mirror."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poam.connectors.errors import Gone, Unsettled
from poam.mapping.item import WorkStatus
from poam.sync.record.kinds import Link
from poam.sync.record.rows import rows

from .deciding import at_rest, resolved
from .engine import Engine, engine, item


@contextmanager
def a_late_twin(folder: Path) -> Iterator[tuple[Engine, str]]:
    """A mirror, and a second issue that a create left behind: more than the tracker's known lag allows."""
    with engine(folder, item(1)) as story:
        story.world.faults.append(("create", "after", Unsettled))
        story.cycle()
        first = story.issues()[0]
        twin = story.world.add(first.author, first.marker, {"title": first.title, "body": first.body})
        yield story, twin.id


def test_a_late_twin_is_closed_and_journaled_and_never_taken_for_the_mirror(tmp_path: Path) -> None:
    with a_late_twin(tmp_path) as (story, twin):
        assert story.later().connectors[0].edited == 1
        closed = story.tracker.get(twin)
        assert (closed.status.category, story.issue().status.category) == ("done", "todo")
        assert f"beside {story.issue().key}, where the work is tracked" in closed.body
        assert "kept by poam-sync" not in closed.body, "nobody keeps a block in it any more"
        retired = [link for link in rows(story.record.db, Link) if link.state == "retired"]
        assert [link.remote_id for link in retired] == [twin]
        assert story.item().work_status is WorkStatus.NOT_STARTED, "closing the twin claims nothing"
        assert story.later().record_writes == 0
        story.person.reopen(twin)
        assert story.later().connectors[0].edited == 0, "a retired issue is nobody's any more"


def test_a_late_twin_that_people_have_worked_in_is_left_to_a_person(tmp_path: Path) -> None:
    with a_late_twin(tmp_path) as (story, twin):
        story.person.close(twin)
        story.later()
        [conflict] = story.conflicts()
        assert (conflict.policy, conflict.record_value) == ("twin", story.issue().key)
        assert story.tracker.get(twin).key in (conflict.tracker_value or "")
        told = "SELECT DISTINCT person, origin FROM journal WHERE entity = 'conflicts'"
        assert list(story.record.db.execute(told)) == [("system", "sync:jira")]
        assert story.item().work_status is WorkStatus.NOT_STARTED
        resolved(story, "record")
        story.later()
        at_rest(story)
        assert story.conflicts() == []


def test_a_late_twin_that_somebody_deleted_is_done_with(tmp_path: Path) -> None:
    with a_late_twin(tmp_path) as (story, twin):
        story.world.faults.append(("get", "before", Gone))
        story.later()
        assert story.later().record_writes == 0
        assert {owed.state for owed in story.outbox()} == {"DONE"}
        assert story.tracker.get(twin).status.category == "todo"
