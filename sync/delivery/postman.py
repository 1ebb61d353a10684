"""What every delivery to one connector needs: the record, the tracker, the rules, the clock; and what was delivered."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime

from ...connectors.base import Issue, Tracker
from ...connectors.errors import TrackerError
from ..commit import commit
from ..errors import MassChange
from ..guard import is_more_than_usual
from ..looking.look import look
from ..looking.rules import Rules
from ..looking.steps import NOTHING_WRITTEN, Step, Writes
from ..looking.views import view_of
from ..record.kinds import Owed
from ..record.mirrors import count_live, link_of
from ..record.owed import in_hand
from ..record.record import Record
from ..record.rows import keep
from ..record.unit import Unit
from ..settings.config import Config
from ..times import iso


@dataclass(slots=True)
class Delivery:
    """What was sent, and the error that stopped the rest, if one did."""

    created: int = 0
    edited: int = 0
    refused: int = 0
    error: TrackerError | MassChange | None = None
    failed_in_a_row: int = 0
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Postman:
    """One connector's postman in one cycle."""

    record: Record
    config: Config
    tracker: Tracker
    rules: Rules
    clock: Callable[[], datetime]
    cycle: str
    delivery: Delivery = field(default_factory=Delivery)

    @property
    def now(self) -> str:
        """The current instant."""
        return iso(self.clock())

    def unit(self) -> AbstractContextManager[Unit]:
        """A unit of work of this cycle, now."""
        return self.record.unit(at=self.now, cycle=self.cycle)

    def keep(self, owed: Owed, **changes: str | int) -> Owed:
        """The owed write as it stands, with these changes, stored."""
        changed = replace(in_hand(self.record.db, owed), **changes)  # type: ignore[arg-type]
        with self.unit() as unit:
            keep(unit, changed)
        return changed

    def take_in(self, link_id: str, issue: Issue, *, wrote: Writes = NOTHING_WRITTEN) -> Step | None:
        """Stores what a look at an issue leads to; None when it shows an older state than the one we know.

        `wrote` holds the fields that we have just written and are reading back. An answer without a history may
        show what a person did meanwhile: then the issue is read with it, before anybody is left unnamed.
        """
        view = view_of(self.record.db, self.config, link_of(self.record.db, link_id))
        step = look(view, issue, self.rules, self.now, wrote=wrote)
        if step is not None and not step.is_attributed:
            step = look(view, self.tracker.get(issue.id), self.rules, self.now)
        if step is not None:
            self._must_be_usual(step)
            with self.unit() as unit:
                commit(unit, self.config, step)
            self.delivery.steps.append(step)
        return step

    def _must_be_usual(self, step: Step) -> None:
        """A bulk edit that no list showed yet comes to light as the issues are read to be written: the guard holds
        for it, too. Raises MassChange.
        """
        if not (step.item_changes or step.requests):
            return
        touched = {each.view.link.id for each in (*self.delivery.steps, step) if each.item_changes or each.requests}
        name = self.rules.connector
        if is_more_than_usual(len(touched), count_live(self.record.db, name), self.config.sync.limits):
            raise MassChange(
                f"{name}: far more changed there than usual while we wrote, so nothing more was done",
                hint="the next cycle sees all of it and asks: poam plan",
            )
