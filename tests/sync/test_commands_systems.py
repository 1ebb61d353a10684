"""A system that is misspelt in the configuration brings no other rules: nothing is decided until it is mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from poam.sync.commands import COMMANDS
from poam.sync.errors import ConfigError
from poam.sync.looking.views import profile_id
from poam.sync.settings.config import load

from .desk import Desk
from .engine import Engine, item
from .workbooks import ITEMS, workbook

DECIDING = [
    ("plan",),
    ("sync",),
    ("sync", "--approve-plan", "38ea4d55"),
    ("run",),
    ("set", "V-1", "comments=x", "--reason", "x"),
    ("set", "LEDGER:V-2", "comments=x", "--reason", "x"),
    ("transition", "V-1", "risk_accepted", "--reason", "x", "--evidence", "https://scan.example/1"),
    ("approve", "1"),
    ("reject", "1", "--reason", "x"),
    ("resolve", "1", "--take", "record"),
    ("import", "poam.xlsx", "--system", "LEDGER"),
    ("import", "poam.xlsx", "--system", "LEDGER", "--yes"),
    ("export", "fedramp", "-o", "out.xlsx", "--system", "LEDGER"),
]
LOOKING = [("list",), ("show", "V-1"), ("history", "V-1"), ("status",), ("requests",), ("conflicts",), ("verify",)]
ELSEWHERE = {"demo", "init", "doctor", "backup", "restore", "explain", "link", "unlink", "adopt"}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two items of ACME, for one of which a later date was asked, and one of LEDGER; ACME is misspelt since."""
    desk = Desk.open(tmp_path, item(1), item(2, system_id="LEDGER"), item(3))
    desk.at_work(lambda ready: (ready.person.set_due(ready.link().remote_id, "2026-07-01"), ready.later()))
    (tmp_path / "poam.xlsx").write_bytes(workbook(*ITEMS))
    misspell(desk)
    return desk


def misspell(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace('id = "ACME"', 'id = "ACMF"'), encoding="utf-8")


def placed(desk: Desk, words: tuple[str, ...]) -> list[str]:
    return [str(desk.folder / word) if word.endswith(".xlsx") else word for word in words]


def test_every_command_is_known_to_decide_or_only_to_look() -> None:
    assert {words[0] for words in (*DECIDING, *LOOKING)} | ELSEWHERE == set(COMMANDS)


@pytest.mark.parametrize("words", DECIDING, ids=" ".join)
def test_nothing_is_decided_while_items_have_no_configured_system(
    desk: Desk, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIRA_TOKEN", "t")
    before = (desk.folder / "poam.db").read_bytes()

    told = desk.refused(*placed(desk, words)).splitlines()

    assert told == [
        "Error: the record holds 2 items of ACME, which config.toml does not name",
        "Hint: put [[systems]] ACME back (it names only ACMF, LEDGER)",
    ]
    assert (desk.folder / "poam.db").read_bytes() == before
    assert not (desk.folder / "out.xlsx").exists()


@pytest.mark.parametrize("words", LOOKING, ids=" ".join)
def test_looking_goes_on_and_says_what_is_missing(desk: Desk, words: tuple[str, ...]) -> None:
    result = desk.run(*words)

    assert result.exit_code in (0, 1)
    assert "Warning: the record holds 2 items of ACME, which config.toml does not name\nHint: put" in result.stderr
    assert "ACMF" not in result.stdout.replace("ACMF: nothing", "")


def test_a_backup_needs_no_system(desk: Desk) -> None:
    desk.done("backup", str(desk.folder / "copy.db"))


def test_what_follows_from_a_profile_is_not_known_without_one(desk: Desk) -> None:
    lost, known = desk.json("show", "V-1"), desk.json("show", "V-2")

    assert [lost[name] for name in ("effective_due", "shown_due", "days_late", "late")] == [None] * 4
    assert lost["scheduled_completion_date"] == "2026-05-01"
    assert (known["effective_due"], known["late"]) == ("2026-05-01", False)


def test_with_the_system_back_everything_goes_on(desk: Desk) -> None:
    desk.become("isso")

    assert "acknowledged, not extended" in desk.done("approve", "1")


def test_without_its_system_an_item_has_no_profile_and_no_engine_makes_one_up(tmp_path: Path) -> None:
    desk = Desk.open(tmp_path, item(1))
    misspell(desk)
    config = load(tmp_path / "config.toml")

    def story(ready: Engine) -> None:
        with pytest.raises(ConfigError, match="V-1 is of ACME, which the configuration does not name"):
            profile_id(config, ready.item())
        ready.config, head = config, ready.record.head
        ready.person.set_due(ready.link().remote_id, "2026-07-01")
        with pytest.raises(ConfigError):
            ready.later()
        assert ready.record.head == head

    desk.at_work(story)


@pytest.mark.parametrize("command", ["status", "list", "requests"])
@pytest.mark.parametrize(
    ("person", "told"),
    [
        ("ao@x", "ao@x is not in [people]"),
        ("oto@acme.example", "did you mean otto@acme.example?"),
        ("ann@acme.example", "iris@acme.example may not act for ann@acme.example"),
    ],
)
def test_whoever_is_named_with_as_must_be_allowed_even_for_looking(
    tmp_path: Path, command: str, person: str, told: str
) -> None:
    desk = Desk.open(tmp_path, item(1))

    assert told in desk.refused("--as", person, command)
    assert desk.run("--as", "otto@acme.example", command).exit_code == 0
