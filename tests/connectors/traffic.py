"""What goes over the wire in the contract, kept line by line where `POAM_TRAFFIC` names a folder, but what signs in."""

from __future__ import annotations

import json
import os
from pathlib import Path

from starlette.types import ASGIApp, Message, Receive, Scope, Send

FOLDER = "POAM_TRAFFIC"


def recorded(app: ASGIApp, name: str) -> ASGIApp:
    """The application, overheard where somebody asks for it."""
    folder = os.environ.get(FOLDER)
    return Overheard(app, Path(folder) / f"{name}.jsonl") if folder else app


class Overheard:
    """An application whose every exchange is appended to a file, as the checker of specifications reads it."""

    def __init__(self, app: ASGIApp, path: Path) -> None:
        self._app = app
        self._path = path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked, answered, start = b"", b"", {}

        async def heard() -> Message:
            nonlocal asked
            message = await receive()
            asked += message.get("body", b"")
            return message

        async def said(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                start.update(message)
            answered += message.get("body", b"")
            await send(message)

        await self._app(scope, heard, said)
        exchange = {
            "method": scope["method"],
            "path": scope["path"],
            "query": scope["query_string"].decode(),
            "req_headers": _plain(scope["headers"]),
            "req_body": asked.decode("utf-8", "replace"),
            "status": start.get("status", 0),
            "resp_headers": _plain(start.get("headers", ())),
            "resp_body": answered.decode("utf-8", "replace"),
        }
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(exchange) + "\n")


def _plain(headers: object) -> dict[str, str]:
    """The headers, as they came, without what signs in."""
    pairs = [(name.decode("latin1"), value.decode("latin1")) for name, value in headers]  # type: ignore[attr-defined]
    return {name: value for name, value in pairs if name.lower() != "authorization"}
