"""Nothing is committed that belongs to one machine, one package index, or nobody's business.

The patterns are put together from pieces, so that this file does not hold what it forbids.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FORBIDDEN = {
    "a package registry": "|".join(
        re.escape(".".join(pieces))
        for pieces in (
            ("pypi", "org"),
            ("files", "pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("registry", "yarnpkg", "com"),
            ("deb", "debian", "org"),
            ("proxy", "golang", "org"),
        )
    ),
    "a folder of somebody's machine": r"(?<![\w.~-])/(?:" + "|".join(("wo" + "rk", "ho" + "me", "ro" + "ot")) + ")/"
    r"|/tmp/" + "brief",
    "a word about who or what wrote it": r"\b(?:"
    + "|".join(
        (
            "chat" + "gpt",
            "clau" + "de",
            "co" + "pilot",
            "open" + "ai",
            "anthro" + "pic",
            "co-auth" + "ored-by",
        )
    )
    + r"|(?:generated|written|made) (?:by|with) (?:an? )?(?:a\.?i\.?|llm|assistant|language model)\b)",
}
FORBIDDEN_FILES = re.compile(
    r"(^|/)(uv\.lock|pylock(\..+)?\.toml|poetry\.lock|Pipfile\.lock|package-lock\.json|yarn\.lock|\.npmrc|pip\.conf)$"
)


def findings(text: str, pattern: str) -> list[str]:
    return [found.group() for found in re.finditer(pattern, text, re.IGNORECASE)]


def texts(names: list[str]) -> dict[str, str]:
    """The committed text files; a file with a zero byte (a workbook, an image) is not one."""
    contents = {name: (ROOT / name).read_bytes() for name in names}
    return {name: raw.decode("utf-8", "replace") for name, raw in contents.items() if b"\0" not in raw}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_committed_file_names(what: str, committed: list[str]) -> None:
    found = {name: findings(text, FORBIDDEN[what]) for name, text in texts(committed).items()}

    assert {name: hits for name, hits in found.items() if hits} == {}


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a package registry", "--index-url https://" + "pypi." + "org/simple"),
        ("a folder of somebody's machine", "see /" + "home/user/notes"),
        ("a word about who or what wrote it", "Generated " + "by AI"),
        ("a word about who or what wrote it", "asked " + "Chat" + "GPT"),
    ],
)
def test_what_is_forbidden_would_be_found(what: str, text: str) -> None:
    assert len(findings(text, FORBIDDEN[what])) == 1


@pytest.mark.parametrize(
    "text", ["https://acme.example/browse/work/SEC-1", "networking/home", "~/work/notes", "the main road/"]
)
def test_an_innocent_text_is_left_alone(text: str) -> None:
    assert [what for what, pattern in FORBIDDEN.items() if findings(text, pattern)] == []


def test_no_lock_file_that_names_an_index_is_committed(committed: list[str]) -> None:
    assert [name for name in committed if FORBIDDEN_FILES.search(name)] == []


def test_the_lock_pins_every_package_by_hash_and_holds_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", lock, flags=re.MULTILINE | re.IGNORECASE)[1:]

    assert len(entries) > 20
    assert [entry for entry in entries if "==" not in entry or "--hash=sha256:" not in entry] == []
    assert "://" not in lock


def test_every_dependency_of_the_project_is_in_the_lock() -> None:
    def names(lines: Iterable[str]) -> set[str]:
        return {re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", line)[0]).lower() for line in lines}

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [*project["dependencies"], *chain.from_iterable(project["optional-dependencies"].values())]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert names(wanted) - names(re.findall(r"^\w.*", lock, re.MULTILINE)) == set()
