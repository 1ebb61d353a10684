"""The sandbox Jira's operations on many issues: search, which lags behind, and bulk fetch, which does not.

Cloud walks its pages by tokens, a Data Center by offset.
"""

from __future__ import annotations

from secrets import token_hex

from .jira_call import Answer, Call
from .jira_jql import Query, Reader, Row, parse, select
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
        ids = self._walk(token) if token else self._search(call, list(known.values()))
        if ids is None:
            raise RefusalError(400, "The provided next page token is invalid or expired.")
        size = self._page_size(call)
        views, wanted = call.views(self._site), call.wanted("id")
        page = [views.issue(*known[number], wanted) for number in ids[:size] if number in known]
        last = {"isLast": len(ids) <= size} if self._site.tells_last else {}
        if len(ids) <= size:
            return 200, {"issues": page, **last}
        following = "stuck" if self._site.stuck_token else token_hex(12)
        self._walks[following] = ids if self._site.stuck_token else ids[size:]
        return 200, {"issues": page, "nextPageToken": following, **last}

    def classic_search(self, call: Call) -> Answer:
        """A page of what the index knows, by its offset."""
        if "properties" in call.body:
            raise RefusalError(400, 'Unrecognized field "properties" (Class SearchRequestBean)')
        known = {issue.id: (issue, version) for issue, version in self._site.indexed()}
        strict = str(call.body.get("validateQuery", call.query.get("validateQuery", "true"))).lower() != "false"
        ids = self._search(call, list(known.values()), strict=strict)
        start, size = call.number("startAt", 0), min(call.number("maxResults", 50), self._site.page_limit)
        views, wanted = call.views(self._site), call.wanted("*navigable")
        page = [views.issue(*known[number], wanted) for number in ids[start : start + size]]
        return 200, {"startAt": start, "maxResults": size, "total": len(ids), "issues": page}

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

    def bulk_histories(self, call: Call) -> Answer:
        """The histories of many issues, oldest first, only of the fields asked for; instants are in milliseconds."""
        views, wanted = call.views(self._site), call.body.get("fieldIds", [])
        logs = []
        for issue in (self._site.get(str(name)) for name in call.body["issueIdsOrKeys"]):
            entries = [views.entry(entry) for entry in issue.entries]
            told = [
                {**entry, "created": int(made.at.timestamp() * 1000)}
                for entry, made in zip(entries, issue.entries, strict=True)
                if not wanted or any(item.get("fieldId") in wanted for item in entry["items"])
            ]
            logs += [(str(issue.id), entry) for entry in told]
        start, size = int(call.body.get("nextPageToken", 0)), call.number("maxResults", 1000)
        page = logs[start : start + size]
        more = {"nextPageToken": str(start + size)} if start + size < len(logs) else {}
        ids = dict.fromkeys(number for number, _ in page)
        return 200, {
            "issueChangeLogs": [
                {"issueId": number, "changeHistories": [entry for its, entry in page if its == number]}
                for number in ids
            ],
            **more,
        }

    def _walk(self, token: str) -> list[int] | None:
        """What is left of a walk; nothing of one that is unknown or whose token expired."""
        if self._site.expired_tokens:
            self._site.expired_tokens -= 1
            return None
        return self._walks.get(token)

    def _page_size(self, call: Call) -> int:
        if self._site.empty_pages:
            self._site.empty_pages -= 1
            return 0
        return min(call.number("maxResults", 50), self._site.page_limit)

    def _search(self, call: Call, known: list[tuple[StoredIssue, Version]], *, strict: bool = True) -> list[int]:
        reader = Reader(self._site.epoch_jql, call.user.zone if call.user else "UTC")
        query = parse(call.body.get("jql", call.query.get("jql", "")), reader)
        if strict:
            self._validate(query)
        if call.user is None and not self._site.public:
            return []
        rows = [self._row(issue, version) for issue, version in known]
        return [row["number"] for row in select(query, rows, self._site.now(), reader)]

    def _validate(self, query: Query) -> None:
        """Refuses a query that names a project or an issue which is not there."""
        for clause in query.clauses:
            for word in clause.values:
                if clause.field == "project" and word.text.upper() != self._site.project:
                    raise RefusalError(400, f"The value '{word.text}' does not exist for the field 'project'.")
                if clause.field in ("id", "key") and not self._site.has(word.text):
                    said = f"An issue with key '{word.text}' does not exist for field '{clause.field}'."
                    raise RefusalError(400, said)

    def _row(self, issue: StoredIssue, version: Version) -> Row:
        return {
            "number": issue.id,
            "id": [str(issue.id), issue.key],
            "key": [str(issue.id), issue.key],
            "project": [issue.project],
            "labels": version.fields["labels"],
            "creator": [issue.creator.account_id, issue.creator.login],
            "created": issue.created,
            "updated": version.updated,
        }

    def _reconciled(self, call: Call) -> frozenset[int]:
        given = call.body.get("reconcileIssues", [])
        if len(given) > 50:
            raise RefusalError(400, "At most 50 issues can be reconciled.")
        return frozenset(int(number) for number in given)
