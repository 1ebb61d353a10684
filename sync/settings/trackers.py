"""Opens the configured trackers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from ...connectors import connect
from ...connectors.base import Tracker
from .config import Config


@contextmanager
def open_trackers(
    config: Config, secret: Callable[[str], str], sleep: Callable[[float], None]
) -> Iterator[Mapping[str, Tracker]]:
    """Every configured tracker by its name; all secrets are read before any is spoken to. Raises ConfigError."""
    secrets = {name: secret(name) for name in config.connectors}
    with ExitStack() as stack:
        trackers = {name: connect(name, config.connectors[name], token, sleep=sleep) for name, token in secrets.items()}
        for tracker in trackers.values():
            stack.callback(tracker.close)
        yield trackers
