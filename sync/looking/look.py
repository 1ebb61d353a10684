"""Looks at one issue with what the record knows, and decides what follows: a step of the plan. Pure."""

from __future__ import annotations

from dataclasses import replace

from ...connectors.base import Edit, Issue
from ...mapping.issue_text import block_in, with_block
from ...mapping.item import WorkStatus
from ...mapping.lenses import category_of, normal_body, normal_title
from ...mapping.lenses import is_ours as is_our_label
from ..record.kinds import Conflict, Sighting
from ..settings.policies import Policy
from .comments import COMMENT, in_order, observed_in, plan_comments, plan_evidence, said_since, still_counting
from .due_date import AMBIGUOUS, is_over, plan_due_date, wanted_date
from .due_date import NAME as DUE_DATE
from .history import news_of, seen_values
from .merge import settle
from .rules import Rules
from .sketch import Sketch
from .steps import NOTHING_WRITTEN, Step, View, Writes, Written
from .wanted import wanted_texts
from .work_status import plan_work_status

ENDS_BY_ITSELF = frozenset({"refused", "missing", "manual"})


def look(view: View, issue: Issue, rules: Rules, now: str, *, wrote: Writes = NOTHING_WRITTEN) -> Step | None:
    """What this sighting of the issue means; `wrote` holds the fields we have just written and are reading back.

    None when the sighting is older than one we have seen (a lagging index): it tells nothing.
    """
    if issue.updated < view.sighting.updated:
        return None
    said = said_since(view, issue, rules)
    history = still_counting(news_of(view, issue, rules, wrote), view, issue, rules)
    observed = in_order(history, observed_in(said, view, issue, rules, wrote))
    moved = {one.field for one in observed}
    ours = {name: value for name, value in wrote.items() if name not in moved}
    sketch = Sketch(view, issue, rules, now, observed, ours)
    plan_work_status(sketch)
    plan_due_date(sketch)
    plan_comments(sketch, said)
    plan_evidence(sketch, said)
    _plan_ours(sketch)
    return Step(
        view=view,
        issue=issue,
        sighting=_sighting(sketch),
        observed=observed,
        item_changes=tuple(sketch.item_changes),
        requests=tuple(sketch.requests),
        conflicts=tuple(sketch.conflicts),
        settled_conflicts=tuple(each for each in view.conflicts if _is_settled(each, sketch)),
        withdrawn=sketch.withdrawn,
        bases={name: base for name, base in sketch.bases.items() if view.bases.get(name) != base},
        evidence=tuple(sketch.evidence),
        answers=tuple(sketch.answers),
        answered=sketch.answered,
        edit=_edit(sketch) if sketch.pushes else None,
        edited_fields=sketch.pushes,
    )


def _sighting(sketch: Sketch) -> Sighting:
    kept, issue = sketch.view.sighting, sketch.issue
    cursor = max((change.id for change in issue.history), default=0)
    seen = {"due_date": _date_of_two(sketch), **seen_values(issue, sketch.rules)}
    return replace(
        kept,
        history_cursor=max(kept.history_cursor, cursor),
        version=issue.version,
        updated=issue.updated,
        seen_work_status=seen["work_status"],
        seen_due_date=seen["due_date"],
        seen_title=seen["title"],
        comment_cursor=max((kept.comment_cursor, *(comment.id for comment in issue.comments))),
        missing_looks=0,
        missing_since="",
        **sketch.sighting_changes,  # type: ignore[arg-type]
    )


def _date_of_two(sketch: Sketch) -> str | None:
    """What counts as the date where two at once show none: the last one that was told, by us or others, or the one
    before; of an issue that was never seen, the one that its create gave it.
    """
    kept = sketch.view.sighting
    for change in reversed(sketch.issue.history):
        if change.field == "due_date" and change.id > kept.history_cursor:
            return str(change.new) if change.new else None
    return kept.seen_due_date if kept.version else wanted_date(sketch.view, sketch.rules)


def _is_settled(conflict: Conflict, sketch: Sketch) -> bool:
    """A refusal, a disappearance or a frozen field is over once both sides show the same, two dates at once once there
    is one, two forecasts once one is both sides' word; a decision is a person's.
    """
    if (conflict.field, conflict.policy) == (DUE_DATE, Policy.TRACKER):
        return is_over(conflict, sketch)
    if conflict.policy == AMBIGUOUS:
        return len(sketch.issue.due_dates) < 2
    if conflict.policy not in ENDS_BY_ITSELF:
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
        sketch.pushes["marker"] = Written(sketch.view.link.marker, issue.marker)
    for name, want in wanted_texts(sketch.after, rules, tuple(sketch.requests)).items():
        sketch.conclude(name, settle(sketch.view.bases.get(name), want, seen[name]), seen[name])


def _edit(sketch: Sketch) -> Edit:
    """What is owed and nothing else."""
    pushes, issue = {name: written.value for name, written in sketch.pushes.items()}, sketch.issue
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
        comment=pushes.get(COMMENT),
    )
