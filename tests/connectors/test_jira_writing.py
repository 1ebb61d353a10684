"""What the Jira connector promises of writing beyond the contract: once or unsettled, and along the workflow."""

from __future__ import annotations

from typing import Literal

import pytest

from poam.connectors.base import Edit, Status
from poam.connectors.errors import Forbidden, Gone, Rejected, Stale, Unavailable, Unsettled
from poam.connectors.sandbox.jira_workflow import WORKFLOW, Transition
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import stage, warm
from .jira_stage import CREATE, JiraStage
from .stage import made

__all__ = ["stage", "warm"]

TRANSITIONS = r"/transitions$"


class TestWriting:
    """A write happens once or is unsettled, whatever the network does."""

    @pytest.mark.parametrize("kind", ["drop", 408, 425, 500, 502, 503, 504])
    @pytest.mark.parametrize(("when", "issues"), [("before", 0), ("after", 1)])
    def test_a_create_without_a_clear_answer_is_sent_once_and_unsettled(
        self, warm: JiraStage, kind: Literal["drop"] | int, when: Literal["before", "after"], issues: int
    ) -> None:
        since = warm.now()
        warm.server.requests.clear()
        warm.server.faults.append(Fault("POST", CREATE, kind, when, headers={"Retry-After": "1"}))
        with pytest.raises(Unsettled):
            warm.create("unsettled")

        assert warm.server.count("POST", CREATE) == 1
        assert len(warm.found("unsettled", since)) == issues

    @pytest.mark.parametrize(("method", "path"), [("PUT", "issue/10001$"), ("POST", TRANSITIONS)])
    @pytest.mark.parametrize("kind", ["drop", 502])
    def test_an_edit_without_a_clear_answer_is_unsettled(
        self, warm: JiraStage, method: str, path: str, kind: Literal["drop"] | int
    ) -> None:
        warm.server.faults.append(Fault(method, path, kind, "after"))
        with pytest.raises(Unsettled):
            warm.edit("10001", Edit(title="New", status="doing"))

    def test_an_issue_that_somebody_changes_at_the_same_moment_is_stale(self, warm: JiraStage) -> None:
        warm.server.faults.append(Fault("POST", TRANSITIONS, 409))
        with pytest.raises(Stale, match="10001"):
            warm.edit("10001", Edit(status="doing"))

    @pytest.mark.parametrize("status", [400, 409, 422])
    @pytest.mark.parametrize("read", ["issue/10001$", TRANSITIONS])
    def test_a_look_that_is_refused_says_nothing_against_the_edit_it_belongs_to(
        self, warm: JiraStage, read: str, status: int
    ) -> None:
        issue = warm.tracker.get("10001")
        warm.server.faults.append(Fault("GET", read, status))
        with pytest.raises(Unavailable):
            warm.tracker.edit(issue, Edit(status="doing"))

    @pytest.mark.parametrize("status", [400, 409, 422])
    def test_a_create_screen_that_is_refused_says_nothing_against_the_create(
        self, stage: JiraStage, status: int
    ) -> None:
        stage.server.faults.append(Fault("GET", "createmeta", status))
        with pytest.raises(Unavailable):
            stage.create()

    @pytest.mark.parametrize(("method", "path"), [("GET", "createmeta"), ("POST", CREATE)])
    def test_a_create_in_a_project_that_is_out_of_sight_is_forbidden(
        self, stage: JiraStage, method: str, path: str
    ) -> None:
        stage.server.faults.append(Fault(method, path, 404))
        with pytest.raises(Forbidden, match=r"project SEC: .* it is missing or this token has no access"):
            stage.create()

    def test_the_hidden_marker_comes_back_with_the_label(self, warm: JiraStage) -> None:
        marker = warm.draft().marker
        stored = warm.sandbox.get("10001")
        stored.properties.clear()
        warm.edit("10001", Edit(marker=marker))

        assert stored.properties == {"poam.sync": {"marker": marker}}

    @pytest.mark.parametrize(
        ("edit", "field"),
        [
            (Edit(title="two\nlines"), "title"),
            (Edit(title=" "), "title"),
            (Edit(body="x" * 32_768), "body"),
            (Edit(due_date="2026-02-30"), "due_date"),
            (Edit(add_labels=frozenset({"two words"})), "labels"),
        ],
    )
    def test_a_refusal_names_the_field_and_jira_s_reason(self, warm: JiraStage, edit: Edit, field: str) -> None:
        with pytest.raises(Rejected, match=r"127\.0\.0\.1:\d+, project SEC: ") as refused:
            warm.edit("10001", edit)

        assert refused.value.field == field

    def test_without_a_due_field_on_the_create_screen_an_issue_begins_without_a_date(self, stage: JiraStage) -> None:
        stage.sandbox.due_on_create = False
        issue_id = stage.create(due_date="2026-04-01")

        assert stage.tracker.get(issue_id).due_dates == ()
        assert stage.server.count("POST", CREATE) == 1

    def test_a_due_field_that_is_not_on_the_edit_screen_is_named(self, warm: JiraStage) -> None:
        warm.sandbox.due_on_edit = False
        with pytest.raises(Rejected, match="not on the appropriate screen") as refused:
            warm.edit("10001", Edit(due_date="2026-04-01"))

        assert refused.value.field == "due_date"

    def test_a_custom_due_field_works_as_the_usual_one(self, stage: JiraStage) -> None:
        stage.sandbox.due_field = "customfield_10050"
        tracker = stage.another(due_field="customfield_10050")
        created = made(tracker, stage.draft(due_date="2026-04-01"))
        issue = tracker.edit(tracker.get(created.id), Edit(due_date="2026-05-01"))
        with pytest.raises(Rejected) as refused:
            tracker.edit(issue, Edit(due_date="soon"))
        tracker.close()

        assert issue.due_dates == ("2026-05-01",)
        assert [(change.field, change.old, change.new) for change in issue.history] == [
            ("due_date", "2026-04-01", "2026-05-01")
        ]
        assert refused.value.field == "due_date"

    def test_a_deleted_issue_is_gone_for_reads_and_for_writes(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")
        warm.person.delete("10001")
        for act in (warm.tracker.get, lambda _: warm.tracker.edit(issue, Edit(status="done"))):
            with pytest.raises(Gone, match="10001"):
                act("10001")


class TestWorkflow:
    """Statuses are reached on the project's own ways; nothing is guessed."""

    def test_done_is_reached_in_two_hops_past_the_shorter_way_to_declined(self, warm: JiraStage) -> None:
        issue = warm.edit("10001", Edit(status="done"))

        statuses = [change.new for change in issue.history]
        assert statuses == [Status("In Progress", "doing"), Status("Done", "done", "Done")]
        assert issue.status == statuses[-1]

    def test_a_reopened_issue_has_no_resolution(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="done"))

        assert warm.edit("10001", Edit(status="todo")).status == Status("To Do", "todo")

    def test_a_blocked_issue_counts_as_in_work_and_stays(self, warm: JiraStage) -> None:
        warm.person.block("10001")

        assert warm.edit("10001", Edit(status="doing")).status.name == "Blocked"

    def test_the_configuration_says_which_status_means_done(self, warm: JiraStage) -> None:
        tracker = warm.another(statuses={"won't do": "done"})
        issue = tracker.edit(tracker.get("10001"), Edit(status="done"))
        tracker.close()

        assert issue.status == Status("Won't Do", "done", "Done")

    def test_a_resolution_that_the_screen_lists_and_the_transition_refuses_is_left_out(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="done"))
        warm.sandbox.workflow = tuple(
            Transition(way.id, way.name, way.sources, way.to, {}, way.resolution) for way in WORKFLOW
        )
        other = warm.create("other")

        assert warm.edit(other, Edit(status="done")).status.name == "Done"

    def test_a_transition_refused_for_another_reason_is_not_sent_again(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="done"))
        other = warm.create("other")
        warm.person.start(other)
        demanding = Transition(
            "31", "Complete", frozenset({"In Progress"}), "Done", {"resolution": True, "customfield_9": True}
        )
        warm.sandbox.workflow = (demanding,)
        warm.server.requests.clear()
        with pytest.raises(Rejected, match="no transition"):
            warm.edit(other, Edit(status="done"))

        assert warm.server.count("POST", TRANSITIONS) == 1

    def test_of_two_ways_the_one_that_demands_nothing_unknown_is_taken(self, warm: JiraStage) -> None:
        everywhere = frozenset({"To Do", "In Progress"})
        demanding = Transition("70", "Approve", everywhere, "Done", {"customfield_1": True})
        warm.sandbox.workflow = (demanding, *WORKFLOW)

        assert warm.edit("10001", Edit(status="done")).status.name == "Done"

    @pytest.mark.parametrize("target", ["doing", "done"])
    def test_no_way_is_a_refusal_with_a_remedy(self, warm: JiraStage, target: str) -> None:
        warm.sandbox.denied.add("TRANSITION_ISSUES")
        with pytest.raises(Rejected, match="no transition") as refused:
            warm.edit("10001", Edit(status=target))

        assert refused.value.field == "status"
        assert "permission" in refused.value.hint
        assert warm.server.count("POST", TRANSITIONS) == 0

    def test_a_workflow_that_changed_is_learnt_again(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="doing"))
        warm.sandbox.workflow = tuple(
            Transition(f"9{way.id}", way.name, way.sources, way.to, way.screen, way.resolution) for way in WORKFLOW
        )
        other = warm.create("other")

        assert warm.edit(other, Edit(status="doing")).status.name == "In Progress"

    def test_a_dead_end_is_a_refusal_and_the_issue_stays_where_it_came_to(self, warm: JiraStage) -> None:
        warm.sandbox.workflow = (
            Transition("1", "Start", frozenset({"To Do"}), "In Progress"),
            Transition("2", "Block", frozenset({"In Progress"}), "Blocked"),
        )
        with pytest.raises(Rejected, match="no transition"):
            warm.edit("10001", Edit(status="done"))

        assert warm.tracker.get("10001").status.name == "Blocked"
