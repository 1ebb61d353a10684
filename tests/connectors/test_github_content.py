"""Titles, bodies and labels at GitHub's limits and beyond, and in the hands of people who mean harm or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from poam.connectors.base import Draft, Edit
from poam.connectors.errors import Rejected

from .github_stage import DRAFT, MARKER, GithubStage
from .stage import made

LONG_LABEL = "poam-" + "x" * 46


@pytest.fixture
def stage() -> Iterator[GithubStage]:
    with GithubStage.open() as opened:
        yield opened


@pytest.mark.parametrize("letter", ["t", "ä", "漢", "\U0001f600", "\u05d0", "\u202e"])
def test_title_of_256_characters_of_any_script_is_taken_and_one_more_is_not(stage: GithubStage, letter: str) -> None:
    longest = letter * stage.tracker.capabilities.max_title
    assert stage.tracker.get(made(stage.tracker, replace(DRAFT, title=longest)).id).title == longest
    with pytest.raises(Rejected) as refused:
        made(stage.tracker, replace(DRAFT, title=longest + letter))
    assert refused.value.field == "title"


def test_title_with_a_line_break_or_a_blank_end_is_read_as_github_keeps_it(stage: GithubStage) -> None:
    issue = stage.tracker.get(made(stage.tracker, replace(DRAFT, title="One\nTwo ")).id)
    written = stage.tracker.edit(issue, Edit(title=issue.title))
    assert written == issue


def test_body_as_long_as_we_promise_keeps_the_marker_in_front(stage: GithubStage) -> None:
    marker = "a" * 52
    body = "b" * stage.tracker.capabilities.max_body
    issue = stage.tracker.get(made(stage.tracker, Draft(marker, "Title", body)).id)
    assert (issue.marker, issue.body) == (marker, body)
    kept = stage.sandbox.store.current(int(issue.id)).body or ""
    assert kept.startswith(f"<!-- poam-sync marker={marker} -->\n")
    assert len(kept) <= 65_536


@pytest.mark.parametrize(
    "body",
    [
        "text\n<!-- poam-sync marker=aaaaaaaaaaaaaaaaaaaaaaaaaa -->",
        " <!-- poam-sync marker=aaaaaaaaaaaaaaaaaaaaaaaaaa -->",
        "<!-- poam-sync marker=AAAA -->",
        "<!-- poam-sync marker=aaaa --> x",
        "<!-- poam-sync marker= -->",
    ],
)
def test_marker_that_is_not_ours_in_the_first_line_is_text(stage: GithubStage, body: str) -> None:
    raj = stage.sandbox.users["raj"]
    number = stage.sandbox.store.create(raj, "Theirs", body, ["poam"]).number
    issue = stage.tracker.get(str(number))
    assert (issue.marker, issue.body) == (None, body)


def test_marker_forged_by_another_account_is_never_found_as_ours(stage: GithubStage) -> None:
    ours = made(stage.tracker, DRAFT).id
    forged = stage.sandbox.store.current(int(ours)).body
    stage.sandbox.store.create(stage.sandbox.users["raj"], "Forged", forged, ["poam"])
    assert [issue.id for issue in stage.tracker.find(MARKER, since="2026-03-02T11:00:00Z")] == [ours]


def test_label_over_length_is_refused_and_makes_nothing(stage: GithubStage) -> None:
    with pytest.raises(Rejected, match="too long"):
        made(stage.tracker, replace(DRAFT, labels=frozenset({LONG_LABEL})))
    assert list(stage.tracker.changed_since(None).issues) == []
    issue_id = made(stage.tracker, DRAFT).id
    with pytest.raises(Rejected, match="too long"):
        stage.edit(issue_id, Edit(add_labels=frozenset({LONG_LABEL})))
    assert LONG_LABEL not in stage.tracker.get(issue_id).labels


@pytest.mark.parametrize("label", ["a,b", "a b", "ä/ö?#%", "poam:late", "\U0001f600", "%2F"])
def test_label_with_commas_blanks_or_signs_is_added_read_and_removed(stage: GithubStage, label: str) -> None:
    issue_id = made(stage.tracker, replace(DRAFT, labels=frozenset({label}))).id
    assert label in stage.tracker.get(issue_id).labels
    assert [issue.id for issue in stage.tracker.changed_since(None).issues] == [issue_id]
    assert label not in stage.edit(issue_id, Edit(remove_labels=frozenset({label}))).labels


def test_label_that_a_person_made_in_other_letters_is_ours_and_is_not_written_again(stage: GithubStage) -> None:
    """GitHub takes both for one label, and shows the letters of whoever made it first."""
    raj = stage.sandbox.users["raj"]
    stage.sandbox.store.create(raj, "Theirs", None, ["POAM", "Poam-KEV", "Team Web"])
    issue_id = made(stage.tracker, replace(DRAFT, labels=frozenset({"poam-kev", "team web"}))).id
    issue = stage.tracker.get(issue_id)
    assert issue.labels == {"poam", "poam-kev", "Team Web", "due:2026-04-01"}
    assert issue.marked
    stage.server.requests.clear()
    assert stage.tracker.edit(issue, Edit(add_labels=frozenset({"poam-kev"}))) == issue
    assert stage.server.count() == 0
    assert "poam-kev" not in stage.edit(issue_id, Edit(remove_labels=frozenset({"poam-kev"}))).labels
