"""What people call an issue: a number, `#7`, `acme/web#7`, or an address out of a browser. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from ..errors import Rejected

_NUMBER = r"0*([1-9][0-9]{0,17})"
_NAME = r"([\w.-]+/[\w.-]+)"
_ALONE = re.compile(rf"#?{_NUMBER}", re.ASCII)
_KEY = re.compile(rf"{_NAME}#{_NUMBER}", re.ASCII)
_ADDRESS = re.compile(rf"(?:/api/v3)?(?:/repos)?/{_NAME}/issues/{_NUMBER}(?:/.*)?", re.ASCII)


def number_in(key: str, repository: str, base_url: str, is_ours: Callable[[str], bool]) -> str:
    """The number of an issue of that repository, whose API is at `base_url`; `is_ours` knows its other names.

    Raises Rejected for an issue of another place, and for what names none.
    """
    plain = key.strip()
    alone = _ALONE.fullmatch(plain)
    if alone:
        return alone[1]
    found = _KEY.fullmatch(plain) or _in_address(plain, base_url)
    if found is None:
        raise Rejected(f"{key} names no issue of {repository}", hint=f"give a number, {repository}#7 or its address")
    name, number = found.groups()
    if not is_ours(name):
        told = f"{key} is an issue of {name}, and this connector speaks to {repository}"
        raise Rejected(told, hint=f"name an issue of {repository}, or the connector of {name}")
    return str(number)


def _in_address(text: str, base_url: str) -> re.Match[str] | None:
    """The parts of an address of the same site, as its pages have them or its API."""
    try:
        there, here = urlsplit(text), urlsplit(base_url)
    except ValueError:
        return None
    sites = {here.netloc.casefold(), here.netloc.casefold().removeprefix("api.")}
    known = there.scheme in ("http", "https") and there.netloc.casefold().removeprefix("www.") in sites
    return _ADDRESS.fullmatch(there.path) if known else None
