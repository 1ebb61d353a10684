"""How far we have read of one repository, as text that only this connector understands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from .reading import version_of

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cursor:
    """`source` and `repository_id` say what was read; the id saves a new process from looking it up.

    `watermark` is the newest `updated_at` seen, so that the address of the next read stays the same while
    nothing happens and `etag` (of the address `since`, for the token with that fingerprint) earns a 304.
    `seen` holds the versions, by number, of the issues that the overlap will show again.
    """

    source: str
    repository_id: int
    watermark: str | None = None
    since: str | None = None
    etag: str = ""
    token: str = ""
    seen: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str | None, source: str) -> Cursor | None:
        """The cursor in a text of ours; None for none, and for one of another repository or tracker."""
        cursor = cls(**json.loads(text)) if text else None
        return cursor if cursor and cursor.source == source else None

    @property
    def text(self) -> str:
        """What to keep."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def etag_for(self, token: str) -> str:
        """The tag to send with this token, empty when there is none: a tag belongs to a token."""
        return self.etag if self.token == _short(token) else ""

    def is_new(self, row: Row) -> bool:
        """Whether a listed row shows something that earlier reads did not."""
        return self.seen.get(str(row["number"])) != _short(version_of(row))

    def after(self, rows: Sequence[Row], etag: str, token: str, overlap: timedelta) -> Cursor:
        """The cursor once these rows, which the read answered with that tag, are stored."""
        newest = max([row["updated_at"] for row in rows] + [self.watermark or ""]) or None
        since = _before(newest, overlap) if newest else None
        again = [row for row in rows if since is None or row["updated_at"] >= since]
        return replace(
            self,
            watermark=newest,
            since=since,
            etag=etag if since == self.since else "",
            token=_short(token),
            seen={str(row["number"]): _short(version_of(row)) for row in again},
        )


def _before(moment: str, overlap: timedelta) -> str:
    return (datetime.fromisoformat(moment) - overlap).isoformat().replace("+00:00", "Z")


def _short(text: str) -> str:
    """A fingerprint: tells whether a text is the same without holding it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
