"""How values and people are told in a line: what is blank as such, what is long cut with a count."""

from __future__ import annotations

from .output import line

LONGEST = 80
"""Characters of a value that a person takes in at a glance; a body has thousands."""


def value(text: object) -> str:
    """A value on one line; of a long one its beginning, and how long it is."""
    told = line(text)
    if not told:
        return "nothing"
    if len(told) <= LONGEST:
        return told
    return f"{told[:LONGEST].rstrip()}… ({len(str(text)):,} characters)"


def who(person: str, role: str, on_behalf_of: str) -> str:
    """A person as the journal names them: `iris for otto (ao)`."""
    behalf = f" for {on_behalf_of}" if on_behalf_of else ""
    return f"{person}{behalf} ({role})"
