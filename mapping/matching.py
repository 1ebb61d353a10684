"""Which existing issue may be the work on which item: clues with their weight, each told in words.

Nothing is decided here: a person confirms every match.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from operator import itemgetter

from ..connectors.base import Issue
from .dates import effective_due, effective_rating
from .item import PoamItem
from .profiles import Profile

LEAST = 30
"""Points from which on a match is worth a person's look: no label and no date says that much by itself."""
ALIKE = 0.6
"""How much of the weakness name a title must repeat to count, as `difflib` measures it."""
SHARED = 0.2
"""How much of both must be the very same words before that is measured: it takes long, and most pairs share nothing."""
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
    sought = [_sought(item, profile) for item, profile in items]
    worth_a_look = _Index(sought)
    found = []
    for n, shown in enumerate(_shown(place, issue) for place, issue in issues):
        for at in worth_a_look.items(shown):
            clues = tuple(sorted(_clues(sought[at], shown), key=lambda clue: -clue.points))
            match = Match(sought[at].item, shown.place, shown.issue, clues)
            if match.score >= LEAST:
                found.append((-match.score, at, n, match))
    return _one_each(match for *_, match in sorted(found, key=itemgetter(0, 1, 2)))


def _one_each(found: Iterable[Match]) -> list[Match]:
    best: list[Match] = []
    taken: set[tuple[str, str]] = set()
    for match in found:
        sides = {("", match.item.uid), (match.place, match.issue.id)}
        if not sides & taken:
            taken |= sides
            best.append(match)
    return best


@dataclass(frozen=True, slots=True)
class _Sought:
    """What an item is recognised by, worked out once; the names as patterns, None for one that names nothing."""

    item: PoamItem
    poam_id: re.Pattern[str] | None
    identifier: re.Pattern[str] | None
    cves: frozenset[str]
    title: str
    due: str | None
    labels: frozenset[str]

    @property
    def names(self) -> Iterator[str]:
        """What must stand somewhere in an issue as it is."""
        if self.poam_id:
            yield self.item.poam_id
        if self.identifier:
            yield self.item.weakness_source_identifier


def _sought(item: PoamItem, profile: Profile) -> _Sought:
    identifier = item.weakness_source_identifier.strip()
    telling = len(identifier) > 3 and not _CVE.fullmatch(identifier)
    return _Sought(
        item=item,
        poam_id=_named(item.poam_id),
        identifier=_named(identifier) if telling else None,
        cves=_cves(item.cves),
        title=_in_order(item.weakness_name),
        due=effective_due(item, profile),
        labels=_labels(item),
    )


@dataclass(frozen=True, slots=True)
class _Shown:
    """What an issue shows, worked out once."""

    place: str
    issue: Issue
    text: str
    words: frozenset[str]
    cves: frozenset[str]
    title: str
    labels: frozenset[str]


def _shown(place: str, issue: Issue) -> _Shown:
    text = f"{issue.title}\n{issue.body}"
    labels = frozenset(label.casefold() for label in issue.labels)
    return _Shown(place, issue, text, frozenset(_words(text)), _cves(text), _in_order(issue.title), labels)


class _Index:
    """Which items an issue is to be held against: those it may name, and those whose words its title shares. No other
    clue is worth a look by itself, and most pairs have none.
    """

    def __init__(self, sought: Sequence[_Sought]) -> None:
        often = Counter(word for each in sought for name in each.names for word in set(_words(name)))
        self._named: dict[str, list[int]] = defaultdict(list)
        self._titled: dict[str, list[int]] = defaultdict(list)
        self._letters = [_letters(each.title) for each in sought]
        for at, each in enumerate(sought):
            rarest = (min(_words(name), key=lambda word: often[word], default="") for name in each.names)
            for key in (*rarest, *each.cves):
                self._named[key].append(at)
            for word in set(each.title.split()):
                self._titled[word].append(at)

    def items(self, shown: _Shown) -> set[int]:
        """Their places in the sequence of items."""
        keys = ("", *shown.words, *shown.cves)  # a name without any word stands under the blank
        return {at for key in keys for at in self._named.get(key, ())} | set(self._titled_like(shown.title))

    def _titled_like(self, title: str) -> Iterator[int]:
        shared: Counter[int] = Counter()
        for word in set(title.split()):
            for at in self._titled.get(word, ()):
                shared[at] += len(word)
        letters = _letters(title)
        return (at for at, count in shared.items() if 2 * count >= SHARED * (letters + self._letters[at]))


def _clues(sought: _Sought, shown: _Shown) -> Iterator[Clue]:
    item, issue = sought.item, shown.issue
    if sought.poam_id and sought.poam_id.search(shown.text):
        yield Clue(100, f"it names {item.poam_id}")
    if shared := sorted(sought.cves & shown.cves):
        yield Clue(50, f"it names {', '.join(shared)}")
    if sought.identifier and sought.identifier.search(shown.text):
        yield Clue(40, f"it names the source identifier {item.weakness_source_identifier.strip()}")
    if alike := _likeness(sought.title, shown.title):
        yield Clue(round(40 * alike), f"its title is like the weakness name ({alike:.0%})")
    if sought.due and sought.due in issue.due_dates:
        yield Clue(10, f"it is due on {sought.due}, too")
    if labels := sorted(sought.labels & shown.labels):
        yield Clue(5, f"it is labelled {', '.join(labels)}")


def _named(name: str) -> re.Pattern[str] | None:
    """What finds the name as a whole word: V-1 is no part of V-12, and 12 names nothing at all."""
    if name.isdigit() and len(name) < 4:
        return None
    return re.compile(rf"(?<![^\W_]){re.escape(name)}(?![^\W_]|[-.]\w)", re.IGNORECASE)


def _cves(text: str) -> frozenset[str]:
    return frozenset(found.upper() for found in _CVE.findall(text))


def _likeness(name: str, title: str) -> float:
    """How much two titles share, their words in order; 0 below what counts."""
    both = SequenceMatcher(None, name, title, autojunk=False)
    possible = both.real_quick_ratio() >= ALIKE and both.quick_ratio() >= ALIKE  # the ratio itself is slow
    ratio = both.ratio() if possible else 0.0
    return ratio if ratio >= ALIKE else 0.0


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())


def _in_order(text: str) -> str:
    """The words of a title, whatever their case and order."""
    return " ".join(sorted(_words(text)))


def _letters(title: str) -> int:
    """How long the different words of a title are together."""
    return sum(map(len, set(title.split())))


def _labels(item: PoamItem) -> frozenset[str]:
    """Labels that people give such an issue: its rating and its controls."""
    rating = effective_rating(item)
    named = (rating.value if rating else "", *re.split(r"[\s,;]+", item.controls))
    return frozenset(filter(None, (name.casefold() for name in named)))
