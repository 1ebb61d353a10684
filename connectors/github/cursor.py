"""How far we have read of one repository, as text that only this connector understands."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from .answers import Answer
from .reading import version_of

Row = Mapping[str, Any]

# A list this long, half a page, is read again and again rather than asked for at a new address.
SHORT = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """`source` and `repository_id` say what was read; the id saves a new process from looking it up.

    Reads begin at `since`. It stays while the list is short, so that the address stays and `etag`, of that
    address and of the token with that fingerprint, earns a 304; it follows `watermark`, the newest
    `updated_at` seen, when the list grows long. `seen` holds by number the versions of the issues that the
    next read will show again.
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
        try:
            cursor = cls(**json.loads(text or ""))
        except (TypeError, ValueError):
            return None
        return cursor if cursor.source == source else None

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

    def after(self, rows: Sequence[Row], first: Answer, token: str, overlap: timedelta) -> Cursor:
        """The cursor once these rows, of the pages that began with that answer, are stored."""
        newest = max([row["updated_at"] for row in rows] + [self.watermark or ""]) or None
        since = self.since if len(rows) <= SHORT or newest is None else begin(newest, overlap)
        again = [row for row in rows if since is None or row["updated_at"] >= since]
        valid = since == self.since and _speaks_for_all(first, newest, overlap)
        return replace(
            self,
            watermark=newest,
            since=since,
            etag=first.headers.get("etag", "") if valid else "",
            token=_short(token),
            seen={str(row["number"]): _short(version_of(row)) for row in again},
        )


def begin(moment: str, overlap: timedelta) -> str:
    """The overlap's begin before a moment, both as GitHub writes them."""
    return (datetime.fromisoformat(moment) - overlap).isoformat().replace("+00:00", "Z")


def _speaks_for_all(first: Answer, newest: str | None, overlap: timedelta) -> bool:
    """Whether the first page's tag holds for those behind it: once the overlap has passed since the newest
    change.

    By then what is listed late has come, and whatever changes from now on is newer and shows on the first
    page.
    """
    if not first.next_page or newest is None:
        return True
    return datetime.fromisoformat(first.server_time) > datetime.fromisoformat(newest) + overlap


def _short(text: str) -> str:
    """A fingerprint: tells whether a text is the same without holding it."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]
