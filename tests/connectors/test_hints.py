"""What a webhook's delivery says, byte for byte: who signed it, which issue it is about, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from poam.connectors.hints import Headers, Hint, Refused, is_signed, read
from poam.connectors.sandbox.webhooks import Delivery, GithubHook, JiraHook, signature
from poam.connectors.settings import Settings

OLD, NEW = "the-secret-of-last-year", "the-secret-of-this-year"
CODE: Settings = TypeAdapter(Settings).validate_python(
    {"type": "github", "url": "https://api.github.com", "repository": "Acme/Web", "token_env": "T"}
)
JIRA: Settings = TypeAdapter(Settings).validate_python(
    {"type": "jira", "url": "https://acme.example", "project": "SEC", "token_env": "T"}
)
GITHUB_HOOK, JIRA_HOOK = GithubHook("", "acme/web", "", NEW), JiraHook("", ("", ""), NEW)


def closed(**changed: Any) -> dict[str, Any]:
    """What GitHub tells when Maya closes issue 7."""
    place = {"repository": {"full_name": "acme/web"}, "sender": {"login": "maya"}}
    return {"action": "closed", "issue": {"number": 7}, **place, **changed}


def moved(**changed: Any) -> dict[str, Any]:
    """What Jira tells when Ann moves an issue."""
    issue = {"id": "10007", "key": "SEC-7"}
    return {"webhookEvent": "jira:issue_updated", "issue": issue, "user": {"accountId": "712020:ann"}, **changed}


def hint(settings: Settings, delivery: Delivery, *secrets: str) -> Hint | None:
    return read(settings, secrets or (NEW,), delivery.headers, delivery.body)


def refusal(settings: Settings, headers: Headers, body: bytes, *secrets: str) -> int:
    with pytest.raises(Refused) as refused:
        read(settings, secrets or (NEW,), headers, body)
    assert NEW not in str(refused.value)
    return refused.value.status


NAMES = st.sampled_from(["issue", "id", "number", "repository", "full_name", "sender", "user", "webhookEvent"])
CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner),
)

# What is told


def test_github_tells_of_an_issue_by_its_number_and_by_whom() -> None:
    delivery = GITHUB_HOOK.of(closed(), "issues")

    assert hint(CODE, delivery) == Hint(delivery.headers["x-github-delivery"], "7", "issues", "maya")


def test_jira_tells_of_an_issue_by_its_id_and_by_whom() -> None:
    delivery = JIRA_HOOK.of(moved())
    identifier = delivery.headers["x-atlassian-webhook-identifier"]

    assert hint(JIRA, delivery) == Hint(identifier, "10007", "jira:issue_updated", "712020:ann")


def test_a_comment_is_a_hint_too() -> None:
    told = hint(CODE, GITHUB_HOOK.of(closed(action="created"), "issue_comment"))
    assert told is not None
    assert told.event == "issue_comment"

    told = hint(
        JIRA, JIRA_HOOK.of(moved(webhookEvent="comment_created", user=None, comment={"author": {"name": "ann"}}))
    )
    assert told is not None
    assert (told.event, told.account) == ("comment_created", "ann")


@pytest.mark.parametrize(
    ("content", "event"),
    [
        ({"zen": "Keep it logically awesome.", "hook_id": 1}, "ping"),
        (closed(), "pull_request"),
        (closed(), ""),
        (closed(repository={"full_name": "acme/other"}), "issues"),
        (closed(repository=None), "issues"),
        (closed(issue={"number": "../../user"}), "issues"),
        (closed(issue={"number": True}), "issues"),
        (closed(issue={"number": -7}), "issues"),
        (closed(issue=[]), "issues"),
        (["closed"], "issues"),
        (7, "issues"),
    ],
)
def test_what_is_about_no_issue_of_the_repository_is_no_hint(content: Any, event: str) -> None:
    assert hint(CODE, GITHUB_HOOK.of(content, event)) is None


@pytest.mark.parametrize(
    "content",
    [
        moved(webhookEvent="jira:version_released"),
        moved(webhookEvent={"jira:issue_updated": 1}),
        moved(issue={"key": "SEC-7"}),
        moved(issue={"id": "10007 OR 1=1"}),
        moved(issue={"id": "１２"}),
        "jira:issue_updated",
        None,
    ],
)
def test_what_is_about_no_issue_of_the_site_is_no_hint(content: Any) -> None:
    assert hint(JIRA, JIRA_HOOK.of(content)) is None


def test_a_delivery_without_an_id_is_known_by_its_content() -> None:
    first = JIRA_HOOK.of(moved(timestamp=1))
    again, other = (JIRA_HOOK.of(moved(timestamp=at)) for at in (1, 2))
    ids = [hint(JIRA, each.changed(x_atlassian_webhook_identifier="")) for each in (first, again, other)]

    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("identifier", ["x" * 101, "one two", "a\x00b", "né"])
def test_an_id_that_no_tracker_sends_is_replaced_by_the_contents(identifier: str) -> None:
    delivery = JIRA_HOOK.of(moved())
    told = hint(JIRA, delivery.changed(x_atlassian_webhook_identifier=identifier))

    assert told == hint(JIRA, delivery.changed(x_atlassian_webhook_identifier=""))
    assert told is not None


# Who signed it


def test_while_a_secret_is_exchanged_both_may_sign() -> None:
    for secret in (OLD, NEW):
        delivery = GithubHook("", "acme/web", "", secret).of(closed(), "issues")
        assert hint(CODE, delivery, NEW, OLD) is not None
    assert refusal(CODE, delivery.headers, delivery.body + b" ", NEW, OLD) == 401


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "sha256=",
        "sha256=" + "0" * 64,
        "sha1=" + "0" * 40,
        signature(OLD, b"{}"),
        signature("", b"{}"),
        signature(NEW, b"{ }"),
        signature(NEW, b"{}").upper(),
        signature(NEW, b"{}") + " ",
        signature(NEW, b"{}").removeprefix("sha256="),
        "sha256=é",
    ],
)
def test_nothing_but_the_digest_of_these_bytes_under_our_secret_is_a_signature(forged: str) -> None:
    assert is_signed(signature(NEW, b"{}"), [NEW], b"{}")
    assert not is_signed(forged, [NEW], b"{}")
    assert refusal(CODE, {"x-github-event": "issues", "x-hub-signature-256": forged}, b"{}") == 401


def test_without_a_secret_nothing_is_signed() -> None:
    assert not is_signed(signature("", b"{}"), [], b"{}")


def test_githubs_old_signature_counts_for_nothing() -> None:
    delivery = GITHUB_HOOK.of(closed(), "issues").changed(x_hub_signature_256="", x_hub_signature=signature(NEW, b""))

    assert refusal(CODE, delivery.headers, delivery.body) == 401


@pytest.mark.parametrize("body", [b"payload=%7B%7D", b"", b"\xff\xfe{}", b"[" * 100_000, b"{", b"9" * 5000])
def test_signed_content_that_is_no_json_is_refused_with_what_to_do(body: bytes) -> None:
    assert refusal(CODE, {"x-hub-signature-256": signature(NEW, body)}, body) == 400


@given(content=CONTENT)
def test_whatever_a_tracker_sends_is_a_hint_or_nothing(content: Any) -> None:
    for settings, delivery in ((CODE, GITHUB_HOOK.of(content, "issues")), (JIRA, JIRA_HOOK.of(content))):
        told = hint(settings, delivery)
        assert told is None or told.issue_id.isdecimal()
    assert json.loads(delivery.body) == content
