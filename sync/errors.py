"""What an operator can be told, sorted by what to do next.

PoamSyncError
├── ConfigError          the configuration is wrong: mend the file and run again
├── InputError           a person's argument or file is wrong: nothing was changed
├── NotAllowed           this person may not do that: someone else must, or the configuration must say so
├── MassChange           far more would change than usual: look at the plan, then approve it by its id
└── RecordError          the record cannot be used
    ├── RecordLocked     another process writes to it: wait for it or stop it
    ├── RecordMissing    there is none at that path: create one or mend the path
    └── RecordCorrupt    it is damaged or disagrees with its own history: restore a backup

The text is one sentence: what happened and where; `hint` says what to do. Neither ever holds a secret.
"""

from __future__ import annotations


class PoamSyncError(Exception):
    """Something a person can act on: told as a sentence and a hint, never as a traceback."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class ConfigError(PoamSyncError):
    """The configuration, or a secret it names, is missing or wrong; the text holds one problem per line."""


class InputError(PoamSyncError):
    """An argument, a value or a file given by a person cannot be used; nothing was changed."""


class NotAllowed(PoamSyncError):
    """The person behind the command lacks the right, or may not decide on their own work."""


class MassChange(PoamSyncError):
    """A cycle would change far more than usual and stopped before writing anything."""


class RecordError(PoamSyncError):
    """The record cannot be opened, read or written."""


class RecordLocked(RecordError):
    """Another process is the record's one writer."""


class RecordMissing(RecordError):
    """There is no record at the configured path."""


class RecordCorrupt(RecordError):
    """The record is damaged, of an unknown schema, or does not equal its own journal."""
