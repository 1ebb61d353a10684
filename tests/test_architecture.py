"""The house is what we say it is: import-linter keeps the stair, the syntax tree tells what it cannot say."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("connectors", "mapping", "sync")
BESIDE = (
    *("tests", "docs", "deploy", "Makefile", "pyproject.toml", "requirements.lock"),
    *("config.example.toml", "README.md", "CHANGELOG.md", "LICENSE"),
)
DECIDING = ("sync/looking/merge.py", "sync/plan.py", "sync/guard.py")
FILES = sorted(path.relative_to(ROOT).as_posix() for room in ROOMS for path in (ROOT / room).rglob("*.py"))
CONFIGURED = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
CONTRACTS = CONFIGURED["contracts"]
IMPURE_MODULES = frozenset(["urllib.request", *next(c for c in CONTRACTS if "pure" in c["name"])["forbidden_modules"]])
IMPURE_FUNCTIONS = frozenset({"open", "print", "input"})
IMPURE_METHODS = frozenset(
    {
        "now",
        "today",
        "utcnow",
        "uuid1",
        "uuid4",
        "getenv",
        "read_text",
        "read_bytes",
        "write_text",
        "write_bytes",
    }
)

# Where each library may be imported; everywhere else it is a leak.
HOMES = {
    "jira": ("connectors/jira*",),
    "github": ("connectors/github*",),
    "tenacity": ("connectors/retry.py",),
    "sqlite_utils": ("sync/record/*",),
    "sqlite3": ("sync/record/*",),
    "pysqlite3": ("sync/record/*",),
    "uvicorn": ("connectors/sandbox/*", "sync/webhooks/*"),
    "starlette": ("connectors/sandbox/*", "sync/webhooks/*"),
    "click": ("sync/commands/*",),
    "rich": ("sync/commands/*",),
    "xlsxwriter": ("mapping/documents/*",),
    "python_calamine": ("mapping/documents/*",),
}


def tree(name: str) -> ast.Module:
    return ast.parse((ROOT / name).read_text(encoding="utf-8"))


def imported(module: ast.Module) -> set[str]:
    """Everything imported by its absolute name, with all its parents and lazy imports included."""
    plain = {alias.name for node in ast.walk(module) if isinstance(node, ast.Import) for alias in node.names}
    members = {
        f"{node.module}.{alias.name}"
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
    }
    return {".".join(name.split(".")[:end]) for name in plain | members for end in range(1, name.count(".") + 2)}


def impurities(module: ast.Module) -> set[str]:
    """What a pure module may not import or call: `now` for `datetime.now(UTC)`."""
    called = [node.func for node in ast.walk(module) if isinstance(node, ast.Call)]
    functions = {function.id for function in called if isinstance(function, ast.Name)}
    methods = {function.attr for function in called if isinstance(function, ast.Attribute)}
    return imported(module) & IMPURE_MODULES | functions & IMPURE_FUNCTIONS | methods & IMPURE_METHODS


def is_pure(name: str) -> bool:
    """The whole mapping, what decides, and every module that calls itself pure."""
    claims = re.search(r"\bPure\b", ast.get_docstring(tree(name)) or "")
    return name.startswith("mapping/") or name in DECIDING or bool(claims)


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def undocumented(module: ast.Module) -> list[str]:
    """What says nothing: the module, its public functions and classes. Methods may inherit their contract."""
    public = [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    return [getattr(node, "name", "the module") for node in (module, *public) if not ast.get_docstring(node)]


def lint_imports(where: Path) -> subprocess.CompletedProcess[str]:
    """import-linter over the `poam` that `where` holds, or over the installed one."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=where,
        env={**os.environ, "PYTHONPATH": str(where)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the rooms under their installed name, for planting mistakes."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / "poam" / room, ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path


def test_the_rooms_keep_the_stair_and_the_mapping_stays_pure(copy: Path) -> None:
    checked = lint_imports(copy)

    assert checked.returncode == 0, checked.stdout
    assert f"{len(CONTRACTS)} kept, 0 broken" in checked.stdout


@pytest.mark.parametrize(
    ("planted", "where", "broken"),
    [
        ("from ..mapping import item", "connectors/planted.py", "The stair"),
        ("def late():\n    from ..sync import record", "mapping/planted.py", "The stair"),
        ("from ..connectors import settings", "mapping/planted.py", "The mapping knows"),
        ("import os.path", "mapping/planted.py", "The mapping is pure"),
    ],
)
def test_a_climb_is_caught(copy: Path, planted: str, where: str, broken: str) -> None:
    (copy / "poam" / where).write_text(planted, encoding="utf-8")

    checked = lint_imports(copy)

    assert checked.returncode == 1
    assert any(line.startswith(broken) and "BROKEN" in line for line in checked.stdout.splitlines())


@pytest.mark.parametrize("library", HOMES)
def test_a_library_is_imported_only_where_it_belongs(library: str) -> None:
    users = [name for name in FILES if library in imported(tree(name))]

    assert [name for name in users if not any(fnmatchcase(name, home) for home in HOMES[library])] == []


@pytest.mark.parametrize("name", [name for name in FILES if is_pure(name)])
def test_what_decides_and_translates_is_pure(name: str) -> None:
    assert impurities(tree(name)) == set()


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("from datetime import datetime\ndatetime.now()", {"now"}),
        ("import datetime\ndatetime.date.today()", {"today"}),
        ("def lazy():\n    import os.path", {"os"}),
        ("from logging import getLogger", {"logging"}),
        ("from urllib import request", {"urllib.request"}),
        ("from urllib.parse import quote", set()),
        ("Path('x').read_text()", {"read_text"}),
        ("open('x')", {"open"}),
        ("from .cells import read_text\nread_text(cell)", set()),
        ("from .time import later\nfrom datetime import date\ndate.fromisoformat('2026-10-01')", set()),
    ],
)
def test_an_impurity_is_seen_and_nothing_else(code: str, found: set[str]) -> None:
    assert impurities(ast.parse(code)) == found


@pytest.mark.parametrize("name", FILES)
def test_a_file_holds_one_idea_and_a_function_one_step(name: str) -> None:
    module = tree(name)

    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= 300
    assert [f.name for f in functions(module) if (f.end_lineno or f.lineno) - f.lineno >= 60] == []


@pytest.mark.parametrize("name", FILES)
def test_every_public_thing_says_what_it_is_for(name: str) -> None:
    assert undocumented(tree(name)) == []


def test_beside_the_rooms_stand_only_the_things_a_visitor_expects(committed: list[str]) -> None:
    top = {name.split("/")[0] for name in committed if not name.startswith(".")}

    assert top - {*ROOMS, *BESIDE} == set()
