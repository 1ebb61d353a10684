"""The POA&M item: one weakness, its plan and its dates, in the field's own words.

Column names in the record, field names in `--json` and attribute names here are the same. Calendar dates are
`YYYY-MM-DD` strings and never pass through a clock. Instants are ISO 8601 UTC with `Z`.
Mutability (trigger-guarded in the record): `original_detection_date` and, once baselined, `scheduled_completion_date`
and milestones are permanent (FedRAMP POA&M Template Completion Guide v2.2, columns K, L, M).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """The authority's view of an item."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    OPEN = "open"
    PENDING_VERIFICATION = "pending_verification"
    RISK_ACCEPTED = "risk_accepted"
    CLOSED = "closed"
    DISCARDED = "discarded"


class WorkStatus(StrEnum):
    """The engineers' view of an item, from the tracker."""

    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    DONE = "done"
    WONT_DO = "wont_do"


class FindingKind(StrEnum):
    """Where a weakness came from; `configuration` puts an open item on the Configuration Findings tab."""

    VULNERABILITY = "vulnerability"
    CONFIGURATION = "configuration"
    PENETRATION_TEST = "penetration_test"
    CONTROL_GAP = "control_gap"


class Rating(StrEnum):
    """A risk rating. FedRAMP's workbook knows no Critical: it is printed High, with a note in Comments."""

    CRITICAL = "critical"
    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"


class Decision(StrEnum):
    """A deviation's column in the workbook: `pending` from the request, `yes` on the AO's approval, else `no`."""

    YES = "yes"
    NO = "no"
    PENDING = "pending"


DEVIATIONS = ("risk_adjustment", "false_positive", "operational_requirement")
"""The columns of an item that hold such a decision."""


class ChangeKind(StrEnum):
    """What a milestone change says: `(2) Update 2026-03-20 : why`."""

    NEW = "New"
    UPDATE = "Update"
    COMPLETE = "Complete"


@dataclass(frozen=True, slots=True)
class Milestone:
    """A planned milestone; permanent once baselined (Completion Guide, column M)."""

    number: int
    description: str
    scheduled_completion_date: str


@dataclass(frozen=True, slots=True)
class MilestoneChange:
    """An entry of Milestone Changes (column N), append-only. `number` is the milestone's, or a new one for New."""

    number: int
    kind: ChangeKind
    date: str
    description: str


@dataclass(frozen=True, slots=True)
class PoamItem:
    """One POA&M item. Texts are as the document gives them, with `\\n` line ends; empty text means blank."""

    uid: str
    system_id: str
    poam_id: str
    finding_kind: FindingKind = FindingKind.VULNERABILITY
    controls: str = ""
    weakness_name: str = ""
    weakness_description: str = ""
    weakness_detector_source: str = ""
    weakness_source_identifier: str = ""
    point_of_contact: str = ""
    resources_required: str = ""
    remediation_plan: str = ""
    original_detection_date: str | None = None
    scheduled_completion_date: str | None = None
    approved_extension_date: str | None = None
    forecast_date: str | None = None
    status_date: str | None = None
    vendor_dependency: bool = False
    last_vendor_check_in: str | None = None
    vendor_dependent_product: str = ""
    original_risk_rating: Rating | None = None
    adjusted_risk_rating: Rating | None = None
    risk_adjustment: Decision | None = None
    false_positive: Decision | None = None
    operational_requirement: Decision | None = None
    deviation_rationale: str = ""
    supporting_documents: str = ""
    comments: str = ""
    auto_approve: bool | None = None
    kev_tracking: bool | None = None
    kev_due_date: str | None = None
    cves: str = ""
    service_names: str = ""
    state: State = State.OPEN
    work_status: WorkStatus = WorkStatus.NOT_STARTED
    work_status_version: int = 0
    work_done_at: str | None = None
    work_done_by: str = ""
    closure_reason: str = ""
    actual_completion_date: str | None = None
    baselined_at: str | None = None
    assets: tuple[str, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    milestone_changes: tuple[MilestoneChange, ...] = ()
