"""Changing a field by hand: which fields a person may set, in which role, and what a value must look like.

Permanent once baselined: `original_detection_date` (it may still move earlier), `scheduled_completion_date`,
the original rating and the source identifier (FedRAMP POA&M Template Completion Guide v2.2, columns F, K, L, S).
A deviation is approved by the authorizing official alone; somebody else enters it for them with `--as`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from ...mapping.dates import DateMeaning, classify_date, effective_due, is_date, policy_date
from ...mapping.item import DEVIATIONS, Decision, FindingKind, PoamItem, Rating, State, WorkStatus
from ...mapping.life import Role
from ..errors import InputError, NotAllowed
from ..record.journal import entries
from ..settings.problems import did_you_mean
from ..status_date import Value
from .decider import Decider
from .work import answer_by_work, moved_to

_OFFICIALS = frozenset({Role.ISSO, Role.AO})
_EVERYONE = _OFFICIALS | {Role.ENGINEER}


@dataclass(frozen=True, slots=True)
class Editable:
    """How a field's text is read, who may set it, and whether the baseline ends that."""

    read: Callable[[str], Value]
    roles: frozenset[Role] = _OFFICIALS
    until_baseline: bool = False


def is_text(text: str) -> bool:
    """Whether the text can be written as UTF-8: what a shell or JSON hands over may hold half characters."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def _text(text: str) -> Value:
    if not is_text(text):
        raise ValueError("must be UTF-8 text")
    return text.replace("\r\n", "\n").strip()


def _needed(text: str) -> Value:
    if not text.strip():
        raise ValueError("must not be blank")
    return _text(text)


def _date(text: str) -> Value:
    if text and not is_date(text):
        raise ValueError("must be a date as YYYY-MM-DD")
    return text or None


def _flag(text: str) -> Value:
    if text not in ("yes", "no"):
        raise ValueError("must be yes or no")
    return int(text == "yes")


def _one_of(*words: StrEnum, blank: bool = True) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        if text in words or (blank and not text):
            return text or None
        raise ValueError(f"must be one of {', '.join(words)}{' or nothing' if blank else ''}")

    return read


BY_HAND = (WorkStatus.NOT_STARTED, WorkStatus.IN_PROGRESS, WorkStatus.BLOCKED)
_TEXTS = (
    *(
        "controls",
        "weakness_description",
        "weakness_detector_source",
        "point_of_contact",
        "resources_required",
    ),
    *(
        "remediation_plan",
        "vendor_dependent_product",
        "deviation_rationale",
        "supporting_documents",
        "comments",
    ),
    *("cves", "service_names"),
)

EDITABLE: Mapping[str, Editable] = {
    "weakness_name": Editable(_needed),
    **{name: Editable(_text) for name in _TEXTS},
    "weakness_source_identifier": Editable(_text, until_baseline=True),
    "finding_kind": Editable(_one_of(*FindingKind, blank=False)),
    "original_detection_date": Editable(_date),
    "scheduled_completion_date": Editable(_date, until_baseline=True),
    "forecast_date": Editable(_date, _EVERYONE),
    "vendor_dependency": Editable(_flag),
    "last_vendor_check_in": Editable(_date, _EVERYONE),
    "original_risk_rating": Editable(_one_of(*Rating), until_baseline=True),
    "adjusted_risk_rating": Editable(_one_of(*Rating)),
    **{name: Editable(_one_of(*Decision)) for name in DEVIATIONS},
    "auto_approve": Editable(_flag),
    "kev_tracking": Editable(_flag),
    "kev_due_date": Editable(_date),
    "work_status": Editable(_one_of(*BY_HAND, blank=False), _EVERYONE),
}

_ELSEWHERE = {
    "state": "poam transition moves an item to another state",
    "poam_id": "an item keeps its id",
    "system_id": "an item keeps its system",
    "approved_extension_date": "poam approve grants a later date, where the profile knows extensions",
    "due_date": "it follows from the item's dates: an earlier one is a forecast_date, a later one a request",
    "closure_reason": "poam transition closes an item; the reason begins with the closure reason",
    "milestones": "planned milestones are permanent; an approved request adds a milestone change",
    "assets": "import the POA&M with the new assets",
}


_PERMANENT = {
    "scheduled_completion_date": "a later date is a request: move the issue's due date; an earlier one a forecast",
    "original_risk_rating": "a lower risk is a risk adjustment: set adjusted_risk_rating and risk_adjustment",
    "weakness_source_identifier": "another identifier is another weakness: import it as an item of its own",
}


def edit(decider: Decider, item: PoamItem, texts: Mapping[str, str], *, reason: str) -> bool:
    """Sets fields of an item from what a person typed; whether anything changed. Raises InputError, NotAllowed."""
    if not reason.strip():
        raise InputError("a change needs a reason", hint="add --reason TEXT")
    changes = {name: _read(decider, item, name, text) for name, text in texts.items()}
    changes |= _rewritten_baseline(decider, item, changes)
    if "work_status" in changes:
        status = WorkStatus(str(changes["work_status"]))
        changes |= moved_to(item, status)
        answer_by_work(decider, item, status)
    return decider.change(item, changes, reason=reason)


def _rewritten_baseline(decider: Decider, item: PoamItem, changes: Mapping[str, Value]) -> dict[str, Value]:
    """An approved risk adjustment moves the scheduled completion date to the window of the adjusted rating, and taking
    the approval back brings the date back. Only that, and nothing else here, may (Completion Guide v2.2, column L).
    """
    decision = changes.get("risk_adjustment", item.risk_adjustment)
    approved = decision == Decision.YES
    if approved == (item.risk_adjustment is Decision.YES):
        return {}
    due = _adjusted_date(decider, item, changes) if approved else _date_before_adjustment(decider, item)
    return {"scheduled_completion_date": due} if due else {}


def _adjusted_date(decider: Decider, item: PoamItem, changes: Mapping[str, Value]) -> str | None:
    rating = changes.get("adjusted_risk_rating", item.adjusted_risk_rating)
    adjusted = replace(
        item,
        risk_adjustment=Decision.YES,
        adjusted_risk_rating=Rating(str(rating)) if rating else item.original_risk_rating,
    )
    return policy_date(adjusted, decider.profile(item))


def _date_before_adjustment(decider: Decider, item: PoamItem) -> str | None:
    """The date that stood when the adjustment was approved; the window of the original rating where the journal knows
    of none, as of an item that was imported with its adjustment (template 3.0, the formula of column L).
    """
    date = item.scheduled_completion_date
    for row in reversed([*entries(decider.unit.db, item.uid)]):
        if row.field == "scheduled_completion_date":
            date = row.old
        if (row.field, row.new) == ("risk_adjustment", Decision.YES):
            break
    else:
        date = None
    return date or policy_date(replace(item, risk_adjustment=None), decider.profile(item))


def _read(decider: Decider, item: PoamItem, name: str, text: str) -> Value:
    field = EDITABLE.get(name)
    if field is None:
        near = did_you_mean(name, tuple(EDITABLE))
        hint = _ELSEWHERE.get(name, "docs/commands.md lists the fields that can be set, under poam set")
        raise InputError(f"{name} cannot be set by hand{near if name not in _ELSEWHERE else ''}", hint=hint)
    try:
        value = field.read(text)
    except ValueError as error:
        raise InputError(f"{name} {error}, not {text!r}" if text else f"{name} {error}") from None
    _check_role(decider, item, name, value, field)
    _check_baseline(item, name, value, field)
    _check_life(item, name)
    _check_forecast(decider, item, name, value)
    _check_past(decider, item, name, value)
    return value


def _check_role(decider: Decider, item: PoamItem, name: str, value: Value, field: Editable) -> None:
    person, role = decider.identity.person, decider.identity.role
    if role not in field.roles:
        raise NotAllowed(f"{person} is {role} and cannot set {name}", hint="an ISSO has to do it")
    approves = name in DEVIATIONS and Decision.YES in (value, getattr(item, name))
    approved = name == "adjusted_risk_rating" and item.risk_adjustment is Decision.YES
    if (approves or approved) and role != Role.AO:
        raise NotAllowed(
            f"{person} is {role} and cannot decide {name} of {item.poam_id}",
            hint="the authorizing official decides it; enter their decision with --as, where acts_for allows that",
        )


def _check_baseline(item: PoamItem, name: str, value: Value, field: Editable) -> None:
    if item.baselined_at is None or value == getattr(item, name):
        return
    if field.until_baseline and getattr(item, name) is not None:  # what was never said can still be said
        raise NotAllowed(f"{name} of {item.poam_id} is permanent since its baseline", hint=_PERMANENT[name])
    known = item.original_detection_date
    if name == "original_detection_date" and known is not None and (value is None or str(value) > known):
        raise NotAllowed(f"{name} of {item.poam_id} is permanent since its baseline", hint="it may only move earlier")


def _check_life(item: PoamItem, name: str) -> None:
    if name == "work_status" and item.state is not State.OPEN:
        raise NotAllowed(
            f"{item.poam_id} is {item.state.replace('_', ' ')} and its work status cannot be set",
            hint=f"reopen it first: poam transition {item.poam_id} open --reason TEXT",
        )


def _check_forecast(decider: Decider, item: PoamItem, name: str, value: Value) -> None:
    """A forecast is what the same date from a tracker would be: neither a mistake nor a request."""
    if name != "forecast_date" or value in (None, item.forecast_date):
        return
    profile = decider.profile(item)
    match classify_date(item, profile, str(value)):
        case DateMeaning.RESTORE:
            raise InputError(
                f"{name} {value} of {item.poam_id} is before its detection on {item.original_detection_date}"
            )
        case DateMeaning.LATER:
            raise InputError(
                f"{name} {value} of {item.poam_id} is later than its due date {effective_due(item, profile)}",
                hint="a later date is a request: move the issue's due date",
            )


_HAPPENED = {
    "last_vendor_check_in": "the vendor is asked first; the next check-in is planned elsewhere",
    "original_detection_date": "it is the day on which the weakness was found",
}
"""The days of what has happened; what a person should know where one is to come."""


def _check_past(decider: Decider, item: PoamItem, name: str, value: Value) -> None:
    """What has happened has no day to come, in the time zone of the item's system."""
    if name in _HAPPENED and str(value or "") > decider.today and value != getattr(item, name):
        raise InputError(f"{name} {value} of {item.poam_id} is in the future", hint=_HAPPENED[name])
