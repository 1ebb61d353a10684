"""`docs/trackers.md` numbers what goes wrong at real trackers, and each case leads to tests that there are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "trackers.md"
CASE = re.compile(r"^\| (\d+) \| (.+?) \| (.+) \|$", re.MULTILINE)
TEST = re.compile(r"`([\w/]+\.py)::(\w+)`")
LIVE = re.compile(r"a live site shows it: `poam doctor --probe`")
HOW_MANY = 87

CASES = {int(number): (what, shown) for number, what, shown in CASE.findall(PAGE.read_text(encoding="utf-8"))}


@cache
def names_in(path: Path) -> frozenset[str]:
    """The names of a file's tests, those of its classes too."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return frozenset(each.name for each in ast.walk(tree) if isinstance(each, ast.FunctionDef))


def missing(shown: str) -> Iterator[str]:
    """Tests that are named and are not there."""
    for file, name in TEST.findall(shown):
        path = ROOT / "tests" / file
        if not path.is_file() or name not in names_in(path):
            yield f"{file}::{name}"


def test_every_case_has_its_line() -> None:
    assert sorted(CASES) == list(range(1, HOW_MANY + 1))


@pytest.mark.parametrize("number", range(1, HOW_MANY + 1))
def test_a_case_leads_to_tests_that_there_are_or_to_the_probe_of_a_live_site(number: int) -> None:
    _, shown = CASES[number]
    assert TEST.search(shown) or LIVE.search(shown)
    assert list(missing(shown)) == []
