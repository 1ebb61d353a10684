"""Who is behind a command or a tracker's account, and for whom they may act."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from poam.sync.errors import NotAllowed
from poam.sync.settings.config import Config, load
from poam.sync.settings.people import SYSTEM, Identity, os_user, person_of, who

TEXT = """
[[systems]]
id = "ACME"
name = "ACME"

[people.iris]
role = "isso"
accounts = ["os:compliance", "jira:5B10", "code:Acme-ISSO"]
acts_for = ["otto"]

[people.otto]
role = "ao"
accounts = ["os:otto"]

[people.emma]
accounts = ["os:emma"]

[connectors.jira]
type = "jira"
url = "https://acme.atlassian.net"
token_env = "JIRA_TOKEN"
project = "SEC"

[connectors.code]
type = "github"
url = "https://api.github.com"
repository = "acme/web"
token_env = "GITHUB_TOKEN"
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(TEXT, encoding="utf-8")
    return load(path)


def test_a_command_acts_as_the_machine_users_person(config: Config) -> None:
    assert who(config, "compliance") == Identity("iris", "isso")


def test_a_person_without_a_role_is_an_engineer(config: Config) -> None:
    assert who(config, "emma") == Identity("emma", "engineer")


def test_a_machine_user_nobody_claims_is_told_what_to_add(config: Config) -> None:
    with pytest.raises(NotAllowed, match=r"nobody in \[people\] is os:mallory") as caught:
        who(config, "mallory")

    assert '"os:mallory"' in caught.value.hint


def test_machine_users_tell_case_apart(config: Config) -> None:
    with pytest.raises(NotAllowed):
        who(config, "Compliance")


def test_acting_for_another_takes_their_role_and_keeps_both_names(config: Config) -> None:
    identity = who(config, "compliance", "otto")

    assert identity == Identity("iris", "ao", on_behalf_of="otto")
    assert identity.persons == {"iris", "otto"}


def test_acting_as_oneself_is_nothing_special(config: Config) -> None:
    assert who(config, "compliance", "iris") == who(config, "compliance")


@pytest.mark.parametrize(("user", "other"), [("otto", "iris"), ("emma", "otto"), ("emma", "iris")])
def test_nobody_acts_for_another_without_the_configurations_word(config: Config, user: str, other: str) -> None:
    with pytest.raises(NotAllowed, match=f"{user} may not act for {other}") as caught:
        who(config, user, other)

    assert f'acts_for = ["{other}"]' in caught.value.hint


def test_acting_for_somebody_unknown_is_refused_with_their_neighbour(config: Config) -> None:
    with pytest.raises(NotAllowed, match="did you mean otto"):
        who(config, "compliance", "ottp")


def test_a_trackers_account_is_its_person(config: Config) -> None:
    assert person_of(config, "jira", "5B10") == Identity("iris", "isso")


def test_a_github_login_is_the_same_in_any_case_and_a_jira_account_is_not(config: Config) -> None:
    assert person_of(config, "code", "acme-isso") == Identity("iris", "isso")
    assert person_of(config, "jira", "5b10").person == "jira:5b10"


@pytest.mark.parametrize(("connector", "account"), [("jira", "acme-isso"), ("code", "compliance"), ("jira", "")])
def test_an_unknown_account_is_an_engineer_of_its_own_name(config: Config, connector: str, account: str) -> None:
    assert person_of(config, connector, account) == Identity(f"{connector}:{account}", "engineer")


def test_the_daemon_has_a_role_of_its_own() -> None:
    assert Identity("system", "system") == SYSTEM


def test_the_machine_user_is_asked_of_the_system_and_not_of_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "otto")

    assert os_user() == pwd.getpwuid(os.getuid()).pw_name


def test_nobody_is_suggested_who_may_not_be_acted_for_or_only_shares_the_domain(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    text = TEXT.replace("[people.emma]", '[people."ann@acme.example"]').replace('["otto"]', '["otto@acme.example"]')
    path.write_text(text.replace("[people.otto]", '[people."otto@acme.example"]'), encoding="utf-8")
    for name in ("ao@acme.example", "anm@acme.example"):
        with pytest.raises(NotAllowed, match=f"^{name} is not in \\[people\\]$"):
            who(load(path), "compliance", name)
