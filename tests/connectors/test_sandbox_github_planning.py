"""The sandbox GitHub's fields, milestones and App are the vendor's, and what we send there is what the vendor takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import jsonschema_rs
import pytest
from github import Auth, Github

from poam.connectors.base import Edit
from poam.connectors.github import GithubTracker
from poam.connectors.sandbox.github_planning import TARGET
from poam.connectors.sandbox.server import SandboxServer

from .github_carriers import carried
from .github_stage import DRAFT, TOKEN, GithubStage, settings_for
from .stage import made
from .test_sandbox_github import HOME, ISSUE, PATHS, send, specification
from .vendor_spec import Exchange, Recorder

__all__ = ["specification"]

VALUES = f"{ISSUE}/issue-field-values"
VALUE = {"issue_field_values": [{"field_id": TARGET.id, "value": "2026-05-01"}]}
SEPTEMBER = {"title": "Sprint", "due_on": "2026-09-30T12:00:00Z"}
PLACES = {**PATHS, "org": "acme", "issue_field_id": str(TARGET.id), "milestone_number": "1"}


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    """A repository with one issue, whose date is in the organisation's field, and which is in a milestone."""
    with carried("issue_field") as opened:
        number = made(opened.tracker, DRAFT).id
        send(opened, "POST", "/repos/acme/web/milestones", json={"title": "First", "due_on": "2026-09-01T00:00:00Z"})
        send(opened, "PATCH", f"/repos/acme/web/issues/{number}", json={"milestone": 1})
        yield opened


def schema_of(specification: dict[str, Any], part: dict[str, Any]) -> Any:
    """A validator for one request or response."""
    schema = part["content"]["application/json"]["schema"]
    return jsonschema_rs.validator_for({**schema, "components": specification["components"]})


@pytest.mark.parametrize(
    ("method", "template", "data", "status"),
    [
        ("GET", "/orgs/{org}/issue-fields", None, 200),
        ("GET", HOME, None, 200),
        ("GET", ISSUE, None, 200),
        ("GET", f"{HOME}/issues", None, 200),
        ("POST", f"{HOME}/issues", {"title": "New", "milestone": 1, **VALUE}, 201),
        ("PATCH", ISSUE, VALUE, 200),
        ("GET", VALUES, None, 200),
        ("POST", VALUES, VALUE, 200),
        ("PUT", VALUES, VALUE, 200),
        ("GET", f"{HOME}/milestones", None, 200),
        ("POST", f"{HOME}/milestones", SEPTEMBER, 201),
        ("PATCH", f"{HOME}/milestones/{{milestone_number}}", {"due_on": "2026-10-01T12:00:00Z"}, 200),
    ],
)
def test_every_answer_about_dates_has_the_shape_that_the_vendor_specifies(
    stage: GithubStage, specification: dict[str, Any], method: str, template: str, data: Any, status: int
) -> None:
    answer = send(stage, method, template.format(**PLACES), json=data)
    assert answer.status_code == status
    response = specification["paths"][template][method.lower()]["responses"][str(status)]
    assert [error.message for error in schema_of(specification, response).iter_errors(answer.json())] == []


@contextmanager
def recorded(place: str) -> Iterator[tuple[Recorder, GithubStage, GithubTracker]]:
    """A stage whose tracker speaks through a recorder."""
    with carried(place) as stage:
        recorder = Recorder(stage.sandbox.app)
        with (
            SandboxServer(recorder) as server,
            closing(GithubTracker("code", settings_for(server.url, due_date=place), TOKEN)) as tracker,
        ):
            yield recorder, stage, tracker


def described(specification: dict[str, Any], exchange: Exchange) -> Any:
    """The operation that a request by repository id amounts to."""
    path = exchange.path.replace("/repositories/4711", "/repos/acme/web")
    parts = path.split("/")
    for template, operations in specification["paths"].items():
        pieces = template.split("/")
        fits = len(pieces) == len(parts) and all(
            piece.startswith("{") or piece == part for piece, part in zip(pieces, parts, strict=True)
        )
        if fits and exchange.method.lower() in operations:
            return operations[exchange.method.lower()]
    return None


@pytest.mark.parametrize("place", ["issue_field", "milestone"])
def test_every_write_of_a_date_is_one_that_the_vendor_specifies(specification: dict[str, Any], place: str) -> None:
    with recorded(place) as (recorder, _, tracker):
        issue = made(tracker, DRAFT).issue
        assert issue is not None
        for day in ("2026-05-01", "", "2026-06-01"):
            issue = tracker.edit(issue, Edit(due_date=day))
    writes = [exchange for exchange in recorder.exchanges if exchange.method != "GET"]
    assert len(writes) >= 4
    for exchange in writes:
        operation = described(specification, exchange)
        assert operation is not None, exchange.path
        if exchange.asked is not None:
            errors = schema_of(specification, operation["requestBody"]).iter_errors(exchange.asked)
            assert [error.message for error in errors] == []
        assert "suggest" not in str(exchange.asked)
        assert exchange.asked != {"issue_field_values": []}


def test_pygithub_reads_a_milestone_and_its_day(stage: GithubStage) -> None:
    client = Github(
        auth=Auth.Token(TOKEN),
        base_url=stage.server.url,
        retry=None,
        seconds_between_requests=0,
        seconds_between_writes=0,
    )
    with closing(client):
        repository = client.get_repo("acme/web")
        (milestone,) = repository.get_milestones()
        assert milestone.due_on is not None
        assert (milestone.title, milestone.due_on.isoformat()) == ("First", "2026-08-31T07:00:00+00:00")
        assert repository.get_issue(1).milestone.title == "First"


def test_an_empty_list_of_values_clears_all_and_a_put_replaces_all_which_is_why_we_send_neither(
    stage: GithubStage,
) -> None:
    values = "/repos/acme/web/issues/1/issue-field-values"
    assert len(send(stage, "GET", values).json()) == 1
    assert send(stage, "PUT", values, json={"issue_field_values": []}).json() == []
    send(stage, "POST", values, json=VALUE)
    assert send(stage, "POST", values, json={"issue_field_values": []}).json() == []


def test_without_push_access_dates_are_dropped_or_refused(stage: GithubStage) -> None:
    made_by_guest = send(stage, "POST", "/repos/acme/web/issues", "guest-token", json={"title": "x", **VALUE})
    assert (made_by_guest.status_code, made_by_guest.json()["issue_field_values"]) == (201, [])
    values = "/repos/acme/web/issues/1/issue-field-values"
    refused = [
        send(stage, "POST", values, "guest-token", json=VALUE),
        send(stage, "DELETE", f"{values}/{TARGET.id}", "guest-token"),
        send(stage, "POST", "/repos/acme/web/milestones", "guest-token", json=SEPTEMBER),
    ]
    assert {answer.status_code for answer in refused} == {403}
