"""What it means that no answer came: whether anything had left, and how to say it."""

from __future__ import annotations

from requests import exceptions as failures
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NewConnectionError

_NAMES: tuple[tuple[type[Exception], str], ...] = (
    (failures.SSLError, "no trusted TLS connection"),
    (failures.ConnectTimeout, "no connection in time"),
    (failures.Timeout, "no answer in time"),
    (failures.ConnectionError, "the connection failed"),
)


def never_left(failure: Exception) -> bool:
    """Whether the connection failed before a byte of the request was sent."""
    return isinstance(_reason(failure), NewConnectionError | ConnectTimeoutError)


def named(failure: Exception) -> str:
    """What happened, in a few words."""
    if type(_reason(failure)).__name__ == "NameResolutionError":  # urllib3 1.26 has no such class
        return "there is no host of that name"
    return next((name for kind, name in _NAMES if isinstance(failure, kind)), "the answer was broken")


def _reason(failure: Exception) -> object:
    inner = failure.args[0] if failure.args else None
    return inner.reason if isinstance(inner, MaxRetryError) else inner
