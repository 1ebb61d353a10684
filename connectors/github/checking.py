"""Whether a connector can work: who we are there, and what is missing, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..base import Account, Health, Visibility
from ..errors import Unavailable
from ..settings import GithubSettings
from .answers import Answer
from .carriers import DueDates
from .identity import KEY_REFUSED, NOT_INSTALLED, App, Identity
from .wire import Wire

_NO_GITHUB = (
    "{url} is not GitHub's API; use https://api.github.com, https://api.SUBDOMAIN.ghe.com for a company on GHE.com,"
    " or https://HOST/api/v3 for a GitHub Enterprise Server"
)
_TURNED_AWAY = "GitHub does not accept the token for {repository}; create a new one where the configuration names it"
_NO_IDENTITY = "GitHub does not tell whose token works on {repository}; use a personal access token, or an App's app_id"
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
)
_NO_PUSH = (
    "The token may not write to {repository}, and GitHub would silently drop our labels; give its account write access"
)

# What may be wrong with an App's installation, given it and the id that is configured (0: none).
_APP_FLAWS: tuple[tuple[Callable[[Mapping[str, Any], int], bool], str], ...] = (
    (
        lambda row, known: known not in (0, row.get("id")),
        "installation_id {known} is not the App's installation for {repository}, which is {id};"
        " correct it, or leave it out",
    ),
    (
        lambda row, known: bool(row.get("suspended_at")),
        "The App's installation for {repository} is suspended; let its owner unsuspend it",
    ),
    (
        lambda row, known: (row.get("permissions") or {}).get("issues") != "write",
        "The App may not write issues of {repository}; give it the permission Issues, read and write, and let the owner"
        " of {repository} accept that",
    ),
)


def examine(wire: Wire, settings: GithubSettings, due: DueDates) -> Health:
    """Asks who we are, what the repository is like and where its dates stand. Raises Unavailable when GitHub does not
    answer.
    """
    who = _told(wire, wire.identity.who())
    problem = _identity_problem(who, wire.identity) or next(_app_problems(wire, settings), None)
    if problem:
        sentence = problem.format(url=settings.base_url, repository=wire.repository)
        return Health(Account(""), "unknown", "unknown", wire.repository, who.server_time, (sentence,))
    where = _told(wire, wire.ask("GET", f"/repos/{wire.repository}"))
    row = where.object if where.status == 200 else {}
    problems = [flaw.format(repository=wire.repository) for flaw in _flaws(row, wire.identity)]
    lacks, warnings = due.findings(row) if not problems else ([], [])
    return Health(
        account=wire.identity.account(who),
        deployment=_deployment(who),
        visibility=visibility_of(row),
        container=row.get("full_name", wire.repository),
        server_time=who.server_time,
        problems=(*problems, *lacks),
        warnings=tuple(warnings),
    )


def _flaws(row: Mapping[str, Any], identity: Identity) -> list[str]:
    """What is wrong with the repository. What an App may do there stands in its installation, not here."""
    if not row:
        return [_NO_REPOSITORY]
    found = [flaw for fails, flaw in _FLAWS if fails(row)]
    may_push = isinstance(identity, App) or (row.get("permissions") or {}).get("push", False)
    return found if may_push else [*found, _NO_PUSH]


def _app_problems(wire: Wire, settings: GithubSettings) -> Iterator[str]:
    """What is wrong with an App's installation; nothing for a user."""
    if not isinstance(wire.identity, App):
        return
    answer = _told(wire, wire.identity.ask(f"/repos/{wire.repository}/installation"))
    if answer.status != 200:
        yield NOT_INSTALLED
        return
    for fails, flaw in _APP_FLAWS:
        if fails(answer.object, settings.installation_id):
            yield flaw.replace("{known}", str(settings.installation_id)).replace("{id}", str(answer.object.get("id")))


def visibility_of(row: Mapping[str, Any]) -> Visibility:
    """`private` covers GitHub's `internal` too: nobody outside the enterprise reads those."""
    answers: dict[Any, Visibility] = {True: "private", False: "public"}
    return answers.get(row.get("private"), "unknown")


def _told(wire: Wire, answer: Answer) -> Answer:
    """The answer, unless it says that GitHub cannot answer now."""
    error = wire.refusal(answer)
    if isinstance(error, Unavailable) and not 300 <= answer.status < 400:
        raise error
    return answer


def _identity_problem(who: Answer, identity: Identity) -> str | None:
    is_app = isinstance(identity, App)
    if who.status == 401 and "message" in who.object:
        return KEY_REFUSED if is_app else _TURNED_AWAY
    if who.status == 403 and "message" in who.object:
        return _NO_IDENTITY
    return None if who.status == 200 and ("slug" if is_app else "login") in who.object else _NO_GITHUB


def _deployment(answer: Answer) -> str:
    version = answer.headers.get("x-github-enterprise-version")
    return f"GitHub Enterprise Server {version}" if version else "GitHub"
