"""The demonstration as it is run: it ends now, leaves a folder that says so, and every file of ours private."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from poam.sync.commands import poam


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the demonstration leaves."""
    folder = tmp_path_factory.mktemp("demo") / "kept"
    result = CliRunner().invoke(poam, ["demo", "-o", str(folder)])
    assert result.exit_code == 0, result.output
    (folder / "told.txt").write_text(result.output, encoding="utf-8")
    return folder


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(poam, ["--config", str(folder / "config.toml"), *words])


def test_the_story_ends_now(folder: Path) -> None:
    last = json.loads(run(folder, "history", "V-1042", "--json").stdout)[-1]["at"]
    synced = [each["last_success"] for each in json.loads(run(folder, "status", "--json").stdout)["connectors"]]
    now = datetime.now(UTC)

    assert timedelta() <= now - datetime.fromisoformat(last) < timedelta(hours=3)
    assert all(timedelta() <= now - datetime.fromisoformat(at) < timedelta(minutes=2) for at in synced)


def test_the_status_afterwards_is_the_one_that_the_story_showed(folder: Path) -> None:
    result = run(folder, "status")

    assert "too long ago" not in result.stdout
    assert [line for line in result.stdout.splitlines() if "late" in line]
    told = (folder / "told.txt").read_text(encoding="utf-8")
    assert all(line in told for line in result.stdout.splitlines() if line.startswith(("HARBOR", "LEDGER")))


def test_what_holds_secrets_or_settings_is_its_owners_alone(folder: Path) -> None:
    ours = [folder / name for name in ("config.toml", "jira.token", "github.token", "poam.db", "poam.db.lock")]

    assert [oct(path.stat().st_mode & 0o777) for path in ours] == ["0o600"] * len(ours)
