"""Walks over many pages: whatever the pages look like and whatever happens meanwhile, no issue is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Unavailable
from poam.connectors.jira.answers import Answer
from poam.connectors.jira.deployment import CLOUD
from poam.connectors.jira.walking import PAGE, walk

from .jira_fixtures import data_center, either, sent, stage, warm
from .jira_sites import Busy, Endless, Heard
from .jira_stage import JiraStage, through

__all__ = ["data_center", "either", "stage", "warm"]


def many(stage: JiraStage, number: int, *, apart: float = 1.0) -> set[str]:
    """So many issues besides the first, each made so many seconds after the other; all their ids."""
    ids = {"10001"}
    for each in range(number):
        stage.clock.advance(seconds=apart)
        ids.add(stage.create(str(each)))
    stage.server.requests.clear()
    return ids


def read(stage: JiraStage, cursor: str | None = None) -> set[str]:
    """The ids that a read shows."""
    return {issue.id for issue in stage.tracker.changed_since(cursor).issues}


class TestPages:
    """What a page looks like tells nothing of whether it is the last; its token does."""

    @pytest.mark.parametrize("limit", [1, 7, 50])
    def test_a_page_shorter_than_asked_for_is_not_the_last(self, either: JiraStage, limit: int) -> None:
        ids = many(either, 30)
        either.sandbox.page_limit = limit

        assert read(either) == ids

    def test_an_empty_page_with_a_token_is_not_the_last(self, warm: JiraStage) -> None:
        ids = many(warm, 20)
        warm.sandbox.empty_pages = 2

        assert read(warm) == ids
        assert sent(warm) == ["POST search/jql"] * 3

    def test_nobody_needs_to_be_told_which_page_is_the_last(self, warm: JiraStage) -> None:
        ids = many(warm, 150)
        warm.sandbox.tells_last = False

        assert read(warm) == ids
        assert sent(warm) == ["POST search/jql"] * 2

    def test_a_token_that_repeats_ends_a_walk_that_is_complete_all_the_same(self, warm: JiraStage) -> None:
        ids = many(warm, 250)
        warm.sandbox.stuck_token = True

        assert read(warm) == ids

    def test_a_token_that_repeats_on_the_last_page_ends_the_walk(self, warm: JiraStage) -> None:
        ids = many(warm, 20)
        with through(warm, Endless(warm.sandbox.app)) as ours:
            assert {issue.id for issue in ours.changed_since(None).issues} == ids

    def test_a_site_that_shows_one_full_page_for_ever_is_not_believed(self, warm: JiraStage) -> None:
        many(warm, 150, apart=0)
        warm.sandbox.stuck_token = True
        with pytest.raises(Unavailable, match="the same page again and again"):
            warm.tracker.changed_since(None)

    def test_an_expired_token_begins_the_walk_anew_where_it_was(self, warm: JiraStage) -> None:
        ids = many(warm, 250)
        warm.sandbox.expired_tokens = 1

        assert read(warm) == ids
        assert [seen.status for seen in warm.server.requests] == [200, 400, 200, 200]

    def test_tokens_that_always_expire_fail_the_read_and_move_no_cursor(self, warm: JiraStage) -> None:
        many(warm, 150, apart=0)
        warm.sandbox.expired_tokens = 1000
        with pytest.raises(Unavailable):
            warm.tracker.changed_since(None)

        assert len(sent(warm)) < 20

    def test_our_own_writes_are_reconciled_on_every_page_alike(self, warm: JiraStage) -> None:
        many(warm, 150)
        heard = Heard(warm.sandbox.app)
        with through(warm, heard) as ours:
            ours.edit(ours.get("10001"), Edit(title="Ours"))
            ours.changed_since(None)

        asked = [body for _, body in heard.requests if b'"jql"' in body]
        assert len(asked) == 2
        assert all(b'"reconcileIssues": [10001]' in body for body in asked)

    @pytest.mark.parametrize("changed", [PAGE - 1, PAGE, PAGE + 1, 2 * PAGE])
    def test_as_many_changes_as_pages_hold_are_all_seen(self, either: JiraStage, changed: int) -> None:
        assert read(either) | many(either, changed - 1) == read(either)
        assert len(read(either)) == changed

    def test_a_first_read_of_many_pages_needs_no_instant_in_a_query(self, data_center: JiraStage) -> None:
        ids = many(data_center, 250)
        data_center.sandbox.epoch_jql = False

        assert read(data_center) == ids


class TestMeanwhile:
    """Others work while we read."""

    def test_an_issue_edited_during_paging_is_seen_and_hides_none_of_the_others(self, either: JiraStage) -> None:
        ids = many(either, 250)
        moves = iter(sorted(ids, key=int))
        with through(either, Busy(either.sandbox.app, lambda: either.person.rename(next(moves), "Meanwhile"))) as ours:
            issues = ours.changed_since(None).issues

        assert {issue.id for issue in issues} == ids
        assert len(issues) == len(ids)

    def test_a_data_center_s_offsets_would_have_lost_an_issue_where_the_walk_by_change_does_not(
        self, data_center: JiraStage
    ) -> None:
        ids = many(data_center, 250)
        first = min(ids, key=int)
        busy = Busy(data_center.sandbox.app, lambda: data_center.person.rename(first, "Meanwhile"))
        with through(data_center, busy) as ours:
            seen = {issue.id for issue in ours.changed_since(None).issues}

        assert seen == ids
        assert {seen.query.partition("startAt=")[2][:1] for seen in data_center.server.requests} <= {"", "0"}

    def test_hundreds_of_issues_changed_in_one_instant_are_all_seen(self, either: JiraStage) -> None:
        ids = many(either, 330, apart=0)
        either.later()

        assert read(either) == ids

    def test_an_issue_that_leaves_an_instant_of_hundreds_hides_none_of_the_others(self, data_center: JiraStage) -> None:
        ids = many(data_center, 330, apart=0)
        moves = iter(sorted(ids, key=int))
        data_center.clock.advance(minutes=1)
        act = Busy(data_center.sandbox.app, lambda: data_center.person.rename(next(moves), "Meanwhile"))
        with through(data_center, act) as ours:
            seen = {issue.id for issue in ours.changed_since(None).issues}

        assert seen == ids

    def test_two_changes_in_the_same_second_at_the_boundary_of_two_reads_are_both_seen(self, either: JiraStage) -> None:
        other = either.create("other")
        cursor = either.read()
        either.person.rename("10001", "First")
        first = either.tracker.changed_since(cursor)
        either.person.rename(other, "Second")
        second = either.tracker.changed_since(first.cursor)

        assert "First" in {issue.title for issue in first.issues}
        assert "Second" in {issue.title for issue in second.issues}

    def test_a_walk_whose_tokens_never_end_is_given_up(self) -> None:
        tokens = count()

        def ask(begin: datetime | None, following: object) -> Answer:
            return Answer(200, {}, {"issues": [], "nextPageToken": str(next(tokens))}, datetime.now(UTC))

        with pytest.raises(Unavailable, match="does not come to an end"):
            list(walk(CLOUD, ask, None))
