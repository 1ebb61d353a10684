"""Who may change a field of an item, and what a change at a tracker means for it: the rules, as sentences. Pure.

Sources: `mapping/life.py` (states), `mapping/dates.py` (dates), `deciding/edits.py` (who sets what); the permanent
columns are those of the FedRAMP POA&M Template Completion Guide v2.2, columns F, K, L, M, N, S.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...mapping.life import TRANSITIONS, Transition

_SET = "an ISSO or AO sets it, with a reason"
_OURS = "; where an issue shows it, it is ours, and a change there is undone"
_ONLY_HERE = "; no tracker holds it"
_OFFICIAL = "an ISSO or AO enters it, only the AO approves it or takes an approval back" + _ONLY_HERE
_FOLLOWS = "nobody sets it: "

RULES: Mapping[str, str] = {
    **dict.fromkeys(("uid", "poam_id", "system_id"), "an item keeps it for ever"),
    "finding_kind": _SET + _ONLY_HERE,
    "weakness_name": _SET + "; the issue's title is made of it, and a title changed there is undone",
    **dict.fromkeys(
        (
            *("controls", "weakness_description", "weakness_detector_source", "point_of_contact"),
            *("resources_required", "remediation_plan", "vendor_dependent_product", "deviation_rationale"),
            *("supporting_documents", "comments", "cves", "service_names"),
        ),
        _SET + _OURS,
    ),
    "weakness_source_identifier": "fixed at baseline; before that " + _SET + _OURS,
    "original_detection_date": _SET + "; once baselined it only moves earlier" + _ONLY_HERE,
    "scheduled_completion_date": "fixed at baseline; only an approved risk adjustment moves it; "
    "a later date from a tracker becomes a request, an earlier one a forecast",
    "approved_extension_date": "set by approving a request for a later date, where the profile knows extensions; "
    "a later date from a tracker becomes such a request",
    "forecast_date": "the engineers' own: an earlier due date at a tracker is taken at once, the binding date "
    "again withdraws it; an engineer, ISSO or AO may set it, too, and what both sides set is a conflict",
    "status_date": _FOLLOWS + "the day of the last action on the item",
    **dict.fromkeys(("vendor_dependency", "auto_approve", "kev_tracking"), _SET + _ONLY_HERE),
    "last_vendor_check_in": "an engineer, ISSO or AO sets it, with a reason" + _ONLY_HERE,
    "original_risk_rating": "fixed at baseline; a lower or higher risk is a risk adjustment" + _ONLY_HERE,
    "adjusted_risk_rating": _SET + "; once the adjustment is approved only the AO changes it" + _ONLY_HERE,
    **dict.fromkeys(("risk_adjustment", "false_positive", "operational_requirement"), _OFFICIAL),
    "kev_due_date": _SET + "; CISA's date binds where it is the strictest" + _ONLY_HERE,
    "state": "a person moves it with poam transition, under the rules of an item's life; at a tracker, done is a "
    "claim (pending_verification), reopened takes the claim back, declined asks for a decision, nothing closes an item",
    "work_status": "the engineers' own: a tracker's change is taken, and where the record changed it meanwhile both "
    "are kept as a conflict; an engineer, ISSO or AO may set it while the item is open",
    "work_status_version": _FOLLOWS + "it counts the changes of work_status that were made here",
    "work_done_at": _FOLLOWS + "when the work was claimed done; taken back with the claim",
    "work_done_by": _FOLLOWS + "who claimed the work done, and therefore may not verify it",
    "closure_reason": _FOLLOWS + "the beginning of the reason with which a person closed the item",
    "actual_completion_date": _FOLLOWS + "the day of the claim that was verified, or else of the closing",
    "baselined_at": _FOLLOWS + "when the item was approved as open or imported; set once",
    "assets": "an import of the POA&M replaces the list" + _ONLY_HERE,
    "milestones": "permanent; what changes is a milestone change" + _ONLY_HERE,
    "milestone_changes": "append-only: an approved request for a later date, or an import, adds one",
    "effective_due": _FOLLOWS + "the strictest of the KEV date and the extension, or else the scheduled date",
    "shown_due": _FOLLOWS + "the issue shows the forecast where it is earlier than what binds; a later date moved "
    "there becomes a request, an earlier one a forecast, an empty one is put back",
    "days_late": _FOLLOWS + "days past the effective due date today, in the system's time zone",
    "late": _FOLLOWS + "whether today is past the effective due date, in the system's time zone",
    "effective_rating": _FOLLOWS + "the adjusted rating once its adjustment is approved, else the original one",
}
"""Every field of an item and everything derived from them, with the one sentence that governs it."""

AT_TRACKERS: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("forecast_date", "scheduled_completion_date", "approved_extension_date"),
            *("effective_due", "shown_due", "milestone_changes"),
        ),
        "due_date",
    ),
    **dict.fromkeys(("work_status", "state", "work_done_at", "work_done_by"), "work_status"),
    "weakness_name": "title",
}
"""The field of an issue that speaks of a field of the item."""

ALIASES: Mapping[str, str] = {"due_date": "shown_due", "title": "weakness_name"}
"""What people call a field after what the issue shows."""

_RULES_OF_LIFE = {row.id: row for row in TRANSITIONS}


def rule_of(source: str) -> str:
    """The rule of an item's life that a journal row names as its source, as a clause; blank for any other source."""
    row = _RULES_OF_LIFE.get(source)
    return f"rule {row.id}: {_needs(row)}" if row else ""


def _needs(row: Transition) -> str:
    who = " or ".join(role.upper() if role in ("isso", "ao") else role.value for role in row.roles)
    needs = [name for name, needed in (("a reason", row.reason), ("evidence", row.evidence)) if needed]
    return (
        f"by {who}"
        + (f", with {' and '.join(needs)}" if needs else "")
        + (", never who did the work" if row.implementer_may_not else "")
    )
