"""`poam doctor`: everything that must be right, checked and explained, one line per finding."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict

import click

from ..checkup import (
    Ask,
    Finding,
    Level,
    check_connectors,
    check_people,
    check_record,
    check_routes,
    check_sqlite,
    check_webhooks,
)
from ..errors import ConfigError
from ..settings.people import os_user
from . import Outcome
from .frame import Frame, json_option, pass_frame
from .output import print_json, say

_OUTCOMES = {Level.OK: Outcome.IN_SYNC, Level.WARNING: Outcome.NEEDS_A_PERSON, Level.PROBLEM: Outcome.FATAL}


@click.command("doctor")
@click.option("--probe", is_flag=True, help="Also read our issues from every tracker, as a full cycle would.")
@json_option
@pass_frame
def doctor(frame: Frame, probe: bool, as_json: bool) -> Outcome:
    """Check everything and explain what is wrong.

    Nothing is changed, here or at a tracker. Exit code: 3 with a problem,
    1 with a warning, 0 when all is well.
    """
    findings: list[Finding] = []
    for finding in _findings(frame, probe):
        findings.append(finding)
        if not as_json:
            say(_line(finding))
    if as_json:
        print_json([asdict(finding) for finding in findings])
    return _outcome(findings)


def _findings(frame: Frame, probe: bool) -> Iterator[Finding]:
    """In the order in which things are mended: without a configuration the rest cannot be looked at."""
    yield from check_sqlite()
    try:
        config = frame.config
    except ConfigError as error:
        for fault in str(error).split("\n"):
            yield Finding(Level.PROBLEM, "configuration", fault, error.hint)
        return
    yield Finding(
        Level.OK,
        "configuration",
        f"{frame.path}, systems: {len(config.systems)}, people: {len(config.people)}",
    )
    yield from check_people(config, os_user())
    yield from check_routes(config)
    yield from check_record(config)
    yield from check_connectors(config, Ask(frame.environ, frame.clock(), time.sleep, probe))
    yield from check_webhooks(config, frame.environ)


def _line(finding: Finding) -> str:
    remedy = f" -> {finding.remedy}" if finding.remedy else ""
    return f"{finding.level:<8} {finding.subject}: {finding.text}{remedy}"


def _outcome(findings: Sequence[Finding]) -> Outcome:
    return max(_OUTCOMES[finding.level] for finding in findings)
