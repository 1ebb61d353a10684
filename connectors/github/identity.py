"""Who we are to GitHub: a user with a token, or an App, which is given a token for an hour at a time."""

from __future__ import annotations

import json
from typing import Protocol

import requests
from github import Auth, GithubException

from ..base import Account
from ..errors import Forbidden, TrackerError
from ..settings import GithubSettings
from .answers import Answer, refused
from .sending import Sender

KEY_REFUSED = (
    "GitHub does not accept the App's key; correct app_id, create a new private key in the App's settings,"
    " and let this machine take its time from a time server"
)
NOT_INSTALLED = (
    "The App is not installed on {repository}; install it there from the App's settings,"
    " or correct the repository's name"
)


class Identity(Protocol):
    """One way to sign in. Making one sends nothing; every method may raise Unavailable, RateLimited or Forbidden."""

    @property
    def token(self) -> str:
        """What the next request will carry: an entity tag belongs to it."""
        ...

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no error may repeat."""
        ...

    def sender(self) -> Sender:
        """Speaks to the repository, with a token that is valid."""
        ...

    def who(self) -> Answer:
        """GitHub's word on who we are, refusals included."""
        ...

    def account(self, who: Answer) -> Account:
        """The author of what we write. Raises KeyError where the answer is none of GitHub's."""
        ...

    def forget(self) -> None:
        """GitHub does not know the token any more."""
        ...

    def close(self) -> None:
        """Closes the connections."""
        ...


class User:
    """A user's personal access token, classic or fine-grained."""

    def __init__(self, settings: GithubSettings, token: str) -> None:
        self.token = token
        self._sender = Sender(settings, Auth.Token(token))

    @property
    def secrets(self) -> tuple[str, ...]:
        """See `Identity`, here and below."""
        return (self.token,)

    def sender(self) -> Sender:
        return self._sender

    def who(self) -> Answer:
        return self._sender.ask("GET", "/user")

    def account(self, who: Answer) -> Account:
        return Account(who.object["login"], who.object.get("name") or who.object["login"])

    def forget(self) -> None:
        """There is no other one."""

    def close(self) -> None:
        self._sender.close()


class App:
    """A GitHub App: signs with its key what only an App may ask, and works in the repository as its installation.

    PyGithub renews the installation's token shortly before it ends. Its login is `slug[bot]`; `/user` is not for Apps.
    """

    def __init__(self, settings: GithubSettings, key: str) -> None:
        self._settings = settings
        self._key = key
        self._auth = Auth.AppAuth(settings.app_id, key)
        self._signed = Sender(settings, self._auth)
        self._installed: tuple[Sender, Auth.AppInstallationAuth] | None = None
        self._last = ""

    @property
    def token(self) -> str:
        """See `Identity`, here and below."""
        return self._renewed()[1]

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self._last, self._key)

    def sender(self) -> Sender:
        return self._renewed()[0]

    def who(self) -> Answer:
        return self.ask("/app")

    def account(self, who: Answer) -> Account:
        return Account(f"{who.object['slug']}[bot]", who.object.get("name") or who.object["slug"])

    def forget(self) -> None:
        self._installed = None

    def close(self) -> None:
        self._signed.close()
        if self._installed:
            self._installed[0].close()

    def ask(self, path: str) -> Answer:
        """One read as the App itself, signed with its key. Raises Forbidden when that is no key."""
        try:
            self._auth.create_jwt()
        except Exception:  # whatever a broken key makes the libraries raise, and may quote
            flaw = Forbidden("The App's private key cannot be read", hint="copy the .pem file that GitHub made again")
        else:
            return self._signed.ask("GET", path)
        raise flaw

    def _renewed(self) -> tuple[Sender, str]:
        """Has the token renewed before it is needed: what fails here must not look like a write that failed."""
        sender, auth = self._installation()
        try:
            self._last = auth.token
        except GithubException as turned:
            error = self._refused(Answer(turned.status, turned.headers or {}, json.dumps(turned.data)))
        except (requests.RequestException, RuntimeError, AssertionError, ValueError) as failure:
            error = sender.silence(failure, "read")
        else:
            return sender, self._last
        # Raised out here: what was asked for the token must not become the error's context.
        raise error

    def _installation(self) -> tuple[Sender, Auth.AppInstallationAuth]:
        if self._installed is None:
            auth = self._auth.get_installation_auth(self._settings.installation_id or self._found())
            self._installed = Sender(self._settings, auth), auth
        return self._installed

    def _found(self) -> int:
        """The installation that reaches our repository, asked once per process."""
        answer = self.ask(f"/repos/{self._settings.repository}/installation")
        if answer.status != 200 or "id" not in answer.object:
            raise self._refused(answer)
        return int(answer.object["id"])

    def _refused(self, answer: Answer) -> TrackerError:
        """Why we got no token."""
        known = {401: KEY_REFUSED, 404: NOT_INSTALLED.format(repository=self._settings.repository)}
        if answer.status in known:
            said, _, hint = known[answer.status].partition("; ")
            return Forbidden(said, hint=hint)
        error = refused(answer, "read", self._settings.repository, None, self.secrets)
        return error or Forbidden("GitHub gave the App no token", hint="check the connector's url")


def identity(settings: GithubSettings, secret: str) -> Identity:
    """The one that the settings name; `secret` is the token, or the App's private key."""
    return (App if settings.is_app else User)(settings, secret)
