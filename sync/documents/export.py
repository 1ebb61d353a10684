"""Generates a formal document from the record and keeps what was generated."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from ...mapping.documents.document import Document, FedrampLayout, SystemHeader, UnwritableDocument
from ...mapping.documents.fedramp_write import write_workbook
from ...mapping.item import State
from ..errors import InputError
from ..record.asof import in_system, stood_at
from ..record.clocks import UNKNOWN
from ..record.database import Database
from ..record.journal import Author, anchor
from ..record.unit import Unit
from ..record.verify import proven

IN_THE_DOCUMENT = frozenset({State.OPEN, State.PENDING_VERIFICATION, State.RISK_ACCEPTED, State.CLOSED})


@dataclass(frozen=True, slots=True)
class Submission:
    """A generated document: its bytes, and the journal's head it was generated at."""

    system_id: str
    layout: FedrampLayout
    as_of: str
    data: bytes
    head: tuple[int, str]

    @property
    def sha256(self) -> str:
        """The digest of the file."""
        return hashlib.sha256(self.data).hexdigest()


def generate(
    database: Database,
    system_id: str,
    *,
    layout: FedrampLayout,
    as_of: str,
    until: str | None,
    now: str = UNKNOWN,
) -> Submission:
    """The FedRAMP workbook of a system. The same record and day give the same bytes.

    It is made of the journal, so that it never tells what somebody wrote into the tables by hand. Raises InputError,
    and RecordCorrupt where they differ.

    `until` is the instant a past day ended at; None generates from the record as it stands. `now` helps to find out
    which clock was wrong (`clocks.py`).
    """
    if until:
        proven(database)
        system, all_items = stood_at(database, system_id, until, now=now)
    else:
        system, all_items = in_system(proven(database), system_id)
    if system is None:
        raise InputError(f"the record holds no system {system_id} as of {as_of}", hint="import its POA&M first")
    header = SystemHeader(system["provider"] or "", system["name"] or "", system["impact_level"] or "", as_of)
    items = [item for item in all_items if item.state in IN_THE_DOCUMENT]
    head = anchor(database, until, now=now)
    if until and not all_items:
        raise InputError(
            f"the record knew no item of {system_id} on {as_of}", hint="its history begins later; choose a later day"
        )
    try:
        data = write_workbook(
            Document(layout, header, tuple(items), anchor=f"Journal row {head[0]}, {head[1]}"), layout=layout
        )
    except UnwritableDocument as error:
        raise InputError(f"{system_id}: {error.message.rstrip('.')}", hint=error.hint.rstrip(".")) from None
    return Submission(system_id, layout, as_of, data, head)


def keep(unit: Unit, by: Author, submission: Submission, *, file_name: str) -> None:
    """Stores the submission itself, once: the same file again is the same submission."""
    known = unit.db.query(
        "SELECT 1 FROM submissions WHERE system_id = ? AND sha256 = ?", (submission.system_id, submission.sha256)
    )
    if any(known):
        return
    row = {
        "id": unit.next_id("submissions"),
        "system_id": submission.system_id,
        "format": "fedramp",
        "layout": submission.layout,
        "as_of": submission.as_of,
        "file_name": file_name,
        "sha256": submission.sha256,
        "head_seq": submission.head[0],
        "head_hash": submission.head[1],
        "created_at": unit.at,
    }
    unit.create(by, "submissions", row, binary={"file": submission.data})


def is_kept(database: Database, sha256: str) -> bool:
    """Whether the file of that digest is one that the record made and keeps."""
    return any(database.query("SELECT 1 FROM submissions WHERE sha256 = ?", (sha256,)))
