"""What is said when no answer came, and whether anything had left."""

from __future__ import annotations

import pytest
import requests
from urllib3.exceptions import ConnectTimeoutError, MaxRetryError, NameResolutionError, NewConnectionError

from poam.connectors.silence import named, never_left

UNKNOWN = NameResolutionError("nosuch.example", None, OSError("no such name"))  # type: ignore[arg-type]
REFUSED = NewConnectionError(None, "refused")  # type: ignore[arg-type]


def lost(reason: Exception | None, kind: type[requests.RequestException] = requests.ConnectionError) -> Exception:
    """A failure as the library raises it around urllib3's."""
    return kind(MaxRetryError(None, "/", reason)) if reason else kind()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("failure", "told", "left"),
    [
        (lost(UNKNOWN), "there is no host of that name", False),
        (lost(REFUSED), "the connection failed", False),
        (lost(ConnectTimeoutError(), requests.ConnectTimeout), "no connection in time", False),
        (lost(None, requests.ReadTimeout), "no answer in time", True),
        (lost(None, requests.exceptions.SSLError), "no trusted TLS connection", True),
        (lost(None, requests.exceptions.ChunkedEncodingError), "the answer was broken", True),
    ],
)
def test_a_failure_has_a_name_and_is_known_to_have_left_or_not(failure: Exception, told: str, left: bool) -> None:
    assert (named(failure), not never_left(failure)) == (told, left)
