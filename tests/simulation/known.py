"""The record at rest beside the trackers' truth, as verdicts ask about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from poam.connectors.base import Change, Issue, Status
from poam.mapping.item import PoamItem
from poam.mapping.lenses import work_status_of
from poam.mapping.profiles import PROFILES, Profile
from poam.sync.record.items import load
from poam.sync.record.kinds import Conflict, Link, Request
from poam.sync.record.rows import rows
from poam.sync.settings.people import person_of
from poam.sync.settings.policies import Policy

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

    def person(self, connector: str, change: Change) -> str:
        """Who is to be named for a change."""
        return person_of(self.story.config, connector, change.author.id or "unattributed").person

    def profile(self, item: PoamItem) -> Profile:
        """The rules of an item."""
        system = self.story.config.system(item.system_id)
        return PROFILES[system.profile if system else "generic"]

    def left(self, link: Link) -> bool:
        """Whether somebody decided to leave an issue as the tracker has it, or has still to decide."""
        refused = [each for each in self.conflicts if each.link_id == link.id and each.policy == "refused"]
        return any(each.resolution in ("", "tracker") for each in refused)


# --- the journal


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

    def by_people(self, field: str) -> list[Change]:
        """What people did to a field, oldest first."""
        return [change for change in self.issue.history if change.field == field and change.author != BOT]

    def told(self, change: Change) -> int:
        """The journal's row of a change; 0 where there is none."""
        seqs = [
            row["seq"]
            for row in self.known.journal
            if row["entity"] == "observed" and row["entity_id"] == self.link.id and row["source"] == str(change.id)
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
