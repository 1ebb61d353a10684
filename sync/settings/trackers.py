"""Opens the configured trackers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from ...connectors import connect
from ...connectors.base import Tracker
from ...connectors.pace import Pace
from .config import Config


@contextmanager
def open_trackers(
    config: Config, secret: Callable[[str], str], sleep: Callable[[float], None], names: Collection[str] = ()
) -> Iterator[Mapping[str, Tracker]]:
    """The trackers of these names, all configured ones unless told; all secrets are read before any is spoken to.

    Raises ConfigError.
    """
    secrets = {name: secret(name) for name in names or config.connectors}
    with ExitStack() as stack:
        paces: Mapping[str | None, Pace] = defaultdict(Pace)  # one for all connectors to a host
        trackers = {}
        for name, token in secrets.items():
            settings = config.connectors[name]
            trackers[name] = connect(name, settings, token, sleep=sleep, pace=paces[settings.url.host])
        for tracker in trackers.values():
            stack.callback(tracker.close)
        yield trackers
