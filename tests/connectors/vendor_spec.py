"""Holds recorded exchanges against Atlassian's own OpenAPI description of Jira Cloud."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema_rs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SPEC = Path(__file__).parents[3] / "shared" / "data" / "specs" / "jira.cloud-platform.issues.v3.json"


@dataclass(frozen=True)
class Exchange:
    """A request and its answer, bodies as JSON (None when empty)."""

    method: str
    path: str
    query: str
    asked: Any
    status: int
    answered: Any


class Recorder:
    """An application that remembers what another one was asked and answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked, answered, status = b"", b"", 0

        async def heard() -> Message:
            nonlocal asked
            message = await receive()
            asked += message.get("body", b"")
            return message

        async def said(message: Message) -> None:
            nonlocal answered, status
            status = message.get("status", status)
            answered += message.get("body", b"")
            await send(message)

        await self._app(scope, heard, said)
        query = scope["query_string"].decode()
        self.exchanges.append(Exchange(scope["method"], scope["path"], query, _json(asked), status, _json(answered)))


class Spec:
    """The description. Version 2 paths are looked up as version 3: they differ in rich text only."""

    def __init__(self) -> None:
        self._spec = json.loads(SPEC.read_text(encoding="utf-8"))

    def faults(self, exchange: Exchange) -> Iterator[str]:
        """What of the exchange the description does not allow."""
        operation = self._operation(exchange)
        if operation is None:
            yield f"{exchange.method} {exchange.path} is not described"
            return
        known = {parameter["name"] for parameter in operation.get("parameters", [])}
        yield from (f"query {name}" for name in re.findall(r"(?:^|&)(\w+)=", exchange.query) if name not in known)
        yield from self._errors(operation.get("requestBody", {}), exchange.asked)
        answer = operation["responses"].get(str(exchange.status))
        if answer is None:
            yield f"{exchange.method} {exchange.path} never answers {exchange.status}"
        elif exchange.status < 300:
            yield from self._errors(answer, exchange.answered)

    def _operation(self, exchange: Exchange) -> Any:
        path = exchange.path.replace("/rest/api/2/", "/rest/api/3/")
        fitting = [
            described for described in self._spec["paths"] if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", described), path)
        ]
        exact = min(fitting, key=lambda described: described.count("{"), default=None)
        return exact and self._spec["paths"][exact].get(exchange.method.lower())

    def _errors(self, described: Any, body: Any) -> Iterator[str]:
        schema = described.get("content", {}).get("application/json", {}).get("schema")
        if not schema or body is None:
            return
        validator = jsonschema_rs.Draft202012Validator(
            {"allOf": [schema], "components": self._spec["components"]}, validate_formats=False
        )
        for error in validator.iter_errors(_without_nulls(body)):
            yield f"{'/'.join(map(str, error.instance_path))}: {error.message[:200]}"


def _without_nulls(value: Any) -> Any:
    """Jira writes null for what it has not, which its description nowhere mentions."""
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [_without_nulls(inner) for inner in value] if isinstance(value, list) else value


def _json(body: bytes) -> Any:
    return json.loads(body) if body else None
