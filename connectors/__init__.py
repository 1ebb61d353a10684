"""Speaks to trackers: issues, never POA&Ms. `base` is the port, `errors` what can go wrong behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .base import Tracker
    from .settings import Settings


def connect(name: str, settings: Settings, token: str, *, sleep: Callable[[float], None]) -> Tracker:
    """The tracker that the settings name, retried where that is safe. Sends nothing yet.

    `name` is the one in the configuration; `sleep` waits seconds between attempts and may raise to abort.
    """
    from random import random

    from .retry import Retrying

    return Retrying(_tracker(name, settings, token), sleep=sleep, random=random)


def _tracker(name: str, settings: Settings, token: str) -> Tracker:
    """Every tracker there is; a client library is imported only where it is used."""
    match settings.type:
        case "jira":
            from .jira import JiraTracker

            return JiraTracker(name, settings, token)
        case "github":
            from .github import GithubTracker

            return GithubTracker(name, settings, token)
