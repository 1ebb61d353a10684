"""Engineers at a tracker: what they do there at any moment, also while our requests are under way."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from poam.connectors.base import Account, Issue, Value

from .swarm import Swarm
from .world import BOT, CANARY, World

ANN, BOB, IRENE, ROBOT = Account("ann", "Ann"), Account("bob", "Bob"), Account("irene", "Irene"), Account("")
BODIES = ("thanks", "first line\n\nsecond line  \n", "<!-- nothing -->", "“quoted”")


@dataclass
class Engineers:
    """Those who work at one tracker. `bound` tells which of its issues the record knows as its own."""

    world: World
    rng: Random
    swarm: Swarm
    bound: Callable[[str], bool]
    note: Callable[[str], None]
    deleted: int = 0
    done: dict[str, int] = field(default_factory=dict)

    def act(self) -> None:
        """Somebody does something, if there is anything to do it to."""
        acts = [name for name, weight in self.swarm.engineers.items() if weight]
        if not acts:
            return
        name = self.rng.choices(acts, [self.swarm.engineers[each] for each in acts])[0]
        ours = [issue for issue in self.world.issues.values() if issue.author == BOT]
        if not ours and name != "unrelated":
            return
        who = self.rng.choice((ANN, ANN, BOB, IRENE))
        issue = self.rng.choice(ours) if ours else None
        self.done[name] = self.done.get(name, 0) + 1
        getattr(self, f"_{name}")(who, issue)

    def _change(self, who: Account, issue: Issue, **values: Any) -> None:
        told = {
            name: sorted(value) if isinstance(value, frozenset) else getattr(value, "name", value)
            for name, value in values.items()
        }
        self.note(f"{who.id or 'nobody'} changes {issue.id}: {told}")
        self.world.change(who, issue.id, values)

    # --- work

    def _status(self, who: Account, issue: Issue, word: str) -> None:
        self._change(who, issue, status=self.world.kind.statuses[word])

    def _start(self, who: Account, issue: Issue) -> None:
        self._status(who, issue, "doing")

    def _block(self, who: Account, issue: Issue) -> None:
        self._status(who, issue, "blocked")

    def _close(self, who: Account, issue: Issue) -> None:
        self._status(who, issue, "done")

    def _decline(self, who: Account, issue: Issue) -> None:
        self._status(who, issue, "wont_do")

    def _duplicate(self, who: Account, issue: Issue) -> None:
        self._status(who, issue, "duplicate")

    def _reopen(self, who: Account, issue: Issue) -> None:
        self._status(who, issue, "todo")

    def _automation(self, who: Account, issue: Issue) -> None:
        """A rule of the tracker, or somebody whose account was deleted: history names nobody."""
        self._status(ROBOT, issue, self.rng.choice(("doing", "done", "todo")))

    # --- dates

    def _due(self, who: Account, issue: Issue, *days: str) -> None:
        self._change(who, issue, due_dates=days)

    def _day(self, days: int) -> str:
        return (date(2026, 5, 1) + timedelta(days=days)).isoformat()

    def _due_earlier(self, who: Account, issue: Issue) -> None:
        self._due(who, issue, self._day(-self.rng.choice((1, 5, 20, 40))))

    def _due_later(self, who: Account, issue: Issue) -> None:
        self._due(who, issue, self._day(self.rng.choice((1, 10, 30, 60, 90))))

    def _due_same(self, who: Account, issue: Issue) -> None:
        self._due(who, issue, self._day(0))

    def _due_clear(self, who: Account, issue: Issue) -> None:
        self._due(who, issue)

    def _due_invalid(self, who: Account, issue: Issue) -> None:
        self._due(who, issue, self.rng.choice(("0026-05-01", "2025-12-31")))

    def _two_dates(self, who: Account, issue: Issue) -> None:
        """Another label beside the one that is there; or, where there are two, one goes."""
        if not self.world.kind.labels:
            return
        if len(issue.due_dates) > 1:
            self._due(who, issue, self.rng.choice(issue.due_dates))
        else:
            self._due(who, issue, *issue.due_dates, self._day(self.rng.choice((-7, 33))))

    # --- words and marks

    def _rename(self, who: Account, issue: Issue) -> None:
        self._change(who, issue, title=self.rng.choice(("Mine", "Fix it  now", "“Later”")))

    def _rewrite(self, who: Account, issue: Issue) -> None:
        """All of the body, or something before and after our block."""
        text = self.rng.choice(BODIES)
        self._change(who, issue, body=self.rng.choice((text, f"{text}\n{issue.body}", f"{issue.body}\n\n{text}")))

    def _label(self, who: Account, issue: Issue) -> None:
        other = {"team-red"} if self.rng.random() < 0.5 else set(issue.labels)
        self._change(who, issue, labels=issue.labels ^ frozenset(other))

    def _unmark(self, who: Account, issue: Issue) -> None:
        if self.bound(issue.id):
            self._change(who, issue, marked=False)

    def _strip(self, who: Account, issue: Issue) -> None:
        """The marker stands in the body's first line on GitHub; on Jira nobody sees it."""
        if self.bound(issue.id) and self.world.kind.labels:
            self._change(who, issue, marker=None, body="gone")

    # --- commands

    def _say(self, who: Account, issue: Issue, text: str) -> None:
        self.note(f"{who.id or 'nobody'} says below {issue.id}: {text!r}")
        self.world.say(who, issue.id, text)

    def _say_done(self, who: Account, issue: Issue) -> None:
        self._say(who, issue, self.rng.choice(("/poam done", f"/poam done https://ci.example/{CANARY}")))

    def _say_blocked(self, who: Account, issue: Issue) -> None:
        self._say(who, issue, f"/poam blocked until {CANARY} is free")

    def _say_extend(self, who: Account, issue: Issue) -> None:
        day = self._day(self.rng.choice((-20, -5, 0, 10, 60)))
        self._say(who, issue, f"/poam extend {day} because of {CANARY}")

    def _say_ask(self, who: Account, issue: Issue) -> None:
        self._say(who, issue, f"/poam {self.rng.choice(('vendor', 'checkin', 'fp'))} {CANARY}")

    def _say_other(self, who: Account, issue: Issue) -> None:
        self._say(who, issue, self.rng.choice(("/poam", "/poam status", "/poam do it", "/poam extend soon", "Hello")))

    # --- habits

    def _twice(self, who: Account, issue: Issue) -> None:
        """Two changes of mind within a second."""
        act = self.rng.choice((self._due_later, self._due_earlier, self._start, self._close, self._reopen))
        act(who, issue)
        other = self.rng.choice((self._due_later, self._reopen, self._due_same, self._close))
        other(who, self.world.issues[issue.id])

    def _revert(self, who: Account, issue: Issue) -> None:
        """Back to what it was before the last change."""
        if issue.history:
            last = issue.history[-1]
            if last.field == "due_date":
                self._due(who, issue, *_days(last.old))
            else:
                self._change(who, issue, **{last.field: last.old})

    def _copy(self, who: Account, issue: Issue) -> None:
        """What we last wrote, by somebody's own hand."""
        ours = [change for change in issue.history if change.author == BOT]
        if ours and ours[-1].field == "status":
            self._change(who, issue, status=ours[-1].new)
        elif ours and ours[-1].field == "due_date":
            self._due(who, issue, *_days(ours[-1].new))

    # --- what happens to issues

    def _clone(self, who: Account, issue: Issue) -> None:
        values = {name: getattr(issue, name) for name in ("title", "body", "due_dates", "labels", "marked")}
        self.note(f"{who.id} clones {issue.id}")
        self.world.create(who, issue.marker, values)

    def _unrelated(self, who: Account, issue: Issue | None) -> None:
        marked = self.rng.random() < 0.5
        self.world.create(who, None, {"title": "Something else", "body": "", "marked": marked})

    def _delete(self, who: Account, issue: Issue) -> None:
        """Rare, and only what the record knows: else nobody could tell a lost create from a deleted issue."""
        if self.deleted < 1 and self.bound(issue.id):
            self.deleted += 1
            self.note(f"{who.id} deletes {issue.id}")
            self.world.delete(issue.id)

    def _hide(self, who: Account, issue: Issue) -> None:
        """A permission is lost, or regained."""
        if self.world.hidden:
            self.world.hidden.clear()
        elif self.bound(issue.id):
            self.world.hidden.add(issue.id)
            self.world.once_hidden.add(issue.id)
        self.note(f"hidden now: {sorted(self.world.hidden)}")


def _days(value: Value) -> tuple[str, ...]:
    """A date of the history as labels hold it: none is no label."""
    return (value,) if isinstance(value, str) and value else ()
