"""Statuses at Jira are told apart by their ids, reached along any workflow, and never by a guess."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest

from poam.connectors.base import Edit, Status
from poam.connectors.errors import Rejected, Stale
from poam.connectors.jira import JiraTracker
from poam.connectors.sandbox.jira import BOT, ENGINEER
from poam.connectors.sandbox.jira_workflow import WORKFLOW, Transition
from poam.connectors.sandbox.server import Fault
from poam.mapping.item import WorkStatus
from poam.mapping.lenses import work_status_of

from .jira_fixtures import stage, warm
from .jira_stage import JiraStage

__all__ = ["stage", "warm"]

TRANSITIONS = r"/transitions$"
GERMAN = {"10000": "Offen", "3": "In Arbeit", "10001": "Blockiert", "10002": "Fertig", "10003": "Abgelehnt"}
TO_DO, DOING = frozenset({"To Do"}), frozenset({"In Progress"})


def bring(tracker: JiraTracker, issue_id: str, edit: Edit) -> Status:
    with closing(tracker):
        return tracker.edit(tracker.get(issue_id), edit).status


def moves(warm: JiraStage) -> int:
    return warm.server.count("POST", TRANSITIONS)


class TestIds:
    """Names are translated, changed, and given twice."""

    def test_a_status_is_told_with_its_id_now_and_in_the_past(self, warm: JiraStage) -> None:
        warm.person.close("10001")
        issue = warm.tracker.get("10001")

        assert issue.status.id == "10002"
        assert [(change.old.id, change.new.id) for change in issue.history] == [("10000", "3"), ("3", "10002")]  # type: ignore[union-attr]

    def test_status_renamed_or_translated_is_reached_all_the_same(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="done"))
        warm.sandbox.names = GERMAN
        other = warm.edit(warm.create("other"), Edit(status="done"))

        assert (other.status.name, other.status.id, other.status.category) == ("Fertig", "10002", "done")

    def test_status_translated_keeps_the_meaning_that_the_table_gives_its_id(self, warm: JiraStage) -> None:
        warm.person.block("10001")
        warm.sandbox.names = GERMAN
        status = warm.tracker.get("10001").status

        assert status.name == "Blockiert"
        assert work_status_of(status, {}) is WorkStatus.IN_PROGRESS
        assert work_status_of(status, {"10001": "blocked"}) is WorkStatus.BLOCKED

    def test_status_known_by_its_id_wins_over_names_and_reasons(self) -> None:
        status = Status("Done", "done", "Won't Do", "10002")

        assert work_status_of(status, {"done": "in_progress"}) is WorkStatus.WONT_DO
        assert work_status_of(status, {"10002": "done", "Done": "in_progress"}) is WorkStatus.DONE

    @pytest.mark.parametrize(
        ("category", "meant"), [("todo", "not_started"), ("doing", "in_progress"), ("done", "done")]
    )
    def test_status_unknown_falls_back_to_its_category(self, category: str, meant: str) -> None:
        status = Status("Triage 7", category, id="12345")  # type: ignore[arg-type]

        assert work_status_of(status, {"Elsewhere": "wont_do"}).value == meant

    def test_two_statuses_of_one_name_are_told_apart(self, warm: JiraStage) -> None:
        warm.sandbox.names = {"10002": "Closed", "10003": "Closed"}
        issue = warm.tracker.get("10001")
        tracker = warm.another(statuses={"10003": "wont_do"})

        assert bring(tracker, issue.id, Edit(status="done")).id == "10002"

    def test_the_table_says_by_id_which_status_is_meant_by_done(self, warm: JiraStage) -> None:
        tracker = warm.another(statuses={"10003": "done"})

        assert bring(tracker, "10001", Edit(status="done")).id == "10003"
        assert moves(warm) == 1


class TestHops:
    """Several hops, each of which may fail."""

    def test_target_two_hops_away_with_the_second_denied_is_refused_where_it_stands(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="done"))
        other = warm.create("other")
        warm.sandbox.workflow = (WORKFLOW[0],)
        with pytest.raises(Rejected, match="no transition open to us brings issue") as refused:
            warm.edit(other, Edit(status="done"))

        issue = warm.tracker.get(other)
        assert (refused.value.field, issue.status.name) == ("status", "In Progress")
        assert [change.author.id for change in issue.history] == [BOT.account_id]

    def test_target_reached_already_is_no_write(self, warm: JiraStage) -> None:
        warm.person.close("10001")
        issue = warm.tracker.get("10001")
        warm.server.requests.clear()
        warm.tracker.edit(issue, Edit(status="done"))

        assert warm.server.requests == []

    def test_transition_list_empty_is_one_refusal_that_names_the_permission(self, warm: JiraStage) -> None:
        warm.sandbox.workflow = ()
        with pytest.raises(Rejected) as refused:
            warm.edit("10001", Edit(status="done"))

        assert (refused.value.field, moves(warm)) == ("status", 0)
        assert refused.value.hint == "give the account the permission to transition issues"

    @pytest.mark.parametrize("hop", [1, 2])
    def test_a_conflicting_update_409_on_any_hop_is_stale(self, warm: JiraStage, hop: int) -> None:
        issue = warm.tracker.get("10001")
        conflict = Fault("POST", TRANSITIONS, 409)
        if hop == 1:
            warm.server.faults.append(conflict)
        warm.sandbox.after_transition = lambda: warm.server.faults.append(conflict)
        with pytest.raises(Stale, match="somebody else changed issue 10001"):
            warm.tracker.edit(issue, Edit(status="done"))

        assert moves(warm) == hop

    def test_a_way_learnt_at_another_type_of_issue_is_not_taken_whatever_its_number(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="doing"))
        bug = warm.create("bug")
        warm.sandbox.get(bug).type_name = "Bug"
        warm.sandbox.workflows["Bug"] = (
            Transition("11", "Decline", TO_DO, "Won't Do"),
            Transition("12", "Start", TO_DO, "In Progress"),
        )

        assert warm.edit(bug, Edit(status="doing")).status.name == "In Progress"
        assert [change.new.id for change in warm.changes(bug, "status")] == ["3"]  # type: ignore[union-attr]

    def test_a_way_that_leads_elsewhere_by_now_is_learnt_anew(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="doing"))
        warm.sandbox.workflow = (
            Transition("11", "Block", TO_DO, "Blocked"),
            Transition("12", "Complete", frozenset({"Blocked"}), "Done"),
            *WORKFLOW[5:],
        )
        other = warm.create("other")
        warm.sandbox.workflow = (
            Transition("11", "Put aside", frozenset({"To Do"}), "To Do", lands="Blocked"),
            *warm.sandbox.workflow,
        )

        assert warm.edit(other, Edit(status="doing")).status.id == "10001"

    def test_a_transition_that_never_leads_where_it_says_is_a_refusal_after_the_second_time(
        self, warm: JiraStage
    ) -> None:
        warm.sandbox.workflow = (
            Transition("1", "Complete", frozenset({"To Do", "Blocked"}), "Done", lands="Blocked"),
            Transition("2", "Reset", frozenset({"Blocked"}), "To Do"),
        )
        with pytest.raises(Rejected, match="came to Blocked when it was to come to done") as refused:
            warm.edit("10001", Edit(status="done"))

        assert (refused.value.field, moves(warm)) == ("status", 2)

    def test_an_issue_that_somebody_else_moves_on_at_once_is_news_and_not_moved_back(self, warm: JiraStage) -> None:
        issue = warm.tracker.get("10001")

        def reopen() -> None:
            stored = warm.sandbox.get("10001")
            warm.sandbox.change(ENGINEER, stored, {"status": "10000", "resolution": None})

        warm.sandbox.after_transition = reopen
        edited = warm.tracker.edit(issue, Edit(status="doing"))

        assert (edited.status.name, edited.history[-1].author.id) == ("To Do", ENGINEER.account_id)
        assert moves(warm) == 1


class TestFields:
    """What a transition demands comes from the configuration, or not at all."""

    def test_transition_that_needs_a_resolution_gets_one_that_means_finished(self, warm: JiraStage) -> None:
        assert warm.edit("10001", Edit(status="done")).status == Status("Done", "done", "Done")

    @pytest.mark.parametrize("name", ["Cannot Reproduce", "cannot reproduce", "10003"])
    def test_transition_that_needs_a_resolution_gets_the_configured_one(self, warm: JiraStage, name: str) -> None:
        tracker = warm.another(transition_fields={"resolution": name})

        assert bring(tracker, "10001", Edit(status="done")).reason == "Cannot Reproduce"

    def test_resolution_configured_and_not_offered_is_never_replaced_by_another(self, warm: JiraStage) -> None:
        tracker = warm.another(transition_fields={"resolution": "Remediated"})
        with pytest.raises(Rejected) as refused:
            bring(tracker, "10001", Edit(status="done"))

        assert "give Resolution for Complete in transition_fields" in refused.value.hint
        assert warm.tracker.get("10001").status.name == "In Progress"

    def test_an_issue_that_cannot_be_closed_is_led_neither_back_nor_aside(self, warm: JiraStage) -> None:
        warm.person.start("10001")
        warm.server.requests.clear()
        with pytest.raises(Rejected):
            bring(warm.another(transition_fields={"resolution": "Remediated"}), "10001", Edit(status="done"))

        assert (warm.tracker.get("10001").status.name, moves(warm)) == ("In Progress", 0)

    def test_resolution_listed_and_not_on_the_screen_is_retried_without(self, warm: JiraStage) -> None:
        warm.edit("10001", Edit(status="done"))
        warm.sandbox.workflow = tuple(replace(way, screen={}) for way in WORKFLOW)
        other = warm.create("other")
        warm.server.requests.clear()

        assert warm.edit(other, Edit(status="done")).status.name == "Done"
        assert moves(warm) == 3

    def test_resolution_demanded_and_not_listed_is_retried_with_the_configured_one(self, warm: JiraStage) -> None:
        silent = tuple(replace(way, unlisted=frozenset({"resolution"})) for way in WORKFLOW)
        warm.sandbox.workflow = silent
        with pytest.raises(Rejected, match="Resolution is required"):
            bring(warm.another(), "10001", Edit(status="done"))

        assert (
            bring(warm.another(transition_fields={"resolution": "Done"}), "10001", Edit(status="done")).reason == "Done"
        )

    def test_two_transitions_to_one_status_of_which_one_demands_a_field_take_the_other(self, warm: JiraStage) -> None:
        approve = Transition("70", "Approve", TO_DO | DOING, "Done", {"customfield_1": True})
        warm.sandbox.workflow = (approve, *WORKFLOW)

        assert warm.edit("10001", Edit(status="done")).status.name == "Done"
        assert [change.new.id for change in warm.changes("10001", "status")] == ["3", "10002"]  # type: ignore[union-attr]

    @pytest.mark.parametrize("value", ["Remediated", "remediated", "701"])
    def test_a_field_that_every_way_demands_is_filled_in_as_configured(self, warm: JiraStage, value: str) -> None:
        warm.sandbox.workflow = (Transition("70", "Approve", TO_DO, "Done", {"customfield_1": True}),)
        warm.sandbox.options = {"customfield_1": {"700": "Waived", "701": "Remediated"}}
        tracker = warm.another(transition_fields={"customfield_1": value})

        assert bring(tracker, "10001", Edit(status="done")).name == "Done"

    def test_a_text_that_every_way_demands_is_sent_as_it_stands(self, warm: JiraStage) -> None:
        warm.sandbox.workflow = (Transition("70", "Approve", TO_DO, "Done", {"customfield_1": True}),)
        tracker = warm.another(transition_fields={"customfield_1": "See the POA&M."})

        assert bring(tracker, "10001", Edit(status="done")).name == "Done"

    @pytest.mark.parametrize("told", [{}, {"customfield_1": "Unknown"}])
    def test_a_field_that_every_way_demands_and_nobody_told_us_is_asked_for(
        self, warm: JiraStage, told: dict[str, str]
    ) -> None:
        warm.sandbox.workflow = (Transition("70", "Approve", TO_DO, "Done", {"customfield_1": True}),)
        warm.sandbox.options = {"customfield_1": {"701": "Remediated"}}
        with pytest.raises(Rejected) as refused:
            bring(warm.another(transition_fields=told), "10001", Edit(status="done"))

        assert "give customfield_1 for Approve in transition_fields" in refused.value.hint
        assert moves(warm) == 0

    def test_a_field_that_is_not_demanded_is_left_to_people(self, warm: JiraStage) -> None:
        warm.sandbox.workflow = (Transition("70", "Close", TO_DO, "Done", {"customfield_1": False}),)
        warm.sandbox.options = {"customfield_1": {"701": "Remediated"}}
        # Had it been sent, the site would have refused a bare text.
        tracker = warm.another(transition_fields={"customfield_1": "Unknown"})

        assert bring(tracker, "10001", Edit(status="done")).name == "Done"
