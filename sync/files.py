"""Reads and writes people's files: whole or not at all, and never over something by accident."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import mkstemp

from .errors import InputError

MAX_FILE_BYTES = 50 * 1024 * 1024


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises InputError."""
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise InputError(f"{path} is larger than 50 MB", hint="a POA&M is smaller; is it the right file?")
        return path.read_bytes()
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="check the name and its permissions"
        ) from None


def write_bytes(path: Path, data: bytes) -> None:
    """Puts the bytes at the path in one step, in place of a file of that name, for its owner alone.

    Raises InputError.
    """
    partial = None
    try:
        descriptor, name = mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
        partial = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder, its permissions and free space"
        ) from None
    finally:
        if partial is not None:
            partial.unlink(missing_ok=True)
