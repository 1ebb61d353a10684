"""What exporting 1,000 items from a record costs over writing the same cells with XlsxWriter alone.

Run it: `python tests/bench/bench_export.py`. Ours begins at the record: load, check, wording, layout, workbook; as of a
past day the journal is replayed in place of the load. Figures are processor time. Exits with 1 when a promise (at most
one and a half times, twice for a past day) is missed.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time
from typing import NamedTuple

from bench_fedramp import cells, plain_write
from bench_import import AT, ITEMS, imported

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.documents.fedramp_write import write_workbook
from poam.sync.documents.export import generate
from poam.sync.record.record import Record

sys.path.append(str(Path(__file__).parents[1] / "mapping"))
from fedramp_documents import many

ROUNDS = 7


class Case(NamedTuple):
    """One way to export, and what it may cost."""

    told: str
    layout: FedrampLayout
    until: str | None
    promise: float


CASES = (
    Case("export 3.0", "3.0", None, 1.5),
    Case("export 2.1", "2.1", None, 1.5),
    Case("export 3.0 as of a past day", "3.0", AT, 2.0),
)


def exported(record: Record, case: Case) -> tuple[float, bytes]:
    """Ours, as `poam export` does it before it keeps the file; seconds of processor time, and the file."""
    start = process_time()
    submission = generate(record.db, "ACME", layout=case.layout, as_of=AT[:10], until=case.until)
    return process_time() - start, submission.data


def by_hand(filled: dict[str, list[tuple[int, int, object]]]) -> float:
    """The same cells; seconds of processor time."""
    start = process_time()
    plain_write(filled)
    return process_time() - start


def keeps(record: Record, case: Case) -> bool:
    """Both in turn, so that a busy machine slows both; the best of each counts."""
    filled = cells(exported(record, case)[1])
    times = [(exported(record, case)[0], by_hand(filled)) for _ in range(ROUNDS)]
    mine, alone = (min(column) * 1000 for column in zip(*times, strict=True))
    told = f"{mine:6.1f} ms  XlsxWriter alone {alone:6.1f} ms  ratio {mine / alone:.2f} (promise {case.promise})"
    print(f"{case.told}, {ITEMS:,} items  {told}")
    return mine / alone <= case.promise


def main() -> int:
    """Both layouts of the workbook, and one as of a past day."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "poam.db"
        imported(write_workbook(many(ITEMS), layout="3.0"), path)
        with Record.read(path) as record:
            kept = [keeps(record, case) for case in CASES]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
