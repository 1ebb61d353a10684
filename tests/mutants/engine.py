"""The engine's functions, mutated by mutmut in a scratch copy: mutmut takes a module's name from its path, so there the
rooms stand under `poam`, as they are installed.

What mutmut leaves alone: module-level data, and functions under a decorator other than those of `REWRITTEN`.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.mutation.file_mutation import mutate_file_contents
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import get_mutant_name, orig_function_and_class_names_from_key

from .groups import NO_JUDGES, PRELOADED, Group
from .scores import Mutant

ROOT = Path(__file__).parents[2]
ROOMS = ("connectors", "mapping", "sync")
BESIDE = ("config.example.toml", "pyproject.toml", "tests")
REWRITTEN = ("property", "contextmanager")

BROKEN = 255
"""No test could be asked by its name. mutmut calls that a timeout, and a broken set-up would score 100 %."""

SURVIVED = 0

ASKED_BY_FILE = {0: "survived", 1: "killed", 2: "killed"}
"""What pytest's exit codes say of a mutant; 2 is a file of tests that cannot be imported with it."""

FAR_TOO_LONG = 4
"""A mutant has run away when it takes this many times what its tests took: a busy machine is slower at times."""

TO_START = 15
"""Seconds that its process may take until the first test, times the above."""


def lay_out(scratch: Path, groups: Sequence[Group]) -> None:
    """The tree as it is installed, its tests, and mutmut's settings."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, scratch / "poam" / room, ignore=shutil.ignore_patterns("__pycache__"))
    for name in BESIDE:
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, scratch / name)
    for path in (scratch / file for group in groups for file in group.files):
        path.write_text(undecorated(path.read_text(encoding="utf-8")), encoding="utf-8")
    (scratch / "preloaded").write_text("\n".join(PRELOADED), encoding="utf-8")
    (scratch / "tmp").mkdir()
    (scratch / "mutants").mkdir()  # Python never looks again for a folder on its path that was missing
    settings = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings_for(groups).items())
    with (scratch / "pyproject.toml").open("a", encoding="utf-8") as config:
        config.write(f"\n[tool.mutmut]\n{settings}\n")


def undecorated(source: str) -> str:
    """The module with `f = property(f)` after a plain `f`: mutmut leaves a function alone that is decorated."""
    lines = source.splitlines()
    functions = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(functions, key=lambda node: node.lineno, reverse=True):
        match node.decorator_list:
            case [ast.Name(id=decorator, lineno=line)] if decorator in REWRITTEN:
                lines.insert(node.end_lineno or line, f"{' ' * node.col_offset}{node.name} = {decorator}({node.name})")
                del lines[line - 1]
    return "\n".join(lines) + "\n"


IN_TIME = ["-p", "tests.mutants.quickest", "-k", " and ".join(f"not {name}" for name in NO_JUDGES)]


def settings_for(groups: Sequence[Group]) -> Mapping[str, object]:
    """mutmut's. Each mutant gets a process of its own that imports our modules anew."""
    return {
        "source_paths": ["poam"],
        "only_mutate": [file for group in groups for file in group.files],
        "also_copy": ["config.example.toml"],
        "process_isolation": "forkserver",
        "forkserver_warmup": "import",
        "preload_modules_file": "preloaded",
        "pytest_add_cli_args_test_selection": sorted({file for group in groups for file in group.tests}),
        "pytest_add_cli_args": IN_TIME,
        "timeout_multiplier": FAR_TOO_LONG,
        "timeout_constant": TO_START,
    }


def names_of(group: Group, sample: int, seed: int) -> list[str]:
    """The group's mutants as mutmut will name them, or so many of them: the same for the same seed and code.

    The current folder is the scratch copy.
    """
    names = sorted(
        get_mutant_name(Path(file), name)
        for file in group.files
        for name in mutate_file_contents(file, Path(file).read_text(encoding="utf-8")).mutant_names
    )
    return Random(seed).sample(names, sample) if 0 < sample < len(names) else names


def judge(scratch: Path, names: Iterable[str], children: int) -> None:
    """Lets the tests meet these mutants; what became of them stands in the scratch copy afterwards."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(children), *names]
    with (scratch / "log").open("w+", encoding="utf-8") as log:
        out = None if sys.stdout.isatty() else log
        if subprocess.run(
            command, cwd=scratch, env=surroundings(scratch), stdout=out, stderr=out, check=False
        ).returncode:
            log.seek(0)
            sys.exit(f"mutmut could not judge\n{log.read()[-4000:]}")


def surroundings(scratch: Path) -> dict[str, str]:
    """The environment in which the mutated modules are found, and not the installed ones."""
    return {**os.environ, "PYTHONPATH": str(scratch / "mutants"), "TMPDIR": str(scratch / "tmp")}


def asked_by_file(scratch: Path, group: Group, name: str) -> str:
    """What becomes of a mutant under which the tests are found no more, as some files of tests ask the engine something
    while they are imported: pytest is given the files then.
    """
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *IN_TIME, *group.tests]
    env = surroundings(scratch) | {"MUTANT_UNDER_TEST": name}
    asked = subprocess.run(command, cwd=scratch / "mutants", env=env, capture_output=True, check=False)
    return ASKED_BY_FILE.get(asked.returncode, "broken")


def tests_met() -> Counter[str]:
    """How many tests came across each function. mutmut puts work that is done on import to the account of the first."""
    measured = json.loads(Path("mutants/mutmut-stats.json").read_text(encoding="utf-8"))
    tests = measured["tests_by_mangled_function_name"]
    return Counter({name: len(each) for name, each in tests.items()})


def fates(scratch: Path, group: Group, names: Iterable[str]) -> Iterator[tuple[str, Mutant]]:
    """What became of these mutants of a group. The current folder is the scratch copy."""
    wanted, met = set(names), tests_met()
    for file in group.files:
        data = SourceFileMutationData(path=file)
        data.load()
        for name in wanted & data.exit_code_by_key.keys():
            code = data.exit_code_by_key[name]
            unjudged = code == BROKEN or (code == SURVIVED and met[name.rpartition("__mutmut_")[0]] == 1)
            fate = asked_by_file(scratch, group, name) if unjudged else status_by_exit_code[code]
            yield fate, mutant(name, file)


def mutant(name: str, file: str) -> Mutant:
    """A mutant of mutmut's in our words."""
    changed = get_diff_for_mutant(name, path=file).splitlines()[2:]
    was, became = (" ".join(line[1:].strip() for line in changed if line.startswith(sign)) for sign in "-+")
    function, owner = orig_function_and_class_names_from_key(name)
    return Mutant(f"{file.removeprefix('poam/')}: {f'{owner}.' if owner else ''}{function}", was, became)
