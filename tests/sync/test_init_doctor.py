"""Setting up in one command, and a doctor who names every trouble with its remedy."""

from __future__ import annotations

import json
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.github import SandboxGithub
from poam.connectors.sandbox.server import SandboxServer
from poam.mapping.item import PoamItem, State
from poam.sync.commands import poam
from poam.sync.record.journal import Author, entries
from poam.sync.record.memory import remember
from poam.sync.record.record import Record
from poam.sync.settings.config import load
from poam.sync.settings.people import os_user

from .two_trackers import item_for, two_trackers

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SOMEBODY = Author("iris", "isso", "cli")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*args: str, typed: str = "", **environ: str | None) -> Result:
    return CliRunner(env=environ).invoke(poam, args, input=typed, obj=lambda: NOON)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def findings(*args: str, **environ: str) -> list[tuple[str, str, str]]:
    found = json.loads(run("doctor", "--json", *args, **environ).stdout)
    return [(each["level"], each["subject"], each["text"]) for each in found]


def troubles(*args: str, **environ: str) -> list[tuple[str, str, str]]:
    return [each for each in findings(*args, **environ) if each[0] != "ok"]


def add_items(here: Path, *items: PoamItem) -> None:
    with Record.open(here / "poam.db") as record, record.unit(at="2026-03-02T12:00:00Z") as unit:
        unit.add_items(SOMEBODY, items)


# Setting up.


def test_one_command_writes_a_configuration_and_a_record_that_nobody_else_can_read(here: Path) -> None:
    result = run("init", "--yes")

    assert result.exit_code == 0
    assert load(here / "config.toml").record_path == Path("poam.db").resolve()
    assert [mode(here / name) for name in ("poam.db", "poam.db.lock", "config.toml")] == [0o600] * 3
    assert run("doctor").exit_code == 0


def test_whoever_sets_up_is_the_first_isso(here: Path) -> None:
    run("init", "--yes", "--person", "iris@acme.example")

    person = load(here / "config.toml").people["iris@acme.example"]
    assert (person.role, person.accounts) == ("isso", (f"os:{os_user()}",))


def test_options_fill_in_what_is_known(here: Path) -> None:
    result = run(
        *("init", "--yes", "--system-id", "ACME", "--system-name", 'ACME "Cloud" \\ é', "--provider", "ACME Corp"),
        *("--impact-level", "High", "--profile", "dod_emass", "--record", "acme.db"),
    )  # fmt: skip

    system = load(here / "config.toml").systems[0]
    assert result.exit_code == 0
    assert (system.id, system.name, system.provider) == ("ACME", 'ACME "Cloud" \\ é', "ACME Corp")
    assert (system.impact_level, system.profile) == ("High", "dod_emass")
    assert (here / "acme.db").is_file()


def test_without_yes_every_open_question_is_asked(here: Path) -> None:
    result = run("init", "--provider", "ACME Corp", typed="ACME\nACME Cloud\nLow\n\nAsia/Tokyo\n\niris\n")

    config = load(here / "config.toml")
    assert result.exit_code == 0
    assert (config.systems[0].name, config.systems[0].impact_level) == ("ACME Cloud", "Low")
    assert (config.systems[0].profile, config.systems[0].timezone) == ("fedramp_rev5", "Asia/Tokyo")
    assert list(config.people) == ["iris"]


@pytest.mark.parametrize(("machine", "offered"), [("America/New_York", "America/New_York"), ("somewhere", "UTC")])
def test_the_machines_time_zone_is_offered_where_it_is_known(here: Path, machine: str, offered: str) -> None:
    run("init", "--yes", TZ=machine)

    assert load(here / "config.toml").systems[0].timezone == offered


def test_a_mistyped_time_zone_is_asked_again_and_the_other_answers_are_kept(here: Path) -> None:
    result = run("init", typed="ACME\n\n\n\n\nNew_York\nAmerica/New_York\n\n\n", TZ="UTC")

    assert (result.exit_code, load(here / "config.toml").systems[0].timezone) == (0, "America/New_York")
    assert "New_York is no time zone; did you mean America/New_York?" in result.output


def test_a_time_zone_given_wrongly_leaves_nothing_behind(here: Path) -> None:
    assert run("init", "--yes", "--timezone", "Mars/Olympus").exit_code == 3
    assert list(here.iterdir()) == []


def test_walking_away_from_the_questions_leaves_nothing_behind(here: Path) -> None:
    assert run("init", typed="ACME\n").exit_code == 130
    assert list(here.iterdir()) == []


def test_the_record_knows_its_systems_and_who_set_it_up(here: Path) -> None:
    run("init", "--yes", "--system-id", "ACME")

    with Record.read(here / "poam.db") as record:
        (entry,) = entries(record.db)
    assert (entry.entity, entry.entity_id, entry.at) == ("systems", "ACME", "2026-03-02T12:00:00.000Z")
    assert (entry.person, entry.origin) == (f"os:{os_user()}", "cli")


def test_two_records_never_share_an_identity(here: Path) -> None:
    ids = []
    for name in ("a", "b"):
        run("--config", f"{name}.toml", "init", "--yes", "--record", f"{name}.db")
        with Record.read(here / f"{name}.db") as record:
            ids.append(record.id)

    assert len(set(ids)) == 2
    assert all(len(each) >= 32 for each in ids)


def test_nothing_that_is_there_is_ever_overwritten(here: Path) -> None:
    run("init", "--yes")
    before = {path.name: path.read_bytes() for path in (here / "config.toml", here / "poam.db")}

    again = run("init", "--yes")
    with_options = run("init", "--yes", "--system-id", "OTHER")

    assert (again.exit_code, with_options.exit_code) == (3, 3)
    assert "there is nothing to set up" in again.stderr
    assert "config.toml exists already and is never overwritten" in with_options.stderr
    assert before == {path.name: path.read_bytes() for path in (here / "config.toml", here / "poam.db")}


def test_a_configuration_that_is_there_gets_its_record(here: Path) -> None:
    text = '[record]\npath = "mine.db"\n[[systems]]\nid = "ACME"\nname = "ACME"\n'
    (here / "config.toml").write_text(text, encoding="utf-8")

    assert run("init").exit_code == 0
    assert (here / "config.toml").read_text(encoding="utf-8") == text
    assert (here / "mine.db").is_file()


def test_a_restored_record_gets_its_configuration(here: Path) -> None:
    run("init", "--yes")
    (here / "config.toml").unlink()
    before = (here / "poam.db").read_bytes()

    assert run("init", "--yes").exit_code == 0
    assert (here / "config.toml").is_file()
    assert (here / "poam.db").read_bytes() == before


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (("--record", "no/such/folder/poam.db"), "no/such/folder is not a folder"),
        (("--system-id", "A:B"), "must not hold a colon"),
        (("--person", "system"), "the daemon's own name"),
        (("--profile", "fedramp_rev6"), "'fedramp_rev6' is not one of"),
    ],
)
def test_a_set_up_that_cannot_work_leaves_nothing_behind(here: Path, args: tuple[str, ...], told: str) -> None:
    result = run("init", "--yes", *args)

    assert result.exit_code == 3
    assert told in result.stderr
    assert list(here.iterdir()) == []


def test_the_written_configuration_explains_itself_and_its_connectors_can_be_switched_on(here: Path) -> None:
    run("init", "--yes")
    path = here / "config.toml"
    head, _, connectors = path.read_text(encoding="utf-8").partition("# [connectors.jira]")
    switched_on = ("# [connectors.jira]" + connectors).replace("\n#\n", "\n").replace("\n# ", "\n").removeprefix("# ")
    path.write_text(head + switched_on.replace("The first route", "# The first route"), encoding="utf-8")

    config = load(path)
    assert set(config.connectors) == {"jira", "code"}
    assert [route.connector for route in config.routes] == ["code", "jira"]


# The doctor, without trackers.


@pytest.fixture
def ready(here: Path) -> Path:
    run("init", "--yes", "--system-id", "ACME")
    return here


def configure(here: Path, text: str) -> None:
    path = here / "config.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def replace(here: Path, old: str, new: str) -> None:
    path = here / "config.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_the_doctor_says_which_sqlite_is_used_and_how(ready: Path) -> None:
    (text,) = [text for _, subject, text in findings() if subject == "sqlite"]

    assert "SQLite 3." in text
    assert "journal" in text


def test_a_healthy_record_is_told_with_its_version_and_journals_head(ready: Path) -> None:
    with Record.read(ready / "poam.db") as record:
        seq, head = record.head

    assert any(subject == "record" and f"journal at {seq} ({head[:12]})" in text for _, subject, text in findings())


def test_the_doctor_changes_nothing(ready: Path) -> None:
    before = (ready / "poam.db").read_bytes()
    run("doctor")

    assert (ready / "poam.db").read_bytes() == before


def test_every_fault_of_the_configuration_is_a_line_with_a_remedy(ready: Path) -> None:
    replace(ready, '"2m"', '"2 minutes"')
    replace(ready, '"revert"', '"reverse"')
    result = run("doctor")

    assert result.exit_code == 3
    lines = [line for line in result.stdout.splitlines() if line.startswith("problem")]
    assert ["interval" in lines[0], "later_date" in lines[1]] == [True, True]
    assert all(" -> " in line for line in lines)


def test_a_missing_record_is_a_problem(ready: Path) -> None:
    (ready / "poam.db").unlink()

    assert troubles() == [("problem", "record", f"there is no record at {Path('poam.db')}")]
    assert run("doctor").exit_code == 3


def test_a_file_that_is_no_record_is_a_problem(ready: Path) -> None:
    (ready / "poam.db").write_bytes(b"not a database at all, but long enough to be looked at" * 40)
    (ready / "poam.db").chmod(0o600)

    ((level, subject, text),) = troubles()
    assert (level, subject) == ("problem", "record")
    assert "poam.db" in text


def test_a_dropped_guard_is_a_problem(ready: Path) -> None:
    connection = sqlite3.connect(ready / "poam.db")
    connection.execute("DROP TRIGGER journal_never_change")
    connection.close()

    assert ("problem", "record", "its tables or guards were changed outside poam-sync") in troubles()


def test_a_fact_that_was_changed_by_hand_is_a_problem(ready: Path) -> None:
    with closing(sqlite3.connect(ready / "poam.db", isolation_level=None)) as connection:
        [(sql,)] = connection.execute("SELECT sql FROM sqlite_schema WHERE name = 'systems_update_is_journaled'")
        connection.execute("DROP TRIGGER systems_update_is_journaled")
        connection.execute("UPDATE systems SET provider = 'somebody else'")
        connection.execute(sql)

    ((level, subject, text),) = troubles()
    assert (level, subject) == ("problem", "record")
    assert "does not equal its history: 1 difference, first: systems" in text
    assert "run poam verify" in run("doctor").stdout


def test_a_damaged_page_is_a_problem_told_in_one_sentence(ready: Path) -> None:
    with closing(sqlite3.connect(ready / "poam.db")) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'outbox'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with (ready / "poam.db").open("r+b") as file:
        file.seek((root - 1) * size)
        file.write(b"garbage!" * (size // 8))

    ((level, subject, text),) = troubles()
    assert (level, subject) == ("problem", "record")
    assert "damaged" in text
    assert "\n" not in text


def test_a_record_that_others_can_read_is_a_warning_with_the_command_that_mends_it(ready: Path) -> None:
    (ready / "poam.db").chmod(0o644)

    assert troubles() == [("warning", "record", "poam.db is readable by others")]
    assert "chmod 600 poam.db" in run("doctor").stdout
    assert run("doctor").exit_code == 1


def test_nobody_who_could_decide_is_a_warning(ready: Path) -> None:
    replace(ready, 'role = "isso"', 'role = "engineer"')

    assert troubles() == [("warning", "people", "nobody has the role isso: nothing can be verified or closed")]


def test_a_machine_user_nobody_knows_is_a_warning_not_a_refusal(ready: Path) -> None:
    replace(ready, f'"os:{os_user()}"', '"os:somebody-else"')

    ((level, subject, text),) = troubles()
    assert (level, subject) == ("warning", "people")
    assert f"os:{os_user()}" in text


def test_items_of_a_system_the_configuration_dropped_are_a_problem(ready: Path) -> None:
    add_items(ready, PoamItem(uid="u1", system_id="ACME", poam_id="V-1"))
    replace(ready, 'id = "ACME"', 'id = "OTHER"')

    text = "the record holds 1 item of ACME, which the configuration does not name"
    assert ("problem", "systems", text) in troubles()
    assert " -> put [[systems]] ACME back (it names only OTHER)" in run("doctor").stdout


@pytest.mark.parametrize("given", ["AC ME", " ACME", "ACME\t", "AC\u00a0ME"])
def test_init_takes_no_short_name_of_two_words(here: Path, given: str) -> None:
    result = run("init", "--yes", "--system-id", given)
    assert result.exit_code == 3
    assert "id: must be one word, without blanks, such as ACME" in result.stderr
    assert not [*here.iterdir()]


def test_init_asks_again_for_a_short_name_of_two_words(here: Path) -> None:
    result = run("init", typed="AC ME\nACME\n\n\n\n\n\n\n\n")
    assert result.exit_code == 0, result.output
    assert "it is one word, such as ACME" in result.output
    assert 'id = "ACME"' in (here / "config.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("given", ["Medium", "moderate", "IL5"])
def test_init_takes_no_impact_level_that_the_document_cannot_say(here: Path, given: str) -> None:
    result = run("init", "--yes", "--impact-level", given)
    assert result.exit_code == 3
    assert "'Low', 'Moderate', 'High', 'LI-SaaS'" in result.stderr
    assert not (here / "config.toml").exists()


def test_a_configuration_with_another_impact_level_is_refused_with_the_ones_that_there_are(ready: Path) -> None:
    replace(ready, 'impact_level = "Moderate"', 'impact_level = "moderate"')
    result = run("doctor")
    assert result.exit_code == 3
    assert "moderate is none of Low, Moderate, High, LI-SaaS; did you mean Moderate?" in result.stdout


def test_open_items_without_any_connector_are_a_warning(ready: Path) -> None:
    add_items(ready, PoamItem(uid="u1", system_id="ACME", poam_id="V-1", state=State.CLOSED))
    assert troubles() == []
    add_items(ready, PoamItem(uid="u2", system_id="ACME", poam_id="V-2"))
    assert troubles() == [("warning", "routes", "there are open items but no connector: nothing will be mirrored")]


def test_without_any_tracker_the_doctor_and_the_cycle_say_that_nothing_is_mirrored(ready: Path) -> None:
    told = "no tracker is configured: the record works alone, and nothing is mirrored"
    assert ("ok", "routes", told) in findings()
    assert run("sync").stdout == "No tracker is configured: nothing is mirrored.\n"


def test_a_missing_secret_is_a_problem_named_by_its_variable(ready: Path) -> None:
    configure(ready, CONNECTOR.format(url="https://api.github.com", more=""))

    assert troubles(BOT_TOKEN="") == [
        ("problem", "connectors.code", "environment variable BOT_TOKEN is not set or empty")
    ]


# The doctor, with a tracker.

CONNECTOR = """
[connectors.code]
type = "github"
url = "{url}"
repository = "acme/web"
token_env = "BOT_TOKEN"
{more}

[[routes]]
connector = "code"
controls = ["SI-2"]
"""


@pytest.fixture
def github() -> Iterator[tuple[SandboxGithub, SandboxServer]]:
    sandbox = SandboxGithub(Clock(NOON))
    with SandboxServer(sandbox.app) as server:
        yield sandbox, server


def test_a_tracker_in_order_is_told_with_account_place_and_visibility(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))

    assert troubles(BOT_TOKEN="bot-token") == []
    (text,) = [text for _, subject, text in findings(BOT_TOKEN="bot-token") if subject == "connectors.code"]
    assert all(word in text for word in ("acme/web", "private", "poam-bot", "neutral"))


def test_probing_reads_our_issues_as_a_cycle_would(ready: Path, github: tuple[SandboxGithub, SandboxServer]) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))

    told = "0 issues with a mark of poam-sync, 0 of them of this record"
    assert ("ok", "connectors.code", told) in findings("--probe", BOT_TOKEN="bot-token")


def test_probing_counts_those_of_this_record_apart(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1), item_for("jira", 2)) as loop:
        loop.cycle()
        loop.clock.advance(hours=1)
        told = loop.poam("doctor", "--probe").stdout
        assert "connectors.jira: 2 issues with a mark of poam-sync, 2 of them of this record" in told

        path = loop.config.record_path
        path.rename(path.with_name("another.db"))
        Record.create(path, record_id="newcomer", at="2026-03-02T12:00:00.000Z").close()
        told = loop.poam("doctor", "--probe").stdout
        assert "connectors.jira: 2 issues with a mark of poam-sync, 0 of them of this record" in told
        path.unlink()
        assert "2 issues with a mark of poam-sync, 0 of them of this record" in loop.poam("doctor", "--probe").stdout


def test_the_doctor_writes_nothing_to_a_tracker(ready: Path, github: tuple[SandboxGithub, SandboxServer]) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))
    run("doctor", "--probe", BOT_TOKEN="bot-token")

    assert github[1].requests
    assert {seen.method for seen in github[1].requests} == {"GET"}


@pytest.mark.parametrize("text", ["restricted", "full"])
def test_more_than_neutral_text_for_a_public_repository_is_a_problem(
    ready: Path, github: tuple[SandboxGithub, SandboxServer], text: str
) -> None:
    github[0].private = False
    configure(ready, CONNECTOR.format(url=github[1].url, more=f'text = "{text}"'))

    assert (
        "problem",
        "connectors.code",
        f"acme/web is public, so {text} text must not go there",
    ) in troubles(BOT_TOKEN="bot-token")
    assert run("doctor", BOT_TOKEN="bot-token").exit_code == 3


def test_neutral_text_may_go_to_a_public_repository(ready: Path, github: tuple[SandboxGithub, SandboxServer]) -> None:
    github[0].private = False
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))

    assert [each for each in troubles(BOT_TOKEN="bot-token") if each[0] == "problem"] == []


def test_a_token_of_a_person_is_a_warning_because_their_acts_cannot_be_told_from_ours(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    people = '\n[people."ann@acme.example"]\naccounts = ["code:poam-bot"]\n'
    configure(ready, CONNECTOR.format(url=github[1].url, more="") + people)

    [(level, _, told)] = [each for each in troubles(BOT_TOKEN="bot-token") if each[1] == "connectors.code"]
    assert (level, told.partition(":")[0]) == ("warning", "the token is ann@acme.example's own account")


def test_a_refused_token_is_a_problem_that_never_shows_it(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))
    result = run("doctor", BOT_TOKEN="CaNaRy")

    assert result.exit_code == 3
    assert "problem  connectors.code: " in result.stdout
    assert "CaNaRy" not in result.output


def test_a_connector_that_was_pointed_elsewhere_is_a_warning(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))
    with Record.open(ready / "poam.db") as record, record.unit(at="2026-03-02T12:00:00Z") as unit:
        remember(unit, {"place:code": "https://api.github.com, repository acme/other"})

    [(level, subject, told)] = troubles(BOT_TOKEN="bot-token")
    assert (level, subject) == ("warning", "connectors.code")
    assert told.endswith("our issues were made at https://api.github.com, repository acme/other")


def test_a_tracker_that_is_not_there_does_not_hide_the_next_one(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    lacking = CONNECTOR.format(url=github[1].url, more="").partition("[[routes]]")[0]
    configure(ready, lacking.replace("[connectors.code]", "[connectors.first]").replace("acme/web", "no/where"))
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))

    told = findings(BOT_TOKEN="bot-token")
    assert [level for level, subject, _ in told if subject == "connectors.first"][:1] == ["problem"]
    assert [level for level, subject, _ in told if subject == "connectors.code"] == ["ok"]


def test_clocks_that_disagree_are_a_warning(ready: Path, github: tuple[SandboxGithub, SandboxServer]) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))
    late = CliRunner(env={"BOT_TOKEN": "bot-token"}).invoke(poam, ["doctor"], obj=lambda: NOON + timedelta(minutes=11))

    assert late.exit_code == 1
    assert "its clock and ours are 11 minutes apart" in late.stdout


def test_open_items_that_match_no_route_are_a_warning_and_closed_ones_are_none(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))
    add_items(
        ready,
        PoamItem(uid="u1", system_id="ACME", poam_id="V-1", controls="SI-2"),
        PoamItem(uid="u2", system_id="ACME", poam_id="V-2", controls="AC-2"),
        PoamItem(uid="u3", system_id="ACME", poam_id="V-3", controls="AC-2", state=State.CLOSED),
    )

    assert troubles(BOT_TOKEN="bot-token") == [
        ("warning", "routes", "1 of 3 items match no route and are mirrored nowhere: V-2")
    ]


def test_a_route_that_no_item_can_reach_is_a_warning(ready: Path, github: tuple[SandboxGithub, SandboxServer]) -> None:
    every = '\n[[routes]]\nconnector = "code"\n'
    configure(ready, CONNECTOR.format(url=github[1].url, more="").partition("[[routes]]")[0] + every + every)

    assert troubles(BOT_TOKEN="bot-token") == [
        ("warning", "routes", "route 2, to code, never gets an item: the routes above take all")
    ]


def test_a_connector_without_any_route_is_a_warning(ready: Path, github: tuple[SandboxGithub, SandboxServer]) -> None:
    configure(ready, CONNECTOR.format(url=github[1].url, more="").partition("[[routes]]")[0])

    assert troubles(BOT_TOKEN="bot-token") == [
        ("warning", "routes", "there are connectors but no routes: nothing will be mirrored")
    ]


def test_a_token_file_that_others_can_read_is_a_warning(
    ready: Path, github: tuple[SandboxGithub, SandboxServer]
) -> None:
    text = CONNECTOR.format(url=github[1].url, more="").replace('token_env = "BOT_TOKEN"', 'token_file = "token"')
    configure(ready, text)
    (ready / "token").write_text("bot-token\n", encoding="utf-8")
    (ready / "token").chmod(0o644)

    assert troubles() == [("warning", "connectors.code", f"the token file {Path('token')} is readable by others")]


def test_paths_start_from_the_configurations_folder_wherever_the_command_runs(
    ready: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))

    assert run("--config", str(ready / "config.toml"), "doctor").exit_code == 0


@pytest.mark.parametrize(
    ("change", "text", "remedy"),
    [
        ({"archived": True}, "acme/web is archived and read-only", "unarchive it, or name another repository"),
        (
            {"has_issues": False},
            "Issues are switched off in acme/web",
            "switch them on in the repository's settings",
        ),
    ],
)
def test_what_is_wrong_at_a_tracker_is_told_apart_from_what_to_do(
    ready: Path, github: tuple[SandboxGithub, SandboxServer], change: dict[str, bool], text: str, remedy: str
) -> None:
    for name, value in change.items():
        setattr(github[0], name, value)
    configure(ready, CONNECTOR.format(url=github[1].url, more=""))

    told = json.loads(run("doctor", "--json", BOT_TOKEN="bot-token").stdout)
    assert {"level": "problem", "subject": "connectors.code", "text": text, "remedy": remedy} in told
    assert f"connectors.code: {text} -> {remedy}" in run("doctor", BOT_TOKEN="bot-token").stdout


def test_a_record_in_a_folder_that_is_not_there_is_told_with_both_steps(ready: Path) -> None:
    replace(ready, 'path = "poam.db"', 'path = "no/poam.db"')
    told = run("list").stderr

    assert "Error: there is no record at no/poam.db: no is not a folder" in told
    assert "Hint: create the folder and run poam init" in told
