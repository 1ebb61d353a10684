"""Looks at a workbook's bytes before a spreadsheet library does: is it one, is it whole, is it safe to load?

A small zip can unfold to gigabytes, and one cell far to the lower right makes a reader lay out every cell
before it. Macros, links to other files and passwords have no place in a POA&M.
"""

from __future__ import annotations

import re
import zlib
from io import BytesIO
from zipfile import BadZipFile, ZipFile, ZipInfo

from .document import UnreadableDocument

MEBIBYTE = 1 << 20
MAX_UNPACKED = 200 * MEBIBYTE
MAX_ENTRIES = 1_000
MAX_RATIO = 100
RATIO_FROM = 10 * MEBIBYTE  # small entries of repeated formulas may well compress further

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # the container of .xls, and of .xlsx behind a password
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

# A cell with content beyond column BZ or row 99,999, and a far row whose cells do not name their place.
_FAR_CELL = re.compile(
    rb"r\s*=\s*[\"'](?:[A-Za-z]{3,}\d+|[C-Zc-z][A-Za-z]\d+|[A-Za-z]+\d{6,})[\"'](?:[^<]*[^/<])?>[^<>]*<"
)
_FAR_ROW = re.compile(rb"row\s[^<]*?r\s*=\s*[\"']\d{6,}")
_PLACELESS_CELL = re.compile(rb"<(?:\w+:)?c(?=[\s>])(?![^<]*?\sr\s*=)")

_SAVE_AS = "Open it in Excel and save it as an Excel workbook (.xlsx)."
_LOCKED = ("The workbook is protected by a password.", "Save a copy without a password.")
_AGAIN = "Copy or download the file again; it may have been cut short."


def check_workbook(data: bytes) -> None:
    """Raise `UnreadableDocument` unless the bytes are a whole, plain and reasonably sized `.xlsx` file."""
    _check_signature(data)
    try:
        with ZipFile(BytesIO(data)) as archive:
            _check_directory(archive.infolist())
            for entry in archive.infolist():
                _check_part(archive.read(entry))  # reading also proves its checksum
    except (BadZipFile, EOFError, NotImplementedError, ValueError, zlib.error) as error:
        raise UnreadableDocument(f"The file is damaged: {error}.", _AGAIN) from None


def _check_signature(data: bytes) -> None:
    if not data:
        raise UnreadableDocument("The file is empty.", _AGAIN)
    if data.startswith(_OLE) and _ENCRYPTED in data:
        raise UnreadableDocument(*_LOCKED)
    if data.startswith(_OLE):
        raise UnreadableDocument("The file is an old Excel workbook (.xls).", _SAVE_AS)
    if not data.startswith(b"PK"):
        raise UnreadableDocument("The file is not an Excel workbook.", _SAVE_AS)


def _check_directory(entries: list[ZipInfo]) -> None:
    names = [entry.filename for entry in entries]
    if not any(name.startswith("xl/") for name in names):
        raise UnreadableDocument("The file is an archive, but not an Excel workbook.", _SAVE_AS)
    if any(name.rpartition("/")[2].lower().startswith("vbaproject") for name in names):
        raise UnreadableDocument("The workbook carries macros.", _SAVE_AS)
    if "xl/workbook.bin" in names:
        raise UnreadableDocument("The file is a binary workbook (.xlsb).", _SAVE_AS)
    if any(name.lower().startswith("xl/externallinks/") for name in names):
        raise UnreadableDocument(
            "The workbook links to other files.",
            "Break them in Excel (Data, Edit Links), then save it again.",
        )
    if any(entry.flag_bits & 1 for entry in entries):
        raise UnreadableDocument(*_LOCKED)
    if len(entries) > MAX_ENTRIES or len(set(names)) < len(names) or any(map(_escapes, names)):
        raise UnreadableDocument("The file's inner listing is not that of a workbook.", _SAVE_AS)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED or any(map(_is_bomb, entries)):
        raise UnreadableDocument("The workbook unfolds to an excessive size.", "Delete unused rows and sheets.")


def _escapes(name: str) -> bool:
    return name.startswith(("/", "\\")) or name[1:2] == ":" or ".." in re.split(r"[/\\]", name)


def _is_bomb(entry: ZipInfo) -> bool:
    return entry.file_size > RATIO_FROM and entry.file_size > MAX_RATIO * entry.compress_size


def _check_part(part: bytes) -> None:
    if b"sheetData" not in part:
        return
    if _FAR_CELL.search(part) or (_FAR_ROW.search(part) and _PLACELESS_CELL.search(part)):
        raise UnreadableDocument(
            "A sheet has content beyond column BZ or row 99,999.",
            "Delete the stray cells and save it.",
        )
