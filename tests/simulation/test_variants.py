"""The simulation sees what it is there to see: each protection of the engine, taken away, fails soon."""

from __future__ import annotations

import pytest

from .variants import VARIANTS

PATIENCE = 300
SHOWS_AT = {
    "offset paging": 82,
    "crossing not noticed": 58,
    "search judged by its end": 36,
    "cursor saved first": 32,
    "version guard removed": 16,
    "late write forgotten": 10,
}
"""Where to begin looking for the rare ones; should their stories change, the others are looked through, too."""


@pytest.mark.parametrize("name", VARIANTS)
def test_an_engine_without_one_of_its_protections_is_found_out(name: str) -> None:
    variant = VARIANTS[name]
    known = SHOWS_AT.get(name, 0)
    for seed in (*range(known, PATIENCE), *range(known)):
        with variant.at_work():
            broken = variant.tell(seed)
        if broken.violations and set(broken.violations) - set(variant.tell(seed).violations):
            return
    pytest.fail(f"{name}: {PATIENCE} seeds went by and nobody noticed")
