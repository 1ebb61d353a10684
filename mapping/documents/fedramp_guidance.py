"""The explaining parts of the FedRAMP workbook in our own words: instructions, guidance, examples.

FedRAMP's template 3.0 carries such rows and its instructions forbid deleting them; the text itself is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Advice(NamedTuple):
    """What to enter in a column, and an example."""

    guidance: str
    example: str = ""


ROW_LABELS = ("Guidance", "Examples", "Mandatory or Situational")

ADVICE: Mapping[str, Advice] = {
    "POAM ID": Advice("The item's identifier. Any scheme that keeps it unique.", "V-12"),
    "Controls": Advice("The NIST SP 800-53 controls concerned, with commas between them.", "RA-5, SI-2"),
    "Weakness Name": Advice("A short name; for a scan finding, the scanner's own.", "OpenSSL before 3.0.16"),
    "Weakness Description": Advice(
        "What is wrong, where and to what effect, so that the authorizing official can judge it.",
        "The web tier loads a library with a known memory error.",
    ),
    "Weakness Detector Source": Advice("The scanner, assessor or test that found it.", "Nessus"),
    "Weakness Source Identifier": Advice("The scanner's plugin number; blank when there is none.", "19506"),
    "Asset Identifier": Advice(
        "Each asset as the inventory names it, one a line, with port and protocol from the scan.",
        "10.0.4.17 (443/TCP)\nweb-02 (443/TCP)",
    ),
    "Point of Contact": Advice("Who answers for the remediation.", "Ana Lima, platform team"),
    "Resources Required": Advice("What is needed beyond the present means, if anything."),
    "Remediation Plan": Advice(
        "How the weakness will be resolved, with numbered milestones and the reason for every slip.",
        "Rebuild the base image and roll it out.\n\nPlanned milestones are:\n(1) 2026-12-01: image rebuilt",
    ),
    "Original Detection Date": Advice("The day of discovery. It never changes.", "2026-11-02"),
    "Scheduled Completion Date": Advice(
        "Computed from detection date and rating: leave it as it is and explain slips in the plan.",
        "2027-01-31",
    ),
    "Status Date": Advice("The day of the item's last change, or of its closure.", "2026-11-20"),
    "Vendor Dependency": Advice("Whether the fix has to come from a vendor.", "Yes or No"),
    "Last Vendor Check-in Date": Advice("The day the vendor was last asked.", "2026-11-15"),
    "Vendor Dependent Product Name": Advice("The vendor's product; blank without a vendor dependency.", "Example DB"),
    "Original Risk Rating": Advice("The rating at detection.", "Low, Moderate or High"),
    "Adjusted Risk Rating": Advice("The rating after adjustment, otherwise blank.", "Low, Moderate, High or blank"),
    "Risk Adjustment": Advice("Pending once requested, Yes once approved, else No.", "No"),
    "False Positive": Advice("Pending once requested, Yes once approved, else No.", "No"),
    "Operational Requirement": Advice("Pending once requested, Yes once approved, else No.", "Pending"),
    "Deviation Rationale": Advice("Why the deviation is justified and what mitigates the risk."),
    "Supporting Documents": Advice("The files that belong to this item.", "DR-12.xlsx"),
    "Comments": Advice("Anything the other columns have no room for."),
    "Binding Operational Directive 22-01 tracking": Advice("Yes for a known exploited vulnerability.", "Yes or blank"),
    "Binding Operational Directive 22-01 Due Date": Advice("The day CISA's catalog sets for it.", "2026-12-09"),
    "CVE": Advice("Its CVE identifiers.", "CVE-2026-0001"),
}

INSTRUCTIONS_TITLE = "FedRAMP® Plan of Action and Milestones (POA&M)"
INSTRUCTIONS = (
    (
        "Where an item belongs",
        "Open POA&M Items holds every open risk, including approved risk adjustments and operational "
        "requirements. Closed POA&M Items holds what was remediated with evidence, and approved false "
        "positives. Configuration Findings holds the single settings behind one CM-6 item, which stays open "
        "as long as any of them is. PL-2 Findings holds deficiencies of the security plan's own documents.",
    ),
    (
        "How long remediation may take",
        "From discovery: 30 days for high and critical findings, 90 for moderate and 180 for low ones.",
    ),
    (
        "What must stay",
        "Headings, their order and the three rows under them on the first tab stay as they are. Detection "
        "and scheduled completion dates do not change once recorded.",
    ),
)

PL2_COLUMNS = (
    ("Deficiency ID", "The assessor's identifier.", "PL-2.1", "Mandatory"),
    ("Deficiency Name ", "The assessor's name for it.", "Boundary diagram incomplete", "Mandatory"),
    ("Deficiency Description", "The assessor's description.", "A service is missing.", "Mandatory"),
    (
        "Remediation Plan/Description",
        "What is being or was done, and in which version of the document.",
        "Service added in version 4.2.",
        "Mandatory",
    ),
    ("Remediation Date", "The day it was fully resolved.", "2026-11-13", "Situational (once resolved)"),
)

# Day, what changed, template version: the history of the layout, in our words.
CHANGES = (
    ("2023-08-30", "New branding, small editorial changes.", "2.0"),
    ("2024-03-29", "Configuration Findings tab; a column for the service concerned.", "2.1"),
    ("2025-11-17", "Instructions tab; fewer and simpler columns.", "3.0"),
)
AUTHOR = "Template"
