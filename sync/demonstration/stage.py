"""The demonstration's stage: two sandbox trackers with an engineer at each, and a folder that is ready to use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ...connectors.sandbox.clock import Clock
from ...connectors.sandbox.github import SandboxGithub
from ...connectors.sandbox.github_person import GithubPerson
from ...connectors.sandbox.jira import BOT, ENGINEER, SandboxJira
from ...connectors.sandbox.jira_person import JiraPerson
from ...connectors.sandbox.person import Person
from ...connectors.sandbox.server import SandboxServer
from ..settings.people import os_user

REPOSITORY = "acme/web"
ENGINEERS = {"jira": ENGINEER.name, "code": "Maya"}

_CONFIG = """\
# Written by poam demo. The trackers it names are sandboxes on this machine.
[record]
path = "poam.db"
{systems}
[people."isso@northwind.example"]
role = "isso"
accounts = ["os:{user}"]

[people."{jira_person}"]
role = "engineer"
accounts = ["jira:{jira_account}"]

[people."maya@northwind.example"]
role = "engineer"
accounts = ["code:maya"]

[sync]
interval = "2m"

[connectors.jira]
type = "jira"
url = "{jira}"
user = "{bot}"
token_file = "jira.token"
project = "SEC"
text = "full"

[connectors.code]
type = "github"
url = "{github}"
repository = "{repository}"
token_file = "github.token"
text = "restricted"

[[routes]]            # application findings go to the developers' repository
connector = "code"
controls = ["AC-3", "SI-10", "SI-15", "SR-6", "SA-22"]

[[routes]]            # everything else to the operations project
connector = "jira"
"""

_SYSTEM = """
[[systems]]
id = "{id}"
name = "{name}"
provider = "{provider}"
impact_level = "{impact_level}"
profile = "{profile}"
timezone = "{timezone}"
"""


@dataclass(frozen=True)
class Stage:
    """The folder with its configuration, the trackers' addresses and the engineers who work there."""

    folder: Path
    clock: Clock
    jira: SandboxServer
    github: SandboxServer
    people: Mapping[str, Person]

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.folder / "config.toml"


@contextmanager
def stage(folder: Path, clock: Clock, systems: Sequence[Mapping[str, str]]) -> Iterator[Stage]:
    """Starts both trackers and writes the configuration and the tokens into the new folder."""
    jira, github = SandboxJira(clock), SandboxGithub(clock, repository=REPOSITORY)
    with SandboxServer(jira.app) as jira_server, SandboxServer(github.app) as github_server:
        people: dict[str, Person] = {
            "jira": JiraPerson(jira_server.url, ENGINEER.email, ENGINEER.token),
            "code": GithubPerson(github_server.url, REPOSITORY, "maya-token"),
        }
        ready = Stage(folder, clock, jira_server, github_server, people)
        _private(folder / "jira.token", f"{BOT.token}\n")
        _private(folder / "github.token", "bot-token\n")
        _private(ready.config, _configuration(jira_server.url, github_server.url, systems))
        yield ready


def _configuration(jira: str, github: str, systems: Sequence[Mapping[str, str]]) -> str:
    return _CONFIG.format(
        systems="".join(_SYSTEM.format(**each) for each in systems),
        user=os_user(),
        jira=jira,
        github=github,
        repository=REPOSITORY,
        bot=BOT.email,
        jira_person=ENGINEER.email,
        jira_account=ENGINEER.account_id,
    )


def _private(path: Path, text: str) -> None:
    """Writes a file that its owner alone may read."""
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
