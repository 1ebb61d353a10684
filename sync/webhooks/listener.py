"""Serves an application at an address, in a thread of its own, until left."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ..errors import ConfigError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

MOST_CONNECTIONS = 100


@contextmanager
def listening(address: tuple[str, int], app: ASGIApp) -> Iterator[str]:
    """Serves there meanwhile; gives where that is, as a URL without a path. Raises ConfigError."""
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="critical",
        access_log=False,
        ws="none",
        lifespan="off",
        proxy_headers=False,
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=1,
    )
    server, bound = uvicorn.Server(config), _bound(address)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]}, name="webhooks", daemon=True)
    thread.start()
    try:
        yield _url(bound)
    finally:
        server.should_exit = True
        thread.join(timeout=5)
        bound.close()


def _bound(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    try:
        return socket.create_server(address, family=family)
    except OSError as error:
        raise ConfigError(
            f"[webhooks] listen: {address[0]} port {address[1]} cannot be listened at: {error.strerror or error}",
            hint="name an address of this machine, and a port that nothing else listens at",
        ) from None


def _url(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
