"""`poam init`: a commented configuration and an empty record, each only where there is none yet."""

from __future__ import annotations

import json
import os
import secrets
import zoneinfo
from collections.abc import Callable
from pathlib import Path

import click

from ...mapping.profiles import PROFILES
from ..errors import ConfigError, InputError
from ..record.journal import Author
from ..record.record import Record
from ..settings.checks import IMPACT_LEVELS
from ..settings.config import load
from ..settings.people import os_user
from ..settings.problems import did_you_mean
from ..settings.systems import keep_systems
from .frame import Frame, pass_frame
from .output import say

TEMPLATE = """\
# The configuration of poam-sync. `poam doctor` checks it; config.example.toml explains every key.
# No secret stands here: a connector names the environment variable or the file that holds its token.

[record]
path = {record}

# An authorization boundary. One record can hold several: repeat the table.
[[systems]]
id = {system_id}
name = {system_name}
provider = {provider}
impact_level = {impact_level}
profile = {profile}
timezone = {timezone}  # an item is late once its due day has ended here

# Who may decide what: engineer, isso, ao or assessor. Accounts are os:NAME or CONNECTOR:ACCOUNT.
[people.{person}]
role = "isso"
accounts = [{account}]

[sync]
interval = "2m"
later_date = "revert"                     # a later date from a tracker: "revert" or "hold" it until decided

# Where issues live. Take the comment signs away from what you use, fill it in, and run `poam doctor`.

# [connectors.jira]
# type = "jira"
# url = "https://acme.atlassian.net"
# user = "poam-bot@acme.example"          # the account that the API token belongs to
# token_env = "JIRA_TOKEN"
# project = "SEC"
# text = "neutral"                        # how much an issue tells: neutral, restricted or full

# [connectors.code]
# type = "github"
# url = "https://api.github.com"
# repository = "acme/web"
# token_env = "GITHUB_TOKEN"

# The first route that matches decides where an item is mirrored.
# [[routes]]
# connector = "code"
# controls = ["SA-11", "SI-10"]
#
# [[routes]]
# connector = "jira"
"""


_PROFILE = click.Choice(list(PROFILES))
_LEVEL = click.Choice(IMPACT_LEVELS)


@click.command("init")
@click.option("--yes", is_flag=True, help="Ask nothing: take the defaults for what is not given.")
@click.option("--system-id", metavar="ID", help="Short name of the system, as commands use it.  [SYSTEM]")
@click.option("--system-name", metavar="NAME", help="Name of the system, as documents show it.  [the id]")
@click.option("--provider", metavar="NAME", help="Who provides the system.  [blank]")
@click.option("--impact-level", type=_LEVEL, metavar="LEVEL", help="Low, Moderate, High or LI-SaaS.  [Moderate]")
@click.option("--profile", type=_PROFILE, help="Whose rules hold.  [fedramp_rev5]")
@click.option("--timezone", metavar="ZONE", help="Where its days end, such as Europe/Berlin.  [this machine's]")
@click.option("--record", metavar="PATH", help="The record, relative to the configuration.  [poam.db]")
@click.option("--person", metavar="PERSON", help="You, the first ISSO, such as your mail address.  [your user name]")
@pass_frame
def init(frame: Frame, /, yes: bool, **given: str | None) -> None:
    """Write a configuration and create the record.

    Nothing is ever overwritten: with a configuration already there, only a missing record is created.
    """
    wrote = _write_configuration(frame.path, yes, given)
    try:
        created = _create_record(frame)
    except BaseException:
        if wrote:
            frame.path.unlink()
        raise
    if wrote:
        say(f"Wrote {frame.path}.")
    if not (wrote or created):
        raise InputError("there is nothing to set up", hint="poam doctor checks what is there")
    say("Next: name your trackers and people in the configuration, then run poam doctor.")


def _write_configuration(path: Path, yes: bool, given: dict[str, str | None]) -> bool:
    """Whether a configuration was written; one that is there stays as it is."""
    if path.exists():
        if any(given.values()):
            raise InputError(
                f"{path} exists already and is never overwritten",
                hint="edit it, or name another with --config",
            )
        say(f"{path} is there and stays as it is.")
        return False
    answers = _answers(yes, given)
    text = TEMPLATE.format(account=_toml(f"os:{os_user()}"), **{name: _toml(value) for name, value in answers.items()})
    try:
        with open(path, "x", encoding="utf-8", opener=_private) as file:
            file.write(text)
    except OSError as error:
        raise InputError(
            f"{path} cannot be written: {error.strerror}", hint="check the folder and its permissions"
        ) from None
    _check(path)
    return True


def _private(path: str, flags: int) -> int:
    """Opens a file that its owner alone may read."""
    return os.open(path, flags, 0o600)


def _check(path: Path) -> None:
    """An answer that the configuration refuses leaves no file behind."""
    try:
        load(path)
    except ConfigError:
        path.unlink()
        raise


def _answers(yes: bool, given: dict[str, str | None]) -> dict[str, str]:
    """What was given, then what is answered, then the defaults."""
    system_id = _answer(yes, given["system_id"], "Short name of the system", "SYSTEM", check=_word)
    return {
        "system_id": system_id,
        "system_name": _answer(yes, given["system_name"], "Its full name, as documents show it", system_id),
        "provider": _answer(yes, given["provider"], "Who provides it", ""),
        "impact_level": _answer(yes, given["impact_level"], "Impact level", "Moderate", choices=_LEVEL),
        "profile": _answer(yes, given["profile"], "Profile, whose rules hold", "fedramp_rev5", choices=_PROFILE),
        "timezone": _answer(yes, given["timezone"], "Time zone, where a due day ends", _zone_here(), check=_zone),
        "record": _answer(yes, given["record"], "Where to keep the record", "poam.db"),
        "person": _answer(yes, given["person"], "You, the first ISSO (a mail address)", os_user()),
    }


def _answer(
    yes: bool,
    given: str | None,
    question: str,
    default: str,
    *,
    choices: click.Choice[str] | None = None,
    check: Callable[[str], str] | None = None,
) -> str:
    if given is not None or yes:
        return default if given is None else given
    return str(click.prompt(question, default=default, type=choices, value_proc=check, show_default=bool(default)))


def _word(text: str) -> str:
    """A name without blanks. Raises BadParameter, so that the question is asked again."""
    if len(text.split()) != 1:
        raise click.BadParameter("it is one word, such as ACME")
    return text.strip()


def _zone(text: str) -> str:
    """The name of a time zone. Raises BadParameter, so that the question is asked again."""
    known = zoneinfo.available_timezones()
    if text not in known:
        raise click.BadParameter(
            f"{text} is no time zone{did_you_mean(text, known) or '; name one such as America/New_York'}"
        )
    return text


def _zone_here() -> str:
    """The machine's time zone: what $TZ says, else where /etc/localtime leads; UTC where neither names one."""
    named = os.environ.get("TZ") or os.path.realpath("/etc/localtime").partition("/zoneinfo/")[2]
    return named if named in zoneinfo.available_timezones() else "UTC"


def _toml(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's, except that DEL must be escaped too."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _create_record(frame: Frame) -> bool:
    """Whether a record was created; one that is there, such as a restored one, stays as it is."""
    path = frame.config.record_path
    if path.exists():
        say(f"{path} is there and stays as it is.")
        return False
    if not path.parent.is_dir():
        # Looked at before the lock is taken: taking it would make the folder.
        raise InputError(f"{path.parent} is not a folder", hint="create it, or choose another path for the record")
    by, at = Author(f"os:{os_user()}", "operator", "cli"), frame.now()
    with Record.create(path, record_id=secrets.token_hex(16), at=at) as record, record.unit(at=at) as unit:
        keep_systems(unit, by, frame.config)
    say(f"Created the record {path}, readable by you alone.")
    return True
