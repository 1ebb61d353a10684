"""The documentation is true: the example loads, everything is explained, every block and link works."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import click
import pytest
from click.testing import CliRunner, Result
from pydantic import BaseModel

import poam.sync.commands as commands
from poam.sync.deciding.edits import EDITABLE
from poam.sync.demonstration.material import material
from poam.sync.errors import ConfigError
from poam.sync.record.kinds import Conflict, Request
from poam.sync.record.record import Record
from poam.sync.settings.config import Config, RecordSettings, Sync, load
from poam.sync.settings.routes import idle_routes

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "config.example.toml"
PAGES = sorted(["README.md", "CHANGELOG.md", *(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))])
TARGETS = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
BLOCK = re.MULTILINE | re.DOTALL
ROOMS = ("sync", "mapping", "connectors")
THE_RECORD = ("docs/architecture.md", "The record")


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The fenced code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text(page), BLOCK)


def typed(page: str) -> Iterator[list[str]]:
    """What a reader is told to type: the words of each `$ ...` line, up to a pipe or a comment."""
    for block in blocks(page, "console"):
        for line in re.findall(r"^\$ (.+)$", block.replace("\\\n", " "), re.MULTILINE):
            words = shlex.split(line, comments=True)
            yield words[: words.index("|")] if "|" in words else words


[GROUP] = [value for value in vars(commands).values() if isinstance(value, click.Group)]
CONTEXT = click.Context(GROUP)


def command(name: str) -> click.Command:
    """The command of that name, the group itself for the empty one."""
    found = GROUP.get_command(CONTEXT, name) if name else GROUP
    assert found is not None, f"there is no command {name}"
    return found


def options(name: str) -> set[str]:
    """Every option of a command, in all its spellings."""
    shown = [each for each in command(name).params if isinstance(each, click.Option) and not each.hidden]
    return {spelling for option in shown for spelling in (*option.opts, *option.secondary_opts)}


def section(page: str, heading: str) -> str:
    """What stands under the heading that begins so, up to the next heading of its rank or above."""
    quoted = re.sub(r"^```.*?^```", lambda block: block.group().replace("\n#", "\n #"), text(page), flags=BLOCK)
    found = re.search(rf"^(#+) `?{re.escape(heading)}(?!\w).*?(?=^(?!\1#)#{{1,6}} |\Z)", quoted, BLOCK)
    assert found, f"{page} has no section on {heading}"
    return found.group()


def models(model: type[BaseModel] = Config) -> Iterator[type[BaseModel]]:
    """A configuration model and all those inside it."""
    yield model
    for field in model.model_fields.values():
        for inner in within(field.annotation):
            yield from models(inner)


def within(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from within(argument)


OTHER_SECRETS = {"token_file", "app_id", "private_key_file", "installation_id"}
"""Ways to name a secret that exclude the one which the example has."""
KEYS = sorted({name for model in models() for name in model.model_fields})


def written(value: object) -> Iterator[str]:
    """Every key of a parsed TOML document, at any depth."""
    if isinstance(value, Mapping):
        yield from value
        for inner in value.values():
            yield from written(inner)
    if isinstance(value, list):
        for inner in value:
            yield from written(inner)


def test_the_example_configuration_loads() -> None:
    config = load(EXAMPLE)

    assert [system.id for system in config.systems] == ["ACME"]
    assert set(config.connectors) == {"jira", "code"}


@pytest.mark.parametrize("key", [key for key in KEYS if key not in OTHER_SECRETS])
def test_the_example_configuration_shows_every_key(key: str) -> None:
    assert key in set(written(tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_of_the_configuration_is_explained(key: str) -> None:
    assert f"`{key}`" in text("docs/configuration.md")


@pytest.mark.parametrize("model", list(models()), ids=lambda model: model.__name__)
def test_every_default_is_documented(model: type[BaseModel]) -> None:
    told = set(re.findall(r"^\| `(\w+)` \| (?:one of both )?(.+?) \|", text("docs/configuration.md"), re.MULTILINE))
    plain = {name: f.default for name, f in model.model_fields.items() if isinstance(f.default, str | int | float)}
    defaults = {(name, f"`{json.dumps(default)}`") for name, default in plain.items() if default != ""}
    needed = {(name, "*needed*") for name, field in model.model_fields.items() if field.is_required()}

    assert (defaults | needed) - told - {("systems", "*needed*")} == set()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [('due_field = "duedate"', 'due_filed = "duedate"'), ('connector = "jira"', 'connector = "jria"')],
)
def test_the_errors_the_page_shows_are_the_errors_told(right: str, wrong: str, tmp_path: Path) -> None:
    broken = tmp_path / "config.toml"
    broken.write_text(EXAMPLE.read_text(encoding="utf-8").replace(right, wrong), encoding="utf-8")

    with pytest.raises(ConfigError) as told:
        load(broken)
    assert str(told.value).replace(str(broken), broken.name) in blocks("docs/configuration.md", "text")[0].splitlines()


def test_the_example_shows_the_engine_with_its_defaults() -> None:
    config = load(EXAMPLE)

    assert (config.record, config.sync) == (RecordSettings(), Sync())


@pytest.mark.parametrize("name", ["", *GROUP.list_commands(CONTEXT)])
def test_every_command_and_option_is_explained(name: str) -> None:
    page = section("docs/commands.md", f"poam {name}") if name else text("docs/commands.md")
    explained = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", page))

    assert options(name) - explained == set()


@pytest.mark.parametrize("page", PAGES)
def test_every_toml_block_parses(page: str) -> None:
    for block in blocks(page, "toml"):
        assert tomllib.loads(block)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_a_page_tells_to_type_exists_with_its_options(page: str) -> None:
    names = set(GROUP.list_commands(CONTEXT))
    for words in typed(page):
        if words[0] == "make":
            assert set(words[1:2]) <= set(TARGETS), words
        if words[0] == "poam":
            name = next((word for word in words if word in names), "")
            given = {word.partition("=")[0] for word in words if re.match(r"--?[a-z]", word)}
            assert given <= options(name) | options("") | {"-h", "--help"}, words
            assert name or given & {"-h", "--help", "--version"}, words


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings: small letters, no punctuation, hyphens for spaces."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_inside_the_project_resolves(page: str) -> None:
    here = ROOT / page
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)):
        if not re.match(r"[a-z]+:", link):
            name, _, anchor = link.partition("#")
            target = (here.parent / name) if name else here
            assert target.exists(), link
            assert not anchor or anchor in anchors(target), link


PACKAGES = {
    package: {path.name for path in (ROOT / package).glob("*.py")}
    for package in sorted(
        str(init.parent.relative_to(ROOT)) for room in ROOMS for init in (ROOT / room).rglob("__init__.py")
    )
}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_architecture_has_a_line_for_every_module_and_no_other(package: str) -> None:
    listed = re.findall(r"^- `(\w+\.py)`: .+\.$", section("docs/architecture.md", f"{package}/`"), re.MULTILINE)

    assert len(listed) == len(set(listed))
    assert set(listed) - {"__init__.py"} == PACKAGES[package] - {"__init__.py"}


def test_the_architecture_names_every_table_of_the_record(tmp_path: Path) -> None:
    with Record.create(tmp_path / "poam.db", record_id="r", at="2026-01-01T00:00:00.000Z") as record:
        tables = set(record.db.table_names())

    explained = re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| `.*?\|", section(*THE_RECORD), re.MULTILINE)))
    assert tables == set(explained)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `poam init` and `poam import` leave it, with an item reopened, and no tracker."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "poam.xlsx").write_bytes(material("harbor", "2026-01-15").workbook)
    for words in (
        "init --yes --system-id HARBOR --system-name 'Harbor Cloud'",
        "import poam.xlsx --yes",
        "transition V-0991 open --reason again --evidence https://acme.example/scan",
    ):
        assert ran(folder, *shlex.split(words)).exit_code == 0
    return folder


def ran(folder: Path, *words: str) -> Result:
    """A command line, with the paths of the folder."""
    inside = [str(folder / word) if word.endswith(".xlsx") else word for word in words]
    return CliRunner().invoke(GROUP, ["--config", str(folder / "config.toml"), *inside])


def names(value: object) -> set[str]:
    """Every name in a JSON value with its path: `systems.late`."""
    if isinstance(value, list):
        return set().union(*map(names, value))
    if isinstance(value, dict):
        return {name for key, inner in value.items() for name in (key, *(f"{key}.{n}" for n in names(inner)))}
    return set()


def outermost(value: object) -> tuple[str, ...]:
    """The names of an object, or of the first one in an array, in their order."""
    first = value[0] if isinstance(value, list) else value
    return tuple(first) if isinstance(first, dict) else ()


@pytest.mark.parametrize(
    "words",
    [
        *(
            "doctor",
            "import poam.xlsx",
            "plan",
            "sync",
            "status",
            "show V-0991",
            "history V-0991",
            "explain V-0991 late",
        ),
        *("export fedramp -o out.xlsx", "verify"),
    ],
)
def test_the_json_that_a_command_prints_is_the_json_that_is_documented(folder: Path, words: str) -> None:
    documented = section("docs/commands.md", f"poam {words.split()[0]}")
    [example] = re.findall(r"^```json\n(.*?)^```$", documented, BLOCK)
    printed, told = json.loads(ran(folder, *words.split(), "--json").stdout), json.loads(example)

    assert names(printed) - names(told) == set()
    assert outermost(printed) == outermost(told)


ENDING = {"connector", "key", "url", "rule", "commands", "commands.command", "commands.effect"}


@pytest.mark.parametrize(("name", "kind", "more"), [("requests", Request, set()), ("conflicts", Conflict, ENDING)])
def test_the_documented_requests_and_conflicts_have_the_columns_of_the_record(
    name: str, kind: type, more: set[str]
) -> None:
    [example] = re.findall(r"^```json\n(.*?)^```$", section("docs/commands.md", f"poam {name}"), BLOCK)

    assert names(json.loads(example)) == {field.name for field in fields(kind)} | {"system_id", "poam_id"} | more


def test_every_field_that_can_be_set_is_listed() -> None:
    rows = re.findall(r"^\| (`.*?) \|", section("docs/commands.md", "poam set"), re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", " ".join(rows))) == set(EDITABLE)


def test_the_readmes_configuration_loads_and_leads_items_to_both_trackers(tmp_path: Path) -> None:
    [whole] = [block for block in blocks("README.md", "toml") if "[[systems]]" in block]
    path = tmp_path / "config.toml"
    path.write_text(whole, encoding="utf-8")
    config = load(path)

    assert {config.connectors[each.connector].type for each in config.routes} == {"jira", "github"}
    assert [*idle_routes(config)] == []


def test_the_readme_makes_all_ten_promises() -> None:
    assert re.findall(r"^\| (\d+) \|", section("README.md", "What it promises"), re.MULTILINE) == [
        str(number) for number in range(1, 11)
    ]


def test_the_readme_names_every_command() -> None:
    told = set(re.findall(r"`poam ([a-z]+)`", section("README.md", "Commands")))

    assert set(GROUP.list_commands(CONTEXT)) - told == set()


def test_the_readme_leads_to_every_page_of_the_documentation() -> None:
    assert [page for page in PAGES if page.startswith("docs/") and f"({page}" not in text("README.md")] == []
