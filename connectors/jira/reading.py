"""From Jira's JSON to issues and their history. Pure: everything it needs comes in."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ..base import Account, Category, Change, Comment, Issue, Reference, Status, Value
from .due import DueField

Json = Mapping[str, Any]

PROPERTY = "poam.sync"
"""The entity property that holds the marker out of people's sight."""

MARK = "poam-sync"
"""The label on every issue of ours; `poam-MARKER` is the second one."""

CATEGORIES: Mapping[str, Category] = {"new": "todo", "indeterminate": "doing", "done": "done"}

_MARKER_LABEL = re.compile(r"poam-([a-z2-7]{16,})")
_TOLD = ("summary", "description", "status", "resolution", "labels", "created", "updated", "creator")
_SAID = ("comment", "attachment")
_KIND = ("project", "issuetype")


def fields_of(due_field: str) -> list[str]:
    """The fields to ask for."""
    return [*_TOLD, *_SAID, *_KIND, due_field]


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


def status_of(status: Json, reason: str = "") -> Status:
    """A status as it stands."""
    return Status(status["name"], category(status), reason, str(status["id"]))


def statuses_of(statuses: Iterable[Json]) -> dict[str, Status]:
    """Statuses by id."""
    return {str(status["id"]): status_of(status) for status in statuses}


def status_ids(raw: Json) -> frozenset[str]:
    """The statuses of an issue's past, by id; its present one comes with name and category."""
    items = [item for entry in raw["changelog"]["histories"] for item in entry["items"]]
    moves = [item for item in items if (item.get("fieldId") or item["field"]) == "status"]
    return frozenset(str(move[end]) for move in moves for end in ("from", "to")) - {str(raw["fields"]["status"]["id"])}


def issue_of(raw: Json, address: str, statuses: Mapping[str, Status], due_field: DueField) -> Issue:
    """An issue with as much history and as many comments as came along. `address` is the site's, for people.

    Of its present status the issue itself knows best, whatever `statuses`, learnt some time ago, make of it.
    """
    fields = raw["fields"]
    known = {**statuses, **statuses_of([fields["status"]])}
    resolution = (fields.get("resolution") or {}).get("name", "")
    due = due_field.day(fields.get(due_field.name))
    labels = frozenset(fields.get("labels") or ())
    return Issue(
        id=str(raw["id"]),
        key=raw["key"],
        url=f"{address}/browse/{raw['key']}",
        title=fields["summary"],
        body=_plain(fields.get("description")),
        status=status_of(fields["status"], resolution),
        due_dates=(due,) if due else (),
        labels=labels,
        marker=_marker(raw, labels),
        author=account_of(fields.get("creator")),
        created=utc(fields["created"]),
        updated=utc(fields["updated"]),
        version=version_of(fields, due_field.name),
        marked=MARK in labels,
        history=tuple(_changes((raw.get("changelog") or {}).get("histories", ()), known, due_field)),
        comments=tuple(_comment(said) for said in sorted(comments_in(fields), key=lambda said: int(said["id"]))),
        references=tuple(map(_attachment, sorted(attachments_in(fields), key=lambda file: int(file["id"])))),
    )


def comments_in(fields: Json) -> list[Json]:
    """The comments that came along with an issue, perhaps not all of them."""
    return list((fields.get("comment") or {}).get("comments") or ())


def attachments_in(fields: Json) -> list[Json]:
    """What is attached to an issue."""
    return list(fields.get("attachment") or ())


def _comment(said: Json) -> Comment:
    return Comment(int(said["id"]), utc(said["created"]), account_of(said.get("author")), _plain(said.get("body")))


def _attachment(file: Json) -> Reference:
    return Reference("attachment", file["filename"], utc(file["created"]), account_of(file.get("author")))


def _plain(text: str | None) -> str:
    return (text or "").replace("\r\n", "\n")


def _marker(raw: Json, labels: Iterable[str]) -> str | None:
    """From the property, which people cannot see; else from the label, unless there are two."""
    kept = (raw.get("properties") or {}).get(PROPERTY)
    if isinstance(kept, dict) and isinstance(kept.get("marker"), str):
        return str(kept["marker"])
    told = [found[1] for found in map(_MARKER_LABEL.fullmatch, labels) if found]
    return told[0] if len(told) == 1 else None


def version_of(fields: Json, due_field: str) -> str:
    """Changes with Jira's time of change and with everything we look at: two changes may share a millisecond.

    Of the comments it is their number, which a list tells too that brings only some of them.
    """
    status, resolution = fields["status"]["id"], (fields.get("resolution") or {}).get("id")
    plain = [fields.get(name) for name in ("summary", "description", due_field)]
    said = [(fields.get("comment") or {}).get("total", 0), *(str(file["id"]) for file in attachments_in(fields))]
    looked_at = json.dumps([status, resolution, sorted(fields.get("labels") or ()), *plain, *said])
    return f"{utc(fields['updated'])} {hashlib.sha256(looked_at.encode()).hexdigest()[:12]}"


def account_of(user: Json | None) -> Account:
    """A user, who has an accountId on Cloud and a name elsewhere; automation and deleted users leave none."""
    if not user:
        return Account("")
    return Account(user.get("accountId") or user.get("name") or "", user.get("displayName", ""))


def _changes(histories: Iterable[Json], statuses: Mapping[str, Status], due_field: DueField) -> Iterator[Change]:
    """Oldest first. A resolution belongs to the status it came with; three ids per entry keep ids growing.

    Another hour of the same due day is no change.
    """
    places = {"status": 0, due_field.name: 1, "summary": 2}
    names = ("status", "due_date", "title")
    resolution = ""
    for entry in sorted(histories, key=lambda entry: int(entry["id"])):
        items = {item.get("fieldId") or item["field"]: item for item in entry["items"]}
        before, resolution = _resolutions(items.get("resolution"), resolution)
        at, author = utc(entry["created"]), account_of(entry.get("author"))
        for name, place in places.items():
            if name in items:
                old, new = _values(items[name], names[place], (before, resolution), statuses, due_field)
                if old != new:
                    yield Change(int(entry["id"]) * len(places) + place, at, author, names[place], old, new)


def overwritten(raw: Json, since: str, ours: str) -> str | None:
    """The description that somebody wrote after that time and our account then replaced, None where nobody did."""
    said = [
        (account_of(entry.get("author")).id, item.get("toString"))
        for entry in sorted((raw.get("changelog") or {}).get("histories", ()), key=lambda entry: int(entry["id"]))
        for item in entry["items"]
        if (item.get("fieldId") or item["field"]) == "description" and utc(entry["created"]) > since
    ]
    if not said or said[-1][0] != ours:
        return None
    theirs = [text for author, text in said if author != ours]
    return _plain(theirs[-1]) if theirs else None


def _resolutions(item: Json | None, current: str) -> tuple[str, str]:
    return (current, current) if item is None else (item.get("fromString") or "", item.get("toString") or "")


def _values(
    item: Json, name: str, resolutions: tuple[str, str], statuses: Mapping[str, Status], due_field: DueField
) -> tuple[Value, Value]:
    """What an item changed from and to. Dates stand in `from` and `to`: the texts have a local time."""
    if name == "status":
        old = _status(item["from"], item["fromString"], resolutions[0], statuses)
        return old, _status(item["to"], item["toString"], resolutions[1], statuses)
    if name == "title":
        return item["fromString"] or "", item["toString"] or ""
    return due_field.day(item["from"]), due_field.day(item["to"])


def _status(number: str, name: str, reason: str, statuses: Mapping[str, Status]) -> Status:
    """A status of the past by its id. A deleted one keeps its name and counts as in work, the one category that
    neither closes an issue nor puts it back to its beginning.
    """
    return replace(statuses.get(str(number), Status(name, "doing", id=str(number))), reason=reason)
