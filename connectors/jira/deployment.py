"""What Jira Cloud and Jira Data Center do differently, as data; both speak version 2 of the REST API.

Sources: Atlassian's REST references of Jira Cloud and of Jira Data Center 9. A Data Center searches by offset, knows
accounts by name, answers an edit with nothing, and lists neither many issues past its index nor a history in pages.
"""

from __future__ import annotations

from dataclasses import dataclass

from .reading import Json

CLASSIC = "search"
"""Where a Data Center searches."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """One kind of Jira.

    `identity` is the header by which an answer tells whom it is for, `account` the name of a user's immutable id.
    `search` is where issues are searched, `bulk_fetch` where many are read as they stand, `histories` where the
    histories of many are read, each blank where there is no such thing. `understands` are the words of a search,
    `answers_edits` whether an edit can be asked for the issue, `pages_history` whether a history is read in pages.
    `rows` are what its lists call their content.
    """

    name: str
    identity: str
    account: str
    search: str
    understands: frozenset[str]
    rows: tuple[str, ...]
    bulk_fetch: str = ""
    histories: str = ""
    answers_edits: bool = False
    pages_history: bool = False


_SHARED = frozenset({"jql", "fields", "properties", "expand", "maxResults"})

CLOUD = Deployment(
    name="Cloud",
    identity="x-aaccountid",
    account="accountId",
    search="search/jql",
    understands=_SHARED | {"nextPageToken", "reconcileIssues"},
    rows=("issueTypes", "fields"),
    bulk_fetch="issue/bulkfetch",
    histories="/rest/api/3/changelog/bulkfetch",
    answers_edits=True,
    pages_history=True,
)
DATA_CENTER = Deployment(
    name="Data Center",
    identity="x-ausername",
    account="name",
    search=CLASSIC,
    understands=_SHARED | {"startAt", "validateQuery"},
    rows=("values",),
)


def deployment_of(info: Json) -> Deployment:
    """The kind of Jira that `serverInfo` tells of. Servers that are too old to say are like a Data Center."""
    return CLOUD if info.get("deploymentType") == "Cloud" else DATA_CENTER
