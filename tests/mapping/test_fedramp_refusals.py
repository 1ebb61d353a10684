"""A file that is not a plain, whole, reasonable workbook is refused before a spreadsheet library sees it."""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from functools import cache
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from xlsxwriter import Workbook

from poam.mapping.documents.archive import check_workbook
from poam.mapping.documents.document import Reading, UnreadableDocument
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook

from .fedramp_documents import FULL, document, many

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
SHEET = "xl/worksheets/sheet1.xml"


@cache
def good() -> bytes:
    return write_workbook(document(FULL), layout="2.1")


def with_part(name: str, content: bytes) -> bytes:
    """A good workbook with one more, or another, part."""
    output = BytesIO()
    with ZipFile(BytesIO(good())) as old, ZipFile(output, "w", ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename != name:
                new.writestr(entry, old.read(entry))
        new.writestr(name, content)
    return output.getvalue()


def one_cell(row: int, column: int) -> bytes:
    output = BytesIO()
    book = Workbook(output, {"in_memory": True})
    page = book.add_worksheet("Open POA&M Items")
    page.write_string(0, 0, "POAM ID")
    page.write_string(row, column, "far")
    book.close()
    return output.getvalue()


def encrypted_flag() -> bytes:
    data = bytearray(good())
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def doubled() -> bytes:
    output = BytesIO(good())
    with ZipFile(output, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(SHEET, b"<worksheet/>")
    return output.getvalue()


def many_parts() -> bytes:
    output = BytesIO(good())
    with ZipFile(output, "a") as archive:
        for number in range(1_000):
            archive.writestr(f"xl/media/{number}", b"")
    return output.getvalue()


def understated() -> bytes:
    """A bomb whose listing lies about its size."""
    data = bytearray(with_part("xl/media/bomb", bytes(20_000_000)))
    listing = data.rindex(b"PK\x01\x02")
    data[listing + 24 : listing + 28] = struct.pack("<I", 1_000)
    return bytes(data)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: b"", "empty"),
        (lambda: b"POAM ID,Controls\r\nV-1,AC-2\r\n", "not an Excel workbook"),
        (lambda: OLE + "Workbook".encode("utf-16-le"), r"old Excel workbook \(\.xls\)"),
        (lambda: OLE + "EncryptedPackage".encode("utf-16-le"), "protected by a password"),
        (encrypted_flag, "protected by a password"),
        (lambda: good()[:-40], "damaged"),
        (lambda: good()[: len(good()) // 2], "damaged"),
        (lambda: good().replace(b"PK\x01\x02", b"PK\x01\x03"), "damaged"),
        (lambda: with_part("word/document.xml", b"").replace(b"xl/", b"yy/"), "archive, but not an Excel workbook"),
        (lambda: with_part("xl/vbaProject.bin", b"x"), "carries macros"),
        (lambda: with_part("xl/externalLinks/externalLink1.xml", b"<x/>"), "links to other files"),
        (lambda: with_part("../xl/evil", b"x"), "inner listing"),
        (lambda: with_part("/xl/evil", b"x"), "inner listing"),
        (lambda: with_part("C:\\evil", b"x"), "inner listing"),
        (doubled, "inner listing"),
        (many_parts, "inner listing"),
        (lambda: with_part("xl/media/bomb", bytes(20_000_000)), "excessive size"),
        (lambda: with_part("xl/media/big", random.Random(1).randbytes(4_000) * 52_500), "excessive size"),
        (understated, "damaged"),
        (lambda: one_cell(1_048_575, 0), "beyond column BZ or row 99,999"),
        (lambda: one_cell(5, 16_383), "beyond column BZ or row 99,999"),
        (lambda: with_part(SHEET, b"<worksheet/>"), "has no sheet|has no heading"),
        (lambda: with_part("xl/workbook.bin", b""), r"binary workbook \(\.xlsb\)"),
        (lambda: with_part("xl/workbook.xml", b"<workbook><sheets><sheet"), "cannot be read"),
        (lambda: with_part("xl/workbook.xml", b"<workbook/>"), "no sheet “Open POA&M Items”"),
    ],
)
def test_a_bad_file_is_refused_with_its_reason_and_a_hint(made: Callable[[], bytes], said: str) -> None:
    with pytest.raises(UnreadableDocument, match=said) as refusal:
        read_workbook(made())

    assert refusal.value.hint


@pytest.mark.parametrize(
    "sheet",
    [
        b"<worksheet><sheetData><row r='1'><c  r = 'XFD1' t=\"n\"><v>1</v></c></row></sheetData></worksheet>",
        b'<worksheet><sheetData><row r="1"><c q=">" r="xfd1048576"\n><v>1</v></c></row></sheetData></worksheet>',
        b'<x:worksheet><x:sheetData><x:row r="9"><x:c r="A1000000"><x:v>1</x:v></x:c></x:row></x:sheetData>',
        b'<worksheet><sheetData><row r="1048576"><c><v>1</v></c></row></sheetData></worksheet>',
    ],
)
def test_a_far_cell_is_seen_however_it_is_spelled(sheet: bytes) -> None:
    with pytest.raises(UnreadableDocument, match="beyond column BZ"):
        check_workbook(with_part(SHEET, sheet))


def test_far_rows_and_cells_that_are_only_coloured_are_welcome() -> None:
    coloured = b'<row r="1048576" s="1"><c r="A1048576" s="1"/><c r="XFD1048576" s="1" /></row></sheetData>'
    with ZipFile(BytesIO(good())) as archive:
        sheet = archive.read(SHEET)

    reading = read_workbook(with_part(SHEET, sheet.replace(b"</sheetData>", coloured)))

    assert len(reading.document.items) == 1


def outcome(data: bytes) -> Reading | UnreadableDocument:
    try:
        return read_workbook(data)
    except UnreadableDocument as refusal:
        return refusal


def test_a_file_broken_anywhere_is_refused_or_read_and_nothing_else() -> None:
    """Bytes changed and ends cut at random: a refusal with a reason is the only way to fail."""
    data, chance = write_workbook(many(5), layout="3.0"), random.Random(20_261_122)
    for _ in range(300):
        broken = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        end = chance.choice((len(broken), chance.randrange(len(broken))))

        result = outcome(bytes(broken[:end]))

        if isinstance(result, UnreadableDocument):
            assert all((result.message, result.hint))
        else:
            assert len(result.document.items) + len(result.problems) >= 5
