"""What GitHub's events make of an issue's history, for every order in which people may click."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from poam.connectors.base import Status
from poam.connectors.github.history import history_of
from poam.connectors.github.reading import due_dates, status_of

LABELS = ("due:2026-04-01", "due:2026-05-01", "in progress", "blocked", "team:web")
REASONS = ("completed", "not_planned", "duplicate")
CLICKS = st.lists(st.sampled_from((*LABELS, *REASONS, "reopen")), max_size=30)


class Desk:
    """An issue and the events that clicks on it leave behind."""

    def __init__(self) -> None:
        self.labels: set[str] = set()
        self.reason: str | None = None
        self.events: list[dict[str, Any]] = []

    def click(self, what: str) -> None:
        """Toggles a label, closes with a reason, or reopens."""
        if what in LABELS:
            self._tell("unlabeled" if what in self.labels else "labeled", label={"name": what})
            self.labels ^= {what}
        elif what == "reopen" and self.reason:
            self._tell("reopened")
            self.reason = None
        elif what != "reopen":
            self._tell("closed", state_reason=None if what == "completed" else what)
            self.reason = what

    def row(self) -> dict[str, Any]:
        """The issue as GitHub shows it now."""
        return {
            "created_at": "2026-03-01T00:00:00Z",
            "user": {"login": "poam-bot"},
            "labels": [{"name": name} for name in sorted(self.labels)],
            "state": "closed" if self.reason else "open",
            "state_reason": self.reason,
        }

    def _tell(self, kind: str, **details: Any) -> None:
        actor = {"login": f"person-{len(self.events)}"}
        event = {"id": len(self.events), "event": kind, "actor": actor, "created_at": "2026-03-02T12:00:00Z"}
        self.events.append({**event, **details})


@given(before=CLICKS, told=CLICKS, later=CLICKS)
def test_history_ends_in_the_present_whatever_came_before_or_after(
    before: list[str], told: list[str], later: list[str]
) -> None:
    desk = Desk()
    for click in before:
        desk.click(click)
    window = len(desk.events)
    for click in told:
        desk.click(click)
    row, days = desk.row(), due_dates(desk.labels)
    now: Status = status_of(desk.reason is not None, desk.reason, desk.labels)
    told_events = desk.events[window:]
    history = history_of(row, told_events[::-1])
    for change in history:
        assert change.old != change.new
        assert change.author.id == f"person-{change.id}"
    assert [change.id for change in history] == sorted({change.id for change in history})
    last = {change.field: change.new for change in history}
    assert last.get("status", now) == now
    assert len(days) > 1 or last.get("due_date", "".join(days) or None) == ("".join(days) or None)
    for click in later:
        desk.click(click)
    longer = history_of(row, desk.events[window:])
    assert [change for change in longer if change.id < window + len(told_events)] == list(history)


@given(CLICKS)
def test_each_change_begins_where_the_one_before_it_ended(clicks: list[str]) -> None:
    desk = Desk()
    for click in clicks:
        desk.click(click)
    history = history_of(desk.row(), desk.events)
    for field in ("status", "due_date"):
        values = [(change.old, change.new) for change in history if change.field == field]
        assert all(before[1] == after[0] for before, after in pairwise(values))


@given(clicks=CLICKS, listed=st.integers(0, 30))
def test_a_feed_that_lags_behind_the_issue_tells_nothing_after_what_it_leaves_out(
    clicks: list[str], listed: int
) -> None:
    desk = Desk()
    for click in clicks:
        desk.click(click)
    whole = [(change.id, change.field) for change in history_of(desk.row(), desk.events)]
    told = [(change.id, change.field) for change in history_of(desk.row(), desk.events[:listed], "2026-03-02")]
    assert told == whole[: len(told)]


def test_an_event_that_contradicts_the_issue_for_good_holds_nothing_back() -> None:
    """A label deleted in the repository goes without an event."""
    desk = Desk()
    desk.click("due:2026-04-01")
    desk.labels.clear()
    desk.click("not_planned")
    assert [change.field for change in history_of(desk.row(), desk.events, "2026-03-03")] == ["status"]
    assert history_of(desk.row(), desk.events, "2026-03-02") == ()
