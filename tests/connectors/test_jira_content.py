"""Text at Jira: whatever stands in a POA&M arrives whole or is refused by name, and what people write stays theirs."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send

from poam.connectors.base import Edit
from poam.connectors.errors import Rejected, Stale
from poam.connectors.retry import Retrying
from poam.connectors.sandbox.jira import BOT, ENGINEER
from poam.connectors.sandbox.server import Fault, SandboxServer
from poam.mapping.issue_text import BEGIN, END, block_in, with_block
from poam.mapping.lenses import normal_body, normal_title

from .jira_fixtures import data_center, stage, warm
from .jira_stage import JiraStage, tracker

__all__ = ["data_center", "stage", "warm"]

BLOCK = f"{BEGIN}\nDue date: 2026-04-01\n{END}"


class TestTitles:
    """At most 255 characters as Jira counts them, on one line."""

    @pytest.mark.parametrize(
        "title",
        [
            "x" * 300,
            "\U0001f512" * 200,
            "two\nlines\r\nand a\ttab",
            "\u202eright to left\u202c עברית",
            "e\u0301" * 300,
            "  spaces  ",
            "nul\x00 and bell\x07",
        ],
    )
    def test_title_too_long_of_several_lines_emoji_or_right_to_left_fits_as_the_mapping_writes_it(
        self, warm: JiraStage, title: str
    ) -> None:
        written = normal_title(title, warm.tracker.capabilities.max_title)
        issue = warm.tracker.get(warm.create("hostile", title=written))

        assert issue.title == written
        assert normal_title(issue.title, warm.tracker.capabilities.max_title) == written

    @pytest.mark.parametrize(
        "title", ["x" * 256, "\U0001f512" * 128, "two\nlines", " "], ids=["256", "256 as emoji", "lines", "blank"]
    )
    def test_title_that_jira_does_not_take_is_refused_by_name(self, warm: JiraStage, title: str) -> None:
        with pytest.raises(Rejected) as refused:
            warm.create("hostile", title=title)

        assert refused.value.field == "title"


class TestBodies:
    """At most 32,767 characters; markup and look-alikes are text."""

    def test_body_as_long_as_jira_takes_keeps_its_marker_and_one_longer_is_refused_by_name(
        self, warm: JiraStage
    ) -> None:
        longest = "x" * warm.tracker.capabilities.max_body
        issue = warm.tracker.get(warm.create("long", body=longest))
        assert (issue.body, issue.marker) == (longest, warm.draft("long").marker)

        with pytest.raises(Rejected) as refused:
            warm.create("longer", body=longest + "x")
        assert refused.value.field == "body"

    @pytest.mark.parametrize(
        "body",
        [
            "@ann, see #1, SEC-2 and [~accountid:5b10a2844c20165700ede21g]",
            "{code}rm -rf /{code} {noformat} {panel} {color:red}x{color}",
            "<!-- poam:aaaaaaaaaaaaaaaaaaaaaaaaaa --> <script>alert(1)</script>",
            "h1. Title\n|| a || b ||\n!image.png! [x|javascript:alert(1)]",
            '{"fields": {"labels": []}} \\ " \u2028 \u0000',
        ],
    )
    def test_injection_of_markup_into_a_body_changes_nothing_but_the_body(self, warm: JiraStage, body: str) -> None:
        draft = warm.draft("hostile", body=body, labels=frozenset({"security"}))
        issue = warm.tracker.get(warm.create("hostile", body=body, labels=draft.labels))

        assert (issue.body, issue.marker, issue.status.category) == (body, draft.marker, "todo")
        assert issue.labels == {"security", "poam-sync", f"poam-{draft.marker}"}

    def test_marker_forged_by_somebody_in_another_issue_is_not_found_as_ours(self, warm: JiraStage) -> None:
        since, marker = warm.now(), warm.draft().marker
        labels = ("poam-sync", f"poam-{marker}")
        forged = warm.sandbox.add(ENGINEER, "Task", {"summary": "Forged", "labels": labels}, {})

        assert warm.found("item", since) == ["10001"]
        assert warm.tracker.get(str(forged.id)).author.id == ENGINEER.account_id

    def test_marker_forged_by_a_label_on_our_issue_does_not_replace_the_hidden_one(self, warm: JiraStage) -> None:
        warm.person.label("10001", add=("poam-" + "a" * 26,), remove=(f"poam-{warm.draft().marker}",))

        assert warm.tracker.get("10001").marker == warm.draft().marker


class TestLabels:
    """Labels are added and removed one by one."""

    @pytest.mark.parametrize("label", ["two words", "x" * 256], ids=["spaces", "over-length"])
    def test_label_with_spaces_or_over_length_is_refused_by_name(self, warm: JiraStage, label: str) -> None:
        with pytest.raises(Rejected) as refused:
            warm.edit("10001", Edit(add_labels=frozenset({label})))

        assert refused.value.field == "labels"

    def test_labels_that_people_add_between_read_and_write_survive(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.person.label("10001", add=("urgent", "Team-A", "a,b"))
        edited = warm.tracker.edit(
            issue,
            Edit(title="New", add_labels=frozenset({"late"}), remove_labels=frozenset({"gone"}), marker=issue.marker),
        )

        assert edited.labels == issue.labels | {"urgent", "Team-A", "a,b", "late"}

    def test_a_label_of_other_case_is_another_label_and_stays(self, warm: JiraStage) -> None:
        warm.person.label("10001", add=("Poam-Kev",))

        assert "Poam-Kev" in warm.edit("10001", Edit(remove_labels=frozenset({"poam-kev"}))).labels


class TestPeople:
    """What somebody writes while we do is not lost."""

    def test_body_edited_by_people_during_our_write_survives_and_is_looked_at_again(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.clock.advance(seconds=1)
        warm.person.rewrite_body("10001", "Ann was here.\r\nTwice.")
        with pytest.raises(Stale, match="somebody wrote into issue 10001"):
            warm.tracker.edit(issue, Edit(title="Ours", body=with_block(issue.body, BLOCK)))

        seen = warm.tracker.get("10001")
        assert (seen.title, seen.body) == ("Ours", "Ann was here.\nTwice.")
        again = warm.tracker.edit(seen, Edit(body=with_block(seen.body, BLOCK)))
        assert again.body == f"Ann was here.\nTwice.\n\n{BLOCK}"

    def test_body_edited_by_people_survives_where_the_answer_to_a_write_tells_nothing(
        self, data_center: JiraStage
    ) -> None:
        issue = data_center.tracker.get("10001")
        data_center.clock.advance(seconds=1)
        data_center.person.rewrite_body("10001", "Ann was here.")
        with pytest.raises(Stale):
            data_center.tracker.edit(issue, Edit(body=BLOCK))

        assert data_center.tracker.get("10001").body == "Ann was here."

    @pytest.mark.parametrize("kind", [429, 403, 503, "drop"])
    def test_body_edited_by_people_that_cannot_be_put_back_is_told_with_where_it_stands(
        self, warm: JiraStage, kind: Any
    ) -> None:
        issue = warm.tracker.get("10001")
        warm.clock.advance(seconds=1)
        warm.person.rewrite_body("10001", "Ann was here.")

        async def site(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["method"] == "PUT":
                front.faults.append(Fault("PUT", "/issue/10001$", kind))
            await warm.sandbox.app(scope, receive, send)

        with SandboxServer(site) as front, closing(tracker(front.url)) as ours, pytest.raises(Rejected) as refused:
            Retrying(ours, sleep=lambda _: None, random=lambda: 0.0).edit(issue, Edit(body=BLOCK))

        assert (type(refused.value), refused.value.field) == (Rejected, "body")
        assert "their text stands in the issue's history" in str(refused.value)
        assert (front.count("PUT"), warm.tracker.get("10001").body) == (2, BLOCK)

    def test_body_edited_by_people_before_our_read_is_ours_to_replace(self, warm: JiraStage) -> None:
        warm.person.rewrite_body("10001", "Ann was here.")

        assert warm.edit("10001", Edit(body=BLOCK)).body == BLOCK

    def test_body_edited_by_people_after_our_write_is_left_alone(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.clock.advance(seconds=1)

        def written_over() -> None:
            warm.sandbox.change(ENGINEER, warm.sandbox.get("10001"), {"description": "Ann was here."})

        warm.sandbox.after_edit = written_over
        assert warm.tracker.edit(issue, Edit(body=BLOCK)).body == "Ann was here."
        assert [entry.author for entry in warm.sandbox.get("10001").entries] == [BOT, ENGINEER]

    def test_managed_block_removed_by_somebody_comes_back_below_what_they_wrote(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(body=f"Before.\n{BLOCK}\nAfter."))
        warm.person.rewrite_body("10001", "Only mine.")
        issue = warm.tracker.get("10001")
        edited = warm.tracker.edit(issue, Edit(body=with_block(issue.body, BLOCK)))

        assert (block_in(edited.body), edited.body) == (BLOCK, f"Only mine.\n\n{BLOCK}")


class TestNormalising:
    """What Jira makes of a value is the value: it is not written again."""

    @pytest.mark.parametrize("body", ["a\r\nb", f"{BLOCK}\n\nPerson.\n".replace("\n", "\r\n"), "trailing  \nblanks\n"])
    def test_remote_normalising_of_line_ends_and_blanks_is_no_difference(self, warm: JiraStage, body: str) -> None:
        edited = warm.edit("10001", Edit(title="  Trimmed ", body=body))
        read = warm.tracker.get("10001")

        assert (read.title, "\r" in read.body) == ("Trimmed", False)
        assert normal_body(read.body) == normal_body(body)
        again = warm.tracker.edit(read, Edit(title=read.title, body=read.body))
        assert (again.title, again.body, again.history) == (read.title, read.body, edited.history)

    def test_own_write_that_comes_back_is_told_as_ours_once(self, warm: JiraStage) -> None:
        cursor = warm.read()
        warm.edit("10001", Edit(title="Ours", due_date="2026-05-01", status="done"))
        warm.later()
        [seen] = warm.tracker.changed_since(cursor).issues

        assert {change.author.id for change in seen.history} == {BOT.account_id}
        assert [change.field for change in seen.history] == ["due_date", "title", "status", "status"]
        assert seen == warm.tracker.get("10001")
