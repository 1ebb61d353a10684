"""The stage before anything happens: trackers without issues, and a record with its first items."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache, partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from poam.connectors.retry import Retrying
from poam.connectors.sandbox.clock import iso
from poam.sync.record.record import Record
from poam.sync.settings.config import Config

from .faults import Faults
from .people import Engineers
from .staff import IMPORTER, Staff, item, people
from .story import Story
from .swarm import Swarm, draw, kind_of
from .timeline import BEGIN, SECOND, Timeline
from .tracker import SimTracker
from .world import KINDS, World

SYSTEMS = {"ACME": "fedramp_rev5", "LEDGER": "agency_rmf"}
ROUTED = {"code": "SI-2", "ops": "CM-6"}
"""The control that leads to a connector; everything else goes to the first."""


def begin(seed: int, folder: Path, swarm: Swarm | None, cuts: Collection[int], restores: bool) -> Story:
    """Everything in its place; without a swarm the seed draws one."""
    rng = Random(seed)
    drawn = swarm or draw(rng, restores=restores)
    story = Story(seed, rng, drawn, folder, config_of(drawn), Timeline(), Faults(rng, drawn, frozenset(cuts)))
    story.note(f"seed {seed}: {drawn}")
    for name in drawn.connectors:
        _connect(story, World.empty(name, KINDS[kind_of(name)], story.time, rng, drawn))
    (folder / "poam.db").write_bytes(_new_record())
    story.open()
    story.staff = Staff(story, drawn.items)
    story.faults.active = False
    story.staff.add([item(n, rng) for n in range(1, drawn.items + 1)])
    story.faults.active = True
    return story


def _connect(story: Story, world: World) -> None:
    """A tracker, its people, and a client with the real layer of repeats around it."""
    note = partial(story.note, f"{world.name}: ")
    story.worlds[world.name] = world
    story.engineers[world.name] = Engineers(
        world, story.rng, story.swarm, lambda issue_id: story.bound(world.name, issue_id), note
    )
    story.trackers[world.name] = Retrying(
        SimTracker(world, story.faults, story.breathe, note),
        sleep=lambda seconds: story.time.pass_(int(seconds * SECOND)),
        random=story.rng.random,
        attempts=story.swarm.attempts,
    )


@cache
def _new_record() -> bytes:
    """A new record with its systems, made once: every story begins with the same."""
    at = iso(BEGIN)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "poam.db"
        with Record.create(path, record_id="simulated", at=at) as record, record.unit(at=at) as unit:
            for system in config_of(Swarm()).systems:
                unit.create(IMPORTER, "systems", system.model_dump())
        return path.read_bytes()


def config_of(swarm: Swarm) -> Config:
    """One system without extensions and one with; the item's control says where it is mirrored."""
    return _config(swarm.connectors, swarm.text, swarm.later_date, swarm.guard)


@cache
def _config(connectors: tuple[str, ...], text: str, later_date: str, guard: bool) -> Config:
    limits = {} if guard else {"mass_change_percent": 100}
    routes = [{"connector": name, "controls": [ROUTED[name]]} for name in connectors if name in ROUTED]
    return Config.model_validate(
        {
            "systems": [{"id": name, "name": name.title(), "profile": profile} for name, profile in SYSTEMS.items()],
            "people": people(),
            "sync": {"later_date": later_date, "limits": limits},
            "connectors": {name: _settings(name) | {"text": text} for name in connectors},
            "routes": [*routes, {"connector": connectors[0]}],
        }
    )


def _settings(name: str) -> dict[str, str]:
    shared = {"type": kind_of(name), "url": f"https://{name}.example", "token_env": "T"}
    return shared | ({"repository": "acme/web"} if kind_of(name) == "github" else {"project": name.upper()})
