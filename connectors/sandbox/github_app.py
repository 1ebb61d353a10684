"""A GitHub App on the sandbox: asks with a claim that its key has signed, and gets tokens for its installation.

Claims and tokens live by the machine's clock and not by the sandbox's: so do those of the client library.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request

from .github_http import Call, Handler, Reply
from .github_store import Refusal, User

_BOT = 200


class Apps:
    """The one App that there is. `permissions`, `suspended`, `life` (how long a token is good) and `installation` (0:
    nowhere) may be changed at any time; `users` gets its bot, whose login is `poam-sync[bot]`.
    """

    def __init__(self, users: dict[str, User]) -> None:
        self.id = 12
        self.slug = "poam-sync"
        self.installation = 77
        self.permissions = {"issues": "write", "metadata": "read"}
        self.suspended = False
        self.life = timedelta(hours=1)
        self._users = users
        self._given = 0
        self._public = ""

    @property
    def login(self) -> str:
        """Who writes what the App writes."""
        return f"{self.slug}[bot]"

    def new_key(self) -> str:
        """A new private key of the App, as PEM; the one before it is void."""
        # Comes with PyGithub, for the same claims.
        from cryptography.hazmat.primitives import serialization as form
        from cryptography.hazmat.primitives.asymmetric import rsa

        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo)
        self._public = public.decode()
        kind, plain = form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
        return key.private_bytes(form.Encoding.PEM, kind, plain).decode()

    def revoke(self) -> None:
        """Ends the token that was given last."""
        self._users.pop(self.login, None)

    @property
    def routes(self) -> list[tuple[str, str, Handler]]:
        """Method, path and operation; all of them for the App itself."""
        tokens = "/app/installations/{installation:int}/access_tokens"
        return [
            ("GET", "/app", self._get_app),
            ("GET", "/repos/{owner}/{repo}/installation", self._get_installation),
            ("POST", tokens, self._create_token),
        ]

    def has_signed(self, request: Request) -> bool:
        """Whether a request comes from the App itself."""
        import jwt  # comes with PyGithub

        scheme, _, claim = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not self._public:
            return False
        try:
            jwt.decode(claim, self._public, algorithms=["RS256"], issuer=str(self.id))
        except jwt.InvalidTokenError:
            return False
        return True

    def _get_app(self, call: Call) -> Reply:
        self._require_app(call)
        return Reply({"id": self.id, "slug": self.slug, "name": "POA&M sync", "permissions": self.permissions})

    def _get_installation(self, call: Call) -> Reply:
        self._require_app(call)
        if not self.installation:
            raise Refusal(404, "Not Found")
        return Reply(self._shown())

    def _create_token(self, call: Call) -> Reply:
        self._require_app(call)
        if call.request.path_params["installation"] != self.installation:
            raise Refusal(404, "Not Found")
        if self.suspended:
            raise Refusal(403, "This installation has been suspended")
        self._given += 1
        token = f"ghs_sandbox{self._given}"
        self._users[self.login] = User(self.login, _BOT, token)
        until = (datetime.now(UTC) + self.life).strftime("%Y-%m-%dT%H:%M:%SZ")
        told = {
            "token": token,
            "expires_at": until,
            "permissions": self.permissions,
            "repository_selection": "selected",
        }
        return Reply(told, 201)

    def _shown(self) -> dict[str, Any]:
        since = "2026-03-01T00:00:00Z" if self.suspended else None
        return {"id": self.installation, "app_id": self.id, "permissions": self.permissions, "suspended_at": since}

    def _require_app(self, call: Call) -> None:
        if not self.has_signed(call.request):
            raise Refusal(401, "A JSON web token could not be decoded")
