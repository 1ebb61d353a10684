"""What the record wants an issue to show. Pure."""

from __future__ import annotations

import json

from ...connectors.base import Draft
from ...mapping.comment_commands import as_comment
from ...mapping.issue_text import issue_block, issue_title, with_block
from ...mapping.lenses import labels_for, normal_body
from ...mapping.life import RequestKind
from .comments import COMMENT
from .due_date import AMBIGUOUS, is_repeated, wanted_date
from .notices import notices
from .rules import Rules
from .sketch import waits
from .steps import NewRequest, View
from .work_status import is_behind, is_frozen


def wanted_texts(view: View, rules: Rules, new: tuple[NewRequest, ...] = ()) -> dict[str, str]:
    """Title, our block of the body and our labels, `new` requests included."""
    asked = any(request.kind is RequestKind.LATER_DATE for request in new) or any(map(waits, view.requests))
    move_date = rules.capabilities.move_date
    block = issue_block(view.own, view.profile, rules.text, notices(view, new), move_date=move_date)
    title = {} if view.link.author else {"title": issue_title(view.item, rules.text, rules.capabilities.max_title)}
    return title | {
        "body": normal_body(block),
        "labels": " ".join(sorted(labels_for(view.item, asked, rules.text))),
    }


def is_owed(view: View, rules: Rules) -> bool:
    """Whether the record moved since the issue was last seen, judged without looking at the issue."""
    return bool(moved_fields(view, rules))


def moved_fields(view: View, rules: Rules) -> list[str]:
    """The fields in which the record moved since the issue was last seen."""
    wants = {**wanted_texts(view, rules), "due_date": wanted_date(view, rules)}
    moved = [
        name
        for name, want in wants.items()
        if not view.disputes(name, "refused", AMBIGUOUS) and _has_moved(view, name, want)
    ]
    work = view.bases.get("work_status")
    if (work is None or is_behind(view)) and not is_frozen(view):
        moved.append("work_status")
    if _answer_is_owed(view):
        moved.append(COMMENT)
    return sorted(moved)


def _answer_is_owed(view: View) -> bool:
    """Whether a command waits for its answer, unless the tracker would not take this very one."""
    text = as_comment(answer.text for answer in view.answers)
    return bool(text) and all(json.loads(refused).get(COMMENT) != text for refused in view.refused)


def _has_moved(view: View, name: str, want: str | None) -> bool:
    base = view.bases.get(name)
    return base is None or base.record_value != want or (name == "due_date" and is_repeated(view))


def first_draft(view: View, rules: Rules) -> Draft:
    """The issue that a mirror starts as."""
    wants = wanted_texts(view, rules)
    return Draft(
        marker=view.link.marker,
        title=wants["title"],
        body=with_block("", wants["body"]),
        due_date=wanted_date(view, rules),
        labels=frozenset(wants["labels"].split()),
    )
