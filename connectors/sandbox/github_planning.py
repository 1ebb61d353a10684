"""The sandbox GitHub's due dates besides labels: issue fields of an organisation (a preview), and milestones.

Everything asks for push access. What REST leaves out of the events of fields, GraphQL tells by their id.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from .github_answers import Answers
from .github_http import Call, Handler, Reply, paged
from .github_store import IssueField, Milestone, Refusal, Store, StoredEvent, StoredIssue, User

# Where a milestone's last day begins and ends, wherever its people are.
_ZONE = ZoneInfo("America/Los_Angeles")

TARGET = IssueField(31, "Target date")
"""What an organisation has from the start."""


class Planning:
    """The operations on fields and milestones, and what of them stands in the request of an issue.

    `drops` makes GitHub accept values of fields, and milestones, and silently keep none of them.
    """

    def __init__(self, store: Store, answers: Callable[[Call], Answers]) -> None:
        self.drops = False
        self._made = 0
        self._store = store
        self._answers = answers

    def belong_to_organisation(self, *fields: IssueField) -> None:
        """Gives the repository to an organisation with these fields."""
        self._store.fields = {each.id: each for each in fields}

    @property
    def below(self) -> list[tuple[str, str, Handler]]:
        """Method, path below the repository, and operation."""
        values = "/issues/{number:int}/issue-field-values"
        return [
            ("GET", values, self._list_values),
            ("POST", values, self._add_values),
            ("PUT", values, self._replace_values),
            ("DELETE", values + "/{field_id:int}", self._delete_value),
            ("GET", "/milestones", self._list_milestones),
            ("POST", "/milestones", self._create_milestone),
            ("PATCH", "/milestones/{milestone:int}", self._edit_milestone),
            ("DELETE", "/milestones/{milestone:int}", self._delete_milestone),
        ]

    def list_fields(self, call: Call) -> Reply:
        """The organisation's fields. Refuses with 404 where a user owns the repository."""
        if self._store.fields is None or call.me.role == "none":
            raise Refusal(404, "Not Found")
        return Reply([self._answers(call).issue_field(each) for each in self._store.fields.values()])

    def apply(self, call: Call, change: Callable[[], StoredIssue]) -> StoredIssue:
        """A create or an edit with what its request says of fields and of the milestone, all or nothing."""
        wanted = call.data if call.me.role == "push" and not self.drops else {}
        values = self._checked(wanted.get("issue_field_values", ()))
        self._check_milestone(wanted.get("milestone"))
        number = change().number
        for key, value in values.items():
            self._give(call.me, number, key, value)
        if "milestone" in wanted:
            self._put(call.me, number, wanted["milestone"])
        return self._store.current(number)

    def nodes(self, ids: list[str]) -> list[dict[str, Any] | None]:
        """Events of date fields by their node ids, as GraphQL tells them."""
        known = {f"E_{event.id}": event for event in self._store.events if event.untold}
        return [self._node(each, known[each]) if each in known else None for each in ids]

    def _node(self, node_id: str, event: StoredEvent) -> dict[str, Any]:
        field = (self._store.fields or {}).get(event.untold["field"])
        name = {"name": field.name} if field and field.data_type == "date" else {}
        value, was = event.untold["value"], event.untold["previous"]
        told = {
            "issue_field_added": {"value": value},
            "issue_field_changed": {"newValue": value, "previousValue": was},
            "issue_field_removed": {},
        }
        return {"id": node_id, "issueField": name, **told[event.kind]}

    def _checked(self, wanted: Any) -> dict[int, str]:
        values = {int(each["field_id"]): each["value"] for each in wanted}
        for key, value in values.items():
            field = (self._store.fields or {}).get(key)
            if self._store.fields is not None and field is None:
                raise Refusal(422, "Validation Failed", [_fault("Issue", "issue_field_values", "Field not found")])
            if field and field.data_type == "date":
                _day(value)
        return values if self._store.fields is not None else {}

    def _check_milestone(self, number: Any) -> None:
        if number is not None and number not in self._store.milestones:
            fault = {"resource": "Issue", "code": "invalid", "field": "milestone", "value": str(number)}
            raise Refusal(422, "Validation Failed", [fault])

    def _give(self, actor: User, number: int, field_id: int, value: str | None) -> None:
        """Sets the value of one field, None clears it. REST tells of the event neither the field nor the values."""
        issue = self._store.current(number)
        was = issue.values.get(field_id)
        if value == was:
            return
        kind = "removed" if value is None else "changed" if was else "added"
        self._store.note(actor, number, f"issue_field_{kind}", {"field": field_id, "value": value, "previous": was})
        kept = {key: each for key, each in issue.values.items() if key != field_id}
        at = self._store.second() if self._store.fields_touch else issue.updated
        self._store.append(replace(issue, values={**kept, **({field_id: value} if value else {})}, updated=at))

    def _put(self, actor: User, number: int, milestone: int | None) -> None:
        """Puts the issue into a milestone, or takes it out of its own."""
        issue = self._store.current(number)
        if milestone == issue.milestone:
            return
        for kind, each in (("demilestoned", issue.milestone), ("milestoned", milestone)):
            if each is not None:
                self._store.note(actor, number, kind, milestone={"title": self._store.milestones[each].title})
        self._store.append(replace(issue, milestone=milestone, updated=self._store.second()))

    def _list_values(self, call: Call) -> Reply:
        return Reply(self._answers(call).values(self._store.current(call.number)))

    def _add_values(self, call: Call) -> Reply:
        """An empty list clears all: one of the traps of this preview."""
        _require_push(call)
        values = self._checked(call.data.get("issue_field_values", ()))
        cleared = () if values else tuple(self._store.current(call.number).values)
        for key, value in [*values.items(), *((key, None) for key in cleared)]:
            self._give(call.me, call.number, key, value)
        return self._list_values(call)

    def _replace_values(self, call: Call) -> Reply:
        _require_push(call)
        values = self._checked(call.data.get("issue_field_values", ()))
        gone = self._store.current(call.number).values.keys() - values.keys()
        for key, value in [*values.items(), *((key, None) for key in gone)]:
            self._give(call.me, call.number, key, value)
        return self._list_values(call)

    def _delete_value(self, call: Call) -> Reply:
        _require_push(call)
        key = int(call.request.path_params["field_id"])
        if key not in (self._store.fields or {}) or key not in self._store.current(call.number).values:
            raise Refusal(404, "Not Found")
        self._give(call.me, call.number, key, None)
        return Reply(None, 204)

    def _list_milestones(self, call: Call) -> Reply:
        state = call.query("state", "open")
        shown = [each for each in self._store.milestones.values() if state in ("all", each.state)]
        return paged(call, shown, self._answers(call).milestone)

    def _create_milestone(self, call: Call) -> Reply:
        _require_push(call)
        title = str(call.data["title"])
        if any(each.title == title for each in self._store.milestones.values()):
            fault = {"resource": "Milestone", "code": "already_exists", "field": "title"}
            raise Refusal(422, "Validation Failed", [fault])
        self._made += 1  # a number is never given twice
        number = self._made
        made = Milestone(number, title, call.me, self._store.second(), _floored(call.data.get("due_on")))
        self._store.milestones[number] = made
        return Reply(self._answers(call).milestone(made), 201)

    def _edit_milestone(self, call: Call) -> Reply:
        """Moves all its issues, and touches none of them."""
        _require_push(call)
        milestone = self._milestone(call)
        due = _floored(call.data["due_on"]) if "due_on" in call.data else milestone.due
        state, title = call.data.get("state", milestone.state), call.data.get("title", milestone.title)
        edited = replace(milestone, due=due, state=state, title=title)
        self._store.milestones[milestone.number] = edited
        return Reply(self._answers(call).milestone(edited))

    def _delete_milestone(self, call: Call) -> Reply:
        _require_push(call)
        number = self._milestone(call).number
        for issue in self._store.everything():
            if issue.milestone == number:
                self._put(call.me, issue.number, None)
        del self._store.milestones[number]
        return Reply(None, 204)

    def _milestone(self, call: Call) -> Milestone:
        found = self._store.milestones.get(int(call.request.path_params["milestone"]))
        if found is None:
            raise Refusal(404, "Not Found")
        return found


def _floored(due_on: str | None) -> datetime | None:
    """A milestone ends with a day of GitHub's zone, whatever instant was asked for: just before that zone's midnight is
    still the day before.
    """
    if due_on is None:
        return None
    if "T" not in due_on:
        raise Refusal(422, "Validation Failed", [_fault("Milestone", "due_on", "is not a date-time")])
    day = datetime.fromisoformat(due_on).astimezone(_ZONE).date()
    return datetime.combine(day, time(), _ZONE)


def _day(value: Any) -> None:
    try:
        datetime.strptime(str(value), "%Y-%m-%d")
    except ValueError:
        raise Refusal(422, "Validation Failed", [_fault("Issue", "issue_field_values", "is not a date")]) from None


def _require_push(call: Call) -> None:
    if call.me.role != "push":
        raise Refusal(403, "Must have admin rights to Repository.")


def _fault(resource: str, name: str, message: str) -> dict[str, str]:
    return {"resource": resource, "code": "custom", "field": name, "message": message}
