"""An issue of Jira's by what people call it; and those that are nobody's mirror yet."""

from __future__ import annotations

from datetime import timedelta

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Gone, Rejected
from poam.connectors.sandbox.jira import ENGINEER

from .jira_fixtures import either, sent, stage, warm
from .jira_stage import JiraStage

__all__ = ["either", "stage", "warm"]


class TestNamed:
    """A key, an id or an address."""

    @pytest.mark.parametrize(
        "name",
        [
            "SEC-1",
            "sec-1",
            " Sec-1\n",
            "10001",
            "{site}/browse/SEC-1",
            "{site}/browse/SEC-1/",
            "{site}/browse/sec-1?focusedCommentId=7#comment-7",
            "{site}/jira/software/c/projects/SEC/boards/1?view=detail&selectedIssue=SEC-1",
            "{site}/jira/core/projects/SEC/issues/SEC-1?filter=allissues",
        ],
    )
    def test_an_issue_is_found_by_whatever_people_call_it_in_one_request(self, warm: JiraStage, name: str) -> None:
        warm.person.start("10001")
        warm.server.requests.clear()
        issue = warm.tracker.named(name.format(site=warm.server.url))

        assert len(warm.server.requests) == 1
        assert issue == warm.tracker.get("10001")
        assert [change.field for change in issue.history] == ["status"]

    @pytest.mark.parametrize(
        "name", ["", "SEC", "SEC-", "SEC 1", "SEC-1x", "1-SEC", "../myself", "-1", "http://[", "poam"]
    )
    def test_what_names_no_issue_is_refused_without_a_request(self, warm: JiraStage, name: str) -> None:
        with pytest.raises(Rejected, match="names no issue") as refused:
            warm.tracker.named(name)

        assert "SEC-12" in refused.value.hint
        assert warm.server.requests == []

    @pytest.mark.parametrize("address", ["https://other.example/browse/SEC-1", "//other.example/SEC-1"])
    def test_an_address_of_another_site_is_refused_without_a_request(self, warm: JiraStage, address: str) -> None:
        with pytest.raises(Rejected, match="is not on 127"):
            warm.tracker.named(address)

        assert warm.server.requests == []

    @pytest.mark.parametrize("name", ["SEC-99", "99999", "OPS-1"])
    def test_an_issue_that_is_not_there_is_gone(self, warm: JiraStage, name: str) -> None:
        with pytest.raises(Gone, match=name):
            warm.tracker.named(name)

    @pytest.mark.parametrize("name", ["SEC-1", "10001", "{key}"])
    def test_an_issue_that_moved_to_another_project_cannot_be_named_here_but_keeps_its_link_by_id(
        self, warm: JiraStage, name: str
    ) -> None:
        stored = warm.sandbox.get("10001")
        warm.sandbox.move(ENGINEER, stored, "OPS")
        with pytest.raises(Rejected, match=f"{stored.key} is in another project") as refused:
            warm.tracker.named(name.format(key=stored.key))

        assert "connector for that one" in refused.value.hint
        assert warm.tracker.get("10001").key == stored.key
        assert warm.edit("10001", Edit(title="Still ours")).title == "Still ours"

    def test_an_issue_that_people_made_is_named_and_bears_no_mark(self, warm: JiraStage) -> None:
        made = warm.sandbox.add(ENGINEER, "Task", {"summary": "Theirs"}, {})
        issue = warm.tracker.named(made.key)

        assert (issue.title, issue.marked, issue.marker, issue.author.id) == (
            "Theirs",
            False,
            None,
            ENGINEER.account_id,
        )


class TestUnmarked:
    """What people made by themselves, for those who adopt it."""

    def test_issues_without_our_mark_come_with_the_one_changed_last_first(self, warm: JiraStage) -> None:
        ids = []
        for name, labels in (("plain", ()), ("labelled", ("urgent",)), ("alike", ("poam-syncing",))):
            ids.append(str(warm.sandbox.add(ENGINEER, "Task", {"summary": name, "labels": labels}, {}).id))
            warm.clock.advance(minutes=1)
        warm.person.start(ids[1])
        warm.server.requests.clear()
        found = warm.tracker.unmarked(10)

        assert sent(warm) == ["POST search/jql"]
        assert [issue.title for issue in found] == ["labelled", "alike", "plain"]
        assert {(issue.history, issue.marked) for issue in found} == {((), False)}

    def test_no_more_than_asked_for_come(self, warm: JiraStage) -> None:
        for name in ("one", "two", "three"):
            warm.sandbox.add(ENGINEER, "Task", {"summary": name}, {})
            warm.clock.advance(minutes=1)

        assert [issue.title for issue in warm.tracker.unmarked(2)] == ["three", "two"]

    @pytest.mark.parametrize(("limit", "requests"), [(100, 1), (102, 2), (500, 2)])
    def test_more_than_a_page_come_where_more_are_asked_for(self, either: JiraStage, limit: int, requests: int) -> None:
        either.sandbox.page_limit = 100
        ids = [str(either.sandbox.add(ENGINEER, "Task", {"summary": f"{n}"}, {}).id) for n in range(103)]
        either.server.requests.clear()
        found = [issue.id for issue in either.tracker.unmarked(limit)]

        assert len(found) == len(set(found)) == min(limit, 103)
        assert set(found) <= set(ids)
        assert len(either.server.requests) == requests

    def test_an_issue_whose_mark_people_removed_is_among_them_with_its_marker(self, warm: JiraStage) -> None:
        warm.person.label("10001", remove=("poam-sync",))

        [issue] = warm.tracker.unmarked(5)
        assert (issue.id, issue.marked, issue.marker) == ("10001", False, warm.draft().marker)

    def test_where_every_issue_is_ours_there_is_none(self, warm: JiraStage) -> None:
        assert list(warm.tracker.unmarked(5)) == []

    def test_a_deleted_issue_is_left_out_once_search_knows(self, warm: JiraStage) -> None:
        warm.sandbox.index_lag = timedelta(minutes=5)
        made = str(warm.sandbox.add(ENGINEER, "Task", {"summary": "Theirs"}, {}).id)
        warm.later()
        assert [issue.id for issue in warm.tracker.unmarked(5)] == [made]
        warm.person.delete(made)
        warm.later()

        assert list(warm.tracker.unmarked(5)) == []
