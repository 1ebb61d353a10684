"""The configuration: what it takes, how every mistake is told, and that no secret ever shows."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from traceback import format_exception

import pytest
from pydantic import ValidationError

from poam.mapping.item import PoamItem
from poam.sync.errors import ConfigError
from poam.sync.settings.config import Config, load, secret
from poam.sync.settings.limits import parse_duration
from poam.sync.settings.routes import controls_of, idle_routes, route

ROOT = Path(__file__).parents[2]

GOOD = """
[record]
path = "data/poam.db"

[[systems]]
id = "ACME"
name = "ACME Cloud"
profile = "fedramp_rev5"
timezone = "America/New_York"

[people."isso@acme.example"]
role = "isso"
accounts = ["os:compliance", "jira:5b10", "code:Acme-ISSO"]
acts_for = ["ao@acme.example"]

[people."ao@acme.example"]
role = "ao"

[sync]
interval = "90s"

[sync.limits]
quiet_period = "1h"

[connectors.jira]
type = "jira"
url = "https://acme.atlassian.net/"
token_env = "JIRA_TOKEN"
project = "SEC"

[connectors.jira.statuses]
"Won't Do" = "wont_do"

[connectors.code]
type = "github"
url = "https://api.github.com"
repository = "acme/web"
token_file = "secrets/github"

[[routes]]
connector = "code"
system = "ACME"
controls = ["SA-11", "SI-2"]

[[routes]]
connector = "jira"
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def loaded(path: Path, text: str = GOOD) -> Config:
    path.write_text(text, encoding="utf-8")
    return load(path)


def faults(path: Path, text: str) -> list[str]:
    """The lines of the error, without the folder of the test."""
    with pytest.raises(ConfigError) as caught:
        loaded(path, text)
    return [line.removeprefix(f"{path.parent}/") for line in str(caught.value).split("\n")]


def changed(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new, 1)


def test_a_configuration_is_parsed_once_into_what_it_means(path: Path) -> None:
    config = loaded(path)

    assert config.record_path == path.parent / "data" / "poam.db"
    assert config.sync.interval == timedelta(seconds=90)
    assert config.sync.limits.quiet_period == timedelta(hours=1)
    assert config.people["isso@acme.example"].role == "isso"
    assert config.connectors["jira"].base_url == "https://acme.atlassian.net"
    assert config.connectors["jira"].statuses == {"Won't Do": "wont_do"}


def test_the_limits_left_out_have_the_designs_defaults(path: Path) -> None:
    limits = loaded(path, changed('[sync.limits]\nquiet_period = "1h"', "")).sync.limits

    assert limits.send_deadline == timedelta(seconds=5)
    assert limits.in_flight == timedelta(minutes=2)
    assert limits.quiet_period == timedelta(minutes=10)
    assert (limits.missing_looks, limits.missing_over) == (3, timedelta(hours=1))
    assert (limits.mass_change_percent, limits.mass_change_least) == (10, 5)


def test_every_limit_says_why_it_is_what_it_is() -> None:
    fields = Config.model_fields["sync"].annotation.model_fields["limits"].annotation.model_fields  # type: ignore[union-attr]

    assert len(fields) == 7
    assert all(len(field.description or "") > 30 for field in fields.values())


def test_the_example_configuration_loads() -> None:
    config = load(ROOT / "config.example.toml")

    assert set(config.connectors) == {route.connector for route in config.routes}


def test_the_smallest_configuration_is_one_system(path: Path) -> None:
    config = loaded(path, '[[systems]]\nid = "A"\nname = "A"')

    assert (config.systems[0].profile, config.systems[0].timezone) == ("generic", "UTC")
    assert config.record_path == path.parent / "poam.db"


def test_a_configuration_cannot_be_changed_once_loaded(path: Path) -> None:
    with pytest.raises(ValidationError):
        loaded(path).sync.interval = timedelta(0)


def test_a_byte_order_mark_from_a_windows_editor_does_no_harm(path: Path) -> None:
    path.write_text(GOOD, encoding="utf-8-sig")

    assert load(path).systems[0].id == "ACME"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (
            'project = "SEC"',
            'project = "SEC"\ndue_filed = "duedate"',
            "[connectors.jira] due_filed: unknown key; did you mean due_field?",
        ),
        ("[sync]\n", "[sync]\nintervall = 1\n", "[sync] intervall: unknown key; did you mean interval?"),
        ("quiet_period", "quiet_time", "[sync.limits] quiet_time: unknown key; did you mean quiet_period?"),
        ("[record]", "[recrod]", "[recrod]: unknown key; did you mean record?"),
        ('name = "ACME Cloud"\n', "", "[[systems]] 1 name: is missing"),
        ('project = "SEC"\n', "", "[connectors.jira] project: is missing"),
        (
            '"isso"\nacc',
            '"iso"\nacc',
            '[people."isso@acme.example"] role: must be one of engineer, isso, ao, assessor; did you mean isso?',
        ),
        (
            '"90s"',
            "90",
            "[sync] interval: write a duration as a whole number and its unit: 30s, 2m, 1h or 1d",
        ),
        ('"90s"', '"0s"', "[sync] interval: must be more than zero"),
        (
            'type = "jira"',
            'type = "jria"',
            "[connectors.jira] type: must be one of jira, github; did you mean jira?",
        ),
        ('type = "jira"\n', "", "[connectors.jira] type: is missing"),
        (
            'token_env = "JIRA_TOKEN"\n',
            "",
            "[connectors.jira]: name the token's place: either token_env or token_file",
        ),
        ('"acme/web"', '"web"', "[connectors.code] repository: must be owner/name, such as acme/web"),
        (
            '"ao"',
            '"ao"\nacts_for = "isso@acme.example"',
            '[people."ao@acme.example"] acts_for: must be a list, such as acts_for = ["..."]',
        ),
        (
            "fedramp_rev5",
            "fedramp_rev4",
            "[[systems]] 1 profile: unknown profile; did you mean fedramp_rev5?",
        ),
        ("New_York", "NewYork", "[[systems]] 1 timezone: unknown time zone; did you mean America/New_York?"),
        (
            '"wont_do"',
            '"wontdo"',
            '[connectors.jira.statuses] "Won\'t Do": wontdo is not a work status; did you mean wont_do?',
        ),
        (
            'connector = "jira"',
            'connector = "jria"',
            "[[routes]] 2 connector: there is no connector jria; did you mean jira?",
        ),
        (
            'system = "ACME"',
            'system = "ACNE"',
            "[[routes]] 1 system: there is no system ACNE; did you mean ACME?",
        ),
        (
            '"jira:5b10"',
            '"jria:5b10"',
            '[people."isso@acme.example"] accounts 2: jria:5b10 must be os:NAME or CONNECTOR:ACCOUNT'
            "; did you mean jira?",
        ),
        (
            '["ao@acme.example"]',
            '["ao@acme.exmaple"]',
            '[people."isso@acme.example"] acts_for 1: ao@acme.exmaple is not in [people]'
            "; did you mean ao@acme.example?",
        ),
        (
            "[connectors.code]",
            "[connectors.os]",
            "[connectors.os]: a connector's name is up to 32 small letters, digits, - and _, and not os",
        ),
        (
            '"ao@acme.example"]\nrole',
            '"system"]\nrole',
            "[people.system]: system is the daemon's own name in the journal",
        ),
        ('id = "ACME"', 'id = "A:B"', "[[systems]] 1 id: must not hold a colon: SYSTEM:ID names an item"),
    ],
)
def test_a_mistake_is_told_by_its_place_and_what_was_probably_meant(path: Path, old: str, new: str, told: str) -> None:
    assert f"config.toml {told}" in faults(path, changed(old, new))


def test_all_mistakes_are_told_at_once_one_per_line(path: Path) -> None:
    text = changed('project = "SEC"', 'due_filed = "x"').replace('"90s"', '"soon"')

    assert [line.split(":")[0] for line in faults(path, text)] == [
        "config.toml [sync] interval",
        "config.toml [connectors.jira] project",
        "config.toml [connectors.jira] due_filed",
    ]


def test_what_the_parts_owe_each_other_is_told_along_with_what_is_wrong_in_one(path: Path) -> None:
    text = GOOD
    for old, new in (
        ('role = "isso"', 'role = "iso"'),
        ('"90s"', '"soon"'),
        ('project = "SEC"', 'project = "S-C"'),
        ('"fedramp_rev5"', '"fedramp_rev6"'),
        ('"America/New_York"', '"America/New_Yrok"'),
        ('"JIRA_TOKEN"', '"jira token"'),
        ('connector = "code"', 'connector = "cod"'),
    ):
        assert old in text
        text = text.replace(old, new, 1)

    assert [line.split(":")[0].removeprefix("config.toml ") for line in faults(path, text)] == [
        '[people."isso@acme.example"] role',
        "[sync] interval",
        "[connectors.jira] project",
        "[[systems]] 1 profile",
        "[[systems]] 1 timezone",
        "[connectors.jira] token_env",
        "[[routes]] 1 connector",
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('type = "jira"', 'type = "jria"'),
        ('type = "jira"\n', ""),
        ('project = "SEC"\n', ""),
        ('repository = "acme/web"', "repository = 1"),
        ('url = "https://api.github.com"\n', ""),
        ('token_env = "JIRA_TOKEN"\n', ""),
        ('token_file = "secrets/github"', 'token_fiel = "secrets/github"'),
        ('["ao@acme.example"]', "[1]"),
        ('connector = "code"\n', ""),
        ('id = "ACME"\n', ""),
        ("[[systems]]", "[systems]"),
        ("[[systems]]", "[[system]]"),
        ("[connectors.jira]", "[conectors.jira]"),
        ('[people."ao@acme.example"]', "[person.ao]"),
    ],
)
def test_a_stand_in_for_a_fault_brings_no_faults_of_its_own(path: Path, old: str, new: str) -> None:
    told = faults(path, changed(old, new))

    assert told
    assert not any("?" in line.partition("did you mean")[0] for line in told)
    assert not any(word in line for line in told for word in ("stand-in", "STAND_IN", "there is no connector"))


def test_connectors_under_a_misspelt_table_are_not_told_as_missing_ones(path: Path) -> None:
    told = faults(path, GOOD.replace("[connectors.", "[conectors."))

    assert [line.partition(": ")[0] for line in told] == ["config.toml [conectors]"]


@pytest.mark.parametrize("name", ["systems", "routes"])
def test_a_table_that_may_be_repeated_needs_two_brackets(path: Path, name: str) -> None:
    text = GOOD.partition("[[routes]]")[0] + '[[routes]]\nconnector = "code"\n'

    assert f"config.toml [{name}]: write [[{name}]] with two brackets: there may be several" in faults(
        path, text.replace(f"[[{name}]]", f"[{name}]")
    )


@pytest.mark.parametrize("url", ["acme.atlassian.net", "ftp://acme.atlassian.net", ""])
def test_an_address_without_its_scheme_is_told_how_it_begins(path: Path, url: str) -> None:
    told = faults(path, changed("https://acme.atlassian.net/", url))

    assert told == ["config.toml [connectors.jira] url: must be an address that begins with https://"]


def test_two_systems_cannot_share_an_id(path: Path) -> None:
    assert faults(path, GOOD + '[[systems]]\nid = "ACME"\nname = "Other"') == [
        "config.toml [[systems]] 1 id: ACME is the id of 2 systems",
        "config.toml [[systems]] 2 id: ACME is the id of 2 systems",
    ]


@pytest.mark.parametrize("account", ["os:compliance", "jira:5b10", "code:acme-isso"])
def test_an_account_is_one_persons_and_github_logins_do_not_tell_case_apart(path: Path, account: str) -> None:
    text = changed('role = "ao"', f'role = "ao"\naccounts = ["{account}"]')

    assert faults(path, text) == [
        f'config.toml [people."ao@acme.example"] accounts 1: {account} belongs to isso@acme.example already:'
        " an account is one person's"
    ]


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://acme.atlassian.net", "must begin with https: the token would travel in the clear"),
        (
            "https://bot:hunter2@acme.atlassian.net",
            "must not hold a user or a password: use user and token_env",
        ),
        ("https://acme.atlassian.net/?x=1", "must be the tracker's address alone, without ? or #"),
    ],
)
def test_a_trackers_address_is_plain_and_encrypted(path: Path, url: str, told: str) -> None:
    assert faults(path, changed("https://acme.atlassian.net/", url)) == [f"config.toml [connectors.jira] url: {told}"]


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost:8080", "[::1]:8080"])
def test_only_the_loopback_may_be_spoken_to_in_the_clear(path: Path, host: str) -> None:
    config = loaded(path, changed("https://acme.atlassian.net/", f"http://{host}"))

    assert config.connectors["jira"].base_url == f"http://{host}"


@pytest.mark.parametrize("name", ["localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.8"])
def test_what_only_looks_like_the_loopback_needs_https(path: Path, name: str) -> None:
    assert "https" in faults(path, changed("https://acme.atlassian.net/", f"http://{name}"))[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('token_env = "JIRA_TOKEN"', 'token = "ghp_CaNaRy"'),
        ('token_env = "JIRA_TOKEN"', 'token_env = "ghp_CaNaRy"'),
        ('token_env = "JIRA_TOKEN"', 'token_env = ["ghp_CaNaRy"]'),
        ('project = "SEC"', 'project = "ghp_CaNaRy!"'),
        ('type = "jira"', 'type = "ghp_CaNaRy"'),
        ('interval = "90s"', 'interval = "ghp_CaNaRy"'),
        ("https://acme.atlassian.net/", "https://ghp_CaNaRy@acme.atlassian.net/"),
        ("https://acme.atlassian.net/", "ghp_CaNaRy"),
    ],
)
def test_a_secret_in_the_wrong_place_is_refused_and_never_repeated(path: Path, old: str, new: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loaded(path, changed(old, new))

    assert "CaNaRy" not in "".join(format_exception(caught.value)) + caught.value.hint


def test_a_token_written_into_the_configuration_is_told_where_it_belongs(path: Path) -> None:
    text = changed('token_env = "JIRA_TOKEN"', 'token_env = "JIRA_TOKEN"\ntoken = "x"')

    assert "name its place with token_env or token_file" in faults(path, text)[0]


@pytest.mark.parametrize(
    ("content", "told"),
    [(b"a = ", "is not valid TOML"), (b"\xff\xfe", "is not UTF-8 text"), (None, "there is no such file")],
)
def test_a_file_that_cannot_be_read_is_told_plainly(path: Path, content: bytes | None, told: str) -> None:
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(ConfigError, match=told) as caught:
        load(path)

    assert caught.value.hint


@pytest.mark.parametrize(("text", "seconds"), [("30s", 30), ("2m", 120), ("1h", 3600), ("1d", 86400), (" 5 m ", 300)])
def test_a_duration_is_a_number_and_its_unit(text: str, seconds: int) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "2", "2 minutes", "-1m", "1.5h", "m", 120, True, "１m", "9999999d"])
def test_anything_else_is_no_duration(text: object) -> None:
    with pytest.raises(ValueError, match="write a duration"):
        parse_duration(text)


def test_a_secret_comes_from_the_environment_without_its_line_end(path: Path) -> None:
    settings = loaded(path).connectors["jira"]

    assert secret(settings, {"JIRA_TOKEN": "s3cret\n"}, path.parent) == "s3cret"


def test_a_secret_comes_from_a_file_beside_the_configuration(path: Path) -> None:
    settings = loaded(path).connectors["code"]
    (path.parent / "secrets").mkdir()
    (path.parent / "secrets" / "github").write_text("s3cret\n", encoding="utf-8")

    assert secret(settings, {}, path.parent) == "s3cret"


@pytest.mark.parametrize("environ", [{}, {"JIRA_TOKEN": ""}, {"JIRA_TOKEN": " \n"}])
def test_a_missing_secret_is_told_by_the_name_of_its_variable(path: Path, environ: dict[str, str]) -> None:
    settings = loaded(path).connectors["jira"]

    with pytest.raises(ConfigError, match="environment variable JIRA_TOKEN is not set or empty"):
        secret(settings, environ, path.parent)


@pytest.mark.parametrize("content", [None, b"", b"\xff\xff"])
def test_a_missing_secret_is_told_by_the_name_of_its_file(path: Path, content: bytes | None) -> None:
    settings = loaded(path).connectors["code"]
    (path.parent / "secrets").mkdir()
    if content is not None:
        (path.parent / "secrets" / "github").write_bytes(content)

    with pytest.raises(ConfigError, match="secrets/github"):
        secret(settings, {}, path.parent)


def item(controls: str = "", system: str = "ACME") -> PoamItem:
    return PoamItem(uid="u", system_id=system, poam_id="V-1", controls=controls)


@pytest.mark.parametrize(
    ("controls", "connector"),
    [
        ("SA-11", "code"),
        ("RA-5, SI-2", "code"),
        ("ra-5\nsi-02", "code"),
        ("SI-2 (3)", "code"),
        ("si-2.3", "code"),
        ("SI-20", "jira"),
        ("SA-1", "jira"),
        ("", "jira"),
    ],
)
def test_the_first_route_that_matches_decides_where_an_item_is_mirrored(
    path: Path, controls: str, connector: str
) -> None:
    assert route(loaded(path), item(controls)) == connector


def test_a_route_for_one_system_leaves_the_items_of_another_alone(path: Path) -> None:
    assert route(loaded(path), item("SA-11", system="OTHER")) == "jira"


def test_an_item_that_no_route_takes_is_mirrored_nowhere(path: Path) -> None:
    assert route(loaded(path, changed('[[routes]]\nconnector = "jira"', "")), item("AC-2")) is None


def test_a_route_for_an_enhancement_does_not_take_the_whole_control(path: Path) -> None:
    config = loaded(path, changed('"SI-2"', '"SI-2(3)"'))

    assert [route(config, item(controls)) for controls in ("SI-2", "SI-2(3)", "SI-2(4)")] == [
        "jira",
        "code",
        "jira",
    ]


CODE, JIRA = '[[routes]]\nconnector = "code"\n', '[[routes]]\nconnector = "jira"\n'
ACME, OTHER = 'system = "ACME"\n', 'system = "OTHER"\n'


@pytest.mark.parametrize(
    ("routes", "idle"),
    [
        ([CODE + 'controls = ["SI-2", "AC-3"]\n', JIRA], []),
        ([JIRA, CODE], [2]),
        ([JIRA, CODE + 'controls = ["SI-2"]\n', CODE], [2, 3]),
        ([CODE + 'controls = ["SI-2"]\n', JIRA + 'controls = ["si-02(3)"]\n'], [2]),
        ([CODE + 'controls = ["SI-2(3)"]\n', JIRA + 'controls = ["SI-2"]\n'], []),
        ([CODE + 'controls = ["SI-2"]\n', JIRA + 'controls = ["SI-2, SI-3"]\n'], []),
        ([CODE + 'controls = ["SI-2"]\n', JIRA + 'controls = ["SI-3"]\n', JIRA + 'controls = ["SI-2", "SI-3"]\n'], [3]),
        ([CODE + ACME, JIRA], []),
        ([CODE + ACME, CODE + OTHER, JIRA], [3]),
        ([CODE + ACME, JIRA + OTHER + 'controls = ["SI-2"]\n'], []),
    ],
)
def test_a_route_is_idle_when_those_above_take_all_it_would(path: Path, routes: list[str], idle: list[int]) -> None:
    other = '[[systems]]\nid = "OTHER"\nname = "Other"\n'
    config = loaded(path, GOOD.partition("[[routes]]")[0] + other + "".join(routes))

    assert list(idle_routes(config)) == idle


def test_a_control_is_the_same_however_it_is_written() -> None:
    assert controls_of("AC-2(1)") == controls_of("ac-02 (1)") == controls_of("AC-2.01")
    assert controls_of("3.12.2; CA.L2-3.12.2") == {"3.12.2", "CA.L2-3.12.2"}


def test_names_and_accounts_have_no_blanks_around_them_and_no_look_alikes(path: Path) -> None:
    text = changed("[sync]\n", '[people." ann"]\naccounts = ["jira: ann", "os:Compliance"]\n[people.Ann]\n[sync]\n')
    assert faults(path, text) == [
        'config.toml [people." ann"]: must be a name without blanks around it',
        "config.toml [people.Ann]: differs from  ann only in case or blanks: name them apart",
        'config.toml [people." ann"] accounts 1: jira: ann must be written without blanks: jira:ann',
        'config.toml [people." ann"] accounts 2: os:Compliance belongs to isso@acme.example already:'
        " an account is one person's",
    ]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('quiet_period = "1h"', 'quiet_period = "999999d"', "quiet_period: must be at most 366d"),
        ('interval = "90s"', 'interval = "0s"', "interval: must be more than zero"),
        ('interval = "90s"', "interval = 0", "interval: write a duration as a whole number and its unit"),
        ('"SEC"', '"SEC"\noverlap_minutes = 100000000000', "overlap_minutes: must be less than or equal to 1440"),
        ('"secrets/github"', '"CaNaRy\\u0000"', "token_file: must be a file's path, without control characters"),
    ],
)
def test_what_no_clock_or_disk_could_take_is_told(path: Path, old: str, new: str, told: str) -> None:
    (fault,) = faults(path, changed(old, new))
    assert told in fault
    assert "CaNaRy" not in fault


@pytest.mark.parametrize(
    "token",
    [
        *("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "glpat-aB3dE6gH9jK2mN5pQ8sT", "AbCdEfGh1234567890IjKlMn"),
        *("0c6d1f5e-8c9b-4b7e-9d2a-3f1e5a7b9c0d", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abc"),
    ],
)
def test_a_token_written_where_its_file_belongs_is_never_repeated(path: Path, token: str) -> None:
    config = loaded(path, changed('"secrets/github"', f'"{token}"'))
    with pytest.raises(ConfigError) as caught:
        secret(config.connectors["code"], {}, config.base)
    assert token not in str(caught.value)
    assert "the token file that the configuration names cannot be read" in str(caught.value)


def test_a_token_written_as_a_variable_is_never_repeated(path: Path) -> None:
    config = loaded(path, changed('"JIRA_TOKEN"', '"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"'))
    with pytest.raises(ConfigError) as caught:
        secret(config.connectors["jira"], {}, config.base)
    assert "JBSWY3DPEHPK3PXP" not in str(caught.value)


@pytest.mark.parametrize("token", ["bot–token", "tökén", "two\nlines", "zero\u200bwidth"])
def test_a_token_that_no_tracker_can_have_given_is_not_sent(path: Path, token: str) -> None:
    config = loaded(path, GOOD)
    with pytest.raises(ConfigError, match="holds a character that no token has") as caught:
        secret(config.connectors["jira"], {"JIRA_TOKEN": token}, config.base)
    assert token not in str(caught.value)


def test_a_table_that_stands_twice_is_not_told_to_be_quoted(path: Path) -> None:
    with pytest.raises(ConfigError, match="Cannot declare") as caught:
        loaded(path, f'{GOOD}\n[sync]\ninterval = "1m"\n')
    assert "stands once" in caught.value.hint


def test_a_number_is_no_yes_or_no(path: Path) -> None:
    (told,) = faults(path, changed("[sync.limits]", "[sync.limits]\nmissing_looks = true"))
    assert told.startswith("config.toml [sync.limits] missing_looks:")


def test_a_file_that_is_nested_without_end_is_told_in_one_sentence(path: Path) -> None:
    assert faults(path, f"x = {'[' * 5000}{']' * 5000}") == ["config.toml: is nested too deeply"]
