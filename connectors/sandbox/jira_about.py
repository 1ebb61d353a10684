"""The sandbox Jira's operations about the site itself: who, which issue types, fields and permissions."""

from __future__ import annotations

from collections.abc import Mapping

from .jira_call import Answer, Call
from .jira_site import Deployment, JiraSite, RefusalError
from .jira_views import FIELD_NAMES, stamp
from .jira_workflow import STATUSES

PERMISSIONS = (
    "BROWSE_PROJECTS",
    "CREATE_ISSUES",
    "EDIT_ISSUES",
    "TRANSITION_ISSUES",
    "SCHEDULE_ISSUES",
    "ADD_COMMENTS",
    "DELETE_ISSUES",
)


DEPLOYMENTS: Mapping[Deployment, Mapping[str, object]] = {
    "Cloud": {"version": "1001.0.0-SNAPSHOT", "versionNumbers": [1001, 0, 0], "deploymentType": "Cloud"},
    "Data Center": {"version": "9.12.4", "versionNumbers": [9, 12, 4], "deploymentType": "Server"},
}
"""What a site says it is."""


class AboutSite:
    """Every method answers with a status and JSON, or raises RefusalError."""

    def __init__(self, site: JiraSite) -> None:
        self._site = site

    def server_info(self, call: Call) -> Answer:
        """Which Jira this is."""
        return 200, {
            "baseUrl": call.base,
            **DEPLOYMENTS[self._site.deployment],
            "buildNumber": 100300,
            "buildDate": stamp(self._site.now()),
            "serverTime": stamp(self._site.now()),
            "scmInfo": "sandbox",
            "serverTitle": "Sandbox Jira",
        }

    def myself(self, call: Call) -> Answer:
        """Who calls."""
        user = call.known()
        return 200, {**call.views(self._site).user(user), "emailAddress": user.email}

    def fields(self, call: Call) -> Answer:
        """All fields of the site."""
        views = call.views(self._site)
        names = [*FIELD_NAMES, *({self._site.due_field} - FIELD_NAMES.keys())]
        return 200, [
            {
                "id": name,
                "key": name,
                "name": FIELD_NAMES.get(name, name),
                "custom": name.startswith("customfield_"),
                "orderable": True,
                "navigable": True,
                "searchable": True,
                "clauseNames": [name],
                "schema": views.schema(name),
            }
            for name in names
        ]

    def statuses(self, call: Call) -> Answer:
        """All statuses, with their categories."""
        call.known()
        return 200, [call.views(self._site).status(status) for status in STATUSES]

    def project(self, call: Call) -> Answer:
        """The project, for those who may see it."""
        hidden = call.user is None and not self._site.public
        if hidden or call.path["project"] not in (self._site.project, "10000"):
            raise RefusalError(404, f"No project could be found with key '{call.path['project']}'.")
        views = call.views(self._site)
        types = [views.issue_type(number) for number in self._site.issue_types]
        return 200, {**views.project(), "issueTypes": types}

    def permissions(self, call: Call) -> Answer:
        """Which of the named permissions the caller has."""
        names = [name for name in call.query.get("permissions", "").split(",") if name]
        if not names or not set(names) <= set(PERMISSIONS):
            raise RefusalError(400, "The 'permissions' query parameter is required and takes known permission keys.")
        if call.query.get("projectKey", self._site.project) != self._site.project:
            raise RefusalError(404, "No project could be found with that key.")
        held = {} if call.user is None else {name: name not in self._site.denied for name in names}
        return 200, {
            "permissions": {
                name: {
                    "id": str(10 + PERMISSIONS.index(name)),
                    "key": name,
                    "name": name.replace("_", " ").title(),
                    "type": "PROJECT",
                    "description": "",
                    "havePermission": held.get(name, False),
                }
                for name in names
            }
        }

    def create_types(self, call: Call) -> Answer:
        """The issue types one can create here."""
        self._own_project(call)
        views = call.views(self._site)
        types = [views.issue_type(number) for number in self._site.issue_types]
        return 200, {"startAt": 0, "maxResults": 50, "total": len(types), self._rows("issueTypes"): types}

    def create_fields(self, call: Call) -> Answer:
        """The create screen of one issue type."""
        self._own_project(call)
        if call.path["type"] not in self._site.issue_types:
            raise RefusalError(404, "Issue type not found.")
        views = call.views(self._site)
        fields = [{"fieldId": name, **views.field(name, required)} for name, required in views.creatable().items()]
        start, size = call.number("startAt", 0), call.number("maxResults", 50)
        page = fields[start : start + size]
        return 200, {"startAt": start, "maxResults": size, "total": len(fields), self._rows("fields"): page}

    def _rows(self, cloud_name: str) -> str:
        """What a list is called: a Data Center calls every list alike."""
        return cloud_name if self._site.deployment == "Cloud" else "values"

    def _own_project(self, call: Call) -> None:
        call.known()
        self.project(call)
