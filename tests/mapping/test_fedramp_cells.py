"""Single cells: dates, milestones, choices and texts as people write them, and what is said of the unreadable."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from poam.mapping.documents.cells import DATE, IDENTIFIER, LINES, TEXT, Cell, CellProblem, serial, write_text
from poam.mapping.documents.fedramp_columns import ADJUSTED_OR_NOT, DECISION, RATING, YES_BLANK, YES_NO
from poam.mapping.documents.fedramp_schedule import scheduled
from poam.mapping.documents.milestones import CHANGES, MILESTONES
from poam.mapping.item import ChangeKind, Decision, Milestone, MilestoneChange, Rating


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        (date(2026, 3, 4), "2026-03-04"),
        (datetime(2026, 3, 4, 13, 5), "2026-03-04"),
        ("2026-03-04", "2026-03-04"),
        (" 2026/3/4 ", "2026-03-04"),
        ("2026-03-04T00:00:00Z", "2026-03-04"),
        ("12/31/2026", "2026-12-31"),
        ("3-14-2026", "2026-03-14"),
        ("04/04/2026", "2026-04-04"),
        ("4 Mar 2026", "2026-03-04"),
        ("04-MAR-2026", "2026-03-04"),
        ("March 4, 2026", "2026-03-04"),
        ("Sept. 4 2026", "2026-09-04"),
        ("", None),
        ("N/A", None),
        ("none", None),
    ],
)
def test_a_date_is_read_where_only_one_day_can_be_meant(cell: Cell, day: str | None) -> None:
    assert DATE.parse(cell) == day


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("03/04/2026", "can be two days; write 2026-03-04 or 2026-04-03"),
        ("31/12/2026", "is not understood as month/day/year; write it as YYYY-MM-DD"),
        ("02/30/2026", "no day of the calendar"),
        ("2026-02-30", "no day of the calendar"),
        ("Foo 4, 2026", "no day of the calendar"),
        ("03/14/26", "not a date; write it as YYYY-MM-DD"),
        ("31.12.2026", "not a date"),
        ("2026-03/04", "not a date"),
        ("TBD", "not a date"),
        (46085.0, "format the cell as a date"),
        (time(1, 2), "format the cell as a date"),
        (timedelta(days=9), "format the cell as a date"),
        (True, "format the cell as a date"),
    ],
)
def test_any_other_date_is_a_problem_and_never_a_guess(cell: Cell, said: str) -> None:
    with pytest.raises(CellProblem, match=said):
        DATE.parse(cell)


def test_excel_counts_days_from_march_1900_on() -> None:
    assert (serial("1900-03-01"), serial("2026-11-22"), serial("1900-02-28")) == (61, 46348, None)


@pytest.mark.parametrize(
    ("text", "numbers", "days"),
    [
        ("(1) 2026-12-01: text", [1], ["2026-12-01"]),
        ("(1) 2026-12-01: one\n\n(2) 2026-12-02: two", [1, 2], ["2026-12-01", "2026-12-02"]),
        ("(1) 2026/12/01: one\n(2) 12/31/2026 - two", [1, 2], ["2026-12-01", "2026-12-31"]),
        ("1) 2026-12-01 – one\n\n \n2. 2026-12-02 two", [1, 2], ["2026-12-01", "2026-12-02"]),
        ("(01)2026-12-01:one\r\n\r\n(02)  2026-12-02 : two", [1, 2], ["2026-12-01", "2026-12-02"]),
        ("(7) 2026-12-01", [7], ["2026-12-01"]),
    ],
)
def test_milestones_are_read_however_loosely_they_are_written(text: str, numbers: list[int], days: list[str]) -> None:
    milestones = MILESTONES.parse(text)

    assert [milestone.number for milestone in milestones] == numbers
    assert [milestone.scheduled_completion_date for milestone in milestones] == days


def test_a_milestone_may_run_over_lines() -> None:
    text = "(1) 2014/05/23: Milestone Description\n\n(2) 2014-06-12: Milestone \nDescription"

    assert MILESTONES.parse(text) == (
        Milestone(1, "Milestone Description", "2014-05-23"),
        Milestone(2, "Milestone \nDescription", "2014-06-12"),
    )


def test_milestone_changes_say_what_they_do_in_any_case() -> None:
    text = "(2) Update 2014-06-18 : late\n\n(3) NEW 2014-06-13 : more\n\n(1) completed 2014-06-20 done"

    assert CHANGES.parse(text) == (
        MilestoneChange(2, ChangeKind.UPDATE, "2014-06-18", "late"),
        MilestoneChange(3, ChangeKind.NEW, "2014-06-13", "more"),
        MilestoneChange(1, ChangeKind.COMPLETE, "2014-06-20", "done"),
    )


def test_milestones_are_written_the_template_s_way() -> None:
    milestones = (Milestone(1, "First\n\nand more", "2026-12-01"), Milestone(2, "", "2026-12-02"))
    change = MilestoneChange(2, ChangeKind.UPDATE, "2026-12-05", " late ")

    assert MILESTONES.render(milestones) == "(1) 2026-12-01: First\nand more\n\n(2) 2026-12-02:"
    assert CHANGES.render((change,)) == "(2) Update 2026-12-05 : late"


@pytest.mark.parametrize(
    ("kind", "text", "said"),
    [
        (MILESTONES, "Patch it next month", "does not begin with a milestone; write it as"),
        (MILESTONES, "Plan:\n(1) 2026-12-01: text", "does not begin with a milestone"),
        (MILESTONES, "(1) 2026-13-01: text", "no day of the calendar"),
        (MILESTONES, "(1) 03/04/2026: text", "can be two days"),
        (MILESTONES, "(1) 2026-12-01: a\n\n(1) 2026-12-02: b", "own number"),
        (MILESTONES, "(1) Update 2026-12-01: a", "move it to the milestone changes"),
        (CHANGES, "(1) 2026-12-01: a", "does not say New, Update or Complete"),
    ],
)
def test_what_is_no_milestone_is_a_problem_with_its_remedy(kind: object, text: str, said: str) -> None:
    with pytest.raises(CellProblem, match=said):
        (MILESTONES if kind is MILESTONES else CHANGES).parse(text)


@pytest.mark.parametrize("text", ["", "N/A", "None", " - "])
def test_no_milestones_are_said_in_several_ways(text: str) -> None:
    assert (MILESTONES.parse(text), CHANGES.parse(text)) == ((), ())


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("=1+1", "=1+1"),
        (" kept ", " kept "),
        ("a\r\nb\rc", "a\nb\nc"),
        (" \n\t ", ""),
        (19506.0, "19506"),
        (1.5, "1.5"),
        (True, "TRUE"),
        (date(2026, 3, 4), "2026-03-04"),
        (datetime(2026, 3, 4), "2026-03-04"),
    ],
)
def test_a_text_is_kept_to_the_letter_and_a_number_as_it_is_written(cell: Cell, text: str) -> None:
    assert TEXT.parse(cell) == text


def test_a_control_character_is_a_problem_on_reading_and_visible_on_writing() -> None:
    with pytest.raises(CellProblem, match=r"control character U\+0007 after \"ring\"; delete it"):
        TEXT.parse("ring\x07")

    assert write_text("ring\x07 \x7f \ufffe") == "ring␇ ␡ \ufffd"


def test_a_text_longer_than_a_cell_is_a_problem() -> None:
    assert TEXT.parse("x" * 32_767)
    with pytest.raises(CellProblem, match="holds 32,768 characters; shorten it to 32,767"):
        TEXT.parse("😀" * 16_384)


def test_an_identifier_is_one_line_without_surrounding_space() -> None:
    assert IDENTIFIER.parse(" V-1\n") == "V-1"
    with pytest.raises(CellProblem, match="more than one line"):
        IDENTIFIER.parse("V-1\nV-2")


def test_assets_are_one_a_line() -> None:
    assert LINES.parse("10.0.0.1 (443/TCP)\r\n\r\n web-02 \n") == ("10.0.0.1 (443/TCP)", "web-02")


def test_choices_are_read_in_any_case_and_blanks_in_any_of_their_words() -> None:
    assert [RATING.parse(text) for text in ("high", " CRITICAL ", "")] == [Rating.HIGH, Rating.CRITICAL, None]
    assert [ADJUSTED_OR_NOT.parse(text) for text in ("Low", "N/A", "n/a")] == [Rating.LOW, None, None]
    assert [DECISION.parse(text) for text in ("yes", "No", "PENDING", "None")] == [*Decision, None]
    assert [YES_NO.parse(text) for text in ("Yes", "no", "N/A", "")] == [True, False, False, False]


def test_choices_are_written_with_the_template_s_own_words() -> None:
    assert [ADJUSTED_OR_NOT.render(rating) for rating in (Rating.MODERATE, None)] == ["Moderate", "N/A"]
    assert [RATING.render(rating) for rating in (Rating.LOW, None)] == ["Low", ""]
    assert [YES_NO.render(answer) for answer in (True, False)] == ["Yes", "No"]
    assert [YES_BLANK.render(answer) for answer in (True, False, None)] == ["Yes", "", ""]


def test_a_word_outside_the_vocabulary_is_a_problem_that_names_the_vocabulary() -> None:
    with pytest.raises(CellProblem, match='"Medium" is not one of Low, Moderate, High, Critical'):
        RATING.parse("Medium")


@pytest.mark.parametrize(
    ("original", "adjusted", "adjustment", "due"),
    [
        (Rating.CRITICAL, None, None, "2026-01-31"),
        (Rating.HIGH, None, None, "2026-01-31"),
        (Rating.MODERATE, None, None, "2026-04-01"),
        (Rating.LOW, None, None, "2026-06-30"),
        (Rating.HIGH, Rating.LOW, Decision.PENDING, "2026-01-31"),
        (Rating.HIGH, Rating.LOW, Decision.YES, "2026-06-30"),
        (Rating.HIGH, None, Decision.YES, "2026-01-31"),
        (None, Rating.LOW, Decision.NO, None),
    ],
)
def test_the_scheduled_completion_date_follows_the_rating_that_counts(
    original: Rating | None, adjusted: Rating | None, adjustment: Decision | None, due: str | None
) -> None:
    assert scheduled("2026-01-01", original, adjusted, adjustment) == due


def test_no_date_is_computed_beyond_the_calendar_or_without_a_detection() -> None:
    assert scheduled("9999-12-31", Rating.LOW, None, None) is None
    assert scheduled(None, Rating.LOW, None, None) is None
