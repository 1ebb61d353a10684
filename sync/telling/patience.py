"""How long making new issues will take where a tracker wants them apart, so that nobody takes it for a hang."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from ..plan import ConnectorPlan, Plan
from ..record.database import Database
from ..record.owed import writes_owed

WORTH_TELLING = 30.0
"""Seconds that anybody waits without asking why."""


def patience(database: Database, plan: Plan) -> Iterator[str]:
    """A line for each connector whose new issues take long: the plan's, and those that are owed already."""
    for each in plan.connectors:
        if each.seen.rules is None or not each.sends:
            continue
        number = len(_new_ones(database, each))
        seconds = each.seen.rules.capabilities.seconds_for(number)
        if seconds > WORTH_TELLING:
            yield f"{each.seen.connector}: {number} new issues take about {_minutes(seconds)}: it wants them apart"


def _new_ones(database: Database, each: ConnectorPlan) -> set[str]:
    """The links whose issues are to be made."""
    owed = {write.link_id for write in writes_owed(database, each.seen.connector) if write.operation == "create"}
    planned = {link.id for link in (*each.new_links, *each.retries)}
    return (owed | planned) - {found.link.id for found in each.found}


def _minutes(seconds: float) -> str:
    hours, minutes = divmod(ceil(seconds / 60), 60)
    return " ".join(f"{number} {unit}" for number, unit in ((hours, "h"), (minutes, "min")) if number)
