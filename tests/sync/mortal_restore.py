"""Restores a record over and over, each time killed one step later, and looks at what stands there.

Arguments: the backup, the folder with the record, a folder to work in, and what the present record is: `closed`,
`killed` (its writer was, in the middle of a unit), `damaged` or `none`. Prints how many steps there are, after how
many of these kills a whole record was there, and how often it was the old one and the new one.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path

from poam.sync.errors import RecordError
from poam.sync.record.journal import Author
from poam.sync.record.record import Record
from poam.sync.record.restore import restore, restoring
from poam.sync.record.verify import problems

BACKUP, TEMPLATE, WORK, PRESENT = *map(Path, sys.argv[1:4]), sys.argv[4]
BY = Author("iris@acme.example", "isso", "cli")
STEPS = {"open", "os.rename", "os.link", "os.remove", "sqlite3.connect"}
AT = "2026-03-02T12:00:00.000Z"


def in_a_process(work: Callable[[], None]) -> int:
    """Runs it in a process of its own; the signal or code it ended with."""
    process = os.fork()
    if process == 0:
        try:
            work()
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitpid(process, 0)[1]


def write_and_die(path: Path) -> None:
    """A writer killed in the middle of its second unit, when SQLite has begun to write."""
    record = Record.open(path)
    with record.unit(at=AT) as unit:
        unit.change(BY, "items", "uid-1", {"comments": "afterwards, too"})
    record.db.conn.execute("PRAGMA cache_size=1")
    with record.unit(at=AT) as unit:
        for n in range(50):
            unit.change(BY, "items", "uid-1", {"comments": f"{n}" * 5_000})
        os.kill(os.getpid(), signal.SIGKILL)


def prepared(n: int) -> Path:
    """The record in a folder of its own, as it stands before the restore."""
    path = Path(shutil.copytree(TEMPLATE, WORK / f"{PRESENT}-{os.getpid()}-{n}")) / "poam.db"
    if PRESENT == "killed":
        in_a_process(lambda: write_and_die(path))
    if PRESENT == "damaged":
        path.write_bytes(path.read_bytes()[:5_000])
        path.with_name("poam.db-wal").write_bytes(b"left over")
    if PRESENT == "none":
        path.unlink()
    return path


def restored(path: Path, at: str, deadly: int = 0) -> None:
    """Restores, and dies just before the step of that number."""
    steps = count(1)

    def audit(event: str, args: tuple[object, ...]) -> None:
        ours = event in STEPS and any(str(path.parent) in str(each) for each in args)
        if ours and next(steps) == deadly:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(audit)
    with restoring(BACKUP, path, at=at) as plan:
        restore(plan, BY, at=at)


def comments(path: Path) -> str:
    """What the record says, if it equals its history; a writer looks, as one may after a kill."""
    try:
        with Record.open(path) as record:
            if list(problems(record.db)):
                return "damaged"
            return str(record.db.execute("SELECT comments FROM items WHERE uid = 'uid-1'").fetchone()[0])
    except RecordError:
        return "damaged" if path.exists() else "none"


OLD = {"closed": "afterwards", "killed": "afterwards, too", "damaged": "damaged", "none": "none"}[PRESENT]


def judged(path: Path) -> str:
    """`old` or `new`, if that is whole, with the other one kept; and the next restore comes to its end."""
    found = comments(path)
    kept = [comments(each) for each in path.parent.glob("poam.db.replaced-*") if not each.name.endswith("-wal")]
    right = found == OLD or (found == "" and kept == ([OLD] if PRESENT != "none" else []))
    ended = in_a_process(lambda: restored(path, "2026-03-02T12:00:01.000Z"))
    if not right or ended or comments(path) != "":
        return f"found {found!r}, kept {kept}, run again: {ended}"
    return "new" if found == "" else "old"


def main() -> None:
    """Until the restore comes to its end."""
    found = []
    for n in count(1):
        path = prepared(n)
        ended = in_a_process(lambda at=path, deadly=n: restored(at, AT, deadly))  # type: ignore[misc]
        found.append(judged(path))
        if ended != signal.SIGKILL:
            break
        shutil.rmtree(path.parent)
    wrong = [each for each in found if each not in ("old", "new")]
    print(len(found), len(found) - len(wrong), found.count("old"), found.count("new"), *wrong[:3])


main()
