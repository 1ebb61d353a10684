"""All that the contract sends and is answered, held against the vendors' own specifications and their own checker."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from poam.connectors.sandbox.jira import BOT

from .github_stage import TOKEN
from .traffic import FOLDER

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
CHECKER = SHARED / "tools" / "check_against_spec.py"
QUIRKS = SHARED / "tools" / "client_quirks.txt"
SPECS = SHARED / "data" / "specs"

WIDER = (
    r"changelog/histories/\*/items/\*/(from|to)(String)?: null is not",  # Jira tells an empty value so
    r"GET /repos/{owner}/{repo}/issues status N not documented",  # 304, which is documented for all of them
)
"""Where the vendors themselves answer more than they specify."""

pytestmark = pytest.mark.skipif(not CHECKER.is_file(), reason="the vendors' specifications are not at hand")


@pytest.fixture(scope="module")
def traffic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wires of a run of the contract with a part of each: every call that connectors have."""
    folder = tmp_path_factory.mktemp("traffic")
    chosen = "(jira or github) and not data-center and not (any_text or any_comment or law or laws)"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-k", chosen]
    environment = {**os.environ, FOLDER: str(folder)}
    environment.pop("PYTEST_XDIST_WORKER", None)
    run = subprocess.run(
        [*command, "tests/connectors/test_contract.py"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-2000:]
    return folder


def as_version_3(path: str) -> str:
    """Version 2 differs from the one that is specified in rich text alone."""
    return path.replace("/rest/api/2/", "/rest/api/3/")


def by_name(path: str) -> str:
    """GitHub's own links name a repository by its id; the specification knows it by its name alone."""
    return re.sub(r"^/repositories/\d+", "/repos/acme/web", path)


@pytest.mark.parametrize(
    ("wire", "spec", "told"),
    [
        ("Cloud", "jira.cloud-platform.issues.v3.json", as_version_3),
        ("github", "github.api.github.com.issues.json", by_name),
    ],
)
def test_no_request_and_no_answer_breaks_the_vendors_specification(
    traffic: Path, wire: str, spec: str, told: Callable[[str], str]
) -> None:
    lines = [json.loads(line) for line in (traffic / f"{wire}.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(lines) > 200
    renamed = traffic / f"{wire}-as-specified.jsonl"
    renamed.write_text("".join(json.dumps({**each, "path": told(each["path"])}) + "\n" for each in lines))
    checked = subprocess.run(
        [sys.executable, str(CHECKER), str(SPECS / spec), str(renamed), "--allow", str(QUIRKS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "REQUEST violations (0 kinds)" in checked.stdout, checked.stdout[-4000:]
    answers = checked.stdout.partition("RESPONSE violations")[2].splitlines()[1:]
    assert [each for each in answers if not any(re.search(known, each) for known in WIDER)] == []


def test_no_recorded_line_holds_a_token(traffic: Path) -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in traffic.glob("*.jsonl"))
    assert BOT.token not in told
    assert TOKEN not in told
