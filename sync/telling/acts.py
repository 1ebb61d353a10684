"""What the journal tells as acts: the rows that one person wrote about one thing at one instant are one act. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields

from ...mapping.item import PoamItem
from ..record.journal import CREATED, OBSERVED, Entry

COUNTERS = frozenset({"work_status_version", "status_date"})
"""What moves with whatever else happens to an item."""
_FLAGS = frozenset(field.name for field in fields(PoamItem) if str(field.type).startswith("bool"))
_SINGULAR = {"requests": "request", "conflicts": "conflict", "milestone_changes": "milestone change", "links": "issue"}
_NUMBERED = frozenset({"requests", "conflicts"})
_DECIDED = frozenset({"items", "requests", "conflicts", "milestone_changes"})
_KNOWN_BY = {
    "requests": ("kind", "requested_date"),
    "conflicts": ("field", "policy"),
    "milestone_changes": ("kind", "date"),
    "links": ("connector", "remote_key"),
    "evidence": ("kind", "reference"),
    "submissions": ("file_name",),
}
"""The columns that name a new row to a person."""


@dataclass(frozen=True, slots=True)
class Act:
    """What one person did to one thing at one instant: the journal rows of it, in their order."""

    entries: tuple[Entry, ...]

    @property
    def first(self) -> Entry:
        """The row that tells who, when, from where and to what."""
        return self.entries[0]

    @property
    def reason(self) -> str:
        """Why; each reason once."""
        return "; ".join(dict.fromkeys(filter(None, (entry.reason for entry in self.entries))))

    @property
    def source(self) -> str:
        """The file, the rule or the tracker's own history entry."""
        return ", ".join(dict.fromkeys(filter(None, (entry.source for entry in self.entries))))

    @property
    def what(self) -> str:
        """One sentence: `request 1 state: waiting -> approved`; an item goes without saying."""
        entity = self.first.entity
        name = "" if entity == "items" else _SINGULAR.get(entity, entity)
        number = self.first.entity_id if entity in _NUMBERED else ""
        return " ".join(filter(None, (name, number, ", ".join(map(_change, self._told())))))

    def _told(self) -> list[Entry]:
        """The rows that say something new: not who and when once more, nor a counter beside what it counts."""
        said = {self.first.at, self.first.person, *(entry.reason for entry in self.entries)} - {""}
        news = [entry for entry in self.entries if entry.new not in said and entry.field not in COUNTERS]
        return news or [self.first]


def acts(entries: Iterable[Entry]) -> list[Act]:
    """The acts that these rows tell, in the order in which they began; what was seen at a tracker one by one."""
    found: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        alone = str(entry.seq) if entry.entity == OBSERVED or entry.field == CREATED else ""
        by = (entry.at, entry.person, entry.on_behalf_of, entry.role, entry.origin)
        found.setdefault((*by, entry.entity, entry.entity_id, alone), []).append(entry)
    return [Act(tuple(rows)) for rows in found.values()]


def decisions(entries: Iterable[Entry]) -> Iterator[Act]:
    """What people decided at the record: requests and conflicts that were decided, items that they changed, milestone
    changes that a workbook brought.

    What they did at a tracker is no part of it: it can be read there again.
    """
    for act in acts(entries):
        of_the_record = act.first.origin in ("cli", "import") and act.first.entity in _DECIDED
        if of_the_record and any(entry.field not in COUNTERS for entry in act.entries):
            yield act


def _change(entry: Entry) -> str:
    if entry.field == CREATED:
        row = json.loads(entry.new or "{}")
        named = " ".join(str(row[name]) for name in _KNOWN_BY.get(entry.entity, ()) if row.get(name))
        return f"added: {named}" if named else "added"
    old, new = (plain(entry.field, each) for each in (entry.old, entry.new))
    return f"{entry.field}: {old or 'nothing'} -> {new or 'nothing'}"


def plain(field: str, written: str | None) -> str | None:
    """A value as a journal row has it in the words of `poam set`: a flag is yes or no, and not a number."""
    return {"0": "no", "1": "yes"}.get(written or "", written) if field in _FLAGS else written
