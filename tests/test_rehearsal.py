"""The rehearsal's page is played as it stands: its commands, at the trackers it speaks of, and what it says follows."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from click.testing import CliRunner

import poam.sync.commands as commands
from poam.connectors.sandbox.clock import Clock
from poam.sync.demonstration.material import material
from poam.sync.demonstration.stage import Stage, stage

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "rehearsal.md").read_text(encoding="utf-8")
SHELL = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
STAGE, CONFIGURATION, IMPORT, ENGINEERS, CHOICE, DUE, DECISION = range(7)
ACTS = {
    act: (ann, maya, then)
    for act, ann, maya, then in re.findall(
        r"^\| ([^|]+) \| `(ann .+?)` \| `(maya .+?)` \| (.+) \|$", PAGE, re.MULTILINE
    )
}
ITEMS = {"jira": "V-1041", "code": "V-1027"}

pytestmark = pytest.mark.skipif(not (shutil.which("curl") and shutil.which("sh")), reason="needs curl and a shell")


@dataclass(frozen=True)
class Rehearsal:
    """A reader in the second terminal."""

    stage: Stage
    folder: Path

    def types(self, *texts: str) -> str:
        """What a shell prints that was given the page's addresses and definitions before; it must succeed."""
        tokens = "\n".join(line for line in SHELL[STAGE].splitlines() if line.startswith("export"))
        places = f"JIRA={self.stage.jira.url}\nGITHUB={self.stage.github.url}"
        script = "\n".join(("set -e", places, tokens, SHELL[ENGINEERS], SHELL[DUE], *texts))
        environ = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-c", script], cwd=self.folder, env=environ, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def poam(self, *words: str) -> Any:
        """What a command prints as JSON, at the trackers' time."""
        config = str(self.folder / "mine" / "config.toml")
        tokens = {"JIRA_TOKEN": "bot-token", "GITHUB_TOKEN": "bot-token"}
        group, now = commands.poam, self.stage.clock.now
        done = CliRunner(env=tokens).invoke(group, ["--config", config, *words, "--json"], obj=now)
        assert done.exit_code in (0, 1), done.output
        return json.loads(done.stdout)

    def item(self, connector: str) -> Any:
        """The connector's item after a cycle."""
        return self.poam("show", ITEMS[connector])

    def act(self, name: str, shown: str = "YYYY-MM-DD", days: int = 0) -> dict[str, Any]:
        """Both engineers do that, with the date that the page shows so many days from what is due there.

        Returns the items after the next cycle, by connector.
        """
        for connector, typed in zip(ITEMS, ACTS[name], strict=False):
            item = self.item(connector)
            key = item["links"][0]["key"]
            self.types(f"J={key} G={key.rpartition('#')[2]}", typed.replace(shown, _moved(item, days)))
        self.stage.clock.advance(minutes=1)
        self.poam("sync")
        return {connector: self.item(connector) for connector in ITEMS}


@pytest.fixture(scope="module")
def rehearsal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsal]:
    """The page up to the engineers, with the demonstration's workbook."""
    folder, clock = tmp_path_factory.mktemp("rehearsal"), Clock()
    (folder / "rehearsal").mkdir()
    harbor = material("harbor", clock.now().date().isoformat())
    (folder / "rehearsal" / "harbor.xlsx").write_bytes(harbor.workbook)
    with stage(folder / "rehearsal", clock, [harbor.system]) as ready:
        reader = Rehearsal(ready, folder)
        told = reader.types(SHELL[CONFIGURATION], SHELL[IMPORT])
        assert "problem" not in told
        assert "warning" not in told
        yield reader


def test_the_page_has_the_blocks_and_the_acts_that_are_played_here() -> None:
    assert len(SHELL) == DECISION + 1
    assert list(ACTS) == [
        *("starts", "is done, after she has started", "reopens", "will not do it", "thinks again"),
        *("takes the date off", "moves it earlier", "moves it later"),
    ]


def test_both_trackers_get_their_part_of_the_items(rehearsal: Rehearsal) -> None:
    connectors = [rehearsal.item(connector)["links"][0]["connector"] for connector in ITEMS]

    assert connectors == list(ITEMS)


def test_every_act_of_the_engineers_has_the_effect_that_the_page_tells(rehearsal: Rehearsal) -> None:
    for act, field in (("starts", "work_status"), ("is done, after she has started", "state"), ("reopens", "state")):
        after = rehearsal.act(act)
        assert {f"{field.replace('_', ' ')} `{each[field]}`" for each in after.values()} == {ACTS[act][2]}

    declined = rehearsal.act("will not do it")
    assert {(r["kind"], r["state"]) for each in declined.values() for r in each["requests"]} == {
        ("declined", "waiting")
    }
    taken_back = rehearsal.act("thinks again")
    assert {r["state"] for each in taken_back.values() for r in each["requests"]} == {"superseded"}


def test_every_move_of_a_date_has_the_effect_that_the_page_tells(rehearsal: Rehearsal) -> None:
    before = {connector: rehearsal.item(connector) for connector in ITEMS}
    shown = {connector: each["shown_due"] for connector, each in before.items()}

    assert {connector: each["shown_due"] for connector, each in rehearsal.act("takes the date off").items()} == shown
    for connector, place in (("jira", '"duedate":"'), ("code", '"due:')):
        key = before[connector]["links"][0]["key"]
        issue = rehearsal.types(f"ann {key}" if connector == "jira" else f"maya {key.rpartition('#')[2]}")
        assert f"{place}{shown[connector]}" in issue.replace(": ", ":")

    earlier = rehearsal.act("moves it earlier", "$EARLIER", -3)
    assert [each["forecast_date"] for each in earlier.values()] == [_moved(each, -3) for each in before.values()]
    later = rehearsal.act("moves it later", "$LATER", 120)
    asked = [(r["kind"], r["state"], r["requested_date"]) for each in later.values() for r in each["requests"][-1:]]
    assert asked == [("later_date", "waiting", _moved(each, 120)) for each in before.values()]


def test_the_answers_can_be_read_in_the_issues(rehearsal: Rehearsal) -> None:
    jira, code = (rehearsal.item(connector)["links"][0]["key"] for connector in ITEMS)
    looks = "\n".join(line for line in SHELL[DECISION].splitlines() if not line.startswith("poam"))
    told = rehearsal.types(f"J={jira} G={code.rpartition('#')[2]}", looks)

    assert [word for word in ('"duedate"', '"labels"', '"state"') if word not in told] == []


def test_a_milestone_is_recorded_as_complete_the_way_the_page_tells(rehearsal: Rehearsal) -> None:
    [written] = re.findall(r"^ *(\(3\) Complete .+)$", (DOCS / "deciding.md").read_text(encoding="utf-8"), re.MULTILINE)
    workbook = rehearsal.folder / "now.xlsx"
    rehearsal.poam("export", "fedramp", "-o", str(workbook))
    book = openpyxl.load_workbook(workbook)
    rows = list(book["Open POA&M Items"].iter_rows())
    [column] = (at for row in rows for at, cell in enumerate(row) if cell.value == "Remediation Plan")
    [cell] = (row[column] for row in rows if ITEMS["jira"] in [beside.value for beside in row])
    cell.value = f"{cell.value}\n\n{written}"
    book.save(workbook)

    assert rehearsal.poam("import", str(workbook), "--yes")["applied"]
    last = rehearsal.item("jira")["milestone_changes"][-1]
    assert (last["number"], last["kind"], last["date"]) == (3, "Complete", "2026-11-21")


def _moved(item: Mapping[str, Any], days: int) -> str:
    return str(date.fromisoformat(item["effective_due"]) + timedelta(days=days))
