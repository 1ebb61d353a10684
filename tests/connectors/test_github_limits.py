"""GitHub's limits: told from refusals, waited for as long as it says, and kept away from where we can."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from starlette.types import Receive, Scope, Send

from poam.connectors.base import Capabilities, Created, Edit
from poam.connectors.errors import Forbidden, RateLimited, TrackerError, Unavailable
from poam.connectors.github import GithubTracker
from poam.connectors.github.answers import Answer, Kind, refusal
from poam.connectors.pace import Pace, spacing
from poam.connectors.retry import Retrying
from poam.connectors.sandbox.server import SandboxServer
from poam.connectors.waits import LONGEST_WAIT

from .github_stage import DRAFT, TOKEN, GithubStage, settings_for
from .stage import made

NOON = {"date": "Mon, 02 Mar 2026 12:00:00 GMT"}
IN_FIVE_MINUTES = str(int(datetime(2026, 3, 2, 12, 5, tzinfo=UTC).timestamp()))
SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


def judged(status: int, headers: dict[str, str], message: str, kind: Kind = "write") -> TrackerError:
    """What an answer with these headers amounts to."""
    error = refusal(Answer(status, NOON | headers, json.dumps({"message": message})), kind, "acme/web", None)
    assert error is not None
    return error


@pytest.mark.parametrize("status", [403, 429])
@pytest.mark.parametrize("kind", ["read", "write"])
@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry-after": "0"}, 1),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "3600"}, 3600),
        ({"retry-after": "Mon, 02 Mar 2026 12:02:00 GMT"}, 120),
        ({"retry-after": "Mon, 02 Mar 2026 12:02:00 -0000"}, 120),
        ({"retry-after": "Mon, 02 Mar 2026 11:00:00 GMT"}, 1),
        ({"retry-after": "9" * 400}, LONGEST_WAIT),
        ({"retry-after": "99999999999999"}, LONGEST_WAIT),
        ({"retry-after": IN_FIVE_MINUTES}, 300),
        ({"retry-after": "inf"}, 60),
        ({"retry-after": "soon"}, 60),
        ({"retry-after": "-5"}, 60),
        ({"retry-after": "1.5"}, 60),
        ({"retry-after": "\u0663"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_FIVE_MINUTES}, 300),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "0"}, 1),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": "later"}, 60),
        ({"x-ratelimit-remaining": "0"}, 60),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_FIVE_MINUTES, "retry-after": "30"}, 300),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_FIVE_MINUTES, "retry-after": "600"}, 600),
        ({"x-ratelimit-remaining": "12", "x-ratelimit-reset": IN_FIVE_MINUTES}, 60),
        ({}, 60),
    ],
)
def test_limit_says_how_long_to_wait_by_seconds_date_reset_or_not_at_all(
    status: int, kind: Kind, headers: dict[str, str], wait: float
) -> None:
    error = judged(status, headers, SECONDARY, kind)
    assert type(error) is RateLimited
    assert error.retry_after == wait


@pytest.mark.parametrize(
    "message",
    [
        SECONDARY,
        "API rate limit exceeded for user ID 101.",
        "You have triggered an abuse detection mechanism.",
        "was submitted too quickly",
        "You have been temporarily blocked from content creation. Please retry your request again later.",
    ],
)
def test_secondary_limit_without_any_header_is_known_by_its_words_and_waits_a_minute(message: str) -> None:
    error = judged(403, {}, message)
    assert isinstance(error, RateLimited)
    assert error.retry_after == 60


@pytest.mark.parametrize("headers", [{}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": IN_FIVE_MINUTES}])
@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("Resource not accessible by integration", "GitHub App"),
        ("Resource not accessible by personal access token", "give the token"),
        ("Resource protected by organization SAML enforcement. You must grant your token access.", "single sign-on"),
        ("Repository was archived so is read-only.", "unarchive"),
        ("Must have admin rights to Repository.", "write access"),
    ],
)
def test_resource_not_accessible_is_no_limit_even_with_the_last_request_of_a_quota(
    message: str, remedy: str, headers: dict[str, str]
) -> None:
    error = judged(403, headers, message)
    assert type(error) is Forbidden
    assert remedy in error.hint


def test_429_without_a_word_or_a_header_is_a_limit() -> None:
    error = refusal(Answer(429, {}, "<html>"), "write", "acme/web", "1")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 60


def test_limit_of_an_hour_blocks_no_caller_that_retries(stage: GithubStage) -> None:
    """It is raised to the cycle, which parks the connector."""
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.sandbox.quota.remaining = 0
    waits: list[float] = []
    with pytest.raises(RateLimited) as limited:
        Retrying(stage.tracker, sleep=waits.append, random=lambda: 1.0).edit(issue, Edit(title="New"))
    assert (limited.value.retry_after, waits) == (3600, [])


def test_limit_that_is_over_is_not_felt_any_more(stage: GithubStage) -> None:
    issue = stage.tracker.get(made(stage.tracker, DRAFT).id)
    stage.sandbox.quota.remaining = 1

    def sleep(seconds: float) -> None:
        stage.clock.advance(seconds=seconds)

    stage.clock.advance(minutes=59, seconds=30)
    stage.tracker.get(issue.id, known=issue.version)
    assert Retrying(stage.tracker, sleep=sleep, random=lambda: 1.0).edit(issue, Edit(title="New")).title == "New"


# New content


def test_content_limit_lets_the_rest_resume_after_a_minute_in_order_and_without_a_double(stage: GithubStage) -> None:
    stage.sandbox.quota.content_limit = 80
    drafts = [
        replace(DRAFT, marker=f"m{'abcdefghij'[n // 10]}{'abcdefghij'[n % 10]}", title=f"{n}") for n in range(100)
    ]
    done: list[Created] = []
    waits: list[float] = []
    while len(done) < len(drafts):
        try:
            done.append(made(stage.tracker, drafts[len(done)]))
        except RateLimited as limited:
            waits.append(limited.retry_after)
            stage.clock.advance(seconds=limited.retry_after)
    assert waits == [60]
    assert [created.issue.title for created in done if created.issue] == [draft.title for draft in drafts]
    assert len(stage.tracker.changed_since(None).issues) == len(drafts)


def test_comments_are_content_too(stage: GithubStage) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.sandbox.quota.content_limit = 1
    with pytest.raises(RateLimited) as limited:
        stage.edit(issue_id, Edit(title="New", comment="Recorded."))
    assert limited.value.retry_after == 60
    assert stage.tracker.get(issue_id).comments == ()


class Time:
    """A clock that only sleeping moves, and what was slept."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def pace(self) -> Pace:
        return Pace(sleep=self.sleep, clock=lambda: self.now)

    def paced(self, stage: GithubStage, seconds: float) -> GithubTracker:
        settings = settings_for(stage.server.url, seconds_between_creates=seconds)
        return GithubTracker("code", settings, TOKEN, pace=self.pace())


def test_new_issues_are_kept_apart_and_nothing_else_waits(stage: GithubStage) -> None:
    time = Time()
    tracker = time.paced(stage, 3)
    first = made(tracker, DRAFT)
    assert time.slept == []
    tracker.edit(tracker.get(first.id), Edit(title="New", due_date="2026-09-01"))
    assert time.slept == []
    made(tracker, replace(DRAFT, marker="second"))
    time.now += 2
    made(tracker, replace(DRAFT, marker="third"))
    time.now += 30
    made(tracker, replace(DRAFT, marker="fourth"))
    assert time.slept == [3, 1]
    tracker.close()


def test_a_create_that_fails_counts_too(stage: GithubStage) -> None:
    time = Time()
    tracker = time.paced(stage, 3)
    stage.sandbox.quota.content_limit = 0
    for _ in range(2):
        with pytest.raises(Unavailable):
            made(tracker, DRAFT)
    assert time.slept == [3]
    tracker.close()


def test_connectors_to_one_host_keep_one_pace(stage: GithubStage) -> None:
    time = Time()
    settings, pace = settings_for(stage.server.url, seconds_between_creates=3), time.pace()
    for name in ("code", "other"):
        tracker = GithubTracker(name, settings, TOKEN, pace=pace)
        made(tracker, replace(DRAFT, marker=name))
        tracker.close()
    assert time.slept == [3]


def test_a_create_that_took_too_long_to_prepare_is_not_sent_and_is_made_the_next_time(stage: GithubStage) -> None:
    """It would leave after the time from which on it is held for arrived or never sent."""
    time = Time()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        time.now += 5 * scope["path"].endswith("/milestones")
        await stage.sandbox.app(scope, receive, send)

    with SandboxServer(slow) as server:
        tracker = GithubTracker("code", settings_for(server.url, due_date="milestone"), TOKEN, pace=time.pace())
        with pytest.raises(Unavailable, match="too long to prepare"):
            made(tracker, DRAFT)
        assert (server.count("POST", "/milestones$"), server.count("POST", "/issues$")) == (1, 0)
        assert made(tracker, DRAFT).id == "1"
        assert (server.count("POST", "/milestones$"), server.count("POST", "/issues$")) == (1, 1)
        tracker.close()


def test_writes_are_kept_a_second_apart_and_a_create_is_one_of_them() -> None:
    time, apart = Time(), spacing(settings_for("https://api.github.com"))
    pace, write = time.pace(), {"write": apart["write"]}
    assert apart == {"write": 1, "create": 3}
    for waited in (write, apart, write, apart):
        pace.wait(waited)
    assert time.slept == [1, 1, 2]


@pytest.mark.parametrize(
    ("url", "changed", "seconds", "per_hour"),
    [
        ("https://api.github.com", {}, 3, 500),
        ("https://github.acme.example/api/v3", {"seconds_between_creates": 0}, 0, None),
        ("http://127.0.0.1:4001", {}, 0, None),
        ("http://localhost:4001", {}, 0, None),
        ("http://[::1]:4001", {}, 0, None),
        ("http://127.0.0.1:4001", {"seconds_between_creates": 2}, 2, 500),
    ],
)
def test_the_spacing_is_the_settings_and_none_on_the_loopback(
    url: str, changed: dict[str, float], seconds: float, per_hour: int | None
) -> None:
    tracker = GithubTracker("code", settings_for(url, **changed), TOKEN)
    told = tracker.capabilities
    assert (told.seconds_per_create, told.creates_per_hour) == (seconds, per_hour)
    tracker.close()


@pytest.mark.parametrize(
    ("creates", "seconds"),
    [(0, 0), (1, 0), (2, 3), (80, 237), (500, 1497), (501, 3600), (502, 3603), (1001, 7200)],
)
def test_an_estimate_counts_the_pauses_and_the_hours_that_a_limit_costs(creates: int, seconds: float) -> None:
    assert Capabilities(256, 65_536, seconds_per_create=3, creates_per_hour=500).seconds_for(creates) == seconds


def test_an_estimate_for_a_tracker_without_limits_is_nothing() -> None:
    assert Capabilities(256, 65_536).seconds_for(10_000) == 0
