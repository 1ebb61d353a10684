"""The regimes as data, held against the published windows."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from poam.mapping.item import Rating
from poam.mapping.profiles import PROFILES

ORDER = (Rating.CRITICAL, Rating.HIGH, Rating.MODERATE, Rating.LOW)


def test_the_eight_regimes_of_the_configuration_are_known() -> None:
    assert set(PROFILES) == {
        *("fedramp_rev5", "fedramp_cr26", "agency_rmf", "dod_emass"),
        *("cmmc_l2", "nist_800_171", "govramp", "generic"),
    }
    assert all(profile.id == key and profile.name for key, profile in PROFILES.items())


@pytest.mark.parametrize("key", ["agency_rmf", "dod_emass", "nist_800_171", "govramp", "generic"])
def test_agencies_and_the_like_may_extend_a_date(key: str) -> None:
    assert PROFILES[key].extensions


@pytest.mark.parametrize("key", ["fedramp_rev5", "fedramp_cr26", "cmmc_l2"])
def test_fedramp_and_cmmc_know_no_extension(key: str) -> None:
    assert not PROFILES[key].extensions


@pytest.mark.parametrize(
    ("key", "days"),
    [
        ("fedramp_rev5", (30, 30, 90, 180)),
        ("agency_rmf", (15, 30, 90, 365)),
        ("dod_emass", (30, 30, 180, 365)),
        ("govramp", (1, 30, 90, 180)),
    ],
)
def test_the_windows_are_the_published_ones(key: str, days: tuple[int, ...]) -> None:
    windows = PROFILES[key].windows
    assert windows is not None
    assert tuple(windows[rating] for rating in ORDER) == days


@pytest.mark.parametrize("key", ["fedramp_cr26", "cmmc_l2", "nist_800_171", "generic"])
def test_a_regime_whose_clock_no_item_holds_has_no_window(key: str) -> None:
    assert PROFILES[key].windows is None


def test_a_profile_can_be_a_key_and_cannot_be_changed() -> None:
    profile = PROFILES["fedramp_rev5"]
    assert {profile: 1}[profile] == 1
    with pytest.raises(FrozenInstanceError):
        profile.extensions = True  # type: ignore[misc]
