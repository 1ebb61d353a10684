"""Stops a cycle that would take in far more change than usual, until a person has looked at it. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from .errors import InputError, MassChange
from .plan import ConnectorPlan, Plan, Seen
from .record.journal import Author
from .settings.limits import Limits


@dataclass(frozen=True, slots=True)
class Approval:
    """A person's word that lets exactly one held-back plan through."""

    plan_id: str
    by: Author


def hold_back(plan: Plan, limits: Limits, approval: Approval | None) -> Plan:
    """The plan without the connectors whose part is too large to do unasked.

    Raises InputError for an approval of a plan that is not held back: something changed since it was looked at.
    """
    guarded = tuple(_guarded(each, limits, approval) for each in plan.connectors)
    if approval is not None and not any(each.approval for each in guarded):
        raise InputError(
            f"no plan {approval.plan_id} is held back, so nothing was done",
            hint="the plan may have changed since: poam plan shows it and its id",
        )
    return replace(plan, connectors=guarded)


def _guarded(each: ConnectorPlan, limits: Limits, approval: Approval | None) -> ConnectorPlan:
    if not _is_too_large(each, limits):
        return each
    plan_id = _id(each)
    if approval is not None and approval.plan_id == plan_id:
        return replace(each, approval=approval.by, plan_id=plan_id)
    error = MassChange(
        f"{each.seen.connector}: far more changed there than usual, so nothing was done (plan {plan_id})",
        hint=f"look at it with poam plan; if it is right: poam sync --approve-plan {plan_id}",
    )
    return ConnectorPlan(Seen(each.seen.connector, error=error))


def _is_too_large(each: ConnectorPlan, limits: Limits) -> bool:
    """What counts is what the tracker would change in the record, and what disappeared there or was moved to another
    connector, where it may show anything: a bulk edit, a script gone wrong or a lost permission looks like that.
    """
    touched = {step.view.link.issue_id for step in each.steps if step.item_changes or step.requests}
    touched |= {link.issue_id for link in each.vanishing} | each.followed.keys()
    return is_more_than_usual(len(touched), each.live, limits)


def is_more_than_usual(touched: int, live: int, limits: Limits) -> bool:
    """Whether that many links of a connector's live ones change at once only when something went wrong."""
    return touched >= limits.mass_change_least and touched * 100 > live * limits.mass_change_percent


def _id(each: ConnectorPlan) -> str:
    """Names exactly this plan, so that an approval lets no other through."""
    changes = sorted(
        (step.view.link.id, str(sorted(change.values.items()))) for step in each.steps for change in step.item_changes
    )
    asked = sorted(
        (step.view.link.id, str(request.kind), str(request.requested_date))
        for step in each.steps
        for request in step.requests
    )
    moved = sorted((left, there.key, there.status.name, there.due_dates) for left, there in each.followed.items())
    vanishing = sorted(link.id for link in each.vanishing)
    told = repr((each.seen.connector, changes, asked, vanishing, moved))
    return hashlib.sha256(told.encode()).hexdigest()[:8]
