"""The contract's part on comments: what is said below an issue, by people and by us."""

from __future__ import annotations

from dataclasses import replace

import pytest

from poam.connectors.base import Edit, Issue

from .stage import Stage


def said(issue: Issue) -> list[tuple[str, str]]:
    """Who said what, oldest first."""
    return [(comment.author.id, comment.text) for comment in issue.comments]


class Commenting:
    """Read with the issue; written last."""

    def test_what_a_person_says_is_told_with_author_and_time_by_a_list_and_by_a_read(self, stage: Stage) -> None:
        issue_id, silent = stage.create("discussed"), stage.create("silent")
        cursor = stage.read()
        began = stage.now()
        stage.person.comment(issue_id, "/poam done\nsee build 7")
        ended = stage.now()
        [told] = stage.tracker.get(issue_id).comments
        assert (told.author.id, told.text) == (stage.person.account, "/poam done\nsee build 7")
        assert began[:19] <= told.at[:19] <= ended[:19]
        stage.later()
        listed = {silent: (), **{issue.id: issue.comments for issue in stage.tracker.changed_since(cursor).issues}}
        assert listed == {issue_id: (told,), silent: ()}

    def test_comments_are_oldest_first_with_growing_ids_and_none_comes_twice(self, stage: Stage) -> None:
        issue_id = stage.create()
        cursor = stage.read()
        for text in ("one", "two", "two", "three"):
            stage.person.comment(issue_id, text)
            stage.clock.advance(seconds=1)
        comments = stage.tracker.get(issue_id).comments
        assert [comment.text for comment in comments] == ["one", "two", "two", "three"]
        ids = [comment.id for comment in comments]
        assert ids == sorted(set(ids))
        stage.later()
        [listed] = stage.tracker.changed_since(cursor).issues
        assert listed.comments == comments

    def test_a_comment_changes_the_version_even_within_one_second(self, stage: Stage) -> None:
        issue_id = stage.create()
        before = stage.tracker.get(issue_id).version
        stage.person.comment(issue_id, "Hello")
        after = stage.tracker.get(issue_id).version
        stage.person.comment(issue_id, "Hello")
        assert len({before, after, stage.tracker.get(issue_id).version}) == 3

    def test_an_issue_that_is_known_needs_no_comments(self, stage: Stage) -> None:
        issue_id = stage.create()
        stage.person.comment(issue_id, "Hello")
        whole = stage.tracker.get(issue_id)
        known = stage.tracker.get(issue_id, known=whole.version)
        assert set(known.comments) <= set(whole.comments)

    @pytest.mark.parametrize(
        "edit",
        [Edit(), Edit(title="New"), Edit(due_date="2027-12-31", status="done"), Edit(add_labels=frozenset({"late"}))],
        ids=repr,
    )
    def test_a_comment_of_ours_is_one_of_ours_and_comes_with_all_else_that_the_edit_sets(
        self, stage: Stage, edit: Edit
    ) -> None:
        issue = stage.tracker.get(stage.create(due_date="2027-03-01"))
        edited = stage.tracker.edit(issue, replace(edit, comment="Recorded."))
        read = stage.tracker.get(issue.id)
        assert said(read) == [(stage.tracker.check().account.id, "Recorded.")]
        assert (read.title, read.status.category) == (edit.title or issue.title, edit.status or issue.status.category)
        assert read.labels >= edit.add_labels
        assert (edited.version, edited.title) == (read.version, read.title)

    def test_an_answer_to_a_comment_of_ours_hides_no_comment_of_others(self, stage: Stage) -> None:
        """Either it tells them all, or it leaves them to a read: nobody's word is passed over."""
        issue = stage.tracker.get(stage.create())
        stage.person.comment(issue.id, "Before")
        edited = stage.tracker.edit(issue, Edit(comment="Recorded."))
        read = stage.tracker.get(issue.id)
        assert [comment.text for comment in read.comments] == ["Before", "Recorded."]
        assert edited.comments in ((), read.comments)

    def test_our_comment_is_no_news_but_its_own(self, stage: Stage) -> None:
        issue_id = stage.create()
        cursor = stage.read()
        edited = stage.edit(issue_id, Edit(comment="Recorded."))
        stage.later()
        page = stage.tracker.changed_since(cursor)
        assert [(issue.version, len(issue.comments)) for issue in page.issues] == [(edited.version, 1)]
        stage.later()
        again = stage.tracker.changed_since(page.cursor).issues
        assert {issue.version for issue in again} <= {edited.version}

    @pytest.mark.parametrize("text", ["first\n\nlast", "@ann see #1, {code}x{code} <b>b</b>", "Größe ≤ 5 µm 修正 🔧"])
    def test_any_comment_is_read_as_it_was_written(self, stage: Stage, text: str) -> None:
        issue_id = stage.create()
        stage.person.comment(issue_id, text)
        stage.edit(issue_id, Edit(comment=text))
        assert [comment.text for comment in stage.tracker.get(issue_id).comments] == [text, text]
