"""The engine broken on purpose, one protection at a time: what the simulation must never let through.

A variant patches the real engine, or the connector's part of the bargain, for as long as it lasts. Its weather makes
the fault possible, so that it need not be waited for; the intact engine stands the same weather.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from random import Random
from typing import Any
from unittest.mock import patch

from poam.connectors.base import Account, Edit, Issue
from poam.connectors.errors import Unsettled
from poam.connectors.retry import Retrying
from poam.sync import cycle, decide, observe, recognise
from poam.sync.delivery import create, deliver, edit, postman
from poam.sync.looking import due_date, history, look
from poam.sync.looking.comments import said_since
from poam.sync.looking.existence import proof_after
from poam.sync.looking.steps import NewConflict, Observed, Step
from poam.sync.record.memory import cursor_of
from poam.sync.record.mirrors import open_answers
from poam.sync.store import store
from poam.sync.times import later

from .swarm import OVERLAP, Swarm, draw, kind_of
from .telling import Outcome, run
from .timeline import MINUTE, SECOND
from .tracker import SimTracker

Patch = tuple[object, str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """What is put in whose place, and the weather in which it shows."""

    name: str
    patches: tuple[Patch, ...]
    weather: Callable[[Swarm], Swarm]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """The broken engine."""
        with ExitStack() as stack:
            for owner, name, other in self.patches:
                stack.enter_context(patch.object(owner, name, other))
            yield

    def tell(self, seed: int) -> Outcome:
        """The story of a seed under this variant's weather."""
        return run(seed, swarm=self.weather(draw(Random(seed))))


# --- the weather


def any_weather(swarm: Swarm) -> Swarm:
    """As it is drawn."""
    return swarm


def lossy(swarm: Swarm) -> Swarm:
    """Answers are lost, processes die, and the index lags as long as it may."""
    faults = {"lost": 2.0, "late": 2.0, "never": 1.0}
    return replace(laggard(swarm), write_fault=0.5, faults=faults, crash=0.02, items=4)


def sleepy(swarm: Swarm) -> Swarm:
    """The same, on a machine that sleeps now and then."""
    return replace(lossy(swarm), asleep=0.1)


def laggard(swarm: Swarm) -> Swarm:
    """The index lags as long as it may; nobody looks at everything, or waits."""
    lag = {name: OVERLAP[kind_of(name)] for name in swarm.connectors}
    return replace(swarm, lag=lag, lagging=1.0, full=0.0, fault=0.0, pauses=(SECOND, 5 * MINUTE), steps=24)


def deadly(swarm: Swarm) -> Swarm:
    """Processes die all the time, and so long after the last cycle that no overlap shows again what that one saw."""
    return replace(swarm, crash=0.06, fault=0.0, full=0.0, pauses=(60 * MINUTE,), steps=20, items=3)


def crowded(swarm: Swarm) -> Swarm:
    """Small pages, and everybody at work while they are read, after an hour in which nobody read."""
    busy = replace(swarm, items=8, page=1, busy=0.3, staff_share=0.0)
    return replace(busy, fault=0.0, full=0.0, pauses=(90 * MINUTE,), steps=16)


def crossing(swarm: Swarm) -> Swarm:
    """Record and tracker set the work status all the time, also while our requests are under way and get lost."""
    work = dict.fromkeys(("start", "block", "close", "decline", "reopen"), 1.0)
    busy = replace(swarm, busy=0.3, engineers=work, staff={"status": 1.0}, staff_share=0.7, fault=0.0, steps=24)
    return replace(busy, write_fault=0.3, faults={"late": 3.0, "never": 1.0, "limited": 1.0}, guard=False)


def undead(swarm: Swarm) -> Swarm:
    """Dates are moved every few seconds, and what we write lands a minute later."""
    dates = {"due_earlier": 3.0, "due_clear": 2.0, "due_same": 1.0}
    hasty = replace(swarm, items=2, engineers=dates, staff_share=0.0, fault=0.0, steps=24, pauses=(25 * SECOND,))
    return replace(hasty, write_fault=0.5, faults={"late": 1.0}, cycles=0.6, guard=False)


def forecasting(swarm: Swarm) -> Swarm:
    """Record and tracker set and withdraw forecasts all the time, also while our requests are under way or get lost."""
    dates = {"due_earlier": 3.0, "due_same": 2.0, "due_later": 1.0}
    busy = replace(swarm, busy=0.2, engineers=dates, staff={"forecast": 1.0}, staff_share=0.6, fault=0.0, steps=24)
    return replace(busy, write_fault=0.2, faults={"late": 2.0, "never": 1.0, "limited": 1.0}, guard=False, items=3)


def labelled(swarm: Swarm) -> Swarm:
    """A tracker where dates are labels, and people who exchange them one after the other."""
    dates = {"due_later": 2.0, "due_earlier": 1.0, "two_dates": 5.0}
    return replace(swarm, connectors=("code",), engineers=dates, items=3, steps=20, fault=0.0, guard=False)


def lonely(swarm: Swarm) -> Swarm:
    """Trackers with one issue each, and somebody who deletes."""
    return replace(swarm, items=1, engineers={"delete": 1.0, "start": 1.0}, steps=12, fault=0.0)


def talkative(swarm: Swarm) -> Swarm:
    """People speak in commands, and what we answer is lost, comes late, or dies with the process."""
    words = {"say_done": 1.0, "say_extend": 1.0, "say_other": 2.0}
    hasty = replace(swarm, items=2, engineers=words, staff_share=0.0, fault=0.0, steps=24, pauses=(MINUTE,))
    return replace(hasty, write_fault=0.5, faults={"late": 1.0, "lost": 1.0}, crash=0.02, guard=False)


def public(swarm: Swarm) -> Swarm:
    """Places become public and private again, and the record is edited all the time."""
    return replace(swarm, publish=0.2, text="full", staff={"plan": 1.0, "title": 1.0}, staff_share=0.5, fault=0.0)


def impatient(swarm: Swarm) -> Swarm:
    """Trackers ask for a pause all the time, and people rewrite what both sides write to."""
    busy = replace(swarm, busy=0.3, engineers={"rewrite": 1.0}, staff={"plan": 1.0}, staff_share=0.5, fault=0.0)
    return replace(busy, write_fault=0.5, faults={"limited": 1.0, "unavailable": 1.0}, attempts=5, guard=False)


# --- what is broken


def as_it_was_planned(self: Retrying, issue: Issue, edit: Edit) -> Issue:
    """After a pause the edit goes to the issue as it stands by then, with the text that was planned before."""
    tries, send = count(), self._formed(self._tracker.edit, Unsettled)
    return self._call(lambda: send(self.get(issue.id) if next(tries) else issue, edit))


def never_asked(postman: Any, owed: Any, link: Any) -> bool:
    """A create without an answer is sent again at once."""
    return True


_keep = create.keep


def forgets_to_say_so(unit: Any, owed: Any) -> Any:
    """Nothing tells that a create was under way when the process died."""
    return _keep(unit, replace(owed, state="PENDING") if owed.state == "SENDING" else owed)


def no_journey(settings: Any, limits: Any) -> timedelta:
    """That a search does not find it proves at once that it never arrived."""
    return timedelta(0)


def judged_afterwards(postman: Any, owed: Any, link: Any) -> bool:
    """A search counts by the time of its answer, though it may have begun long before."""
    hits = owed.state == "PENDING" or postman.tracker.find(link.marker, since="")
    if hits is True or not hits:
        waited = proof_after(postman.config.connectors[link.connector], postman.config.sync.limits)
        return bool(hits) or postman.now >= later(owed.send_deadline, waited)
    create._adopt(postman, link, *hits)
    return False


def our_own_clock(self: SimTracker, began: str, rows: Sequence[Issue]) -> str:
    """How far a read came is told by the engine's clock."""
    return self.world.time.text(self.world.swarm.skew.get("engine", 0)) if rows else ""


def hasty_store(record: Any, config: Any, each: Any, moment: str) -> bool:
    """How far was read is kept before what was read."""
    name, cursor = each.seen.connector, each.seen.cursor
    moves = each.seen.rules is not None and cursor not in (None, cursor_of(record.db, name))
    if moves:
        with record.unit(at=moment, cycle=moment) as unit:
            unit.put("cursors", {"connector": name, "cursor": cursor, "read_at": moment})
    return store(record, config, each, moment) or moves


def where_the_last_one_ended(self: SimTracker, cursor: str | None) -> str:
    """No read looks back."""
    return cursor or ""


def counted_page(self: SimTracker, since: str, last: tuple[str, int], offset: int) -> list[Issue]:
    """Pages are counted, though rows move between them."""
    return [row for row in self.world.listed() if row.updated >= since][offset : offset + self.world.swarm.page]


def anybodys(self: SimTracker, row: Issue) -> bool:
    """A search does not look at the author."""
    return True


def whoever_wrote_it(issue: Issue, link: Any, me: str) -> bool:
    """Nor does a look."""
    return bool(issue.marker == link.marker)


def from_the_state(view: Any, issue: Issue, rules: Any, wrote: Any = ()) -> tuple[Observed, ...]:
    """What people want is read off the state, and laid to whoever did something last."""
    last = issue.history[-1] if issue.history else None
    who, source = (last.author, str(last.id)) if last else (Account("nobody"), "state")
    seen = history.seen_values(issue, rules)
    return tuple(
        Observed(name, base.tracker_value, seen.get(name), who, issue.updated, source)
        for name, base in view.bases.items()
        if name in seen and name not in wrote and seen[name] != base.tracker_value
    )


_look = look.look


def careless_look(view: Any, issue: Issue, *others: Any, **named: Any) -> Any:
    """An older state than the one we know is taken for news."""
    blind = replace(view, sighting=replace(view.sighting, updated=""))
    step = _look(blind, issue, *others, **named)
    return step and replace(step, view=view)


def forgets_the_first(sketch: Any) -> None:
    """A date that stands beside another one is not kept for the time when it stands alone."""
    if not sketch.view.disputes("due_date", "refused"):
        theirs = ", ".join(sketch.issue.due_dates)
        sketch.conflicts.append(NewConflict("due_date", None, None, theirs, sketch.proposal("due_date"), "refused"))


def heard(view: Any) -> bool:
    """Whatever people here say of a forecast is known to the engineers."""
    return False


def same_row(unit: Any, owed: Any) -> Any:
    """A write planned anew takes the place of the one that may still arrive."""
    return owed


_observed = history._observed


def uncrossed(*arguments: Any) -> Observed:
    """That our own write followed a person's unseen one is not noticed."""
    return replace(_observed(*arguments), crossed=False)


def everything_owed(postman: Any, link: Any, read_at: str) -> Any:
    """What may be on its way is said once more."""
    return open_answers(postman.record.db, link.id)


def not_marked(unit: Any, answers: Any, left_by: str) -> None:
    """Nothing tells that an answer was under way when the process died."""


def read_at_every_look(view: Any, issue: Issue, rules: Any) -> Any:
    """Comments are read anew whenever an issue changes."""
    return said_since(replace(view, sighting=replace(view.sighting, comment_cursor=0)), issue, rules)


_must_be_able_to_see = observe._must_be_able_to_see


def asks_the_missing(database: Any, name: str, tracker: Any, seen: Any, missing: Any) -> None:
    """Whether anything can be read is asked of the very issue that is missing."""
    _must_be_able_to_see(database, name, tracker, seen, ())


def never_asks_who_reads(postman: Any) -> Any:
    """Who can read the place was asked once, long ago."""
    return postman


VARIANTS: Mapping[str, Variant] = {
    name: Variant(name, patches, weather)
    for name, weather, patches in (
        ("blind retry", lossy, ((deliver, "cleared_to_send", never_asked),)),
        ("SENDING not committed first", lossy, ((create, "keep", forgets_to_say_so),)),
        ("resend without waiting", lossy, ((create, "proof_after", no_journey),)),
        ("search judged by its end", sleepy, ((deliver, "cleared_to_send", judged_afterwards),)),
        ("local-clock cursor", any_weather, ((SimTracker, "reached", our_own_clock),)),
        ("cursor saved first", deadly, ((cycle, "store", hasty_store),)),
        ("no overlap", laggard, ((SimTracker, "since", where_the_last_one_ended),)),
        ("offset paging", crowded, ((SimTracker, "page", counted_page),)),
        (
            "marker trusted without author",
            any_weather,
            ((SimTracker, "is_ours", anybodys), (recognise, "is_copy_of", whoever_wrote_it)),
        ),
        ("state-only merge", any_weather, ((look, "news_of", from_the_state),)),
        ("late write forgotten", undead, ((edit, "renewed", same_row),)),
        ("crossing not noticed", crossing, ((history, "_observed", uncrossed),)),
        ("forecast overruled in silence", forecasting, ((due_date, "is_unheard", heard),)),
        ("date beside another forgotten", labelled, ((due_date, "_ambiguous", forgets_the_first),)),
        ("read-back without history trusted", any_weather, ((Step, "is_attributed", True),)),
        ("text sent again after a pause", impatient, ((Retrying, "edit", as_it_was_planned),)),
        ("missing issue asked about itself", lonely, ((observe, "_must_be_able_to_see", asks_the_missing),)),
        ("answer given again at once", talkative, ((edit, "sendable", everything_owed),)),
        ("answer not marked as under way", talkative, ((edit, "mark", not_marked),)),
        ("comments read twice", talkative, ((look, "said_since", read_at_every_look),)),
        ("visibility remembered", public, ((deliver, "_with_fresh_visibility", never_asks_who_reads),)),
        ("version guard removed", laggard, ((decide, "look", careless_look), (postman, "look", careless_look))),
    )
}
