"""Our block inside a body: it alone is rewritten, and people's own words stay letter for letter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poam.mapping.issue_text import BEGIN, END, block_in, issue_block, with_block
from poam.mapping.item import PoamItem
from poam.mapping.profiles import PROFILES

ITEM = PoamItem("u-1", "ACME", "V-12", point_of_contact="Ann Lee", scheduled_completion_date="2026-04-01")


def block(item: PoamItem) -> str:
    return issue_block(item, PROFILES["generic"], "neutral", (), move_date="move the due date")


OURS, NEW = block(ITEM), block(replace(ITEM, scheduled_completion_date="2026-05-01"))
PROSE = st.text().filter(lambda text: block_in(text) is None and "kept" not in text)


def test_an_empty_body_becomes_the_block() -> None:
    assert with_block("", OURS) == OURS
    assert with_block(" \n", OURS) == OURS


@given(PROSE, PROSE)
def test_everything_outside_our_block_stays_letter_for_letter(before: str, after: str) -> None:
    body = f"{before}\n{OURS}\n{after}"
    assert with_block(body, NEW) == f"{before}\n{NEW}\n{after}"
    assert block_in(with_block(body, NEW)) == NEW
    assert with_block(with_block(body, NEW), NEW) == with_block(body, NEW)


@given(PROSE)
def test_a_block_that_a_person_removed_comes_back_at_the_end(prose: str) -> None:
    body = with_block(prose, OURS)
    assert body.startswith(prose.rstrip())
    assert block_in(body) == OURS
    assert with_block(body, OURS) == body


def test_edits_inside_our_block_are_undone() -> None:
    body = f"Mine.\n\n{OURS.replace('2026-04-01', '2029-01-01')}\n\nAlso mine."
    assert with_block(body, OURS) == f"Mine.\n\n{OURS}\n\nAlso mine."


def test_a_copy_of_our_block_goes_and_the_text_around_it_stays() -> None:
    body = f"a\n{OURS}\nb\n{OURS}\nc"
    assert with_block(body, NEW) == f"a\n{NEW}\nb\nc"


@pytest.mark.parametrize("lost", [BEGIN, END])
def test_a_delimiter_that_lost_its_partner_takes_nobodys_text_with_it(lost: str) -> None:
    body = f"mine\n{OURS.replace(lost, '')}\nalso mine"
    mended = with_block(body, NEW)
    assert mended.startswith("mine\n")
    assert "also mine" in mended
    assert mended.count(BEGIN) == mended.count(END) == 1
    assert block_in(mended) == NEW
    assert with_block(mended, NEW) == mended


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.replace("&", "&amp;"),
        lambda text: text.replace("====", r"\=\=\=\="),
        lambda text: text.replace("==== ", "====  ").replace("-", r"\-"),
    ],
)
def test_a_block_is_found_again_after_a_tracker_rewrote_its_signs(spoil: Callable[[str], str]) -> None:
    body = spoil(f"mine\n{OURS}\nalso mine")
    assert block_in(body) is not None
    mended = with_block(body, OURS).replace("\r", "")
    assert mended == f"mine\n{OURS}\nalso mine"
