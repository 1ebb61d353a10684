"""The regimes a system can live under, as data: remediation windows, extensions, who may live with a risk.

Windows are calendar days from the original detection date. A regime whose clock starts at a date that no item
holds (the CMMC conditional status date, the FedRAMP 2026 evaluation) has none: its dates are typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from .item import Rating

ALL_RATINGS = frozenset(Rating)
UP_TO_MODERATE = frozenset({Rating.MODERATE, Rating.LOW})


@dataclass(frozen=True, slots=True)
class Profile:
    """A regime. `acceptable` are the effective ratings whose risk an authorizing official may accept."""

    id: str
    name: str
    windows: Mapping[Rating, int] | None = field(hash=False)
    extensions: bool
    acceptable: frozenset[Rating] = ALL_RATINGS
    acceptance_needs_operational_requirement: bool = False


def _windows(critical: int, high: int, moderate: int, low: int) -> Mapping[Rating, int]:
    return MappingProxyType({Rating.CRITICAL: critical, Rating.HIGH: high, Rating.MODERATE: moderate, Rating.LOW: low})


_ALL = (
    # POA&M Template Completion Guide, section 3: a Critical counts as High; no other date is entertained.
    # An accepted risk is an approved operational requirement that stays on the Open tab, never a High.
    Profile(
        id="fedramp_rev5",
        name="FedRAMP Rev 5",
        windows=_windows(30, 30, 90, 180),
        extensions=False,
        acceptable=UP_TO_MODERATE,
        acceptance_needs_operational_requirement=True,
    ),
    # VER-TFR-MAV: what is not mitigated 192 days after its evaluation must be accepted, whatever its rating.
    Profile(id="fedramp_cr26", name="FedRAMP 2026", windows=None, extensions=False),
    # The HHS and CMS table: of the federal agencies' published ones the only one for all four ratings.
    Profile(id="agency_rmf", name="Agency RMF", windows=_windows(15, 30, 90, 365), extensions=True),
    # CAT I 30, CAT II 180, CAT III 365. Components start the clock differently; detection is the strictest.
    Profile(id="dod_emass", name="DoD eMASS", windows=_windows(30, 30, 180, 365), extensions=True),
    # 32 CFR 170.21: 180 days from the conditional status date for every item; no extension, no accepted risk.
    Profile(id="cmmc_l2", name="CMMC Level 2", windows=None, extensions=False, acceptable=frozenset()),
    Profile(id="nist_800_171", name="NIST SP 800-171", windows=None, extensions=True),
    # "Immediately" for a Critical, counted as one day.
    Profile(id="govramp", name="GovRAMP", windows=_windows(1, 30, 90, 180), extensions=True),
    Profile(id="generic", name="Generic", windows=None, extensions=True),
)

PROFILES: Mapping[str, Profile] = MappingProxyType({profile.id: profile for profile in _ALL})
