"""How a field is seen from a tracker: statuses, titles, bodies and labels in one form fit for comparing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from ..connectors.base import Category, Status
from .dates import effective_rating
from .item import PoamItem, Rating, WorkStatus
from .redaction import TextMode, visible

DATE_PENDING = "poam-date-pending"
KEV = "poam-kev"
_SEVERITY = {rating: f"poam-severity-{rating}" for rating in Rating}
OWNED_LABELS = frozenset({DATE_PENDING, KEV, *_SEVERITY.values()})
"""The labels poam-sync adds and removes; a connector's own marker labels are not among them."""

_CATEGORIES: Mapping[WorkStatus, Category] = {
    WorkStatus.NOT_STARTED: "todo",
    WorkStatus.IN_PROGRESS: "doing",
    WorkStatus.BLOCKED: "doing",
    WorkStatus.DONE: "done",
    WorkStatus.WONT_DO: "done",
}
_DEFAULTS: Mapping[Category, WorkStatus] = {
    "todo": WorkStatus.NOT_STARTED,
    "doing": WorkStatus.IN_PROGRESS,
    "done": WorkStatus.DONE,
}
_BLOCKED = frozenset({"blocked", "on hold", "impeded"})
# The resolutions and reasons of Jira, GitHub and their usual workflows that do not say that work was done.
_UNDONE_WORDS = {
    "duplicate": "duplicate, duplicated",
    "cannot_reproduce": "cannot reproduce, cant reproduce, could not reproduce, not reproducible",
    "declined": (
        "declined, rejected, wont do, will not do, wont fix, wontfix, will not fix, not planned, cancelled, "
        "canceled, abandoned, incomplete, invalid, obsolete, not a bug, by design, works as designed, "
        "not applicable, known error"
    ),
}
_UNDONE = {word: reason for reason, words in _UNDONE_WORDS.items() for word in words.split(", ")}


def work_status_of(status: Status, table: Mapping[str, str]) -> WorkStatus:
    """The work status a tracker's status stands for.

    What is special wins over what is general: the status's id in the configured table, then a reason (Jira's
    resolution, GitHub's state_reason) before the status name, for each the table before the well-known words, then
    the category. So `"Done" = "done"` in the table does not turn the resolution Won't Do into a claim.
    """
    if status.id and table.get(status.id) in _WORK:
        return WorkStatus(table[status.id])
    words = {_word(key): value for key, value in table.items()}
    for text in _telling(status):
        configured = words.get(_word(text), "")
        if configured in _WORK:
            return WorkStatus(configured)
        known = _well_known(text, status.category)
        if known is not None:
            return known
    return _DEFAULTS[status.category]


def category_of(work: WorkStatus) -> Category:
    """The status category an issue with this work status belongs in."""
    return _CATEGORIES[work]


def reason_of(status: Status) -> str:
    """Why an issue ended without the work: `declined`, `duplicate`, `cannot_reproduce`, else empty."""
    if status.category != "done":
        return ""
    return next((_UNDONE[_word(text)] for text in _telling(status) if _word(text) in _UNDONE), "")


def normal_title(text: str, limit: int) -> str:
    """One line of visible characters in NFC, cut with an ellipsis at `limit` characters.

    Astral characters count twice, as Jira counts them, so that a title of emoji fits too.
    """
    line = unicodedata.normalize("NFC", " ".join(visible(text).split()))
    if _length(line) <= limit:
        return line
    return _cut(line, limit - 1).rstrip() + "…" if limit > 0 else ""


def normal_body(text: str) -> str:
    """The text in NFC with `\\n` line ends, no trailing spaces on lines and no blank lines at the end."""
    lines = unicodedata.normalize("NFC", re.sub(r"\r\n?", "\n", text)).split("\n")
    return "\n".join(line.rstrip() for line in lines).rstrip("\n")


def labels_for(item: PoamItem, request_waiting: bool, mode: TextMode) -> frozenset[str]:
    """Our labels on the item's issue. A neutral issue tells strangers neither severity nor KEV."""
    labels = {DATE_PENDING} if request_waiting else set()
    rating = effective_rating(item)
    if mode in ("restricted", "full"):
        labels |= {_SEVERITY[rating]} if rating else set()
        labels |= {KEV} if item.kev_tracking else set()
    return frozenset(labels)


def is_ours(label: str) -> bool:
    """Whether poam-sync may remove this label when it is stale; GitHub ignores the case of labels."""
    return label.casefold() in OWNED_LABELS


_WORK = frozenset(WorkStatus)


def _telling(status: Status) -> tuple[str, ...]:
    """The texts of a status, most special first. A resolution left over on reopened work says nothing."""
    return (status.reason, status.name) if status.category == "done" else (status.name,)


def _well_known(text: str, category: Category) -> WorkStatus | None:
    if category == "done" and _word(text) in _UNDONE:
        return WorkStatus.WONT_DO
    if category == "doing" and _word(text) in _BLOCKED:
        return WorkStatus.BLOCKED
    return None


def _word(text: str) -> str:
    """A status name without what people write differently: case, apostrophes, underscores, dashes."""
    return " ".join(re.sub(r"[_-]+", " ", re.sub(r"['’`]", "", text)).casefold().split())


def _length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _cut(text: str, length: int) -> str:
    return text.encode("utf-16-le", "surrogatepass")[: 2 * length].decode("utf-16-le", "ignore")
