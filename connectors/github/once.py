"""Keeps PyGithub from sending a write again to where GitHub redirects it."""

from __future__ import annotations

from typing import Any, Self

from urllib3.exceptions import MaxRetryError
from urllib3.util import Retry

_MOVED = 301


class Once(Retry):
    """No retries, as urllib3 understands them, and for a redirected write no address to follow.

    PyGithub sends a write that is answered with 301 anew to the other address (2.10.0, Requester.__requestRaw). An
    issue that was transferred may be in a public repository by now: nothing of ours goes there. A read may be followed.
    """

    def __init__(self, total: int = 0, **rest: Any) -> None:
        super().__init__(total, **{"read": False, "raise_on_status": False, **rest})

    def is_retry(self, method: str, status_code: int, has_retry_after: bool = False) -> bool:
        """Whether an answer is for `increment` to look at."""
        return method != "GET" and status_code == _MOVED

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: Any = None,
        error: Exception | None = None,
        _pool: Any = None,
        _stacktrace: Any = None,
    ) -> Self:
        """Ends it: an answer is given back without its address."""
        if response is None:
            return super().increment(method, url, response, error, _pool, _stacktrace)
        response.headers.discard("Location")
        raise MaxRetryError(_pool, str(url))
