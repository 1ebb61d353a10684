"""A person who decides something now, in one unit of work and under their own name."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ...mapping.item import PoamItem
from ...mapping.life import RequestKind
from ...mapping.profiles import PROFILES, Profile
from ..errors import NotAllowed
from ..looking.views import profile_id
from ..record.journal import Author
from ..record.kinds import Request
from ..record.rows import rows
from ..record.unit import Unit
from ..settings.config import Config
from ..settings.people import Identity, author
from ..status_date import Value, dated


@dataclass(frozen=True, slots=True)
class Decider:
    """One person deciding something now: `today` is the calendar date of the item's system."""

    unit: Unit
    config: Config
    identity: Identity
    today: str

    @property
    def by(self) -> Author:
        """The person, for the journal."""
        return author(self.identity, "cli")

    def profile(self, item: PoamItem) -> Profile:
        """The rules of the item's system."""
        return PROFILES[profile_id(self.config, item)]

    def day(self, item: PoamItem, instant: str) -> str:
        """The calendar date of an instant in the time zone of the item's system."""
        return self.config.day(item.system_id, instant)

    def change(self, item: PoamItem, changes: Mapping[str, Value], *, reason: str, source: str = "") -> bool:
        """Changes an item, and its status date with it; whether anything changed."""
        values = dated(item, changes, self.today)
        return self.unit.change(self.by, "items", item.uid, values, reason=reason, source=source)

    def must_decide(self, what: str) -> None:
        """Raises NotAllowed unless this person's role can decide."""
        if not self.identity.may_decide:
            raise NotAllowed(
                f"{self.identity.person} is {self.identity.role} and cannot decide {what}",
                hint="an ISSO or AO has to do it",
            )

    def end_requests(self, item: PoamItem, kinds: Collection[RequestKind], reason: str) -> None:
        """Ends what waits for a decision that something else has answered."""
        for request in rows(self.unit.db, Request, "item_uid = ? AND state = 'waiting'", (item.uid,)):
            if request.kind in kinds:
                self.unit.change(self.by, "requests", request.id, {"state": "superseded"}, reason=reason)

    def ended(self, resolution: str) -> dict[str, str]:
        """The columns of a conflict that this person ends."""
        return {
            "state": "resolved",
            "resolution": resolution,
            "resolved_by": self.identity.person,
            "resolved_at": self.unit.at,
        }
