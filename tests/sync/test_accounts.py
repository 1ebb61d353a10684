"""Our own account, and what happens when its token becomes another one's."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from poam.connectors.base import Account
from poam.connectors.memory import MemoryTracker

from .deciding import at_rest
from .engine import ISSO, engine, item

AT = "2026-03-03T00:00:00.000Z"


def test_a_token_of_another_account_makes_neither_one_s_writes_a_person_s(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        other = replace(story, tracker=MemoryTracker("jira", story.world, account="poam-2"))
        story.person.set_due(story.link().remote_id or "", "2026-07-01")
        other.later()
        other.later()
        assert [request.requested_date for request in other.requests()] == ["2026-07-01"]
        assert other.issue().due_dates == ("2026-05-01",), "put back by the new account"
        assert other.issue().history[-1].author == Account("poam-2")
        other.later()
        assert [request.state for request in other.requests()] == ["waiting"]
        assert {who for who, _, _ in other.journal("observed.due_date")} == {"ann@acme.example"}
        at_rest(other)


def test_what_the_former_account_wrote_last_is_still_ours(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        with story.record.unit(at=AT) as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name", "forecast_date": "2026-04-10"})
        story.later()
        other = replace(story, tracker=MemoryTracker("jira", story.world, account="poam-2"))
        other.clock.advance(minutes=1)
        other.cycle(full=True)
        assert other.journal("observed.title") == other.journal("observed.due_date") == []
        assert other.link().state == "live", "and its issue is still ours"
        at_rest(other)


def test_who_we_are_is_asked_once_with_each_credential(tmp_path: Path) -> None:
    class Counting(MemoryTracker):
        asked = 0

        def check(self):  # type: ignore[no-untyped-def]
            Counting.asked += 1
            return super().check()

    with engine(tmp_path, item(1)) as story:
        story.tracker = Counting("jira", story.world)
        for _ in range(3):
            story.later()
        assert Counting.asked == 1
        story.tracker = Counting("jira", story.world, account="poam-2")
        for _ in range(3):
            story.later()
        assert Counting.asked == 2
