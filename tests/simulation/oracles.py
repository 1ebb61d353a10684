"""What must hold: after every cycle, after every crash, and once all is at rest.

Three words name most verdicts: *duplicate* (two issues of one mirror), *lost* (a change that went nowhere, or was
overruled in silence) and *restless* (work although nothing is new).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import TYPE_CHECKING

from poam.connectors.base import Change
from poam.mapping.item import State
from poam.sync.looking.steps import is_said, said_in
from poam.sync.record.kinds import Link
from poam.sync.record.verify import problems

from .commands import commands, verdicts_on_answers, verdicts_on_commands
from .known import FIELDS, Known, Mirror, word
from .mirrored import verdicts_of
from .world import BOT

if TYPE_CHECKING:
    from .story import Story

MIRRORED = (State.OPEN, State.PENDING_VERIFICATION, State.RISK_ACCEPTED)


def after_a_cycle(story: Story) -> None:
    """Cursors only ever go up; only a look at everything may begin anew, further back."""
    query = story.record.db.conn.execute
    marks = {f"cursor of {name}": cursor for name, cursor in query("SELECT connector, cursor FROM cursors")}
    for link, history, updated in query("SELECT link_id, history_cursor, updated FROM sightings"):
        marks |= {f"history of {link}": history, f"sight of {link}": updated}
    for name, mark in marks.items():
        world = story.worlds.get(name.removeprefix("cursor of "))
        if mark < story.marks.get(name, mark) and not (world and world.read_anew):
            story.blame(f"backwards: {name} went from {story.marks[name]} to {mark}")
    story.marks |= marks
    for world in story.worlds.values():
        world.read_anew = False


def after_a_crash(story: Story) -> None:
    """The record equals its history, and holds everything that anybody was told to be kept."""
    for problem in problems(story.record.db):
        story.blame(f"damaged: {problem}")
    for ack in story.acks:
        found = story.record.db.conn.execute("SELECT hash FROM journal WHERE seq = ?", (ack.seq,)).fetchone()
        if found is None or found[0] != ack.hash:
            story.blame(f"lost: journal row {ack.seq} was acknowledged and is gone")


def in_time(story: Story) -> None:
    """What happened to an issue that lists show is known once they were read, without a look at everything."""
    known = Known.of(story)
    for verdict in (
        *_history_is_told_once(known, listed_only=True),
        *verdicts_on_commands(known, listed_only=True),
    ):
        story.blame(f"late: {verdict}")


def at_the_end(story: Story) -> None:
    """Everything that holds at rest."""
    after_a_crash(story)
    known = Known.of(story)
    for verdict in (
        *_every_row_has_a_person(known),
        *_the_record_decides(known),
        *_once(known),
        *_history_is_told_once(known),
        *verdicts_on_commands(known),
        *verdicts_on_answers(known),
        *_requests_have_authors(known),
    ):
        story.blame(verdict)
    for item in known.items.values():
        link = known.live.get(item.uid)
        issue = link and known.world(link).issues.get(link.remote_id or "")
        if link and issue:
            for verdict in verdicts_of(Mirror(known, item, link, issue)):
                story.blame(f"{item.poam_id} ({link.remote_key}): {verdict}")
    if any(world.trespasses for world in story.worlds.values()):
        story.blame("an issue was edited that is not ours")
    if story.faults.counted["leaks"]:
        story.blame("a secret was written where strangers read")
    if story.faults.counted["idle edits"]:
        story.blame("restless: an edit wrote what was there already")
    if story.faults.counted["erased texts"]:
        story.blame("lost: a body was written over what people had put there before the last look, or without one")


def _every_row_has_a_person(known: Known) -> Iterator[str]:
    for row in known.journal:
        if not row["person"]:
            yield f"anonymous: journal row {row['seq']} names nobody"


def _the_record_decides(known: Known) -> Iterator[str]:
    """No tracker closes an item or accepts its risk, and nothing moves a baselined date."""
    for row in known.journal:
        if row["entity"] != "items":
            continue
        if row["field"] == "scheduled_completion_date":
            yield f"a scheduled completion date moved in journal row {row['seq']}"
        if row["field"] == "state" and row["new"] in ("closed", "risk_accepted") and row["origin"] != "cli":
            yield f"{row['origin']} made {row['entity_id']} {row['new']}"


def _once(known: Known) -> Iterator[str]:
    for name, world in known.story.worlds.items():
        for marker, born in world.born.items():
            # What a restored record forgot may be gone, or hidden from it, and is then made again: see below.
            if born > 1 and marker not in world.doubled and not known.story.faults.counted["restores"]:
                yield f"duplicate: {born} issues were created at {name} for {marker[:4]}"
    for link in known.links:
        ours = [
            issue.id
            for issue in known.world(link).issues.values()
            if issue.author == BOT and issue.marker == link.marker
        ]
        ours = [each for each in ours if not _is_told(known, link, each)]
        if link.state == "live" and ours != [link.remote_id]:
            yield f"duplicate: {link.item_uid} is mirrored by {ours}, the record says {link.remote_id}"
        issue = known.issue(link)
        if issue is not None and issue.author != BOT:
            yield f"somebody's own {link.remote_key} was taken for ours"
        if link.state == "missing" and link.remote_id in known.world(link).issues and known.issue(link).marked:  # type: ignore[union-attr]
            yield f"lost: {link.remote_key} is there, the record says it is missing"
    yield from _all_mirrored(known)


def _is_told(known: Known, link: Link, twin: str) -> bool:
    """Whether a second issue, the tracker's own mistake, was closed or waits for a person to decide."""
    here = [each for each in known.links if each.connector == link.connector and each.remote_id == twin]
    retired = any(each.state == "retired" for each in here)
    history = known.world(link).issues[twin].history
    closed = any(change.author == BOT and change.field == "status" for change in history)
    return retired and (closed or any(each.field == f"twin {twin}" for each in known.conflicts))


def _all_mirrored(known: Known) -> Iterator[str]:
    links: dict[str, list[Link]] = defaultdict(list)
    for link in known.links:
        links[link.item_uid].append(link)
    for item in known.items.values():
        planned = [link for link in links[item.uid] if link.state == "planned" and not known.left(link)]
        if item.state in MIRRORED and (planned or not links[item.uid]):
            yield f"lost: {item.poam_id} has no issue"


def _history_is_told_once(known: Known, *, listed_only: bool = False) -> Iterator[str]:
    done = [row for row in known.journal if row["entity"] == "observed" and not is_said(row["source"])]
    seen = Counter((row["entity_id"], row["source"]) for row in done)
    expected: dict[tuple[str, str], tuple[Link, Change]] = {}
    # A restored record cannot know who ordered what it then had written: it takes that in, under our account's name.
    restored = known.story.faults.counted["restores"]
    for link in known.links:
        issue = known.issue(link)
        for change in issue.history if issue else ():
            expected[link.id, str(change.id)] = (link, change)
    for key, (link, change) in expected.items():
        count = seen.pop(key, 0)
        what = f"{change.field} {word(change.old)} to {word(change.new)} by {change.author.id} at {link.remote_key}"
        gone = known.is_out_of_sight(link, listed_only=listed_only)
        if change.author == BOT and count and not restored:
            yield f"our own write was taken for a person's: {what} ({change.id})"
        elif change.author != BOT and count != 1 and not (gone and count == 0):
            yield f"lost: told {count} times: {what} ({change.id})"
    for (link_id, source), count in seen.items():
        yield f"journaled {count} times, never happened: {link_id[:4]} {source}"
    yield from _truly_told(known, expected)


def _truly_told(known: Known, expected: dict[tuple[str, str], tuple[Link, Change]]) -> Iterator[str]:
    for row in known.journal:
        if row["entity"] != "observed" or (row["entity_id"], row["source"]) not in expected:
            continue
        link, change = expected[row["entity_id"], row["source"]]
        told = (row["field"], row["new"], row["person"])
        true = (FIELDS[change.field], word(change.new), known.person(link.connector, change))
        if told != true:
            yield f"journaled as {told}, was {true}"


def _requests_have_authors(known: Known) -> Iterator[str]:
    links = {link.id: link for link in known.links}
    for request in known.requests:
        link = links[request.link_id or ""]
        issue = known.issue(link)
        done = {str(each.id): (each, each.new) for each in issue.history} if issue else {}
        said = {said_in(each.id): (each, command.date) for each, command in commands(known, link)}
        if request.source not in done | said:
            yield f"request {request.id} comes from nothing that happened"
            continue
        one, day = (done | said)[request.source]
        if request.requested_by != known.person(link.connector, one):
            yield f"request {request.id} is said to be of {request.requested_by}"
        elif request.kind == "later_date" and request.requested_date != day:
            yield f"request {request.id} asks for {request.requested_date}, meant was {day}"
