"""Looks at everything a Jira connector needs, without writing, and says what is wrong in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..base import Account, Health, Visibility
from ..errors import Rejected, TrackerError
from ..settings import JiraSettings
from .answers import Refused
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
        """Two requests, more for a great many fields. Raises Forbidden for a missing project."""
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
    account, deployment = Account(""), ""
    problems: list[str] = []
    warnings: list[str] = []
    try:
        account, deployment = wire.site.account, wire.site.deployment
        for probe in (_permissions, _create_screen, _edit_screen):
            found, less = probe(wire, settings)
            problems += found
            warnings += less
    except (Rejected, Refused) as refusal:
        problems.append(_sentence(refusal))
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


Findings = tuple[list[str], list[str]]
"""Problems and warnings."""


def _permissions(wire: Wire, settings: JiraSettings) -> Findings:
    keys = {**_NEEDED, **_WELCOME}
    params = {"projectKey": settings.project, "permissions": ",".join(keys)}
    missing = "there is no such project, or our account cannot see it"
    held = wire.read("GET", "mypermissions", params=params, missing=missing).data["permissions"]

    def lacking(names: Mapping[str, str]) -> list[str]:
        missed = [key for key in names if not held.get(key, {}).get("havePermission")]
        return [f"{wire.where}: we may not {names[key]}; give the account {key}" for key in missed]

    return lacking(_NEEDED), lacking(_WELCOME)


def _create_screen(wire: Wire, settings: JiraSettings) -> Findings:
    screen = CreateScreen.read(wire, settings)
    if not screen.type_id:
        return [_sentence(missing_type(wire, settings, screen))], []
    where, due = (
        f"{wire.where}: the create screen of {settings.issue_type}",
        screen.fields.get(settings.due_field),
    )
    demanded = [
        f"{where} demands {row['name']}; make that field optional"
        for name, row in screen.fields.items()
        if row.get("required") and not row.get("hasDefaultValue") and name not in _SUPPLIED
    ]
    if due is None:
        return demanded, [f"{where} has no {settings.due_field}, so issues begin without a due date; add that field"]
    kind = due["schema"]["type"]
    wrong = [] if kind == "date" else [f"{where}: {settings.due_field} is a {kind}; choose a date field as due_field"]
    return demanded + wrong, []


def _edit_screen(wire: Wire, settings: JiraSettings) -> Findings:
    """Jira tells what can be edited only per issue, so the newest of ours stands for all."""
    query = {
        "jql": f'project = "{settings.project}" AND labels = "{MARK}" ORDER BY updated DESC',
        "fields": ["status"],
        "expand": "editmeta",
        "maxResults": 1,
    }
    issues = wire.read("POST", "search/jql", body=query).data["issues"]
    if not issues or settings.due_field in issues[0].get("editmeta", {}).get("fields", {}):
        return [], []
    said = f"the edit screen has no {settings.due_field}, so due dates cannot be moved; add that field"
    return [], [f"{wire.where}: {said}"]


def _rows(wire: Wire, path: str, name: str) -> list[Json]:
    """All rows of a paged list."""
    rows: list[Json] = []
    while True:
        params = {"startAt": str(len(rows)), "maxResults": "200"}
        page = wire.read("GET", path, params=params).data
        rows += page[name]
        if not page[name] or len(rows) >= page.get("total", 0):
            return rows


def _sentence(refusal: TrackerError) -> str:
    return f"{refusal}; {refusal.hint}" if refusal.hint else str(refusal)
