"""What became of the mutants, and which survivors are known to do no harm (`harmless.toml`, each with its reason)."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

KILLED = frozenset({"killed", "timeout", "segfault"})
SQL = re.compile(
    r"""["'](?:BEGIN|COMMIT|DELETE|EXISTS|INSERT|PRAGMA|ROLLBACK|SELECT|UPDATE|VACUUM)\b| = \?""", re.IGNORECASE
)
QUOTED = re.compile(r"'[^']*'")
NAMED = re.compile(r"""\b(?:put|_insert)\("\w+"|"\w+":""")
"""The names of a table and of its columns, as `Unit` is given a row to write."""


@dataclass(frozen=True, order=True)
class Mutant:
    """One change, in words that stay the same when other lines move: where, what it takes out, what it puts there."""

    place: str
    was: str
    became: str

    def __str__(self) -> str:
        return f"  {self.place}\n    - {self.was}\n    + {self.became}"

    @property
    def is_the_same_sql(self) -> bool:
        """Whether a statement was put into other letters, outside its values: SQLite's words and names know no case."""
        values = [QUOTED.findall(each) for each in (self.was, self.became)]
        same = bool(SQL.search(self.was)) and self.was.lower() == self.became.lower() and values[0] == values[1]
        return same or self._is_the_same_row

    @property
    def _is_the_same_row(self) -> bool:
        named = [NAMED.sub(lambda name: name.group().lower(), each) for each in (self.was, self.became)]
        return re.search(r"\b(?:put|_insert)\(", self.was) is not None and named[0] == named[1]


@dataclass(frozen=True)
class Score:
    """The fates of a group's mutants, those that survived, and those of them that are known to do no harm."""

    fates: Counter[str]
    survivors: frozenset[Mutant]
    harmless: frozenset[Mutant]

    @classmethod
    def of(cls, fates: Iterable[tuple[str, Mutant]]) -> Score:
        """Counted."""
        each = list(fates)
        survivors = frozenset(mutant for fate, mutant in each if fate not in KILLED)
        harmless = known_to_be_harmless() | {mutant for mutant in survivors if mutant.is_the_same_sql}
        return cls(Counter(fate for fate, _ in each), survivors, survivors & harmless)

    @property
    def plain(self) -> float:
        """The share that was killed, in percent."""
        return 100 * self._killed / max(self.fates.total(), 1)

    @property
    def just(self) -> float:
        """The same of those that could do harm."""
        return 100 * self._killed / max(self.fates.total() - len(self.harmless), 1)

    @property
    def _killed(self) -> int:
        return sum(count for fate, count in self.fates.items() if fate in KILLED)

    def __str__(self) -> str:
        fates = ", ".join(f"{count} {fate}" for fate, count in self.fates.most_common())
        news = "\n".join(map(str, sorted(self.survivors - self.harmless)))
        return f"{self.plain:.1f} % killed, {self.just:.1f} % without {len(self.harmless)} harmless; {fates}\n{news}"


def known_to_be_harmless() -> frozenset[Mutant]:
    """Those that no test can kill, or none should."""
    told = tomllib.loads(Path(__file__).with_name("harmless.toml").read_text(encoding="utf-8"))
    return frozenset(Mutant(each["place"], each["was"], each["became"]) for each in told["survivor"])
