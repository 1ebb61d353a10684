"""From Jira's JSON to issues and their history. Pure: everything it needs comes in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ..base import Account, Category, Change, Issue, Status, Value

Json = Mapping[str, Any]

PROPERTY = "poam.sync"
"""The entity property that holds the marker out of people's sight."""

MARK = "poam-sync"
"""The label on every issue of ours; `poam-MARKER` is the second one."""

CATEGORIES: Mapping[str, Category] = {"new": "todo", "indeterminate": "doing", "done": "done"}

_MARKER_LABEL = re.compile(r"poam-([a-z2-7]{16,})")
_LOOKED_AT = ("summary", "description", "status", "resolution", "labels", "created", "updated", "creator")


def fields_of(due_field: str) -> list[str]:
    """The fields to ask for."""
    return [*_LOOKED_AT, due_field]


def marker_label(marker: str) -> str:
    """The label that says whose mirror an issue is."""
    return f"poam-{marker}"


def marking(marker: str) -> list[Json]:
    """The entity properties of an issue with that marker, as a request holds them."""
    return [{"key": PROPERTY, "value": {"marker": marker}}]


def iso(moment: datetime) -> str:
    """An instant as the port writes it: `2026-11-22T09:30:00.000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def utc(text: str) -> str:
    """Jira's `2026-01-05T10:44:51.887-0800` as the port writes it."""
    return iso(datetime.fromisoformat(text))


def category(status: Json) -> Category:
    """The category of a status; one without counts as to do, as on Jira's boards."""
    return CATEGORIES.get((status.get("statusCategory") or {}).get("key", ""), "todo")


def statuses_of(statuses: Iterable[Json]) -> dict[str, Status]:
    """Statuses by id."""
    return {str(status["id"]): Status(status["name"], category(status)) for status in statuses}


def status_ids(raw: Json) -> frozenset[str]:
    """The statuses of an issue's past, by id; its present one comes with name and category."""
    items = [item for entry in raw["changelog"]["histories"] for item in entry["items"]]
    moves = [item for item in items if (item.get("fieldId") or item["field"]) == "status"]
    return frozenset(str(move[end]) for move in moves for end in ("from", "to")) - {str(raw["fields"]["status"]["id"])}


def issue_of(raw: Json, address: str, statuses: Mapping[str, Status], due_field: str) -> Issue:
    """An issue with as much history as came along. `address` is the site's, for people.

    Of its present status the issue itself knows best, whatever `statuses`, learnt some time ago, make of it.
    """
    fields = raw["fields"]
    known = {**statuses, **statuses_of([fields["status"]])}
    resolution = (fields.get("resolution") or {}).get("name", "")
    due = fields.get(due_field)
    labels = frozenset(fields.get("labels") or ())
    return Issue(
        id=str(raw["id"]),
        key=raw["key"],
        url=f"{address}/browse/{raw['key']}",
        title=fields["summary"],
        body=(fields.get("description") or "").replace("\r\n", "\n"),
        status=Status(fields["status"]["name"], category(fields["status"]), resolution),
        due_dates=(due,) if due else (),
        labels=labels,
        marker=_marker(raw, labels),
        author=_account(fields.get("creator")),
        created=utc(fields["created"]),
        updated=utc(fields["updated"]),
        version=version_of(fields, due_field),
        marked=MARK in labels,
        history=tuple(_changes((raw.get("changelog") or {}).get("histories", ()), known, due_field)),
    )


def _marker(raw: Json, labels: Iterable[str]) -> str | None:
    """From the property, which people cannot see; else from the label, unless there are two."""
    kept = (raw.get("properties") or {}).get(PROPERTY)
    if isinstance(kept, dict) and isinstance(kept.get("marker"), str):
        return str(kept["marker"])
    told = [found[1] for found in map(_MARKER_LABEL.fullmatch, labels) if found]
    return told[0] if len(told) == 1 else None


def version_of(fields: Json, due_field: str) -> str:
    """Changes with Jira's time of change and with everything we look at: two changes may share a millisecond."""
    status, resolution = fields["status"]["id"], (fields.get("resolution") or {}).get("id")
    plain = [fields.get(name) for name in ("summary", "description", due_field)]
    looked_at = json.dumps([status, resolution, sorted(fields.get("labels") or ()), *plain])
    return f"{utc(fields['updated'])} {hashlib.sha256(looked_at.encode()).hexdigest()[:12]}"


def _account(user: Json | None) -> Account:
    """A user; automation and deleted users leave none."""
    return Account(user.get("accountId", ""), user.get("displayName", "")) if user else Account("")


def _changes(histories: Iterable[Json], statuses: Mapping[str, Status], due_field: str) -> Iterator[Change]:
    """Oldest first. A resolution belongs to the status it came with; three ids per entry keep ids growing."""
    places = {"status": 0, due_field: 1, "summary": 2}
    names = ("status", "due_date", "title")
    resolution = ""
    for entry in sorted(histories, key=lambda entry: int(entry["id"])):
        items = {item.get("fieldId") or item["field"]: item for item in entry["items"]}
        before, resolution = _resolutions(items.get("resolution"), resolution)
        at, author = utc(entry["created"]), _account(entry.get("author"))
        for name, place in places.items():
            if name in items:
                old, new = _values(name, items[name], (before, resolution), statuses)
                yield Change(int(entry["id"]) * len(places) + place, at, author, names[place], old, new)


def _resolutions(item: Json | None, current: str) -> tuple[str, str]:
    return (current, current) if item is None else (item.get("fromString") or "", item.get("toString") or "")


def _values(name: str, item: Json, resolutions: tuple[str, str], statuses: Mapping[str, Status]) -> tuple[Value, Value]:
    """What an item changed from and to. Dates stand in `from` and `to`: the texts have a local time."""
    if name == "status":
        old = _status(item["from"], item["fromString"], resolutions[0], statuses)
        return old, _status(item["to"], item["toString"], resolutions[1], statuses)
    if name == "summary":
        return item["fromString"] or "", item["toString"] or ""
    return item["from"] or None, item["to"] or None


def _status(number: str, name: str, reason: str, statuses: Mapping[str, Status]) -> Status:
    """A status of the past by its id. A deleted one keeps its name and counts as in work, the one category that
    neither closes an issue nor puts it back to its beginning.
    """
    known = statuses.get(str(number), Status(name, "doing"))
    return Status(known.name, known.category, reason)
