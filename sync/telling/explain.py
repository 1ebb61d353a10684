"""Why one field of one item has the value it has: the rule, what it is derived from, and the events behind it.

Reads the record and writes nothing. What is told is data; `commands/explain.py` makes lines of it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from ...mapping.item import PoamItem
from ...mapping.profiles import Profile
from ..errors import InputError
from ..record.database import Database
from ..record.items import CHILDREN, ITEM_COLUMNS
from ..record.journal import CREATED, OBSERVED, Entry, entries
from ..record.kinds import Conflict, Link, Request, Sighting
from ..record.rows import rows
from ..settings.problems import did_you_mean
from .acts import plain
from .authority import ALIASES, AT_TRACKERS, RULES, rule_of
from .derivations import DERIVED, Day, Derivation, Input
from .outcomes import Outcome, Story, created, outcomes

FIELDS = (*ITEM_COLUMNS, *CHILDREN, *DERIVED)
"""What can be explained: the record's columns and lists, and what is derived from them."""


@dataclass(frozen=True, slots=True)
class Event:
    """One journal row that explains a field. `kind` is created, added, changed or observed (done at a tracker).

    `connector`, `key` and `url` name the issue it came through, blank where it came through none; `rule` is the rule
    of an item's life that allowed it; `outcomes` say what became of what was observed.
    """

    seq: int
    kind: str
    at: str
    person: str
    on_behalf_of: str
    role: str
    origin: str
    source: str
    cycle: str
    connector: str
    key: str
    url: str
    field: str
    old: str | None
    new: str | None
    reason: str
    rule: str
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """The whole answer. `derived`: the value is never stored but made of `inputs`, `because` says how.

    `events` are newest first: of a stored field its own, of a derived one those of the inputs that decide.
    """

    system_id: str
    poam_id: str
    field: str
    value: object
    rule: str
    derived: bool
    because: str
    inputs: tuple[Input, ...]
    events: tuple[Event, ...]


def explain(database: Database, item: PoamItem, name: str, profile: Profile | None, day: Day) -> Explanation:
    """Explains a field by its name, or by what the issue calls it (`due_date`, `title`).

    Nothing is derived of an item whose system has no profile any more. Raises InputError.
    """
    name = ALIASES.get(name, name)
    if name not in FIELDS:
        near = did_you_mean(name, (*FIELDS, *ALIASES))
        raise InputError(f"an item has no field {name}{near}", hint="the fields are those of poam show --json")
    derivation = _derived(item, name, profile, day) if name in DERIVED else None
    sources = tuple(each.field for each in derivation.inputs if each.decides) if derivation else (name,)
    story = _story(database, item)
    return Explanation(
        item.system_id,
        item.poam_id,
        name,
        derivation.value if derivation else asdict(item)[name],
        RULES[name],
        derivation is not None,
        derivation.because if derivation else "",
        derivation.inputs if derivation else (),
        tuple(sorted(_events(story, sources, AT_TRACKERS.get(name)), key=lambda event: -event.seq)),
    )


def _derived(item: PoamItem, name: str, profile: Profile | None, day: Day) -> Derivation:
    if profile is None:
        raise InputError(
            f"{name} of {item.poam_id} cannot be derived: its system {item.system_id} is not in the configuration",
            hint="add it to [[systems]] again: its profile holds the rules",
        )
    return DERIVED[name](item, profile, day)


def _story(database: Database, item: PoamItem) -> Story:
    mine = ("item_uid = ?", (item.uid,))
    links = {link.id: link for link in rows(database, Link, *mine)}
    kept = rows(database, Sighting, "link_id IN (SELECT id FROM links WHERE item_uid = ?)", (item.uid,))
    return Story(
        tuple(entries(database, item.uid)),
        links,
        {each.link_id: each for each in kept},
        {each.id: each for each in rows(database, Request, *mine)},
        {each.id: each for each in rows(database, Conflict, *mine)},
    )


def _events(story: Story, sources: Sequence[str], at_tracker: str | None) -> list[Event]:
    found = [event for row in story.rows for name in sources for event in _own(story, row, name)]
    seen = [row for row in story.rows if row.entity == OBSERVED and row.field == at_tracker]
    return [*found, *(_event(story, row, "observed", row.field, row.old, row.new) for row in seen)]


def _own(story: Story, row: Entry, name: str) -> list[Event]:
    """The event that a journal row is for a field, if it is one."""
    if row.entity == "items" and row.field == name:
        return [_event(story, row, "changed", name, plain(name, row.old), plain(name, row.new))]
    if row.entity == "items" and row.field == CREATED:
        return [_event(story, row, "created", name, None, told_value(name, created(row).get(name)))]
    if row.entity == name and row.field == CREATED:
        return [_event(story, row, "added", name, None, told_value(name, [created(row)]))]
    return []


def _event(story: Story, row: Entry, kind: str, field: str, old: str | None, new: str | None) -> Event:
    link = _link(story, row)
    return Event(
        row.seq,
        kind,
        row.at,
        row.person,
        row.on_behalf_of,
        row.role,
        row.origin,
        row.source,
        row.cycle,
        link.connector if link else "",
        link.remote_key if link else "",
        link.url if link else "",
        field,
        old,
        new,
        row.reason,
        rule_of(row.source) if field == "state" else "",
        outcomes(story, row) if kind == "observed" else (),
    )


def _link(story: Story, row: Entry) -> Link | None:
    """The issue that a journal row came through: where it was seen, or where the request or conflict behind it was."""
    if row.entity == OBSERVED:
        return story.links.get(row.entity_id)
    if decided := re.fullmatch(r"(request|conflict) (\d+)", row.source):
        number = int(decided[2])
        behind = story.requests.get(number) if decided[1] == "request" else story.conflicts.get(number)
        return story.links.get(behind.link_id or "") if behind else None
    if not row.origin.startswith("sync:"):
        return None
    same = {each.entity_id for each in story.rows if each.entity == OBSERVED and _same_source(each, row)}
    there = [link for link in story.links.values() if f"sync:{link.connector}" == row.origin]
    told = [link for link in there if link.id in same] or there
    return told[0] if len(told) == 1 else None


def _same_source(seen: Entry, row: Entry) -> bool:
    return (seen.origin, seen.source) == (row.origin, row.source) and seen.seq < row.seq


_LINES: Mapping[str, str] = {
    "assets": "{identifier}",
    "milestones": "({number}) {scheduled_completion_date} : {description}",
    "milestone_changes": "({number}) {kind} {date} : {description}",
}
"""The lists of an item, as `poam show` prints their entries."""


def told_value(name: str, value: object) -> str | None:
    """A value as text: of a list a line per entry, None for what is not there."""
    if isinstance(value, list | tuple):
        return "\n".join(_LINES[name].format(**each) if isinstance(each, Mapping) else str(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return None if value is None else str(value)
