"""What people say below the sandbox GitHub's issues, and what points to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .clock import Clock
from .github_answers import Answers, stamp
from .github_http import Call, Reply, paged
from .github_store import Comment, Refusal, Store, User


@dataclass(frozen=True, slots=True)
class Mention:
    """A pull request or an issue whose text names an issue."""

    number: int
    at: datetime
    actor: User
    source: int


class Talk:
    """The operations on comments and on the timeline, which holds all there is of one issue.

    In a conversation that is `locked`, given by its number, only those may comment who may push. `lag` says how long
    the repository's list hides a comment; one issue's own lists never do.
    """

    def __init__(self, store: Store, clock: Clock, answers: Callable[[Call], Answers]) -> None:
        self.locked: set[int] = set()
        self.mentions: list[Mention] = []
        self._store = store
        self._clock = clock
        self._answers = answers

    def mention(self, number: int, actor: User, source: int) -> None:
        """Somebody names an issue in the text of another one or of a pull request."""
        self.mentions.append(Mention(number, self._clock.now(), actor, source))

    def list_all(self, call: Call, lag: timedelta) -> Reply:
        """The repository's comments, those of pull requests too."""
        horizon, since = self._clock.now() - lag, call.query("since")
        shown = [comment for comment in self._store.comments if comment.at <= horizon]
        if since:
            begin = datetime.fromisoformat(since)
            shown = [comment for comment in shown if comment.at.replace(microsecond=0) >= begin]
        newest_first = call.query("sort") != "" and call.query("direction") != "asc"
        return paged(call, shown[::-1] if newest_first else shown, self._answers(call).comment)

    def list_one(self, call: Call) -> Reply:
        """The comments of one issue, oldest first."""
        return paged(call, self._of(call.number), self._answers(call).comment)

    def create(self, call: Call) -> Reply:
        """A new comment. Refuses with 403 in a locked conversation."""
        if call.number in self.locked and call.me.role != "push":
            raise Refusal(403, "Unable to create comment because issue is locked.")
        if not str(call.data.get("body", "")).strip():
            fault = {"resource": "IssueComment", "code": "unprocessable", "field": "data"}
            raise Refusal(422, "Validation Failed", [{**fault, "message": "Body cannot be blank"}])
        comment = self._store.comment(call.me, call.number, call.data["body"])
        return Reply(self._answers(call).comment(comment), 201)

    def timeline(self, call: Call) -> Reply:
        """Events, comments and mentions of one issue in the order of time."""
        self._store.current(call.number)
        answers = self._answers(call)
        entries = [(event.at, answers.event(event)) for event in self._store.events if event.number == call.number]
        entries += [(comment.at, _said(answers, comment)) for comment in self._of(call.number)]
        entries += [(each.at, self._named(answers, each)) for each in self.mentions if each.number == call.number]
        return paged(call, sorted(entries, key=lambda entry: entry[0]), lambda entry: entry[1])

    def _of(self, number: int) -> list[Comment]:
        self._store.current(number)
        return [comment for comment in self._store.comments if comment.number == number]

    def _named(self, answers: Answers, mention: Mention) -> dict[str, Any]:
        """GitHub gives a mention no id."""
        source = {"type": "issue", "issue": answers.issue(self._store.current(mention.source))}
        times = dict.fromkeys(("created_at", "updated_at"), stamp(mention.at))
        return {"event": "cross-referenced", "actor": answers.user(mention.actor), **times, "source": source}


def _said(answers: Answers, comment: Comment) -> dict[str, Any]:
    return {**answers.comment(comment), "event": "commented", "actor": answers.user(comment.author)}
