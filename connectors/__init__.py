"""Speaks to trackers: issues, never POA&Ms. `base` is the port, `errors` what can go wrong behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Tracker
    from .pace import Pace
    from .settings import Settings


def connect(
    name: str, settings: Settings, token: str, *, sleep: Callable[[float], None], pace: Pace | None = None
) -> Tracker:
    """The tracker that the settings name, retried where that is safe. Sends nothing yet.

    `name` is the one in the configuration; `sleep` waits seconds between attempts and may raise to abort. `pace` is
    that of all trackers at the same host.
    """
    from random import random

    from .retry import Retrying

    return Retrying(_tracker(name, settings, token, pace), sleep=sleep, random=random)


def _tracker(name: str, settings: Settings, token: str, pace: Pace | None) -> Tracker:
    """Every tracker there is; a client library is imported only where it is used."""
    match settings.type:
        case "jira":
            from .jira import JiraTracker

            return JiraTracker(name, settings, token)
        case "github":
            from .github import GithubTracker

            return GithubTracker(name, settings, token, pace=pace)
