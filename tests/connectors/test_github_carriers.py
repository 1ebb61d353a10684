"""Due dates at GitHub: a field of the organisation, a milestone, or a label where there is nothing better."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from poam.connectors.base import Draft, Edit, Issue
from poam.connectors.errors import Gone, RateLimited, Rejected, Unavailable
from poam.connectors.github import GithubTracker
from poam.connectors.sandbox.github_planning import TARGET
from poam.connectors.sandbox.github_store import IssueField
from poam.connectors.sandbox.server import Fault, SandboxServer

from .github_carriers import FieldPerson, MilestonePerson, carried
from .github_stage import DRAFT, MARKER, TOKEN, GithubStage, settings_for
from .jira_sites import Heard
from .stage import made

FIELDS = "/orgs/acme/issue-fields$"
VALUES = "/issue-field-values"
PRIORITY = IssueField(32, "Priority", "text")
PLAIN = Draft(MARKER, "Patch the parser", "")


@pytest.fixture
def fields() -> Iterator[GithubStage]:
    with carried("auto", person="issue_field") as opened:
        yield opened


@pytest.fixture
def milestones() -> Iterator[GithubStage]:
    with carried("milestone") as opened:
        yield opened


@contextmanager
def fresh(stage: GithubStage, **changed: Any) -> Iterator[GithubStage]:
    """The same place with the connector as a new process makes it."""
    place = "milestone" if isinstance(stage.person, MilestonePerson) else "auto"
    with closing(stage.another(**{"due_date": place, **changed})) as tracker:
        yield replace(stage, tracker=tracker)


def engineer(stage: GithubStage) -> Any:
    """Who works there, with all that such a person can do."""
    assert isinstance(stage.person, FieldPerson | MilestonePerson)
    return stage.person


def row(stage: GithubStage, issue_id: str) -> dict[str, Any]:
    """The issue as GitHub shows it."""
    shown: dict[str, Any] = engineer(stage).row(issue_id)
    return shown


def values(stage: GithubStage, issue_id: str) -> dict[str, str]:
    """The values of its fields."""
    return {value["issue_field_name"]: value["value"] for value in row(stage, issue_id)["issue_field_values"]}


def moves(issue: Issue) -> list[tuple[Any, Any, str]]:
    """What its history says of the due date, and who did it."""
    return [(each.old, each.new, each.author.id) for each in issue.history if each.field == "due_date"]


# Which place is chosen, and what that costs


def test_dates_stand_in_the_organisations_field_where_it_has_one(fields: GithubStage) -> None:
    created = made(fields.tracker, DRAFT)
    assert created.issue is not None
    assert (created.issue.due_dates, created.issue.labels) == (("2026-04-01",), {"poam"})
    assert values(fields, created.id) == {"Target date": "2026-04-01"}


def test_the_organisation_is_asked_for_its_field_once_and_not_before_a_date_is_written(fields: GithubStage) -> None:
    fields.tracker.changed_since(None)
    issue = made(fields.tracker, PLAIN)
    fields.tracker.get(issue.id)
    assert fields.server.count("GET", FIELDS) == 0
    for day in ("2026-05-01", "2026-06-01", ""):
        fields.edit(issue.id, Edit(due_date=day))
    assert fields.server.count("GET", FIELDS) == 1


@pytest.mark.parametrize("place", ["auto", "issue_field", "milestone"])
def test_an_idle_cycle_is_one_conditional_read_wherever_dates_stand_and_in_a_new_process_too(place: str) -> None:
    with carried(place, person="milestone" if place == "milestone" else "issue_field") as stage:
        made(stage.tracker, DRAFT)
        cursor = stage.settled()
        with fresh(stage) as again:
            for tracker in (stage.tracker, again.tracker):
                assert list(tracker.changed_since(cursor).issues) == []
        assert [seen.status for seen in stage.server.requests] == [304, 304]


@pytest.mark.parametrize("owner", ["a user", "an organisation without it", 403, 404, 405, 410])
def test_dates_stand_in_labels_where_there_is_no_such_field_or_we_are_not_shown_it(
    fields: GithubStage, owner: Any
) -> None:
    if owner == "a user":
        fields.sandbox.store.fields = None
    elif isinstance(owner, int):
        fields.server.faults.append(Fault("GET", FIELDS, owner))
    else:
        text = replace(PRIORITY, name="Target date")
        fields.sandbox.planning.belong_to_organisation(replace(TARGET, name="Due"), text)
    created = made(fields.tracker, DRAFT)
    assert created.issue is not None
    assert created.issue.labels == {"poam", "due:2026-04-01"}
    assert fields.server.count("GET", FIELDS) == (owner != "a user")


@pytest.mark.parametrize("kind", [502, 429])
def test_a_field_that_cannot_be_asked_for_now_is_asked_for_again_and_nothing_is_created(
    fields: GithubStage, kind: int
) -> None:
    fields.server.faults.append(Fault("GET", FIELDS, kind))
    with pytest.raises(Unavailable):
        made(fields.tracker, DRAFT)
    assert fields.server.count("POST") == 0
    assert values(fields, made(fields.tracker, DRAFT).id) == {"Target date": "2026-04-01"}


def test_a_field_of_another_name_is_used_where_it_is_configured_whatever_its_case(fields: GithubStage) -> None:
    fields.sandbox.planning.belong_to_organisation(TARGET, IssueField(40, "Fix by"))
    with fresh(fields, due_field="fix BY") as stage:
        issue = made(stage.tracker, DRAFT)
        assert values(stage, issue.id) == {"Fix by": "2026-04-01"}
        assert stage.tracker.get(issue.id).due_dates == ("2026-04-01",)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("label", "label due:YYYY-MM-DD"),
        ("issue_field", "change the field Target date"),
        ("auto", "change the field Target date or, where issues have none, take the label"),
        ("milestone", "titled Due YYYY-MM-DD"),
    ],
)
def test_people_are_told_how_a_date_is_moved_and_the_words_never_depend_on_what_was_asked(
    place: str, words: str
) -> None:
    with carried(place, person="issue_field") as stage:
        before = stage.tracker.capabilities.move_date
        made(stage.tracker, DRAFT)
        assert words in before
        assert stage.tracker.capabilities.move_date == before


# What GitHub drops


@pytest.mark.parametrize("place", ["auto", "issue_field", "milestone"])
def test_silently_dropped_dates_of_a_create_go_into_labels_from_then_on_and_are_told(place: str) -> None:
    with carried(place, person="issue_field") as stage:
        stage.sandbox.planning.drops = True
        first = made(stage.tracker, DRAFT)
        assert first.issue is not None
        assert first.issue.due_dates == ()
        mended = stage.tracker.edit(first.issue, Edit(due_date="2026-04-01"))
        second = made(stage.tracker, replace(DRAFT, marker="a" * 26)).issue
        assert second is not None
        for issue in (mended, second):
            assert (issue.due_dates, issue.labels) == (("2026-04-01",), {"poam", "due:2026-04-01"})
        (warning,) = stage.tracker.check().warnings
        assert "dropped it" in warning


def test_silently_dropped_dates_of_an_edit_are_a_label_in_the_same_edit_and_no_loop_follows(
    fields: GithubStage,
) -> None:
    issue = fields.tracker.get(made(fields.tracker, PLAIN).id)
    fields.sandbox.planning.drops = True
    wish = Edit(title="New", due_date="2026-05-01")
    edited = fields.tracker.edit(issue, wish)
    assert (edited.title, edited.due_dates) == ("New", ("2026-05-01",))
    fields.server.requests.clear()
    assert fields.tracker.edit(edited, wish) == edited
    with fresh(fields) as again:
        assert again.edit(issue.id, wish).due_dates == ("2026-05-01",)
    assert {seen.method for seen in fields.server.requests} == {"GET"}


def test_a_check_of_a_new_process_sees_that_dates_stand_in_labels_beside_the_field(fields: GithubStage) -> None:
    assert list(fields.tracker.check().warnings) == []
    made(fields.another(due_date="label"), DRAFT)
    made(fields.tracker, replace(DRAFT, marker="a" * 26))
    with fresh(fields) as again:
        (warning,) = again.tracker.check().warnings
    assert "1 of our last 2 issues" in warning


@pytest.mark.parametrize(
    ("has", "words"),
    [(None, "only organisations have issue fields"), ((), "has no date field Target date"), ((TARGET,), "")],
)
def test_a_field_that_is_asked_for_by_name_and_not_there_is_a_problem(has: Any, words: str) -> None:
    with carried("issue_field") as stage:
        stage.sandbox.store.fields = None if has is None else {each.id: each for each in has}
        problems = list(stage.tracker.check().problems)
        assert len(problems) == bool(words)
        assert all(words in problem and "; " in problem for problem in problems)


# Writing to the field


def test_due_cleared_on_either_side_is_a_deleted_value_and_gone_already_is_gone(fields: GithubStage) -> None:
    issue = fields.tracker.get(made(fields.tracker, DRAFT).id)
    engineer(fields).set_due(issue.id, "")
    assert fields.tracker.get(issue.id).due_dates == ()
    assert fields.tracker.edit(issue, Edit(due_date="")).due_dates == ()
    fields.edit(issue.id, Edit(due_date="2026-05-01"))
    assert fields.edit(issue.id, Edit(due_date="")).due_dates == ()
    assert fields.server.count("DELETE", VALUES) == 3
    assert fields.server.count("PUT") == 0


def test_other_fields_of_the_issue_are_left_alone_whatever_we_write(fields: GithubStage) -> None:
    fields.sandbox.planning.belong_to_organisation(TARGET, PRIORITY)
    issue_id = made(fields.tracker, DRAFT).id
    engineer(fields).give(issue_id, PRIORITY.id, "high")
    for day in ("2026-05-01", "", "2026-06-01"):
        fields.edit(issue_id, Edit(due_date=day))
        assert values(fields, issue_id)["Priority"] == "high"


def test_a_moved_date_is_one_request_together_with_text_and_state(fields: GithubStage) -> None:
    issue = fields.tracker.get(made(fields.tracker, DRAFT).id)
    fields.server.requests.clear()
    edited = fields.tracker.edit(issue, Edit(body="New", due_date="2026-09-01", status="done"))
    assert (edited.body, edited.due_dates, edited.status.name) == ("New", ("2026-09-01",), "completed")
    assert [seen.method for seen in fields.server.requests] == ["PATCH"]


def test_two_due_labels_beside_the_field_are_two_dates_and_our_next_write_settles_them(fields: GithubStage) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    fields.person.label(issue_id, add=("due:2026-05-01", "due:2026-06-01"))
    assert fields.tracker.get(issue_id).due_dates == ("2026-05-01", "2026-06-01")
    edited = fields.edit(issue_id, Edit(due_date="2026-07-01"))
    assert (edited.due_dates, edited.labels) == (("2026-07-01",), {"poam"})


@pytest.mark.parametrize("label", ["due:2026-02-30", "due:0000-01-01", "due:2026-2-3", "due:20260401", "due:soon"])
def test_invalid_label_dates_are_no_dates_and_do_not_hide_the_field(fields: GithubStage, label: str) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    fields.person.label(issue_id, add=(label,))
    assert fields.tracker.get(issue_id).due_dates == ("2026-04-01",)
    assert fields.edit(issue_id, Edit(due_date="2026-05-01")).labels == {"poam", label}


def test_a_date_in_a_label_counts_until_it_is_next_written_and_moves_to_the_field_then(fields: GithubStage) -> None:
    issue_id = made(fields.another(due_date="label"), DRAFT).id
    engineer(fields).set_due(issue_id, "2027-01-01")
    issue = fields.tracker.get(issue_id)
    assert issue.due_dates == ("2026-04-01",)
    assert moves(issue) == []
    edited = fields.tracker.edit(issue, Edit(due_date="2026-05-01"))
    assert (edited.due_dates, edited.labels) == (("2026-05-01",), {"poam"})
    assert moves(fields.tracker.get(issue_id)) == [
        (None, "2027-01-01", "maya"),
        ("2027-01-01", "2026-05-01", "poam-bot"),
    ]
    assert fields.edit(issue_id, Edit(due_date="")).due_dates == ()


@pytest.mark.parametrize("new_process", [False, True])
@pytest.mark.parametrize("left", [(), (replace(TARGET, name="Deadline"),)], ids=["deleted", "renamed"])
def test_a_field_deleted_or_renamed_in_the_organisation_clears_nothing_and_dates_go_into_labels(
    fields: GithubStage, left: tuple[IssueField, ...], *, new_process: bool
) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    fields.sandbox.planning.belong_to_organisation(*left)
    with fresh(fields) if new_process else closing_nothing(fields) as stage:
        seen = stage.tracker.get(issue_id)
        assert (moves(seen), seen.history) == ([], ())
        edited = stage.tracker.edit(replace(seen, due_dates=()), Edit(title="New", due_date="2026-06-01"))
        assert (edited.title, edited.due_dates) == ("New", ("2026-06-01",))
        assert new_process <= ("due:2026-06-01" in edited.labels)
    assert fields.tracker.get(issue_id).due_dates == ("2026-06-01",)


@contextmanager
def closing_nothing(stage: GithubStage) -> Iterator[GithubStage]:
    """The process goes on."""
    yield stage


def test_a_create_that_is_refused_because_the_field_is_gone_is_sent_again_with_a_label(fields: GithubStage) -> None:
    made(fields.tracker, DRAFT)
    fields.sandbox.planning.belong_to_organisation()
    other = replace(DRAFT, marker="a" * 26)
    with pytest.raises(Unavailable, match="sent again"):
        made(fields.tracker, other)
    created = made(fields.tracker, other).issue
    assert created is not None
    assert created.due_dates == ("2026-04-01",)
    assert len(fields.tracker.find("a" * 26, since="2026-03-02T12:00:00.000Z")) == 1


def test_what_is_refused_for_another_reason_stays_refused(fields: GithubStage) -> None:
    made(fields.tracker, DRAFT)
    with pytest.raises(Rejected, match="title is too long"):
        made(fields.tracker, replace(DRAFT, title="t" * 300))
    issue = fields.tracker.get("1")
    with pytest.raises(Rejected, match="title is too long"):
        fields.tracker.edit(issue, Edit(title="t" * 300, due_date="2026-05-01"))
    assert fields.tracker.get("1") == issue


# Who moved it


def test_a_date_moved_in_the_field_is_told_with_its_author_though_the_event_tells_nothing(fields: GithubStage) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    cursor = fields.settled()
    for day in ("2026-05-01", "", "2026-06-01"):
        fields.clock.advance(minutes=1)
        engineer(fields).set_due(issue_id, day)
    fields.server.requests.clear()
    (issue,) = fields.tracker.changed_since(cursor).issues
    assert moves(issue) == [
        ("2026-04-01", "2026-05-01", "maya"),
        ("2026-05-01", None, "maya"),
        (None, "2026-06-01", "maya"),
    ]
    assert [(seen.method, seen.path.rpartition("/")[2]) for seen in fields.server.requests] == [
        ("GET", "issues"),
        ("GET", "events"),
        ("POST", "graphql"),
    ]
    assert fields.tracker.get(issue_id).history == issue.history


def test_the_graphql_query_about_fields_asks_by_ids_and_has_no_filter(fields: GithubStage) -> None:
    """A filter that is null finds everything or nothing, so none is sent."""
    issue_id = made(fields.tracker, DRAFT).id
    engineer(fields).set_due(issue_id, "2026-05-01")
    heard = Heard(fields.sandbox.app)
    with SandboxServer(heard) as server, closing(GithubTracker("code", settings_for(server.url), TOKEN)) as tracker:
        assert len(moves(tracker.get(issue_id))) == 1
    (asked,) = (json.loads(body) for _, body in heard.requests if b"query" in body)
    assert re.findall(r"\w+\([^)]*\)", asked["query"]) == ["query($ids: [ID!]!)", "nodes(ids: $ids)"]
    assert list(asked["variables"]) == ["ids"]
    assert all(asked["variables"]["ids"])


def test_many_moved_dates_are_asked_about_together(fields: GithubStage) -> None:
    ids = [made(fields.tracker, replace(DRAFT, marker="a" * 25 + letter)).id for letter in "bcdefg"]
    cursor = fields.settled()
    for issue_id in ids:
        engineer(fields).set_due(issue_id, "2026-05-01")
    fields.server.requests.clear()
    issues = fields.tracker.changed_since(cursor).issues
    assert [moves(issue) for issue in issues] == [[("2026-04-01", "2026-05-01", "maya")]] * 6
    assert fields.server.count() == 3


def test_another_field_that_people_fill_is_no_due_date(fields: GithubStage) -> None:
    fields.sandbox.planning.belong_to_organisation(TARGET, PRIORITY, IssueField(33, "Start date"))
    issue_id = made(fields.tracker, DRAFT).id
    engineer(fields).give(issue_id, PRIORITY.id, "2026-12-24")
    engineer(fields).give(issue_id, 33, "2026-12-24")
    issue = fields.tracker.get(issue_id)
    assert (issue.due_dates, issue.history) == (("2026-04-01",), ())


@pytest.mark.parametrize("kind", [403, 404, 200])
def test_a_site_that_does_not_tell_of_fields_gets_nobody_wrongly_named_and_is_asked_once(
    fields: GithubStage, kind: int
) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    engineer(fields).set_due(issue_id, "2026-05-01")
    fields.server.faults.append(Fault("POST", "/graphql", kind, times=9))
    for _ in range(3):
        issue = fields.tracker.get(issue_id)
        assert (issue.due_dates, moves(issue)) == (("2026-05-01",), [])
    assert fields.server.count("POST", "/graphql") == 1


@pytest.mark.parametrize("kind", [502, 429, "drop"])
def test_a_site_that_cannot_tell_of_fields_now_is_asked_again(fields: GithubStage, kind: Any) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    engineer(fields).set_due(issue_id, "2026-05-01")
    fields.server.faults.append(Fault("POST", "/graphql", kind))
    with pytest.raises(Unavailable) as raised:
        fields.tracker.get(issue_id)
    assert isinstance(raised.value, RateLimited) == (kind == 429)
    assert moves(fields.tracker.get(issue_id)) == [("2026-04-01", "2026-05-01", "maya")]


def test_a_field_that_does_not_touch_its_issue_is_seen_by_a_read_and_changes_the_version(fields: GithubStage) -> None:
    fields.sandbox.store.fields_touch = False
    issue = fields.tracker.get(made(fields.tracker, DRAFT).id)
    fields.clock.advance(days=3)
    engineer(fields).set_due(issue.id, "2026-05-01")
    read = fields.tracker.get(issue.id, known=issue.version)
    assert (read.updated, read.due_dates) == (issue.updated, ("2026-05-01",))
    assert read.version != issue.version
    assert moves(read) == [("2026-04-01", "2026-05-01", "maya")]
    assert [each.due_dates for each in fields.tracker.changed_since(None).issues] == [("2026-05-01",)]


def test_nothing_is_told_past_an_event_of_a_field_whose_successor_lists_still_hide(fields: GithubStage) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    cursor = fields.settled()
    fields.clock.advance(hours=1)
    engineer(fields).set_due(issue_id, "2026-05-01")
    fields.person.rename(issue_id, "Later")
    engineer(fields).set_due(issue_id, "2026-06-01")
    hidden = fields.sandbox.store.events.pop()
    (issue,) = fields.tracker.changed_since(cursor).issues
    assert (issue.due_dates, issue.history) == (("2026-06-01",), ())
    fields.sandbox.store.events.append(hidden)
    told = fields.tracker.get(issue_id).history
    assert [change.new for change in told] == ["2026-05-01", "Later", "2026-06-01"]


# Milestones


@pytest.mark.parametrize("day", ["2026-03-07", "2026-03-08", "2026-03-09", "2026-10-31", "2026-11-01", "2026-11-02"])
def test_milestone_days_around_a_change_of_summer_time_come_back_as_they_went(
    milestones: GithubStage, day: str
) -> None:
    issue = made(milestones.tracker, replace(DRAFT, due_date=day)).issue
    assert issue is not None
    assert issue.due_dates == (day,)
    assert re.search("T0[78]:00:00Z$", row(milestones, issue.id)["milestone"]["due_on"])


@pytest.mark.parametrize(
    ("due_on", "day"), [("2026-05-01T06:59:00Z", "2026-04-30"), ("2026-05-01T07:00:00Z", "2026-05-01")]
)
def test_milestone_days_end_in_githubs_own_time_zone(milestones: GithubStage, due_on: str, day: str) -> None:
    issue_id = made(milestones.tracker, DRAFT).id
    engineer(milestones).put(issue_id, engineer(milestones).milestone("Sprint", due_on))
    assert milestones.tracker.get(issue_id).due_dates == (day,)


def test_milestones_are_made_once_for_a_day_and_found_again_by_another_process(milestones: GithubStage) -> None:
    ids = [made(milestones.tracker, replace(DRAFT, marker="a" * 25 + letter)).id for letter in "bc"]
    with fresh(milestones) as again:
        ids.append(made(again.tracker, replace(DRAFT, marker="a" * 25 + "d")).id)
    assert {row(milestones, issue_id)["milestone"]["title"] for issue_id in ids} == {"Due 2026-04-01"}
    assert milestones.server.count("POST", "/milestones") == 1
    assert milestones.server.count("GET", "/milestones$") == 2


def test_milestones_of_others_are_not_ours_though_they_end_on_the_same_day(milestones: GithubStage) -> None:
    engineer(milestones).milestone("Sprint 12", "2026-04-01T12:00:00Z")
    issue_id = made(milestones.tracker, DRAFT).id
    assert row(milestones, issue_id)["milestone"]["title"] == "Due 2026-04-01"


def test_an_issue_taken_out_of_its_milestone_has_no_date_and_that_is_told_with_its_author(
    milestones: GithubStage,
) -> None:
    issue_id = made(milestones.tracker, DRAFT).id
    cursor = milestones.settled()
    milestones.person.set_due(issue_id, "")
    (issue,) = milestones.tracker.changed_since(cursor).issues
    assert (issue.due_dates, moves(issue)) == ((), [("2026-04-01", None, "maya")])
    assert milestones.edit(issue_id, Edit(due_date="2026-04-01")).due_dates == ("2026-04-01",)
    assert milestones.edit(issue_id, Edit(due_date="")).due_dates == ()


@pytest.mark.parametrize("first", ["demilestoned", "milestoned"])
def test_an_exchange_of_milestones_is_told_as_one_move_in_whichever_order_github_tells_it(
    milestones: GithubStage, first: str
) -> None:
    issue_id = made(milestones.tracker, DRAFT).id
    milestones.person.set_due(issue_id, "2026-05-01")
    events = milestones.sandbox.store.events
    if first == "milestoned":
        one, other = events[-2:]
        events[-2:] = [replace(other, id=one.id), replace(one, id=other.id)]
    told = moves(milestones.tracker.get(issue_id))
    assert (told[0][0], told[-1][1], {author for _, _, author in told}) == ("2026-04-01", "2026-05-01", {"maya"})


def test_moving_a_milestones_own_day_moves_all_its_issues_and_names_nobody(milestones: GithubStage) -> None:
    ids = [made(milestones.tracker, replace(DRAFT, marker="a" * 25 + letter)).id for letter in "bc"]
    before = {issue_id: milestones.tracker.get(issue_id) for issue_id in ids}
    number = row(milestones, ids[0])["milestone"]["number"]
    engineer(milestones).change_milestone(number, due_on="2026-07-01T12:00:00Z")
    for issue_id in ids:
        issue = milestones.tracker.get(issue_id)
        assert (issue.due_dates, moves(issue)) == (("2026-07-01",), [])
        assert issue.version != before[issue_id].version


@pytest.mark.parametrize("happened", ["moved", "deleted", "closed"])
@pytest.mark.parametrize("new_process", [False, True])
def test_a_date_is_put_back_whatever_people_did_to_its_milestone(
    milestones: GithubStage, happened: str, *, new_process: bool
) -> None:
    issue_id = made(milestones.tracker, DRAFT).id
    number = row(milestones, issue_id)["milestone"]["number"]
    if happened == "moved":
        engineer(milestones).change_milestone(number, due_on="2026-07-01T12:00:00Z")
    elif happened == "deleted":
        engineer(milestones).delete_milestone(number)
    else:
        engineer(milestones).change_milestone(number, state="closed")
    with fresh(milestones) if new_process else closing_nothing(milestones) as stage:
        for _ in range(2):
            issue = stage.edit(issue_id, Edit(due_date="2026-04-01"))
    assert (issue.due_dates, issue.labels) == (("2026-04-01",), {"poam"})
    assert row(milestones, issue_id)["milestone"]["title"].startswith("Due 2026-04-01")


@pytest.mark.parametrize("kind", [502, "drop"])
def test_a_milestone_that_is_not_confirmed_leaves_the_issue_unsent_and_is_no_second_one(
    milestones: GithubStage, kind: Any
) -> None:
    milestones.server.faults.append(Fault("POST", "/milestones", kind, "after"))
    with pytest.raises(Unavailable, match="not confirmed"):
        made(milestones.tracker, DRAFT)
    assert milestones.server.count("POST", "/issues$") == 0
    assert made(milestones.tracker, DRAFT).issue is not None
    assert [each.title for each in milestones.sandbox.store.milestones.values()] == ["Due 2026-04-01"]


def test_no_write_follows_where_the_issue_is_gone(fields: GithubStage) -> None:
    issue = fields.tracker.get(made(fields.tracker, DRAFT).id)
    fields.sandbox.delete(int(issue.id))
    for day in ("2026-05-01", ""):
        with pytest.raises(Gone):
            fields.tracker.edit(issue, Edit(due_date=day))


def test_lists_that_lag_hide_no_date_for_ever(fields: GithubStage) -> None:
    issue_id = made(fields.tracker, DRAFT).id
    cursor = fields.settled()
    fields.sandbox.list_lag = timedelta(minutes=5)
    fields.clock.advance(hours=1)
    engineer(fields).set_due(issue_id, "2026-05-01")
    hidden = fields.tracker.changed_since(cursor)
    fields.clock.advance(minutes=6)
    (issue,) = fields.tracker.changed_since(hidden.cursor).issues
    assert moves(issue) == [("2026-04-01", "2026-05-01", "maya")]
