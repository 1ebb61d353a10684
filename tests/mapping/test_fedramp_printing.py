"""The workbook on paper: nothing is cut, and every page says whose row it shows."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from poam.mapping.documents.document import FedrampLayout
from poam.mapping.documents.fedramp_columns import LAYOUTS as TABLES
from poam.mapping.documents.fedramp_write import write_workbook

from .fedramp_documents import many

LAYOUTS: tuple[FedrampLayout, ...] = ("3.0", "2.1")


def book(layout: FedrampLayout) -> Workbook:
    return load_workbook(BytesIO(write_workbook(replace(many(8), layout=layout), layout=layout)))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_page_of_items_repeats_the_headings_and_the_poam_id(layout: FedrampLayout) -> None:
    for sheet in TABLES[layout].sheets:
        page = book(layout)[sheet.name]
        assert (page.print_title_cols, page.print_title_rows) == (
            "$A:$B",
            f"${sheet.heading_row + 1}:${sheet.heading_row + 1}",
        )
        assert "POAM ID" in [cell.value for cell in page[sheet.heading_row + 1][:2]]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_other_tab_is_one_page_wide(layout: FedrampLayout) -> None:
    items = {sheet.name for sheet in TABLES[layout].sheets}
    others = [page for page in book(layout) if page.title not in items]
    assert others
    for page in others:
        setup = page.page_setup
        assert (page.sheet_properties.pageSetUpPr.fitToPage, setup.fitToWidth, setup.fitToHeight) == (True, None, 0)
        assert setup.orientation == "landscape"


@pytest.mark.skipif(not all(map(shutil.which, ("soffice", "pdftotext"))), reason="LibreOffice or Poppler is missing")
def test_as_a_pdf_no_word_leaves_its_page_and_three_tabs_are_one_page_each(tmp_path: Path) -> None:
    (tmp_path / "poam.xlsx").write_bytes(write_workbook(many(8), layout="3.0"))
    office = ["soffice", "--headless", f"-env:UserInstallation={tmp_path.as_uri()}/profile", "--convert-to", "pdf"]
    subprocess.run(
        [*office, "--outdir", str(tmp_path), str(tmp_path / "poam.xlsx")], check=True, capture_output=True, timeout=120
    )
    boxes = ["pdftotext", "-bbox", str(tmp_path / "poam.pdf"), "-"]
    pages = subprocess.run(boxes, check=True, capture_output=True, timeout=60, text=True).stdout.split("<page ")[1:]

    for page in pages:
        width = float(re.findall(r'width="([0-9.]+)"', page)[0])
        assert max(map(float, re.findall(r'xMax="([0-9.]+)"', page))) <= width
    for only in (">belongs<", ">Deficiency<", ">Record<"):
        assert sum(only in page for page in pages) == 1
    assert all(">POAM<" in page for page in pages[1:-2])
