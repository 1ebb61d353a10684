"""Heads of the journal that stand outside the record: noted by a person, or carried by a document we exported."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

from ...mapping.documents.archive import check_workbook
from ...mapping.documents.document import UnreadableDocument
from ..errors import InputError
from ..files import read_bytes, write_bytes
from ..record.verify import Head

_TYPED = re.compile(r"(\d{1,18}):([0-9a-f]{64})", re.ASCII)
_CARRIED = re.compile(rb"Journal row (\d{1,18}), ([0-9a-f]{64})")
_PROPERTIES = "docProps/core.xml"


def typed_head(text: str) -> Head:
    """A head as a person types it, `SEQ:HASH`. Raises InputError."""
    found = _TYPED.fullmatch(text.strip().lower())
    if found is None:
        raise InputError(
            f"{text} is no SEQ:HASH", hint="such as 213:e1e2f331..., all 64 digits, as poam verify told it"
        )
    return int(found[1]), found[2]


def kept_head(record_path: Path) -> Head | None:
    """The head that the last cycle left beside the record; None where there is none, or it is not readable."""
    try:
        return typed_head(read_bytes(_head_path(record_path)).decode())
    except (InputError, UnicodeDecodeError):
        return None


def keep_head(record_path: Path, head: Head) -> None:
    """Leaves the head beside the record, for the next cycle to see whether it is still the same record.

    It only informs, so nothing ends because it could not be written.
    """
    if head[0] and kept_head(record_path) != head:
        with suppress(InputError):
            write_bytes(_head_path(record_path), f"{head[0]}:{head[1]}\n".encode())


def _head_path(record_path: Path) -> Path:
    return record_path.with_name(f"{record_path.name}.head")


def carried_head(path: Path) -> tuple[Head, str]:
    """The head in the properties of a workbook that `poam export` made, also saved again since, and the file's SHA-256.

    Raises InputError.
    """
    data = read_bytes(path)
    try:
        check_workbook(data)
    except UnreadableDocument as error:
        raise InputError(f"{path.name}: {error.message.rstrip('.')}", hint=error.hint.rstrip(".")) from None
    with ZipFile(BytesIO(data)) as archive:
        properties = archive.read(_PROPERTIES) if _PROPERTIES in archive.namelist() else b""
    found = _CARRIED.search(properties)
    if found is None:
        raise InputError(f"{path.name} names no journal row", hint="name a workbook that poam export has made")
    return (int(found[1]), found[2].decode()), hashlib.sha256(data).hexdigest()
