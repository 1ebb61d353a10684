"""Whether a connector can work: whose token it has, and what is missing, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..base import Account, Health, Visibility
from ..errors import Unavailable
from .answers import Answer, refusal
from .wire import Wire

_NO_GITHUB = (
    "{url} is not GitHub's API; use https://api.github.com, or https://HOST/api/v3 for a GitHub Enterprise Server"
)
_TURNED_AWAY = "GitHub does not accept the token for {repository}; create a new one where the configuration names it"
_NO_IDENTITY = "GitHub does not tell whose token works on {repository}; use a personal access token"
_NO_REPOSITORY = (
    "GitHub shows no repository {repository}; correct its name, or give the token access to it"
    " (an organisation may have to approve or authorise the token first)"
)

_FLAWS: tuple[tuple[Callable[[Mapping[str, Any]], bool], str], ...] = (
    (
        lambda row: not row.get("has_issues", True),
        "Issues are switched off in {repository}; switch them on in the repository's settings",
    ),
    (
        lambda row: bool(row.get("archived")),
        "{repository} is archived and read-only; unarchive it, or name another repository",
    ),
    (
        lambda row: not (row.get("permissions") or {}).get("push", False),
        "The token may not write to {repository}, and GitHub would silently drop our labels;"
        " give its account write access",
    ),
)


def examine(wire: Wire, url: str) -> Health:
    """Asks who we are and what the repository is like. Raises Unavailable when GitHub does not answer."""
    who = _asked(wire, "/user")
    problem = _identity_problem(who)
    if problem:
        sentence = problem.format(url=url, repository=wire.repository)
        return Health(Account(""), "unknown", "unknown", wire.repository, who.server_time, (sentence,))
    where = _asked(wire, f"/repos/{wire.repository}")
    row = where.object if where.status == 200 else {}
    flaws = [flaw for fails, flaw in _FLAWS if fails(row)] if row else [_NO_REPOSITORY]
    return Health(
        account=Account(who.object["login"], who.object.get("name") or who.object["login"]),
        deployment=_deployment(who),
        visibility=visibility_of(row),
        container=row.get("full_name", wire.repository),
        server_time=who.server_time,
        problems=tuple(flaw.format(repository=wire.repository) for flaw in flaws),
    )


def visibility_of(row: Mapping[str, Any]) -> Visibility:
    """`private` covers GitHub's `internal` too: nobody outside the enterprise reads those."""
    answers: dict[Any, Visibility] = {True: "private", False: "public"}
    return answers.get(row.get("private"), "unknown")


def _asked(wire: Wire, path: str) -> Answer:
    """The answer, unless it says that GitHub cannot answer now."""
    answer = wire.ask("GET", path)
    error = refusal(answer, "read", wire.repository, None)
    if isinstance(error, Unavailable) and not 300 <= answer.status < 400:
        raise error
    return answer


def _identity_problem(who: Answer) -> str | None:
    if who.status == 401 and "message" in who.object:
        return _TURNED_AWAY
    if who.status == 403 and "message" in who.object:
        return _NO_IDENTITY
    return None if who.status == 200 and "login" in who.object else _NO_GITHUB


def _deployment(answer: Answer) -> str:
    version = answer.headers.get("x-github-enterprise-version")
    return f"GitHub Enterprise Server {version}" if version else "GitHub"
