"""How a GitHub connector is configured: whose secret it uses, and where the due date stands."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from poam.connectors.sandbox.clock import Clock
from poam.connectors.sandbox.github import SandboxGithub
from poam.connectors.sandbox.server import SandboxServer
from poam.sync.checkup import Ask, Level, check_connectors
from poam.sync.errors import ConfigError
from poam.sync.settings.config import Config, load, secret

START = """
[[systems]]
id = "ACME"
name = "ACME Cloud"

[connectors.code]
type = "github"
url = "{url}"
repository = "acme/web"
"""
APP = 'app_id = 12\nprivate_key_file = "app.pem"\n'
ONE = "name the token's place: either token_env, token_file, or an App's private_key_file"


def configured(folder: Path, more: str, url: str = "https://api.github.com") -> Config:
    path = folder / "config.toml"
    path.write_text(START.format(url=url) + more, encoding="utf-8")
    return load(path)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("", ONE),
        (f'{APP}token_env = "T"\n', ONE),
        (f'{APP}token_file = "t"\n', ONE),
        ('token_env = "T"\ntoken_file = "t"\n', ONE),
        ("app_id = 12\n", "an App needs both: app_id and private_key_file"),
        ('private_key_file = "app.pem"\n', "an App needs both: app_id and private_key_file"),
        (
            'token_env = "T"\ninstallation_id = 7\n',
            "installation_id belongs to an App: give its app_id and private_key_file too",
        ),
        (
            'token_env = "T"\ndue_date = "labels"\n',
            "must be one of auto, issue_field, label, milestone; did you mean label?",
        ),
        ('token_env = "T"\ndue_field = ""\n', "should have at least 1 character"),
        (APP.replace("12", '"12 CaNaRy"'), "app_id: must be"),
        ('app_id = 12\nprivate_key_file = "CaNaRy\\u0000"\n', "private_key_file: must be a file's path"),
    ],
)
def test_exactly_one_way_to_sign_in_is_named_and_every_other_wish_is_told(tmp_path: Path, more: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        configured(tmp_path, more)
    assert told in str(refused.value)
    assert "CaNaRy" not in str(refused.value)
    assert len(str(refused.value).splitlines()) == 1


@pytest.mark.parametrize("app_id", ["12", '"12"', '"Iv23liAbCdEf"'])
def test_an_app_is_named_by_its_id_or_its_client_id(tmp_path: Path, app_id: str) -> None:
    settings = configured(tmp_path, APP.replace("12", app_id)).connectors["code"]
    assert settings.type == "github"
    assert settings.app_id == app_id.strip('"')


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read"),
        ("", "holds no private key"),
        ("ghp_CaNaRy", "holds no private key"),
        ("-----BEGIN CERTIFICATE-----\nCaNaRy\n-----END CERTIFICATE-----", "holds no private key"),
    ],
)
def test_a_private_key_that_is_none_is_told_with_its_place_and_never_repeated(
    tmp_path: Path, content: str | None, told: str
) -> None:
    config = configured(tmp_path, APP)
    if content is not None:
        (tmp_path / "app.pem").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigError, match=told) as refused:
        secret(config.connectors["code"], {}, config.base)
    assert str(tmp_path / "app.pem") in str(refused.value)
    assert "the private key (.pem)" in refused.value.hint
    assert "CaNaRy" not in str(refused.value) + refused.value.hint


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_doctor_checks_an_app_as_a_whole_and_who_else_can_read_its_key(tmp_path: Path, mode: int) -> None:
    sandbox = SandboxGithub(Clock())
    key = tmp_path / "app.pem"
    key.write_text(sandbox.apps.new_key(), encoding="utf-8")
    os.chmod(key, mode)
    with SandboxServer(sandbox.app) as server:
        config = configured(tmp_path, f'{APP}text = "full"\n', server.url)
        ask = Ask({}, Clock().now(), lambda _: None)
        found = {each.level: each.text for each in check_connectors(config, ask)}
    assert "as POA&M sync" in found.pop(Level.OK)
    assert found == ({} if mode == 0o600 else {Level.WARNING: f"the private key {key} is readable by others"})
