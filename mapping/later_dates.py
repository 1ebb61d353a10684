"""What a decided later date says as a milestone change: with names in the document, without them in the issue.

The entry itself is written by mapping/documents/milestones.py, `(1) Update 2027-03-31 : how and why` (FedRAMP POA&M
Template Completion Guide v2.2, column N).
"""

from __future__ import annotations

import re

_WHO = re.compile(r"\s*Asked for by [^\n]+, (?:acknowledged|approved) by [^\n]+\Z")


_OUTCOMES = {True: ("is extended to {}", "approved"), False: ("stands", "acknowledged")}


def later_date_text(
    asked: str, due: str | None, why: str, requested_by: str, decided_by: str, *, extended: bool
) -> str:
    """How and why completion is planned for after the due date, who asked for it and who decided.

    Where nothing can be `extended` the due date stands, and the decision is an acknowledgement.
    """
    stands, decided = _OUTCOMES[extended]
    what = f"Completion by {asked}" + (f", later than the due date {due}, which {stands.format(asked)}" if due else "")
    because = " ".join(why.split()).rstrip(".")
    told = f"{what}: {because}" if because else what
    return f"{told}. Asked for by {requested_by}, {decided} by {decided_by}."


def without_names(description: str) -> str:
    """A milestone change as `later_date_text` wrote it, without its last sentence; any other text as it is."""
    return _WHO.sub("", description)
