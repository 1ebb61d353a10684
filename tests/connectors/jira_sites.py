"""What may stand before a Jira, or be the matter with it: applications around a sandbox's."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from poam.connectors.sandbox.jira import SandboxJira


class Instead:
    """The site, except that one path answers something else."""

    def __init__(self, site: ASGIApp, path: str, answer: object) -> None:
        self._site = site
        self._path = path
        self._answer = answer if callable(answer) else JSONResponse(answer)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""
        await (self._answer if scope["path"].endswith(self._path) else self._site)(scope, receive, send)


class With:
    """The site with another header in every answer, or without it."""

    def __init__(self, site: ASGIApp, name: bytes, value: bytes | None) -> None:
        self._site, self._name, self._value = site, name, value

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""

        async def changed(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [pair for pair in message["headers"] if pair[0] != self._name]
                message["headers"] = kept + ([(self._name, self._value)] if self._value else [])
            await send(message)

        await self._site(scope, receive, changed)


class Heard:
    """The site, and headers and body of every request to it."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site
        self.requests: list[tuple[dict[bytes, bytes], bytes]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""
        body = await body_of(receive)
        self.requests.append((dict(scope["headers"]), body))
        await self._site(scope, again(body), send)


class ShortLists:
    """The site, whose lists bring three entries of a history along and whose issues bring all."""

    def __init__(self, sandbox: SandboxJira) -> None:
        self._sandbox = sandbox
        self.looks = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""
        listed = scope["path"].endswith("/search")
        self.looks += "/issue/" in scope["path"]
        self._sandbox.history_page = 3 if listed else 1000
        await self._sandbox.app(scope, receive, send)


class Busy:
    """The site, at which somebody acts after each search."""

    def __init__(self, site: ASGIApp, act: Callable[[], object]) -> None:
        self._site = site
        self._act = act

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""
        await self._site(scope, receive, send)
        if "/search" in scope["path"]:
            self._act()


class Endless:
    """The site, whose search gives the same token with every page, and with it the same page."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers as an application does."""
        if not scope["path"].endswith("/search/jql"):
            await self._site(scope, receive, send)
            return
        asked = json.loads(await body_of(receive))
        asked.pop("nextPageToken", None)
        started: list[Message] = []
        said = b""

        async def hear(message: Message) -> None:
            nonlocal said
            started.append(message)
            said += message.get("body", b"")

        await self._site(scope, again(json.dumps(asked).encode()), hear)
        headers = {name.decode(): value.decode() for name, value in started[0]["headers"] if name != b"content-length"}
        await JSONResponse(json.loads(said) | {"nextPageToken": "same"}, headers=headers)(scope, receive, send)


async def body_of(receive: Receive) -> bytes:
    """The whole body of a request."""
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    return body


def again(body: bytes) -> Receive:
    """Gives an application a body to read."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive
