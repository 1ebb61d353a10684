"""Reads and writes people's files: whole or not at all, and never over something by accident."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from pathlib import Path
from tempfile import mkstemp
from urllib.parse import urlsplit

from .errors import InputError

MAX_FILE_BYTES = 50 * 1024 * 1024
_WORKBOOK = b"PK"  # a workbook is a ZIP archive


def read_bytes(path: Path) -> bytes:
    """The file's bytes. Raises InputError."""
    with _opened(path) as file:
        if os.fstat(file.fileno()).st_size > MAX_FILE_BYTES:
            raise InputError(f"{path} is larger than 50 MB", hint="a POA&M is smaller; is it the right file?")
        return file.read()


@contextmanager
def _opened(path: Path) -> Iterator[BufferedReader]:
    """The file for reading, if it is one: a device or a pipe may never answer, or never end. Raises InputError."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise InputError(f"{path} cannot be read: it is no regular file", hint="name a file")
            yield file
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}", hint="check the name and its permissions"
        ) from None


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def evidence_of(reference: str) -> tuple[str, str, str]:
    """What proves something, as `(kind, reference, sha256)`: a `url`, or a `file` by its name and digest.

    Raises InputError; it never repeats a password that stands in a URL.
    """
    if "://" in reference:
        _check_address(reference)
        return "url", reference, ""
    path = Path(reference)
    if not path.is_file():
        raise InputError(
            f"evidence {reference} is neither a file nor a URL", hint="give a path that exists, or https://..."
        )
    with _opened(path) as file:
        return "file", path.name, hashlib.file_digest(file, "sha256").hexdigest()


def _check_address(url: str) -> None:
    try:
        parts = urlsplit(url)
    except ValueError:
        parts = urlsplit("")
    if "@" in parts.netloc:
        raise InputError("the URL of an evidence must not hold a user or a password", hint="leave them out")
    if parts.scheme not in ("http", "https") or not parts.hostname or len(url.split()) != 1:
        raise InputError("the URL of an evidence must be http or https, with a host", hint="such as https://host/1")


def same_file(one: Path, other: Path) -> bool:
    """Whether both names lead to one file, also through links, and also where none is there yet."""
    try:
        return one.samefile(other)
    except OSError:
        return one.absolute().resolve() == other.absolute().resolve()


def must_replace_a_workbook(path: Path) -> None:
    """Raises InputError where something stands at the path that is no workbook."""
    if not path.exists():
        return
    if not path.is_file():
        raise InputError(f"{path} cannot be written: it is no regular file", hint="choose another name")
    with _opened(path) as file:
        if file.read(len(_WORKBOOK)) != _WORKBOOK:
            raise InputError(f"{path} is there already and is no workbook", hint="choose another name")


def write_bytes(path: Path, data: bytes) -> None:
    """Puts the bytes at the path in one step, in place of a file of that name, for its owner alone.

    Raises InputError.
    """
    with prepared(path, data) as put:
        put()


@contextmanager
def prepared(path: Path, data: bytes) -> Iterator[Callable[[], None]]:
    """The bytes on the disk beside the path, and what puts them there in one step; left before that, they are gone.

    So what must be kept before anybody sees the file can be kept meanwhile. Both raise InputError.
    """
    beside = None
    try:
        with _writable(path):
            descriptor, name = mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
            beside = Path(name)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        yield partial(_put, beside, path)
    finally:
        if beside is not None:
            beside.unlink(missing_ok=True)


def _put(beside: Path, path: Path) -> None:
    with _writable(path):
        beside.replace(path)


@contextmanager
def _writable(path: Path) -> Iterator[None]:
    """Tells why a file cannot be written. Raises InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder, its permissions and free space"
        ) from None
