"""What every test stands on: the installed name `poam`, and a suite that says the same thing every time."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import types
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parents[1]

if importlib.util.find_spec("poam") is None:  # a bare checkout: `poam` is this directory, as when installed
    poam = types.ModuleType("poam")
    poam.__path__ = [str(ROOT)]
    sys.modules["poam"] = poam

os.environ.pop("POAM_CONFIG", None)  # the tests never touch the record of whoever runs them

settings.register_profile("steady", derandomize=True, deadline=None, database=None)
settings.load_profile("steady")


@pytest.fixture(scope="session")
def committed() -> list[str]:
    """The files that are, or would be, committed; in an unpacked archive, without history, all of them."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    if (ROOT / ".git").exists():
        names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
        return sorted(name for name in names if (ROOT / name).is_file())
    made = {".venv", ".types", "__pycache__", "build", "dist", ".hypothesis"}
    paths = (path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file())
    return sorted(
        path.as_posix()
        for path in paths
        if not any(part in made or part.endswith(("_cache", ".egg-info")) for part in path.parts)
    )
