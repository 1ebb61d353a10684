"""`poam export`: the document of any day, whole or not at all, and kept with what it was made from."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from poam.mapping.documents.fedramp_read import read_workbook
from poam.mapping.item import PoamItem, State
from poam.sync.record.record import Record
from poam.sync.settings.people import os_user

from .desk import Desk
from .engine import item
from .faults import KINDS, Faults, struck


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Two open items of one system, a draft and a discarded one, and one item of another; it is 2026-03-02, noon."""
    return Desk.open(
        tmp_path,
        *(item(1), item(2), item(3, system_id="LEDGER")),
        *(item(4, state=State.DRAFT, baselined_at=None), item(5, state=State.DISCARDED)),
    )


def export(desk: Desk, *options: str, name: str = "poam.xlsx") -> Path:
    target = desk.folder / name
    desk.done("export", "fedramp", "-o", str(target), "--system", "ACME", *options)
    return target


def shown(file: Path) -> dict[str, PoamItem]:
    return {each.poam_id: each for each in read_workbook(file.read_bytes()).document.items}


def submissions(desk: Desk) -> list[dict[str, Any]]:
    with Record.read(desk.folder / "poam.db") as record:
        return list(record.db.query("SELECT * FROM submissions ORDER BY id"))


def in_time_zone(desk: Desk, zone: str) -> None:
    path = desk.folder / "config.toml"
    system = 'profile = "fedramp_rev5"\n'
    path.write_text(
        path.read_text(encoding="utf-8").replace(system, f'{system}timezone = "{zone}"\n'), encoding="utf-8"
    )


@pytest.mark.parametrize("layout", ["3.0", "2.1"])
def test_the_document_lists_the_systems_items_and_neither_drafts_nor_what_was_discarded(
    desk: Desk, layout: str
) -> None:
    assert list(shown(export(desk, "--layout", layout))) == ["V-1", "V-2"]


def test_the_same_record_and_day_give_the_same_file(desk: Desk) -> None:
    first = export(desk).read_bytes()
    desk.engine.clock.advance(hours=3)
    assert export(desk, name="again.xlsx").read_bytes() == first
    assert len(submissions(desk)) == 1


def test_the_file_is_kept_with_its_digest_and_the_journal_row_it_comes_from(desk: Desk) -> None:
    head = desk.heads()
    file = export(desk)

    (kept,) = submissions(desk)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert (kept["file"], kept["sha256"], kept["file_name"]) == (file.read_bytes(), digest, "poam.xlsx")
    assert (kept["head_seq"], kept["head_hash"]) == head
    told = desk.run("export", "fedramp", "-o", str(file), "--system", "ACME").stdout
    assert digest in told
    assert head[1] in told


def test_programs_are_told_the_same(desk: Desk) -> None:
    target = desk.folder / "poam.xlsx"
    told = desk.json("export", "fedramp", "-o", str(target), "--system", "ACME")
    assert told["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert (told["as_of"], told["layout"], told["file"]) == ("2026-03-02", "3.0", str(target))


def test_a_past_day_shows_the_facts_of_that_day(desk: Desk) -> None:
    monday = export(desk).read_bytes()
    desk.engine.clock.advance(days=1)
    desk.done("set", "V-1", "comments=tuesday", "point_of_contact=Bob", "--reason", "x")

    past = export(desk, "--as-of", "2026-03-02", name="past.xlsx")

    assert past.read_bytes() == monday
    assert shown(export(desk, name="now.xlsx"))["V-1"].comments == "tuesday"


def test_a_day_ends_at_midnight_where_the_system_is(desk: Desk) -> None:
    in_time_zone(desk, "America/New_York")
    desk.engine.clock.advance(hours=16)  # 2026-03-03 04:00 UTC, still 23:00 on 2026-03-02 in New York
    desk.done("set", "V-1", "comments=before midnight", "--reason", "x")
    desk.engine.clock.advance(hours=1)
    desk.done("set", "V-1", "comments=after midnight", "--reason", "x")

    assert shown(export(desk))["V-1"].comments == "after midnight"
    assert shown(export(desk, "--as-of", "2026-03-02", name="past.xlsx"))["V-1"].comments == "before midnight"


def test_a_day_that_is_an_hour_short_ends_at_its_midnight_too(desk: Desk) -> None:
    in_time_zone(desk, "America/New_York")
    desk.engine.clock.advance(days=6, hours=15)  # 2026-03-09 03:00 UTC: the evening of the day clocks went forward
    desk.done("set", "V-1", "comments=evening", "--reason", "x")
    desk.engine.clock.advance(hours=1, minutes=1)
    desk.done("set", "V-1", "comments=next day", "--reason", "x")

    assert shown(export(desk, "--as-of", "2026-03-08"))["V-1"].comments == "evening"


def test_an_item_that_was_open_then_stands_there_as_open(desk: Desk) -> None:
    desk.engine.clock.advance(days=1)
    desk.at_work(lambda ready: (ready.person.close(ready.link().remote_id), ready.later()))
    closing = ("transition", "V-1", "closed", "--reason", "verified", "--evidence", "https://scan.example/1")
    desk.done(*closing)

    assert shown(export(desk))["V-1"].state is State.CLOSED
    assert shown(export(desk, "--as-of", "2026-03-02", name="past.xlsx"))["V-1"].state is State.OPEN


@pytest.mark.parametrize("day", ["2026-03-03", "2027-01-01", "yesterday", "2026-02-30", "02.03.2026", "2026-3-1"])
def test_a_day_that_is_not_over_or_is_none_is_refused(desk: Desk, day: str) -> None:
    target = desk.folder / "poam.xlsx"
    told = desk.refused("export", "fedramp", "-o", str(target), "--system", "ACME", "--as-of", day)
    assert f"--as-of {day} is no past day" in told
    assert "2026-03-02 at the latest" in told
    assert not target.exists()


def test_a_day_before_the_record_knew_the_system_has_no_document(desk: Desk) -> None:
    target = desk.folder / "poam.xlsx"
    told = desk.refused("export", "fedramp", "-o", str(target), "--system", "ACME", "--as-of", "2026-03-01")
    assert "the record begins on 2026-03-02; it cannot speak for an earlier day" in told
    assert not target.exists()


@pytest.mark.parametrize("name", ["none/poam.xlsx", "folder.xlsx"])
def test_a_target_that_cannot_be_written_leaves_no_file_and_no_submission(desk: Desk, name: str) -> None:
    (desk.folder / "folder.xlsx").mkdir()

    told = desk.refused("export", "fedramp", "-o", str(desk.folder / name), "--system", "ACME")

    assert "cannot be written" in told
    assert "Traceback" not in told
    assert submissions(desk) == []
    assert not [*(each for each in desk.folder.rglob("*.xlsx") if each.is_file()), *desk.folder.rglob("*.partial")]


def test_a_stranger_gets_no_document_that_nobody_kept(desk: Desk) -> None:
    path = desk.folder / "config.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(f"os:{os_user()}", "os:other"), encoding="utf-8")
    target = desk.folder / "poam.xlsx"

    assert "nobody in [people]" in desk.refused("export", "fedramp", "-o", str(target), "--system", "ACME")
    assert not target.exists()


def test_which_system_is_asked_where_there_are_several(desk: Desk) -> None:
    assert "add --system: ACME, LEDGER" in desk.refused("export", "fedramp", "-o", "x.xlsx")
    assert "there is no system MOON" in desk.refused("export", "fedramp", "-o", "x.xlsx", "--system", "MOON")


def test_a_former_file_is_replaced_whole(desk: Desk) -> None:
    (desk.folder / "poam.xlsx").write_bytes(b"PK, an older document")
    assert list(shown(export(desk))) == ["V-1", "V-2"]
    assert not list(desk.folder.glob("*.partial"))


def test_a_document_never_takes_the_place_of_what_poam_sync_lives_from(desk: Desk) -> None:
    (desk.folder / "jira.xlsx").write_text("token", encoding="utf-8")
    text = (desk.folder / "config.toml").read_text(encoding="utf-8")
    text = text.replace('token_env = "JIRA_TOKEN"', 'token_file = "jira.xlsx"')
    (desk.folder / "config.toml").write_text(text, encoding="utf-8")
    own = [name for name in ("poam.db", "poam.db.lock", "poam.db.health.json") if (desk.folder / name).exists()]
    for name in ("config.toml", "poam.db-wal", *own):
        (desk.folder / f"to-{name}.xlsx").symlink_to(desk.folder / name)
    (desk.folder / "same.xlsx").hardlink_to(desk.folder / "poam.db")

    for path in sorted(desk.folder.glob("*.xlsx")):
        told = desk.refused("export", "fedramp", "-o", str(path), "--system", "ACME")
        assert "is one of poam-sync's own files" in told, path
    assert (desk.folder / "jira.xlsx").read_text(encoding="utf-8") == "token"


def test_a_file_that_is_no_workbook_is_left_alone_and_a_workbook_is_replaced(desk: Desk) -> None:
    notes = desk.folder / "notes.xlsx"
    notes.write_text("mine", encoding="utf-8")

    told = desk.refused("export", "fedramp", "-o", str(notes), "--system", "ACME")

    assert "is there already and is no workbook" in told
    assert notes.read_text(encoding="utf-8") == "mine"
    notes.write_bytes(b"PK of another day")
    assert shown(export(desk, name="notes.xlsx"))


@pytest.mark.parametrize(("zone", "began"), [("Pacific/Kiritimati", "2026-03-03"), ("Pacific/Pago_Pago", "2026-03-02")])
def test_the_record_begins_on_the_day_it_was_where_the_system_is(desk: Desk, zone: str, began: str) -> None:
    in_time_zone(desk, zone)
    desk.engine.clock.advance(days=2)
    options = ("export", "fedramp", "-o", str(desk.folder / "poam.xlsx"), "--system", "ACME", "--as-of")

    assert f"the record begins on {began}" in desk.refused(*options, "2026-03-01")
    desk.done(*options, began)


def test_a_document_is_replaced_only_when_the_record_has_kept_the_new_one(desk: Desk) -> None:
    target = export(desk)
    first = target.read_bytes()
    desk.done("set", "V-1", "comments=new", "--reason", "x")
    command = ("export", "fedramp", "-o", str(target), "--system", "ACME")
    with struck(Faults()) as seen:
        desk.run("export", "fedramp", "-o", str(desk.folder / "count.xlsx"), "--system", "ACME", "--layout", "2.1")
    for at in range(1, seen.passed + 1):
        with struck(Faults(at, KINDS[0])):
            assert desk.run(*command).exit_code == 3
        assert target.read_bytes() == first, at
        assert not list(desk.folder.glob("*.partial")), at
    desk.done(*command)
    assert target.read_bytes() != first
    assert hashlib.sha256(target.read_bytes()).hexdigest() in [each["sha256"] for each in submissions(desk)]
