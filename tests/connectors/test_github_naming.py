"""Issues as people name them, and those that do not carry our mark."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from poam.connectors.errors import Gone, Rejected
from poam.connectors.github.naming import number_in

from .github_stage import DRAFT, GithubStage
from .stage import made


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


@pytest.mark.parametrize(
    "key",
    [
        *("1", "#1", " 01 ", "acme/web#1", "ACME/Web#1", "{site}/acme/web/issues/1", "{site}/acme/web/issues/1/"),
        *("{site}/acme/web/issues/1?x=y", "{site}/acme/web/issues/1#comment-2", "{site}/repos/acme/web/issues/1"),
    ],
)
def test_an_issue_is_found_by_its_number_its_key_and_its_address(stage: GithubStage, key: str) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.person.close(issue_id)
    stage.server.requests.clear()
    issue = stage.tracker.named(key.format(site=stage.server.url))
    assert (issue.id, len(issue.history)) == (issue_id, 1)
    assert stage.server.count("GET", "/issues/") == 2


@pytest.mark.parametrize("key", ["acme/portal#1", "acme/web#1", "{site}/acme/portal/issues/1"])
def test_an_issue_of_a_renamed_repository_is_found_by_both_names(stage: GithubStage, key: str) -> None:
    issue_id = made(stage.tracker, DRAFT).id
    stage.sandbox.rename("acme/portal")
    assert stage.another().named(key.format(site=stage.server.url)).id == issue_id


@pytest.mark.parametrize("key", ["acme/api#1", "other/web#1", "{site}/acme/api/issues/1"])
def test_an_issue_of_another_repository_is_rejected_in_a_sentence_that_names_both(stage: GithubStage, key: str) -> None:
    made(stage.tracker, DRAFT)
    told = key.format(site=stage.server.url)
    with pytest.raises(Rejected) as refused:
        stage.tracker.named(told)
    name = "other/web" if "other" in key else "acme/api"
    assert str(refused.value) == f"{told} is an issue of {name}, and this connector speaks to acme/web"
    assert refused.value.hint == f"name an issue of acme/web, or the connector of {name}"
    assert stage.server.count("GET", "/issues/") == 0


@pytest.mark.parametrize(
    "key",
    [
        *("", "seven", "0", "-1", "1.5", "#", "acme/web", "acme/web#", "web#1", "acme/web#1#2", "SEC-1", "١", "1 2"),
        *("https://example.org/acme/web/issues/1", "{site}/acme/web/pull/1", "{site}/acme/web/issues", "file:///etc/1"),
        *("{site}.evil.example/acme/web/issues/1", "https://[broken", "9" * 30),
    ],
)
def test_what_names_no_issue_of_ours_is_rejected_before_anything_is_asked(stage: GithubStage, key: str) -> None:
    stage.tracker.visibility()
    stage.server.requests.clear()
    with pytest.raises(Rejected, match="names no issue of acme/web") as refused:
        stage.tracker.named(key.format(site=stage.server.url))
    assert "acme/web#7" in refused.value.hint
    assert stage.server.count() == 0


def test_a_pull_request_is_no_issue(stage: GithubStage) -> None:
    number = stage.sandbox.open_pull_request("raj", "A change")
    with pytest.raises(Rejected, match="is a pull request"):
        stage.tracker.named(f"#{number}")


def test_a_number_that_nothing_has_is_gone(stage: GithubStage) -> None:
    with pytest.raises(Gone):
        stage.tracker.named("#99")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://api.github.com", "https://github.com/acme/web/issues/12"),
        ("https://api.github.com", "https://www.github.com/acme/web/issues/12"),
        ("https://api.github.com", "https://api.github.com/repos/acme/web/issues/12"),
        ("https://api.acme.ghe.com", "https://acme.ghe.com/acme/web/issues/12"),
        ("https://github.acme.example/api/v3", "https://github.acme.example/acme/web/issues/12"),
        ("https://github.acme.example/api/v3", "https://github.acme.example/api/v3/repos/acme/web/issues/12"),
    ],
)
def test_addresses_of_every_kind_of_github_are_understood(url: str, page: str) -> None:
    assert number_in(page, "acme/web", url, lambda name: name == "acme/web") == "12"


def test_unmarked_issues_come_newest_change_first_without_pull_requests_and_cost_a_page(stage: GithubStage) -> None:
    raj = stage.sandbox.users["raj"]
    made(stage.tracker, DRAFT)
    old, new = (str(stage.sandbox.store.create(raj, f"Theirs {n}", None).number) for n in "ab")
    stage.sandbox.open_pull_request("raj", "A change")
    stage.clock.advance(seconds=1)
    stage.person.close(old)
    stage.server.requests.clear()
    found = stage.tracker.unmarked(10)
    assert [issue.id for issue in found] == [old, new]
    assert {issue.marked for issue in found} == {False}
    assert [issue.history for issue in found] == [(), ()]
    assert stage.server.count("GET", "/issues") == 1


@pytest.mark.parametrize(("limit", "pages"), [(1, 1), (100, 1), (101, 2), (500, 3)])
def test_unmarked_issues_are_read_no_further_than_wanted(stage: GithubStage, limit: int, pages: int) -> None:
    for n in range(250):
        stage.sandbox.store.create(stage.sandbox.users["raj"], f"Theirs {n}", None)
    assert len(stage.tracker.unmarked(limit)) == min(limit, 250)
    assert stage.server.count("GET", "/issues") == pages
