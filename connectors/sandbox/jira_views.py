"""How the sandbox Jira shows users, statuses, issues and changelogs: the JSON of the REST API."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from .jira_site import Entry, JiraSite, JiraUser, Said, StoredIssue, Version
from .jira_workflow import RESOLUTION_IDS, RESOLUTIONS, JiraStatus, Transition, status_by_id, status_named

Json = dict[str, Any]
CATEGORY_VIEWS: Mapping[str, Json] = {
    "new": {"id": 2, "key": "new", "colorName": "blue-gray", "name": "To Do"},
    "indeterminate": {"id": 4, "key": "indeterminate", "colorName": "yellow", "name": "In Progress"},
    "done": {"id": 3, "key": "done", "colorName": "green", "name": "Done"},
}
FIELD_NAMES = {
    "summary": "Summary",
    "description": "Description",
    "status": "Status",
    "resolution": "Resolution",
    "labels": "Labels",
    "creator": "Creator",
    "reporter": "Reporter",
    "created": "Created",
    "updated": "Updated",
    "issuetype": "Issue Type",
    "project": "Project",
    "duedate": "Due date",
    "comment": "Comment",
    "attachment": "Attachment",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asked to see of issues."""

    fields: Collection[str] = ("*all",)
    expand: Collection[str] = ()
    properties: Sequence[str] = ()

    def shows(self, name: str) -> bool:
        """Whether a field belongs in the answer."""
        hidden = {"*all"} if name in ("comment", "attachment") else {"*all", "*navigable"}
        return name in self.fields or ("-" + name not in self.fields and not hidden.isdisjoint(self.fields))


class Views:
    """Views of one site under one address. `api` is 2 or 3: version 3 shows a description as a document.

    Instants are shown in the time zone of whoever looks, `zone`.
    """

    def __init__(self, site: JiraSite, base: str, api: str, zone: str = "UTC") -> None:
        self._site = site
        self._zone = zone
        self._base = base
        self._api = f"{base}/rest/api/{api}"
        self._documents = api == "3"

    def user(self, user: JiraUser) -> Json:
        """A user as other people see them: Cloud hides login and address, a Data Center knows no account id."""
        shared = {"displayName": user.name, "active": True, "timeZone": user.zone}
        if self._site.deployment == "Cloud":
            place = f"{self._api}/user?accountId={user.account_id}"
            return {"self": place, "accountId": user.account_id, "accountType": "atlassian", **shared}
        names = {"name": user.login, "key": f"JIRAUSER-{user.login}", "emailAddress": user.email}
        return {"self": f"{self._api}/user?username={user.login}", **names, **shared}

    def status(self, status: JiraStatus) -> Json:
        """A status with its category."""
        category = CATEGORY_VIEWS[status.category]
        return {
            "self": f"{self._api}/status/{status.id}",
            "description": "",
            "iconUrl": f"{self._base}/images/icons/statuses/generic.png",
            "name": self._site.names.get(status.id, status.name),
            "id": status.id,
            "statusCategory": {"self": f"{self._api}/statuscategory/{category['id']}", **category},
        }

    def project(self, key: str = "") -> Json:
        """The site's project, or another one to which an issue moved."""
        key = key or self._site.project
        number = "10000" if key == self._site.project else "10099"
        return {
            "self": f"{self._api}/project/{number}",
            "id": number,
            "key": key,
            "name": f"Project {key}",
            "projectTypeKey": "software",
            "simplified": False,
            "style": "classic",
            "isPrivate": not self._site.public,
        }

    def issue_type(self, number: str) -> Json:
        """An issue type."""
        return {
            "self": f"{self._api}/issuetype/{number}",
            "id": number,
            "name": self._site.issue_types[number],
            "description": "",
            "subtask": False,
        }

    def issue(self, issue: StoredIssue, version: Version, wanted: Wanted) -> Json:
        """An issue as it stood in that version, with what was asked for."""
        view: Json = {
            "expand": "",
            "id": str(issue.id),
            "self": f"{self._api}/issue/{issue.id}",
            "key": issue.key,
        }
        fields = {name: value for name, value in self._fields(issue, version).items() if wanted.shows(name)}
        if fields:
            view["fields"] = fields
        if issue.archived:
            view.setdefault("fields", {})["archiveddate"] = self.stamp(version.updated)
        if wanted.properties:
            view["properties"] = {key: value for key, value in issue.properties.items() if key in wanted.properties}
        if "changelog" in wanted.expand:
            view["changelog"] = self.recent_history(issue.entries[: version.entries])
        if "editmeta" in wanted.expand:
            view["editmeta"] = {"fields": {name: self.field(name) for name in self.editable()}}
        return view

    def _fields(self, issue: StoredIssue, version: Version) -> Json:
        values = dict(version.fields)
        number = next(number for number, name in self._site.issue_types.items() if name == issue.type_name)
        return {
            **values,
            "description": self._text(values["description"]),
            "labels": list(values["labels"]),
            "comment": self.comments(values["comment"][: self._site.comment_page], len(values["comment"])),
            "attachment": [self._attachment(file) for file in values["attachment"]],
            self._site.due_field: self._due(values[self._site.due_field]),
            "status": self.status(status_by_id(values["status"])),
            "resolution": self.resolution(values["resolution"]),
            "creator": self.user(issue.creator),
            "reporter": self.user(issue.creator),
            "created": self.stamp(issue.created),
            "updated": self.stamp(version.updated),
            "issuetype": self.issue_type(number),
            "project": self.project(issue.project),
        }

    def comments(self, shown: Sequence[Said], total: int, start: int = 0) -> Json:
        """A page of comments."""
        comments = [self.comment(said) for said in shown]
        return {"comments": comments, "startAt": start, "maxResults": len(comments), "total": total}

    def comment(self, said: Said) -> Json:
        """One comment."""
        author, at = self.user(said.author), self.stamp(said.at)
        return {
            "self": f"{self._api}/comment/{said.id}",
            "id": str(said.id),
            "author": author,
            "body": self._text(said.text),
            "updateAuthor": author,
            "created": at,
            "updated": at,
            "jsdPublic": True,
        }

    def _attachment(self, file: Said) -> Json:
        return {
            "self": f"{self._api}/attachment/{file.id}",
            "id": str(file.id),
            "filename": file.text,
            "author": self.user(file.author),
            "created": self.stamp(file.at),
            "size": 1,
            "mimeType": "application/octet-stream",
            "content": f"{self._api}/attachment/content/{file.id}",
        }

    def _due(self, value: str | None) -> str | None:
        """A due date as it is, an instant as this viewer sees it."""
        return self.stamp(datetime.fromisoformat(value)) if value and "T" in value else value

    def stamp(self, moment: datetime) -> str:
        """An instant as this viewer sees it."""
        return stamp(moment.astimezone(ZoneInfo(self._zone)))

    def _text(self, text: str | None) -> str | Json | None:
        if text is None or not self._documents:
            return text
        lines = [
            {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in text.split("\n") if line
        ]
        return {"type": "doc", "version": 1, "content": lines}

    def resolution(self, name: str | None) -> Json | None:
        """A resolution, if there is one."""
        if name is None:
            return None
        number = RESOLUTION_IDS[name]
        return {"self": f"{self._api}/resolution/{number}", "id": number, "description": "", "name": name}

    def recent_history(self, entries: Sequence[Entry]) -> Json:
        """The newest changelog entries, newest first, as they come along with an issue."""
        newest = [self.entry(entry) for entry in reversed(entries)][: self._site.history_page]
        return {"startAt": 0, "maxResults": len(newest), "total": len(entries), "histories": newest}

    def entry(self, entry: Entry) -> Json:
        """One changelog entry."""
        return {
            "id": str(entry.id),
            "author": self.user(entry.author),
            "created": self.stamp(entry.at),
            "items": list(entry.items),
        }

    def transition(self, transition: Transition, *, fields: bool) -> Json:
        """A transition; with its screen's fields where asked for."""
        view: Json = {
            "id": transition.id,
            "name": transition.name,
            "to": self.status(status_named(transition.to)),
            "hasScreen": bool(transition.screen),
            "isGlobal": False,
            "isInitial": False,
            "isConditional": False,
            "isAvailable": True,
        }
        if fields:
            listed = {name: must for name, must in transition.screen.items() if name not in transition.unlisted}
            view["fields"] = {name: self.field(name, required) for name, required in listed.items()}
        return view

    def editable(self) -> list[str]:
        """The fields of the edit screen."""
        due = [self._site.due_field] if self._site.due_on_edit else []
        return ["summary", "description", "labels", *due]

    def creatable(self) -> dict[str, bool]:
        """The fields of the create screen and whether each is required."""
        due = {self._site.due_field: False} if self._site.due_on_create else {}
        always = {"project": True, "issuetype": True, "summary": True, "description": False, "labels": False}
        return {**always, **due, **dict.fromkeys(sorted(self._site.required), True)}

    def field(self, name: str, required: bool = False) -> Json:
        """A field of a screen."""
        view: Json = {
            "required": required,
            "schema": self.schema(name),
            "name": FIELD_NAMES.get(name, name),
            "key": name,
            "hasDefaultValue": False,
            "operations": ["add", "set", "remove"] if name == "labels" else ["set"],
        }
        if name == "resolution":
            view["allowedValues"] = [self.resolution(text) for text in RESOLUTIONS.values()]
        elif name in self._site.options:
            view["allowedValues"] = [{"id": key, "value": value} for key, value in self._site.options[name].items()]
        return view

    def schema(self, name: str) -> Json:
        """What kind of value a field holds."""
        if name == self._site.due_field:
            kind = self._site.due_type
        else:
            kind = {"labels": "array", "status": "status", "resolution": "resolution"}.get(name, "string")
        items = {"items": "string"} if kind == "array" else {}
        if name.startswith("customfield_"):
            return {
                "type": kind,
                "custom": "sandbox:field",
                "customId": int(name.removeprefix("customfield_")),
                **items,
            }
        return {"type": kind, "system": name, **items}


def stamp(moment: datetime) -> str:
    """An instant as Jira writes it: `2026-01-05T10:44:51.887-0800`."""
    return moment.isoformat(timespec="milliseconds")[:23] + moment.strftime("%z")
