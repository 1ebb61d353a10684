"""The sandbox Jira's statuses, resolutions and workflow, as data.

Done is reachable only from In Progress, so an issue in To Do needs two hops; declining needs only one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Category = Literal["new", "indeterminate", "done"]


@dataclass(frozen=True, slots=True)
class JiraStatus:
    """A status with its category's key."""

    id: str
    name: str
    category: Category


@dataclass(frozen=True, slots=True)
class Transition:
    """A way from one of the statuses `sources` to the status `to` (names).

    `screen` holds the fields a client may send and whether it must, `unlisted` those of them that the transition does
    not list; `resolution` is set when none is sent. A post function sends the issue on to `lands`.
    """

    id: str
    name: str
    sources: frozenset[str]
    to: str
    screen: dict[str, bool] = field(default_factory=dict)
    resolution: str = ""
    unlisted: frozenset[str] = frozenset()
    lands: str = ""


STATUSES = (
    JiraStatus("10000", "To Do", "new"),
    JiraStatus("3", "In Progress", "indeterminate"),
    JiraStatus("10001", "Blocked", "indeterminate"),
    JiraStatus("10002", "Done", "done"),
    JiraStatus("10003", "Won't Do", "done"),
)
RESOLUTIONS = {"10000": "Done", "10001": "Won't Do", "10002": "Duplicate", "10003": "Cannot Reproduce"}
RESOLUTION_IDS = {name: number for number, name in RESOLUTIONS.items()}

WORKFLOW = (
    Transition("11", "Start work", frozenset({"To Do", "Blocked"}), "In Progress"),
    Transition("21", "Block", frozenset({"To Do", "In Progress"}), "Blocked"),
    Transition("31", "Complete", frozenset({"In Progress"}), "Done", {"resolution": True}),
    Transition(
        "41",
        "Decline",
        frozenset({"To Do", "In Progress", "Blocked"}),
        "Won't Do",
        {"resolution": False},
        "Won't Do",
    ),
    Transition("51", "Put back", frozenset({"In Progress"}), "To Do"),
    Transition("61", "Reopen", frozenset({"Done", "Won't Do"}), "To Do"),
)


def status_named(name: str) -> JiraStatus:
    """The status with that name."""
    return next(status for status in STATUSES if status.name == name)


def status_by_id(number: str) -> JiraStatus:
    """The status with that id."""
    return next(status for status in STATUSES if status.id == number)
