"""Which existing issue is proposed for which item, and what is said for it."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

import pytest

from poam.connectors.base import Account, Issue, Status
from poam.mapping import matching
from poam.mapping.item import FindingKind, PoamItem, Rating
from poam.mapping.matching import LEAST, Match, matches
from poam.mapping.profiles import PROFILES

FEDRAMP = PROFILES["fedramp_rev5"]


def item(n: int = 1, **values: Any) -> PoamItem:
    told = {"poam_id": f"V-{n}", "weakness_name": "Outdated OpenSSL in the web image", **values}
    return PoamItem(uid=f"uid-{n}", system_id="ACME", finding_kind=FindingKind.VULNERABILITY, **told)


def issue(n: int = 1, title: str = "Chores", body: str = "", **values: Any) -> Issue:
    return Issue(
        id=str(n),
        key=f"SEC-{n}",
        url="",
        title=title,
        body=body,
        status=Status("open", "todo"),
        author=Account("ann"),
        marker=None,
        created="",
        updated="",
        version="1",
        **{"due_dates": (), "labels": frozenset(), **values},
    )


def found(items: list[PoamItem], *issues: Issue) -> list[Match]:
    return matches([(each, FEDRAMP) for each in items], [("jira", each) for each in issues])


def told(items: list[PoamItem], *issues: Issue) -> list[str]:
    return [clue.told for match in found(items, *issues) for clue in match.clues]


@pytest.mark.parametrize("title", ["V-1", "[V-1] mend it", "mend it (v-1).", "see V-1, please"])
def test_the_id_as_a_whole_word_speaks_loudest(title: str) -> None:
    assert told([item()], issue(title=title)) == ["it names V-1"]
    assert told([item()], issue(body=title)) == ["it names V-1"]


@pytest.mark.parametrize("title", ["V-12", "DEV-1", "V-1-2", "V-1.4", "V 1"])
def test_a_part_of_a_word_is_no_id(title: str) -> None:
    assert told([item()], issue(title=title)) == []


def test_a_short_number_names_nothing() -> None:
    assert told([item(poam_id="12")], issue(title="12 angry users")) == []
    assert told([item(poam_id="4012")], issue(title="about 4012")) == ["it names 4012"]


def test_a_cve_and_a_plugin_speak_for_a_match() -> None:
    with_cves = item(cves="CVE-2026-0001\nCVE-2026-0002", weakness_source_identifier="104743")
    clues = told([with_cves], issue(title="plugin 104743", body="cve-2026-0002 and CVE-2026-9999"))
    assert clues == ["it names CVE-2026-0002", "it names the source identifier 104743"]


def test_a_title_like_the_weakness_name_is_told_with_how_much_they_share() -> None:
    (match,) = found([item()], issue(title="openssl outdated in web image"))
    assert match.clues[0].told == "its title is like the weakness name (94%)"
    assert found([item()], issue(title="Renew the certificate of the mail relay")) == []


def test_date_and_labels_add_to_a_match_and_make_none() -> None:
    dated = item(scheduled_completion_date="2026-05-01", original_risk_rating=Rating.HIGH, controls="SI-2")
    alone = issue(due_dates=("2026-05-01",), labels=frozenset({"High", "si-2"}))
    assert found([dated], alone) == []
    named = issue(title="V-1", due_dates=("2026-05-01",), labels=frozenset({"High", "si-2"}))
    assert told([dated], named) == ["it names V-1", "it is due on 2026-05-01, too", "it is labelled high, si-2"]


def test_an_issue_is_for_one_item_only_and_the_better_match_takes_it() -> None:
    items = [item(1, cves="CVE-2026-0001"), item(2)]
    pairs = found(items, issue(1, "V-2: CVE-2026-0001"), issue(2, "CVE-2026-0001"))
    assert [(match.item.poam_id, match.issue.key) for match in pairs] == [("V-2", "SEC-1"), ("V-1", "SEC-2")]
    assert [match.score for match in pairs] == [100, 50]
    assert all(match.score >= LEAST for match in pairs)


def test_issues_of_the_same_number_at_two_trackers_are_two() -> None:
    items = [item(1), item(2)]
    pairs = matches([(each, FEDRAMP) for each in items], [("jira", issue(1, "V-1")), ("code", issue(1, "V-2"))])
    assert {(match.item.poam_id, match.place) for match in pairs} == {("V-1", "jira"), ("V-2", "code")}


def test_a_title_that_is_only_spelled_alike_counts_beside_another_clue() -> None:
    misspelt = "Outdate OpenSSI on thee webb images"
    assert found([item()], issue(title=misspelt)) == []
    assert told([item()], issue(title=misspelt, body="V-1"))[1].startswith("its title is like the weakness name")


def test_a_common_word_is_no_reason_to_measure_two_titles(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[tuple[str, str]] = []

    class Counting(SequenceMatcher[str]):
        def __init__(self, junk: None, a: str, b: str, autojunk: bool) -> None:
            measured.append((a, b))
            super().__init__(junk, a, b, autojunk)

    monkeypatch.setattr(matching, "SequenceMatcher", Counting)
    items = [item(n, weakness_name=f"Weakness{n} of product{n}") for n in range(100)]
    issues = [issue(n, f"Weakness{n} of product{n}") for n in range(100)]
    assert len(found(items, *issues)) == 100
    assert len(measured) == 100, "of 10,000 pairs"
