"""`poam export`: the formal document, from the record as it stands or as it stood."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import cast

import click

from ...mapping.dates import is_date
from ...mapping.documents.document import FedrampLayout
from ..documents.export import generate, keep
from ..errors import InputError
from ..files import must_replace_a_workbook, prepared, same_file
from ..record.memory import remembered_instant
from ..record.record import Record
from ..settings.people import author
from ..telling.health import health_path
from ..times import iso
from . import Outcome
from .arguments import Word
from .frame import Frame, json_option, pass_frame
from .output import print_json, say


@click.command("export")
@click.argument("format_", metavar="FORMAT", type=Word("fedramp"))
@click.option("-o", "--output", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--layout", type=Word("3.0", "2.1"), default="3.0", show_default=True, help="The template's version.")
@click.option("--as-of", default="", metavar="DATE", help="The day the document speaks for; default: today.")
@click.option("--system", default="", help="The system, where the configuration has more than one.")
@json_option
@pass_frame
def export(frame: Frame, format_: str, output: Path, layout: str, as_of: str, system: str, as_json: bool) -> Outcome:
    """Generate a document from the record.

    FORMAT is fedramp (the POA&M workbook). The same record and day give the
    same file; the file is kept in the record as a submission.
    """
    if output.suffix.lower() != ".xlsx":
        raise InputError(f"{output} does not end in .xlsx", hint="a FedRAMP document is a workbook")
    _must_not_harm(frame, output)
    system_id = _system(frame, system)
    today = frame.today(system_id)
    day = as_of or today
    if not is_date(day) or day > today:
        raise InputError(f"--as-of {day} is no past day", hint=f"write YYYY-MM-DD, {today} at the latest")
    with frame.writing() as record:
        _must_have_begun(frame, record, system_id, day)
        submission = generate(
            record.db,
            system_id,
            layout=cast(FedrampLayout, layout),
            as_of=day,
            until=_end_of(frame, system_id, day) if day < today else None,
            now=frame.now(),
        )
        with prepared(output, submission.data) as put:
            with record.unit(at=frame.now()) as unit:
                keep(unit, author(frame.identity, "cli"), submission, file_name=output.name)
            put()  # only now: whatever stands there is kept in the record
    told = {
        "system_id": system_id,
        "format": format_,
        "layout": layout,
        "as_of": day,
        "file": str(output),
        "sha256": submission.sha256,
        "head_seq": submission.head[0],
        "head_hash": submission.head[1],
    }
    if as_json:
        print_json(told)
    else:
        say(f"{output}: {system_id} as of {day}, layout {layout}")
        say(f"sha256 {submission.sha256}, journal row {submission.head[0]} {submission.head[1]}")
    return Outcome.IN_SYNC


def _system(frame: Frame, wanted: str) -> str:
    known = [each.id for each in frame.config.systems]
    if wanted and wanted not in known:
        raise InputError(f"there is no system {wanted}", hint=f"the configuration has: {', '.join(known)}")
    if not wanted and len(known) > 1:
        raise InputError("which system?", hint=f"add --system: {', '.join(known)}")
    return wanted or known[0]


def _must_have_begun(frame: Frame, record: Record, system_id: str, day: str) -> None:
    """Before the record was created nothing is known, and a document of nothing would say that there was nothing."""
    began = (remembered_instant(record.db, "created_at") or frame.clock()).astimezone(frame.zone(system_id)).date()
    if day < began.isoformat():
        raise InputError(f"the record begins on {began}; it cannot speak for an earlier day")


def _must_not_harm(frame: Frame, output: Path) -> None:
    """A document takes the place of a document, never of what poam-sync itself lives from."""
    record, config = frame.config.record_path, frame.config
    beside = [record.with_name(record.name + end) for end in ("", "-wal", "-shm", "-journal", ".lock", ".daemon.lock")]
    tokens = [config.base / each.secret_file for each in config.connectors.values() if each.secret_file]
    if any(same_file(output, own) for own in (frame.path, *beside, health_path(record), *tokens)):
        raise InputError(f"{output} is one of poam-sync's own files", hint="choose another name")
    must_replace_a_workbook(output)


def _end_of(frame: Frame, system_id: str, day: str) -> str:
    """The last instant of a calendar day in the system's own time zone."""
    midnight = datetime.combine(datetime.fromisoformat(day).date() + timedelta(days=1), time(), frame.zone(system_id))
    return iso((midnight - timedelta(milliseconds=1)).astimezone(UTC))
