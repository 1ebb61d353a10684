"""The side file that tells liveness: it only informs, so nothing in it or about it stops anybody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from poam.sync.telling.health import Liveness, health_path, liveness, note_success
from poam.sync.telling.report import Report

from .desk import Desk
from .engine import engine, item

AT = "2026-03-02T12:00:00.000Z"
INTERVAL = timedelta(minutes=2)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Report:
    with engine(tmp_path_factory.mktemp("engine"), item(1)) as ready:
        return ready.cycle()


@pytest.mark.parametrize(
    "content",
    [
        *('{"jira": 5}', '{"jira": {}}', '{"jira": null}', '{"jira": "soon"}', '{"jira": "2026-03-02"}'),
        *('{"jira": "2026-03-02T12:00:00"}', "[]", "7", "null", '"x"', "", "{", "[" * 100_000, "\xff"),
    ],
)
def test_whatever_stands_in_the_file_status_only_misses_the_times(tmp_path: Path, content: str) -> None:
    desk = Desk.open(tmp_path, item(1))
    health_path(tmp_path / "poam.db").write_bytes(content.encode("latin-1"))
    assert desk.json("status")["connectors"][0]["last_success"] is None
    assert "not synced yet" in desk.run("status").stdout


def test_a_success_is_noted_again_over_a_spoilt_file(tmp_path: Path, report: Report) -> None:
    record = tmp_path / "poam.db"
    health_path(record).write_text('["x"]', encoding="utf-8")
    assert note_success(record, report, AT, INTERVAL) == ""
    assert liveness(record) == {"jira": Liveness(AT, AT)}


def test_a_link_laid_beside_the_record_leads_nobody_to_another_file(tmp_path: Path, report: Report) -> None:
    other = tmp_path / "precious"
    other.write_text("precious", encoding="utf-8")
    record = tmp_path / "poam.db"
    path = health_path(record)
    for link in (path, path.with_name(f"{path.name}.partial")):
        link.symlink_to(other)
    assert note_success(record, report, AT, INTERVAL) == ""
    assert other.read_text(encoding="utf-8") == "precious"
    assert json.loads(path.read_text(encoding="utf-8"))["jira"]["last_success"] == AT


def test_a_success_that_cannot_be_noted_is_told_and_ends_nothing(tmp_path: Path, report: Report) -> None:
    record = tmp_path / "poam.db"
    health_path(record).mkdir()
    assert "cannot be written" in note_success(record, report, AT, INTERVAL)
