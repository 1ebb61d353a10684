"""The sandbox Jira's operations on many issues: search, which lags behind, and bulk fetch, which does not."""

from __future__ import annotations

from secrets import token_hex

from .jira_call import Answer, Call
from .jira_jql import Row, parse, select
from .jira_site import JiraSite, RefusalError, StoredIssue, Version

PAGE = 100


class Searches:
    """Every method answers with a status and JSON, or raises RefusalError. A walk over pages has a token."""

    def __init__(self, site: JiraSite) -> None:
        self._site = site
        self._walks: dict[str, list[int]] = {}

    def search(self, call: Call) -> Answer:
        """A page of what the index knows; `reconcileIssues` are looked up as they stand."""
        token = call.body.get("nextPageToken", call.query.get("nextPageToken"))
        fresh = self._reconciled(call)
        known = {issue.id: (issue, version) for issue, version in self._site.indexed(fresh)}
        ids = self._walks.get(token) if token else self._search(call, list(known.values()))
        if ids is None:
            raise RefusalError(400, "The provided next page token is invalid or expired.")
        size = min(call.number("maxResults", 50), PAGE)
        views, wanted = call.views(self._site), call.wanted("id")
        page = [views.issue(*known[number], wanted) for number in ids[:size] if number in known]
        if len(ids) <= size:
            return 200, {"issues": page, "isLast": True}
        following = "stuck" if self._site.stuck_token else token_hex(12)
        self._walks[following] = ids if self._site.stuck_token else ids[size:]
        return 200, {"issues": page, "nextPageToken": following, "isLast": False}

    def removed_search(self, call: Call) -> Answer:
        """The search that Cloud took away."""
        raise RefusalError(410, "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API.")

    def bulk_fetch(self, call: Call) -> Answer:
        """Up to a hundred issues as they stand, the missing ones left out, by ascending id."""
        names = call.body.get("issueIdsOrKeys", [])
        if not 1 <= len(names) <= PAGE:
            raise RefusalError(400, f"Between 1 and {PAGE} issue ids or keys are needed.")
        if call.user is None and not self._site.public:
            return 200, {"issues": [], "issueErrors": []}
        found = {}
        for name in names:
            try:
                issue = self._site.get(name)
            except RefusalError:
                continue
            found[issue.id] = issue
        views, wanted = call.views(self._site), call.wanted("*navigable")
        return 200, {
            "issues": [views.issue(found[number], found[number].now, wanted) for number in sorted(found)],
            "issueErrors": [],
        }

    def _search(self, call: Call, known: list[tuple[StoredIssue, Version]]) -> list[int]:
        query = parse(call.body.get("jql", call.query.get("jql", "")), epoch=self._site.epoch_jql)
        for clause in query.clauses:
            for word in clause.values:
                if clause.field == "project" and word.text.upper() != self._site.project:
                    raise RefusalError(400, f"The value '{word.text}' does not exist for the field 'project'.")
        if call.user is None and not self._site.public:
            return []
        rows = [self._row(issue, version) for issue, version in known]
        return [row["number"] for row in select(query, rows, self._site.now())]

    def _row(self, issue: StoredIssue, version: Version) -> Row:
        return {
            "number": issue.id,
            "id": [str(issue.id), issue.key],
            "key": [str(issue.id), issue.key],
            "project": [self._site.project],
            "labels": version.fields["labels"],
            "creator": [issue.creator.account_id],
            "created": issue.created,
            "updated": version.updated,
        }

    def _reconciled(self, call: Call) -> frozenset[int]:
        given = call.body.get("reconcileIssues", [])
        if len(given) > 50:
            raise RefusalError(400, "At most 50 issues can be reconciled.")
        return frozenset(int(number) for number in given)
