"""The record at rest beside the trackers' truth, as verdicts ask about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from poam.connectors.base import Account, Change, Comment, Issue, Status
from poam.mapping.comment_commands import Verb, command_in
from poam.mapping.item import PoamItem
from poam.mapping.lenses import work_status_of
from poam.mapping.profiles import PROFILES, Profile
from poam.sync.looking.comments import WORK
from poam.sync.looking.steps import said_in
from poam.sync.record.items import load
from poam.sync.record.kinds import Conflict, Link, Request
from poam.sync.record.rows import rows
from poam.sync.settings.people import person_of
from poam.sync.settings.policies import Policy

from .staff import KNOWN_AT_TRACKERS
from .world import BOT, World

if TYPE_CHECKING:
    from .story import Story


FIELDS = {"status": "work_status", "due_date": "due_date", "title": "title"}
"""What the record calls the fields of an issue."""


@dataclass(frozen=True, slots=True)
class Known:
    """The record at rest, as it is asked about."""

    story: Story
    items: dict[str, PoamItem]
    links: list[Link]
    live: dict[str, Link]
    conflicts: list[Conflict]
    requests: list[Request]
    journal: list[dict[str, Any]]

    @classmethod
    def of(cls, story: Story) -> Known:
        """Reads it all."""
        database = story.record.db
        links = rows(database, Link)
        return cls(
            story,
            {item.uid: item for item in load(database)},
            links,
            {link.item_uid: link for link in links if link.state == "live"},
            rows(database, Conflict),
            rows(database, Request),
            list(database.query("SELECT * FROM journal ORDER BY seq")),
        )

    def world(self, link: Link) -> World:
        """The tracker of a link."""
        return self.story.worlds[link.connector]

    def issue(self, link: Link) -> Issue | None:
        """The issue of a link, as it stands or last stood."""
        return self.world(link).known().get(link.remote_id or "")

    def person(self, connector: str, change: Change | Comment) -> str:
        """Who is to be named for a change, or a comment."""
        return person_of(self.story.config, connector, change.author.id or "unattributed").person

    def profile(self, item: PoamItem) -> Profile:
        """The rules of an item."""
        system = self.story.config.system(item.system_id)
        return PROFILES[system.profile if system else "generic"]

    def is_out_of_sight(self, link: Link, *, listed_only: bool = False) -> bool:
        """Whether a link's issue cannot be seen any more; `listed_only`: or lists left it out for a while, and what
        happened then is found by the look at everything.
        """
        world = self.world(link)
        there = world.issues.get(link.remote_id or "")
        if link.state != "live" or there is None:
            return True
        return listed_only and (not there.marked or there.id in world.once_hidden)

    def left(self, link: Link) -> bool:
        """Whether somebody decided to leave an issue as the tracker has it, or has still to decide."""
        refused = [each for each in self.conflicts if each.link_id == link.id and each.policy == "refused"]
        return any(each.resolution in ("", "tracker") for each in refused)


# --- the journal


@dataclass(frozen=True, slots=True)
class Word:
    """What somebody wanted of a field: by a change of the issue, or by a command."""

    at: str
    author: Account
    new: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """One item and its issue at rest."""

    known: Known
    item: PoamItem
    link: Link
    issue: Issue

    @property
    def is_first(self) -> bool:
        """Whether no other issue mirrored the item before."""
        return self.link.number == 1

    def by_people(self, field: str) -> list[Word]:
        """What people wanted of a field, by what they did and by commands, oldest first."""
        done = [
            Word(change.at, change.author, word(change.new), str(change.id))
            for change in self.issue.history
            if change.field == field and change.author != BOT
        ]
        return sorted([*done, *self._said(field)], key=lambda one: one.at)

    def _said(self, field: str) -> Iterator[Word]:
        """What commands of known people asked for. A date is no word where the item was closed by then."""
        for comment in self.issue.comments:
            command = command_in(comment.text) if comment.author.id in KNOWN_AT_TRACKERS else None
            if command is None or command.lacks:
                continue
            source = said_in(comment.id)
            if field == "status" and command.verb in WORK:
                yield Word(comment.at, comment.author, WORK[command.verb].value, source)
            if field == "due_date" and command.verb is Verb.EXTEND and self.told("due_date", source):
                yield Word(comment.at, comment.author, command.date, source)

    def told(self, field: str, source: str) -> int:
        """The journal's row of what somebody did, or said; 0 where there is none."""
        wanted = ("observed", self.link.id, field, source)
        seqs = [
            int(row["seq"])
            for row in self.known.journal
            if (row["entity"], row["entity_id"], row["field"], row["source"]) == wanted
        ]
        return seqs[0] if seqs else 0

    def conflicts(self, field: str) -> list[Conflict]:
        """The conflicts about a field, ended ones too."""
        return [each for each in self.known.conflicts if each.link_id == self.link.id and each.field == field]

    def disputed_in(self, cycle: str, field: str) -> bool:
        """Whether a conflict over two values of a field of this item was opened or brought up to date in a cycle."""
        mine = [each for each in self.known.conflicts if (each.item_uid, each.field) == (self.item.uid, field)]
        about = {str(each.id) for each in mine if each.policy in tuple(Policy)}
        rows = [row for row in self.known.journal if (row["entity"], row["cycle"]) == ("conflicts", cycle)]
        return any(row["entity_id"] in about for row in rows)

    def changes(self, field: str) -> list[dict[str, Any]]:
        """The journal's rows of a field of the item."""
        return [
            row
            for row in self.known.journal
            if row["entity"] == "items" and row["entity_id"] == self.item.uid and row["field"] == field
        ]


def word(value: Any) -> str | None:
    """A tracker's value in the record's words."""
    return work_status_of(value, {}).value if isinstance(value, Status) else value or None
