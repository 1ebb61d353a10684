"""A cycle cut off at any call and any commit: the cycles after it bring everything to where it would have been.

Three oracles judge each cut: once (one issue per item), rest (then a cycle does nothing), no loss (what people did at
the tracker and in the record is told, taken or in conflict exactly as without the cut).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from poam.connectors.base import Account, Edit, Issue
from poam.mapping.item import PoamItem

from .cuts import (
    ACTS,
    AT,
    ISSO,
    ITEMS,
    Cuts,
    CutTracker,
    Facts,
    both_speak_and_move,
    change,
    engineers_speak,
    life_goes_on,
    nobody_does_anything,
    play,
)
from .engine import Engine, engine, item


@pytest.fixture(scope="module")
def uncut(in_memory: Path) -> tuple[Facts, int]:
    """What the story ends in by itself, and how many places there are to cut it."""
    return play(in_memory, acts=ACTS, spare=1)


def test_the_story_tells_of_every_change(uncut: tuple[Facts, int]) -> None:
    facts, places = uncut
    assert [link[:2] for link in facts["links"]] == [(f"uid-{n}", 1) for n in range(1, 8)]
    assert len(facts["issues"]) == 7
    assert len(facts["seen"]) == 9
    assert [(row[1], row[2]) for row in facts["requests"]] == [
        ("later_date", "superseded"),
        ("later_date", "waiting"),
        ("declined", "superseded"),
    ]
    assert [row[1:4] for row in facts["conflicts"]] == [("work_status", "blocked", "done")]
    assert facts["owed"] == [("DONE",)]
    assert places > 100


@pytest.mark.parametrize("share", range(4))
def test_cut_anywhere_in_edits_requests_and_conflicts_the_story_ends_the_same(
    in_memory: Path, uncut: tuple[Facts, int], share: int
) -> None:
    facts, places = uncut
    for place in range(share + 1, places + 1, 4):
        found, _ = play(in_memory, place, acts=ACTS, spare=1)
        assert found == facts, f"cut at place {place}"


SPEECH = (nobody_does_anything, engineers_speak, both_speak_and_move)


@pytest.fixture(scope="module")
def spoken(in_memory: Path) -> tuple[Facts, int]:
    """The same of a story in which people speak in commands."""
    return play(in_memory, acts=SPEECH, spare=1)


def test_the_story_of_commands_tells_and_answers_each(spoken: tuple[Facts, int]) -> None:
    facts, places = spoken
    assert len([row for row in facts["seen"] if row[1] == "command"]) == 10
    answers = "\n".join(text for _, who, text in facts["comments"] if who == "poam")
    assert answers.count("(poam-sync)") == 10
    assert facts["unanswered"] == 0
    assert sorted(row[1:4] for row in facts["requests"]) == [
        ("later_date", "superseded", "2026-07-01"),
        ("later_date", "waiting", "2026-08-01"),
        ("vendor_dependency", "superseded", None),
        ("vendor_dependency", "waiting", None),
    ]
    assert [row[1:4] for row in facts["conflicts"]] == [("work_status", "in_progress", "done")]
    assert places > 60


@pytest.mark.parametrize("share", range(4))
def test_cut_anywhere_each_command_takes_effect_once_and_is_answered_once(
    in_memory: Path, spoken: tuple[Facts, int], share: int
) -> None:
    """Every other time the list lags by nine minutes."""
    facts, places = spoken
    for place in range(share + 1, places + 1, 4):
        found, _ = play(in_memory, place, acts=SPEECH, spare=1, lag=timedelta(minutes=9 * (place // 4 % 2)))
        assert in_one_comment_or_several(found) == in_one_comment_or_several(facts), f"cut at place {place}"


def spoken_to_at_once(story: Engine) -> None:
    """A new item, and somebody who speaks below its issue before we have its address."""
    change(story, 1, weakness_name="Better known weakness")
    with story.record.unit(at=AT) as unit:
        unit.add_items(ISSO, [item(2)])
    add = story.world.add

    def add_and_speak(author: Account, *rest: Any) -> Issue:
        return story.world.say(Account("ann"), add(author, *rest).id, "/poam status")

    story.world.add = add_and_speak  # type: ignore[method-assign]


def test_cut_anywhere_in_a_create_a_command_below_the_new_issue_is_answered_once(in_memory: Path) -> None:
    story: dict[str, Any] = {"acts": (nobody_does_anything, spoken_to_at_once), "items": ITEMS[:1], "spare": 1}
    facts, places = play(in_memory, **story)
    assert [who for _, who, _ in facts["comments"]] == ["ann", "poam"]
    for place in range(1, places + 1):
        found, _ = play(in_memory, place, **story)
        assert found == facts, f"cut at place {place}"


def in_one_comment_or_several(facts: Facts) -> Facts:
    """What was answered, in however many comments of ours."""
    ours = [(title, part) for title, who, text in facts["comments"] if who == "poam" for part in text.split("\n\n")]
    return {**facts, "comments": sorted(ours)}


@pytest.mark.parametrize("share", range(2))
def test_what_people_do_before_another_process_takes_over_is_never_lost(in_memory: Path, share: int) -> None:
    """Requests may differ: a date that nobody saw before it moved on is told, but was never asked for."""
    facts, _ = play(in_memory, acts=(*ACTS[:2], life_goes_on), spare=1)
    _, places = play(in_memory, acts=ACTS[:2], spare=1)
    for place in range(share + 1, places + 1, 2):
        found, _ = play(in_memory, place, acts=ACTS[:2], spare=1, meanwhile=life_goes_on)
        for name in ("issues", "links", "owed", "conflicts"):
            assert found[name] == facts[name], f"cut at place {place}"
        assert told(found) == told(facts), f"cut at place {place}"
        assert timeless_items(found) == timeless_items(facts), f"cut at place {place}"


def told(facts: Facts) -> list[Any]:
    """What people wanted, whatever stood there before."""
    return sorted([(uid, name, new, person) for uid, name, _, new, person in facts["seen"]], key=str)


def timeless_items(facts: Facts) -> list[PoamItem]:
    """The items, however often their status went to and fro."""
    return [replace(each, work_status_version=0) for each in facts["items"]]


@pytest.mark.parametrize("lag", [0, 9], ids=["a list that is up to date", "a list that lags by nine minutes"])
def test_cut_anywhere_in_two_creates_each_item_has_one_issue(in_memory: Path, lag: int) -> None:
    story = {"acts": ACTS[:1], "items": ITEMS[:2], "lag": timedelta(minutes=lag)}
    facts, places = play(in_memory, **story)
    assert places > 20
    for place in range(1, places + 1):
        found, _ = play(in_memory, place, **story)
        assert found == facts, f"cut at place {place}"


def test_cut_twice_anywhere_in_a_create_the_item_has_one_issue(in_memory: Path) -> None:
    story = {"acts": ACTS[:1], "items": ITEMS[:1], "lag": timedelta(minutes=9)}
    facts, places = play(in_memory, **story)
    for first in range(1, places + 1):
        _, more = play(in_memory, first, **story)
        for second in range(first + 1, more + 1):
            found, _ = play(in_memory, first, second, **story)
            assert found == facts, f"cut at places {first} and {second}"


def test_a_date_in_its_quiet_period_keeps_its_author_whatever_else_moves_on_the_issue(in_memory: Path) -> None:
    with engine(Path(mkdtemp(dir=in_memory)), item(1)) as story:
        story.cycle()
        story.person.set_due(story.link().remote_id or "", "2026-07-01")
        story.later(minutes=1)
        story.person.label(story.link().remote_id or "", add=("team-red",))
        story.later(minutes=1)
        assert story.requests() == []
        story.later(minutes=10)
        assert [request.requested_by for request in story.requests()] == ["ann@acme.example"]
        assert [who for who, _, _ in story.journal("observed.due_date")] == ["ann@acme.example"]


def test_what_is_asked_for_is_shown_even_if_it_changed_while_the_issue_was_written(in_memory: Path) -> None:
    """The read-back shows a person's newer move: what was written then is not what shall be read."""
    with engine(Path(mkdtemp(dir=in_memory)), item(1)) as story:
        story.cycle()
        remote = story.link().remote_id or ""
        story.person.set_due(remote, "2026-07-01")
        story.clock.advance(hours=1)
        story.tracker = Overtaken(story.tracker, story)
        story.cycle()
        story.later()
        story.later()
        assert "2026-08-01" in story.issue().body
        assert [request.requested_date for request in story.requests()] == ["2026-08-01"]


class Overtaken(CutTracker):
    """A tracker where somebody moves the date once more just before our first edit, long ago by our clock."""

    def __init__(self, tracker: Any, story: Engine) -> None:
        super().__init__(tracker, Cuts(frozenset()))
        self._story = story

    def edit(self, issue: Issue, edit: Edit) -> Issue:
        """See `Tracker`."""
        if not self._story.requests("superseded"):
            self._story.person.set_due(issue.id, "2026-08-01")
            self._story.clock.advance(hours=1)
        return self._tracker.edit(issue, edit)  # type: ignore[no-any-return]
