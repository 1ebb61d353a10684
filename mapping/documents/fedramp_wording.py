"""What the FedRAMP workbook has no column for, said in the columns it has, and understood again on reading.

- It knows no Critical: the rating is printed High and Comments ends with a line saying so.
- Template 3.0 has no milestone columns: the milestones stand at the end of the remediation plan.
- On the Closed tab the status date is the completion date, and an approved false positive is the reason. Nothing is
  left to be done there, though nobody claims to have done it.
- The tab says what is a configuration; who found a weakness says what else it is (mapping/kinds.py).
- The scheduled completion date is always there once detection date and rating are: the template computes it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

from ..item import Decision, FindingKind, PoamItem, Rating, State, WorkStatus
from ..kinds import kind_of
from .cells import CellProblem
from .fedramp_columns import Sheet
from .fedramp_schedule import scheduled
from .milestones import read_changes, read_milestones, write_changes, write_milestones

FALSE_POSITIVE, REMEDIATED = "false_positive", "remediated"

_CRITICAL_NOTES = {
    "original_risk_rating": "Original Risk Rating: High (Critical)",
    "adjusted_risk_rating": "Adjusted Risk Rating: High (Critical)",
}
_PLANNED = "Planned milestones are:\n"
_CHANGED = "Milestone changes are:\n"

Fields = dict[str, Any]  # an item's fields as they were read, by name


def printed(item: PoamItem, sheet: Sheet) -> PoamItem:
    """The item in the words of the sheet: what its columns, and only they, can show."""
    changes: Fields = {}
    if Rating.CRITICAL in (item.original_risk_rating, item.adjusted_risk_rating):
        changes.update(_without_critical(item))
    if item.state is State.CLOSED and item.actual_completion_date:
        changes["status_date"] = item.actual_completion_date
    if item.scheduled_completion_date is None:
        changes["scheduled_completion_date"] = computed_date(item)
    if not sheet.milestone_columns and (item.milestones or item.milestone_changes):
        changes["remediation_plan"] = _plan_with_milestones(item)
    return replace(item, **changes) if changes else item


def understood(fields: Fields, sheet: Sheet) -> PoamItem:
    """The item behind a row's fields, undoing `printed`. `uid` and `system_id` are the importer's to fill."""
    _restore_critical(fields)
    if not sheet.milestone_columns:
        _restore_milestones(fields)
    if sheet.state is State.CLOSED:
        fields["actual_completion_date"] = fields.get("status_date")
        false_positive = fields.get("false_positive") is Decision.YES
        fields["closure_reason"] = FALSE_POSITIVE if false_positive else REMEDIATED
        fields["work_status"] = WorkStatus.DONE
    item = PoamItem(uid="", system_id="", finding_kind=_kind(fields, sheet), state=sheet.state, **fields)
    if item.scheduled_completion_date is None and (day := computed_date(item)):
        return replace(item, scheduled_completion_date=day)
    return item


def carried(item: PoamItem, sheet: Sheet) -> PoamItem:
    """The item as reading the sheet back gives it: what a comparison with an edited workbook starts from."""
    words = printed(item, sheet)
    fields = {c.field: c.kind.parse(c.kind.render(getattr(words, c.field))) for c in sheet.columns}
    return replace(understood(fields, sheet), uid=item.uid, system_id=item.system_id)


def computed_date(item: PoamItem) -> str | None:
    """The scheduled completion date the template's formula gives this item."""
    return scheduled(
        item.original_detection_date,
        item.original_risk_rating,
        item.adjusted_risk_rating,
        item.risk_adjustment,
    )


def _kind(fields: Fields, sheet: Sheet) -> FindingKind:
    if sheet.finding_kind is FindingKind.CONFIGURATION:
        return sheet.finding_kind
    names = ("weakness_detector_source", "weakness_source_identifier", "cves")
    return kind_of(*(fields.get(name, "") for name in names))


def _without_critical(item: PoamItem) -> Fields:
    critical = [name for name in _CRITICAL_NOTES if getattr(item, name) is Rating.CRITICAL]
    notes = [_CRITICAL_NOTES[name] for name in critical]
    comments = [item.comments] if item.comments and not item.comments.isspace() else []
    return {"comments": "\n".join(comments + notes), **dict.fromkeys(critical, Rating.HIGH)}


def _restore_critical(fields: Fields) -> None:
    """Take our notes out of Comments, wherever people have since written around them."""
    if "(Critical)" not in fields.get("comments", ""):
        return
    lines = fields["comments"].split("\n")
    for name, note in _CRITICAL_NOTES.items():
        if note in lines and fields.get(name) is Rating.HIGH:
            fields[name] = Rating.CRITICAL
            lines.remove(note)
    fields["comments"] = "\n".join(lines)


def _plan_with_milestones(item: PoamItem) -> str:
    parts = [item.remediation_plan] if item.remediation_plan and not item.remediation_plan.isspace() else []
    if item.milestones:
        parts.append(_PLANNED + write_milestones(item.milestones))
    if item.milestone_changes:
        parts.append(_CHANGED + write_changes(item.milestone_changes))
    return "\n\n".join(parts)


def _restore_milestones(fields: Fields) -> None:
    """Take our blocks off the plan's end; what does not read as milestones is its author's text and stays."""
    plan = fields.get("remediation_plan", "")
    if _PLANNED not in plan and _CHANGED not in plan:
        return
    text, planned = _block(plan, _PLANNED)
    if planned:
        planned, changed = _block(planned, _CHANGED)
    else:
        text, changed = _block(text, _CHANGED)
    with suppress(CellProblem):
        blocks = {"milestones": read_milestones(planned), "milestone_changes": read_changes(changed)}
        fields.update(blocks, remediation_plan=text)


def _block(text: str, heading: str) -> tuple[str, str]:
    """What stands before the last block of this heading, and the block; the whole text when there is none."""
    before, found, block = ("\n\n" + text).rpartition("\n\n" + heading)
    return (before.removeprefix("\n\n"), block) if found else (text, "")
