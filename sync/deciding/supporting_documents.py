"""The cell Supporting Documents: what proves an item's end, as `Document Type : Document Name`.

Source of the form: FedRAMP POA&M template 2.1, Supporting Documents.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ...mapping.life import ClosureReason

VALIDATION, ACCEPTANCE = "Validation Evidence", "Risk Acceptance Evidence"
EVIDENCE: Mapping[ClosureReason, str] = {
    ClosureReason.REMEDIATED: "Remediation Evidence",
    ClosureReason.FALSE_POSITIVE: "False Positive Evidence",
    ClosureReason.NOT_APPLICABLE: "Non-Applicability Evidence",
    ClosureReason.DECOMMISSIONED: "Decommissioning Evidence",
    ClosureReason.DUPLICATE: "Duplicate Evidence",
    ClosureReason.SUPERSEDED: "Supersession Evidence",
    ClosureReason.TRANSFERRED: "Transfer Evidence",
}
"""The Document Type of what proves an end. The template gives `Remediation Evidence` as its example."""
_OF_AN_END = re.compile(rf"^({'|'.join((*EVIDENCE.values(), VALIDATION, ACCEPTANCE))}) : ")


def with_evidence(documents: str, kind: str, evidence: Sequence[str]) -> str:
    """Supporting Documents with evidence of this Document Type, one per line, each once: files or URLs."""
    names = [each if "://" in each else Path(each).name for each in evidence]
    new = dict.fromkeys(f"{kind} : {name}" for name in names)
    return "\n".join(filter(None, (documents, *(line for line in new if line not in documents.split("\n")))))


def withdrawn(documents: str) -> str:
    """Supporting Documents of an item that is open again: what proved its end is told, and no longer as a proof."""
    lines = documents.split("\n")
    told = {line: _OF_AN_END.sub(r"\1 (withdrawn) : ", line) for line in lines}
    return "\n".join(told[line] for line in lines if told[line] == line or told[line] not in lines)
