"""From GitHub's events to an issue's history: what each event made of status, due date and title. Pure.

GitHub tells of switches (closed or not, a label on or off), not of values, and tells only a window of them.
The present is certain, so every switch is first brought into agreement with it: events that contradict the
present came after our look, or went unreported (a label deleted in the repository). The rest, undone from
the present, gives the state before the window, and replayed from there, the changes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import dropwhile
from math import inf
from typing import Any

from ..base import Change, Value
from .dates import Dated
from .reading import account_of, due_dates, labels_of, moment, status_of

Event = Mapping[str, Any]

_ON = {"closed": True, "reopened": False, "labeled": True, "unlabeled": False}
_RENAMED = "renamed"
_CLOSED = "closed"
_LABEL = "label "


@dataclass(frozen=True, slots=True)
class _State:
    """What an issue's switches showed at one moment. `due` is the last date that was the only one."""

    closed: bool
    reason: str | None
    labels: frozenset[str]
    due: str | None = None

    def after(self, event: Event) -> _State:
        """The state once the event has happened."""
        on = _ON[event["event"]]
        if not _label(event):
            return replace(self, closed=on, reason=event.get("state_reason") if on else None)
        labels = self.labels | {_label(event)} if on else self.labels - {_label(event)}
        return replace(self, labels=labels)._settled()

    def _settled(self) -> _State:
        """Two dates at once are no date: a person exchanging labels passes through this, in either order."""
        days = due_dates(self.labels)
        return self if len(days) > 1 else replace(self, due=days[0] if days else None)


def history_of(
    row: Mapping[str, Any], events: Iterable[Event], settled: str = "9999", dates: Dated | None = None
) -> tuple[Change, ...]:
    """The changes that lead to the issue as the row shows it, oldest first. Events may come in any order, and with
    others, such as a timeline holds, that have no id or one of another kind.

    The feed may lag behind the row: an event since `settled` that contradicts it has a successor that is still to
    come. Then it and what follows are left for a later read, so that nobody reads on past what is not told yet.

    `dates` is how the due date changed where something else than labels shows it.
    """
    told = sorted(filter(_is_told, events), key=lambda event: int(event["id"]))
    ordered = list(dropwhile(lambda event: _is_birth(row, event), told))
    agreed = _agreed(row, [event for event in ordered if event["event"] in _ON])
    renamed = [event for event in ordered if event["event"] == _RENAMED]
    changes = [*_replayed(_before(row, agreed), agreed), *map(_renaming, renamed)]
    whole = _whole_until(ordered, agreed, settled)
    if dates is not None:
        changes = [change for change in changes if change.field != "due_date" or not dates.holds] + [*dates.changes]
        whole = min(whole, dates.until)
    return tuple(sorted((change for change in changes if change.id < whole), key=lambda change: change.id))


def _is_told(event: Event) -> bool:
    return event.get("event") in _ON or event.get("event") == _RENAMED


def _whole_until(events: Sequence[Event], agreed: Sequence[Event], settled: str) -> float:
    """The first event that is not to be told yet."""
    kept = {event["id"] for event in agreed}
    left_out = [event for event in events if event["event"] in _ON and event["id"] not in kept]
    return min((event["id"] for event in left_out if event["created_at"] >= settled), default=inf)


def _is_birth(row: Mapping[str, Any], event: Event) -> bool:
    """Labels given in the create request are told as events of that second; they are no changes."""
    same = event["created_at"] == row["created_at"] and account_of(event["actor"]) == account_of(row["user"])
    return same and event["event"] == "labeled"


def _agreed(row: Mapping[str, Any], events: Sequence[Event]) -> list[Event]:
    """The events without those, last of their switch, that contradict the present."""
    present = _present(row)
    by_switch: dict[str, list[Event]] = defaultdict(list)
    for event in events:
        by_switch[_switch(event)].append(event)
    for switch, told in by_switch.items():
        while told and _ON[told[-1]["event"]] != (switch in present):
            told.pop()
    kept = {event["id"] for told in by_switch.values() for event in told}
    return _explained(row, [event for event in events if event["id"] in kept])


def _explained(row: Mapping[str, Any], events: Sequence[Event]) -> list[Event]:
    """The reason of the last closing is in the issue itself; its event often leaves it out."""
    last = max((event["id"] for event in events if event["event"] == _CLOSED), default=None)
    reason = {"state_reason": row.get("state_reason")} if row["state"] == _CLOSED else {}
    return [{**event, **reason} if event["id"] == last else event for event in events]


def _before(row: Mapping[str, Any], events: Sequence[Event]) -> _State:
    """The state before the first event: each switch stood opposite to what its first event made of it."""
    switches = set(_present(row))
    for event in reversed(events):
        (switches.discard if _ON[event["event"]] else switches.add)(_switch(event))
    names = frozenset(switch.removeprefix(_LABEL) for switch in switches if switch != _CLOSED)
    moved = any(_switch(event) == _CLOSED for event in events)
    return _State(_CLOSED in switches, None if moved else row.get("state_reason"), names)._settled()


def _replayed(state: _State, events: Iterable[Event]) -> Iterator[Change]:
    for event in events:
        following = state.after(event)
        old, new = _status(state), _status(following)
        if old != new:
            yield _change(event, "status", old, new)
        if state.due != following.due:
            yield _change(event, "due_date", state.due, following.due)
        state = following


def _status(state: _State) -> Value:
    return status_of(state.closed, state.reason, state.labels)


def _renaming(event: Event) -> Change:
    return _change(event, "title", event["rename"]["from"], event["rename"]["to"])


def _change(event: Event, field: str, old: Value, new: Value) -> Change:
    return Change(event["id"], moment(event["created_at"]), account_of(event["actor"]), field, old, new)


def _present(row: Mapping[str, Any]) -> frozenset[str]:
    """The switches that are on now."""
    names = frozenset(_LABEL + name for name in labels_of(row))
    return names | {_CLOSED} if row["state"] == "closed" else names


def _switch(event: Event) -> str:
    return _LABEL + _label(event) if _label(event) else _CLOSED


def _label(event: Event) -> str:
    label = event.get("label")
    return str(label["name"]) if label else ""
