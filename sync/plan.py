"""Decides what one look at an issue leads to. Pure: the record's view and the issue go in, a `Look` comes out."""

from __future__ import annotations

from dataclasses import replace

from ..connectors.base import Draft, Edit, Issue
from ..mapping.dates import shown_due
from ..mapping.issue_text import block_in, issue_block, issue_title, with_block
from ..mapping.item import State, WorkStatus
from ..mapping.lenses import category_of, labels_for, normal_body, normal_title
from ..mapping.lenses import is_ours as is_our_label
from ..mapping.life import RequestKind
from .due_date import plan_due_date, wanted_date
from .history import observe, seen_values
from .merge import settle
from .notices import notices
from .record.mirrors import Conflict, Link, Sighting
from .sketch import Sketch, waits
from .steps import NO_FIELDS, Fields, Look, NewRequest, Rules, View
from .work_status import plan_work_status

MIRRORED_STATES = frozenset({State.OPEN, State.PENDING_VERIFICATION, State.RISK_ACCEPTED})


def look(view: View, issue: Issue, rules: Rules, now: str, *, wrote: Fields = NO_FIELDS) -> Look | None:
    """What this sighting of the issue means; `wrote` holds the fields we have just written and are reading back.

    None when the sighting is older than one we have seen (a lagging index): it tells nothing.
    """
    if issue.updated < view.sighting.updated:
        return None
    observed = observe(view, issue, rules, wrote)
    moved = {one.field for one in observed}
    ours = {name: value for name, value in wrote.items() if name not in moved}
    sketch = Sketch(view, issue, rules, now, observed, ours)
    plan_work_status(sketch)
    plan_due_date(sketch)
    _plan_ours(sketch)
    return Look(
        view=view,
        sighting=_sighting(sketch),
        observed=observed,
        item_changes=tuple(sketch.item_changes),
        requests=tuple(sketch.requests),
        conflicts=tuple(sketch.conflicts),
        settled_conflicts=tuple(each for each in view.conflicts.values() if _is_settled(each, sketch)),
        withdrawn=sketch.withdrawn,
        bases={name: base for name, base in sketch.bases.items() if view.bases.get(name) != base},
        edit=_edit(sketch) if sketch.pushes else None,
        edited_fields=sketch.pushes,
    )


def _sighting(sketch: Sketch) -> Sighting:
    kept, issue = sketch.view.sighting, sketch.issue
    cursor = max((change.id for change in issue.history), default=0)
    seen = seen_values(issue, sketch.rules)
    return replace(
        kept,
        history_cursor=max(kept.history_cursor, cursor),
        version=issue.version,
        updated=issue.updated,
        seen_work_status=seen["work_status"],
        seen_due_date=seen.get("due_date", kept.seen_due_date),
        seen_title=seen["title"],
        missing_looks=0,
        missing_since="",
        **sketch.sighting_changes,  # type: ignore[arg-type]
    )


def _is_settled(conflict: Conflict, sketch: Sketch) -> bool:
    """A refusal or a disappearance is over once the tracker shows what it should; a decision is a person's."""
    if conflict.policy not in ("refused", "missing"):
        return False
    return conflict.field in sketch.equal or (conflict.field == "issue" and not sketch.pushes)


def _plan_ours(sketch: Sketch) -> None:
    """Title, our block of the body and our labels: the record's alone, edits there are undone."""
    issue, rules = sketch.issue, sketch.rules
    seen = {
        "title": normal_title(issue.title, rules.capabilities.max_title),
        "body": normal_body(block_in(issue.body) or ""),
        "labels": " ".join(sorted(label for label in issue.labels if is_our_label(label))),
    }
    if issue.marker != sketch.view.link.marker or not issue.marked:
        sketch.pushes["marker"] = sketch.view.link.marker
    for name, want in _wanted(sketch.after, rules, tuple(sketch.requests)).items():
        sketch.agree(name, settle(sketch.view.bases.get(name), want, seen[name]), seen[name])


def _wanted(view: View, rules: Rules, new: tuple[NewRequest, ...] = ()) -> dict[str, str]:
    asked = any(request.kind is RequestKind.LATER_DATE for request in new) or any(map(waits, view.requests))
    return {
        "title": issue_title(view.item, rules.text, rules.capabilities.max_title),
        "body": normal_body(issue_block(view.item, view.profile, rules.text, notices(view, new, rules.text))),
        "labels": " ".join(sorted(labels_for(view.item, asked, rules.text))),
    }


def _edit(sketch: Sketch) -> Edit:
    """What is owed and nothing else."""
    pushes, issue = sketch.pushes, sketch.issue
    present = {label for label in issue.labels if is_our_label(label)}
    wanted = set((pushes["labels"] or "").split()) if "labels" in pushes else present
    work = pushes.get("work_status")
    return Edit(
        title=pushes.get("title"),
        body=with_block(issue.body, pushes["body"] or "") if "body" in pushes else None,
        due_date=(pushes["due_date"] or "") if "due_date" in pushes else None,
        status=category_of(WorkStatus(work)) if work else None,
        marker=pushes.get("marker"),
        add_labels=frozenset(wanted - present),
        remove_labels=frozenset(present - wanted),
    )


def is_ours(issue: Issue, link: Link, me: str) -> bool:
    """Whether this is the link's issue, and not one of the same number in a place that is configured by mistake."""
    return issue.marker == link.marker or (issue.marker is None and issue.author.id == me)


def is_owed(view: View, rules: Rules) -> bool:
    """Whether the record moved since the issue was last seen, judged without looking at the issue."""
    wants = {**_wanted(view, rules), "due_date": wanted_date(view, rules)}
    known = all(
        name in view.bases and view.bases[name].record_value == want
        for name, want in wants.items()
        if name not in view.conflicts
    )
    work = view.bases.get("work_status")
    return not known or work is None or work.version != view.item.work_status_version


def first_draft(view: View, rules: Rules) -> Draft:
    """The issue that a mirror starts as."""
    wants = _wanted(view, rules)
    return Draft(
        marker=view.link.marker,
        title=wants["title"],
        body=with_block("", wants["body"]),
        due_date=shown_due(view.item, view.profile),
        labels=frozenset(wants["labels"].split()),
    )
