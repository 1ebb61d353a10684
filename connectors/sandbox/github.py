"""A GitHub with one repository on the loopback: the part of the REST API that issues need, as the vendor
specifies it.

Lists may lag (`list_lag`), direct reads never do. Timestamps are whole seconds, entity tags are weak and
belong to a token, quota is counted and conditional answers cost none. Beyond REST it knows one GraphQL
mutation, `deleteIssue`, because that is how an issue is deleted through the API.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .clock import Clock
from .github_answers import Answers
from .github_app import Apps
from .github_http import (
    REPOSITORY_ID,
    Call,
    Handler,
    Reply,
    in_order,
    json_of,
    label_name,
    matches,
    paged,
)
from .github_moves import Moves
from .github_planning import Planning
from .github_quota import Quota
from .github_store import Refusal, Store, User
from .github_talk import Talk

USERS = (
    User("poam-bot", 101, "bot-token"),
    User("maya", 102, "maya-token"),
    User("raj", 103, "raj-token"),
    User("guest", 104, "guest-token", "pull"),
    User("stranger", 105, "stranger-token", "none"),
)


class SandboxGithub:
    """The application is `app`, to be put behind a SandboxServer at `/`.

    Change `private`, `archived`, `has_issues`, `list_lag` (how long lists hide a change), `talk.locked` (whose
    conversation is locked) and `quota` (`remaining`: at 0 everything is refused until the clock's next full hour)
    at any time.
    """

    def __init__(
        self,
        clock: Clock,
        *,
        repository: str = "acme/web",
        private: bool = True,
        users: Sequence[User] = USERS,
    ) -> None:
        self.repository = repository
        self.private = private
        self.archived = False
        self.has_issues = True
        self.list_lag = timedelta()
        self.quota = Quota(clock)
        self.users = {user.login: user for user in users}
        self.store = Store(clock)
        self.talk = Talk(self.store, clock, self._answers)
        self.planning = Planning(self.store, self._answers)
        self.apps = Apps(self.users)
        self._clock = clock
        self._moves = Moves()
        self.app = Starlette(routes=self._routes())

    def rename(self, repository: str) -> None:
        """Gives the repository another name; the former one redirects to its id."""
        self._moves.former.add(self.repository.casefold())
        self.repository = repository

    def delete(self, number: int) -> None:
        """Deletes an issue, as its repository's administrator would."""
        self.store.delete(number)

    def transfer(self, number: int, repository: str, to: int, *, visible: bool = True) -> None:
        """Moves an issue to another repository, which those who ask may see or not, under the number `to`."""
        self._moves.transfer(self.store.current(number), repository, to, visible=visible)
        self.store.delete(number)

    def open_pull_request(
        self, login: str, title: str, labels: Sequence[str] = (), *, mentions: Sequence[int] = ()
    ) -> int:
        """Opens a pull request, which GitHub also lists as an issue; returns its number. Its text names issues."""
        author = self.users[login]
        number = self.store.create(author, title, None, labels, pull_request=True).number
        for mentioned in mentions:
            self.talk.mention(mentioned, author, number)
        return number

    def push_commit(self, login: str, sha: str, closes: int) -> None:
        """Pushes a commit whose message closes an issue."""
        self.store.edit(self.users[login], closes, {"state": "closed"})
        closed = self.store.events[-1]
        commit = {"commit_id": sha, "commit_url": f"https://api.github.com/repos/{self.repository}/commits/{sha}"}
        self.store.events[-1] = replace(closed, details={**closed.details, **commit})

    def _routes(self) -> list[Route]:
        issue = "/issues/{number:int}"
        below: list[tuple[str, str, Handler]] = [
            ("GET", "", self._get_repository),
            ("GET", "/issues", self._list_issues),
            ("POST", "/issues", self._create_issue),
            ("GET", "/issues/events", self._list_events),
            ("GET", "/issues/comments", lambda call: self.talk.list_all(call, self.list_lag)),
            ("GET", issue, self._get_issue),
            ("PATCH", issue, self._edit_issue),
            ("GET", f"{issue}/events", self._list_issue_events),
            ("GET", f"{issue}/timeline", self.talk.timeline),
            ("GET", f"{issue}/labels", self._list_labels),
            ("POST", f"{issue}/labels", self._add_labels),
            ("DELETE", issue + "/labels/{name:path}", self._remove_label),
            ("GET", f"{issue}/comments", self.talk.list_one),
            ("POST", f"{issue}/comments", self.talk.create),
            *self.planning.below,
        ]
        prefixes = ("/repos/{owner}/{repo}", "/repositories/{repository_id:int}")
        return [
            Route("/user", self._endpoint(self._get_user), methods=["GET"]),
            Route("/graphql", self._endpoint(self._graphql), methods=["POST"]),
            Route("/orgs/{org}/issue-fields", self._endpoint(self.planning.list_fields), methods=["GET"]),
            *(Route(path, self._endpoint(handler), methods=[method]) for method, path, handler in self.apps.routes),
            *(
                Route(prefix + path, self._endpoint(self._inside(handler)), methods=[method])
                for prefix in prefixes
                for method, path, handler in below
            ),
            Route("/{rest:path}", self._endpoint(_not_found), methods=["GET", "POST", "PATCH", "PUT", "DELETE"]),
        ]

    def _endpoint(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                self.quota.spend()
                reply = handler(Call(request, self._authenticate(request), await json_of(request)))
            except Refusal as refusal:
                body = {"message": refusal.message, "documentation_url": "https://docs.github.com/rest"}
                errors = {"errors": list(refusal.errors)} if refusal.errors else {}
                reply = Reply({**body, **errors, "status": str(refusal.status)}, refusal.status)
            return self._seal(request, reply)

        return endpoint

    def _authenticate(self, request: Request) -> User | None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        user = next((user for user in self.users.values() if user.token == token), None)
        if user is None and self.apps.has_signed(request):
            return None
        if scheme and (user is None or scheme.lower() not in ("token", "bearer")):
            raise Refusal(401, "Bad credentials")
        return user

    def _inside(self, handler: Handler) -> Handler:
        """What every request below the repository must pass first."""

        def checked(call: Call) -> Reply:
            moved = self._moves.reply(call)
            if moved is not None:
                return moved
            self._admit(call)
            if "/issues" in call.request.url.path and not self.has_issues:
                raise Refusal(410, "Issues are disabled for this repo")
            if call.request.method != "GET" and self.archived:
                raise Refusal(403, "Repository was archived so is read-only.")
            if call.request.method == "POST" and call.request.url.path.endswith(("/issues", "/comments")):
                self.quota.make()
            return handler(call)

        return checked

    def _admit(self, call: Call) -> None:
        named = _named(call) == self.repository.casefold()
        allowed = call.user.role != "none" if call.user else False
        if not (named or call.request.path_params.get("repository_id") == REPOSITORY_ID) or (
            self.private and not allowed
        ):
            raise Refusal(404, "Not Found")

    def _seal(self, request: Request, reply: Reply) -> Response:
        """Adds what every answer carries; an unchanged one is a 304 that costs no quota."""
        content = b"" if reply.status == HTTPStatus.NO_CONTENT else json.dumps(reply.body).encode()
        headers = {**reply.headers, "Date": format_datetime(self._clock.now(), usegmt=True), **self.quota.headers}
        if request.method == "GET" and reply.status == HTTPStatus.OK:
            token = request.headers.get("authorization", "").encode()
            headers["ETag"] = f'W/"{hashlib.sha256(content + token).hexdigest()}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                self.quota.remaining += 1
                return Response(status_code=304, headers={**headers, **self.quota.headers})
        return Response(content, reply.status, headers, media_type="application/json; charset=utf-8")

    def _answers(self, call: Call) -> Answers:
        root, store = str(call.request.base_url).rstrip("/"), self.store
        return Answers(root, self.repository, REPOSITORY_ID, store.fields, store.milestones)

    def _get_user(self, call: Call) -> Reply:
        if call.user and call.user.login == self.apps.login:
            raise Refusal(403, "Resource not accessible by integration")
        return Reply(self._answers(call).myself(call.me))

    def _get_repository(self, call: Call) -> Reply:
        state = {"private": self.private, "archived": self.archived, "has_issues": self.has_issues}
        return Reply(self._answers(call).container(call.user, **state))

    def _list_issues(self, call: Call) -> Reply:
        wanted = [issue for issue in self.store.listed(self.list_lag) if matches(call, issue)]
        return paged(call, in_order(call, wanted), self._answers(call).issue)

    def _create_issue(self, call: Call) -> Reply:
        names = [label_name(label) for label in call.data.get("labels", [])]
        title, body = str(call.data.get("title", "")), call.data.get("body")
        issue = self.planning.apply(call, lambda: self.store.create(call.me, title, body, names))
        return Reply(self._answers(call).issue(issue), 201)

    def _get_issue(self, call: Call) -> Reply:
        return Reply(self._answers(call).issue(self.store.current(call.number)))

    def _edit_issue(self, call: Call) -> Reply:
        wanted = dict(call.data)
        if "labels" in wanted:
            wanted["labels"] = [label_name(label) for label in wanted["labels"]]
        issue = self.planning.apply(call, lambda: self.store.edit(call.me, call.number, wanted))
        return Reply(self._answers(call).issue(issue))

    def _list_events(self, call: Call) -> Reply:
        answers = self._answers(call)
        newest_first = self.store.events_until(self.list_lag)[::-1]
        now = {event.number: answers.issue(self.store.current(event.number)) for event in newest_first}
        return paged(call, newest_first, lambda event: {**answers.event(event), "issue": now[event.number]})

    def _list_issue_events(self, call: Call) -> Reply:
        self.store.current(call.number)
        events = [event for event in self.store.events if event.number == call.number]
        return paged(call, events, self._answers(call).event)

    def _list_labels(self, call: Call) -> Reply:
        return paged(call, self.store.current(call.number).labels, self._answers(call).label)

    def _add_labels(self, call: Call) -> Reply:
        self._require_push(call)
        labels = call.data if isinstance(call.data, list) else call.data.get("labels", [])
        issue = self.store.add_labels(call.me, call.number, [label_name(label) for label in labels])
        return Reply([self._answers(call).label(label) for label in issue.labels])

    def _remove_label(self, call: Call) -> Reply:
        self._require_push(call)
        issue = self.store.remove_label(call.me, call.number, call.request.path_params["name"])
        return Reply([self._answers(call).label(label) for label in issue.labels])

    def _graphql(self, call: Call) -> Reply:
        if "nodes(ids: $ids)" in call.data.get("query", ""):
            return Reply({"data": {"nodes": self.planning.nodes(call.data["variables"]["ids"])}})
        if "deleteIssue" not in call.data.get("query", "") or call.me.role != "push":
            return Reply({"errors": [{"type": "FORBIDDEN", "message": "The sandbox only knows deleteIssue."}]})
        self.store.delete(int(call.data["variables"]["input"]["issueId"].removeprefix("I_")))
        return Reply({"data": {"deleteIssue": {"clientMutationId": None}}})

    def _require_push(self, call: Call) -> None:
        if call.me.role != "push":
            raise Refusal(403, "Must have admin rights to Repository.")


def _not_found(_: Call) -> Reply:
    raise Refusal(404, "Not Found")


def _named(call: Call) -> str:
    """The repository that the path names, in lower case."""
    path = call.request.path_params
    return f"{path.get('owner')}/{path.get('repo')}".casefold()
