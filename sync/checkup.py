"""What `poam doctor` looks at. Checks yield findings with a remedy and change nothing."""

from __future__ import annotations

import stat
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path

from ..connectors import connect
from ..connectors.base import Health, Tracker
from ..connectors.errors import TrackerError
from ..mapping.life import MIRRORED_STATES
from .errors import PoamSyncError
from .record.database import journal_mode, must_be_undamaged, plainly, source, sqlite3
from .record.items import load as load_items
from .record.memory import remembered
from .record.mirrors import links_of
from .record.record import Record
from .record.schema import MIGRATIONS, expected_fingerprint, fingerprint
from .record.verify import problems
from .settings.config import Config, secret, webhook_secrets
from .settings.people import person_of, who
from .settings.routes import idle_routes, route
from .settings.systems import left_out
from .telling.standing import counted, instant
from .webhooks.inbox import Inbox, InboxError

SKEW = timedelta(minutes=5)
"""How far clocks may differ: times of both sides stand side by side in the journal."""


class Level(StrEnum):
    """How bad a finding is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: about what, what is so, and what to do about it."""

    level: Level
    subject: str
    text: str
    remedy: str = ""


Told = Iterator[Finding]


def refused(subject: str, error: PoamSyncError | TrackerError) -> Finding:
    """An error as a finding."""
    return Finding(Level.PROBLEM, subject, str(error), error.hint)


def check_sqlite() -> Told:
    """Which SQLite is in use and how the record is kept safe with it."""
    mode, level, why = journal_mode()
    yield Finding(
        Level.OK,
        "sqlite",
        f"SQLite {sqlite3.sqlite_version} from {source()}; journal {mode}, synchronous {level}: {why}",
    )


def check_people(config: Config, user: str) -> Told:
    """Whether anybody can decide, and whether the one who asks is known."""
    if not any(person.role == "isso" for person in config.people.values()):
        remedy = 'give a person of [people] role = "isso"'
        yield Finding(Level.WARNING, "people", "nobody has the role isso: nothing can be verified or closed", remedy)
    try:
        who(config, user)
    except PoamSyncError as error:
        yield Finding(Level.WARNING, "people", str(error), error.hint)


def check_routes(config: Config) -> Told:
    """Whether there is anything to mirror to, and every route can be reached: the first that matches takes the item."""
    if not config.connectors:
        yield Finding(Level.OK, "routes", "no tracker is configured: the record works alone, and nothing is mirrored")
    for number in idle_routes(config):
        told = (
            f"route {number}, to {config.routes[number - 1].connector}, never gets an item: the routes above take all"
        )
        yield Finding(Level.WARNING, "routes", told, "put special [[routes]] first, the one without conditions last")


def check_record(config: Config) -> Told:
    """Whether the record can be read, is of this version, guarded and private, and where its items go."""
    path = config.record_path
    try:
        with Record.read(path) as record, plainly(path):
            must_be_undamaged(path, record.db)
            yield from _schema(record)
            yield from _contents(record, config)
    except PoamSyncError as error:
        yield refused("record", error)
        return
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(Level.WARNING, "record", f"{path} is readable by others", f"chmod 600 {path}")


def _schema(record: Record) -> Told:
    version = record.db.conn.execute("PRAGMA user_version").fetchone()[0]
    if version > len(MIGRATIONS):
        text = f"schema version {version} is newer than this poam-sync, which knows {len(MIGRATIONS)}"
        yield Finding(Level.PROBLEM, "record", text, "install the newer poam-sync")
    elif version < len(MIGRATIONS):
        text = f"schema version {version} is older than {len(MIGRATIONS)}; the next writing command brings it up"
        yield Finding(Level.WARNING, "record", text, "poam backup FILE first")
    elif fingerprint(record.db) != expected_fingerprint():
        text = "its tables or guards were changed outside poam-sync"
        yield Finding(Level.PROBLEM, "record", text, "run poam verify, then restore a backup")
    elif found := [*problems(record.db)]:
        text = f"{record.path} does not equal its history: {counted(len(found), 'difference')}, first: {found[0]}"
        yield Finding(Level.PROBLEM, "record", text, "run poam verify, keep this file, and restore a backup")
    else:
        seq, head = record.head
        text = f"{record.path}: schema version {version}, journal at {seq} ({head[:12] or 'empty'})"
        yield Finding(Level.OK, "record", text)


def _contents(record: Record, config: Config) -> Told:
    items = load_items(record.db)
    if lost := left_out(record.db, config):
        yield refused("systems", lost)
    for name, settings in config.connectors.items():
        was = remembered(record.db, f"place:{name}")
        if was not in (None, settings.place):
            told = f"it is {settings.place} now, and our issues were made at {was}"
            remedy = "right where that was renamed; else put it back, and give the new place a name of its own"
            yield Finding(Level.WARNING, f"connectors.{name}", told, remedy)
    unrouted = [item.poam_id for item in items if item.state in MIRRORED_STATES and route(config, item) is None]
    if unrouted and config.routes:
        shown = ", ".join(unrouted[:5]) + (", ..." if len(unrouted) > 5 else "")
        text = f"{len(unrouted)} of {len(items)} items match no route and are mirrored nowhere: {shown}"
        yield Finding(Level.WARNING, "routes", text, "add a last [[routes]] table with a connector alone")
    elif not config.routes and (config.connectors or unrouted):
        text = "there are connectors but no routes" if config.connectors else "there are open items but no connector"
        remedy = "add a [[routes]] table" if config.connectors else "add a [connectors.NAME] table and its [[routes]]"
        yield Finding(Level.WARNING, "routes", f"{text}: nothing will be mirrored", remedy)


@dataclass(frozen=True, slots=True)
class Ask:
    """How trackers are asked: with which secrets, when, how to wait, and whether to read our issues too."""

    environ: Mapping[str, str]
    now: datetime
    sleep: Callable[[float], None]
    probe: bool = False


def check_connectors(config: Config, ask: Ask) -> Told:
    """Every connector, one after the other; one that fails does not hide the next."""
    for name in config.connectors:
        try:
            yield from _connector(config, name, ask)
        except (PoamSyncError, TrackerError) as error:
            yield refused(f"connectors.{name}", error)


def _connector(config: Config, name: str, ask: Ask) -> Told:
    settings, subject = config.connectors[name], f"connectors.{name}"
    token = secret(settings, ask.environ, config.base)
    if settings.secret_file:
        kind = "token file" if settings.secret_file == settings.token_file else "private key"
        yield from _private(subject, kind, config.base / settings.secret_file)
    tracker = connect(name, settings, token, sleep=ask.sleep)
    try:
        health = tracker.check()
        yield from _health(subject, health, settings.text)
        if not health.problems:
            yield from _skew(subject, health.server_time, ask.now)
            yield from _own_account(config, name, health.account.id)
        if ask.probe:
            yield _probe(subject, tracker, _markers(config, name))
    finally:
        tracker.close()


def _private(subject: str, kind: str, path: Path) -> Told:
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(Level.WARNING, subject, f"the {kind} {path} is readable by others", f"chmod 600 {path}")


def _health(subject: str, health: Health, text: str) -> Told:
    for level, sentences in ((Level.PROBLEM, health.problems), (Level.WARNING, health.warnings)):
        for sentence in sentences:
            told, _, remedy = sentence.rpartition("; ")
            yield Finding(level, subject, told or remedy, remedy if told else "")
    if not health.problems and health.visibility != "private" and text != "neutral":
        seen = "is public" if health.visibility == "public" else "cannot be proven private"
        told = f"{health.container} {seen}, so {text} text must not go there"
        yield Finding(Level.PROBLEM, subject, told, 'set text = "neutral", or make it private')
    if not health.problems:
        account = health.account.name or health.account.id
        told = f"{health.deployment}, {health.container} ({health.visibility}) as {account}, {text} text"
        yield Finding(Level.OK, subject, told)


def _own_account(config: Config, name: str, account: str) -> Told:
    """Our edits are told from people's by the account: what a person does with ours counts as nobody's."""
    person = person_of(config, name, account).person
    if person in config.people:
        told = f"the token is {person}'s own account: what they do at {name} cannot be told from our edits"
        remedy = "make an account for poam-sync, and give it the token"
        yield Finding(Level.WARNING, f"connectors.{name}", told, remedy)


def _skew(subject: str, server_time: str, now: datetime) -> Told:
    try:
        apart = abs(datetime.fromisoformat(server_time).astimezone(UTC) - now)
    except ValueError:
        return
    if apart > SKEW:
        told = f"its clock and ours are {apart.total_seconds() / 60:.0f} minutes apart"
        yield Finding(Level.WARNING, subject, told, "let this machine take its time from a time server")


def _probe(subject: str, tracker: Tracker, markers: Collection[str]) -> Finding:
    """Reads our issues as a full cycle would; other records may share the place."""
    issues = tracker.changed_since(None).issues
    ours = sum(issue.marker in markers for issue in issues)
    told = f"{counted(len(issues), 'issue')} with a mark of poam-sync, {ours} of them of this record"
    return Finding(Level.OK, subject, told)


def _markers(config: Config, name: str) -> frozenset[str]:
    """The marks of this record's issues; none where it cannot be read, which is told elsewhere."""
    try:
        with Record.read(config.record_path) as record:
            return frozenset(link.marker for link in links_of(record.db, name))
    except PoamSyncError:
        return frozenset()


_REGISTER = {
    "github": "in the repository's settings under Webhooks add one: payload URL https://YOUR-HOST/webhooks/{name},"
    " content type application/json, the secret, the events Issues and Issue comments",
    "jira": "as Jira's administrator under System, WebHooks add one: URL https://YOUR-HOST/webhooks/{name}, the secret,"
    " the events created, updated and deleted of issues and of comments",
}


def check_webhooks(config: Config, environ: Mapping[str, str]) -> Told:
    """Whether webhooks arrive, and how to register those that never did."""
    try:
        arrived = Inbox(config.record_path).arrivals()
    except InboxError as error:
        yield refused("webhooks", error)
        arrived = {}
    for name in config.connectors:
        try:
            yield from _webhook(config, name, arrived.get(name, ""), environ)
        except PoamSyncError as error:
            yield refused(f"webhooks.{name}", error)


def _webhook(config: Config, name: str, arrived: str, environ: Mapping[str, str]) -> Told:
    settings, subject, listen = config.connectors[name], f"webhooks.{name}", config.webhooks.listen
    secrets = webhook_secrets(settings, environ, config.base)
    for path in settings.webhook_secret_file:
        yield from _private(subject, "webhook secret file", config.base / path)
    if secrets and not listen:
        remedy = 'set listen = "127.0.0.1:8787" in [webhooks]'
        yield Finding(Level.WARNING, subject, "a secret is named, but nobody listens", remedy)
    elif listen and not secrets:
        told = "no secret is named, so the tracker is asked at the interval only"
        yield Finding(Level.OK, subject, told, "name one with webhook_secret_env or webhook_secret_file")
    elif secrets and not arrived:
        remedy = f"{_REGISTER[settings.type].format(name=name)}; YOUR-HOST leads to {listen}, where poam run listens"
        yield Finding(Level.WARNING, subject, "no delivery has arrived yet", remedy)
    elif secrets:
        told = f"the last delivery arrived at {instant(arrived)}; poam run listens at {listen}"
        yield Finding(Level.OK, subject, told)
