"""What holds for one connector in a cycle: our account there, what it may be told, the configured rules. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields

from ...connectors.base import Capabilities, Visibility
from ...connectors.settings import Settings, Text
from ..settings.config import Config
from ..settings.people import accounts_at
from ..settings.policies import Policy


@dataclass(frozen=True, slots=True)
class Rules:
    """`accounts` are ours, former ones too; `people` are those of [people], in small letters; `work_status` says who
    wins when both sides changed it, `quiet_seconds` is the quiet period.
    """

    connector: str
    accounts: frozenset[str]
    people: frozenset[str]
    text: Text
    capabilities: Capabilities
    statuses: Mapping[str, str]
    work_status: Policy
    later_date: str
    quiet_seconds: float

    def __str__(self) -> str:
        """All of it in one order: in the next process, too, the same rules are told by the same text."""
        told = ((each.name, getattr(self, each.name)) for each in fields(self))
        return repr([(name, sorted(value) if isinstance(value, frozenset) else value) for name, value in told])


def rules_for(config: Config, name: str, capabilities: Capabilities, accounts: str, visibility: str) -> Rules:
    """What holds for a connector: sensitive text only where strangers provably cannot read it."""
    settings = config.connectors[name]
    return Rules(
        connector=name,
        accounts=frozenset(accounts.split()),
        people=accounts_at(config, name),
        text=text_mode(settings, visibility),
        capabilities=capabilities,
        statuses=settings.statuses,
        work_status=config.sync.policies.work_status,
        later_date=config.sync.later_date,
        quiet_seconds=config.sync.limits.quiet_period.total_seconds(),
    )


def text_mode(settings: Settings, visibility: Visibility | str) -> Text:
    """The configured text for a private place; neutral for a public or unknown one."""
    return settings.text if visibility == "private" else "neutral"
