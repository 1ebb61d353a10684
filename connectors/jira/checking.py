"""Looks at everything a Jira connector needs, without writing, and says what is wrong in plain sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..base import Account, Health, Visibility
from ..errors import Rejected, TrackerError
from ..settings import JiraSettings
from .answers import Missing, Refused
from .reading import MARK, Json, iso
from .wire import Wire

_NEEDED = {
    "BROWSE_PROJECTS": "read issues",
    "CREATE_ISSUES": "create issues",
    "EDIT_ISSUES": "edit issues",
    "TRANSITION_ISSUES": "transition issues",
}
_WELCOME = {"SCHEDULE_ISSUES": "set due dates", "ADD_COMMENTS": "comment on issues"}
_ALL = ", ".join((*_NEEDED.values(), *_WELCOME.values()))
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
        return wire.first("createmeta", lambda: cls._paged(wire, settings), lambda: cls._classic(wire, settings))

    @classmethod
    def _paged(cls, wire: Wire, settings: JiraSettings) -> CreateScreen:
        place = f"issue/createmeta/{settings.project}/issuetypes"
        types = _rows(wire, place)
        chosen = _chosen(types, settings)
        fields = _rows(wire, f"{place}/{chosen['id']}") if chosen else []
        return cls(str(chosen.get("id", "")), _names(types), {row["fieldId"]: row for row in fields})

    @classmethod
    def _classic(cls, wire: Wire, settings: JiraSettings) -> CreateScreen:
        """As servers before Jira 8.4 tell it: everything in one answer."""
        params = {"projectKeys": settings.project, "expand": "projects.issuetypes.fields"}
        projects = wire.read("GET", "issue/createmeta", params=params).data.get("projects")
        if not projects:
            wire.read("GET", f"project/{settings.project}")
        types = projects[0].get("issuetypes", []) if projects else []
        chosen = _chosen(types, settings)
        return cls(str(chosen.get("id", "")), _names(types), chosen.get("fields", {}))


def examine(wire: Wire, settings: JiraSettings, visibility: Visibility) -> Health:
    """The project's health. Raises Unavailable; what is refused becomes a problem."""
    account, deployment = Account(""), ""
    problems: list[str] = []
    warnings: list[str] = []
    try:
        account, deployment = wire.site.account, wire.site.deployment.name
        for probe in (_identity, _permissions, _create_screen, _edit_screen):
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


def _identity(wire: Wire, settings: JiraSettings) -> Findings:
    """Without that header an answer for strangers, with less in it, looks like one for us."""
    if wire.site.called is not None:
        return [], []
    header = wire.site.deployment.identity
    said = f"answers do not tell whom they are for; let the proxy before Jira pass the header {header} on"
    return [], [f"{wire.where}: {said}"]


def _permissions(wire: Wire, settings: JiraSettings) -> Findings:
    keys = {**_NEEDED, **_WELCOME}
    params = {"projectKey": settings.project, "permissions": ",".join(keys)}
    missing = "there is no such project, or our account cannot see it"
    try:
        held = wire.read("GET", "mypermissions", params=params, missing=missing).data["permissions"]
    except Missing:
        wire.read("GET", f"project/{settings.project}", missing=missing)
        return [], [f"{wire.where}: it does not tell what we may do; see that the account may {_ALL}"]

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
    wrong, doubtful = _kind_of_due(where, settings, due["schema"]["type"])
    return demanded + wrong, doubtful


def _kind_of_due(where: str, settings: JiraSettings, kind: str) -> Findings:
    said = f"{where}: {settings.due_field} is a {kind}"
    if kind == "datetime" and not settings.due_field_timezone:
        told = "its days are told in UTC; set due_field_timezone to the time zone whose days are meant"
        return [], [f"{said}, {told}"]
    return ([] if kind in ("date", "datetime") else [f"{said}; choose a date field as due_field"]), []


def _edit_screen(wire: Wire, settings: JiraSettings) -> Findings:
    """Jira tells what can be edited only per issue, so the newest of ours stands for all."""
    query = {
        "jql": f'project = "{settings.project}" AND labels = "{MARK}" ORDER BY updated DESC',
        "fields": ["status"],
        "expand": "editmeta",
        "maxResults": 1,
    }
    issues = wire.search(query).data["issues"]
    shown = issues[0].get("editmeta") if issues else None
    if shown is None or settings.due_field in shown.get("fields", {}):
        return [], []
    said = f"the edit screen has no {settings.due_field}, so due dates cannot be moved; add that field"
    return [], [f"{wire.where}: {said}"]


def _chosen(types: Sequence[Json], settings: JiraSettings) -> Json:
    """The configured issue type, or nothing."""
    wanted = settings.issue_type.casefold()
    return next((row for row in types if row["name"].casefold() == wanted), {})


def _names(types: Sequence[Json]) -> list[str]:
    return [row["name"] for row in types]


def _rows(wire: Wire, path: str) -> list[Json]:
    """All rows of a paged list, which is called otherwise at each deployment."""
    rows: list[Json] = []
    while True:
        params = {"startAt": str(len(rows)), "maxResults": "200"}
        page = wire.read("GET", path, params=params).data
        more = next(page[name] for name in wire.site.deployment.rows if name in page)
        rows += more
        if not more or len(rows) >= page.get("total", 0):
            return rows


def _sentence(refusal: TrackerError) -> str:
    return f"{refusal}; {refusal.hint}" if refusal.hint else str(refusal)
