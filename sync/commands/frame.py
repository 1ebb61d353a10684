"""What every command gets: the configuration, the record, who is asking and what time it is, when needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar
from zoneinfo import ZoneInfo

import click

from ...connectors.settings import Settings
from ..deciding.decider import Decider
from ..deciding.edits import is_text
from ..documents.anchors import keep_head, kept_head
from ..errors import ConfigError, InputError
from ..record.record import Record
from ..record.unit import Unit
from ..restored import is_not_as_left, notice_restore
from ..settings.config import Config, load, secret, webhook_secrets
from ..settings.people import Identity, os_user, who
from ..settings.systems import left_out
from ..times import iso
from .output import warn

P = ParamSpec("P")
R = TypeVar("R")
Clock = Callable[[], datetime]
WAIT_FOR_A_CYCLE = 5.0  # seconds; the daemon lets go of the record between its cycles


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
        """The configuration, read once. Raises ConfigError; NotAllowed for a --as that it does not allow."""
        config = load(self.path)
        if self.acting_as:
            who(config, os_user(), self.acting_as)
        return config

    @cached_property
    def identity(self) -> Identity:
        """Who changes something: the machine user's person, or whom they act for. Raises NotAllowed."""
        return who(self.config, os_user(), self.acting_as)

    def now(self) -> str:
        """The instant as the record writes it."""
        return iso(self.clock().astimezone(UTC))

    def zone(self, system_id: str) -> ZoneInfo:
        """The system's own time zone; UTC for one that left the configuration."""
        system = self.config.system(system_id)
        return ZoneInfo(system.timezone if system else "UTC")

    def today(self, system_id: str) -> str:
        """The calendar date in the system's own time zone: its days end there."""
        return self.clock().astimezone(self.zone(system_id)).date().isoformat()

    @contextmanager
    def reading(self) -> Iterator[Record]:
        """The record for looking; systems that the configuration lost are told, and what stands there is shown.

        Raises RecordMissing, RecordCorrupt.
        """
        with Record.read(self.config.record_path) as record:
            if lost := left_out(record.db, self.config, self.path.name):
                warn(str(lost), lost.hint)
            if self.is_not_as_left(record):
                _warn_of_another(record)
            yield record

    @contextmanager
    def planning(self) -> Iterator[Record]:
        """The record for saying what a change would do: read only. Raises RecordMissing, RecordCorrupt, ConfigError."""
        with Record.read(self.config.record_path) as record:
            self._must_name_every_system(record)
            if self.is_not_as_left(record):
                _warn_of_another(record)
            yield record

    def is_not_as_left(self, record: Record) -> bool:
        """Whether the next command that writes will take the record for restored, although no restore is known."""
        return is_not_as_left(record, kept_head(record.path))

    @contextmanager
    def writing(self, open_record: Callable[..., Record] = Record.open) -> Iterator[Record]:
        """The record for changing. Raises RecordMissing, RecordLocked, RecordCorrupt, ConfigError."""
        with open_record(self.config.record_path, wait=WAIT_FOR_A_CYCLE) as record:
            self._must_name_every_system(record)
            if notice_restore(record, kept_head(record.path), self.now()):
                _warn_of_another(record)
            try:
                yield record
            finally:
                if record.committed is not None:
                    keep_head(record.path, record.committed)

    def _must_name_every_system(self, record: Record) -> None:
        """A misspelt system would silently bring other rules: nothing is decided where an item's are not known."""
        if lost := left_out(record.db, self.config, self.path.name):
            raise lost

    @contextmanager
    def deciding(self) -> Iterator[tuple[Record, Unit]]:
        """One unit of work for the person behind the command: all of it is kept, or nothing.

        The person is asked for first: whoever may not change anything does not wait for a lock either.
        """
        _ = self.identity
        with self.writing() as record, record.unit(at=self.now()) as unit:
            yield record, unit

    def decider(self, unit: Unit, system_id: str) -> Decider:
        """The person deciding on an item of that system now."""
        return Decider(unit, self.config, self.identity, self.today(system_id))

    def secret(self, connector: str) -> str:
        """The connector's token. Raises ConfigError with the connector's name."""
        return self._secret(connector, secret)

    def webhook_secrets(self, connector: str) -> tuple[str, ...]:
        """What may sign the connector's webhooks. Raises ConfigError with the connector's name."""
        return self._secret(connector, webhook_secrets)

    def _secret(self, connector: str, read: Callable[[Settings, Mapping[str, str], Path], R]) -> R:
        try:
            return read(self.config.connectors[connector], self.environ, self.config.base)
        except ConfigError as error:
            raise ConfigError(f"[connectors.{connector}] {error}", hint=error.hint) from None


def _warn_of_another(record: Record) -> None:
    warn(
        f"{record.path} is not as the last command left it: an older copy, or its journal was written anew",
        "the next cycle only takes in; poam verify --head and --document hold it against what was noted",
    )


def pass_frame(command: Callable[Concatenate[Frame, P], R]) -> Callable[P, R]:
    """Hands a command its frame, once everything that was typed is known to be text."""

    @wraps(command)
    def checked(frame: Frame, /, *args: P.args, **options: P.kwargs) -> R:
        _must_be_text((str(frame.path), frame.acting_as, *options.values()))
        return command(frame, *args, **options)

    return click.make_pass_decorator(Frame)(checked)


def _must_be_text(values: Iterable[object]) -> None:
    """The shell hands bytes over that are no UTF-8 as lone surrogates, which no file of ours could hold."""
    for value in values:
        if isinstance(value, tuple):
            _must_be_text(value)
        elif isinstance(value, str | Path) and not is_text(str(value)):
            raise InputError(f"{str(value)!a} is not UTF-8 text", hint="type it again, in a UTF-8 terminal")


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON with the record's own field names.")
