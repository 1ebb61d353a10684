"""What engineers do with a due date at GitHub means the same wherever the repository shows it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from poam.connectors.base import Issue
from poam.connectors.sandbox.clock import iso
from poam.sync.cycle import run_cycle
from poam.sync.record.items import load
from poam.sync.record.kinds import Link, Request
from poam.sync.record.record import Record
from poam.sync.record.rows import rows
from poam.sync.record.verify import problems
from poam.sync.settings.config import Config
from poam.sync.settings.systems import keep_systems

from ..connectors.github_carriers import carried
from ..connectors.github_stage import REPOSITORY, GithubStage
from .engine import IMPORTER, item

PLACES = ["label", "issue_field", "milestone"]


@dataclass(frozen=True)
class Loop:
    """A record and a repository, and cycles between them."""

    record: Record
    config: Config
    stage: GithubStage

    def cycle(self, *, full: bool = False, **wait: float) -> list[str]:
        """One cycle after a while; the methods of the requests that it took."""
        self.stage.clock.advance(**wait or {"hours": 1})
        self.stage.server.requests.clear()
        report = run_cycle(self.record, {"code": self.stage.tracker}, self.config, self.stage.clock.now, full=full)
        assert [each.error for each in report.connectors] == [None]
        assert list(problems(self.record.db)) == []
        return [seen.method for seen in self.stage.server.requests]

    def link(self, n: int = 1) -> str:
        """The n-th item's issue."""
        return rows(self.record.db, Link, "item_uid = ?", (f"uid-{n}",))[0].issue_id

    def issue(self, n: int = 1) -> Issue:
        """That issue as it stands."""
        return self.stage.tracker.get(self.link(n))

    def item(self, n: int = 1) -> Any:
        """The n-th item as the record has it."""
        return load(self.record.db, "uid = ?", (f"uid-{n}",))[0]

    def rest(self) -> None:
        """Cycles until nothing is new."""
        for _ in range(3):
            self.cycle()


@contextmanager
def looping(folder: Path, place: str, many: int = 1) -> Iterator[Loop]:
    """A loop whose items are mirrored already."""
    code = {"type": "github", "repository": REPOSITORY, "token_env": "T", "text": "restricted", "due_date": place}
    with carried(place) as stage:
        config = Config.model_validate(
            {
                "systems": [{"id": "ACME", "name": "ACME Cloud", "profile": "agency_rmf"}],
                "people": {"maya@acme.example": {"accounts": ["code:maya"]}},
                "connectors": {"code": {**code, "url": stage.server.url}},
                "routes": [{"connector": "code"}],
            }
        )
        now = iso(stage.clock.now())
        with Record.create(folder / "poam.db", record_id="test-record", at=now) as record:
            with record.unit(at=now) as unit:
                keep_systems(unit, IMPORTER, config)
                unit.add_items(IMPORTER, [item(n) for n in range(1, many + 1)])
            loop = Loop(record, config, stage)
            loop.cycle()
            loop.rest()
            yield loop


@pytest.mark.parametrize("place", PLACES)
def test_an_engineers_date_is_a_forecast_or_a_request_by_name_wherever_dates_stand(tmp_path: Path, place: str) -> None:
    with looping(tmp_path, place) as loop:
        assert loop.issue().due_dates == ("2026-05-01",)
        loop.stage.person.set_due(loop.link(), "2026-04-10")
        loop.cycle()
        assert loop.item().forecast_date == "2026-04-10"
        loop.stage.person.set_due(loop.link(), "2026-08-01")
        loop.cycle()
        (asked,) = rows(loop.record.db, Request, "state = 'waiting'")
        assert (asked.requested_date, asked.requested_by) == ("2026-08-01", "maya@acme.example")
        assert loop.issue().due_dates != ("2026-08-01",)


@pytest.mark.parametrize("place", PLACES)
def test_a_date_that_somebody_cleared_is_put_back_once_and_nothing_follows(tmp_path: Path, place: str) -> None:
    with looping(tmp_path, place) as loop:
        loop.stage.person.set_due(loop.link(), "")
        loop.cycle()
        assert loop.issue().due_dates == ("2026-05-01",)
        loop.rest()
        assert loop.cycle() == ["GET"]
        assert loop.item().forecast_date is None


@pytest.mark.parametrize("place", ["issue_field", "milestone"])
def test_silently_dropped_dates_end_in_labels_and_in_no_fix_loop(tmp_path: Path, place: str) -> None:
    with looping(tmp_path, place, many=2) as loop:
        loop.stage.sandbox.planning.drops = True
        for n in (1, 2):
            loop.stage.person.label(loop.link(n), add=("due:2026-04-10",))
        loop.cycle()
        loop.rest()
        assert [loop.issue(n).due_dates for n in (1, 2)] == [("2026-04-10",)] * 2
        for n in (1, 2):
            loop.stage.person.label(loop.link(n), remove=("due:2026-04-10",))
        loop.rest()
        assert [loop.issue(n).due_dates for n in (1, 2)] == [("2026-05-01",)] * 2
        assert loop.cycle() == ["GET"]


def test_a_field_deleted_in_the_organisation_changes_no_item_and_the_dates_come_back_as_labels(tmp_path: Path) -> None:
    with looping(tmp_path, "issue_field", many=2) as loop:
        loop.stage.person.set_due(loop.link(), "2026-04-10")
        loop.rest()
        before = [loop.item(n) for n in (1, 2)]
        loop.stage.sandbox.planning.belong_to_organisation()
        issues = [loop.stage.tracker.get(loop.link(n)) for n in (1, 2)]
        assert [each.due_dates for each in issues] == [(), ()]
        for n in (1, 2):
            loop.stage.person.label(loop.link(n), add=("touched",))
        loop.rest()
        assert [loop.item(n) for n in (1, 2)] == before
        assert [loop.issue(n).due_dates for n in (1, 2)] == [("2026-04-10",), ("2026-05-01",)]
        assert {"due:2026-04-10"} <= loop.issue(1).labels
        assert loop.cycle() == ["GET"]
