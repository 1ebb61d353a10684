"""The guards of the record's file, mutated: mutmut changes no SQL, so here each trigger is left out, each of its
conditions bent, and each rule of a column or an index taken off, one at a time.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .scores import Mutant

SCHEMA = "poam/sync/record/schema.py"
JUDGES = ("guarded_tables", "guards", "record", "journal")
"""The tests that write what a guard would stop, the most particular first."""

STATEMENT, BECOMES = "POAM_MUTANT_STATEMENT", "POAM_MUTANT_BECOMES"
PLANTED = "from tests.mutants.guards import planted\n\nMIGRATIONS = planted(MIGRATIONS)\n"
AFTER = re.compile(r"^MIGRATIONS: .*\n", re.MULTILINE)

BENT = {
    "CREATE TRIGGER": (
        (" AND ", " OR "),
        (" OR ", " AND "),
        (" <> ", " = "),
        (" = ", " <> "),
        (" <= ", " < "),
        (" > ", " >= "),
        (" IS NOT ", " IS "),
        ("NOT EXISTS", "EXISTS"),
    ),
    "CREATE TABLE": (("CHECK (", "CHECK (1 OR "),),
    "CREATE UNIQUE INDEX": (("UNIQUE INDEX", "INDEX"), (" WHERE ", " WHERE NOT ")),
}
"""Each kind of statement that guards something, and what is done to it."""

TOLD = 40
"""Characters told on either side of a change."""


@dataclass(frozen=True)
class Bent:
    """A statement of the schema and what becomes of it; nothing where it is left out."""

    statement: str
    becomes: str
    mutant: Mutant


def mutations(statement: str) -> Iterator[Bent]:
    """Everything that is done to a statement."""
    place = f"{SCHEMA.removeprefix('poam/')}: {' '.join(statement.split('(')[0].split()[:4])}"
    if statement.startswith("CREATE TRIGGER"):
        yield Bent(statement, "", Mutant(place, "all of it", "nothing"))
    for kind, bent in BENT.items():
        for was, becomes in bent if statement.lstrip().startswith(kind) else ():
            for found in re.finditer(re.escape(was), statement):
                before, after = statement[: found.start()], statement[found.end() :]
                told = (" ".join(f"{before[-TOLD:]}{each}{after[:TOLD]}".split()) for each in (was, becomes))
                yield Bent(statement, before + becomes + after, Mutant(place, *told))


def planted(migrations: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """The schema with the one change that the environment asks for. The scratch copy of `schema.py` calls it."""
    was, becomes = os.environ.get(STATEMENT), os.environ.get(BECOMES, "")
    return tuple(
        tuple(changed for each in step if (changed := becomes if each == was else each)) for step in migrations
    )


def chosen(sample: int, seed: int) -> list[Bent]:
    """All of them, or so many: the same for the same seed and schema."""
    from poam.sync.record.schema import MIGRATIONS

    each = [bent for step in MIGRATIONS for statement in step for bent in mutations(statement)]
    return Random(seed).sample(each, sample) if 0 < sample < len(each) else each


def judge(scratch: Path, sample: int, seed: int, children: int) -> list[tuple[str, Mutant]]:
    """What became of each change. The scratch copy is laid out; nothing else may use its `schema.py` afterwards."""
    schema = scratch / SCHEMA
    source = schema.read_text(encoding="utf-8")
    schema.write_text(AFTER.sub(lambda found: f"{found.group()}{PLANTED}", source, count=1), encoding="utf-8")
    if not survives(scratch, Bent("", "", Mutant("", "", ""))):
        sys.exit("the guards' tests fail although nothing was changed")
    bents = chosen(sample, seed)
    with ThreadPoolExecutor(children) as pool:
        survived = list(pool.map(lambda bent: survives(scratch, bent), bents))
    return [("survived" if alive else "killed", bent.mutant) for alive, bent in zip(survived, bents, strict=True)]


def survives(scratch: Path, bent: Bent) -> bool:
    """Whether no judge notices the change."""
    places = {"PYTHONPATH": str(scratch), "TMPDIR": str(scratch / "tmp")}
    env = {**os.environ, **places, STATEMENT: bent.statement, BECOMES: bent.becomes}
    tests = [f"tests/sync/test_{name}.py" for name in JUDGES]
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    return not subprocess.run(command, cwd=scratch, env=env, capture_output=True, check=False).returncode
