"""Who we are to GitHub: a GitHub App with a key, or a user with a token, and what is said where that fails."""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from poam.connectors.base import Edit
from poam.connectors.errors import Forbidden, RateLimited, TrackerError, Unavailable, Unsettled
from poam.connectors.github import GithubTracker
from poam.connectors.github.wire import Wire
from poam.connectors.sandbox.server import Fault
from poam.connectors.settings import GithubSettings

from .github_stage import DRAFT, MARKER, REPOSITORY, GithubStage
from .stage import made

TOKENS = "/access_tokens$"
FOUND = "/installation$"
LOGIN = "poam-sync[bot]"


def app_settings(url: str, **changed: Any) -> GithubSettings:
    """What a configuration says of an App."""
    values = {"type": "github", "url": url, "repository": REPOSITORY, "app_id": 12, "private_key_file": "app.pem"}
    return GithubSettings.model_validate({**values, **changed})


@contextmanager
def as_app(stage: GithubStage, key: str, **changed: Any) -> Iterator[GithubStage]:
    """The same place, spoken to by the App with that key."""
    with closing(GithubTracker("code", app_settings(stage.server.url, **changed), key)) as tracker:
        stage.server.requests.clear()
        yield replace(stage, tracker=tracker)


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[GithubStage, str]]:
    """A stage whose App has a key: making one takes a while."""
    with GithubStage.open() as opened:
        yield opened, opened.sandbox.apps.new_key()


@pytest.fixture
def key(place: tuple[GithubStage, str]) -> str:
    return place[1]


@pytest.fixture
def stage(place: tuple[GithubStage, str]) -> Iterator[GithubStage]:
    opened, key = place
    with as_app(opened, key) as ours:
        yield ours
    apps = opened.sandbox.apps
    apps.installation, apps.suspended, apps.life = 77, False, timedelta(hours=1)
    apps.permissions = {"issues": "write", "metadata": "read"}
    opened.server.faults.clear()


def test_an_app_works_as_its_bot_and_knows_its_own_writes(stage: GithubStage) -> None:
    created = made(stage.tracker, DRAFT)
    stage.tracker.edit(stage.tracker.get(created.id), Edit(due_date="2026-05-01"))
    issue = stage.tracker.get(created.id)
    assert issue.author.id == stage.tracker.check().account.id == LOGIN
    assert {change.author.id for change in issue.history} == {LOGIN}
    assert created.id in {each.id for each in stage.tracker.find(MARKER, since="2026-03-02T12:00:00.000Z")}


def test_an_app_finds_its_installation_and_gets_a_token_once_per_process(stage: GithubStage) -> None:
    for _ in range(3):
        stage.tracker.visibility()
    assert (stage.server.count("GET", FOUND), stage.server.count("POST", TOKENS)) == (1, 1)


def test_a_configured_installation_is_not_looked_for(stage: GithubStage, key: str) -> None:
    with as_app(stage, key, installation_id=77) as ours:
        ours.tracker.visibility()
        assert (ours.server.count("GET", FOUND), ours.server.count("POST", TOKENS)) == (0, 1)


def test_a_token_that_ends_is_renewed_before_it_does(stage: GithubStage) -> None:
    stage.sandbox.apps.life = timedelta(seconds=10)
    assert {stage.tracker.visibility() for _ in range(3)} == {"private"}
    assert stage.server.count("POST", TOKENS) >= 3


def test_a_token_that_was_revoked_costs_one_refusal_and_no_restart(stage: GithubStage) -> None:
    stage.tracker.visibility()
    stage.sandbox.apps.revoke()
    with pytest.raises(Forbidden):
        stage.tracker.visibility()
    assert stage.tracker.visibility() == "private"


def test_a_new_token_costs_one_full_answer_and_brings_nothing_new(stage: GithubStage) -> None:
    made(stage.tracker, DRAFT)
    cursor = stage.settled()
    stage.tracker.changed_since(cursor)
    stage.sandbox.apps.life = timedelta(seconds=10)
    stage.sandbox.apps.revoke()
    with pytest.raises(Forbidden):
        stage.tracker.changed_since(cursor)
    stage.server.requests.clear()
    page = stage.tracker.changed_since(cursor)
    assert list(page.issues) == []
    assert [seen.status for seen in stage.server.requests if seen.path.endswith("/issues")] == [200]


def test_the_cursor_and_the_credential_hold_neither_key_nor_token(stage: GithubStage, key: str) -> None:
    told = stage.tracker.changed_since(None).cursor + stage.tracker.credential
    assert "ghs_" not in told
    assert not any(line in told for line in key.splitlines())


def test_the_credential_of_an_app_stays_when_its_token_is_renewed(stage: GithubStage) -> None:
    before = stage.tracker.credential
    stage.sandbox.apps.life = timedelta(seconds=10)
    stage.tracker.visibility()
    assert stage.tracker.credential == before


@pytest.mark.parametrize("kind", ["drop", 500, 503])
@pytest.mark.parametrize("where", [FOUND, TOKENS])
def test_a_write_for_which_no_token_could_be_had_never_left(stage: GithubStage, where: str, kind: Any) -> None:
    stage.server.faults.append(Fault("GET" if where == FOUND else "POST", where, kind))
    with pytest.raises(Unavailable) as raised:
        made(stage.tracker, DRAFT)
    assert not isinstance(raised.value, Unsettled)
    assert stage.server.count("POST", "/issues$") == 0
    assert made(stage.tracker, DRAFT).id


def test_a_limit_on_tokens_is_waited_for(stage: GithubStage) -> None:
    stage.server.faults.append(Fault("POST", TOKENS, 429, headers={"retry-after": "7"}))
    with pytest.raises(RateLimited) as raised:
        stage.tracker.visibility()
    assert raised.value.retry_after == 7


@pytest.mark.parametrize(
    ("changed", "told", "remedy"),
    [
        ({"installation": 0}, "is not installed on acme/web", "install it there"),
        ({"suspended": True}, "is suspended", "unsuspend it"),
        ({"permissions": {"issues": "read"}}, "may not write issues of acme/web", "Issues, read and write"),
    ],
)
def test_what_an_app_lacks_is_said_with_its_remedy(
    stage: GithubStage, changed: dict[str, Any], told: str, remedy: str
) -> None:
    for name, value in changed.items():
        setattr(stage.sandbox.apps, name, value)
    (problem,) = stage.tracker.check().problems
    said, _, do = problem.partition("; ")
    assert told in said
    assert remedy in do


def test_an_installation_of_another_place_is_said_with_the_right_one(stage: GithubStage, key: str) -> None:
    with as_app(stage, key, installation_id=5) as ours:
        (problem,) = ours.tracker.check().problems
    assert problem.startswith("installation_id 5 is not the App's installation for acme/web, which is 77; ")


@pytest.mark.parametrize("app_id", [12, 13])
def test_a_key_that_is_not_the_apps_is_said_with_its_remedy(stage: GithubStage, key: str, app_id: int) -> None:
    with GithubStage.open() as elsewhere:
        another = elsewhere.sandbox.apps.new_key()
    with as_app(stage, another if app_id == stage.sandbox.apps.id else key, app_id=app_id) as ours:
        (problem,) = ours.tracker.check().problems
        assert "does not accept the App's key; correct app_id" in problem
        with pytest.raises(Forbidden, match="does not accept the App's key"):
            ours.tracker.visibility()


@pytest.mark.parametrize("text", ["", "MIIE", "not even near"])
def test_a_key_that_is_none_is_said_and_never_repeated(stage: GithubStage, text: str) -> None:
    broken = f"-----BEGIN RSA PRIVATE KEY-----\nCaNaRy{text}\n-----END RSA PRIVATE KEY-----"
    with as_app(stage, broken) as ours, pytest.raises(Forbidden, match="cannot be read") as raised:
        ours.tracker.visibility()
    assert "CaNaRy" not in "".join(traceback.format_exception(raised.value)) + raised.value.hint
    assert stage.server.count() == 0


@pytest.mark.parametrize("path", [FOUND, TOKENS, "/issues$"])
@pytest.mark.parametrize("kind", ["drop", 401, 500])
def test_no_error_of_an_app_tells_what_it_signed_its_token_or_its_key(
    stage: GithubStage, key: str, path: str, kind: Any
) -> None:
    with as_app(stage, key) as ours:
        ours.server.faults += [Fault(method, path, kind) for method in ("GET", "POST")]
        with pytest.raises(TrackerError) as raised:
            ours.tracker.changed_since(None)
    told = "".join(traceback.format_exception(raised.value)) + raised.value.hint
    assert not any(secret in told for secret in ("ghs_", "eyJ", *key.splitlines()))
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    "url",
    ["https://api.github.com", "https://github.acme.example/api/v3", "https://api.acme.ghe.com"],
)
def test_graphql_is_spoken_where_each_kind_of_github_has_it(url: str) -> None:
    settings = GithubSettings.model_validate(
        {"type": "github", "url": url, "repository": REPOSITORY, "token_env": "TOKEN"}
    )
    with closing(Wire(settings, "token", 0)) as wire:
        assert wire.graphql_url == url.removesuffix("/v3") + "/graphql"
