"""Text from outside: made harmless where an answer is parsed, and without our secrets where it is repeated."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any

from .errors import Rejected, TrackerError

_LONGEST = 500
"""Characters of an error's text: more than any sentence, less than a page that a server sent instead."""


def parsed(text: str) -> Any:
    """The JSON in a text, each lone surrogate in it as U+FFFD: no file, database or digest takes one.

    Raises ValueError when it is no JSON that can be read.
    """
    try:
        data = json.loads(text)
        if "\\ud" not in text.lower():
            return data
        plain = json.dumps(data, ensure_ascii=False).encode("utf-16", "surrogatepass")
        return json.loads(plain.decode("utf-16", "replace"))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def scrubbed(error: TrackerError, secrets: Sequence[str]) -> TrackerError:
    """The error with no secret in any of its texts, whatever a server echoed.

    Texts are shortened here and nowhere before: a secret that is cut is not recognised any more.
    """

    def clean(text: str) -> str:
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text[:_LONGEST]

    error.args = tuple(clean(str(part)) for part in error.args)
    error.hint = clean(error.hint)
    if isinstance(error, Rejected):
        error.field = clean(error.field)
    return error


def fingerprint(secret: str) -> str:
    """Tells whether a secret is the same without holding it."""
    return hashlib.sha256(secret.encode()).hexdigest()[:12]
