"""What every command gets: the configuration, the record, who is asking and what time it is, when needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from ..config import Config, load, secret
from ..errors import ConfigError
from ..people import Identity, os_user, who
from ..record.journal import Author
from ..record.record import Record

Clock = Callable[[], datetime]


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Frame:
    """A command's surroundings. Only what changes something asks for `identity`, so everyone may read."""

    path: Path
    acting_as: str = ""
    clock: Clock = _utc_now
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    @classmethod
    def of(cls, path: str, acting_as: str, *, clock: Clock | None) -> Frame:
        """The frame of a command line."""
        return cls(Path(path), acting_as, clock or _utc_now)

    @cached_property
    def config(self) -> Config:
        """The configuration, read once. Raises ConfigError."""
        return load(self.path)

    @cached_property
    def identity(self) -> Identity:
        """Who changes something: the machine user's person, or whom they act for. Raises NotAllowed."""
        return who(self.config, os_user(), self.acting_as)

    @property
    def author(self) -> Author:
        """The identity as the journal writes it."""
        person = self.identity
        return Author(person.person, person.role, "cli", person.on_behalf_of)

    def now(self) -> str:
        """The instant as the record writes it."""
        return self.clock().astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

    def today(self, system_id: str) -> str:
        """The calendar date in the system's own time zone: its days end there."""
        system = self.config.system(system_id)
        return self.clock().astimezone(ZoneInfo(system.timezone if system else "UTC")).date().isoformat()

    def reading(self) -> Record:
        """The record for looking. Raises RecordMissing, RecordCorrupt."""
        return Record.read(self.config.record_path)

    def writing(self) -> Record:
        """The record for changing. Raises RecordMissing, RecordLocked, RecordCorrupt."""
        return Record.open(self.config.record_path)

    def secret(self, connector: str) -> str:
        """The connector's token. Raises ConfigError with the connector's name."""
        try:
            return secret(self.config.connectors[connector], self.environ, self.config.base)
        except ConfigError as error:
            raise ConfigError(f"[connectors.{connector}] {error}", hint=error.hint) from None


pass_frame = click.make_pass_decorator(Frame)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print JSON with the record's own field names."
)
