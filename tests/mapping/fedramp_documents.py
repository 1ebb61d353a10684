"""Documents for the FedRAMP tests and benchmark: one item with every column filled, and as many as wanted."""

from __future__ import annotations

from dataclasses import replace

from poam.mapping.documents.document import Document, FedrampLayout, SystemHeader
from poam.mapping.item import (
    ChangeKind,
    Decision,
    FindingKind,
    Milestone,
    MilestoneChange,
    PoamItem,
    Rating,
    State,
    WorkStatus,
)

HEADER = SystemHeader("Example Cloud", "Example Platform", "Moderate", "2026-11-22")

# Every field that template 2.1 has a column for, in values both layouts can carry but for the last two.
FULL = PoamItem(
    uid="",
    system_id="",
    poam_id="V-1",
    controls="RA-5, SI-2",
    weakness_name="OpenSSL before 3.0.16",
    weakness_description="The web tier loads a library with a known memory error.\n\nSee the scan.",
    weakness_detector_source="Nessus",
    weakness_source_identifier="19506",
    point_of_contact="Ana Lima, platform team",
    resources_required="40 hours",
    remediation_plan="Rebuild the base image and roll it out.",
    original_detection_date="2026-01-05",
    scheduled_completion_date="2026-04-05",
    status_date="2026-02-01",
    vendor_dependency=True,
    last_vendor_check_in="2026-01-20",
    vendor_dependent_product="Example DB",
    original_risk_rating=Rating.MODERATE,
    adjusted_risk_rating=Rating.LOW,
    risk_adjustment=Decision.PENDING,
    false_positive=Decision.NO,
    operational_requirement=Decision.NO,
    deviation_rationale="Risk Adjustment : not reachable",
    supporting_documents="Deviation Request : DR-1.xlsx",
    comments="Waiting for the vendor.",
    kev_tracking=True,
    kev_due_date="2026-02-20",
    cves="CVE-2026-0001\nCVE-2026-0002",
    assets=("10.0.4.17 (443/TCP)", "web-02 (443/TCP)"),
    milestones=(Milestone(1, "Image rebuilt", "2026-02-10"), Milestone(2, "Rolled out", "2026-03-10")),
    milestone_changes=(
        MilestoneChange(2, ChangeKind.UPDATE, "2026-03-20", "The vendor was late"),
        MilestoneChange(3, ChangeKind.NEW, "2026-03-25", "Canary first"),
    ),
)
FULL_21 = replace(FULL, auto_approve=False, service_names="Queue\nStore")


def document(*items: PoamItem, layout: FedrampLayout = "3.0") -> Document:
    """The items under the one header."""
    return Document(layout, HEADER, items)


def many(count: int) -> Document:
    """A plausible system: a seventh of the items closed, a seventh configuration findings, a third critical."""
    return document(*(_numbered(number) for number in range(1, count + 1)))


def _numbered(number: int) -> PoamItem:
    item = replace(
        FULL,
        poam_id=f"V-{number}",
        weakness_name=f"Weakness {number}",
        weakness_description=f"{number}: " + "what is wrong, where and to what effect. " * 5,
        weakness_source_identifier=str(10_000 + number),
        original_risk_rating=Rating.CRITICAL if number % 3 == 0 else Rating.MODERATE,
        comments=f"Note {number}",
        assets=tuple(f"10.0.{number % 250}.{host} (443/TCP)" for host in range(3)),
        finding_kind=FindingKind.CONFIGURATION if number % 7 == 1 else FindingKind.VULNERABILITY,
    )
    if number % 7 == 0:
        done = item.status_date
        ended = {"state": State.CLOSED, "work_status": WorkStatus.DONE, "closure_reason": "remediated"}
        return replace(item, actual_completion_date=done, **ended)
    return item
