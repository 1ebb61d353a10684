"""The marker: opaque, stable over restores, different for every issue."""

from __future__ import annotations

import re
from itertools import product

from poam.mapping.marker import marker


def test_a_marker_is_twenty_six_lower_case_base32_characters() -> None:
    assert re.fullmatch("[a-z2-7]{26}", marker("record", "item", "jira", 1))


def test_a_restored_record_computes_the_markers_it_had_before() -> None:
    assert marker("record", "item", "jira", 1) == "drmcxl6gm5nhqkn7j6s3ncchd5"


def test_every_part_counts_and_none_runs_into_the_next() -> None:
    parts = ("", "a", "ab", "b", '"', ",", 'a","b')
    markers = {marker(*three, n) for three in product(parts, repeat=3) for n in (1, 2, 12)}
    assert len(markers) == len(parts) ** 3 * 3


def test_an_item_uid_cannot_be_read_out_of_its_marker() -> None:
    assert "4711" not in marker("4711", "4711", "4711", 4711)
