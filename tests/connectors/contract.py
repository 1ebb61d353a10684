"""What every tracker promises, told once: each implementation plays it on its own stage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Gone, Rejected, Unsettled

from .contract_changes import Attributing, Editing
from .stage import ACTS, Stage, made


class Creating:
    """One request, one issue, found again by its marker."""

    def test_a_created_issue_is_read_back_as_drafted(self, stage: Stage) -> None:
        draft = stage.draft(due_date="2028-02-29", labels=frozenset({"security", "boundary-a"}))
        created = made(stage.tracker, draft)
        issue = stage.tracker.get(created.id)
        assert (issue.id, issue.key, issue.url) == (created.id, created.key, created.url)
        assert (issue.marker, issue.title, issue.body) == (draft.marker, draft.title, draft.body)
        assert issue.due_dates == ("2028-02-29",)
        assert issue.labels >= draft.labels
        assert issue.status.category == "todo"
        assert issue.author.id == stage.tracker.check().account.id

    def test_a_create_that_answers_with_the_issue_answers_what_a_read_shows(self, stage: Stage) -> None:
        created = made(stage.tracker, stage.draft(due_date="2027-03-01"))
        read = stage.tracker.get(created.id)
        assert replace(created.issue or read, history=()) == replace(read, history=())

    def test_an_issue_without_a_due_date_has_none(self, stage: Stage) -> None:
        assert stage.tracker.get(stage.create()).due_dates == ()

    def test_a_created_issue_is_found_by_its_marker_alone(self, stage: Stage) -> None:
        since = stage.now()
        wanted, _ = stage.create("wanted"), stage.create("other")
        assert stage.found("wanted", since) == [wanted]
        assert stage.found("never created", since) == []

    def test_an_issue_created_long_before_is_no_evidence_for_a_new_create(self, stage: Stage) -> None:
        old = stage.create()
        stage.later()
        since = stage.now()
        stage.person.rename(old, "Touched since")
        assert stage.found("item", since) == []

    def test_a_create_lost_on_its_way_leaves_nothing(self, stage: Stage) -> None:
        since = stage.now()
        stage.lose_next_create("before")
        with pytest.raises(Unsettled):
            stage.create()
        assert stage.found("item", since) == []

    def test_a_create_whose_answer_is_lost_leaves_exactly_one_issue_to_find(self, stage: Stage) -> None:
        since = stage.now()
        stage.lose_next_create("after")
        with pytest.raises(Unsettled):
            stage.create()
        assert len(stage.found("item", since)) == 1

    def test_a_title_longer_than_promised_is_refused_and_creates_nothing(self, stage: Stage) -> None:
        longest = "x" * stage.tracker.capabilities.max_title
        since = stage.now()
        with pytest.raises(Rejected):
            stage.create("too long", title=longest + "x")
        fitting = stage.create("fitting", title=longest)
        assert stage.found("too long", since) == []
        assert stage.tracker.get(fitting).title == longest

    def test_a_clone_carries_the_marker_but_is_not_ours(self, stage: Stage) -> None:
        since = stage.now()
        original = stage.create()
        clone = stage.tracker.get(stage.person.clone(original))
        assert clone.marker == stage.draft().marker
        assert clone.author.id == stage.person.account
        assert stage.found("item", since) == [original]

    @pytest.mark.parametrize(
        "text",
        [
            "first\n\n\nlast\n  indented\n\ttabbed",
            "<!-- hidden --> <b>bold</b> &amp; <!--",
            "@ann, see #1 and ABC-1, {code}x{code} h1. *bold* [link|https://example.org]",
            "poam:aaaaaaaaaaaaaaaaaaaaaaaaaa <!-- poam:aaaaaaaaaaaaaaaaaaaaaaaaaa -->",
            "Größe ≤ 5 µm, 修正, עברית, e\u0301, 🔧",
        ],
    )
    def test_any_text_survives_and_no_look_alike_becomes_the_marker(self, stage: Stage, text: str) -> None:
        issue = stage.tracker.get(stage.create(title=f"Say {text.splitlines()[0]}", body=text))
        assert issue.body == text
        assert issue.title == f"Say {text.splitlines()[0]}"
        assert issue.marker == stage.draft().marker


class Reading:
    """Nothing is lost, and what is repeated is recognised."""

    def test_a_check_knows_who_and_where_we_are_and_finds_nothing_wrong(self, stage: Stage) -> None:
        health = stage.tracker.check()
        assert health.account.id != stage.person.account
        assert health.container
        assert health.visibility == stage.tracker.visibility()
        assert list(health.problems) == []

    def test_a_first_read_gives_every_issue_with_our_mark(self, stage: Stage) -> None:
        ids = {stage.create(name) for name in ("one", "two", "three")}
        stage.later()
        assert {issue.id for issue in stage.tracker.changed_since(None).issues} == ids

    def test_nothing_there_is_an_answer_to_go_on_from(self, stage: Stage) -> None:
        empty = stage.tracker.changed_since(None)
        assert list(empty.issues) == []
        new = stage.create()
        stage.later()
        assert [issue.id for issue in stage.tracker.changed_since(empty.cursor).issues] == [new]

    def test_a_read_from_a_cursor_gives_only_what_changed_since(self, stage: Stage) -> None:
        _, moved = stage.create("still"), stage.create("moved")
        cursor = stage.read()
        stage.person.rename(moved, "Moved")
        cursor = stage.read(cursor)
        stage.person.rename(moved, "Moved again")
        stage.later()
        read = {issue.id: issue.title for issue in stage.tracker.changed_since(cursor).issues}
        assert read == {moved: "Moved again"}

    def test_a_read_is_in_the_order_of_change(self, stage: Stage) -> None:
        ids = [stage.create(name) for name in ("one", "two", "three")]
        for issue_id in (ids[1], ids[0], ids[2]):
            stage.clock.advance(minutes=2)
            stage.person.rename(issue_id, "Renamed")
        stage.later()
        assert [issue.id for issue in stage.tracker.changed_since(None).issues] == [ids[1], ids[0], ids[2]]

    def test_an_idle_tracker_leaves_a_cursor_that_has_settled_as_it_is(self, stage: Stage) -> None:
        stage.create()
        cursor = stage.read(stage.read())
        assert stage.read(cursor) == cursor

    def test_repeats_are_recognised_by_their_version(self, stage: Stage) -> None:
        issue_id = stage.create()
        stage.later()
        first = stage.tracker.changed_since(None)
        again = stage.tracker.changed_since(first.cursor)
        versions = {issue.version for page in (first, again) for issue in page.issues}
        assert versions == {stage.tracker.get(issue_id).version}

    @pytest.mark.parametrize("act", sorted(ACTS.keys() - {"reopen"}))
    def test_any_change_changes_the_version_even_within_one_second(self, stage: Stage, act: str) -> None:
        issue_id = stage.create(due_date="2027-03-01")
        before = stage.tracker.get(issue_id).version
        assert stage.tracker.get(issue_id).version == before
        ACTS[act](stage.person, issue_id)
        assert stage.tracker.get(issue_id).version != before

    def test_a_known_version_takes_away_history_and_nothing_else(self, stage: Stage) -> None:
        issue_id = stage.create(due_date="2027-03-01")
        stage.person.rename(issue_id, "Renamed")
        whole = stage.tracker.get(issue_id)
        known = stage.tracker.get(issue_id, known=whole.version)
        assert replace(known, history=()) == replace(whole, history=())
        assert set(known.history) <= set(whole.history)

    def test_an_issue_that_is_no_longer_as_known_comes_with_its_whole_history(self, stage: Stage) -> None:
        issue_id = stage.create(due_date="2027-03-01")
        known = stage.tracker.get(issue_id).version
        for act in ("close", "rename", "set_due"):
            ACTS[act](stage.person, issue_id)
        told = stage.tracker.get(issue_id, known=known)
        assert told == stage.tracker.get(issue_id)
        assert {change.field for change in told.history} == {"status", "title", "due_date"}

    def test_changes_in_the_same_second_as_a_read_are_seen_by_the_next(self, stage: Stage) -> None:
        one, two = stage.create("one"), stage.create("two")
        cursor = stage.read()
        stage.person.rename(one, "First")
        cursor = stage.tracker.changed_since(cursor).cursor
        stage.person.rename(two, "Second")
        stage.person.rename(one, "Third")
        stage.later()
        read = {issue.id: issue.title for issue in stage.tracker.changed_since(cursor).issues}
        assert read == {one: "Third", two: "Second"}

    def test_a_read_of_more_issues_than_a_page_holds_is_complete(self, stage: Stage) -> None:
        ids = {stage.create(str(number)) for number in range(103)}
        stage.later()
        assert {issue.id for issue in stage.tracker.changed_since(None).issues} == ids
        assert {issue.id for issue in stage.tracker.get_many(sorted(ids))} == ids

    def test_what_is_not_there_is_gone_when_asked_for_and_missing_among_many(self, stage: Stage) -> None:
        there, deleted = stage.create("there"), stage.create("deleted")
        issue = stage.tracker.get(deleted)
        stage.person.delete(deleted)
        for absent in (deleted, "99999999"):
            with pytest.raises(Gone):
                stage.tracker.get(absent)
            with pytest.raises(Gone):
                stage.tracker.edit(replace(issue, id=absent), Edit(title="Anybody?"))
        assert [issue.id for issue in stage.tracker.get_many([deleted, there, "99999999"])] == [there]


class TrackerContract(Creating, Reading, Attributing, Editing):
    """All of it."""
