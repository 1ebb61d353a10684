"""The sandbox Jira's operations on one issue: create, get, edit, delete, history, comments and transitions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .jira_call import Answer, Call
from .jira_fields import accept, edit_labels, text
from .jira_site import NOT_THERE, JiraSite, RefusalError, StoredIssue
from .jira_views import FIELD_NAMES, Wanted
from .jira_workflow import RESOLUTION_IDS, RESOLUTIONS, STATUSES, Transition, status_named

AT_ONCE = 50


class Issues:
    """Every method answers with a status and JSON, or raises RefusalError."""

    def __init__(self, site: JiraSite) -> None:
        self._site = site

    def create(self, call: Call) -> Answer:
        """Creates an issue, properties included."""
        call.known()
        self._permit("CREATE_ISSUES")
        return 201, self._created(call, call.body)

    def create_many(self, call: Call) -> Answer:
        """Creates up to fifty issues, each as if it stood alone. Where all are refused, so is the request."""
        call.known()
        self._permit("CREATE_ISSUES")
        updates = call.body.get("issueUpdates", [])
        if not self._site.bulk_create:
            raise RefusalError(404, "null for uri")
        if not 1 <= len(updates) <= AT_ONCE:
            raise RefusalError(400, f"Between 1 and {AT_ONCE} issues can be created in bulk.")
        issues: list[dict[str, str]] = []
        errors: list[dict[str, Any]] = []
        for place, update in enumerate(updates):
            try:
                issues.append(self._created(call, update))
            except RefusalError as refusal:
                errors.append({"status": refusal.status, "elementErrors": refusal.body, "failedElementNumber": place})
        return 201 if issues else 400, {"issues": issues, "errors": errors}

    def _created(self, call: Call, update: Mapping[str, Any]) -> dict[str, str]:
        if self._site.grumble:
            raise RefusalError(self._site.grumble_status, self._site.grumble)
        user, fields = call.known(), dict(update.get("fields", {}))
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
        issue = self._site.add(user, type_name, kept, _properties(update))
        place = f"{call.base}/rest/api/{call.api}/issue/{issue.id}"
        return {"id": str(issue.id), "key": issue.key, "self": place}

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
        issue.properties |= _properties(call.body)
        self._site.after_edit()
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
        fields = call.body.get("fields", {})
        self._check_options(fields)
        resolution = _resolution(way, fields)
        self._site.change(user, issue, {"status": status_named(way.lands or way.to).id, "resolution": resolution})
        self._site.after_transition()
        return 204, None

    def comments(self, call: Call) -> Answer:
        """A page of an issue's comments, the oldest first unless asked otherwise."""
        said = self._issue(call).now.fields["comment"]
        ordered = said[::-1] if call.query.get("orderBy", "").startswith("-") else said
        start, size = call.number("startAt", 0), call.number("maxResults", 100)
        return 200, call.views(self._site).comments(ordered[start : start + size], len(said), start)

    def comment(self, call: Call) -> Answer:
        """Says something below an issue."""
        user, issue = call.known(), self._issue(call)
        if "ADD_COMMENTS" in self._site.denied:
            told = f"{user.name}, you do not have the permission to comment on this issue."
            raise RefusalError(400, errors={"comment": told})
        try:
            body = text(call.body.get("body"))
        except ValueError as error:
            raise RefusalError(400, errors={"comment": str(error)}) from None
        if not body:
            raise RefusalError(400, errors={"comment": "Comment body can not be empty!"})
        return 201, call.views(self._site).comment(self._site.say(user, issue, body))

    def _issue(self, call: Call) -> StoredIssue:
        if call.user is None and not self._site.public:
            raise RefusalError(404, NOT_THERE)
        return self._site.get(call.path["issue"])

    def _permit(self, permission: str) -> None:
        if permission in self._site.denied:
            raise RefusalError(403, f"You do not have the permission {permission} in this project.")

    def _accept(self, call: Call, fields: Mapping[str, Any], screen: Any) -> dict[str, Any]:
        due = {"due_field": self._site.due_field, "due_type": self._site.due_type}
        return accept(fields, screen=screen, **due, rich_text=call.api == "3")

    def _check_options(self, fields: Mapping[str, Any]) -> None:
        for name, offered in self._site.options.items():
            if name in fields and fields[name].get("id") not in offered:
                raise RefusalError(400, errors={name: f"Option '{fields[name]}' is not valid."})

    def _type_name(self, given: Mapping[str, str]) -> str:
        for number, name in self._site.issue_types.items():
            if given.get("id") == number or given.get("name") == name:
                return name
        raise RefusalError(400, errors={"issuetype": "Specify an issue type"})

    def _open_ways(self, issue: StoredIssue) -> list[Transition]:
        status = next(status for status in STATUSES if status.id == issue.now.fields["status"])
        if "TRANSITION_ISSUES" in self._site.denied:
            return []
        workflow = self._site.workflows.get(issue.type_name, self._site.workflow)
        return [way for way in workflow if status.name in way.sources]


def _properties(update: Mapping[str, Any]) -> dict[str, Any]:
    return {entry["key"]: entry["value"] for entry in update.get("properties", [])}


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
