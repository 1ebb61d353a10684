"""The first sweep after a restore: an older record takes in what happened since, and writes nothing over it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from poam.connectors.errors import Unavailable
from poam.mapping.item import WorkStatus
from poam.sync.record.backup import backup
from poam.sync.record.record import Record
from poam.sync.restored import was_restored

from .deciding import approved, ask, at_rest
from .engine import ISSO, Engine, engine, item
from .two_trackers import item_for, two_trackers

AT = "2026-03-03T00:00:00.000Z"


@contextmanager
def restored(story: Engine, copy: Path) -> Iterator[Engine]:
    """The engine on an earlier copy of its record, which knows that it was restored."""
    with Record.open(copy) as record:
        with record.unit(at=AT) as unit:
            unit.db.execute("DELETE FROM cursors")
            unit.put("meta", {"key": "restored_at", "value": AT})
        yield replace(story, record=record)


def test_the_first_sweep_takes_in_everything_and_writes_nothing_to_the_trackers(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2)) as story:
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
        story.later()
        story.person.close(story.link(2).remote_id or "")
        story.later()
        with restored(story, tmp_path / "copy.db") as again:
            before = [issue.version for issue in again.issues()]
            report = again.later()
            assert [issue.version for issue in again.issues()] == before
            assert [(each.key, each.what) for each in report.recovered] == [
                (again.link(1).remote_key, "shows another body, title than the record")
            ]
            assert again.item(2).work_status is WorkStatus.DONE, "what people did is in the history"
            assert report.connectors[0].edited == report.connectors[0].owed == 0
            assert [new for _, _, new in again.journal("observed.title")] == ["[V-1] A newer name"]


def test_the_cycle_after_the_sweep_is_an_ordinary_one(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
        story.later()
        with restored(story, tmp_path / "copy.db") as again:
            again.later()
            assert not was_restored(again.record.db)
            again.later()
            assert again.issue().title == "[V-1] Outdated library 1", "the record's fields are the record's"
            again.later()
            at_rest(again)


def test_issues_of_items_that_the_restored_record_does_not_have_are_told_and_left_alone(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        with story.record.unit(at=AT) as unit:
            unit.add_items(ISSO, [item(2)])
        story.later()
        lost = story.issue(2)
        with restored(story, tmp_path / "copy.db") as again:
            report = again.later()
            assert [(each.key, each.what) for each in report.recovered] == [
                (lost.key, "mirrors an item that the record does not have")
            ]
            assert again.later().recovered == ()
            assert again.tracker.get(lost.id) == lost
            again.later(minutes=30)
            again.person.label(again.link(1).remote_id or "", add=("newer",))
            again.later(minutes=30)
            again.world.faults.append(("get_many", "before", Unavailable))
            again.later(minutes=30)  # no list shows it as changed any more, and nobody compares everything
            assert again.world.faults.pop()[0] == "get_many", "nobody asks for it as long as no item is new"
            with again.record.unit(at=AT) as unit:
                unit.add_items(ISSO, [item(2)])
            again.later()
            assert again.link(2).remote_id == lost.id, "the same item finds its issue again"
            assert len(again.issues()) == 2


def test_nothing_that_an_older_record_owed_is_sent_before_it_has_looked(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.world.faults.append(("create", "before", Unavailable))
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        story.later()
        first = story.issue()
        with restored(story, tmp_path / "copy.db") as again:
            assert again.later().connectors[0].created == 0
            assert again.link().remote_id == first.id
            again.later()
            assert len(again.issues()) == 1


def test_a_create_that_an_older_record_owed_is_in_doubt_until_the_tracker_was_asked_late_enough(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.world.faults.append(("create", "before", Unavailable))
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        with restored(story, tmp_path / "copy.db") as again:
            again.later()
            [owed] = again.outbox()
            assert (owed.operation, owed.state) == ("create", "UNKNOWN")
            assert owed.send_deadline == "2026-03-02T13:00:00.000Z", "it may have been sent until now"
            assert owed.created_at == "2026-03-02T12:00:00.000Z", "or any time since there is a record"
            again.later(minutes=1)
            assert again.issues() == []
            again.later()
            assert len(again.issues()) == 1
            at_rest(again)


@pytest.mark.parametrize("operation", ["check", "changed_since", "get_many"])
def test_a_sweep_that_could_not_see_everything_is_done_again(tmp_path: Path, operation: str) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        story.later()
        with restored(story, tmp_path / "copy.db") as again:
            again.world.faults.append((operation, "before", Unavailable))  # type: ignore[arg-type]
            hidden = replace(again.issue(), marker=None) if operation == "get_many" else None
            if hidden is not None:  # so that only a look at the issue itself shows it
                again.person.label(hidden.id, add=("x",))
                again.world.change(hidden.author, hidden.id, {"marker": None})
            report = again.later()
            assert report.connectors[0].error is not None
            assert was_restored(again.record.db)
            again.later()
            assert not was_restored(again.record.db)


def test_an_older_copy_put_in_place_by_hand_is_noticed_by_the_next_cycle(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1)) as loop:
        path = loop.config.record_path
        assert loop.poam("sync").exit_code == 0
        backup(path, tmp_path / "copy.db")
        with Record.open(path) as record, record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"remediation_plan": "A newer plan."})
        assert loop.poam("sync").exit_code == 0
        before = loop.issues("jira")
        with Record.read(path) as record:
            head = record.head
        for left in path.parent.glob(f"{path.name}-*"):
            left.unlink()
        shutil.copy(tmp_path / "copy.db", path)
        assert loop.poam("verify").exit_code == 3, "the row that the last command left is not in it"
        told = loop.poam("sync")
        assert "is not as the last command left it" in told.stderr
        noted = "SELECT entity_id, field, reason FROM journal WHERE entity = 'record'"
        with Record.read(path) as record:
            assert list(record.db.execute(noted)) == [(str(head[0]), "is not as it was left", head[1])]
        assert "shows another body than the record" in told.stdout
        assert told.exit_code == 1, "a person should look at that"
        assert loop.issues("jira") == before
        assert "shows another" not in loop.poam("sync").output
        assert loop.issues("jira") != before
        assert "nothing to do" in loop.poam("sync").output
        assert loop.poam("verify").exit_code == 0


def test_a_later_date_is_still_asked_for_where_the_restored_record_has_forgotten_what_it_showed_instead(
    tmp_path: Path,
) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        story.person.set_due(story.link().remote_id or "", "2026-07-30")
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"forecast_date": "2026-04-01"})
        backup(story.record.path, tmp_path / "copy.db")
        story.later()
        story.later()
        assert story.issue().due_dates == ("2026-04-01",), "our own forecast, beside the request"
        with restored(story, tmp_path / "copy.db") as again:
            again.later()
            again.later()
            assert [(each.requested_date, each.requested_by) for each in again.requests()] == [
                ("2026-07-30", "ann@acme.example")
            ]
            assert again.item().forecast_date == "2026-04-01"
            at_rest(again)


def test_a_later_date_that_was_granted_and_forgotten_is_asked_for_by_the_one_who_did(tmp_path: Path) -> None:
    with engine(tmp_path, item(1, system_id="LEDGER")) as story:
        story.cycle()
        backup(story.record.path, tmp_path / "copy.db")
        ask(story, date="2026-07-30")
        approved(story)
        story.later()
        assert story.issue().due_dates == ("2026-07-30",)
        with restored(story, tmp_path / "copy.db") as again:
            again.later()
            again.later()
            assert [(each.requested_date, each.requested_by) for each in again.requests()] == [
                ("2026-07-30", "ann@acme.example")
            ]
            at_rest(again)
