"""What the record keeps of the trackers, as data: links, sightings, the outbox, requests and conflicts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """An item and its issue. `marker` is ours and exists before the issue does; `remote_id` is the tracker's.

    `author` is the account that wrote the issue where a person attached it, and blank where we made it.
    """

    id: str
    item_uid: str
    connector: str
    number: int
    marker: str
    remote_id: str | None
    remote_key: str
    url: str
    state: str
    author: str = ""

    @property
    def issue_id(self) -> str:
        """The tracker's id of the issue; blank before there is one."""
        return self.remote_id or ""


@dataclass(frozen=True, slots=True)
class Sighting:
    """What we last saw of an issue, how far its history and its comments were read, and a date that nothing was made of
    yet: a later one in its quiet period, or any that stands beside another, over which a conflict is open as long.
    """

    link_id: str
    history_cursor: int = 0
    version: str = ""
    updated: str = ""
    seen_work_status: str | None = None
    seen_due_date: str | None = None
    seen_title: str | None = None
    date_waiting: str | None = None
    date_waiting_by: str = ""
    date_waiting_by_name: str = ""
    date_waiting_at: str = ""
    date_waiting_source: str = ""
    missing_looks: int = 0
    missing_since: str = ""
    comment_cursor: int = 0


@dataclass(frozen=True, slots=True)
class Owed:
    """A write we owe a tracker. SENDING was committed before the bytes left; UNKNOWN waits for evidence."""

    id: int
    link_id: str
    operation: str
    payload: str
    state: str
    attempts: int
    send_deadline: str
    sent_to: str
    not_before: str
    last_error: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What we owe a command in a comment, until it is seen below the issue.

    `left_by` is when it had left at the latest: blank where it was never sent, the end of all days while it is under
    way.
    """

    link_id: str
    comment_id: int
    text: str
    left_by: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """A proposed change waiting for a decision, or decided."""

    id: int
    item_uid: str
    link_id: str | None
    kind: str
    state: str
    due_date: str | None
    requested_date: str | None
    requested_by: str
    requested_by_name: str
    requested_at: str
    reason: str
    source: str
    decided_by: str
    decided_at: str | None
    decision_reason: str


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two changes to one field, or a write a tracker would not take: a person decides, both values stay visible."""

    id: int
    item_uid: str
    link_id: str
    field: str
    base_value: str | None
    record_value: str | None
    tracker_value: str | None
    record_by: str
    tracker_by: str
    record_at: str
    tracker_at: str
    policy: str
    raised_at: str
    state: str
    resolution: str
    resolved_by: str
    resolved_at: str | None


@dataclass(frozen=True, slots=True)
class Base:
    """The agreed pair, and the version of the record's field that it was agreed at."""

    record_value: str | None
    tracker_value: str | None
    version: int = 0
