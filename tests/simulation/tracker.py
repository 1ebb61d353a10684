"""The port over a world: what a connector makes of a tracker, with the faults of both.

Without faults it keeps every connector's contract (tests/connectors/simulated_stage.py).
Errors are raised as `connectors/errors.py` promises: after `Unavailable` a write was not applied as a whole, after
`Unsettled` nobody knows. What is under way when the process gives up, or dies, may still land, within the known bound.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from poam.connectors.base import Capabilities, Created, Draft, Edit, Health, Issue, Page, Visibility
from poam.connectors.errors import Forbidden, RateLimited, Rejected, Stale, TrackerError, Unavailable, Unsettled
from poam.connectors.sandbox.clock import iso

from .edits import changes_something, erases, told
from .faults import Crash, Faults
from .swarm import IN_FLIGHT, OVERLAP, READ_FAULTS, TIMEOUT, WRITE_FAULTS
from .timeline import HOUR, MINUTE, SECOND
from .world import BOT, CANARY, World


@dataclass(slots=True)
class SimTracker:
    """A client of one world. `breathe` lets people work while a call is under way; `seen` is what `get` just said."""

    world: World
    faults: Faults
    breathe: Callable[[], None]
    note: Callable[[str], None]
    forbidden_until: int = 0
    last: Edit | None = None
    seen: Issue | None = None

    @property
    def name(self) -> str:
        """The connector's name."""
        return self.world.name

    @property
    def capabilities(self) -> Capabilities:
        """See `Tracker`, here and below."""
        return self.world.capabilities

    @property
    def credential(self) -> str:
        return BOT.id

    def check(self) -> Health:
        self._read("check")
        return Health(BOT, "simulated", self._visible(), self.name, self.world.now())

    def visibility(self) -> Visibility:
        self._read("visibility")
        return self._visible()

    def changed_since(self, cursor: str | None) -> Page:
        """Keyset pages in the order of change; what changes during the walk comes again."""
        self._read("changed_since")
        self.world.read_anew = self.world.read_anew or cursor is None
        began = self.world.now()
        found: dict[str, Issue] = {}
        for row in self._walk(self.since(cursor)):
            found.pop(row.id, None)
            found[row.id] = row
        rows = sorted(found.values(), key=lambda row: (row.updated, int(row.id)))
        self._answered("changed_since")
        return Page([row for row in rows if row.marked], max(cursor or "", self.reached(began, rows)))

    def since(self, cursor: str | None) -> str:
        """Where a read begins: as far behind the last one as the index may lag."""
        return _back(cursor, OVERLAP[self.world.kind.name]) if cursor else ""

    def reached(self, began: str, rows: Sequence[Issue]) -> str:
        """How far a read came, by the server's clock: of its own begin, or of the newest row."""
        if self.world.kind.name == "jira":
            return began if rows else ""
        return max((row.updated for row in rows), default="")

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        self._read("get")
        issue = self.world.get(issue_id)
        self._answered("get")
        self.seen = issue
        return replace(issue, history=()) if known and issue.version == known else issue

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        self._read("get_many")
        visible = [issue_id for issue_id in issue_ids if issue_id not in self.world.hidden]
        found = [self.world.issues[issue_id] for issue_id in visible if issue_id in self.world.issues]
        self._answered("get_many")
        return found

    def find(self, marker: str, *, since: str) -> Sequence[Issue]:
        self._read("find")
        carrying = [row for row in self.world.listed() if row.marker == marker and row.created >= since]
        ours = [row for row in carrying if self.is_ours(row)]
        self._answered("find")
        return sorted(ours, key=lambda row: int(row.id))

    def is_ours(self, row: Issue) -> bool:
        """Whether our own account made it; a clone has another author."""
        return row.author == BOT

    def named(self, key: str) -> Issue:
        return self.get(key.rpartition("-")[2])

    def unmarked(self, limit: int) -> Sequence[Issue]:
        self._read("unmarked")
        return [row for row in self.world.listed()[::-1] if not row.marked][:limit]

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """All in one request, which may refuse some of them."""
        for draft in drafts:
            self.note(f"create {draft.marker[:4]} {draft.title!r}")
            self._keeps_secrets(draft.title, draft.body)
        chance = self.faults.swarm.write_fault if len(drafts) > 1 else 0.0
        refused = {draft.marker for draft in drafts if self.faults.strike(("rejected",), chance)}
        taken = [draft for draft in drafts if draft.marker not in refused]
        issues = self._write("create", lambda: [self.world.draft(draft) for draft in taken], nothing=lambda: None)
        made = {issue.marker: issue for issue in issues}
        return [self._answer(made[draft.marker]) if draft.marker in made else _refusal() for draft in drafts]

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        self.note(f"edit {issue.id} {told(edit)}")
        self._keeps_secrets(edit.title, edit.body, edit.comment)
        if edit is not self.last:  # what a repeat finds done already is not the engine's doing
            self.faults.counted["idle edits"] += not changes_something(issue, edit)
        self.last = edit
        self.faults.counted["erased texts"] += self.seen is None or self.seen.id != issue.id or erases(self.seen, edit)
        stages = self._stages(issue, edit)
        named = [name for name in ("title", "body", "due_date", "status") if getattr(edit, name) is not None]
        (after,) = self._write(
            "edit", lambda: [_last(stages)], nothing=stages[0], issue_id=issue.id, fields=("", *named)
        )
        return replace(after, history=()) if self.world.kind.labels else after

    def close(self) -> None:
        """Nothing to release."""

    def _answer(self, issue: Issue) -> Created:
        return Created(issue.id, issue.key, issue.url, issue if self.world.kind.answers_whole else None)

    # --- how an edit is put into the tracker's own requests

    def _stages(self, read: Issue, edit: Edit) -> list[Callable[[], Issue]]:
        """The fields in one request, each hop to the status in another, as the issue that was read asks for, and a
        comment in the last.
        """
        stages: list[Callable[[], Issue]] = [lambda: self._fields(read, edit)]
        if edit.status not in (None, read.status.category):
            if self._hops and (read.status.category, edit.status) == ("todo", "done"):
                stages.append(lambda: self._status(read.id, "doing"))
            stages.append(lambda: self._status(read.id, edit.status or ""))
        if edit.comment:
            stages.append(lambda: self.world.say(BOT, read.id, edit.comment or ""))
        return stages

    @property
    def _hops(self) -> bool:
        """Whether the workflow knows no way from to do to done; where labels tell of the work, there is none."""
        return self.world.swarm.hops and not self.world.kind.labels

    def _fields(self, read: Issue, edit: Edit) -> Issue:
        """Labels are taken off and put on; so are due dates, where they are labels."""
        now = self.world.get(read.id)
        values: dict[str, Any] = {"labels": (now.labels - edit.remove_labels) | edit.add_labels}
        plain = {"title": edit.title, "body": edit.body, "marker": edit.marker}
        values |= {name: value for name, value in plain.items() if value is not None}
        if edit.marker is not None:
            values["marked"] = True
        if edit.due_date is not None:
            others = set(now.due_dates) - set(read.due_dates) if self.world.kind.labels else set()
            values["due_dates"] = others | ({edit.due_date} if edit.due_date else set())
        return self.world.change(BOT, read.id, values)

    def _status(self, issue_id: str, category: str) -> Issue:
        return self.world.change(BOT, issue_id, {"status": self.world.kind.statuses[category]})

    def _keeps_secrets(self, *texts: str | None) -> None:
        """What strangers can read holds nothing that they must not."""
        if self.world.visibility != "private" and any(CANARY in (text or "") for text in texts):
            self.faults.counted["leaks"] += 1

    # --- what may go wrong

    def _visible(self) -> Visibility:
        return self.world.visibility  # type: ignore[return-value]

    def _walk(self, since: str) -> list[Issue]:
        """Page after page, each as the index then is, from behind the last row of the page before."""
        rows: list[Issue] = []
        last = ("", 0)
        while page := self.page(since, last, len(rows)):
            rows += page
            last = (page[-1].updated, int(page[-1].id))
            if len(page) < self.world.swarm.page or len(rows) > 500:
                break
            self._between()
        return rows

    def page(self, since: str, last: tuple[str, int], offset: int) -> list[Issue]:
        """The rows behind `last`; a careless client would count them instead."""
        rows = [row for row in self.world.listed() if row.updated >= since and (row.updated, int(row.id)) > last]
        return rows[: self.world.swarm.page]

    def _between(self) -> None:
        self.faults.place()
        self.breathe()
        self.world.time.pass_(self.faults.rng.randint(50, 900))

    def _read(self, operation: str) -> None:
        self._arrives(operation)
        self._doze()
        kind = self.faults.strike(READ_FAULTS, self.faults.swarm.fault)
        self._refuse(kind, operation)
        if kind == "slow":
            self.world.time.pass_(TIMEOUT)
            raise Unavailable(f"{self.name}: {operation} timed out")
        if kind == "odd":
            raise ValueError(f"{self.name}: {operation} answered nonsense")

    def _arrives(self, operation: str) -> None:
        self.faults.counted["calls"] += 1
        self.seen = None
        self.faults.place()
        self.breathe()
        self.world.time.pass_(self.faults.rng.randint(20, 700))
        if self.faults.active and self.world.time.now < self.forbidden_until:
            raise Forbidden(f"{self.name}: the token is not accepted")

    def _answered(self, operation: str) -> None:
        self._doze()
        self.faults.place()
        self.breathe()

    def _doze(self) -> None:
        """The machine sleeps for hours, as laptops and paused containers do; its clock then jumps."""
        if self.faults.active and self.faults.rng.random() < self.faults.swarm.asleep:
            self.note("the machine sleeps")
            self.world.time.pass_(self.faults.rng.randint(MINUTE, 5 * HOUR))

    def _refuse(self, kind: str, operation: str, named: Sequence[str] = ("",)) -> None:
        """What a tracker refuses before it does anything; it may name the field at fault."""
        if not kind:
            return
        self.note(f"{kind} at {operation}")
        match kind:
            case "unavailable":
                raise Unavailable(f"{self.name}: {operation} is unavailable")
            case "limited":
                raise RateLimited(f"{self.name}: too many requests", retry_after=self.faults.rng.choice((1, 40, 600)))
            case "forbidden":
                self.forbidden_until = self.world.time.now + self.faults.rng.randint(SECOND, HOUR)
                raise Forbidden(f"{self.name}: the token is not accepted")
            case "rejected":
                raise Rejected(f"{self.name}: {operation} is refused", field=self.faults.rng.choice(named))

    def _write(
        self,
        operation: str,
        effect: Callable[[], list[Issue]],
        *,
        nothing: Callable[[], object],
        issue_id: str = "",
        fields: Sequence[str] = ("",),
    ) -> list[Issue]:
        """One request that changes something, and its fate. `nothing` is the part that a half-done one does."""
        self._arrives(operation)
        if issue_id:
            self.world.get(issue_id)
        if self.faults.dies_sending():
            self.note(f"dies during {operation}")
            self._lands_later(effect)
            raise Crash
        kind = self.faults.strike(WRITE_FAULTS, self.faults.swarm.write_fault)
        self._refuse(kind, operation, fields)
        match kind:
            case "stale" if issue_id:
                raise Stale(f"{self.name}: {issue_id} changed")
            case "never":
                self.world.time.pass_(TIMEOUT)
                raise Unsettled(f"{self.name}: no answer")
            case "late":
                self._lands_later(effect)
                self.world.time.pass_(TIMEOUT)
                raise Unsettled(f"{self.name}: no answer")
            case "partial" if issue_id:
                nothing()
                raise self.faults.rng.choice((Unsettled("cut off"), RateLimited("slow down", retry_after=5)))
            case "twice" if not issue_id:  # no tracker that keeps its promises does that
                self.world.doubled |= {str(issue.marker) for issue in effect()}
        answer = effect()
        self._answered(operation)
        if kind == "lost":
            self.world.time.pass_(TIMEOUT)
            raise Unsettled(f"{self.name}: the answer was lost")
        if kind == "odd":
            raise ValueError(f"{self.name}: {operation} answered nonsense")
        return answer

    def _lands_later(self, effect: Callable[[], object]) -> None:
        """A request under way takes effect within the client's timeout and what the engine allows beyond it."""

        def lands() -> None:
            try:
                effect()
            except TrackerError:
                self.note("a late request found nothing to change")
            else:
                self.note("a late request took effect")

        self.world.time.after(self.faults.rng.randint(1, TIMEOUT + IN_FLIGHT), lands)


def _refusal() -> Rejected:
    return Rejected("one of several was refused")


def _last(stages: Sequence[Callable[[], Issue]]) -> Issue:
    return [stage() for stage in stages][-1]


def _back(moment: str, milliseconds: int) -> str:
    return iso(datetime.fromisoformat(moment) - timedelta(milliseconds=milliseconds))
