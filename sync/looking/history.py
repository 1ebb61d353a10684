"""Reads an issue's history: what people did there since we last looked, told apart from our own echoes. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from ...connectors.base import Change, Issue, Status
from ...mapping.dates import shown_due
from ...mapping.lenses import category_of, normal_title, work_status_of
from ..record.kinds import Sighting
from .rules import Rules
from .steps import Observed, View

FIELDS = {"status": "work_status", "due_date": "due_date", "title": "title"}


def seen_values(issue: Issue, rules: Rules) -> dict[str, str | None]:
    """The issue's fields with a history, in the record's words; two due dates at once are no value at all."""
    values: dict[str, str | None] = {
        "work_status": work_status_of(issue.status, rules.statuses).value,
        "title": normal_title(issue.title, rules.capabilities.max_title),
    }
    return values if len(issue.due_dates) > 1 else values | {"due_date": next(iter(issue.due_dates), None)}


def news_of(view: View, issue: Issue, rules: Rules, wrote: Iterable[str] = ()) -> tuple[Observed, ...]:
    """What people did since our history cursor, oldest first, and what changed without anybody being named.

    `wrote` names the fields that we have just written: their change is ours, even where the answer has no history.
    """
    news = [change for change in issue.history if change.id > view.sighting.history_cursor and change.field in FIELDS]
    ours = [change for name in FIELDS for change in _echoes(view, [c for c in news if c.field == name], rules)]
    late = issue.version == view.sighting.version
    people = tuple(_observed(change, rules, ours, late=late) for change in news if change not in ours)
    if late:
        return people
    told = {FIELDS[change.field] for change in news} | set(wrote)
    return people + tuple(_unattributed(view.sighting, seen_values(issue, rules), told))


def _echoes(view: View, news: Sequence[Change], rules: Rules) -> Iterator[Change]:
    """Our own writes coming back: runs of our account that end in a value we sent (a transition may take several hops),
    or in what a person had asked for before, which a restored record has forgotten to have granted.

    A run that ends elsewhere is a person using our account, and counts; but the last one may be on its way through a
    workflow, where an edit was sent whose end was not seen yet.
    """
    sent = {(name, _form(name, value)) for name, value in view.sent}
    asked: set[str | None] = set()
    for mine, run in groupby(news, key=lambda change: change.author.id in rules.accounts):
        changes = list(run)
        last, values = changes[-1], [_word(change.new, rules) for change in changes]
        is_on_its_way = view.is_moving and last is news[-1] and last.field == "status"
        if not mine:
            asked.update(values)
        elif _sent_form(last) in sent or _agreed(view, last, rules) or values[-1] in asked or is_on_its_way:
            yield from changes


def _agreed(view: View, change: Change, rules: Rules) -> bool:
    """Back to the pair both sides know, or to what the record says now: ours, even where a restored record has
    forgotten that it sent it.
    """
    base = view.bases.get(FIELDS[change.field])
    if base is not None and base.tracker_value == _word(change.new, rules):
        return True
    if isinstance(change.new, Status):
        return change.new.category == category_of(view.work)
    return change.field == "due_date" and (change.new or None) == shown_due(view.own, view.profile)


def _sent_form(change: Change) -> tuple[str, str | None]:
    value = change.new.category if isinstance(change.new, Status) else change.new or None
    return change.field, _form(change.field, value)


def _form(field: str, value: str | None) -> str | None:
    """What is left of a value that a tracker made its own: of a title, its letters and digits."""
    return "".join(filter(str.isalnum, value.casefold())) if field == "title" and value else value


def _observed(change: Change, rules: Rules, ours: Sequence[Change], *, late: bool) -> Observed:
    """`late`: the state was seen without its history, as the answer to a write of ours, so the two acts crossed."""
    old, new = (_word(value, rules) for value in (change.old, change.new))
    crossed = late or any(each.field == change.field and each.id > change.id for each in ours)
    return Observed(FIELDS[change.field], old, new, change.author, change.at, str(change.id), crossed)


def _word(value: Status | str | None, rules: Rules) -> str | None:
    return work_status_of(value, rules.statuses).value if isinstance(value, Status) else value or None


def _unattributed(kept: Sighting, seen: Mapping[str, str | None], told: Collection[str]) -> Iterator[Observed]:
    """Compared with what we saw last, not with the base: a change told once is old news while its answer is owed."""
    before = {"work_status": kept.seen_work_status, "due_date": kept.seen_due_date, "title": kept.seen_title}
    for name, value in seen.items():
        if kept.version and name not in told and before[name] != value:
            yield Observed(name, before[name], value, None, "", "state")
