"""An engineer at a Jira: what people do there in a browser, done through the API with their own account."""

from __future__ import annotations

from typing import Any

import requests

from .person import Closing

# Where a person wants the issue to go, and with which resolution, for each way to close it.
CLOSINGS: dict[Closing, tuple[str, str]] = {
    "completed": ("Done", "Done"),
    "wont_do": ("Won't Do", "Won't Do"),
    "duplicate": ("Done", "Duplicate"),
}
# The next stop on the way from one status to another where the workflow has no direct way.
DETOURS = {
    ("To Do", "Done"): "In Progress",
    ("Blocked", "Done"): "In Progress",
    ("Blocked", "To Do"): "In Progress",
    ("Done", "In Progress"): "To Do",
    ("Done", "Won't Do"): "To Do",
    ("Won't Do", "In Progress"): "To Do",
    ("Won't Do", "Done"): "To Do",
}


class JiraPerson:
    """Implements `person.Person`. Raises requests.HTTPError when Jira refuses."""

    def __init__(self, url: str, user_email: str, token: str) -> None:
        self._url = f"{url}/rest/api/2"
        self._session = requests.Session()
        self._session.auth = (user_email, token)
        myself = self._call("GET", "myself")
        self.account: str = myself.get("accountId") or myself["name"]

    def quit(self) -> None:
        """Closes the connections."""
        self._session.close()

    def start(self, issue_id: str) -> None:
        """See `Person`."""
        self._bring(issue_id, "In Progress")

    def block(self, issue_id: str) -> None:
        """Marks the issue as blocked."""
        self._bring(issue_id, "Blocked")

    def close(self, issue_id: str, how: Closing = "completed") -> None:
        """See `Person`."""
        self._bring(issue_id, *CLOSINGS[how])

    def reopen(self, issue_id: str) -> None:
        """See `Person`."""
        self._bring(issue_id, "To Do")

    def set_due(self, issue_id: str, date: str) -> None:
        """See `Person`."""
        self._edit(issue_id, fields={"duedate": date or None})

    def rename(self, issue_id: str, title: str) -> None:
        """See `Person`."""
        self._edit(issue_id, fields={"summary": title})

    def rewrite_body(self, issue_id: str, body: str) -> None:
        """See `Person`."""
        self._edit(issue_id, fields={"description": body})

    def label(self, issue_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """See `Person`."""
        operations = [{"add": label} for label in add] + [{"remove": label} for label in remove]
        self._edit(issue_id, update={"labels": operations})

    def comment(self, issue_id: str, text: str) -> None:
        """See `Person`."""
        self._call("POST", f"issue/{issue_id}/comment", {"body": text})

    def clone(self, issue_id: str) -> str:
        """See `Person`; a Jira clone takes labels and properties along."""
        issue = self._call("GET", f"issue/{issue_id}", params={"properties": "poam.sync"})
        fields = issue["fields"]
        copied = {name: fields[name] for name in ("summary", "description", "labels", "duedate")}
        place = {"project": {"key": fields["project"]["key"]}, "issuetype": {"id": fields["issuetype"]["id"]}}
        properties = [{"key": key, "value": value} for key, value in issue["properties"].items()]
        made = self._call("POST", "issue", {"fields": {**copied, **place}, "properties": properties})
        return str(made["id"])

    def delete(self, issue_id: str) -> None:
        """See `Person`."""
        self._call("DELETE", f"issue/{issue_id}")

    def _bring(self, issue_id: str, target: str, resolution: str = "") -> None:
        status = self._call("GET", f"issue/{issue_id}")["fields"]["status"]["name"]
        while status != target:
            status = DETOURS.get((status, target), target)
            self._move(issue_id, status, resolution)

    def _move(self, issue_id: str, status: str, resolution: str) -> None:
        ways = self._call("GET", f"issue/{issue_id}/transitions", params={"expand": "transitions.fields"})
        way = next(way for way in ways["transitions"] if way["to"]["name"] == status)
        fields = {"resolution": {"name": resolution}} if "resolution" in way["fields"] else {}
        body = {"transition": {"id": way["id"]}, "fields": fields}
        self._call("POST", f"issue/{issue_id}/transitions", body)

    def _edit(self, issue_id: str, **body: Any) -> None:
        self._call("PUT", f"issue/{issue_id}", body)

    def _call(self, method: str, path: str, body: Any = None, params: dict[str, str] | None = None) -> Any:
        answer = self._session.request(method, f"{self._url}/{path}", json=body, params=params, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
