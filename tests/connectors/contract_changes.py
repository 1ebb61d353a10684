"""The contract's second half: how changes are told, and how they are made."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from poam.connectors.base import Category, Edit, Status, Value
from poam.connectors.sandbox.person import Closing

from .stage import ACTS, Stage


class Attributing:
    """Who did what, when, from what to what."""

    @pytest.mark.parametrize(
        ("before", "act", "field", "old", "new"),
        [
            ([], "start", "status", "todo", "doing"),
            ([], "close", "status", "todo", "done"),
            (["start"], "close", "status", "doing", "done"),
            (["close"], "reopen", "status", "done", "todo"),
            ([], "set_due", "due_date", "2027-03-01", "2027-04-01"),
            ([], "clear_due", "due_date", "2027-03-01", None),
            (["clear_due"], "set_due", "due_date", None, "2027-04-01"),
            ([], "rename", "title", "Fix item", "Renamed"),
        ],
    )
    def test_what_a_person_does_is_told_with_author_time_and_both_values(
        self, stage: Stage, before: list[str], act: str, field: str, old: str | None, new: str | None
    ) -> None:
        issue_id = stage.create(due_date="2027-03-01")
        for earlier in before:
            ACTS[earlier](stage.person, issue_id)
        cursor = stage.read()
        began = stage.now()
        ACTS[act](stage.person, issue_id)
        ended = stage.now()
        history = stage.tracker.get(issue_id).history
        story = [change for change in history if change.field == field and change.at[:19] >= began[:19]]
        assert (plain(story[0].old), plain(story[-1].new)) == (old, new)
        assert {change.author.id for change in story} == {stage.person.account}
        assert all(change.at[:19] <= ended[:19] for change in story)
        stage.later()
        [read] = [issue for issue in stage.tracker.changed_since(cursor).issues if issue.id == issue_id]
        assert set(story) <= set(read.history)

    def test_a_history_is_a_chain_with_growing_ids_that_ends_at_what_is_there(self, stage: Stage) -> None:
        issue_id = stage.create()
        for act in ("close", "reopen", "start", "rename", "set_due", "close"):
            ACTS[act](stage.person, issue_id)
            stage.clock.advance(minutes=1)
        issue = stage.tracker.get(issue_id)
        ids = [change.id for change in issue.history]
        assert ids == sorted(set(ids))
        assert [change.at for change in issue.history] == sorted(change.at for change in issue.history)
        statuses = stage.changes(issue_id, "status")
        assert all(older.new == newer.old for older, newer in pairwise(statuses))
        assert statuses[-1].new == issue.status

    def test_our_own_edits_are_told_as_ours_or_not_at_all(self, stage: Stage) -> None:
        issue_id = stage.create()
        stage.edit(issue_id, Edit(title="Ours", due_date="2027-05-01", status="done"))
        history = stage.tracker.get(issue_id).history
        assert {change.author.id for change in history} <= {stage.tracker.check().account.id}

    def test_the_ways_to_close_are_all_done_and_told_apart(self, stage: Stage) -> None:
        ways: tuple[Closing, ...] = ("completed", "wont_do", "duplicate")
        statuses = []
        for way in ways:
            issue_id = stage.create(way)
            stage.person.close(issue_id, way)
            statuses.append(stage.tracker.get(issue_id).status)
        assert {status.category for status in statuses} == {"done"}
        assert len(set(statuses)) == len(ways)


class Editing:
    """Only what is meant is touched."""

    @pytest.mark.parametrize(
        "edit",
        [
            Edit(),
            Edit(title="New title"),
            Edit(body="New body."),
            Edit(due_date="2027-12-31"),
            Edit(due_date=""),
            Edit(status="done"),
            Edit(status="doing"),
            Edit(add_labels=frozenset({"late"})),
            Edit(remove_labels=frozenset({"security"})),
        ],
        ids=repr,
    )
    def test_an_edit_touches_only_what_it_sets(self, stage: Stage, edit: Edit) -> None:
        issue_id = stage.create(due_date="2027-03-01", labels=frozenset({"security", "boundary"}))
        old = stage.tracker.get(issue_id)
        new = stage.tracker.edit(old, edit)
        assert (new.marker, new.author, new.created) == (old.marker, old.author, old.created)
        assert new.title == (old.title if edit.title is None else edit.title)
        assert new.body == (old.body if edit.body is None else edit.body)
        assert new.status.category == (edit.status or old.status.category)
        assert new.due_dates == (old.due_dates if edit.due_date is None else tuple(filter(None, [edit.due_date])))
        ours = {"security", "boundary", "late"}
        assert new.labels & ours == (old.labels & ours) - edit.remove_labels | edit.add_labels

    def test_an_edit_answers_what_a_read_shows(self, stage: Stage) -> None:
        issue_id = stage.create()
        edited = stage.edit(issue_id, Edit(title="New", due_date="2027-12-31", status="done"))
        assert replace(edited, history=()) == replace(stage.tracker.get(issue_id), history=())

    @pytest.mark.parametrize(
        "edit",
        [
            Edit(title="New title", body="New body."),
            Edit(due_date="2027-12-31"),
            Edit(status="doing"),
            Edit(status="done"),
            Edit(remove_labels=frozenset({"security"}), marker="a" * 26),
        ],
        ids=repr,
    )
    def test_an_edit_answers_the_version_that_the_next_list_shows(self, stage: Stage, edit: Edit) -> None:
        issue_id = stage.create(due_date="2027-03-01", labels=frozenset({"security"}))
        edited = stage.edit(issue_id, edit)
        stage.later()
        assert {issue.id: issue.version for issue in stage.tracker.changed_since(None).issues} == {
            issue_id: edited.version
        }

    def test_an_edit_of_what_is_so_already_answers_the_issue_as_it_was_read(self, stage: Stage) -> None:
        issue = stage.tracker.get(stage.create())
        assert stage.tracker.edit(issue, Edit()) == stage.tracker.edit(issue, Edit(status="todo")) == issue

    def test_an_edit_tells_every_change_of_others_since_the_issue_was_read_or_leaves_the_history_to_a_read(
        self, stage: Stage
    ) -> None:
        issue = stage.tracker.get(stage.create(due_date="2027-03-01"))
        stage.person.set_due(issue.id, "2027-04-01")
        edited = stage.tracker.edit(issue, Edit(title="Ours"))
        assert (edited.title, edited.due_dates) == ("Ours", ("2027-04-01",))
        assert not edited.history or "due_date" in {change.field for change in edited.history}
        assert "due_date" in {change.field for change in stage.tracker.get(issue.id).history}

    def test_labels_that_people_add_survive_our_edits(self, stage: Stage) -> None:
        issue_id = stage.create(labels=frozenset({"security"}))
        stage.person.label(issue_id, add=("urgent", "team-a"))
        stage.edit(issue_id, Edit(title="New", add_labels=frozenset({"late"}), due_date="2027-12-31"))
        assert stage.tracker.get(issue_id).labels >= {"security", "urgent", "team-a", "late"}

    def test_what_people_wrote_survives_an_edit_of_something_else(self, stage: Stage) -> None:
        issue_id = stage.create(due_date="2027-03-01")
        for act in ("rename", "rewrite_body", "set_due", "start"):
            ACTS[act](stage.person, issue_id)
        issue = stage.edit(issue_id, Edit(add_labels=frozenset({"late"})))
        assert (issue.title, issue.body, issue.due_dates) == ("Renamed", "Rewritten.", ("2027-04-01",))
        assert issue.status.category == "doing"

    @pytest.mark.parametrize("path", [("done", "todo"), ("doing", "done", "doing"), ("doing", "todo", "done")])
    def test_an_edit_brings_an_issue_to_any_category_and_back(self, stage: Stage, path: list[Category]) -> None:
        issue_id = stage.create()
        reached = [stage.edit(issue_id, Edit(status=step)).status.category for step in path]
        assert reached == list(path)

    def test_a_status_of_the_wanted_category_is_left_alone(self, stage: Stage) -> None:
        issue_id = stage.create()
        stage.person.close(issue_id, "wont_do")
        before = stage.tracker.get(issue_id)
        assert stage.edit(issue_id, Edit(status="done")).status == before.status
        assert stage.changes(issue_id, "status") == [c for c in before.history if c.field == "status"]

    def test_a_due_date_is_set_moved_and_cleared(self, stage: Stage) -> None:
        issue_id = stage.create()
        dates = ["2027-01-01", "9999-12-31", "2028-02-29", ""]
        seen = [stage.edit(issue_id, Edit(due_date=date)).due_dates for date in dates]
        assert seen == [("2027-01-01",), ("9999-12-31",), ("2028-02-29",), ()]
        assert stage.edit(issue_id, Edit(due_date="")).due_dates == ()

    @pytest.mark.parametrize("body", ["a\r\nb", "a  \nb\n\n", "\n a", "", "- [ ] task\r\n\r\n> quote \n"])
    def test_writing_what_was_read_changes_nothing(self, stage: Stage, body: str) -> None:
        issue_id = stage.create()
        stage.edit(issue_id, Edit(title="  Spaced  out ", body=body))
        read = stage.tracker.get(issue_id)
        assert "\r" not in read.body
        written = stage.edit(issue_id, Edit(title=read.title, body=read.body))
        assert (written.title, written.body) == (read.title, read.body)
        assert stage.tracker.get(issue_id).history == read.history

    @pytest.mark.parametrize("body", [None, "Newly written."])
    def test_our_mark_and_marker_come_back_where_people_removed_them(self, stage: Stage, body: str | None) -> None:
        issue_id, marker = stage.create(labels=frozenset({"security"})), stage.draft().marker
        ours = stage.tracker.get(issue_id).labels - {"security"}
        stage.person.label(issue_id, remove=tuple(ours))
        stage.person.rewrite_body(issue_id, "Rewritten.")
        cursor = stage.read()
        assert stage.tracker.get(issue_id).marked is (ours == set())
        edited = stage.edit(issue_id, Edit(body=body, marker=marker))
        assert (edited.marker, edited.marked, edited.body) == (marker, True, body or "Rewritten.")
        assert edited.labels == ours | {"security"}
        stage.later()
        assert ours == set() or [issue.id for issue in stage.tracker.changed_since(cursor).issues] == [issue_id]


def plain(value: Value) -> str | None:
    """A history's value with a status told by its category alone: the names are the tracker's own."""
    return value.category if isinstance(value, Status) else value
