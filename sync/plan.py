"""Decides what one look at an issue leads to. Pure: the record's view and the issue go in, a `Look` comes out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from ..connectors.base import Account, Draft, Edit, Issue
from ..mapping.dates import DateMeaning, classify_date, effective_due, shown_due
from ..mapping.issue_text import block_in, issue_block, issue_title, with_block
from ..mapping.item import PoamItem, State, WorkStatus
from ..mapping.lenses import category_of, is_ours, labels_for, normal_body, normal_title, reason_of
from ..mapping.life import RequestKind, consequences
from .history import last_of, observe, seen_values
from .merge import NOTHING, Base, Merged, Policy, merge, settle
from .notices import notices
from .record.mirrors import Request
from .steps import ItemChange, Look, NewConflict, NewRequest, Observed, Rules, View

MIRRORED_STATES = frozenset({State.OPEN, State.PENDING_VERIFICATION, State.RISK_ACCEPTED})


@dataclass(slots=True)
class _Draft:
    """The look being put together; it never leaves this module."""

    item: PoamItem
    sighting_changes: dict[str, str | None] = field(default_factory=dict)
    item_changes: list[ItemChange] = field(default_factory=list)
    requests: list[NewRequest] = field(default_factory=list)
    conflicts: list[NewConflict] = field(default_factory=list)
    bases: dict[str, Base] = field(default_factory=dict)
    pushes: dict[str, str | None] = field(default_factory=dict)
    held: set[str] = field(default_factory=set)
    equal: set[str] = field(default_factory=set)
    withdrawn: Observed | None = None

    def change(self, values: Mapping[str, str | int | None], because: Observed, reason: str) -> None:
        self.item_changes.append(ItemChange(values, because, reason))
        self.item = replace(self.item, **values)  # type: ignore[arg-type]


def look(view: View, issue: Issue, rules: Rules, now: str, *, wrote: frozenset[str] = frozenset()) -> Look | None:
    """What this sighting of the issue means; `wrote` names the fields we have just written and are reading back.

    None when the sighting is older than one we have seen (a lagging index): it tells nothing.
    """
    if issue.updated < view.sighting.updated:
        return None
    observed = observe(view, issue, rules)
    wrote -= {one.field for one in observed}
    draft = _Draft(view.item)
    _work_status(draft, view, issue, rules, observed, wrote)
    _due_date(draft, view, issue, rules, observed, now, wrote)
    view_after = replace(view, item=draft.item)
    _ours(draft, view_after, issue, rules, wrote)
    cursor = max((change.id for change in issue.history), default=0)
    sighting = replace(
        view.sighting,
        history_cursor=max(view.sighting.history_cursor, cursor),
        version=issue.version,
        updated=issue.updated,
        missing_looks=0,
        missing_since="",
        **draft.sighting_changes,  # type: ignore[arg-type]
    )
    return Look(
        view=view,
        sighting=sighting,
        observed=observed,
        item_changes=tuple(draft.item_changes),
        requests=tuple(draft.requests),
        conflicts=tuple(draft.conflicts),
        settled_conflicts=tuple(
            conflict
            for name, conflict in view.conflicts.items()
            if conflict.policy in ("refused", "missing")
            and (name in draft.equal or (name == "issue" and not draft.pushes))
        ),
        withdrawn=draft.withdrawn,
        bases={name: base for name, base in draft.bases.items() if view.bases.get(name) != base},
        edit=_edit(draft, view_after, issue, rules) if draft.pushes else None,
        edited_fields=frozenset(draft.pushes),
    )


def _agree(draft: _Draft, name: str, merged: Merged, seen: str | None, wrote: frozenset[str], version: int = 0) -> None:
    """Notes the pair both sides agree on, or the push that is owed. What we just wrote is as good as it gets."""
    if merged.agreed and (merged.value == seen or name == "work_status"):
        draft.equal.add(name)
    if merged.agreed or (merged.push and name in wrote):
        draft.bases[name] = Base(merged.value, seen, version)
        if merged.push and name in ("due_date", "work_status"):
            draft.conflicts.append(NewConflict(name, None, merged.value, seen, None, "refused"))
    elif merged.push:
        draft.pushes[name] = merged.value


def _work_status(
    draft: _Draft, view: View, issue: Issue, rules: Rules, observed: tuple[Observed, ...], wrote: frozenset[str]
) -> None:
    """Two-way: people at the tracker propose, the record may have moved too (a rejected verification reopens)."""
    item, base, name = view.item, view.bases.get("work_status"), "work_status"
    if view.conflicts.get(name) and view.conflicts[name].policy == Policy.MANUAL:
        return
    seen = seen_values(issue, rules)[name]
    proposal = last_of(observed, name)
    dirty = base is not None and base.version != item.work_status_version
    merged = merge(
        base, item.work_status.value, seen, proposal.new if proposal else NOTHING, dirty=dirty, policy=Policy.TRACKER
    )
    if merged.conflict and proposal:
        draft.conflicts.append(
            NewConflict(
                name,
                base.record_value if base else None,
                item.work_status.value,
                proposal.new,
                proposal,
                merged.conflict,
            )
        )
    if proposal and merged.value != item.work_status.value and merged.value is not None:
        _take_work_status(draft, view, issue, rules, WorkStatus(merged.value), proposal)
    _agree(draft, name, _as_shown(merged, seen), seen, wrote, draft.item.work_status_version)


def _as_shown(merged: Merged, seen: str | None) -> Merged:
    """A status that the tracker shows in another word of the same category is shown well enough."""
    if merged.push and merged.value and seen and category_of(WorkStatus(merged.value)) == category_of(WorkStatus(seen)):
        return replace(merged, push=False, agreed=True)
    return merged


def _take_work_status(
    draft: _Draft, view: View, issue: Issue, rules: Rules, new: WorkStatus, proposal: Observed
) -> None:
    old = view.item.work_status
    reason = reason_of(issue.status) if seen_values(issue, rules)["work_status"] == new.value else ""
    effect = consequences(view.item, old, new, reason)
    values: dict[str, str | int | None] = {"work_status": new, "work_status_version": view.item.work_status_version + 1}
    if new is WorkStatus.DONE:
        values |= {"work_done_at": proposal.at, "work_done_by": proposal.account.id if proposal.account else ""}
    elif old is WorkStatus.DONE:
        values |= {"work_done_at": None, "work_done_by": ""}
    if effect.to_state is not None:
        values["state"] = effect.to_state
    draft.change(values, proposal, f"{issue.key} is {issue.status.name}")
    if effect.decision is not None:
        draft.requests.append(NewRequest(effect.decision, None, None, proposal))


def _due_date(
    draft: _Draft,
    view: View,
    issue: Issue,
    rules: Rules,
    observed: tuple[Observed, ...],
    now: str,
    wrote: frozenset[str],
) -> None:
    """Not merged: a date from the tracker is a forecast, a request, a cleared forecast or a mistake (DESIGN: dates)."""
    name = "due_date"
    if len(issue.due_dates) > 1:
        if name not in view.conflicts:
            draft.conflicts.append(
                NewConflict(
                    name,
                    None,
                    shown_due(view.item, view.profile),
                    ", ".join(issue.due_dates),
                    last_of(observed, name),
                    "refused",
                )
            )
        draft.held.add(name)
        return
    moved = last_of(observed, name) or _waiting(view)
    if moved and not _take_date(draft, view, moved, rules, now):
        draft.held.add(name)
        return
    want = wanted_date(draft, view, rules)
    seen = seen_values(issue, rules)[name]
    _agree(draft, name, settle(view.bases.get(name), want, seen, dirty=moved is not None), seen, wrote)


def _waiting(view: View) -> Observed | None:
    """A later date that was seen in its quiet period."""
    kept = view.sighting
    if kept.date_waiting is None:
        return None
    account = Account(kept.date_waiting_by, kept.date_waiting_by_name) if kept.date_waiting_by else None
    return Observed("due_date", None, kept.date_waiting, account, kept.date_waiting_at, kept.date_waiting_source)


def _take_date(draft: _Draft, view: View, moved: Observed, rules: Rules, now: str) -> bool:
    """Makes of a moved date what it is; False while a later date is in its quiet period."""
    meaning = classify_date(view.item, view.profile, moved.new)
    quiet = meaning is DateMeaning.LATER and not _is_quiet(moved.at, now, rules.quiet_seconds)
    draft.sighting_changes |= {
        "date_waiting": moved.new if quiet else None,
        "date_waiting_by": moved.account.id if quiet and moved.account else "",
        "date_waiting_by_name": moved.account.name if quiet and moved.account else "",
        "date_waiting_at": moved.at if quiet else "",
        "date_waiting_source": moved.source if quiet else "",
    }
    if quiet:
        return False
    if meaning is DateMeaning.LATER:
        current = effective_due(view.item, view.profile)
        draft.requests.append(NewRequest(RequestKind.LATER_DATE, moved.new, current, moved))
        return True
    if any(map(_waits, view.requests)) and meaning is not DateMeaning.RESTORE:
        draft.withdrawn = moved
    if meaning is DateMeaning.FORECAST:
        draft.change({"forecast_date": moved.new}, moved, "an earlier date is the engineers' forecast")
    elif meaning is DateMeaning.CLEARED:
        draft.change({"forecast_date": None}, moved, "back to the due date: no forecast")
    return True


def _is_quiet(moved_at: str, now: str, seconds: float) -> bool:
    return not moved_at or _moment(now) - _moment(moved_at) >= timedelta(seconds=seconds)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def wanted_date(draft: _Draft, view: View, rules: Rules) -> str | None:
    """What the issue shall show: under `hold` a later date stays where the engineer put it until it is decided."""
    if rules.later_date == "hold":
        asked = [request.requested_date for request in draft.requests if request.kind is RequestKind.LATER_DATE]
        asked += [request.requested_date for request in view.requests if _waits(request) and draft.withdrawn is None]
        if asked:
            return asked[0]
    return shown_due(draft.item, view.profile)


def _waits(request: Request) -> bool:
    return request.kind == RequestKind.LATER_DATE and request.state == "waiting"


def _ours(draft: _Draft, view: View, issue: Issue, rules: Rules, wrote: frozenset[str]) -> None:
    """Title, our block of the body and our labels: the record's alone, edits there are undone."""
    seen = {
        "title": normal_title(issue.title, rules.capabilities.max_title),
        "body": normal_body(block_in(issue.body) or ""),
        "labels": " ".join(sorted(label for label in issue.labels if is_ours(label))),
    }
    for name, want in _wanted(draft, view, rules).items():
        _agree(draft, name, settle(view.bases.get(name), want, seen[name]), seen[name], wrote)


def _wanted(draft: _Draft, view: View, rules: Rules) -> dict[str, str]:
    asked = any(request.kind is RequestKind.LATER_DATE for request in draft.requests)
    waits = asked or (draft.withdrawn is None and any(map(_waits, view.requests)))
    return {
        "title": issue_title(view.item, rules.text, rules.capabilities.max_title),
        "body": _block(draft, view, rules),
        "labels": " ".join(sorted(labels_for(view.item, waits, rules.text))),
    }


def _block(draft: _Draft, view: View, rules: Rules) -> str:
    told = notices(view, tuple(draft.requests))
    return normal_body(issue_block(view.item, view.profile, rules.text, told))


def _edit(draft: _Draft, view: View, issue: Issue, rules: Rules) -> Edit:
    """The request body: what is owed and nothing else."""
    pushes = draft.pushes
    present = {label for label in issue.labels if is_ours(label)}
    wanted = set((pushes["labels"] or "").split()) if "labels" in pushes else present
    work = pushes.get("work_status")
    return Edit(
        title=pushes.get("title"),
        body=with_block(issue.body, pushes["body"] or "") if "body" in pushes else None,
        due_date=(pushes["due_date"] or "") if "due_date" in pushes else None,
        status=category_of(WorkStatus(work)) if work else None,
        add_labels=frozenset(wanted - present),
        remove_labels=frozenset(present - wanted),
    )


def is_owed(view: View, rules: Rules) -> bool:
    """Whether the record moved since the issue was last seen, judged without looking at the issue."""
    if not view.bases:
        return True
    draft = _Draft(view.item)
    wants = {**_wanted(draft, view, rules), "due_date": wanted_date(draft, view, rules)}
    known = all(
        name in view.bases and view.bases[name].record_value == want
        for name, want in wants.items()
        if name not in view.conflicts
    )
    work = view.bases.get("work_status")
    return not known or work is None or work.version != view.item.work_status_version


def first_draft(view: View, rules: Rules) -> Draft:
    """The issue that a mirror starts as."""
    return Draft(
        marker=view.link.marker,
        title=issue_title(view.item, rules.text, rules.capabilities.max_title),
        body=with_block("", normal_body(issue_block(view.item, view.profile, rules.text, notices(view, ())))),
        due_date=shown_due(view.item, view.profile),
        labels=labels_for(view.item, any(map(_waits, view.requests)), rules.text),
    )
