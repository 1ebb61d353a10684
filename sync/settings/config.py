"""The configuration: TOML, parsed once into frozen models that forbid the unknown.

`load` tells every fault at once, one per line. Paths are relative to the configuration file. Secrets never
stand in it: `secret` reads one from the environment variable or the file that the configuration names.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError

from ...connectors.settings import GithubSettings, JiraSettings, Settings
from ..errors import ConfigError
from .checks import cross_checks
from .limits import Duration, Limits, Wait
from .policies import Policy
from .problems import Problem, may_be_secret, problems_of
from .stand_ins import beside, mended

Role = Literal["engineer", "isso", "ao", "assessor"]
Name = Annotated[str, Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class RecordSettings(_Table):
    """`[record]`: where the record lies, relative to the configuration file."""

    path: Name = "poam.db"


class System(_Table):
    """`[[systems]]`: an authorization boundary. `profile` names its rules, its days end in `timezone`."""

    id: Name
    name: Name
    provider: str = ""
    impact_level: str = ""
    profile: str = "generic"
    timezone: str = "UTC"


class Person(_Table):
    """`[people."NAME"]`: what a person may decide, and who that is to the machine and the trackers.

    Accounts are `os:NAME` or `CONNECTOR:ACCOUNT`; `acts_for` lists whom `--as` may name.
    """

    role: Role = "engineer"
    accounts: tuple[str, ...] = ()
    acts_for: tuple[str, ...] = ()


class Policies(_Table):
    """`[sync.policies]`: who wins when a person at the tracker and a person at the record changed one field.

    Only the work status is shared: title and text are the record's, and a due date is never merged.
    """

    work_status: Policy = Policy.TRACKER


class Sync(_Table):
    """`[sync]`: how often, and whether a later date in a tracker is put back or left there, labelled."""

    interval: Wait = timedelta(minutes=2)
    later_date: Literal["revert", "hold"] = "revert"
    limits: Limits = Limits()
    policies: Policies = Policies()


class Webhooks(_Table):
    """`[webhooks]`: where the daemon listens for them, and how long it rests at least between two cycles."""

    listen: str = Field(default="", pattern=r"^(|(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):[0-9]{1,5})$")
    least_rest: Duration = timedelta(seconds=5)

    @property
    def address(self) -> tuple[str, int]:
        """Host and port to listen at."""
        host, _, port = self.listen.rpartition(":")
        return host.strip("[]"), int(port)


class Route(_Table):
    """`[[routes]]`: where an item is mirrored. Empty means any; of `controls` one must be the item's."""

    connector: Name
    system: str = ""
    controls: tuple[str, ...] = ()


class Config(_Table):
    """Everything a process needs to know. `base` is the folder that relative paths start from."""

    record: RecordSettings = RecordSettings()
    systems: tuple[System, ...] = Field(min_length=1)
    people: Mapping[str, Person] = {}
    sync: Sync = Sync()
    webhooks: Webhooks = Webhooks()
    connectors: Mapping[str, Settings] = {}
    routes: tuple[Route, ...] = ()

    _base: Path = PrivateAttr(default=Path())

    def model_post_init(self, context: Any) -> None:
        """Takes the folder of the file from the validation context."""
        self._base = (context or {}).get("base", Path())

    @property
    def base(self) -> Path:
        """The folder of the configuration file."""
        return self._base

    @property
    def record_path(self) -> Path:
        """Where the record lies."""
        return self._base / self.record.path

    def day(self, system_id: str, instant: str) -> str:
        """The calendar date of an instant where the system's days end; UTC for a system that left the configuration."""
        system = self.system(system_id)
        zone = ZoneInfo(system.timezone if system else "UTC")
        return datetime.fromisoformat(instant).astimezone(zone).date().isoformat()

    def system(self, system_id: str) -> System | None:
        """The system of that id, or None."""
        return next((system for system in self.systems if system.id == system_id), None)


_TABLES: Mapping[str, type[BaseModel]] = {
    "": Config,
    "record": RecordSettings,
    "systems": System,
    "people": Person,
    "sync": Sync,
    "limits": Limits,
    "policies": Policies,
    "webhooks": Webhooks,
    "jira": JiraSettings,
    "github": GithubSettings,
    "routes": Route,
}


def load(path: Path) -> Config:
    """Reads and checks a configuration file. Raises ConfigError with one line per fault."""
    data = _parse(path)
    try:
        config = Config.model_validate(data, context={"base": path.parent})
    except ValidationError as error:
        keys = {name: tuple(model.model_fields) for name, model in _TABLES.items()}
        faults = problems_of(error, data, keys)
        raise _refused(path, [*faults, *_others(data, faults)]) from None
    if problems := list(cross_checks(config)):
        raise _refused(path, problems)
    return config


def _others(data: Mapping[str, Any], faults: Sequence[Problem]) -> list[Problem]:
    """What else is wrong, as far as that can be told of a configuration with faults."""
    try:
        return beside(cross_checks(Config.model_validate(mended(data, faults))), faults)
    except ValidationError:
        return []


_QUOTES = 'texts need quotes: key = "value"'
_TOML_HINTS = {
    "Cannot declare": "each [table] stands once: bring its keys together; [[systems]] and [[routes]] may be repeated",
    "Cannot overwrite": "each key stands once in its table",
}


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        hint = "run poam init to write one, or name yours with --config or POAM_CONFIG"
        raise ConfigError(f"{path}: there is no such file", hint=hint) from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text", hint="save it as UTF-8") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply", hint="no key needs more than three levels") from None
    except tomllib.TOMLDecodeError as error:
        hint = next((hint for words, hint in _TOML_HINTS.items() if words in str(error)), _QUOTES)
        raise ConfigError(f"{path}: is not valid TOML: {error}", hint=hint) from None


def _refused(path: Path, problems: list[Problem]) -> ConfigError:
    return ConfigError(
        "\n".join(problem.told(path) for problem in problems),
        hint="mend the file and check it with poam doctor; every key is explained in config.example.toml",
    )


def secret(settings: JiraSettings | GithubSettings, environ: Mapping[str, str], base: Path) -> str:
    """The connector's token, from where the configuration says. Raises ConfigError, never with a value."""
    if settings.token_env:
        return _of_variable(settings.token_env, environ, "the tracker's API token")
    if settings.type == "github" and settings.is_app:
        return _private_key(settings.private_key_file, base)
    return _of_file("token file", settings.token_file, base, "the tracker's API token")


def webhook_secrets(settings: JiraSettings | GithubSettings, environ: Mapping[str, str], base: Path) -> tuple[str, ...]:
    """What may sign the connector's webhooks, none where nothing is named. Raises ConfigError, never with a value."""
    it = "the secret that the webhook was registered with"
    return (
        *(_of_variable(name, environ, it) for name in settings.webhook_secret_env),
        *(_of_file("webhook secret file", path, base, it) for path in settings.webhook_secret_file),
    )


def _private_key(path: str, base: Path) -> str:
    """A GitHub App's key: PEM, and so the only secret of several lines."""
    place, what = _place("private key file", path, base), "the private key (.pem) that GitHub made for the App"
    text = _read_secret(base / path, place, what).strip()
    if not (text.isascii() and text.startswith("-----BEGIN ") and text.endswith("PRIVATE KEY-----")):
        raise ConfigError(f"{place} holds no private key", hint=f"it must hold {what}")
    return text


def _of_variable(name: str, environ: Mapping[str, str], what: str) -> str:
    return _usable(environ.get(name, ""), _place("environment variable", name), what)


def _of_file(kind: str, path: str, base: Path, what: str) -> str:
    place = _place(kind, path, base)
    return _usable(_read_secret(base / path, place, what), place, what)


def _usable(text: str, place: str, what: str) -> str:
    """The secret without the blanks around it."""
    if not text.strip():
        raise ConfigError(f"{place} is not set or empty", hint=f"it must hold {what}")
    token = text.strip()
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(f"{place} holds a character that no token has", hint=f"copy {what} again")
    return token


def _place(kind: str, name: str, base: Path | None = None) -> str:
    """Where a secret is looked for; a name that may be the secret itself is not repeated."""
    if may_be_secret(name):
        return f"the {kind} that the configuration names"
    return f"{kind} {base / name if base else name}"


def _read_secret(path: Path, place: str, what: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise ConfigError(f"{place} cannot be read: {reason}", hint=f"it must hold {what}") from None
