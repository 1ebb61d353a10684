"""Serves a sandbox tracker on the loopback, counts what arrives and fails on demand.

A fault strikes `before` the effect (the tracker never sees the request) or `after` it (the effect stands, the answer
is lost): the two cases between which a client cannot tell.
"""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from dataclasses import dataclass, field
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it arrived. `status` is None when the connection was dropped."""

    method: str
    path: str
    query: str
    status: int | None


@dataclass(slots=True)
class Fault:
    """The next `times` requests matching method and path pattern fail: `kind` is `drop` or an HTTP status."""

    method: str
    path: str
    kind: Literal["drop"] | int
    when: Literal["before", "after"] = "before"
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)

    def matches(self, scope: Scope) -> bool:
        """Whether this request is the one to fail."""
        return bool(self.times > 0 and scope["method"] == self.method and re.search(self.path, scope["path"]))


class SandboxServer:
    """One tracker behind one port. `requests` is everything that arrived, `faults` what shall go wrong next.

    The application answers one request at a time, so its state needs no lock of its own.
    """

    def __init__(self, app: ASGIApp, *, port: int = 0) -> None:
        self.requests: list[Seen] = []
        self.faults: list[Fault] = []
        self._app = app
        self._socket = socket.create_server(("127.0.0.1", port))
        # Inherited by every connection; without it each answer waits 40 ms for an acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = uvicorn.Config(
            self._serve,
            log_level="critical",
            access_log=False,
            ws="none",
            lifespan="off",
            loop="asyncio",  # these two whatever else is installed: a fault needs the connection that `h11` holds
            http="h11",
            interface="asgi3",
            proxy_headers=False,
            date_header=False,
            timeout_graceful_shutdown=1,
        )
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True)

    @property
    def url(self) -> str:
        """The address, without a trailing slash."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> SandboxServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.end()
        self._thread.join(timeout=5)
        self._socket.close()

    def count(self, method: str = "", path: str = "") -> int:
        """How many requests arrived with this method and a path matching this pattern."""
        return sum(1 for seen in self.requests if seen.method.startswith(method) and re.search(path, seen.path))

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        fault = next((fault for fault in self.faults if fault.matches(scope)), None)

        def note(status: int | None) -> None:
            """Counts the request before its answer leaves: whoever has the answer finds it counted."""
            query = scope["query_string"].decode()
            self.requests.append(Seen(scope["method"], scope["path"], query, status))

        async def remember(message: Message) -> None:
            if message["type"] == "http.response.start":
                note(message["status"])
            await send(message)

        async def swallow(message: Message) -> None:
            """The effect stands; its answer goes nowhere."""

        if fault is None:
            await self._app(scope, receive, remember)
            return
        fault.times -= 1
        if fault.when == "after":
            await self._app(scope, receive, swallow)
        if fault.kind == "drop":
            note(None)
            _transport(send).abort()
        else:
            note(fault.kind)
            headers = [(name.lower().encode(), value.encode()) for name, value in fault.headers.items()]
            start = {"status": fault.kind, "headers": [(b"content-length", b"2"), *headers]}
            await send({"type": "http.response.start", **start})
            await send({"type": "http.response.body", "body": b"{}"})


class _Server(uvicorn.Server):
    """Ends as soon as it is told to: the library's looks up ten times a second, and gives clients time to hang up."""

    _loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._told, self._loop = asyncio.Event(), asyncio.get_running_loop()
        if not self.should_exit:
            await self._told.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)

    def end(self) -> None:
        """Ends it, from another thread."""
        self.should_exit = self.force_exit = True
        loop, self._loop = self._loop, None
        if loop is not None:
            loop.call_soon_threadsafe(self._told.set)


def _transport(send: Send) -> Any:
    """The connection under an answer: uvicorn's `send` is a method of the object that holds it."""
    return send.__self__.transport  # type: ignore[attr-defined]
