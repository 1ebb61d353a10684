"""What people say below an issue and attach to it is told with it, without a request more; what we say is sent last."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from poam.connectors.base import Account, Edit
from poam.connectors.errors import Gone, Rejected, Unsettled
from poam.connectors.retry import Retrying
from poam.connectors.sandbox.jira import ENGINEER
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import either, sent, stage, warm
from .jira_stage import JiraStage

__all__ = ["either", "stage", "warm"]

COMMENT = r"/comment$"
HOSTILE = "@ann {code}x{code} [~accountid:1] #1 <!-- poam:aaaa --> h1. ||\n\n  indented \u202e\U0001f527"


class TestReading:
    """Comments and attachments come along with the issue."""

    def test_a_comment_is_told_with_author_time_and_text_by_every_read(self, either: JiraStage) -> None:
        ann = Account(either.person.account, ENGINEER.name)
        cursor = either.read()
        either.person.comment("10001", "First.\r\nSecond line.")
        at = either.now()
        either.clock.advance(minutes=1)
        either.person.comment("10001", "Then.")
        issue = either.tracker.get("10001")

        first, second = issue.comments
        assert (first.at, first.author, first.text) == (at, ann, "First.\nSecond line.")
        assert (second.author, second.text) == (ann, "Then.")
        assert first.id < second.id
        either.later()
        [listed] = either.tracker.changed_since(cursor).issues
        [fetched] = either.tracker.get_many(["10001"])
        assert listed.comments == fetched.comments == issue.comments

    def test_reading_comments_costs_no_request(self, warm: JiraStage) -> None:
        cursor = warm.read()
        for number in range(20):
            warm.person.comment("10001", f"Comment {number}")
        warm.later()
        warm.server.requests.clear()
        [issue] = warm.tracker.changed_since(cursor).issues

        assert len(issue.comments) == 20
        assert sent(warm) == ["POST search/jql"]

    def test_a_comment_moves_the_time_of_change_and_the_version_even_within_one_millisecond(
        self, warm: JiraStage
    ) -> None:
        versions = {warm.tracker.get("10001").version}
        for text in ("once", "twice"):
            warm.person.comment("10001", text)
            versions.add(warm.tracker.get("10001").version)
        before = warm.tracker.get("10001").updated
        warm.clock.advance(minutes=1)
        warm.person.comment("10001", "later")

        assert len(versions) == 3
        assert warm.tracker.get("10001").updated > before

    def test_a_comment_is_hidden_from_search_until_its_index_has_it(self, warm: JiraStage) -> None:
        cursor = warm.read()
        warm.person.comment("10001", "Hello.")
        warm.sandbox.index_lag = timedelta(hours=12)

        assert list(warm.tracker.changed_since(cursor).issues) == []

    def test_an_attachment_is_told_by_name_author_and_time_and_never_fetched(self, either: JiraStage) -> None:
        ann = Account(either.person.account, ENGINEER.name)
        cursor = either.read()
        before = either.tracker.get("10001")
        either.sandbox.attach(ENGINEER, either.sandbox.get("10001"), "scan.pdf")
        at = either.now()
        issue = either.tracker.get("10001")

        [reference] = issue.references
        assert (reference.kind, reference.text, reference.at, reference.author) == ("attachment", "scan.pdf", at, ann)
        assert issue.version != before.version
        either.later()
        assert either.tracker.changed_since(cursor).issues[0].references == (reference,)
        assert either.server.count("GET", "attachment") == 0


class TestCut:
    """Where Jira sends only some of the comments along, the others are asked for, unless they are old news."""

    @pytest.mark.parametrize("many", [5, 6, 120])
    def test_comments_that_were_cut_off_are_read_when_they_may_be_news(self, warm: JiraStage, many: int) -> None:
        warm.sandbox.comment_page = 5
        cursor = warm.read()
        for number in range(many):
            warm.person.comment("10001", f"Comment {number}")
        warm.later()
        warm.server.requests.clear()
        [issue] = warm.tracker.changed_since(cursor).issues

        assert [comment.text for comment in issue.comments] == [f"Comment {number}" for number in range(many)]
        assert sent(warm) == ["POST search/jql", *["GET issue/10001/comment"] * (-(-many // 100) if many > 5 else 0)]

    def test_only_as_many_pages_are_read_as_there_is_news(self, warm: JiraStage) -> None:
        warm.sandbox.comment_page = 5
        for number in range(150):
            warm.person.comment("10001", f"Comment {number}")
        cursor = warm.read(warm.read())
        warm.person.comment("10001", "News.")
        warm.later()
        warm.server.requests.clear()
        [issue] = warm.tracker.changed_since(cursor).issues

        assert issue.comments[-1].text == "News."
        assert sent(warm) == ["POST search/jql", "GET issue/10001/comment"]

    def test_the_version_does_not_tell_how_many_comments_came_along(self, warm: JiraStage) -> None:
        for number in range(7):
            warm.person.comment("10001", f"Comment {number}")
        whole = warm.tracker.get("10001")
        warm.sandbox.comment_page = 2
        warm.later()

        [listed] = warm.tracker.changed_since(None).issues
        assert listed.version == whole.version
        warm.server.requests.clear()
        assert warm.tracker.get("10001", known=whole.version).version == whole.version
        assert sent(warm) == ["GET issue/10001"]


class TestSaying:
    """A comment of ours is one request, sent after all others, and never twice."""

    def test_a_comment_is_sent_last_and_the_answer_holds_it(self, either: JiraStage) -> None:
        either.edit("10001", Edit(status="doing"))
        issue = either.tracker.get(either.create("other"))
        either.server.requests.clear()
        edited = either.tracker.edit(issue, Edit(title="New", status="doing", comment="We moved it."))

        path = f"issue/{issue.id}"
        assert [line for line in sent(either) if not line.startswith("GET")] == [
            f"PUT {path}",
            f"POST {path}/transitions",
            f"POST {path}/comment",
        ]
        assert [(said.author.id, said.text) for said in edited.comments] == [(edited.author.id, "We moved it.")]
        assert (edited.title, edited.status.name, edited.marker) == ("New", "In Progress", either.draft("other").marker)
        assert edited.version == either.tracker.get(issue.id).version

    def test_a_comment_alone_is_one_write(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.server.requests.clear()
        warm.tracker.edit(issue, Edit(comment="Hello."))

        assert sent(warm) == ["POST issue/10001/comment", "GET issue/10001"]

    def test_body_injection_hostile_text_is_said_as_it_is(self, warm: JiraStage) -> None:
        [said] = warm.edit("10001", Edit(comment=HOSTILE)).comments

        assert said.text == HOSTILE

    @pytest.mark.parametrize("kind", ["drop", 502])
    def test_a_comment_without_a_clear_answer_is_unsettled_and_not_repeated(
        self, warm: JiraStage, kind: object
    ) -> None:
        warm.server.faults.append(Fault("POST", COMMENT, kind, "after"))  # type: ignore[arg-type]
        with pytest.raises(Unsettled):
            warm.edit("10001", Edit(comment="Hello."))

        assert warm.server.count("POST", COMMENT) == 1
        assert len(warm.tracker.get("10001").comments) == 1

    @pytest.mark.parametrize("kind", [503, 429, 403, "drop"])
    def test_a_comment_that_cannot_be_read_back_is_unsettled_and_never_sent_again(
        self, either: JiraStage, kind: Any
    ) -> None:
        issue = either.tracker.get("10001")
        either.server.faults.append(Fault("GET", "/issue/10001$", kind))
        retrying = Retrying(either.tracker, sleep=lambda _: None, random=lambda: 0.0)
        with pytest.raises(Unsettled, match="could not be read back"):
            retrying.edit(issue, Edit(comment="Hello."))

        assert either.server.count("POST", COMMENT) == 1
        assert [said.text for said in either.tracker.get("10001").comments] == ["Hello."]

    @pytest.mark.parametrize(
        ("comment", "denied", "said"),
        [("x" * 32_768, set(), "too long"), ("Hello.", {"ADD_COMMENTS"}, "do not have the permission to comment")],
    )
    def test_a_comment_that_is_refused_is_named_and_the_rest_stands(
        self, warm: JiraStage, comment: str, denied: set[str], said: str
    ) -> None:
        warm.sandbox.denied |= denied
        with pytest.raises(Rejected, match=said) as refused:
            warm.edit("10001", Edit(title="New", comment=comment))

        assert refused.value.field == "comment"
        assert (warm.tracker.get("10001").title, warm.tracker.get("10001").comments) == ("New", ())

    def test_a_comment_below_a_deleted_issue_is_gone(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.person.delete("10001")
        with pytest.raises(Gone):
            warm.tracker.edit(issue, Edit(comment="Anybody?"))

    def test_without_the_permission_to_comment_the_check_warns(self, warm: JiraStage) -> None:
        warm.sandbox.denied.add("ADD_COMMENTS")

        [warning] = warm.tracker.check().warnings
        assert "comment on issues; give the account ADD_COMMENTS" in warning
