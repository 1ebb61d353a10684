"""Who wins when both sides changed a field."""

from __future__ import annotations

from enum import StrEnum


class Policy(StrEnum):
    """Who wins when both sides changed a field to different values; `manual` freezes the field for a person.

    The other value is always kept and shown.
    """

    MANUAL = "manual"
    RECORD = "record"
    TRACKER = "tracker"
