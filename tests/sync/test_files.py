"""People's files: what is read is a file, what proves something is named without secrets."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from poam.sync.errors import InputError
from poam.sync.files import evidence_of, read_bytes


@pytest.fixture(params=["device", "pipe"])
def endless(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Something with a name that would never answer, or never end."""
    if request.param == "device":
        return Path("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    return tmp_path / "pipe"


def test_only_a_file_is_read(endless: Path) -> None:
    with pytest.raises(InputError, match="is no regular file"):
        read_bytes(endless)


def test_a_file_that_proves_something_is_kept_by_its_name_and_digest(tmp_path: Path) -> None:
    proof = tmp_path / "scan.csv"
    proof.write_bytes(b"clean\n" * 100_000)
    assert evidence_of(str(proof)) == ("file", "scan.csv", hashlib.sha256(proof.read_bytes()).hexdigest())


def test_an_address_that_proves_something_is_kept_as_it_is() -> None:
    assert evidence_of("https://scan.example/1?run=7") == ("url", "https://scan.example/1?run=7", "")


def test_what_is_no_file_proves_nothing(endless: Path, tmp_path: Path) -> None:
    for each in (endless, tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError, match="neither a file nor a URL"):
            evidence_of(str(each))


@pytest.mark.parametrize(
    "url",
    [
        *("ftp://scan.example/1", "file:///etc/passwd", "https://", "https:///1", "https://[::1/1"),
        *("https://ann:CaNaRy@scan.example/1", "https://CaNaRy@scan.example/1", "ftp://:CaNaRy@[", "https://a/ b"),
    ],
)
def test_any_other_address_is_refused_and_a_password_never_repeated(url: str) -> None:
    with pytest.raises(InputError) as told:
        evidence_of(url)
    assert "CaNaRy" not in f"{told.value} {told.value.hint}"
