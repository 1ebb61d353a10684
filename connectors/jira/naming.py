"""What people call an issue: a key in any case, an id, or an address out of their browser. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection
from urllib.parse import parse_qs, urlsplit

from ..errors import Rejected

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*-\d+|\d+")
_HINT = "give a key such as SEC-12, an id, or the issue's address"


def name_in(text: str, hosts: Collection[str]) -> str:
    """The key or id in it. `hosts` are the site's own. Raises Rejected for another site's address and for other texts.

    Boards and lists name the issue in `selectedIssue`, all other addresses end in it.
    """
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        raise Rejected(f"{text} names no issue", hint=_HINT) from None
    if parts.netloc and parts.netloc.casefold() not in hosts:
        raise Rejected(f"{text} is not on {', '.join(sorted(hosts))}", hint="name an issue of this connector's site")
    selected = parse_qs(parts.query).get("selectedIssue", [])
    name = selected[0] if selected else parts.path.rstrip("/").rpartition("/")[2]
    if not _NAME.fullmatch(name):
        raise Rejected(f"{text} names no issue", hint=_HINT)
    return name.upper()
