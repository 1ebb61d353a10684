"""Runs one `poam` command in a process that dies at a commit of its choice, as by `kill -9`.

Arguments: the time it believes in (ISO 8601), the number of the commit (0: none), `before` or `after`, the command.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import count
from typing import Any

from poam.sync.commands import poam
from poam.sync.record.record import Record
from poam.sync.record.unit import Unit

NOW, DEADLY, WHEN, *COMMAND = sys.argv[1:]
COMMITS = count(1)
unit = Record.unit


@contextmanager
def mortal_unit(record: Record, **options: Any) -> Iterator[Unit]:
    """A unit of work, unless it is the last one."""
    last = next(COMMITS) == int(DEADLY)
    with unit(record, **options) as work:
        yield work
        if last and WHEN == "before":
            os.kill(os.getpid(), signal.SIGKILL)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)


Record.unit = mortal_unit  # type: ignore[method-assign]
poam.main(COMMAND, obj=lambda: datetime.fromisoformat(NOW))
