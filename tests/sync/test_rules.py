"""What holds for a connector is remembered as text: the same rules have to be told by the same one."""

from __future__ import annotations

import subprocess
import sys

CODE = """
from poam.connectors.memory import CAPABILITIES
from poam.sync.looking.rules import rules_for
from tests.sync.engine import config
print(rules_for(config(), "jira", CAPABILITIES, "poam poam-old poam-older", "private"))
"""


def test_rules_are_told_alike_in_every_process() -> None:
    """Sets have another order in each: told in that, the rules would be new in each, and everything compared."""
    told = {
        subprocess.run(
            [sys.executable, "-c", CODE], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "123456"
    }
    assert len(told) == 1
    assert "'irene'" in told.pop()
