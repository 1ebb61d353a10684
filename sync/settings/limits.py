"""The constants of the engine in one place, as `[sync.limits]` may set them, each with its reason.

Durations are written `"30s"`, `"2m"`, `"1h"` or `"1d"` and are `timedelta`s here. How far a read looks back
over the tracker's index lag (the overlap) is each connector's: `overlap_minutes` in `connectors/settings.py`.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

_LONGEST = timedelta(days=366)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_duration(text: object) -> timedelta:
    """A duration written as a whole number and its unit (s, m, h, d). Raises ValueError."""
    if isinstance(text, timedelta):
        return text
    found = re.fullmatch(r"\s*(\d{1,6})\s*([smhd])\s*", str(text), re.ASCII)
    if not found:
        raise ValueError("write a duration as a whole number and its unit: 30s, 2m, 1h or 1d")
    duration = timedelta(**{_UNITS[found[2]]: int(found[1])})
    if duration > _LONGEST:
        raise ValueError("must be at most 366d")
    return duration


def duration_text(duration: timedelta) -> str:
    """A duration as it is written, in the largest unit that tells it whole: 30s, 2m, 1h or 1d."""
    sizes = {unit: timedelta(**{name: 1}) for unit, name in _UNITS.items()}
    unit = next((unit for unit in "dhm" if not duration % sizes[unit]), "s")
    return f"{duration // sizes[unit]}{unit}"


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Wait = Annotated[Duration, Field(gt=timedelta(0))]


class Limits(BaseModel):
    """How long to wait for proof, and how much change is too much to make without asking."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    send_deadline: Wait = Field(
        default=timedelta(seconds=5),
        description="a create must leave within this time after it was committed, or it is planned again",
    )
    in_flight: Wait = Field(
        default=timedelta(minutes=2),
        description="how long a request may still take effect at the tracker after we gave up on its answer",
    )
    quiet_period: Duration = Field(
        default=timedelta(minutes=10),
        description="a moved date becomes a request only when it rested this long: people drag twice",
    )
    missing_looks: int = Field(
        default=3,
        strict=True,
        ge=1,
        description="looks that must miss an issue before it counts as missing: a 404 has many causes",
    )
    missing_over: Duration = Field(
        default=timedelta(hours=1), description="the least time between the first and the last of those looks"
    )
    mass_change_percent: int = Field(
        default=10,
        strict=True,
        ge=0,
        le=100,
        description="a cycle that touches more than this share of the links stops and asks",
    )
    mass_change_least: int = Field(
        default=5, strict=True, ge=1, description="and at least so many, so that a small record can still be worked on"
    )
