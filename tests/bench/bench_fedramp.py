"""How much our reading and writing of 1,000 items costs over the libraries alone, in the same run.

Run it: `python tests/bench/bench_fedramp.py`. Each figure is the best of several; the ratios are what counts.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from time import perf_counter

from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook

sys.path.append(str(Path(__file__).parents[1] / "mapping"))
from fedramp_documents import many  # noqa: E402 - found by the line above

ROUNDS = 7
Cells = dict[str, list[tuple[int, int, object]]]


def best(action: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        start = perf_counter()
        action()
        times.append(perf_counter() - start)
    return min(times)


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


def report(what: str, ours: float, theirs: float) -> None:
    print(f"{what:<18} {ours * 1000:6.1f} ms  library alone {theirs * 1000:6.1f} ms  ratio {ours / theirs:.2f}")


def main(layouts: tuple[FedrampLayout, ...] = ("3.0", "2.1")) -> None:
    document = many(1_000)
    for layout in layouts:
        data = write_workbook(document, layout=layout)
        filled = cells(data)
        writing, reading = f"write {layout}, 1,000", f"read {layout}, 1,000"
        report(
            writing,
            best(lambda layout=layout: write_workbook(document, layout=layout)),
            best(lambda filled=filled: plain_write(filled)),
        )
        report(reading, best(lambda data=data: read_workbook(data)), best(lambda data=data: plain_read(data)))


if __name__ == "__main__":
    main()
