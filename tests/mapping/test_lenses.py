"""Lenses: a tracker's words become ours and back, and what a tracker normalises is no change."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.connectors.base import Category, Status
from poam.mapping.item import Decision, PoamItem, Rating, WorkStatus
from poam.mapping.lenses import (
    OWNED_LABELS,
    category_of,
    is_ours,
    labels_for,
    normal_body,
    normal_title,
    reason_of,
    work_status_of,
)
from poam.mapping.redaction import TextMode

CATEGORIES: tuple[Category, ...] = ("todo", "doing", "done")
WORDS = [
    *(
        "",
        "To Do",
        "Open",
        "open",
        "In Progress",
        "Blocked",
        "blocked",
        "On Hold",
        "Done",
        "Closed",
        "completed",
    ),
    *("Fixed", "Resolved", "Won't Do", "Won’t Fix", "wontfix", "Declined", "not_planned", "NOT PLANNED"),
    *("Duplicate", "duplicate", "Cannot Reproduce", "can't reproduce", "reopened", "Abgelehnt", "Rejected"),
]
ITEM = PoamItem("u-1", "ACME", "V-12", original_risk_rating=Rating.HIGH, kev_tracking=True)
ANY_TEXT = st.text(st.characters(exclude_categories=())) | st.text(alphabet=" \t\r\n\u200b\u202ee\u0301\u2028a🙂")
MODES: tuple[TextMode, ...] = ("neutral", "restricted", "full")


def test_without_a_table_a_status_and_its_work_status_are_of_one_category() -> None:
    for name, category, reason in product(WORDS, CATEGORIES, WORDS):
        assert category_of(work_status_of(Status(name, category, reason), {})) == category


@given(st.text(), st.sampled_from(CATEGORIES), st.text())
def test_no_name_and_no_reason_breaks_that_law(name: str, category: Category, reason: str) -> None:
    assert category_of(work_status_of(Status(name, category, reason), {})) == category


@pytest.mark.parametrize(
    ("status", "work"),
    [
        (Status("open", "todo"), WorkStatus.NOT_STARTED),
        (Status("in progress", "doing"), WorkStatus.IN_PROGRESS),
        (Status("blocked", "doing"), WorkStatus.BLOCKED),
        (Status("completed", "done", "completed"), WorkStatus.DONE),
        (Status("not_planned", "done", "not_planned"), WorkStatus.WONT_DO),
        (Status("duplicate", "done", "duplicate"), WorkStatus.WONT_DO),
        (Status("Done", "done", "Done"), WorkStatus.DONE),
        (Status("Done", "done", "Fixed"), WorkStatus.DONE),
        (Status("Done", "done", ""), WorkStatus.DONE),
        (Status("Done", "done", "Won't Do"), WorkStatus.WONT_DO),
        (Status("Closed", "done", "Won’t Fix"), WorkStatus.WONT_DO),
        (Status("Closed", "done", "Cannot Reproduce"), WorkStatus.WONT_DO),
        (Status("Declined", "done", ""), WorkStatus.WONT_DO),
        (Status("Code Review", "doing"), WorkStatus.IN_PROGRESS),
    ],
)
def test_what_trackers_ship_is_understood_without_configuration(status: Status, work: WorkStatus) -> None:
    assert work_status_of(status, {}) is work


def test_a_resolution_left_over_on_reopened_work_says_nothing() -> None:
    reopened = Status("In Progress", "doing", "Won't Do")
    assert work_status_of(reopened, {"won't do": "wont_do"}) is WorkStatus.IN_PROGRESS
    assert reason_of(reopened) == ""


def test_the_configured_table_names_statuses_and_resolutions_in_any_case() -> None:
    table = {"Abgelehnt": "wont_do", "WARTET": "blocked", "Wird nicht gemacht": "wont_do"}
    assert work_status_of(Status("abgelehnt", "done"), table) is WorkStatus.WONT_DO
    assert work_status_of(Status("Wartet", "todo"), table) is WorkStatus.BLOCKED
    assert work_status_of(Status("Fertig", "done", "wird nicht gemacht"), table) is WorkStatus.WONT_DO


def test_the_table_may_overrule_a_well_known_word() -> None:
    assert work_status_of(Status("Closed", "done", "Rejected"), {"rejected": "done"}) is WorkStatus.DONE
    assert work_status_of(Status("Blocked", "doing"), {"blocked": "in_progress"}) is WorkStatus.IN_PROGRESS


def test_listing_done_in_the_table_does_not_make_a_declined_issue_a_claim() -> None:
    assert work_status_of(Status("Done", "done", "Won't Do"), {"Done": "done"}) is WorkStatus.WONT_DO


def test_an_unknown_word_in_the_table_is_passed_over() -> None:
    assert work_status_of(Status("Open", "todo"), {"open": "finished"}) is WorkStatus.NOT_STARTED


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (Status("Done", "done", "Won't Do"), "declined"),
        (Status("not_planned", "done", "not_planned"), "declined"),
        (Status("Done", "done", "Duplicate"), "duplicate"),
        (Status("Done", "done", "Cannot Reproduce"), "cannot_reproduce"),
        (Status("Duplicate", "done"), "duplicate"),
        (Status("Done", "done", "Fixed"), ""),
        (Status("Open", "todo"), ""),
    ],
)
def test_the_reason_tells_why_nothing_was_done(status: Status, reason: str) -> None:
    assert reason_of(status) == reason


def test_every_known_reason_belongs_to_work_that_will_not_be_done() -> None:
    for name, category, reason in product(WORDS, CATEGORIES, WORDS):
        status = Status(name, category, reason)
        assert (reason_of(status) != "") == (work_status_of(status, {}) is WorkStatus.WONT_DO)


@given(ANY_TEXT, st.integers(0, 40))
def test_a_normal_title_is_normal_fits_and_shows_every_character(text: str, limit: int) -> None:
    title = normal_title(text, limit)
    assert normal_title(title, limit) == title
    assert len(title.encode("utf-16-le")) // 2 <= limit
    assert title == title.strip()
    assert unicodedata.is_normalized("NFC", title)
    assert not {unicodedata.category(each) for each in title} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_a_title_is_one_line_and_cut_with_an_ellipsis() -> None:
    assert normal_title("  Patch\r\n\tthe \u202elibrary\u200b ", 255) == "Patch the library"
    assert normal_title("abcdef", 6) == "abcdef"
    assert normal_title("abcdefg", 6) == "abcde…"
    assert normal_title("abcd efg", 6) == "abcd…"


def test_an_emoji_is_never_cut_in_half_and_counts_as_jira_counts_it() -> None:
    assert normal_title("🙂" * 200, 255) == "🙂" * 127 + "…"


def test_composed_and_decomposed_letters_are_one_title() -> None:
    assert normal_title("Cafe\u0301", 9) == normal_title("Café", 9)


@given(ANY_TEXT)
def test_a_normal_body_is_normal(text: str) -> None:
    body = normal_body(text)
    assert normal_body(body) == body
    assert normal_body(text + " \r\n\n") == body
    assert "\r" not in body
    assert not body.endswith("\n")
    assert all(line == line.rstrip() for line in body.split("\n"))


def test_line_ends_and_trailing_space_that_a_tracker_adds_are_no_change() -> None:
    assert normal_body("a  \r\n\r\n  b\rc\n\n") == "a\n\n  b\nc"


def test_a_neutral_issue_has_no_label_that_tells_the_severity() -> None:
    assert labels_for(ITEM, False, "neutral") == frozenset()
    assert labels_for(ITEM, True, "neutral") == {"poam-date-pending"}


@pytest.mark.parametrize("mode", ["restricted", "full"])
def test_severity_and_kev_are_labels_where_they_may_be_told(mode: TextMode) -> None:
    assert labels_for(ITEM, False, mode) == {"poam-severity-high", "poam-kev"}
    assert labels_for(replace(ITEM, kev_tracking=None), True, mode) == {
        "poam-severity-high",
        "poam-date-pending",
    }
    lowered = replace(ITEM, adjusted_risk_rating=Rating.LOW, risk_adjustment=Decision.YES, kev_tracking=False)
    assert labels_for(lowered, False, mode) == {"poam-severity-low"}


def test_every_label_we_set_we_may_also_remove_and_no_other() -> None:
    for rating, kev, waits, mode in product((None, *Rating), (None, True, False), (True, False), MODES):
        item = replace(ITEM, original_risk_rating=rating, kev_tracking=kev)
        assert all(is_ours(label) for label in labels_for(item, waits, mode))
    assert all(is_ours(label.upper()) for label in OWNED_LABELS)
    assert not any(map(is_ours, ("poam", "poam-sync", "poam-abcdefghijklmnopqrstuvwxyz", "bug", "", "due:2026-01-01")))
