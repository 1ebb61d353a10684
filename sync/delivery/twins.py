"""Second issues that we made for one mirror: kept, closed in their turn, never taken for the mirror."""

from __future__ import annotations

from dataclasses import asdict, replace

from ...connectors.base import Issue
from ..record.kinds import Link
from ..record.mirrors import link_of
from ..record.unit import Unit
from ..settings.people import daemon
from .links import next_link
from .outbox import owe


def note_twin(unit: Unit, link: Link, twin: Issue) -> None:
    """Keeps a second issue of ours for one mirror as a retired link, which is closed in its turn: never taken for the
    mirror, never found again.
    """
    values = {"remote_id": twin.id, "remote_key": twin.key, "url": twin.url, "state": "retired"}
    retired, mirror = replace(next_link(unit.db, link), **values), link_of(unit.db, link.id)  # type: ignore[arg-type]
    unit.create(daemon(link.connector), "links", asdict(retired), reason=f"a second issue beside {mirror.remote_key}")
    owe(unit, retired, "retire")
