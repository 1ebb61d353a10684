"""How much our reading and writing of 1,000 items costs over the libraries alone, in the same run.

Run it: `python tests/bench/bench_fedramp.py`. Figures are processor time; the ratios are what counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from io import BytesIO
from pathlib import Path
from time import process_time

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook

sys.path.append(str(Path(__file__).parents[1] / "mapping"))
from fedramp_documents import many

ROUNDS = 9
Cells = dict[str, list[tuple[int, int, object]]]


def compare(what: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    """Both in turn, so that a busy machine slows both; the best of each counts."""
    times = [(spent(ours), spent(theirs)) for _ in range(ROUNDS)]
    mine, alone = (min(column) * 1000 for column in zip(*times, strict=True))
    print(f"{what:<18} {mine:6.1f} ms  library alone {alone:6.1f} ms  ratio {mine / alone:.2f}")


def spent(action: Callable[[], object]) -> float:
    start = process_time()
    action()
    return process_time() - start


def cells(data: bytes) -> Cells:
    """Every filled cell of a workbook, formulas as formulas."""
    return {
        page.title: [
            (cell.row - 1, cell.column - 1, cell.value)
            for row in page.iter_rows()
            for cell in row
            if cell.value is not None
        ]
        for page in load_workbook(BytesIO(data))
    }


def plain_write(sheets: Cells) -> None:
    """The same cells with XlsxWriter alone: no tables, no checks, two formats."""
    book = Workbook(BytesIO(), {"in_memory": True})
    text, date = book.add_format({"text_wrap": True}), book.add_format({"num_format": 14})
    for name, values in sheets.items():
        page = book.add_worksheet(name)
        for row, column, value in values:
            if not isinstance(value, str):
                page.write_datetime(row, column, value, date)
            elif value.startswith("="):
                page.write_formula(row, column, value, date, 46000)
            else:
                page.write_string(row, column, value, text)
    book.close()


def plain_read(data: bytes) -> None:
    """What calamine alone needs for the three sheets of items."""
    book = CalamineWorkbook.from_filelike(BytesIO(data))
    for name in ("Open POA&M Items", "Closed POA&M Items", "Configuration Findings"):
        book.get_sheet_by_name(name).to_python(skip_empty_area=False)


def main() -> None:
    document = many(1_000)
    layouts: tuple[FedrampLayout, ...] = ("3.0", "2.1")
    for layout in layouts:
        data = write_workbook(document, layout=layout)
        writing = partial(write_workbook, document, layout=layout)
        compare(f"write {layout}, 1,000", writing, partial(plain_write, cells(data)))
        compare(f"read {layout}, 1,000", partial(read_workbook, data), partial(plain_read, data))


if __name__ == "__main__":
    main()
