"""What is owed a tracker that answers late, twice, or not at all: each write ends where its fate is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from poam.connectors.base import Account, Created, Draft, Edit, Issue, Page
from poam.connectors.errors import Forbidden, Gone, Rejected, TrackerError, Unavailable, Unsettled
from poam.connectors.memory import MemoryTracker, MemoryWorld
from poam.connectors.sandbox.clock import Clock
from poam.mapping.item import WorkStatus
from poam.sync.plan import ConnectorPlan, Plan, Seen, taking_in_only
from poam.sync.record.kinds import Link, Owed
from poam.sync.record.mirrors import sighting_of
from poam.sync.record.owed import in_hand
from poam.sync.record.rows import rows
from poam.sync.record.verify import problems
from poam.sync.telling.report import Report

from .deciding import resolved
from .engine import ISSO, Engine, engine, item


@pytest.fixture
def story(tmp_path: Path) -> Iterator[Engine]:
    with engine(tmp_path, item(1), item(2)) as made:
        yield made
        assert list(problems(made.record.db)) == []


class Listless(MemoryTracker):
    """A tracker whose list has nothing to tell yet; its search for a marker finds."""

    def changed_since(self, cursor: str | None) -> Page:
        """Nothing."""
        return Page([], cursor or "")


class Forgetful(MemoryTracker):
    """A tracker that tells what is, and not who made it so."""

    def changed_since(self, cursor: str | None) -> Page:
        """Without histories."""
        page = super().changed_since(cursor)
        return replace(page, issues=[replace(issue, history=()) for issue in page.issues])

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """Without its history."""
        return replace(super().get(issue_id, known=known), history=())


class Forbidding(MemoryTracker):
    """A tracker that hides issues from us for a while, as one does that takes a permission away."""

    hidden: frozenset[str] = frozenset()

    def changed_since(self, cursor: str | None) -> Page:
        """Without the hidden ones."""
        page = super().changed_since(cursor)
        return replace(page, issues=[issue for issue in page.issues if issue.id not in self.hidden])

    def get_many(self, issue_ids: Sequence[str]) -> Sequence[Issue]:
        """Without the hidden ones."""
        return [issue for issue in super().get_many(issue_ids) if issue.id not in self.hidden]


class Meddled(MemoryTracker):
    """A tracker where somebody does one more thing right after our edit."""

    after: Callable[[], object] = staticmethod(lambda: None)

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """The issue as the other has left it."""
        super().edit(issue, edit)
        happens, self.after = self.after, lambda: None
        happens()
        return self.get(issue.id)


class Behind(MemoryTracker):
    """A tracker whose histories lag one change behind what it shows, as a feed of events does."""

    def changed_since(self, cursor: str | None) -> Page:
        """Without each last change."""
        page = super().changed_since(cursor)
        return replace(page, issues=[replace(issue, history=issue.history[:-1]) for issue in page.issues])

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """Without its last change."""
        issue = super().get(issue_id, known=known)
        return replace(issue, history=issue.history[:-1])


class Picky(MemoryTracker):
    """A tracker that cannot take some of the new issues."""

    fails: tuple[str, ...] = ()

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """Not those of certain items."""
        for draft in drafts:
            if draft.title.startswith(self.fails):
                raise Unavailable(f"no room for {draft.title}")
        return super().create(drafts)


class Choosy(MemoryTracker):
    """A tracker that makes several issues at once, and answers for each by itself."""

    answers: Mapping[str, TrackerError] = {}
    sent: tuple[int, ...] = ()

    def create(self, drafts: Sequence[Draft]) -> Sequence[Created | TrackerError]:
        """As many as are not to be answered otherwise; each answer of that kind is given once."""
        self.sent += (len(drafts),)
        said = {draft: self.answers.get(draft.title[:5]) for draft in drafts}
        self.answers = {name: error for name, error in self.answers.items() if isinstance(error, Rejected)}
        made = iter(super().create([draft for draft in drafts if said[draft] is None]))
        return [said[draft] or next(made) for draft in drafts]


class Asked(MemoryTracker):
    """A tracker that remembers what was known of the issues that it was asked for."""

    known: str = "nobody asked"

    def get(self, issue_id: str, *, known: str = "") -> Issue:
        """See `Tracker`."""
        self.known = known
        return super().get(issue_id, known=known)


class Sleepy(Clock):
    """A clock of a machine that sleeps ten minutes just before it is asked for the so-many-th time."""

    def __init__(self, clock: Clock, at: int) -> None:
        self.asked, self._at_question, self._clock = 0, at, clock

    def now(self) -> datetime:
        """The time, perhaps after a sleep."""
        self.asked += 1
        if self.asked == self._at_question:
            self._clock.advance(minutes=10)
        return self._clock.now()

    def advance(self, **time: float) -> None:
        """Moves the clock forward."""
        self._clock.advance(**time)


def origins(story: Engine, entity: str) -> set[str]:
    """Where the journal says that the daemon's rows about an entity came from."""
    told = "SELECT DISTINCT origin FROM journal WHERE person = 'system' AND entity = ?"
    return {origin for (origin,) in story.record.db.execute(told, (entity,))}


def test_a_lost_create_that_only_a_search_finds_is_taken_for_the_mirror_and_its_twin_closed(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.tracker = Listless("jira", story.world)
        story.world.faults.append(("create", "after", Unsettled))
        story.cycle()
        [made] = MemoryTracker("jira", story.world).changed_since(None).issues
        story.clock.advance(seconds=1)
        twin = story.world.add(made.author, made.marker, {"title": made.title, "body": made.body})

        story.later(minutes=1)

        mirror, retired = rows(story.record.db, Link, order="number")
        assert (mirror.remote_id, mirror.remote_key, mirror.url, mirror.state) == (made.id, made.key, made.url, "live")
        assert (retired.remote_id, retired.remote_key, retired.url) == (twin.id, twin.key, twin.url)
        assert (retired.state, retired.number) == ("retired", 2)
        create, retire = story.outbox()
        assert (create.state, create.last_error) == ("DONE", "found at the tracker by its marker")
        assert (retire.operation, retire.state) == ("retire", "PENDING")
        assert origins(story, "links") == {"sync:jira"}
        story.later(minutes=1)
        assert story.tracker.get(twin.id).status.category == "done"
        assert story.issue().status.category == "todo"


def test_a_write_to_an_issue_that_is_not_there_waits_a_share_of_the_hour_and_is_given_up_with_it(story: Engine) -> None:
    story.cycle()
    with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
    story.person.delete(story.link().remote_id or "")
    story.later(minutes=0)
    owed = story.outbox()[-1]
    assert (owed.operation, owed.state, owed.last_error) == ("edit", "PENDING", "there is no issue 1")
    assert owed.not_before == "2026-03-02T12:20:00.000Z"
    for _ in range(3):
        assert story.link().state == "live"
        story.later(minutes=21)
    assert story.link().state == "missing"
    assert story.outbox()[-1].state == "FAILED"
    [conflict] = story.conflicts()
    assert (conflict.policy, conflict.field, conflict.record_value) == ("missing", "issue", "MEM-1")
    assert conflict.tracker_value == "there is no issue 1"
    assert story.journal("links.state")[-1] == ("system", "live", "missing")
    assert origins(story, "conflicts") == {"sync:jira"}


def test_a_write_whose_issue_goes_while_it_is_sent_is_owed_again(story: Engine) -> None:
    story.cycle()
    story.person.set_due(story.link().remote_id or "", "")
    story.world.faults.append(("edit", "before", Gone))
    story.later()
    assert story.outbox()[-1].state == "PENDING"
    assert sighting_of(story.record.db, story.link()).missing_since == "2026-03-02T13:00:00.000Z"
    story.later()
    assert story.issue().due_dates == ("2026-05-01",)
    seen = sighting_of(story.record.db, story.link())
    assert (seen.missing_looks, seen.missing_since) == (0, ""), "it is there"


def test_two_dates_at_once_are_told_once_with_who_put_the_second(story: Engine) -> None:
    story.cycle()
    ann = Account("ann", "Ann Engineer")
    story.world.change(ann, story.link().remote_id or "", {"due_dates": ("2026-06-01", "2026-05-01")})
    story.later()
    [told] = story.conflicts()
    assert (told.policy, told.tracker_by) == ("ambiguous", "ann@acme.example")
    assert told.tracker_at == story.issue().updated
    before = story.record.head
    story.cycle(full=True)
    assert story.conflicts() == [told]
    assert story.record.head == before


def test_a_plan_that_only_takes_in_sends_nothing_of_any_kind() -> None:
    link = Link("l-1", "uid-1", "jira", 1, "m-1", None, "", "", "planned")
    [part] = taking_in_only(Plan((ConnectorPlan(Seen("jira"), retries=(link,)),), (), 0)).connectors
    assert (part.owed, part.retries, part.sends) == ((), (), False)


def test_work_that_nobody_is_named_for_is_claimed_by_nobody_in_particular(story: Engine) -> None:
    story.cycle()
    story.tracker = Forgetful("jira", story.world)
    story.person.close(story.link().remote_id or "")
    story.later()
    assert (story.item().work_status, story.item().work_done_by) == (WorkStatus.DONE, "jira:unattributed")
    assert story.item().work_done_at == "2026-03-02T13:00:00.000Z", "when we saw it"


def test_a_missing_issue_that_is_seen_again_is_a_mirror_again_and_nobody_has_to_decide(story: Engine) -> None:
    story.cycle()
    tracker = Forbidding("jira", story.world)
    story.tracker, tracker.hidden = tracker, frozenset({story.link().remote_id or ""})
    for _ in range(4):
        story.clock.advance(hours=1)
        story.cycle(full=True)
    assert story.link().state == "missing"
    assert [each.policy for each in story.conflicts()] == ["missing"]
    tracker.hidden = frozenset()
    story.clock.advance(hours=25)
    story.cycle(full=True)
    assert story.link().state == "live"
    assert story.journal("links.state")[-1] == ("system", "missing", "live")
    assert story.conflicts() == []
    assert story.later().record_writes == 0


def test_an_edit_after_which_another_is_needed_is_owed_again_and_not_on_its_way(story: Engine) -> None:
    story.cycle()
    tracker = Meddled("jira", story.world)
    story.tracker = tracker
    tracker.after = lambda: story.person.rename(story.link().remote_id or "", "Mine")
    with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
    story.later()
    assert [owed.state for owed in story.outbox()][-1] == "PENDING"
    story.later()
    assert [owed.state for owed in story.outbox()][-1] == "DONE"
    assert story.issue().title == "[V-1] A newer name"


def test_a_machine_that_sleeps_anywhere_in_a_cycle_sends_no_create_on_what_it_knew_before(tmp_path: Path) -> None:
    held = []
    for question in range(1, 15):
        (tmp_path / str(question)).mkdir()
        with engine(tmp_path / str(question), item(1)) as story:
            story.clock = clock = Sleepy(story.clock, question)
            story.cycle()
            [owed] = story.outbox()
            if clock.asked >= question and not story.issues():
                held.append((owed.state, owed.attempts))
            story.later()
            story.later()
            assert len(story.issues()) == 1
            assert story.later().record_writes == 0
    assert set(held) == {("PENDING", 1)}


def test_a_date_that_the_record_takes_back_is_cleared_and_is_nobodys_wish(tmp_path: Path) -> None:
    with engine(tmp_path, item(1, scheduled_completion_date=None, milestones=())) as story:
        story.cycle()
        story.person.set_due(story.link().remote_id or "", "2026-07-01")
        story.later()
        assert story.item().forecast_date == "2026-07-01"
        with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"forecast_date": None})
        story.later()
        assert story.issue().due_dates == ()
        story.later()
        assert story.journal("observed.due_date") == [("ann@acme.example", None, "2026-07-01")]
        assert story.item().forecast_date is None
        assert story.later().record_writes == 0


def test_a_create_that_is_unsettled_is_not_sent_again_to_another_place(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        was, here, there = story.config, story.world, MemoryWorld(story.clock)
        elsewhere = was.connectors["jira"].model_copy(update={"project": "NEW"})
        here.faults.append(("create", "after", Unsettled))
        story.cycle()
        story.config = was.model_copy(update={"connectors": {"jira": elsewhere}})
        story.tracker = MemoryTracker("jira", there)
        for _ in range(3):
            assert "configure that place again" in story.later().connectors[0].error.hint
        [owed] = story.outbox()
        assert owed.last_error == "its create was sent to https://acme.example, project SEC and is not settled there"

        story.config, story.tracker = was, MemoryTracker("jira", here)
        story.later()
        assert len(story.issues()) == 1
        assert story.link().state == "live"
        assert MemoryTracker("jira", there).changed_since(None).issues == []


def test_a_create_whose_process_died_while_it_was_sent_is_in_doubt_and_is_asked_about(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.world.faults.append(("create", "before", KeyboardInterrupt))  # type: ignore[arg-type]
        with pytest.raises(KeyboardInterrupt):
            story.cycle()
        assert [owed.state for owed in story.outbox()] == ["SENDING"]
        story.later(minutes=1)
        [owed] = story.outbox()
        assert (owed.state, owed.last_error) == ("UNKNOWN", "the process stopped while sending")
        assert story.issues() == [], "it may still arrive"
        story.later()
        assert len(story.issues()) == 1
        assert story.link().state == "live"


def test_a_create_that_no_connection_took_is_still_to_be_sent_and_nobody_has_to_ask_about_it(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.world.faults.append(("create", "before", Unavailable))
        story.cycle()
        [owed] = story.outbox()
        assert (owed.state, owed.attempts) == ("PENDING", 1)
        assert owed.last_error
        story.world.faults.append(("find", "before", Unavailable))
        story.later(minutes=5)
        assert len(story.issues()) == 1
        assert [each[0] for each in story.world.faults] == ["find"], "nobody asked"


def test_a_write_to_a_strangers_issue_of_the_same_number_is_not_sent_and_says_why(tmp_path: Path) -> None:
    with engine(tmp_path, item(1)) as story:
        story.cycle()
        world = MemoryWorld(story.clock)
        values = {"title": "Not ours", "body": "", "due_dates": (), "labels": frozenset()}
        stranger = world.add(Account("somebody"), None, values)
        assert stranger.id == story.link().remote_id
        with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
        story.tracker = MemoryTracker("jira", world)
        story.later()
        owed = story.outbox()[-1]
        told = f"{stranger.key} at jira is not the issue that mirrors this item"
        assert (owed.operation, owed.state, owed.last_error) == ("edit", "PENDING", told)
        assert world.get(stranger.id).title == "Not ours"


def test_of_a_write_that_is_over_and_has_no_successor_its_own_row_is_the_one_to_read(story: Engine) -> None:
    story.cycle()
    for owed in story.outbox():
        assert in_hand(story.record.db, replace(owed, state="SENDING")) == owed
    with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
    story.world.faults.append(("edit", "before", Unsettled))
    story.later()
    *_, first, edit = story.outbox()
    assert (edit.operation, edit.state) == ("edit", "UNKNOWN")
    assert in_hand(story.record.db, replace(first, link_id=edit.link_id)) == edit


@pytest.mark.parametrize(
    ("fails", "attempts"),
    [
        (("[V-1]", "[V-2]", "[V-3]"), [1, 1, 1, 0, 0, 0]),
        (("[V-1]", "[V-2]", "[V-4]", "[V-5]"), [1, 1, 1, 1, 1, 1]),
    ],
)
def test_three_issues_in_a_row_that_cannot_be_written_are_an_outage_and_two_are_not(
    tmp_path: Path, fails: tuple[str, ...], attempts: list[int]
) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 7))) as story:
        story.world.creates_at_once = 1
        story.tracker = tracker = Picky("jira", story.world)
        tracker.fails = fails
        told = story.cycle().connectors[0]
        assert str(told.error) == "no room for [V-1] Outdated library 1"
        assert [owed.attempts for owed in story.outbox()] == attempts
        assert told.created == len([n for n in attempts if n]) - len(fails)


def test_new_issues_are_made_as_many_at_once_as_the_tracker_can(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 8))) as story:
        story.tracker = tracker = Choosy("jira", story.world)
        assert story.cycle().connectors[0].created == 7
        assert tracker.sent == (3, 3, 1)
        assert len({story.link(n).remote_id for n in range(1, 8)}) == 7
        assert {owed.send_deadline for owed in rows(story.record.db, Owed)} == {"2026-03-02T12:00:05.000Z"}


def test_one_that_is_refused_among_several_is_a_conflict_of_its_own(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 4))) as story:
        story.tracker = tracker = Choosy("jira", story.world)
        tracker.answers = {"[V-2]": Rejected("V-2 is too long", field="title")}
        told = story.cycle().connectors[0]
        assert (told.created, told.refused, told.error) == (2, 1, None)
        assert [(each.item_uid, each.field, each.tracker_value) for each in story.conflicts()] == [
            ("uid-2", "title", "V-2 is too long")
        ]
        assert [owed.state for owed in rows(story.record.db, Owed)] == ["DONE", "FAILED", "DONE"]


def test_one_that_was_left_out_of_a_request_is_sent_right_after_it(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 4))) as story:
        story.tracker = tracker = Choosy("jira", story.world)
        tracker.answers = {"[V-2]": Unavailable("later"), "[V-3]": Unavailable("later")}
        told = story.cycle().connectors[0]
        assert (told.created, told.error, tracker.sent) == (3, None, (3, 2))
        assert len(story.issues()) == 3


def test_a_tracker_that_leaves_all_of_them_out_is_not_asked_for_ever(tmp_path: Path) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 4))) as story:
        story.tracker = tracker = Choosy("jira", story.world)
        tracker.answers = {f"[V-{n}]": Unavailable("no room") for n in range(1, 4)}
        told = story.cycle().connectors[0]
        assert (told.created, str(told.error), tracker.sent) == (0, "no room", (3,))
        assert {(owed.state, owed.not_before) for owed in story.outbox()} == {("PENDING", "2026-03-02T12:05:00.000Z")}


@pytest.mark.parametrize(
    ("error", "state"),
    [(Unsettled, "UNKNOWN"), (Unavailable, "PENDING"), (Forbidden, "PENDING"), (Rejected, "FAILED")],
)
def test_what_becomes_of_one_request_becomes_of_all_in_it(
    tmp_path: Path, error: type[TrackerError], state: str
) -> None:
    with engine(tmp_path, *(item(n) for n in range(1, 4))) as story:
        story.world.faults.append(("create", "before", error))
        assert story.cycle().connectors[0].created == 0
        assert [owed.state for owed in rows(story.record.db, Owed)] == [state] * 3


def test_an_idle_cycle_asks_for_the_changes_and_for_nothing_else(story: Engine) -> None:
    story.cycle()
    story.later()
    unasked = ["visibility", "get_many", "get", "find"]
    story.world.faults += [(each, "before", Unavailable) for each in unasked]  # type: ignore[misc]
    assert story.later().connectors[0].error is None
    assert [each for each, _, _ in story.world.faults] == unasked


def test_an_issue_is_read_to_be_edited_with_what_is_known_of_it(story: Engine) -> None:
    story.cycle()
    story.tracker = tracker = Asked("jira", story.world)
    with story.record.unit(at="2026-03-03T00:00:00.000Z") as unit:
        unit.change(ISSO, "items", "uid-1", {"weakness_name": "A newer name"})
    before = sighting_of(story.record.db, story.link()).version
    story.later()
    assert tracker.known == before, "so that a tracker need not tell the whole history again"


def test_of_two_dates_at_once_after_a_cleared_one_none_is_what_was_seen(story: Engine) -> None:
    story.cycle()
    story.person.set_due(story.link().remote_id or "", "")
    story.world.change(Account("bob"), story.link().remote_id or "", {"due_dates": ("2026-06-01", "2026-07-01")})
    story.tracker = Behind("jira", story.world)
    story.later()
    assert [each.policy for each in story.conflicts()] == ["ambiguous"]
    assert sighting_of(story.record.db, story.link()).seen_due_date is None


def test_an_item_that_ended_before_its_issue_was_made_is_in_no_doubt_over_the_issues_of_others(tmp_path: Path) -> None:
    with engine(tmp_path, item(1), item(2)) as story:
        story.world.faults.append(("create", "before", Unavailable))
        story.cycle()
        with story.record.unit(at="2026-03-02T12:30:00.000Z") as unit:
            unit.change(ISSO, "items", "uid-1", {"state": "closed"})
        story.world.faults.append(("create", "before", Unsettled))
        story.later()
        story.later()
        story.later()
        assert story.link(1).state == "planned"
        assert story.link(2).state == "live"
        assert {owed.state for owed in story.outbox()} == {"DONE"}


def undone(story: Engine) -> Report:
    """Another robot puts its own title back, and a cycle runs."""
    story.world.change(Account("other-bot"), story.link().remote_id or "", {"title": "Theirs"})
    return story.later(minutes=5)


def test_another_robot_that_undoes_the_same_again_and_again_is_not_answered_for_ever(story: Engine) -> None:
    story.cycle()
    assert sum(undone(story).connectors[0].edited for _ in range(14)) == 10
    (told,) = story.conflicts()
    assert (told.field, told.policy) == ("title", "refused")
    assert told.tracker_value == "MEM-1 was given the same 10 times within a day, and each time somebody undid it there"
    assert story.issue().title == "Theirs"
    assert story.later().record_writes == 0


def test_what_was_undone_too_often_is_written_again_when_a_person_asks_for_it(story: Engine) -> None:
    story.cycle()
    for _ in range(11):
        undone(story)
    resolved(story, "record", story.conflicts()[0].id)
    story.later()
    assert story.issue().title == "[V-1] Outdated library 1"
    assert story.conflicts() == []
    assert sum(undone(story).connectors[0].edited for _ in range(12)) == 9, "ten with the one that was asked for"


def test_an_issue_with_another_key_keeps_its_link_under_the_new_one(story: Engine) -> None:
    story.cycle()
    link = story.link()
    moved = replace(story.issue(), key="OPS-9", url="memory:OPS-9", updated="2026-03-02T12:30:00.000Z", version="99")
    story.world._keep(moved)
    story.later()
    assert (story.link().remote_key, story.link().url) == ("OPS-9", "memory:OPS-9")
    assert story.link().remote_id == link.remote_id
    assert story.later().record_writes == 0
