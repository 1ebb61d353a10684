"""The first line of `poam status`: whether record and trackers agree, since when, what is owed and why it waits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from poam.connectors.errors import Forbidden, TrackerError, Unavailable, Unsettled
from poam.connectors.sandbox.clock import iso
from poam.sync.looking.existence import proof_after
from poam.sync.record.told import OwedWrite
from poam.sync.settings.config import Config
from poam.sync.telling.health import Liveness, liveness, note_success
from poam.sync.telling.report import ConnectorReport, Report
from poam.sync.telling.standing import standing, waits

from .desk import Desk
from .engine import Engine, config, engine, item

NOON = "2026-03-02T12:00:00.000Z"
NOW = datetime(2026, 3, 2, 12, 5, tzinfo=UTC)
TWO = timedelta(minutes=2)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """One mirrored item, in step since noon."""
    return Desk.open(tmp_path, item(1))


def cycle(desk: Desk, *faults: Any, act: Callable[[Engine], object] = lambda _: None, minutes: float = 2) -> None:
    """One cycle some minutes later, noted as the commands note it."""

    def story(ready: Engine) -> None:
        act(ready)
        ready.world.faults += faults
        report = ready.later(minutes=minutes)
        assert note_success(desk.folder / "poam.db", report, iso(ready.clock.now()), TWO) == ""

    desk.at_work(story)


def first(desk: Desk) -> str:
    return desk.run("status").stdout.splitlines()[0]


def retitle(ready: Engine) -> None:
    """A title changed at the tracker: ours is owed."""
    ready.person.rename(ready.link().remote_id or "", f"Mine {ready.clock.now()}")


# agreement


def test_the_first_line_says_that_all_is_in_step_and_since_when(desk: Desk) -> None:
    assert first(desk) == "In step with jira since 2026-03-02 12:00 UTC."
    status = desk.json("status")
    assert (status["in_step"], status["since"], status["line"]) == (True, NOON, first(desk))


def test_good_cycles_in_a_row_leave_the_time_since_when(desk: Desk) -> None:
    for _ in range(5):
        cycle(desk)

    assert first(desk) == "In step with jira since 2026-03-02 12:00 UTC."
    assert desk.json("status")["connectors"][0]["last_success"] == "2026-03-02T12:10:00.000Z"


def test_after_a_time_without_cycles_nobody_claims_to_have_been_in_step(desk: Desk) -> None:
    desk.engine.clock.advance(hours=3)
    assert first(desk) == (
        "Not in step: jira was last in step at 2026-03-02 12:00 UTC (no cycle ran since: is poam run running?)."
    )
    assert desk.json("status")["since"] is None
    cycle(desk)
    assert first(desk) == "In step with jira since 2026-03-02 15:02 UTC."


def test_an_outage_is_told_with_its_reason_once_it_lasts(desk: Desk) -> None:
    cycle(desk, ("changed_since", "before", Unavailable))
    told = first(desk)
    assert desk.run("status").exit_code == 1
    for _ in range(3):
        cycle(desk, ("changed_since", "before", Unavailable))
    assert first(desk) == (
        "Not in step: jira was last in step at 2026-03-02 12:00 UTC "
        "(changed_since failed on demand, before its effect)."
    )
    assert first(desk) == told
    assert desk.run("status").exit_code == 1
    cycle(desk)
    assert first(desk) == "In step with jira since 2026-03-02 12:10 UTC."
    assert desk.run("status").exit_code == 0


def test_a_single_failed_cycle_ends_the_time_in_step(desk: Desk) -> None:
    cycle(desk, ("changed_since", "before", Unavailable))
    cycle(desk)
    assert first(desk) == "In step with jira since 2026-03-02 12:04 UTC."


def test_of_two_trackers_the_one_whose_last_cycle_failed_is_not_called_in_step() -> None:
    live = {"jira": Liveness(NOON, NOON), "code": Liveness(NOON, "", NOON, "it is down")}
    told = standing(both(), NOW, live, [], undecided=0, changed=[])
    assert not told.in_step
    assert told.line == "Not in step: code was last in step at 2026-03-02 12:00 UTC (it is down)."


def test_what_to_do_about_a_failed_cycle_is_told(desk: Desk) -> None:
    report = Report((ConnectorReport("jira", error=Forbidden("the token expired", hint="make a new one")),))
    note_success(desk.folder / "poam.db", report, NOON, TWO)

    told = desk.run("status").stdout
    noon = "2026-03-02 12:00 UTC"
    assert f"jira: 1 linked; last in step at {noon}; failed at {noon}; make a new one" in told.splitlines()
    assert told.count("the token expired") == 1, "the first line has the reason"
    (jira,) = desk.json("status")["connectors"]
    assert (jira["failed_at"], jira["error"], jira["hint"]) == (NOON, "the token expired", "make a new one")


def test_a_tracker_that_was_never_reached_is_told_with_its_reason(tmp_path: Path) -> None:
    desk = troubled(tmp_path, ("changed_since", "before", Unavailable))

    assert first(desk) == ("Not in step: jira was never in step (changed_since failed on demand, before its effect).")
    (tmp_path / "poam.db.health.json").unlink()
    assert first(desk) == "Not in step: jira was never in step (poam sync does a first cycle)."


def test_a_tracker_that_failed_at_once_is_not_called_one_that_was_never_asked(tmp_path: Path) -> None:
    desk = troubled(tmp_path, ("changed_since", "before", Unavailable))
    told = desk.run("status").stdout.splitlines()
    assert [each for each in told if each.startswith("jira: ")] == [
        "jira: nothing; never in step; failed at 2026-03-02 12:00 UTC"
    ]


def test_what_failed_at_a_tracker_that_the_configuration_dropped_is_told_beside_it(desk: Desk) -> None:
    report = Report((ConnectorReport("jira", error=Forbidden("the token expired", hint="make a new one")),))
    note_success(desk.folder / "poam.db", report, NOON, TWO)
    path = desk.folder / "config.toml"
    text = path.read_text(encoding="utf-8").replace('type = "jira"', 'type = "j"').replace("jira", "tracker")
    path.write_text(text.replace('type = "j"', 'type = "jira"'), encoding="utf-8")
    assert "; failed at 2026-03-02 12:00 UTC: the token expired; make a new one" in desk.run("status").stdout


def troubled(folder: Path, *faults: Any) -> Desk:
    """A desk whose first cycle met trouble."""
    with engine(folder, item(1)) as ready:
        ready.world.faults += faults
        note_success(folder / "poam.db", ready.cycle(), iso(ready.clock.now()), TWO)
    desk = Desk(folder, ready)
    desk.become("isso")
    return desk


def both() -> Config:
    """Jira and GitHub."""
    code = {"type": "github", "url": "https://api.github.example", "repository": "acme/web", "token_env": "T"}
    whole = config().model_dump()
    return Config.model_validate({**whole, "connectors": {**whole["connectors"], "code": code}})


def test_of_several_trackers_the_last_to_come_into_step_tells_since_when() -> None:
    live = {"jira": Liveness(NOON, NOON), "code": Liveness("2026-03-02T12:04:00.000Z", "2026-03-02T12:02:00.000Z")}
    told = standing(both(), NOW, live, [], undecided=0, changed=[])

    assert told.line == "In step with jira and code since 2026-03-02 12:02 UTC."


def test_everything_that_keeps_it_from_being_in_step_is_in_the_one_line() -> None:
    live = {"jira": Liveness(iso(NOW), iso(NOW)), "code": Liveness("2026-03-02T11:00:00.000Z", error="it is down.")}
    told = standing(both(), NOW, live, [owed(), owed(), owed()], undecided=2, changed=["V-1"])

    assert told.line == (
        "Not in step: code was last in step at 2026-03-02 11:00 UTC (it is down); 3 writes owed to jira; "
        "1 item changed here since the last cycle; 2 decisions wait for a person."
    )


def test_without_a_tracker_there_is_nothing_to_be_out_of_step_with() -> None:
    alone = Config.model_validate({"systems": [{"id": "ACME", "name": "ACME"}]})

    assert standing(alone, NOW, {}, [], undecided=1, changed=[]).line == (
        "No tracker is configured; 1 decision waits for a person."
    )


def test_a_change_made_here_is_told_until_the_next_cycle_has_carried_it_over(desk: Desk) -> None:
    desk.done("set", "V-1", "kev_due_date=2026-03-20", "--reason", "CISA lists it")
    assert first(desk).endswith("since 2026-03-02 12:00 UTC; 1 item changed here since the last cycle.")
    assert desk.json("status")["changed_since_cycle"] == ["V-1"]
    cycle(desk)
    assert first(desk) == "In step with jira since 2026-03-02 12:00 UTC."


def test_a_decision_that_changes_no_item_is_nothing_to_carry_over(desk: Desk) -> None:
    desk.done("set", "V-1", "work_status=blocked", "--reason", "a part is missing")
    cycle(desk, act=lambda ready: ready.person.close(ready.link().remote_id or ""))
    desk.done("resolve", "1", "--take", "tracker")

    assert desk.json("status")["changed_since_cycle"] == []


def test_a_decision_is_counted_once_however_it_shows(desk: Desk) -> None:
    cycle(desk, act=lambda ready: ready.person.close(ready.link().remote_id or "", "wont_do"))
    status = desk.json("status")

    assert (status["declined"], status["requests"], status["undecided"]) == (1, 1, 1)
    assert first(desk) == "In step with jira since 2026-03-02 12:00 UTC; 1 decision waits for a person."
    assert desk.run("status").exit_code == 1


def test_an_item_the_engineers_declined_waits_for_a_person_after_its_request_was_decided(desk: Desk) -> None:
    cycle(desk, act=lambda ready: ready.person.close(ready.link().remote_id or "", "wont_do"))
    desk.done("approve", "1")

    assert first(desk).endswith("1 decision waits for a person.")
    assert desk.run("status").exit_code == 1


def without(desk: Desk, table: str) -> None:
    """Takes a table off the configuration, with all that stands below it, and the accounts there."""
    path = desk.folder / "config.toml"
    text = path.read_text(encoding="utf-8").partition(table)[0]
    path.write_text(text.replace('accounts = ["jira:ann"]', ""), encoding="utf-8")


@pytest.mark.parametrize("lacking", ["[[routes]]", "[connectors.jira]"])
def test_open_items_that_no_route_leads_anywhere_are_told_and_need_a_person(tmp_path: Path, lacking: str) -> None:
    with engine(tmp_path, item(1), item(2)) as ready:
        desk = Desk(tmp_path, ready)
    desk.become("isso")
    without(desk, lacking)
    assert first(desk).endswith("; 2 items without a route.")
    assert desk.json("status")["unrouted"] == ["V-1", "V-2"]
    assert desk.run("status").exit_code == 1


def test_a_route_that_went_leaves_what_is_mirrored_already_alone(desk: Desk) -> None:
    without(desk, "[[routes]]")
    assert first(desk) == "In step with jira since 2026-03-02 12:00 UTC."


def test_deviations_that_wait_for_the_official_are_counted_and_change_no_exit_code(desk: Desk) -> None:
    desk.done("set", "V-1", "false_positive=pending", "operational_requirement=pending", "--reason", "asked the AO")
    cycle(desk)
    pending = ["V-1 false_positive", "V-1 operational_requirement"]
    told = f"2 deviations pending, for the authorizing official: {', '.join(pending)}"
    assert told in desk.run("status").stdout.splitlines()
    assert desk.json("status")["deviations_pending"] == pending
    assert desk.run("status").exit_code == 0


def test_the_issue_of_a_closed_item_is_counted_for_as_long_as_it_is_open(desk: Desk) -> None:
    url = "https://acme.example/review/12"
    told = desk.done("transition", "V-1", "closed", "--reason", "duplicate: of V-2", "--evidence", url)
    assert told.splitlines() == ["V-1: open -> closed", "MEM-1 is still open; close it there"]
    assert "1 issue of closed items still open, to be closed at the tracker: MEM-1" in desk.run("status").stdout
    assert desk.json("status")["still_open"] == ["MEM-1"]
    cycle(desk, act=lambda ready: ready.person.close(ready.link().remote_id or ""))
    assert desk.json("status")["still_open"] == []


def test_of_verified_work_nothing_is_left_open(desk: Desk) -> None:
    cycle(desk, act=lambda ready: ready.person.close(ready.link().remote_id or ""))
    url = "https://acme.example/scan/3"
    told = desk.done("transition", "V-1", "closed", "--reason", "clean scan", "--evidence", url)
    assert told == "V-1: pending verification -> closed"
    assert desk.json("status")["still_open"] == []


def test_an_issue_that_the_next_cycle_closes_is_nobodys_to_close(desk: Desk) -> None:
    cycle(desk, act=lambda ready: ready.person.close(ready.link().remote_id or ""))
    url = "https://acme.example/scan/3"
    desk.done("transition", "V-1", "closed", "--reason", "clean scan", "--evidence", url)
    cycle(desk, act=lambda ready: ready.person.reopen(ready.link().remote_id or ""))
    assert (desk.json("status")["requests"], desk.json("status")["still_open"]) == (1, [])
    desk.done("reject", "1", "--reason", "another finding")
    assert desk.json("status")["still_open"] == []


# what is owed


def test_a_write_that_failed_says_why_and_until_when_it_rests(desk: Desk) -> None:
    cycle(desk, ("edit", "before", Unavailable), act=retitle)

    assert first(desk) == (
        "Not in step: jira was last in step at 2026-03-02 12:00 UTC (edit failed on demand, before its effect); "
        "1 write owed to jira."
    )
    (write,) = desk.json("status")["owed_writes"]
    assert (write["poam_id"], write["operation"], write["state"], write["until"]) == (
        *("V-1", "edit", "PENDING"),
        "2026-03-02T12:07:00.000Z",
    )
    assert (
        "V-1: edit at MEM-1: it did not go through (edit failed on demand, before its effect); "
        "tried again after 2026-03-02 12:07 UTC"
    ) in desk.run("status").stdout
    assert desk.run("status").exit_code == 2


def test_owed_writes_break_the_time_in_step(desk: Desk) -> None:
    cycle(desk, ("edit", "before", Unavailable), act=retitle)
    cycle(desk, minutes=6)

    assert first(desk) == "In step with jira since 2026-03-02 12:08 UTC."


def test_a_write_that_was_owed_without_an_error_breaks_the_time_in_step_too(tmp_path: Path) -> None:
    desk = troubled(tmp_path, ("create", "before", Unsettled))
    for _ in range(10):
        cycle(desk)

    assert first(desk) == "In step with jira since 2026-03-02 12:18 UTC."


def test_a_create_of_unknown_fate_says_how_long_it_is_asked_for(tmp_path: Path) -> None:
    desk = troubled(tmp_path, ("create", "before", Unsettled))

    assert first(desk) == "Not in step: 1 write owed to jira."
    assert (
        "V-1: create at jira: sent, and no answer came; jira is asked for it every cycle, and it is never sent twice: "
        "only if there is none even after 2026-03-02 12:17 UTC, it never arrived and is sent anew"
    ) in desk.run("status").stdout


def test_the_time_told_for_a_create_of_unknown_fate_is_the_time_it_is_settled(tmp_path: Path) -> None:
    desk = troubled(tmp_path, ("create", "before", Unsettled))
    (write,) = desk.json("status")["owed_writes"]
    until = datetime.fromisoformat(write["until"])

    def at(moment: datetime) -> int:
        def story(ready: Engine) -> None:
            ready.clock.advance(seconds=(moment - ready.clock.now()).total_seconds())
            ready.cycle()

        desk.at_work(story)
        return len(desk.engine.world.present(["1", "2"]))

    assert (at(until - timedelta(seconds=1)), at(until)) == (0, 1)
    assert desk.json("status")["owed_writes"] == []


def test_an_edit_of_unknown_fate_is_read_before_anything_is_sent(desk: Desk) -> None:
    cycle(desk, ("edit", "after", Unsettled), act=retitle)

    assert (
        "V-1: edit at MEM-1: sent, and no answer came; "
        "the issue is read again, and what it then lacks is sent in the next cycle"
    ) in desk.run("status").stdout


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({}, "not sent yet; it goes out in the next cycle"),
        ({"attempts": 1}, "sent, and the issue does not show all of it yet; looked at again in the next cycle"),
        ({"last_error": "It moved."}, "it did not go through (It moved); tried again in the next cycle"),
        ({"not_before": NOON}, "not sent yet; it goes out in the next cycle"),
        (
            {"state": "SENDING"},
            "it is being sent, or the process stopped while it was sent; the issue is read again, "
            "and what it then lacks is sent in the next cycle",
        ),
        (
            {"operation": "retire", "state": "UNKNOWN"},
            "sent, and no answer came; the issue is read again, and what it then lacks is sent in the next cycle",
        ),
        ({"connector": "gone"}, "gone is not in the configuration any more; nothing is sent there"),
    ],
)
def test_every_state_of_an_owed_write_is_told_in_words(values: dict[str, Any], told: str) -> None:
    assert waits(owed(**values), config(), NOW).why == told


def owed(**values: Any) -> OwedWrite:
    blank = dict.fromkeys((each.name for each in fields(OwedWrite)), "")
    filled: dict[str, Any] = {
        "poam_id": "V-1",
        "connector": "jira",
        "operation": "edit",
        "state": "PENDING",
        "attempts": 0,
    }
    return OwedWrite(**(blank | filled | values))


def test_the_proof_that_a_create_never_arrived_takes_the_configured_overlap() -> None:
    jira = config().connectors["jira"]
    usual = proof_after(jira, config().sync.limits)

    assert usual == timedelta(seconds=30, minutes=2 + 15)
    assert proof_after(jira.model_copy(update={"overlap_minutes": 40}), config().sync.limits) - usual == timedelta(
        minutes=25
    )


def test_hostile_text_in_a_trackers_error_stays_on_its_line(desk: Desk) -> None:
    report = Report((ConnectorReport("jira", error=TrackerError("a\x1b[2J\nIn step with everything")),))
    note_success(desk.folder / "poam.db", report, NOON, TWO)

    lines = desk.run("status").stdout.splitlines()
    assert not any(line.startswith("In step with everything") for line in lines)
    assert "\x1b" not in "".join(lines)


# the side file


def test_a_side_file_of_an_older_version_is_still_understood(desk: Desk) -> None:
    (desk.folder / "poam.db.health.json").write_text(f'{{"jira": "{NOON}"}}', encoding="utf-8")

    assert liveness(desk.folder / "poam.db") == {"jira": Liveness(NOON, NOON)}
    assert first(desk) == "In step with jira since 2026-03-02 12:00 UTC."


@pytest.mark.parametrize(
    "noted", ['{"last_success": 5, "error": []}', '{"error": "\\ud800", "failed_at": "soon"}', "null", "[]", '"soon"']
)
def test_a_spoilt_note_about_a_connector_is_as_good_as_none(desk: Desk, noted: str) -> None:
    (desk.folder / "poam.db.health.json").write_text(f'{{"jira": {noted}}}', encoding="utf-8")

    assert desk.run("status").exit_code == 1
    assert first(desk).startswith("Not in step: jira was never in step (")
