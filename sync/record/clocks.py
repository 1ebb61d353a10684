"""What the journal's times are worth: the order of its rows is true, and a clock may have been wrong. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise

UNKNOWN = "9999"
"""The present, where nobody tells it."""


def understood(times: Sequence[str], *, now: str = UNKNOWN) -> list[str]:
    """When each row is taken to have been written, from what the rows say in the order of the journal: never falling.

    The order cannot lie and a time can, so the times that are trusted are a longest run of instants that never falls;
    any other row takes the time of the trusted one before it (before the first of them, that one's). An instant
    counts once, however many rows one command wrote then. As long as both sides weigh the same, nothing is believed
    that is later than `now`, and of the rest the earlier rows are: a clock put back changes no day that is over.
    """
    instants = [at for at, _ in groupby(times)]
    trusted = {place: instants[place] for place in _trusted(instants, now)}
    known, taken = next(iter(trusted.values()), ""), []
    for place in range(len(instants)):
        known = trusted.get(place, known)
        taken.append(known)
    places = accumulate((at != before for before, at in pairwise(times)), initial=0)
    return [taken[place] for place in places] if taken else []


def _trusted(instants: Sequence[str], now: str) -> Sequence[int]:
    """The places of the instants that are believed."""
    if all(at <= following for at, following in pairwise(instants)):
        return range(len(instants))
    longest = _longest_rise(instants)
    if instants[longest[-1]] <= now:
        return longest
    past = [place for place, at in enumerate(instants) if at <= now]
    without_future = [past[n] for n in _longest_rise([instants[place] for place in past])]
    return without_future if len(without_future) == len(longest) else longest


def _longest_rise(values: Sequence[str]) -> list[int]:
    """The places of a longest subsequence that never falls; of several the one that keeps the earliest places.

    Patience sorting from the end, O(n log n): for every length the place with the greatest value to begin with. Of two
    such places the later one found is the earlier one in the sequence, which is what decides between equals.
    """
    rank = {value: -n for n, value in enumerate(sorted(set(values)))}
    begins: list[int] = []
    greatest: list[int] = []
    following: dict[int, int] = {}
    for place in reversed(range(len(values))):
        value = rank[values[place]]
        length = bisect_right(greatest, value)
        if length:
            following[place] = begins[length - 1]
        begins[length : length + 1] = [place]
        greatest[length : length + 1] = [value]
    return list(_chain(begins[-1], following)) if begins else []


def _chain(place: int, following: dict[int, int]) -> Iterator[int]:
    yield place
    while place in following:
        place = following[place]
        yield place
