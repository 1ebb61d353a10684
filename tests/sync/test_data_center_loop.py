"""The whole loop at a Jira Data Center, the sandbox's and jira820's: from workbook to workbook, over a bad line, too.

At jira820, which other people wrote, the time of change never moves, so every cycle there is a full one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from poam.connectors.sandbox.clock import iso
from poam.connectors.sandbox.jira import BOT, ENGINEER
from poam.connectors.sandbox.server import Fault
from poam.mapping.documents.document import Document, SystemHeader
from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.documents.fedramp_write import write_workbook
from poam.mapping.item import PoamItem, State
from poam.sync.commands import poam
from poam.sync.record.items import load
from poam.sync.record.kinds import Link
from poam.sync.record.record import Record
from poam.sync.record.rows import rows
from poam.sync.settings.people import os_user

from ..connectors.jira820_stage import Jira820Stage
from ..connectors.jira_stage import CREATE, JiraStage
from .engine import item

CONFIG = """
[record]
path = "poam.db"

[[systems]]
id = "ACME"
name = "ACME Cloud"
provider = "ACME"
impact_level = "Moderate"
profile = "fedramp_rev5"

[people."isso@acme.example"]
role = "isso"
accounts = ["os:{user}"]

[people."ann@acme.example"]
role = "engineer"
accounts = ["jira:{engineer}"]

[connectors.jira]
type = "jira"
url = "{url}"
token_file = "jira.token"        # a personal access token, so there is no user
project = "SEC"
text = "full"

[[routes]]
connector = "jira"
"""
CLOSED, LATER, EARLIER = 1, 2, 3


@dataclass(frozen=True)
class Loop:
    """The commands of a compliance desk, and a Jira beside it."""

    folder: Path
    jira: JiraStage | Jira820Stage
    full: tuple[str, ...]

    def poam(self, *words: str) -> Result:
        """One command, now."""
        return CliRunner().invoke(poam, ["--config", str(self.folder / "config.toml"), *words], obj=self.jira.clock.now)

    def sync(self) -> Result:
        """A cycle an hour later."""
        self.jira.clock.advance(hours=1)
        return self.poam("sync", *self.full)

    def issue(self, n: int) -> str:
        """The id of the issue that mirrors item V-n."""
        with Record.read(self.folder / "poam.db") as record:
            query = "item_uid = (SELECT uid FROM items WHERE poam_id = ?)"
            return rows(record.db, Link, query, (f"V-{n}",))[0].remote_id or ""

    def item(self, n: int) -> PoamItem:
        """Item V-n as the record has it."""
        with Record.read(self.folder / "poam.db") as record:
            return load(record.db, "poam_id = ?", (f"V-{n}",))[0]

    def titles(self) -> list[str]:
        """Whose mirrors the issues of the project are."""
        return sorted(issue.title.split()[0] for issue in self.jira.tracker.changed_since(None).issues)


STAGES: dict[str, tuple[Callable[[], AbstractContextManager[JiraStage | Jira820Stage]], tuple[str, ...]]] = {
    "sandbox": (partial(JiraStage.open, "Data Center"), ()),
    "jira820": (Jira820Stage.open, ("--full",)),
}


@contextmanager
def opened(folder: Path, at: str) -> Iterator[Loop]:
    """A desk that has taken in last month's workbook with three open items."""
    stage, full = STAGES[at]
    with stage() as jira:
        (folder / "jira.token").write_text(f"{BOT.token}\n", encoding="utf-8")
        (folder / "jira.token").chmod(0o600)
        config = CONFIG.format(user=os_user(), engineer=jira.person.account, url=jira.server.url)
        (folder / "config.toml").write_text(config, encoding="utf-8")
        items = [replace(item(n), uid="", system_id="", baselined_at=None) for n in (CLOSED, LATER, EARLIER)]
        header = SystemHeader("ACME", "ACME Cloud", "Moderate", "2026-02-28")
        (folder / "last-month.xlsx").write_bytes(write_workbook(Document("2.1", header, tuple(items)), layout="2.1"))
        Record.create(folder / "poam.db", record_id="test-record", at=iso(jira.clock.now())).close()
        loop = Loop(folder, jira, full)
        taken = loop.poam("import", str(folder / "last-month.xlsx"), "--yes")
        assert taken.exit_code == 0, taken.output
        yield loop


@pytest.fixture(params=STAGES)
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Loop]:
    with opened(tmp_path, request.param) as ready:
        yield ready


def test_a_month_of_work_comes_back_into_the_workbook(loop: Loop, tmp_path: Path) -> None:
    mirrored = loop.sync()
    assert mirrored.exit_code == 0, mirrored.output
    assert loop.titles() == ["[V-1]", "[V-2]", "[V-3]"]

    loop.jira.person.close(loop.issue(CLOSED))
    loop.jira.person.set_due(loop.issue(LATER), "2026-07-01")
    loop.jira.person.set_due(loop.issue(EARLIER), "2026-04-10")
    for _ in range(3):
        told = loop.sync()
        assert told.exit_code == 1, told.output

    assert loop.item(CLOSED).state is State.PENDING_VERIFICATION
    assert loop.item(CLOSED).work_done_by == "ann@acme.example"
    assert loop.item(EARLIER).forecast_date == "2026-04-10"
    assert loop.item(LATER).scheduled_completion_date == "2026-05-01"
    assert [asked["poam_id"] for asked in json.loads(loop.poam("requests", "--json").stdout)] == ["V-2"]
    assert loop.jira.tracker.get(loop.issue(LATER)).due_dates == ("2026-05-01",)

    exported = loop.poam("export", "fedramp", "-o", str(tmp_path / "this-month.xlsx"))
    assert exported.exit_code == 0, exported.output
    document = read_workbook((tmp_path / "this-month.xlsx").read_bytes()).document
    assert sorted(each.poam_id for each in document.items) == ["V-1", "V-2", "V-3"]
    assert "Nothing to import" in loop.poam("import", str(tmp_path / "this-month.xlsx")).output
    assert loop.poam("verify").exit_code == 0


def test_a_cycle_with_nothing_new_writes_nothing_and_at_the_sandbox_costs_one_search(loop: Loop) -> None:
    for _ in range(3):
        loop.sync()
    loop.jira.server.requests.clear()
    loop.jira.clock.advance(hours=1)
    told = json.loads(loop.poam("sync", *loop.full, "--json").stdout)

    assert told["record_writes"] == 0
    assert loop.jira.server.count("P") == 0
    assert loop.full or loop.jira.server.count("GET", "/search$") == 1


@pytest.mark.parametrize("drops", [1, 3, 5])
def test_over_a_line_that_drops_every_answer_each_item_is_exactly_one_issue(loop: Loop, drops: int) -> None:
    loop.jira.server.faults.append(Fault("POST", CREATE, "drop", "after", times=drops))
    for _ in range(8):
        loop.sync()

    assert loop.titles() == ["[V-1]", "[V-2]", "[V-3]"]
    assert loop.sync().exit_code == 0
    assert len({loop.issue(n) for n in (1, 2, 3)}) == 3


def test_an_issue_moved_to_another_project_keeps_its_link_and_its_work(tmp_path: Path) -> None:
    with opened(tmp_path, "sandbox") as loop:
        loop.sync()
        moved = loop.issue(CLOSED)
        loop.jira.sandbox.move(ENGINEER, loop.jira.sandbox.get(moved), "OPS")  # type: ignore[union-attr]
        loop.jira.person.close(moved)
        loop.jira.clock.advance(hours=1)
        told = loop.poam("sync", "--full")
        assert told.exit_code == 1, told.output

        assert loop.issue(CLOSED) == moved
        assert loop.item(CLOSED).state is State.PENDING_VERIFICATION
        assert loop.titles() == ["[V-2]", "[V-3]"], "no second issue is made where the moved one was"
