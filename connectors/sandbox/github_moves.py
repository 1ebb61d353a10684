"""Where the sandbox GitHub sends those who ask for what is not there any more: renamed repositories, moved issues."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .github_answers import Answers
from .github_http import REPOSITORY_ID, Call, Reply, by_id
from .github_store import Refusal, StoredIssue


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """An issue in another repository, which those who ask may see or not."""

    repository: str
    repository_id: int
    issue: StoredIssue
    visible: bool


class Moves:
    """Remembers former names of the repository, and the issues that were transferred, by their former number."""

    def __init__(self) -> None:
        self.former: set[str] = set()
        self._gone: dict[int, Elsewhere] = {}

    def transfer(self, issue: StoredIssue, repository: str, number: int, *, visible: bool) -> None:
        """Notes where the issue went, and its number there."""
        repository_id = REPOSITORY_ID + 1 + len(self._gone)
        self._gone[issue.number] = Elsewhere(repository, repository_id, replace(issue, number=number), visible)

    def reply(self, call: Call) -> Reply | None:
        """The answer to a request for something that moved, None for any other. A part of a moved issue is nowhere.

        Raises Refusal.
        """
        path = call.request.path_params
        if f"{path.get('owner')}/{path.get('repo')}".casefold() in self.former:
            return _redirected(call, by_id(call.request.url.path))
        there = [each for each in self._gone.values() if each.repository_id == path.get("repository_id")]
        if there:
            return _shown(call, there[0])
        moved = self._gone.get(path.get("number", 0))
        if moved is None:
            return None
        if not call.request.url.path.endswith(f"/issues/{call.number}"):
            raise Refusal(404, "Not Found")
        return _redirected(call, f"/repositories/{moved.repository_id}/issues/{moved.issue.number}")


def _shown(call: Call, there: Elsewhere) -> Reply:
    """The issue where it is now, whatever is done to it."""
    if not there.visible or call.request.path_params.get("number") != there.issue.number:
        raise Refusal(404, "Not Found")
    root = str(call.request.base_url).rstrip("/")
    return Reply(Answers(root, there.repository, there.repository_id).issue(there.issue))


def _redirected(call: Call, path: str) -> Reply:
    """GitHub's redirect keeps the query, whatever a client makes of it."""
    target = str(call.request.url.replace(path=path))
    return Reply({"message": "Moved Permanently", "url": target}, 301, {"Location": target})
