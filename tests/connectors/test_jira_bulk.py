"""Many new issues at Jira: fifty in a request, each with its own verdict, else one at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from math import ceil

import pytest

from poam.connectors.base import Created, Draft, Edit
from poam.connectors.errors import Forbidden, RateLimited, Rejected, TrackerError, Unavailable, Unsettled
from poam.connectors.sandbox.server import Fault

from .jira_fixtures import either, stage, warm
from .jira_stage import CREATE, JiraStage

__all__ = ["either", "stage", "warm"]

BULK = r"/issue/bulk$"
LONG = "x" * 256


def drafts(stage: JiraStage, *titles: str) -> list[Draft]:
    return [stage.draft(f"draft {number}", title=title) for number, title in enumerate(titles)]


def titles(stage: JiraStage, answers: Sequence[Created | TrackerError]) -> list[str | type[TrackerError]]:
    """What became of each: the title that the issue has, or the kind of error."""
    return [stage.tracker.get(answer.id).title if isinstance(answer, Created) else type(answer) for answer in answers]


class TestAtOnce:
    """Fifty drafts are one request, and each of them has an answer in its place."""

    @pytest.mark.parametrize("many", [1, 2, 49, 50, 51, 100, 101])
    def test_n_creates_take_a_request_per_fifty(self, warm: JiraStage, many: int) -> None:
        owed = drafts(warm, *(f"Fix {number}" for number in range(many)))
        at_once = warm.tracker.capabilities.creates_at_once
        made = [
            answer for start in range(0, many, at_once) for answer in warm.tracker.create(owed[start : start + at_once])
        ]

        assert len(warm.server.requests) == ceil(many / 50)
        assert [answer.key for answer in made if isinstance(answer, Created)] == [f"SEC-{n + 2}" for n in range(many)]

    def test_an_issue_made_with_others_is_as_drafted_marked_and_found_by_its_marker(self, either: JiraStage) -> None:
        since = either.now()
        labels = frozenset({"security"})
        both = [either.draft(name, due_date="2028-02-29", labels=labels) for name in ("one", "two")]
        made = either.tracker.create(both)

        for draft, answer in zip(both, made, strict=True):
            assert isinstance(answer, Created)
            issue = either.tracker.get(answer.id)
            assert (issue.id, issue.key, issue.url) == (answer.id, answer.key, answer.url)
            assert (issue.title, issue.body, issue.due_dates) == (draft.title, draft.body, ("2028-02-29",))
            assert (issue.marker, issue.marked, issue.labels >= labels) == (draft.marker, True, True)
            assert either.sandbox.get(answer.id).properties == {"poam.sync": {"marker": draft.marker}}
        assert [either.found(name, since) for name in ("one", "two")] == [[made[0].id], [made[1].id]]  # type: ignore[union-attr]

    @pytest.mark.parametrize("refused", [[0], [1], [3], [0, 3], [1, 2]])
    def test_bulk_partly_refused_tells_each_draft_its_own_fate(self, either: JiraStage, refused: list[int]) -> None:
        wanted = [LONG if number in refused else f"Fix {number}" for number in range(4)]
        answers = either.tracker.create(drafts(either, *wanted))

        assert titles(either, answers) == [Rejected if title == LONG else title for title in wanted]
        told = [answer for answer in answers if isinstance(answer, Rejected)]
        assert {answer.field for answer in told} == {"title"}
        assert all("less than 255 characters" in str(answer) for answer in told)
        assert either.server.count("POST", BULK) == 1

    def test_bulk_wholly_refused_is_a_400_that_tells_each_draft_why(self, either: JiraStage) -> None:
        answers = either.tracker.create(drafts(either, LONG, "two\nlines"))

        assert [(type(answer), answer.field) for answer in answers] == [(Rejected, "title")] * 2  # type: ignore[union-attr]
        assert "less than 255" in str(answers[0])
        assert "newline" in str(answers[1])
        assert [(seen.path, seen.status) for seen in either.server.requests] == [("/rest/api/2/issue/bulk", 400)]

    def test_bulk_refused_in_general_words_tells_them_too(self, warm: JiraStage) -> None:
        warm.sandbox.grumble = "The issue type's workflow is being migrated."
        answers = warm.tracker.create(drafts(warm, "one", "two"))

        assert [type(answer) for answer in answers] == [Rejected, Rejected]
        assert all("being migrated" in str(answer) for answer in answers)

    @pytest.mark.parametrize(("status", "error"), [(500, Unsettled), (503, Unsettled), (429, Unavailable)])
    def test_one_issue_of_many_without_a_clear_answer_concerns_that_one_alone(
        self, warm: JiraStage, status: int, error: type[TrackerError]
    ) -> None:
        warm.sandbox.grumble, warm.sandbox.grumble_status = "Something went wrong.", status
        answers = warm.tracker.create([warm.draft("one"), warm.draft("two")])

        assert all(isinstance(answer, error) for answer in answers)

    @pytest.mark.parametrize(("kind", "error"), [("drop", Unsettled), (502, Unsettled), (429, RateLimited)])
    def test_what_concerns_all_is_raised_and_sent_once(
        self, warm: JiraStage, kind: object, error: type[TrackerError]
    ) -> None:
        warm.server.faults.append(Fault("POST", BULK, kind, "after"))  # type: ignore[arg-type]
        with pytest.raises(error):
            warm.tracker.create(drafts(warm, "one", "two"))

        assert warm.server.count("POST") == 1

    @pytest.mark.parametrize("status", [401, 403])
    def test_credentials_that_are_refused_are_no_missing_endpoint(self, warm: JiraStage, status: int) -> None:
        warm.server.faults.append(Fault("POST", BULK, status))
        with pytest.raises(Forbidden):
            warm.tracker.create(drafts(warm, "one", "two"))

        assert warm.tracker.capabilities.creates_at_once == 50
        assert warm.server.count("POST") == 1

    def test_new_issues_are_shown_by_search_at_once_whatever_its_index_lacks(self, warm: JiraStage) -> None:
        cursor = warm.read()
        warm.sandbox.index_lag = timedelta(days=1)
        made = warm.tracker.create(drafts(warm, "one", "two"))

        found = {issue.id for issue in warm.tracker.changed_since(cursor).issues}
        assert {answer.id for answer in made if isinstance(answer, Created)} <= found

    def test_where_no_entity_properties_are_taken_many_issues_are_marked_by_their_labels(
        self, either: JiraStage
    ) -> None:
        either.sandbox.takes_properties = False
        made = either.tracker.create([either.draft("one"), either.draft("two")])

        marked = [either.tracker.get(answer.id).marker for answer in made if isinstance(answer, Created)]
        assert marked == [either.draft("one").marker, either.draft("two").marker]
        assert either.tracker.capabilities.creates_at_once == 50


class TestOneAtATime:
    """Where a deployment has no place to make many, it is asked for one at a time, and that is remembered."""

    @pytest.mark.parametrize("status", [404, 405, 410])
    def test_endpoint_missing_is_fallen_back_from_once_and_remembered(self, warm: JiraStage, status: int) -> None:
        warm.server.faults.append(Fault("POST", BULK, status, times=9))
        answers = warm.tracker.create(drafts(warm, "one", "two", "three"))

        assert titles(warm, answers) == ["one", Unavailable, Unavailable]
        assert warm.tracker.capabilities.creates_at_once == 1
        for name in ("two", "three"):
            warm.create(name)
        assert (warm.server.count("POST", BULK), warm.server.count("POST", CREATE)) == (1, 3)

    def test_a_site_without_the_endpoint_makes_the_first_and_leaves_the_others_to_be_sent_again(
        self, either: JiraStage
    ) -> None:
        since = either.now()
        either.sandbox.bulk_create = False
        answers = either.tracker.create([either.draft(name) for name in ("one", "two")])

        assert [type(answer) for answer in answers] == [Created, Unavailable]
        assert (len(either.found("one", since)), either.found("two", since)) == (1, [])

    @pytest.mark.parametrize("status", [400, 413, 422])
    def test_a_request_refused_as_a_whole_blames_no_draft_and_is_sent_one_at_a_time(
        self, warm: JiraStage, status: int
    ) -> None:
        warm.server.faults.append(Fault("POST", BULK, status))

        assert titles(warm, warm.tracker.create(drafts(warm, "one", "two"))) == ["one", Unavailable]

    def test_the_first_one_refused_by_itself_says_nothing_of_the_others(self, warm: JiraStage) -> None:
        warm.sandbox.bulk_create = False

        assert titles(warm, warm.tracker.create(drafts(warm, LONG, "two"))) == [Rejected, Unavailable]

    def test_the_first_one_lost_by_itself_is_alone_unsettled(self, warm: JiraStage) -> None:
        warm.sandbox.bulk_create = False
        warm.server.faults.append(Fault("POST", CREATE, "drop", "after"))

        assert titles(warm, warm.tracker.create(drafts(warm, "one", "two"))) == [Unsettled, Unavailable]

    def test_a_project_out_of_sight_is_forbidden_and_no_missing_endpoint(self, warm: JiraStage) -> None:
        warm.server.faults.append(Fault("POST", r"/issue(/bulk)?$", 404, times=2))
        with pytest.raises(Forbidden, match="it is missing or this token has no access"):
            warm.tracker.create(drafts(warm, "one", "two"))

        assert warm.tracker.capabilities.creates_at_once == 50

    def test_a_check_takes_nothing_for_known(self, warm: JiraStage) -> None:
        warm.sandbox.bulk_create = False
        warm.tracker.create(drafts(warm, "one", "two"))
        warm.tracker.check()

        assert warm.tracker.capabilities.creates_at_once == 50


class TestDueOnCreation:
    """A due field that cannot be set on creation never keeps an issue from being made."""

    def test_duedate_refused_whatever_the_create_screen_says_is_left_out_of_one(self, warm: JiraStage) -> None:
        warm.sandbox.due_on_create = False
        issue = warm.tracker.get(warm.create("one", due_date="2026-04-01"))

        assert issue.due_dates == ()
        assert warm.tracker.edit(issue, Edit(due_date="2026-04-01")).due_dates == ("2026-04-01",)

    def test_duedate_refused_for_some_of_many_has_only_those_sent_again_and_without_it(self, warm: JiraStage) -> None:
        warm.sandbox.due_on_create = False
        owed = [
            warm.draft("undated"),
            warm.draft("one", due_date="2026-04-01"),
            warm.draft("two", due_date="2026-05-01"),
        ]
        first = warm.tracker.create(owed)
        assert [type(answer) for answer in first] == [Created, Unavailable, Unavailable]

        second = warm.tracker.create(owed[1:])
        assert titles(warm, second) == ["Fix one", "Fix two"]
        assert warm.server.count("POST", BULK) == 2

    def test_duedate_demanded_on_creation_and_not_taken_is_a_refusal_and_not_sent_for_ever(
        self, warm: JiraStage
    ) -> None:
        warm.sandbox.due_on_create = False
        owed = [warm.draft(name, due_date="2026-04-01") for name in ("one", "two")]

        assert [type(answer) for answer in warm.tracker.create(owed)] == [Unavailable, Unavailable]
        warm.sandbox.required.add("duedate")
        assert [(type(answer), answer.field) for answer in warm.tracker.create(owed)] == [(Rejected, "due_date")] * 2  # type: ignore[union-attr]
