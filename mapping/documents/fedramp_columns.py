"""The FedRAMP POA&M workbook as data: its columns, sheets and the differences between template 3.0 and 2.1.

The tables are the specification; headings are verbatim from the templates of 2025-11-17 (3.0) and 2024-03-29
(2.1). The writer prints from them and the reader looks for them, by heading text and never by letter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

from ..item import Decision, FindingKind, Rating, State
from .cells import DATE, IDENTIFIER, LINES, TEXT, Kind, choice
from .document import FedrampLayout
from .milestones import CHANGES, MILESTONES

Need = Literal["Mandatory", "Situational"]
Validation = Mapping[str, Any]  # the options of XlsxWriter's data_validation

_RATINGS = {"Low": Rating.LOW, "Moderate": Rating.MODERATE, "High": Rating.HIGH, "Critical": Rating.CRITICAL}
_DECISIONS = {"Yes": Decision.YES, "No": Decision.NO, "Pending": Decision.PENDING}

RATING = choice(_RATINGS)
ADJUSTED_OR_NOT = choice(_RATINGS, empty="N/A")
DECISION = choice(_DECISIONS)
YES_NO = choice({"Yes": True, "No": False}, blank=False)
YES_NO_BLANK = choice({"Yes": True, "No": False})
YES_BLANK = choice({"Yes": True, "No": False}, unsaid=(False,))

# 29221 is 1980-01-01 and 36526 is 2000-01-01; the odd rules are the template's own.
ANY_DATE: Validation = {"validate": "date", "criteria": "not between", "minimum": 29221, "maximum": 29221}
DUE_DATE: Validation = {"validate": "date", "criteria": "not between", "minimum": 1, "maximum": 1}
LATE_DATE: Validation = {"validate": "date", "criteria": ">", "value": 36526}
RATING_LIST: Validation = {"validate": "list", "source": ["Low", "Moderate", "High"]}
ADJUSTED_LIST: Validation = {"validate": "list", "source": ["Low", "Moderate", "High", "N/A"]}
YES_NO_LIST: Validation = {"validate": "list", "source": ["Yes", "No"]}
DECISION_LIST: Validation = {"validate": "list", "source": ["Yes", "No", "Pending"]}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, the item's field it shows, how, and what the template allows there.

    `only` limits it to one layout; `older` files may lack it; `also` is another heading it goes by.
    """

    heading: str
    field: str
    kind: Kind
    validation: Validation | None = None
    need: Need = "Mandatory"
    only: FedrampLayout | None = None
    older: bool = False
    also: str = ""


_SITUATIONAL: Need = "Situational"

COLUMNS = (
    Column("POAM ID", "poam_id", IDENTIFIER),
    Column("Controls", "controls", TEXT),
    Column("Weakness Name", "weakness_name", TEXT),
    Column("Weakness Description", "weakness_description", TEXT),
    Column("Weakness Detector Source", "weakness_detector_source", TEXT),
    Column("Weakness Source Identifier", "weakness_source_identifier", TEXT, need=_SITUATIONAL),
    Column("Asset Identifier", "assets", LINES),
    Column("Point of Contact", "point_of_contact", TEXT),
    Column("Resources Required", "resources_required", TEXT, need=_SITUATIONAL),
    Column("Overall Remediation Plan", "remediation_plan", TEXT, only="2.1"),
    Column("Remediation Plan", "remediation_plan", TEXT, only="3.0", also="Overall Remediation Plan"),
    Column("Original Detection Date", "original_detection_date", DATE, ANY_DATE),
    Column("Scheduled Completion Date", "scheduled_completion_date", DATE, DUE_DATE),
    Column("Planned Milestones", "milestones", MILESTONES, only="2.1"),
    Column("Milestone Changes", "milestone_changes", CHANGES, only="2.1"),
    Column("Status Date", "status_date", DATE, LATE_DATE),
    Column("Vendor Dependency", "vendor_dependency", YES_NO, YES_NO_LIST),
    Column("Last Vendor Check-in Date", "last_vendor_check_in", DATE, LATE_DATE, need=_SITUATIONAL),
    Column("Vendor Dependent Product Name", "vendor_dependent_product", TEXT, need=_SITUATIONAL),
    Column("Original Risk Rating", "original_risk_rating", RATING, RATING_LIST),
    Column("Adjusted Risk Rating", "adjusted_risk_rating", ADJUSTED_OR_NOT, ADJUSTED_LIST, only="2.1"),
    Column("Adjusted Risk Rating", "adjusted_risk_rating", RATING, ADJUSTED_LIST, _SITUATIONAL, only="3.0"),
    Column("Risk Adjustment", "risk_adjustment", DECISION, DECISION_LIST, _SITUATIONAL),
    Column("False Positive", "false_positive", DECISION, DECISION_LIST, _SITUATIONAL),
    Column("Operational Requirement", "operational_requirement", DECISION, DECISION_LIST, _SITUATIONAL),
    Column("Deviation Rationale", "deviation_rationale", TEXT, need=_SITUATIONAL),
    Column("Supporting Documents", "supporting_documents", TEXT, need=_SITUATIONAL),
    Column("Comments", "comments", TEXT, need=_SITUATIONAL),
    Column("Auto-Approve", "auto_approve", YES_NO_BLANK, need=_SITUATIONAL, only="2.1", older=True),
    Column("Binding Operational Directive 22-01 tracking", "kev_tracking", YES_NO_BLANK, only="2.1", older=True),
    Column("Binding Operational Directive 22-01 tracking", "kev_tracking", YES_BLANK, None, _SITUATIONAL, "3.0"),
    Column("Binding Operational Directive 22-01 Due Date", "kev_due_date", DATE, None, _SITUATIONAL, older=True),
    Column("CVE", "cves", TEXT, need=_SITUATIONAL, older=True),
    Column("Service Name", "service_names", TEXT, need=_SITUATIONAL, only="2.1", older=True),
)


@dataclass(frozen=True)
class Sheet:
    """One tab of items. Rows and columns count from 0; its items are of this `state` and `finding_kind`."""

    name: str
    title: str
    state: State
    finding_kind: FindingKind
    columns: tuple[Column, ...]
    heading_row: int
    first_row: int
    first_column: int = 0
    formulas: bool = False
    last_row: int = 999

    @cached_property
    def milestone_columns(self) -> bool:
        """Whether the sheet shows milestones in columns of their own."""
        return any(column.field == "milestones" for column in self.columns)


@dataclass(frozen=True, slots=True)
class Layout:
    """One version of the template. `labels` name the system's provider, name, impact level and date.

    `width` is a column's, as Excel shows it; the file stores 0.71 more.
    """

    version: FedrampLayout
    labels: tuple[str, str, str, str]
    width: float
    sheets: tuple[Sheet, ...]
    impact_list: Validation | None = None
    date_rule: Validation | None = None


def _of(version: FedrampLayout) -> tuple[Column, ...]:
    return tuple(column for column in COLUMNS if column.only in (None, version))


def _old_plan(columns: tuple[Column, ...]) -> tuple[Column, ...]:
    """Template 3.0 renamed the plan on the Open tab only; the other two kept the heading of 2.1."""
    return tuple(replace(c, heading=c.also, also=c.heading) if c.also else c for c in columns)


OPEN, CLOSED, CONFIGURATION = "Open POA&M Items", "Closed POA&M Items", "Configuration Findings"
_TITLE_30 = "FedRAMP® Plan of Action and Milestones (POA&M)"
_TITLE_21_OPEN = "FedRAMP® Plan of Action and Milestones (POA&M) Template"
_TITLE_21 = "FedRAMP Plan of Action and Milestones (POA&M) Template"
_V30, _V21 = _of("3.0"), _of("2.1")
_FOUND, _SET = FindingKind.VULNERABILITY, FindingKind.CONFIGURATION

LAYOUTS: Mapping[FedrampLayout, Layout] = {
    "3.0": Layout(
        version="3.0",
        labels=("Cloud Service Provider", "Cloud Service Offering", "Impact Level", "POA&M Date"),
        width=20.17,
        sheets=(
            Sheet(OPEN, _TITLE_30, State.OPEN, _FOUND, _V30, 4, 8, first_column=1, formulas=True, last_row=4020),
            Sheet(CLOSED, "", State.CLOSED, _FOUND, _old_plan(_V30), 1, 2),
            Sheet(CONFIGURATION, "", State.OPEN, _SET, _old_plan(_V30), 1, 2),
        ),
    ),
    "2.1": Layout(
        version="2.1",
        labels=("CSP", "System Name", "Impact Level", "POAM Date"),
        width=20.12,
        sheets=(
            Sheet(OPEN, _TITLE_21_OPEN, State.OPEN, _FOUND, _V21, 4, 5, formulas=True, last_row=4021),
            Sheet(CLOSED, _TITLE_21, State.CLOSED, _FOUND, _V21, 4, 5),
            Sheet(CONFIGURATION, _TITLE_21, State.OPEN, _SET, _V21, 4, 5),
        ),
        impact_list=RATING_LIST,
        date_rule=LATE_DATE,
    ),
}
