"""From settings to a tracker: the one table, and what it costs before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import TypeAdapter

from poam.connectors import connect
from poam.connectors.retry import Retrying
from poam.connectors.settings import Settings

NOWHERE = "http://127.0.0.1:9"


@pytest.mark.parametrize(
    ("settings", "max_title"),
    [
        ({"type": "jira", "project": "OPS"}, 255),
        ({"type": "github", "repository": "acme/web"}, 256),
    ],
    ids=["jira", "github"],
)
def test_settings_become_a_retried_tracker_without_a_request(settings: dict[str, str], max_title: int) -> None:
    read: Settings = TypeAdapter(Settings).validate_python(settings | {"url": NOWHERE, "token_env": "TOKEN"})
    tracker = connect("ours", read, "secret", sleep=lambda seconds: None)
    assert isinstance(tracker, Retrying)
    assert tracker.name == "ours"
    assert tracker.capabilities.max_title == max_title
    tracker.close()


def test_the_room_is_entered_without_loading_a_client_library() -> None:
    heavy = {"github", "jira", "pydantic", "requests", "tenacity"}
    code = f"import sys, poam.connectors; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
