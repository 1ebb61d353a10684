"""What we write we read again: the same items, and from them the same bytes."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from poam.mapping.documents.document import Document, FedrampLayout, SystemHeader, UnwritableDocument
from poam.mapping.documents.fedramp_columns import LAYOUTS
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_wording import carried, computed_date
from poam.mapping.documents.fedramp_write import belongs, in_order, write_workbook
from poam.mapping.item import (
    ChangeKind,
    Decision,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
    WorkStatus,
)
from poam.mapping.kinds import kind_of

from .fedramp_documents import FULL, FULL_21, HEADER, document, many

BOTH: tuple[FedrampLayout, ...] = ("3.0", "2.1")
LIMIT = 32_767
some = settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

# Everything a cell can hold, with the beginnings that a careless writer turns into formulas and links.
LETTERS = st.characters(
    codec="utf-8", exclude_categories=["Cs"], include_characters="\n\t", exclude_characters="\r\x7f\ufffe\uffff"
).filter(lambda letter: letter in "\n\t" or letter >= " ")
STARTS = st.sampled_from(["", "=1+1", "+1", "-1", "@SUM(A1)", "{=A1}", "http://a.example", "007", "'", '"', "\n"])
TEXTS = st.builds(lambda start, text: start + text, STARTS, st.text(LETTERS, max_size=30)).map(
    lambda text: "" if text.isspace() else text
)
SENTENCES = TEXTS.map(lambda text: re.sub(r"\n\s*\n", "\n", text.strip()))
LINES = TEXTS.map(lambda text: " ".join(text.split())).filter(bool)
DAYS = st.dates().map(date.isoformat)
MAYBE_DAYS = st.none() | DAYS
IDENTIFIERS = st.from_regex(r"[A-Z]{1,3}-[0-9]{1,5}[a-z]?", fullmatch=True)
MILESTONES = st.lists(
    st.builds(Milestone, st.integers(0, 99), SENTENCES, DAYS), max_size=3, unique_by=lambda m: m.number
).map(tuple)
CHANGES = st.lists(
    st.builds(MilestoneChange, st.integers(0, 99), st.sampled_from(ChangeKind), DAYS, SENTENCES), max_size=3
).map(tuple)
TEXT_FIELDS = (
    *("controls", "weakness_name", "weakness_description", "weakness_detector_source"),
    *("weakness_source_identifier", "point_of_contact", "resources_required", "remediation_plan"),
    *("vendor_dependent_product", "deviation_rationale", "supporting_documents", "comments", "cves"),
)


@st.composite
def spoken(draw: st.DrawFn, layout: FedrampLayout) -> PoamItem:
    """An item in the layout's own vocabulary: what it can say without loss."""
    decisions = st.none() | st.sampled_from(Decision)
    ratings = st.none() | st.sampled_from(Rating)
    fields: dict[str, Any] = {name: draw(TEXTS) for name in TEXT_FIELDS}
    item = PoamItem(
        uid="",
        system_id="",
        poam_id=draw(IDENTIFIERS),
        assets=draw(st.lists(LINES, max_size=3).map(tuple)),
        original_detection_date=draw(MAYBE_DAYS),
        scheduled_completion_date=draw(MAYBE_DAYS),
        status_date=draw(MAYBE_DAYS),
        vendor_dependency=draw(st.booleans()),
        last_vendor_check_in=draw(MAYBE_DAYS),
        original_risk_rating=draw(ratings),
        adjusted_risk_rating=draw(ratings),
        risk_adjustment=draw(decisions),
        false_positive=draw(decisions),
        operational_requirement=draw(decisions),
        kev_tracking=draw(st.sampled_from((None, True))),
        kev_due_date=draw(MAYBE_DAYS),
        milestones=draw(MILESTONES),
        milestone_changes=draw(CHANGES),
        **fields,
    )
    item = replace(item, finding_kind=draw(st.sampled_from((kind(item), FindingKind.CONFIGURATION))))
    if layout == "2.1":
        maybe = st.sampled_from((None, True, False))
        item = replace(item, auto_approve=draw(maybe), kev_tracking=draw(maybe), service_names=draw(TEXTS))
    if item.scheduled_completion_date is None:
        item = replace(item, scheduled_completion_date=computed_date(item))
    return closed(item) if draw(st.booleans()) else item


def closed(item: PoamItem) -> PoamItem:
    reason = "false_positive" if item.false_positive is Decision.YES else "remediated"
    return replace(
        item,
        state=State.CLOSED,
        finding_kind=kind(item),
        actual_completion_date=item.status_date,
        closure_reason=reason,
        work_status=WorkStatus.DONE,
    )


def kind(item: PoamItem) -> FindingKind:
    """What the importer takes a finding for, but for a configuration's tab."""
    return kind_of(item.weakness_detector_source, item.weakness_source_identifier, item.cves)


def systems(layout: FedrampLayout) -> st.SearchStrategy[Document]:
    headers = st.builds(SystemHeader, TEXTS, TEXTS, TEXTS, MAYBE_DAYS)
    items = st.lists(spoken(layout), max_size=4, unique_by=lambda item: item.poam_id).map(tuple)
    return st.builds(Document, st.just(layout), headers, items)


def by_id(items: tuple[PoamItem, ...]) -> dict[str, PoamItem]:
    return {item.poam_id: item for item in items}


@some
@given(st.sampled_from(BOTH).flatmap(systems))
def test_what_a_layout_can_say_is_read_back_equal_and_written_again_to_the_byte(system: Document) -> None:
    data = write_workbook(system, layout=system.layout)

    reading = read_workbook(data)

    assert reading.problems == ()
    assert (reading.document.layout, reading.document.header) == (system.layout, system.header)
    assert by_id(reading.document.items) == by_id(system.items)
    assert write_workbook(reading.document, layout=system.layout) == data


# Anything at all: states and kinds without a tab of their own, control characters, blank lines, every line end.
WILD_TEXTS = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(
    ["\r\n", "a\rb", "\x00", "(1) 2026-01-01: x\n\n(2) 2026-01-02: y", "Planned milestones are:\n(1) 2026-01-01: x"]
)
WILD = st.builds(
    PoamItem,
    uid=st.just("u"),
    system_id=st.just("s"),
    poam_id=IDENTIFIERS,
    state=st.sampled_from(State),
    finding_kind=st.sampled_from(FindingKind),
    remediation_plan=WILD_TEXTS,
    comments=WILD_TEXTS,
    original_detection_date=MAYBE_DAYS,
    scheduled_completion_date=MAYBE_DAYS,
    status_date=MAYBE_DAYS,
    actual_completion_date=MAYBE_DAYS,
    original_risk_rating=st.none() | st.sampled_from(Rating),
    kev_tracking=st.sampled_from((None, True, False)),
    auto_approve=st.sampled_from((None, True, False)),
    service_names=WILD_TEXTS,
    assets=st.lists(WILD_TEXTS, max_size=2).map(tuple),
    milestones=st.lists(st.builds(Milestone, st.just(1), WILD_TEXTS, DAYS), max_size=1).map(tuple),
    milestone_changes=st.lists(
        st.builds(MilestoneChange, st.just(1), st.sampled_from(ChangeKind), DAYS, WILD_TEXTS), max_size=2
    ).map(tuple),
)


@some
@given(WILD, st.sampled_from(BOTH))
def test_any_item_is_read_back_as_carried_foretells_and_written_again_to_the_byte(
    item: PoamItem, layout: FedrampLayout
) -> None:
    data = write_workbook(document(item), layout=layout)
    sheet = next(sheet for sheet in LAYOUTS[layout].sheets if belongs(item, sheet))

    reading = read_workbook(data)

    assert reading.problems == ()
    assert reading.document.items == (replace(carried(item, sheet), uid="", system_id=""),)
    assert write_workbook(reading.document, layout=layout) == data


def test_a_full_item_passes_through_both_layouts_whole() -> None:
    assert read_workbook(write_workbook(document(FULL), layout="3.0")).document.items == (FULL,)
    assert read_workbook(write_workbook(document(FULL_21), layout="2.1")).document.items == (FULL_21,)


def test_a_thousand_items_pass_through_in_the_order_people_count() -> None:
    system = many(1_000)

    items = read_workbook(write_workbook(system, layout="2.1")).document.items

    closed_kinds = {i.poam_id: replace(i, finding_kind=kind(i)) for i in system.items if i.state is State.CLOSED}
    assert by_id(items) == by_id(system.items) | closed_kinds
    assert [i.poam_id for i in in_order(items)] == [f"V-{number}" for number in range(1, 1_001)]


@pytest.mark.parametrize("layout", BOTH)
def test_the_longest_text_a_cell_holds_survives_and_one_letter_more_is_an_error(layout: FedrampLayout) -> None:
    longest = replace(FULL, weakness_description="=" + "x" * (LIMIT - 1))
    too_long = replace(FULL, weakness_description="😀" * (LIMIT // 2) + "xx")

    items = read_workbook(write_workbook(document(longest), layout=layout)).document.items

    assert items[0].weakness_description == longest.weakness_description
    with pytest.raises(UnwritableDocument, match="V-1, Weakness Description, holds 32,768 characters"):
        write_workbook(document(too_long), layout=layout)


def test_a_plan_that_its_milestones_make_too_long_is_an_error_and_never_cut_short() -> None:
    plan = replace(FULL, remediation_plan="x" * LIMIT)

    with pytest.raises(UnwritableDocument, match="V-1, Remediation Plan"):
        write_workbook(document(plan), layout="3.0")


HOSTILE = (
    *("=1+1", "=cmd|'/c calc'!A0", "+1", "-1", "@SUM(A1)", "\t=1", "{=1}", "http://evil.example", "mailto:a@b"),
    *("external:\\\\share\\x", "internal:Sheet!A1", "0012", "1e5", "TRUE", "#REF!", "_x0041_", "<b>&amp;"),
)


@pytest.mark.parametrize("layout", BOTH)
def test_no_text_becomes_a_formula_a_link_or_a_number(layout: FedrampLayout) -> None:
    system = replace(
        document(*(replace(FULL, poam_id=f"V-{n}", weakness_name=text) for n, text in enumerate(HOSTILE))),
        header=replace(HEADER, provider="=1+1", name="@SUM(A1)"),
    )

    page = load_workbook(BytesIO(write_workbook(system, layout=layout)))["Open POA&M Items"]

    names = [cell for row in page.iter_rows() for cell in row if cell.value in HOSTILE]
    assert [cell.value for cell in names if cell.row > 5] == list(HOSTILE)
    assert {(cell.data_type, cell.hyperlink) for cell in names} == {("s", None)}


@pytest.mark.parametrize("layout", BOTH)
def test_a_critical_rating_is_printed_high_noted_in_comments_and_critical_again(layout: FedrampLayout) -> None:
    item = replace(
        FULL,
        original_risk_rating=Rating.CRITICAL,
        adjusted_risk_rating=Rating.CRITICAL,
        scheduled_completion_date="2026-02-04",
    )

    data = write_workbook(document(item), layout=layout)

    page = load_workbook(BytesIO(data))["Open POA&M Items"]
    row = next(row for row in page.iter_rows(min_row=6, values_only=True) if "V-1" in row)
    assert "Critical" not in row
    assert row.count("High") == 2
    comments = next(text for text in row if str(text).startswith("Waiting"))
    assert comments.count("(Critical)") == 2
    assert read_workbook(data).document.items == (item,)


def test_the_note_of_a_critical_rating_is_found_where_people_wrote_after_it() -> None:
    noted = replace(FULL, original_risk_rating=Rating.HIGH)
    note = "Original Risk Rating: High (Critical)"
    edited = replace(noted, comments=f"Before\n{note}\nAfter")

    (item,) = read_workbook(write_workbook(document(edited), layout="2.1")).document.items

    assert (item.original_risk_rating, item.comments) == (Rating.CRITICAL, "Before\nAfter")


def test_the_note_says_nothing_once_people_lowered_the_rating() -> None:
    note = "Original Risk Rating: High (Critical)"
    lowered = replace(FULL, original_risk_rating=Rating.LOW, comments=note)

    (item,) = read_workbook(write_workbook(document(lowered), layout="2.1")).document.items

    assert (item.original_risk_rating, item.comments) == (Rating.LOW, note)


def test_milestones_stand_at_the_end_of_the_plan_where_there_is_no_column_for_them() -> None:
    page = load_workbook(BytesIO(write_workbook(document(FULL), layout="3.0")))["Open POA&M Items"]

    assert page["K9"].value == (
        "Rebuild the base image and roll it out.\n\n"
        "Planned milestones are:\n(1) 2026-02-10: Image rebuilt\n\n(2) 2026-03-10: Rolled out\n\n"
        "Milestone changes are:\n(2) Update 2026-03-20 : The vendor was late\n\n(3) New 2026-03-25 : Canary first"
    )


def test_numbered_lines_that_are_no_milestones_stay_in_the_plan_as_their_author_wrote_them() -> None:
    plan = "Migrate.\n\nPlanned milestones are:\n1) Buy\n2) Move"
    item = replace(FULL, remediation_plan=plan, milestones=(), milestone_changes=())

    assert read_workbook(write_workbook(document(item), layout="3.0")).document.items == (item,)


def test_a_description_that_looks_like_a_milestone_does_not_become_one() -> None:
    sly = Milestone(1, "First\n(2) 2026-05-01: not a milestone", "2026-02-10")
    data = write_workbook(document(replace(FULL, milestones=(sly,))), layout="2.1")

    (item,) = read_workbook(data).document.items

    assert [milestone.number for milestone in item.milestones] == [1]
    assert write_workbook(document(item), layout="2.1") == data


@pytest.mark.parametrize("layout", BOTH)
def test_the_same_document_gives_the_same_bytes_whatever_the_order_of_its_items(layout: FedrampLayout) -> None:
    system = many(30)

    backwards = replace(system, items=system.items[::-1])

    assert write_workbook(system, layout=layout) == write_workbook(backwards, layout=layout)
