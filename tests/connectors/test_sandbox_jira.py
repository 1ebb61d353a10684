"""The sandbox Jira is a Jira: to the vendor's description, to the vendor's client library, and in its quirks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
import requests
from jira import JIRA

from poam.connectors.base import Edit
from poam.connectors.sandbox.jira import BOT, ENGINEER
from poam.connectors.sandbox.server import SandboxServer

from .jira_fixtures import stage
from .jira_stage import JiraStage, tracker
from .stage import made
from .vendor_spec import SPEC, Recorder, Spec

__all__ = ["stage"]

Ask = Callable[..., requests.Response]


@pytest.fixture
def ask(stage: JiraStage) -> Iterator[Ask]:
    """Sends a plain request as the bot: `ask("GET", "issue/SEC-1", api=3, params={...})`."""
    with requests.Session() as session:
        session.auth = (BOT.email, BOT.token)

        def send(method: str, path: str, api: int = 2, **rest: Any) -> requests.Response:
            return session.request(method, f"{stage.server.url}/rest/api/{api}/{path}", timeout=10, **rest)

        yield send


@pytest.fixture
def library(stage: JiraStage) -> Iterator[JIRA]:
    """The client library, used as its manual says."""
    with closing(JIRA(stage.server.url, basic_auth=(BOT.email, BOT.token), max_retries=0)) as jira:
        yield jira


def search(ask: Ask, jql: str, **more: Any) -> Any:
    return ask("POST", "search/jql", json={"jql": jql, **more}).json()


def keys(ask: Ask, jql: str, **more: Any) -> list[str]:
    return [issue["key"] for issue in search(ask, jql, **more)["issues"]]


@pytest.mark.skipif(not SPEC.exists(), reason="the vendor's description is not on this machine")
class TestDescription:
    """Every request of ours and every answer of the sandbox is what Atlassian describes."""

    def test_all_that_the_connector_and_a_person_say_and_hear_fits_the_description(self, stage: JiraStage) -> None:
        recorder = Recorder(stage.sandbox.app)
        stage.sandbox.history_page = 1
        with SandboxServer(recorder) as server, closing(tracker(server.url)) as ours:
            ours.check()
            created = made(ours, stage.draft(due_date="2026-04-01", labels=frozenset({"security"})))
            ours.edit(ours.get(created.id), Edit(title="New", due_date="2026-05-01", status="done"))
            ours.edit(ours.get(created.id), Edit(body="New", due_date="", add_labels=frozenset({"late"})))
            stage.person.delete(stage.person.clone(created.id))
            ours.find(stage.draft("unknown").marker, since="2026-03-02T12:00:00.000Z")
            cursor = ours.changed_since(None).cursor
            ours.changed_since(cursor)
            ours.get_many([created.id])
            ours.get(created.id)
            ours.check()

        spec = Spec()
        assert {fault for exchange in recorder.exchanges for fault in spec.faults(exchange)} == set()
        assert len({(exchange.method, exchange.path) for exchange in recorder.exchanges}) > 12

    def test_the_description_catches_what_it_does_not_describe(self, stage: JiraStage) -> None:
        recorder = Recorder(stage.sandbox.app)
        with SandboxServer(recorder) as server:
            url = f"{server.url}/rest/api/3"
            requests.post(f"{url}/search/jql?verbose=1", json={"jql": "id = 1", "startAt": 3}, timeout=10)

        assert len(list(Spec().faults(recorder.exchanges[0]))) == 2


class TestLibrary:
    """The client library works with it as with the real one."""

    def test_an_issue_is_created_searched_edited_moved_and_deleted(self, library: JIRA) -> None:
        fields = {"project": "SEC", "issuetype": "Task", "summary": "Hello", "labels": ["a"]}
        issue = library.create_issue(fields=fields)
        issue.update(fields={"duedate": "2026-04-01"}, update={"labels": [{"add": "b"}]})
        library.transition_issue(issue, "Start work")
        [found] = library.enhanced_search_issues("project = SEC", expand="changelog")
        status = found.fields.status
        assert (status.name, status.statusCategory.key) == ("In Progress", "indeterminate")
        assert (found.fields.duedate, found.fields.labels) == ("2026-04-01", ["a", "b"])
        assert len(found.changelog.histories) == 2

        issue.delete()
        assert list(library.enhanced_search_issues("project = SEC")) == []

    def test_it_says_who_and_what_it_is(self, library: JIRA) -> None:
        assert library.myself()["accountId"] == BOT.account_id
        assert library.server_info()["deploymentType"] == "Cloud"
        assert {field["id"] for field in library.fields()} >= {"summary", "duedate", "labels"}
        assert [status.name for status in library.statuses()][:2] == ["To Do", "In Progress"]
        assert [kind["name"] for kind in library.project("SEC").raw["issueTypes"]] == ["Task", "Bug", "Epic"]
        assert library.my_permissions("SEC", permissions="EDIT_ISSUES")["permissions"]["EDIT_ISSUES"]["havePermission"]


class TestSearch:
    """Search answers what the index knows; a read by id answers what is."""

    def test_a_change_is_hidden_from_search_until_the_index_has_it_and_from_nothing_else(
        self, stage: JiraStage, ask: Ask
    ) -> None:
        number = stage.create()
        stage.sandbox.index_lag = timedelta(minutes=3)
        stage.clock.advance(hours=1)
        stage.person.rename(number, "New")

        def titles(**more: Any) -> list[str]:
            found = search(ask, "project = SEC", fields=["summary"], **more)
            return [issue["fields"]["summary"] for issue in found["issues"]]

        assert titles() == ["Fix item"]
        assert titles(reconcileIssues=[int(number)]) == ["New"]
        assert ask("GET", f"issue/{number}").json()["fields"]["summary"] == "New"
        fetched = ask("POST", "issue/bulkfetch", json={"issueIdsOrKeys": [number]}).json()
        assert fetched["issues"][0]["fields"]["summary"] == "New"

        stage.clock.advance(minutes=3)
        assert titles() == ["New"]

    def test_a_reconciled_issue_that_matches_no_longer_is_dropped(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()
        stage.sandbox.index_lag = timedelta(minutes=3)
        stage.clock.advance(hours=1)
        stage.person.label(number, remove=("poam-sync",))

        assert keys(ask, "labels = poam-sync") == ["SEC-1"]
        assert keys(ask, "labels = poam-sync", reconcileIssues=[int(number)]) == []

    def test_a_new_or_deleted_issue_appears_and_disappears_late(self, stage: JiraStage, ask: Ask) -> None:
        stage.sandbox.index_lag = timedelta(minutes=3)
        number = stage.create()
        assert keys(ask, "project = SEC") == []
        stage.clock.advance(minutes=3)
        assert keys(ask, "project = SEC") == ["SEC-1"]

        stage.person.delete(number)
        assert keys(ask, "project = SEC") == ["SEC-1"]
        assert ask("GET", f"issue/{number}").status_code == 404
        stage.clock.advance(minutes=3)
        assert keys(ask, "project = SEC") == []

    def test_pages_are_walked_by_tokens_without_totals(self, stage: JiraStage, ask: Ask) -> None:
        for number in range(5):
            stage.create(str(number))
        query: dict[str, Any] = {"maxResults": 2}
        pages = []
        while True:
            page = search(ask, "project = SEC ORDER BY id ASC", **query)
            pages.append([issue["key"] for issue in page["issues"]])
            assert page.keys() <= {"issues", "isLast", "nextPageToken"}
            if "nextPageToken" not in page:
                break
            query["nextPageToken"] = page["nextPageToken"]

        assert pages == [["SEC-1", "SEC-2"], ["SEC-3", "SEC-4"], ["SEC-5"]]

    def test_an_issue_has_no_fields_in_a_search_that_asks_for_none(self, stage: JiraStage, ask: Ask) -> None:
        stage.create()

        [issue] = search(ask, "project = SEC")["issues"]
        assert issue.keys() == {"id", "key", "self", "expand"}

    @pytest.mark.parametrize(
        ("jql", "found"),
        [
            ('project = "SEC"', [3, 2, 1]),
            ("project in (sec) ORDER BY created ASC, id ASC", [1, 2, 3]),
            ('labels = "one"', [1]),
            ("labels in (one, two) ORDER BY id DESC", [2, 1]),
            ('updated >= "-17m" ORDER BY updated ASC, id ASC', [3]),
            ('updated >= "-1h"', [3, 2]),
            ('updated > "-1h"', [3]),
            ("updated >= 1772452800000", [3, 2, 1]),
            ("updated >= 1772452800001 AND project = SEC", [3, 2]),
            ('created <= "-1h" AND labels = two', [2]),
            ("id in (10001, SEC-3) ORDER BY id ASC", [1, 3]),
            (f'creator = "{BOT.account_id}"', [3, 2, 1]),
            (f'creator = "{ENGINEER.account_id}"', []),
        ],
    )
    def test_the_query_language(self, stage: JiraStage, ask: Ask, jql: str, found: list[int]) -> None:
        for name in ("one", "two", "three"):
            stage.create(name, labels=frozenset({name}))
            stage.clock.advance(hours=1)
        stage.clock.advance(hours=-1)

        assert keys(ask, jql) == [f"SEC-{number}" for number in found]

    @pytest.mark.parametrize(
        ("jql", "said"),
        [
            ("", "Unbounded"),
            ("ORDER BY id ASC", "Unbounded"),
            ("project = NOPE", "'NOPE' does not exist"),
            ('updated >= "1772452800000"', "is invalid"),
            ('updated >= "yesterday"', "is invalid"),
            ("project = SEC labels = a", "Expecting 'ORDER'"),
            ("(project = SEC", "ends too early"),
            ("status = Done", "not understood"),
            ("project = SEC ORDER BY rank ASC", "Not able to sort"),
            ("project =", "ends too early"),
            ('project = "SEC', "not understood"),
        ],
    )
    def test_a_query_that_it_does_not_understand_is_refused(self, ask: Ask, jql: str, said: str) -> None:
        answer = ask("POST", "search/jql", json={"jql": jql})

        assert answer.status_code == 400
        assert said in answer.json()["errorMessages"][0]

    def test_a_site_may_refuse_epoch_time(self, stage: JiraStage, ask: Ask) -> None:
        stage.sandbox.epoch_jql = False

        assert ask("POST", "search/jql", json={"jql": "updated >= 1772452800000"}).status_code == 400

    def test_the_old_search_is_gone(self, ask: Ask) -> None:
        answer = ask("GET", "search", params={"jql": "project = SEC"})

        assert answer.status_code == 410
        assert "migrate to the /rest/api/3/search/jql API" in answer.json()["errorMessages"][0]

    def test_more_than_its_limits_is_refused(self, ask: Ask) -> None:
        many = {"issueIdsOrKeys": [str(number) for number in range(101)]}
        fresh = {"jql": "project = SEC", "reconcileIssues": list(range(51))}

        assert ask("POST", "issue/bulkfetch", json=many).status_code == 400
        assert ask("POST", "search/jql", json=fresh).status_code == 400
        assert ask("POST", "search/jql", json={"nextPageToken": "stale"}).status_code == 400


class TestIssues:
    """Issues behave as Jira's do."""

    def test_a_history_tells_ids_and_names_authors_and_growing_numbers_newest_first(
        self, stage: JiraStage, ask: Ask
    ) -> None:
        number = stage.create(due_date="2026-04-01")
        stage.person.set_due(number, "2026-05-01")
        stage.clock.advance(minutes=1)
        stage.person.close(number)

        log = ask("GET", f"issue/{number}", params={"expand": "changelog"}).json()["changelog"]
        done, started, moved = log["histories"]
        assert int(done["id"]) > int(started["id"]) > int(moved["id"])
        assert moved["author"]["accountId"] == ENGINEER.account_id
        assert (moved["created"], done["created"]) == (
            "2026-03-02T04:00:00.000-0800",
            "2026-03-02T04:01:00.000-0800",
        )
        assert (moved["items"][0]["from"], moved["items"][0]["to"]) == ("2026-04-01", "2026-05-01")
        assert moved["items"][0]["toString"] != "2026-05-01"
        parts = ("field", "from", "fromString", "to", "toString")
        assert [tuple(item[part] for part in parts) for item in done["items"]] == [
            ("status", "3", "In Progress", "10002", "Done"),
            ("resolution", None, None, "10000", "Done"),
        ]
        pages = ask("GET", f"issue/{number}/changelog", params={"startAt": 1, "maxResults": 1}).json()
        assert (pages["total"], pages["isLast"], pages["values"]) == (3, False, [started])

    def test_an_edit_of_nothing_leaves_no_trace(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()
        before = ask("GET", f"issue/{number}").json()
        stage.clock.advance(minutes=1)
        stage.person.rename(number, "Fix item")

        assert ask("GET", f"issue/{number}").json() == before

    def test_done_needs_two_hops_and_a_resolution(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()

        def move(transition: str, **fields: Any) -> requests.Response:
            body = {"transition": {"id": transition}, "fields": fields}
            return ask("POST", f"issue/{number}/transitions", json=body)

        assert move("31").status_code == 400
        assert move("11").status_code == 204
        assert move("31").json()["errors"] == {"resolution": "Resolution is required."}
        assert move("31", resolution={"name": "Maybe"}).status_code == 400
        assert move("31", resolution={"name": "Duplicate"}).status_code == 204
        assert move("61", resolution={"name": "Done"}).status_code == 400
        assert move("61").status_code == 204
        assert ask("GET", f"issue/{number}").json()["fields"]["resolution"] is None

    @pytest.mark.parametrize(
        ("fields", "at", "said"),
        [
            ({"summary": "x" * 256}, "summary", "less than 255"),
            ({"summary": "a\nb"}, "summary", "newline"),
            ({"summary": ""}, "summary", "must specify"),
            ({"duedate": "2026-02-30"}, "duedate", "Error parsing date string"),
            ({"labels": ["a b"]}, "labels", "contains spaces"),
            ({"customfield_1": "x"}, "customfield_1", "cannot be set. It is not on the appropriate screen"),
            ({"description": {"type": "doc"}}, "description", "must be a string"),
        ],
    )
    def test_a_bad_field_is_refused_in_jira_s_words(
        self, stage: JiraStage, ask: Ask, fields: dict[str, Any], at: str, said: str
    ) -> None:
        number = stage.create()
        place = {"project": {"key": "SEC"}, "issuetype": {"name": "Task"}, "summary": "New"}
        edited = ask("PUT", f"issue/{number}", json={"fields": fields})
        created = ask("POST", "issue", json={"fields": place | fields})

        assert edited.status_code == created.status_code == 400
        assert edited.json().keys() == created.json().keys() == {"errorMessages", "errors"}
        assert said in edited.json()["errors"][at]
        assert said in created.json()["errors"][at]

    def test_a_field_that_is_not_on_the_screen_cannot_be_set(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()
        stage.sandbox.due_on_edit = False
        answer = ask("PUT", f"issue/{number}", json={"fields": {"duedate": "2026-04-01"}})

        assert answer.json()["errors"] == {
            "duedate": "Field 'duedate' cannot be set. It is not on the appropriate screen, or unknown."
        }
        editmeta = ask("GET", f"issue/{number}", params={"expand": "editmeta"}).json()["editmeta"]
        assert "duedate" not in editmeta["fields"]

    def test_labels_are_edited_one_by_one_and_properties_come_when_asked_for(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()
        stage.person.label(number, add=("a", "b"), remove=("poam-sync",))
        issue = ask("GET", f"issue/{number}", params={"properties": "poam.sync"}).json()

        assert set(issue["fields"]["labels"]) == {f"poam-{stage.draft().marker}", "a", "b"}
        assert issue["properties"] == {"poam.sync": {"marker": stage.draft().marker}}
        assert "properties" not in ask("GET", f"issue/{number}").json()

    def test_version_3_shows_a_description_as_a_document(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()

        description = ask("GET", f"issue/{number}", api=3).json()["fields"]["description"]
        assert description["type"] == "doc"
        assert description["content"][0]["content"][0]["text"] == "Please fix item."


class TestAccess:
    """Jira's ways to know somebody, and its silence when it does not."""

    def test_every_answer_carries_the_account_and_the_sandbox_s_time(self, stage: JiraStage, ask: Ask) -> None:
        stage.clock.advance(days=400)
        answer = ask("GET", "issue/SEC-99")

        assert answer.status_code == 404
        assert answer.headers["Date"] == "Tue, 06 Apr 2027 12:00:00 GMT"
        assert answer.headers["X-Aaccountid"] == "712020%3Apoam-sync"

    def test_a_wrong_token_is_refused(self, stage: JiraStage) -> None:
        answer = requests.get(f"{stage.server.url}/rest/api/2/myself", auth=(BOT.email, "wrong"), timeout=10)

        assert answer.status_code == 401

    def test_a_site_that_forgets_who_calls_answers_with_nothing(self, stage: JiraStage, ask: Ask) -> None:
        number = stage.create()
        stage.sandbox.anonymous = True
        answer = ask("POST", "search/jql", json={"jql": "project = SEC"})

        assert answer.json() == {"issues": [], "isLast": True}
        assert "X-Aaccountid" not in answer.headers
        assert ask("GET", f"issue/{number}").status_code == 404
        assert ask("GET", "project/SEC").status_code == 404
        assert ask("PUT", f"issue/{number}", json={}).status_code == 401

    def test_strangers_see_a_public_project(self, stage: JiraStage) -> None:
        url = f"{stage.server.url}/rest/api/2/project/SEC"
        assert requests.get(url, timeout=10).status_code == 404

        stage.sandbox.public = True
        assert requests.get(url, timeout=10).status_code == 200
