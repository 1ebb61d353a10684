"""An engineer at GitHub, with their own token: the few requests that a click in the web page amounts to."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import requests

from .person import Closing

_REASONS = {"completed": "completed", "wont_do": "not_planned", "duplicate": "duplicate"}
_DELETE = "mutation($input: DeleteIssueInput!) { deleteIssue(input: $input) { clientMutationId } }"


class GithubPerson:
    """Implements Person. Finding out whose token it is costs one request at the start.

    Raises requests.HTTPError when GitHub refuses.
    """

    account: str

    def __init__(self, url: str, repository: str, token: str) -> None:
        self._url = url
        self._issues = f"{url}/repos/{repository}/issues"
        self._headers = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
        self.account = self._send("GET", f"{url}/user")["login"]

    def start(self, issue_id: str) -> None:
        """Puts the label `in progress` on the issue."""
        self.label(issue_id, add=("in progress",))

    def close(self, issue_id: str, how: Closing = "completed") -> None:
        """Closes the issue with GitHub's reason for it."""
        self._edit(issue_id, state="closed", state_reason=_REASONS[how])

    def reopen(self, issue_id: str) -> None:
        """Reopens a closed issue."""
        self._edit(issue_id, state="open", state_reason="reopened")

    def set_due(self, issue_id: str, date: str) -> None:
        """Replaces the `due:` labels; an empty text only takes them off."""
        wanted = f"due:{date}"
        due = [name for name in self._labels(issue_id) if name.startswith("due:")]
        self.label(issue_id, remove=tuple(name for name in due if name != wanted))
        if date and wanted not in due:
            self.label(issue_id, add=(wanted,))

    def rename(self, issue_id: str, title: str) -> None:
        """Edits the title."""
        self._edit(issue_id, title=title)

    def rewrite_body(self, issue_id: str, body: str) -> None:
        """Replaces the whole description, our marker included."""
        self._edit(issue_id, body=body)

    def label(self, issue_id: str, *, add: tuple[str, ...] = (), remove: tuple[str, ...] = ()) -> None:
        """Takes labels off, then puts labels on."""
        for name in remove:
            self._send("DELETE", f"{self._issues}/{issue_id}/labels/{quote(name, safe='')}")
        if add:
            self._send("POST", f"{self._issues}/{issue_id}/labels", {"labels": list(add)})

    def comment(self, issue_id: str, text: str) -> None:
        """Says something below the issue."""
        self._send("POST", f"{self._issues}/{issue_id}/comments", {"body": text})

    def clone(self, issue_id: str) -> str:
        """Copies title, body and labels into a new issue of this person's; returns its number."""
        issue = self._send("GET", f"{self._issues}/{issue_id}")
        names = [label["name"] for label in issue["labels"]]
        copy = self._send("POST", self._issues, {"title": issue["title"], "body": issue["body"], "labels": names})
        return str(copy["number"])

    def delete(self, issue_id: str) -> None:
        """Deletes the issue, which GitHub offers through GraphQL only."""
        issue = self._send("GET", f"{self._issues}/{issue_id}")
        variables = {"input": {"issueId": issue["node_id"]}}
        answer = self._send("POST", f"{self._url}/graphql", {"query": _DELETE, "variables": variables})
        if "errors" in answer:
            raise requests.HTTPError(answer["errors"][0]["message"])

    def _labels(self, issue_id: str) -> list[str]:
        return [label["name"] for label in self._send("GET", f"{self._issues}/{issue_id}")["labels"]]

    def _edit(self, issue_id: str, **wanted: str) -> None:
        self._send("PATCH", f"{self._issues}/{issue_id}", wanted)

    def _send(self, method: str, url: str, data: Any = None) -> Any:
        answer = requests.request(method, url, json=data, headers=self._headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
