"""Where records come and go by the hundred."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture(scope="module")
def in_memory() -> Iterator[Path]:
    """A folder that no disk slows down, where there is one: processes die in it, machines do not."""
    memory = Path("/dev/shm")  # noqa: S108 - a place, not a name to guess
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as place:
        yield Path(place)
