"""A decided later date: what was asked for and what became of it, in the document and in the issue."""

from __future__ import annotations

import pytest

from poam.mapping.documents.milestones import read_changes, write_changes
from poam.mapping.item import ChangeKind, MilestoneChange
from poam.mapping.later_dates import later_date_text, without_names

ANN, ISSO = "ann@acme.example", "isso@acme.example"
WHY = "the vendor's patch comes in March"
STANDS = later_date_text("2027-03-31", "2027-01-03", WHY, ANN, ISSO, extended=False)


def test_where_nothing_is_extended_the_due_date_stands_and_the_date_is_acknowledged() -> None:
    assert STANDS == (
        "Completion by 2027-03-31, later than the due date 2027-01-03, which stands: the vendor's patch comes in "
        "March. Asked for by ann@acme.example, acknowledged by isso@acme.example."
    )


def test_an_extension_says_to_when_and_who_approved_it() -> None:
    assert later_date_text("2027-03-31", "2027-01-03", "", ANN, ISSO, extended=True) == (
        "Completion by 2027-03-31, later than the due date 2027-01-03, which is extended to 2027-03-31. "
        "Asked for by ann@acme.example, approved by isso@acme.example."
    )


@pytest.mark.parametrize("why", [WHY, f" {WHY}.\n", "the vendor's patch\n\ncomes in March."])
def test_it_is_one_paragraph_with_one_full_stop_however_the_reason_was_typed(why: str) -> None:
    assert later_date_text("2027-03-31", "2027-01-03", why, ANN, ISSO, extended=False) == STANDS


def test_it_is_an_entry_of_the_milestone_changes_as_fedramp_writes_them() -> None:
    change = MilestoneChange(1, ChangeKind.UPDATE, "2027-03-31", STANDS)
    assert write_changes([change]) == f"(1) Update 2027-03-31 : {STANDS}"
    assert read_changes(write_changes([change])) == (change,)


@pytest.mark.parametrize("extended", [True, False])
@pytest.mark.parametrize("who", [ANN, "jira:5b10a2844c20165700ede21g", "Ann Lee", "otto@acme.example (entered by x)"])
def test_the_issue_gets_it_without_the_names(who: str, extended: bool) -> None:
    told = without_names(later_date_text("2027-03-31", "2027-01-03", WHY, who, who, extended=extended))
    assert who not in told
    assert told.endswith(f"{WHY}.")


@pytest.mark.parametrize("text", ["the vendor was late", "Asked for by the vendor. We agreed."])
def test_a_milestone_change_that_people_wrote_stays_as_it_is(text: str) -> None:
    assert without_names(text) == text
