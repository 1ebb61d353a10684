"""The sandbox Jira's operations on one issue: create, get, edit, delete, history and transitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .jira_call import Answer, Call
from .jira_fields import accept, edit_labels
from .jira_site import NOT_THERE, JiraSite, RefusalError, StoredIssue
from .jira_views import FIELD_NAMES, Wanted
from .jira_workflow import RESOLUTION_IDS, RESOLUTIONS, STATUSES, Transition, status_named


class Issues:
    """Every method answers with a status and JSON, or raises RefusalError."""

    def __init__(self, site: JiraSite) -> None:
        self._site = site

    def create(self, call: Call) -> Answer:
        """Creates an issue, properties included."""
        user, fields = call.known(), dict(call.body.get("fields", {}))
        self._permit("CREATE_ISSUES")
        views = call.views(self._site)
        project = fields.pop("project", {})
        if self._site.project != project.get("key") and project.get("id") != "10000":
            raise RefusalError(400, errors={"project": "Specify a valid project ID or key"})
        type_name = self._type_name(fields.pop("issuetype", {}))
        screen = views.creatable()
        missing = {name: f"{name} is required." for name in self._site.required - fields.keys()}
        if missing:
            raise RefusalError(400, errors=missing)
        values = self._accept(call, {"summary": "", **fields}, screen)
        kept = {name: value for name, value in values.items() if name not in self._site.required}
        issue = self._site.add(user, type_name, kept, _properties(call))
        return 201, {
            "id": str(issue.id),
            "key": issue.key,
            "self": f"{call.base}/rest/api/{call.api}/issue/{issue.id}",
        }

    def get(self, call: Call) -> Answer:
        """One issue as it stands."""
        issue = self._issue(call)
        return 200, call.views(self._site).issue(issue, issue.now, call.wanted("*all"))

    def edit(self, call: Call) -> Answer:
        """Sets fields and edits labels in one step; `returnIssue` brings the issue back."""
        user, issue = call.known(), self._issue(call)
        self._permit("EDIT_ISSUES")
        views = call.views(self._site)
        values = self._accept(call, call.body.get("fields", {}), views.editable())
        operations = call.body.get("update", {}).get("labels", [])
        if operations:
            values["labels"] = edit_labels(issue.now.fields["labels"], operations)
        self._site.change(user, issue, values)
        issue.properties |= _properties(call)
        if call.query.get("returnIssue", "false").lower() != "true":
            return 204, None
        expand = tuple(call.query.get("expand", "").split(","))
        return 200, views.issue(issue, issue.now, Wanted(expand=expand))

    def delete(self, call: Call) -> Answer:
        """Deletes an issue for good."""
        call.known()
        self._permit("DELETE_ISSUES")
        self._site.delete(self._issue(call))
        return 204, None

    def changelog(self, call: Call) -> Answer:
        """A page of an issue's history, oldest first."""
        issue, views = self._issue(call), call.views(self._site)
        start, size = call.number("startAt", 0), call.number("maxResults", 100)
        page = [views.entry(entry) for entry in issue.entries[start : start + size]]
        total = len(issue.entries)
        last = start + len(page) >= total
        return 200, {"startAt": start, "maxResults": size, "total": total, "isLast": last, "values": page}

    def transitions(self, call: Call) -> Answer:
        """Where this issue can go from here."""
        issue, views = self._issue(call), call.views(self._site)
        fields = "transitions.fields" in call.query.get("expand", "")
        views_ = [views.transition(transition, fields=fields) for transition in self._open_ways(issue)]
        return 200, {"expand": "transitions", "transitions": views_}

    def transition(self, call: Call) -> Answer:
        """Moves an issue along one transition; the resolution follows the status."""
        user, issue = call.known(), self._issue(call)
        number = str(call.body.get("transition", {}).get("id", ""))
        way = next((way for way in self._open_ways(issue) if way.id == number), None)
        if way is None:
            raise RefusalError(400, "It seems that you have tried to perform an illegal workflow operation.")
        resolution = _resolution(way, call.body.get("fields", {}))
        self._site.change(user, issue, {"status": status_named(way.to).id, "resolution": resolution})
        return 204, None

    def _issue(self, call: Call) -> StoredIssue:
        if call.user is None and not self._site.public:
            raise RefusalError(404, NOT_THERE)
        return self._site.get(call.path["issue"])

    def _permit(self, permission: str) -> None:
        if permission in self._site.denied:
            raise RefusalError(403, f"You do not have the permission {permission} in this project.")

    def _accept(self, call: Call, fields: Mapping[str, Any], screen: Any) -> dict[str, Any]:
        return accept(fields, screen=screen, due_field=self._site.due_field, rich_text=call.api == "3")

    def _type_name(self, given: Mapping[str, str]) -> str:
        for number, name in self._site.issue_types.items():
            if given.get("id") == number or given.get("name") == name:
                return name
        raise RefusalError(400, errors={"issuetype": "Specify an issue type"})

    def _open_ways(self, issue: StoredIssue) -> list[Transition]:
        status = next(status for status in STATUSES if status.id == issue.now.fields["status"])
        if "TRANSITION_ISSUES" in self._site.denied:
            return []
        return [way for way in self._site.workflow if status.name in way.sources]


def _properties(call: Call) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in call.body.get("properties", [])}


def _resolution(way: Transition, fields: Mapping[str, Any]) -> str | None:
    """The resolution an issue has after that transition with those fields. Raises RefusalError (400)."""
    for name in fields.keys() - way.screen.keys():
        raise RefusalError(
            400,
            errors={name: f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."},
        )
    for name, required in way.screen.items():
        if required and name not in fields:
            raise RefusalError(400, errors={name: f"{FIELD_NAMES.get(name, name)} is required."})
    if status_named(way.to).category != "done":
        return None
    chosen = fields.get("resolution") or {"name": way.resolution or "Done"}
    given = RESOLUTIONS.get(chosen.get("id", ""), chosen.get("name"))
    if given not in RESOLUTION_IDS:
        raise RefusalError(400, errors={"resolution": "Specify a valid 'name' for Resolution"})
    return str(given)
