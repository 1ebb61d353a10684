"""Which existing issue may be the work on which item: clues with their weight, each told in words.

Nothing is decided here: a person confirms every match.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ..connectors.base import Issue
from .dates import effective_due, effective_rating
from .item import PoamItem
from .profiles import Profile

LEAST = 30
"""Points from which on a match is worth a person's look: no label and no date says that much by itself."""
ALIKE = 0.6
"""How much of the weakness name a title must repeat to count, as `difflib` measures it."""
_CVE = re.compile(r"CVE-\d{4}-\d{4,}", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class Clue:
    """One thing that speaks for a match, and how much."""

    points: int
    told: str


@dataclass(frozen=True, slots=True)
class Match:
    """An item and an issue that may be its work, with what speaks for it, the strongest first. `place` says where the
    issue is: a connector's name.
    """

    item: PoamItem
    place: str
    issue: Issue
    clues: tuple[Clue, ...]

    @property
    def score(self) -> int:
        """All points together."""
        return sum(clue.points for clue in self.clues)


def matches(items: Sequence[tuple[PoamItem, Profile]], issues: Sequence[tuple[str, Issue]]) -> list[Match]:
    """The best matches, an issue for one item and an item for one issue only, the best first; of equals, whichever
    item and issue come first.
    """
    found = [
        Match(item, place, issue, tuple(sorted(_clues(item, profile, issue), key=lambda clue: -clue.points)))
        for item, profile in items
        for place, issue in issues
    ]
    best: list[Match] = []
    taken: set[tuple[str, str]] = set()
    for match in sorted((each for each in found if each.score >= LEAST), key=lambda each: -each.score):
        sides = {("", match.item.uid), (match.place, match.issue.id)}
        if not sides & taken:
            taken |= sides
            best.append(match)
    return best


def _clues(item: PoamItem, profile: Profile, issue: Issue) -> Iterator[Clue]:
    text = f"{issue.title}\n{issue.body}"
    if _names(text, item.poam_id):
        yield Clue(100, f"it names {item.poam_id}")
    if shared := sorted(_cves(item.cves) & _cves(text)):
        yield Clue(50, f"it names {', '.join(shared)}")
    identifier = item.weakness_source_identifier.strip()
    if len(identifier) > 3 and not _CVE.fullmatch(identifier) and _names(text, identifier):
        yield Clue(40, f"it names the source identifier {identifier}")
    if alike := _likeness(item.weakness_name, issue.title):
        yield Clue(round(40 * alike), f"its title is like the weakness name ({alike:.0%})")
    if (due := effective_due(item, profile)) and due in issue.due_dates:
        yield Clue(10, f"it is due on {due}, too")
    if labels := sorted(_labels(item) & {label.casefold() for label in issue.labels}):
        yield Clue(5, f"it is labelled {', '.join(labels)}")


def _names(text: str, name: str) -> bool:
    """Whether the text holds the name as a whole word: V-1 is no part of V-12, and 12 names nothing at all."""
    if name.isdigit() and len(name) < 4:
        return False
    return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_]|[-.]\w)", text, re.IGNORECASE) is not None


def _cves(text: str) -> frozenset[str]:
    return frozenset(found.upper() for found in _CVE.findall(text))


def _likeness(name: str, title: str) -> float:
    """How much two titles share, word by word, whatever their case and order; 0 below what counts."""
    words = SequenceMatcher(None, _in_order(name), _in_order(title), autojunk=False)
    possible = words.real_quick_ratio() >= ALIKE and words.quick_ratio() >= ALIKE  # the ratio itself is slow
    ratio = words.ratio() if possible else 0.0
    return ratio if ratio >= ALIKE else 0.0


def _in_order(text: str) -> str:
    return " ".join(sorted(_WORD.findall(text.casefold())))


def _labels(item: PoamItem) -> frozenset[str]:
    """Labels that people give such an issue: its rating and its controls."""
    rating = effective_rating(item)
    named = (rating.value if rating else "", *re.split(r"[\s,;]+", item.controls))
    return frozenset(filter(None, (name.casefold() for name in named)))
