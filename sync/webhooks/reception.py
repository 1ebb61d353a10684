"""Takes deliveries in over HTTP: proved, kept, answered, and only then worked on.

`POST /webhooks/CONNECTOR` answers 202 for a hint that waits for a cycle, 200 for one that a cycle has handled before,
204 for what is about no issue; 401 where no secret of ours signed it, 400 for what is not JSON, 408 and 413 for what
does not come in time or is too large, 404 where no secret is configured, 503 where the inbox cannot be used.

`GET /health` answers 200 while every connector's last good cycle is fresh, else 503.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ...connectors.hints import Refused, read
from ...connectors.settings import Settings
from .inbox import Inbox, InboxError

MOST_BYTES = 1_000_000
"""GitHub sends up to 25 MB; an issue with a description as long as trackers allow stays below this."""

MOST_SECONDS = 10.0
"""For one delivery's content: GitHub itself waits no longer for the answer."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where one connector's deliveries come in: its settings, and the secrets that may have signed them."""

    settings: Settings
    secrets: Sequence[str]


@dataclass(frozen=True, slots=True)
class Reception:
    """What answers. `ring` is called once a hint is kept, `is_fresh` tells the health, `now` the record's instant."""

    doors: Mapping[str, Door]
    inbox: Inbox
    ring: Callable[[], None]
    is_fresh: Callable[[], bool]
    now: Callable[[], str]

    def app(self) -> Starlette:
        """The application."""
        return Starlette(
            routes=[
                Route("/webhooks/{connector}", self._deliver, methods=["POST"]),
                Route("/health", self._health, methods=["GET"]),
            ]
        )

    async def _deliver(self, request: Request) -> Response:
        connector = request.path_params["connector"]
        door = self.doors.get(connector)
        try:
            if door is None:
                raise Refused(404, "no webhook is configured here")
            return self._take(connector, door, dict(request.headers), await _content(request))
        except Refused as refused:
            return _told(refused.status, str(refused))
        except InboxError:
            return _told(503, "it cannot be kept now; send it again")
        except ClientDisconnect:
            return _told(400, "it broke off")

    def _take(self, connector: str, door: Door, headers: Mapping[str, str], content: bytes) -> Response:
        """Answers once the hint is on the disk. Raises Refused, InboxError."""
        hint = read(door.settings, door.secrets, headers, content)
        waits = self.inbox.keep(connector, hint, hashlib.sha256(content).hexdigest(), self.now())
        if hint is None:
            return Response(status_code=204)
        if waits:
            self.ring()
        return PlainTextResponse("it waits for the next cycle\n" if waits else "it is known\n", 202 if waits else 200)

    async def _health(self, _: Request) -> Response:
        fresh = self.is_fresh()
        return PlainTextResponse("in step\n" if fresh else "not in step: ask poam status\n", 200 if fresh else 503)


async def _content(request: Request) -> bytes:
    """The raw content. Raises Refused where it is too large or does not come."""
    content = bytearray()
    if _declared(request) > MOST_BYTES:
        raise Refused(413, "more than 1 MB")
    try:
        async with asyncio.timeout(MOST_SECONDS):
            async for chunk in request.stream():
                content += chunk
                if len(content) > MOST_BYTES:
                    raise Refused(413, "more than 1 MB")
    except TimeoutError:
        raise Refused(408, "the content did not come in time") from None
    return bytes(content)


def _declared(request: Request) -> int:
    """How long the content is said to be; 0 where nothing is said."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


def _told(status: int, text: str) -> Response:
    """A refusal; the connection ends, since content may still be on its way."""
    return PlainTextResponse(f"{text}\n", status, {"Connection": "close"})
