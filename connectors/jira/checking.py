"""Looks at everything a Jira connector needs, without writing, and says what is wrong in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..base import Account, Health, Visibility
from ..errors import Rejected
from ..settings import JiraSettings
from .reading import MARK, Json, iso
from .wire import Wire

_NEEDED = {
    "BROWSE_PROJECTS": "read issues",
    "CREATE_ISSUES": "create issues",
    "EDIT_ISSUES": "edit issues",
    "TRANSITION_ISSUES": "transition issues",
}
_WELCOME = {"SCHEDULE_ISSUES": "set due dates"}
_SUPPLIED = {"project", "issuetype", "summary", "description", "labels", "reporter"}


@dataclass(frozen=True, slots=True)
class CreateScreen:
    """What one can create in the project: the issue type's id (empty when missing) and its fields by id."""

    type_id: str
    types: Sequence[str]
    fields: Mapping[str, Json]

    @classmethod
    def read(cls, wire: Wire, settings: JiraSettings) -> CreateScreen:
        """Two requests, or more where there are many types or fields. Raises Rejected for a missing project."""
        place = f"issue/createmeta/{settings.project}/issuetypes"
        types = {row["name"].casefold(): row for row in _rows(wire, place, "issueTypes")}
        chosen = types.get(settings.issue_type.casefold())
        names = [row["name"] for row in types.values()]
        if chosen is None:
            return cls("", names, {})
        fields = _rows(wire, f"{place}/{chosen['id']}", "fields")
        return cls(str(chosen["id"]), names, {row["fieldId"]: row for row in fields})


def examine(wire: Wire, settings: JiraSettings, visibility: Visibility) -> Health:
    """The project's health. Raises Unavailable; what is refused becomes a problem."""
    try:
        site = wire.site
        problems, warnings = list(_problems(wire, settings)), list(_warnings(wire, settings))
        account, deployment = site.account, site.deployment
    except Rejected as refusal:
        problems, warnings, account, deployment = [_sentence(refusal)], [], Account(""), ""
    return Health(
        account=account,
        deployment=deployment,
        visibility=visibility,
        container=settings.project,
        server_time=iso(wire.time),
        problems=tuple(problems),
        warnings=tuple(warnings),
    )


def missing_type(wire: Wire, settings: JiraSettings, screen: CreateScreen) -> Rejected:
    """The error of a create where the configured issue type is not to be had."""
    offered = ", ".join(screen.types) or "none"
    return Rejected(
        f"{wire.where}: there is no issue type {settings.issue_type} to create",
        hint=f"set issue_type to one of: {offered}",
    )
