"""What a user installs: one name, `poam`, with everything in it and nothing beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = ("connectors", "mapping", "sync")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HEAVY = {"pydantic", "rich", "sqlite_utils", "jira", "github"}

BUILD = "import sys; from setuptools.build_meta import build_wheel; print(build_wheel(sys.argv[1]))"
HELP = """
import sys
from poam.sync.commands import main
sys.argv = ["poam", "--help"]
try:
    main()
finally:
    print("LOADED", *sys.modules)
"""


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *command], cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in a wheel built from a copy of the source tree."""
    source = tmp_path_factory.mktemp("source")
    for room in ROOMS:
        shutil.copytree(ROOT / room, source / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    built = run("-c", BUILD, str(source / "dist"), cwd=source)
    assert built.returncode == 0, built.stderr
    [archive] = (source / "dist").glob("*.whl")
    return set(zipfile.ZipFile(archive).namelist())


def test_every_folder_of_the_rooms_that_is_a_package_is_installed() -> None:
    found = {
        ".".join(("poam", *init.parent.relative_to(ROOT).parts))
        for room in ROOMS
        for init in (ROOT / room).rglob("__init__.py")
    }

    assert set(PROJECT["tool"]["setuptools"]["packages"]) == found


def test_no_folder_with_code_lacks_an_init_and_so_stays_at_home() -> None:
    folders = {path.parent for room in ROOMS for path in (ROOT / room).rglob("*.py")}

    assert [str(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_the_wheel_holds_nothing_beside_poam_and_its_own_metadata(wheel: set[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in wheel} == {"poam", "poam_sync"}


def test_the_wheel_holds_every_module_and_data_file_of_the_rooms(wheel: set[str]) -> None:
    files = {
        f"poam/{path.relative_to(ROOT)}"
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert files - wheel == set()


def test_each_room_tells_type_checkers_that_it_is_typed(wheel: set[str]) -> None:
    assert {f"poam/{room}/py.typed" for room in ROOMS} <= wheel


def test_the_demonstration_data_travels_with_the_package(wheel: set[str]) -> None:
    assert {"poam/sync/demonstration/harbor.toml", "poam/sync/demonstration/ledger.toml"} <= wheel


@pytest.mark.parametrize("name", [*ROOMS, "sync.cycle", "connectors.base", "mapping.item"])
def test_a_room_has_no_second_name(name: str, tmp_path: Path) -> None:
    imported = run("-I", "-c", f"import {name}", cwd=tmp_path)

    assert "ModuleNotFoundError" in imported.stderr


def test_help_loads_none_of_the_heavy_libraries(tmp_path: Path) -> None:
    shown = run("-c", HELP, cwd=tmp_path)

    assert shown.returncode == 0, shown.stderr
    assert "Usage: poam" in shown.stdout
    assert HEAVY & set(shown.stdout.partition("LOADED")[2].split()) == set()
