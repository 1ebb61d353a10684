"""What the parts of a configuration owe each other: names that must exist, and only once."""

from __future__ import annotations

import ipaddress
import re
import zoneinfo
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...connectors.settings import is_zone
from ...mapping.item import WorkStatus
from ...mapping.profiles import PROFILES
from .problems import Location, Problem, did_you_mean

if TYPE_CHECKING:
    from .config import Config

MACHINE = "os"
DAEMON = "system"
IMPACT_LEVELS = ("Low", "Moderate", "High", "LI-SaaS")
"""What the workbook's header cell can say (FedRAMP POA&M template 3.0, cell D3)."""


def cross_checks(config: Config) -> Iterator[Problem]:
    """Every fault that one table alone does not show."""
    for check in _CHECKS:
        yield from check(config)


def account_key(config: Config, connector: str, account: str) -> tuple[str, str]:
    """How accounts are compared: GitHub's logins do not tell case apart, all others do."""
    settings = config.connectors.get(connector)
    return connector, account.casefold() if settings and settings.type == "github" else account


def _systems(config: Config) -> Iterator[Problem]:
    seen = Counter(system.id for system in config.systems)
    for at, system in enumerate(config.systems):
        if seen[system.id] > 1:
            yield Problem(("systems", at, "id"), f"{system.id} is the id of {seen[system.id]} systems")
        if ":" in system.id:
            yield Problem(("systems", at, "id"), "must not hold a colon: SYSTEM:ID names an item")
        if any(map(str.isspace, system.id)):
            yield Problem(("systems", at, "id"), "must be one word, without blanks, such as ACME")
        if system.impact_level not in ("", *IMPACT_LEVELS):
            told = f"{system.impact_level} is none of {', '.join(IMPACT_LEVELS)}"
            yield Problem(("systems", at, "impact_level"), told + did_you_mean(system.impact_level, IMPACT_LEVELS))
        if system.profile not in PROFILES:
            told = did_you_mean(system.profile, tuple(PROFILES))
            yield Problem(("systems", at, "profile"), "unknown profile" + told)
        if not is_zone(system.timezone):
            told = did_you_mean(system.timezone, zoneinfo.available_timezones())
            yield Problem(("systems", at, "timezone"), "unknown time zone" + told)


def _people(config: Config) -> Iterator[Problem]:
    known: dict[str, str] = {}
    for name, person in config.people.items():
        first = known.setdefault(_alike(name), name)
        if first != name:
            yield Problem(("people", name, ""), f"differs from {first} only in case or blanks: name them apart")
        if not name or name != name.strip():
            yield Problem(("people", name, ""), "must be a name without blanks around it")
        if name == DAEMON:
            yield Problem(("people", name, ""), f"{DAEMON} is the daemon's own name in the journal")
        for at, other in enumerate(person.acts_for):
            if other not in config.people:
                told = f"{other} is not in [people]" + did_you_mean(other, tuple(config.people))
                yield Problem(("people", name, "acts_for", at), told)


def _alike(name: str) -> str:
    """A name as a careless reader sees it: two persons must not look like one."""
    return name.strip().casefold()


def _accounts(config: Config) -> Iterator[Problem]:
    owners: dict[tuple[str, str], str] = {}
    for name, person in config.people.items():
        for at, account in enumerate(person.accounts):
            kind, _, who = account.partition(":")
            place = ("people", name, "accounts", at)
            if not who.strip() or kind not in {MACHINE, *config.connectors}:
                told = did_you_mean(kind, (MACHINE, *config.connectors))
                yield Problem(place, f"{account} must be os:NAME or CONNECTOR:ACCOUNT{told}")
            elif who != who.strip():
                yield Problem(place, f"{account} must be written without blanks: {kind}:{who.strip()}")
            owner = owners.setdefault((kind, _alike(who)), name)
            if owner != name:
                yield Problem(place, f"{account} belongs to {owner} already: an account is one person's")


def _paths(config: Config) -> Iterator[Problem]:
    """A path is never repeated here: a token may stand in its place."""
    paths: dict[Location, str] = {("record", "path"): config.record.path}
    for name, each in config.connectors.items():
        key = "token_file" if each.secret_file == each.token_file else "private_key_file"
        paths["connectors", name, key] = each.secret_file
        paths["connectors", name, "webhook_secret_file"] = "".join(each.webhook_secret_file)
    for place, path in paths.items():
        if any(character < " " for character in path):
            yield Problem(place, "must be a file's path, without control characters")


def _connectors(config: Config) -> Iterator[Problem]:
    for name, settings in config.connectors.items():
        if name == MACHINE or not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", name):
            told = "a connector's name is up to 32 small letters, digits, - and _, and not os"
            yield Problem(("connectors", name, ""), told)
        if settings.token_env and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", settings.token_env):
            # Not repeated: what stands here instead of a name is most likely the token itself.
            told = "must be the name of an environment variable in capitals, such as JIRA_TOKEN, never the token"
            yield Problem(("connectors", name, "token_env"), told)
        if settings.timeout_seconds > 300:
            yield Problem(("connectors", name, "timeout_seconds"), "must be at most 300")
        yield from (Problem(("connectors", name, "url"), told) for told in _url(settings.base_url))
        yield from _statuses(name, settings.statuses)


def _webhooks(config: Config) -> Iterator[Problem]:
    if config.webhooks.listen and config.webhooks.address[1] > 65535:
        yield Problem(("webhooks", "listen"), "a port is at most 65535")
    for name, settings in config.connectors.items():
        if not all(re.fullmatch(r"[A-Z_][A-Z0-9_]*", each) for each in settings.webhook_secret_env):
            told = "must name environment variables in capitals, such as JIRA_WEBHOOK_SECRET, never a secret"
            yield Problem(("connectors", name, "webhook_secret_env"), told)
        if not all(settings.webhook_secret_file):
            yield Problem(("connectors", name, "webhook_secret_file"), "must be a file's path")


def _url(url: str) -> Iterator[str]:
    """The address must be plain, and encrypted unless it never leaves this machine (the sandbox)."""
    parts = urlsplit(url)
    if parts.username or parts.password:
        yield "must not hold a user or a password: use user and token_env"
    elif parts.query or parts.fragment:
        yield "must be the tracker's address alone, without ? or #"
    if parts.scheme != "https" and not _is_loopback(parts.hostname or ""):
        yield "must begin with https: the token would travel in the clear"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _statuses(connector: str, statuses: Mapping[str, str]) -> Iterator[Problem]:
    known = [status.value for status in WorkStatus]
    for status, work_status in statuses.items():
        if work_status not in known:
            told = f"{work_status} is not a work status" + did_you_mean(work_status, known)
            yield Problem(("connectors", connector, "statuses", status), told)


def _routes(config: Config) -> Iterator[Problem]:
    systems = [system.id for system in config.systems]
    for at, route in enumerate(config.routes):
        if route.connector not in config.connectors:
            told = did_you_mean(route.connector, tuple(config.connectors))
            yield Problem(("routes", at, "connector"), f"there is no connector {route.connector}{told}")
        if route.system and route.system not in systems:
            told = did_you_mean(route.system, systems)
            yield Problem(("routes", at, "system"), f"there is no system {route.system}{told}")


_CHECKS: tuple[Callable[[Config], Iterator[Problem]], ...] = (
    _systems,
    _people,
    _accounts,
    _paths,
    _connectors,
    _webhooks,
    _routes,
)
