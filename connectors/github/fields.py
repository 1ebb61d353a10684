"""Issue fields of the organisation: which is ours, and what events of fields leave out.

Issue fields are a preview. The events that REST tells name neither the field nor a value (seen in May 2026), and who
moved a date must be known: GraphQL tells both, by the event's id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..errors import Forbidden, RateLimited
from ..waits import UNNAMED_WAIT
from .answers import Answer
from .dates import FIELD_EVENTS
from .wire import Wire

Row = Mapping[str, Any]

_ABSENT = (403, 404, 405, 410)
_AT_ONCE = 100

_QUERY = """
query($ids: [ID!]!) {
  nodes(ids: $ids) {
    id
    ... on IssueFieldAddedEvent { value issueField { ... on IssueFieldDate { name } } }
    ... on IssueFieldChangedEvent { previousValue newValue issueField { ... on IssueFieldDate { name } } }
    ... on IssueFieldRemovedEvent { issueField { ... on IssueFieldDate { name } } }
  }
}
"""


def date_field(wire: Wire, organisation: str, name: str) -> int | None:
    """The id of an organisation's date field, None where it has none of that name, or shows us none. One read."""
    answer = wire.ask("GET", f"/orgs/{organisation}/issue-fields")
    error = wire.refusal(answer)
    if answer.status in _ABSENT and not isinstance(error, RateLimited):
        return None
    if error:
        raise error
    rows = answer.data if isinstance(answer.data, list) else []
    dates = (row for row in rows if row["data_type"] == "date" and row["name"].casefold() == name.casefold())
    return next((int(row["id"]) for row in dates), None)


class FieldEvents:
    """Completes events of fields, one read for a hundred. A site that cannot is asked once per process."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._is_told = True

    def completed(self, events: Iterable[Row]) -> list[Row]:
        """The events, those of date fields with `issue_field`, `value` and `previous_value`."""
        told = list(events)
        dark = [str(event["node_id"]) for event in told if _is_dark(event)] if self._is_told else []
        batches = (dark[at : at + _AT_ONCE] for at in range(0, len(dark), _AT_ONCE))
        known = {node["id"]: node for batch in batches for node in self._asked(batch) if node}
        return [_with(event, known.get(event.get("node_id"))) for event in told]

    def _asked(self, ids: Sequence[str]) -> Sequence[Row | None]:
        data = {"query": _QUERY, "variables": {"ids": list(ids)}}
        answer = self._wire.ask("POST", self._wire.graphql_url, data=data)
        error = self._wire.refusal(answer)
        if error and not isinstance(error, Forbidden):
            raise error
        _must_not_be_limited(answer, self._wire.repository)
        nodes = (answer.object.get("data") or {}).get("nodes") or ()
        self._is_told = bool(nodes)
        return tuple(nodes)


def _is_dark(event: Row) -> bool:
    return event.get("event") in FIELD_EVENTS and "issue_field" not in event and bool(event.get("node_id"))


def _with(event: Row, node: Row | None) -> Row:
    if node is None:
        return event
    value = node.get("newValue", node.get("value"))
    return {**event, "issue_field": node.get("issueField"), "value": value, "previous_value": node.get("previousValue")}


def _must_not_be_limited(answer: Answer, repository: str) -> None:
    """GraphQL tells a limit in a success. Raises RateLimited."""
    if any(flaw.get("type") == "RATE_LIMITED" for flaw in answer.object.get("errors") or () if isinstance(flaw, dict)):
        raise RateLimited(f"GitHub limits our requests to {repository}", retry_after=UNNAMED_WAIT)
