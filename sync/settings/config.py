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
from .limits import Limits, Wait
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
        place, text = _place("environment variable", settings.token_env), environ.get(settings.token_env, "")
    else:
        place = _place("token file", settings.token_file, base)
        text = _read_secret(base / settings.token_file, place)
    if not text.strip():
        raise ConfigError(f"{place} is not set or empty", hint="it must hold the tracker's API token")
    token = text.strip()
    if not (token.isascii() and token.isprintable()):
        raise ConfigError(f"{place} holds a character that no token has", hint="copy the tracker's API token again")
    return token


def _place(kind: str, name: str, base: Path | None = None) -> str:
    """Where a secret is looked for; a name that may be the secret itself is not repeated."""
    if may_be_secret(name):
        return f"the {kind} that the configuration names"
    return f"{kind} {base / name if base else name}"


def _read_secret(path: Path, place: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        hint = "it must hold the tracker's API token"
        raise ConfigError(f"{place} cannot be read: {reason}", hint=hint) from None
