"""A pytest plugin for a mutant's judges: the quickest test is asked first, so that most mutants die at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

MEASURED = Path("mutmut-stats.json")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts by what each test took when it judged the code as it is; before that was measured nothing moves."""
    if MEASURED.exists():
        took = json.loads(MEASURED.read_text(encoding="utf-8"))["duration_by_test"]
        items.sort(key=lambda item: took.get(item.nodeid, 0))
