"""What the weather of a story is like: every rate, lag and weight is drawn from the seed.

A story where everything happens at once finds little: some seeds have no crashes, some no lag, some one busy engineer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

from .timeline import DAY, HOUR, MINUTE, SECOND

TIMEOUT, IN_FLIGHT = 30 * SECOND, 2 * MINUTE  # the engine's defaults: a request takes effect within their sum
OVERLAP = {"jira": 15 * MINUTE, "github": 10 * MINUTE}

WORK = ("start", "block", "close", "decline", "duplicate", "reopen", "automation", "twice", "revert", "copy")
DATES = ("due_earlier", "due_later", "due_same", "due_clear", "due_invalid", "two_dates")
WORDS = ("rename", "rewrite", "label", "unmark", "strip")
TALK = ("say_done", "say_blocked", "say_extend", "say_ask", "say_other")
ENGINEERS = (*WORK, *DATES, *WORDS, *TALK, "clone", "delete", "hide", "unrelated")
STAFF = (
    "title",
    "plan",
    "forecast",
    "status",
    "decide",
    "verify",
    "reopen",
    "accept_risk",
    "resolve",
    "add",
    "dismiss",
)

REFUSALS = ("unavailable", "limited", "forbidden", "odd")
READ_FAULTS = (*REFUSALS, "slow")
WRITE_FAULTS = (*REFUSALS, "rejected", "stale", "lost", "never", "late", "partial", "twice")
FAULTS = tuple(dict.fromkeys((*READ_FAULTS, *WRITE_FAULTS)))


@dataclass(frozen=True, slots=True)
class Swarm:
    """One draw. Times are in milliseconds, rates are probabilities per call or per place."""

    connectors: tuple[str, ...] = ("jira",)
    items: int = 3
    steps: int = 12
    page: int = 100
    lag: Mapping[str, int] = field(default_factory=dict)
    lagging: float = 0.0
    skew: Mapping[str, int] = field(default_factory=dict)
    fault: float = 0.0
    write_fault: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    crash: float = 0.0
    busy: float = 0.0
    asleep: float = 0.0
    pauses: tuple[int, ...] = (MINUTE, 20 * MINUTE, HOUR)
    cycles: float = 0.5
    full: float = 0.0
    engineers: Mapping[str, float] = field(default_factory=dict)
    staff: Mapping[str, float] = field(default_factory=dict)
    staff_share: float = 0.3
    publish: float = 0.0
    restore: float = 0.0
    rival: float = 0.0
    attempts: int = 1
    hops: bool = False
    harsh: bool = False
    guard: bool = False
    later_date: str = "revert"
    text: str = "full"


def draw(rng: Random, *, restores: bool = False) -> Swarm:
    """A story's weather. A restored record knows new issues by their marker alone, so nobody removes it there."""
    connectors = rng.choice((("jira",), ("code",), ("jira", "code"), ("jira", "code"), ("jira", "code", "ops")))
    clocks = ("engine", *connectors)
    return Swarm(
        connectors=connectors,
        items=rng.choice((1, 1, 2, 2, 3, 4, 5, 6, 8)),
        steps=rng.randint(6, 26),
        page=rng.choice((1, 2, 3, 100)),
        lag={name: rng.choice((0, SECOND, MINUTE, OVERLAP[kind_of(name)])) for name in connectors},
        lagging=rng.choice((0.1, 0.5, 1.0)),
        skew={name: rng.choice((0, 0, -7 * MINUTE, 90 * SECOND, 17 * MINUTE, -40 * MINUTE)) for name in clocks},
        fault=rng.choice((0.0, 0.02, 0.08, 0.25)),
        write_fault=rng.choice((0.0, 0.05, 0.25, 0.5)),
        faults=_weights(rng, FAULTS) | {"twice": rng.choice((0.0, 0.0, 0.2))},
        crash=rng.choice((0.0, 0.0, 0.005, 0.02, 0.06)),
        busy=rng.choice((0.0, 0.02, 0.1, 0.3)),
        asleep=rng.choice((0.0, 0.0, 0.01)),
        pauses=rng.choice(
            ((SECOND, 20 * SECOND, 2 * MINUTE), (MINUTE, 6 * MINUTE, 30 * MINUTE), (SECOND, 12 * MINUTE, 3 * HOUR, DAY))
        ),
        cycles=rng.choice((0.3, 0.5, 0.7)),
        full=rng.choice((0.0, 0.1, 0.4)),
        engineers=_weights(rng, ENGINEERS) | _rare(rng) | ({"strip": 0.0} if restores else {}),
        staff=_weights(rng, STAFF),
        staff_share=rng.choice((0.0, 0.2, 0.5)),
        publish=rng.choice((0.0, 0.0, 0.06)),
        restore=rng.choice((0.0, 0.05, 0.15)) if restores else 0.0,
        rival=rng.choice((0.0, 0.05)),
        attempts=rng.choice((1, 2, 5)),
        hops=rng.random() < 0.5,
        harsh=rng.random() < 0.3,
        guard=rng.random() < 0.2,
        later_date=rng.choice(("revert", "revert", "hold")),
        text=rng.choice(("full", "full", "restricted", "neutral")),
    )


def _rare(rng: Random) -> dict[str, float]:
    """What happens to few issues, or to none."""
    return {"delete": rng.choice((0.0, 0.2)), "hide": rng.choice((0.0, 0.5))}


def calm(**values: object) -> Swarm:
    """A story in which nothing fails and everybody works, while the index lags: where places to crash are counted."""
    told: dict[str, object] = {
        "connectors": ("jira", "code"),
        "items": 3,
        "steps": 16,
        "cycles": 0.6,
        "lag": {"jira": 5 * MINUTE, "code": 5 * MINUTE},
        "lagging": 0.5,
        "hops": True,
        "engineers": dict.fromkeys(
            ("start", "close", "decline", "reopen", "due_earlier", "due_later", "rename", "say_done", "say_extend"), 1.0
        ),
        "staff": dict.fromkeys(("title", "status", "decide", "add"), 1.0),
    }
    return Swarm(**(told | values))  # type: ignore[arg-type]


def kind_of(connector: str) -> str:
    """Which kind of tracker stands behind a connector's name."""
    return "github" if connector == "code" else "jira"


def _weights(rng: Random, names: tuple[str, ...]) -> dict[str, float]:
    """Some never, some now and then, some all the time; never none at all."""
    drawn = {name: rng.choice((0.0, 1.0, 1.0, 4.0)) for name in names}
    return drawn if any(drawn.values()) else dict.fromkeys(names, 1.0)
