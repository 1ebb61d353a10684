"""Webhooks over real HTTP: what is let in and what is not, what survives, and how the daemon wakes for it."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from urllib.parse import urlsplit

import pytest

from poam.connectors.base import Tracker
from poam.connectors.hints import Hint
from poam.connectors.sandbox.jira import ENGINEER
from poam.connectors.sandbox.server import Fault
from poam.connectors.sandbox.webhooks import Delivery, GithubHook, JiraHook, signature
from poam.mapping.item import WorkStatus
from poam.sync.commands.daemon import Told, cycle, is_worth_a_cycle, taking_hints
from poam.sync.commands.frame import Frame
from poam.sync.errors import ConfigError
from poam.sync.record.items import load as load_items
from poam.sync.record.record import Record
from poam.sync.settings.config import Webhooks, load
from poam.sync.telling.health import health_path
from poam.sync.webhooks import reception
from poam.sync.webhooks.inbox import Inbox, InboxError

from .two_trackers import Loop, item_for, two_trackers

SECRETS = {"jira": "an-old-secret-of-jira", "code": "a-secret-of-github"}
NEWER = "a-newer-secret-of-jira"
AT_ALL_TRACKERS = ("jira", "code")


@dataclass
class Post:
    """Two trackers with their webhooks, and the daemon's parts between whose cycles deliveries come in."""

    loop: Loop
    url: str
    trackers: Mapping[str, Tracker]
    rung: Event
    told: Told = field(default_factory=Told)

    @property
    def frame(self) -> Frame:
        return Frame(self.loop.stage.config, clock=self.loop.clock.now)

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.loop.config.record_path)

    @property
    def hooks(self) -> dict[str, GithubHook | JiraHook]:
        """The engineers' webhooks."""
        return hooks(self.loop)

    def deliver(self, delivery: Delivery, connector: str = "code") -> int:
        return delivery.send(f"{self.url}/webhooks/{connector}")

    def cycle(self) -> list[str]:
        """One cycle of the daemon; the requests at GitHub."""
        self.loop.requests("code")
        self.told = cycle(self.frame, self.trackers, self.told)
        return self.loop.requests("code")

    def waiting(self) -> list[tuple[str, str]]:
        """The hints that wait, as connector and issue."""
        return [(name, each.issue_id) for name, hints in self.inbox.waiting().hints.items() for each in hints]

    def is_worth_a_cycle(self) -> bool:
        return is_worth_a_cycle(self.frame, self.inbox, self.told)

    def work_status(self, n: int) -> WorkStatus:
        with Record.read(self.loop.config.record_path) as record:
            return load_items(record.db, "uid = ?", (f"uid-{n}",))[0].work_status


def reads(requests: list[str], issue_id: str) -> int:
    """How often the issue itself was read."""
    return sum(1 for each in requests if each.startswith("GET") and each.endswith(f"/issues/{issue_id}"))


def hooks(loop: Loop) -> dict[str, GithubHook | JiraHook]:
    jira = JiraHook(loop.stage.jira.url, (ENGINEER.email, ENGINEER.token), SECRETS["jira"])
    return {"jira": jira, "code": GithubHook(loop.stage.github.url, "acme/web", "maya-token", SECRETS["code"])}


def with_webhooks(loop: Loop, more: str = "") -> None:
    """Configures them: two secrets in use at Jira, one at GitHub."""
    text = loop.stage.config.read_text(encoding="utf-8")
    jira, github = 'token_file = "jira.token"', 'token_file = "github.token"'
    text = text.replace(jira, f'{jira}\nwebhook_secret_file = ["jira.new", "jira.old"]')
    text = text.replace(github, f'{github}\nwebhook_secret_file = "github.hook"')
    text += f'\n[webhooks]\nlisten = "127.0.0.1:0"\nleast_rest = "0s"\n{more}'
    loop.stage.config.write_text(text, encoding="utf-8")
    for name, secret in {"jira.new": NEWER, "jira.old": SECRETS["jira"], "github.hook": SECRETS["code"]}.items():
        (loop.stage.folder / name).touch(mode=0o600)
        (loop.stage.folder / name).write_text(f"{secret}\n", encoding="utf-8")


@contextmanager
def posted(folder: Path) -> Iterator[Post]:
    """A post whose items are mirrored and in step."""
    with two_trackers(folder, item_for("jira", 1), item_for("code", 2)) as loop:
        with_webhooks(loop)
        rung, frame = Event(), Frame(loop.stage.config, clock=loop.clock.now)
        with (
            loop.process() as trackers,
            taking_hints(frame, Inbox(loop.config.record_path), rung.set) as url,
        ):
            post = Post(loop, url, trackers, rung)
            for _ in range(3):
                post.cycle()
                loop.clock.advance(hours=1)
            yield post


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Post]:
    """One post for what is refused, and so changes nothing."""
    with posted(tmp_path_factory.mktemp("webhooks") / "post") as post:
        yield post


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    with posted(tmp_path / "post") as ready:
        yield ready


# What is refused leaves nothing behind


@pytest.fixture
def refuses(shared: Post) -> Iterator[Post]:
    """The shared post, which must not remember a thing of the test."""
    before = (shared.waiting(), dict(shared.inbox.arrivals()))
    shared.rung.clear()
    yield shared
    assert ((shared.waiting(), dict(shared.inbox.arrivals())), shared.rung.is_set()) == (before, False)


@pytest.mark.parametrize(
    "forge",
    [
        lambda delivery: delivery.changed(x_hub_signature_256=""),
        lambda delivery: delivery.changed(x_hub_signature_256="sha256=" + "0" * 64),
        lambda delivery: delivery.changed(delivery.body.replace(b'"edited"', b'"closed"')),
        lambda delivery: delivery.changed(delivery.body + b"\n"),
        lambda delivery: Delivery(GithubHook("", "", "", "guessed").of({}, "issues").headers, delivery.body),
    ],
)
def test_a_delivery_that_nobody_with_our_secret_signed_is_refused(
    refuses: Post, forge: Callable[[Delivery], Delivery]
) -> None:
    assert refuses.deliver(forge(refuses.hooks["code"].delivery("1"))) == 401


def test_a_secret_opens_its_own_connector_only(refuses: Post) -> None:
    assert refuses.deliver(refuses.hooks["code"].delivery("1"), "jira") == 401


@pytest.mark.parametrize("path", ["/webhooks/other", "/webhooks/", "/webhooks", "/", "/webhooks/code/x"])
def test_nobody_listens_where_no_secret_is_configured(refuses: Post, path: str) -> None:
    delivery = refuses.hooks["code"].delivery("1")

    assert delivery.send(refuses.url + path) == 404


def test_a_delivery_larger_than_a_megabyte_is_refused_before_it_is_read(refuses: Post) -> None:
    with closing(http.client.HTTPConnection(urlsplit(refuses.url).netloc, timeout=30)) as connection:
        connection.putrequest("POST", "/webhooks/code")
        connection.putheader("Content-Length", "1000001")
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_a_delivery_that_does_not_say_how_large_it_is_is_cut_off_all_the_same(refuses: Post) -> None:
    with closing(http.client.HTTPConnection(urlsplit(refuses.url).netloc, timeout=30)) as connection:
        connection.putrequest("POST", "/webhooks/code")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        for _ in range(2):
            connection.send(b"7a120\r\n" + b"x" * 500_000 + b"\r\n")
        connection.send(b"1\r\nx\r\n")
        assert connection.getresponse().status == 413


def test_content_that_does_not_come_is_not_waited_for(refuses: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reception, "MOST_SECONDS", 0.01)
    with closing(http.client.HTTPConnection(urlsplit(refuses.url).netloc, timeout=30)) as connection:
        connection.putrequest("POST", "/webhooks/code")
        connection.putheader("Content-Length", "10")
        connection.endheaders()
        assert connection.getresponse().status == 408


def test_a_delivery_that_breaks_off_leaves_the_listener_well(refuses: Post) -> None:
    with closing(http.client.HTTPConnection(urlsplit(refuses.url).netloc, timeout=30)) as connection:
        connection.putrequest("POST", "/webhooks/code")
        connection.putheader("Content-Length", "10")
        connection.endheaders(b"{")

    assert health(refuses) in (200, 503)


def test_a_signed_form_is_refused_with_what_to_do(refuses: Post) -> None:
    form = b"payload=%7B%7D"
    delivery = Delivery({"x-github-event": "issues", "x-hub-signature-256": signature(SECRETS["code"], form)}, form)

    assert refuses.deliver(delivery) == 400


# What is let in


@pytest.mark.parametrize("connector", AT_ALL_TRACKERS)
def test_a_hint_waits_until_a_cycle_has_read_the_issue(post: Post, connector: str) -> None:
    n = AT_ALL_TRACKERS.index(connector) + 1
    remote = post.loop.remote(n)
    post.loop.stage.people[connector].start(remote)
    assert post.deliver(post.hooks[connector].delivery(remote), connector) == 202
    assert (post.waiting(), post.rung.is_set(), post.is_worth_a_cycle()) == ([(connector, remote)], True, True)

    post.cycle()
    assert (post.work_status(n), post.waiting()) == (WorkStatus.IN_PROGRESS, [])


def test_while_a_secret_is_exchanged_either_is_good(post: Post) -> None:
    for secret in (NEWER, SECRETS["jira"]):
        hook = JiraHook(post.loop.stage.jira.url, (ENGINEER.email, ENGINEER.token), secret)
        assert post.deliver(hook.delivery(post.loop.remote(1)), "jira") == 202


def test_a_delivery_that_comes_twice_is_one_hint_and_after_its_cycle_none(post: Post) -> None:
    delivery = post.hooks["code"].delivery(post.loop.remote(2))
    assert [post.deliver(delivery), post.deliver(delivery), len(post.waiting())] == [202, 202, 1]

    post.cycle()
    assert [post.deliver(delivery), post.waiting()] == [200, []]


def test_a_delivery_recorded_by_a_stranger_is_not_new_under_another_id(post: Post) -> None:
    delivery = post.hooks["code"].delivery(post.loop.remote(2))
    post.deliver(delivery)
    post.cycle()

    assert [post.deliver(delivery.changed(x_github_delivery="another")), post.waiting()] == [200, []]


def test_an_old_delivery_takes_nothing_back(post: Post) -> None:
    remote, maya = post.loop.remote(2), post.loop.stage.people["code"]
    maya.start(remote)
    old = post.hooks["code"].delivery(remote, "labeled")
    maya.close(remote)
    post.cycle()
    assert post.deliver(old) == 202

    assert reads(post.cycle(), remote) == 1
    assert post.work_status(2) is WorkStatus.DONE


def test_twenty_deliveries_for_one_issue_are_one_read(post: Post) -> None:
    remote = post.loop.remote(2)
    with ThreadPoolExecutor(8) as pool:
        deliveries = [post.hooks["code"].delivery(remote, f"edited-{n}") for n in range(20)]
        assert set(pool.map(post.deliver, deliveries)) == {202}

    assert reads(post.cycle(), remote) == 1


def test_a_cycle_that_fails_keeps_its_hints_for_the_next_one(post: Post) -> None:
    remote = post.loop.remote(2)
    post.deliver(post.hooks["code"].delivery(remote))
    post.loop.stage.github.faults.append(Fault("GET", "/issues$", 401, times=9))
    post.cycle()
    assert post.waiting() == [("code", remote)]
    assert not post.is_worth_a_cycle(), "a tracker that does not let us in is left to the interval"

    post.loop.stage.github.faults.clear()
    post.cycle()
    assert post.waiting() == []


def test_a_tracker_that_wants_to_be_left_alone_is_not_woken_for(post: Post) -> None:
    limit = Fault("GET", "/issues$", 429, headers={"Retry-After": "3600"}, times=9)
    post.loop.stage.github.faults.append(limit)
    post.cycle()
    post.loop.stage.github.faults.clear()
    post.deliver(post.hooks["code"].delivery(post.loop.remote(2)))
    post.deliver(post.hooks["jira"].delivery(post.loop.remote(1)), "jira")
    assert post.is_worth_a_cycle(), "the other one wants nothing"

    post.cycle()
    assert (post.waiting(), post.is_worth_a_cycle()) == ([("code", post.loop.remote(2))], False)
    post.loop.clock.advance(minutes=61)
    assert post.is_worth_a_cycle()


def test_a_disk_that_fails_while_the_daemon_rests_does_not_end_it(post: Post, tmp_path: Path) -> None:
    post.deliver(post.hooks["code"].delivery(post.loop.remote(2)))
    assert post.is_worth_a_cycle()
    config = post.loop.stage.config
    config.write_text(config.read_text(encoding="utf-8").replace("poam.db", "x" * 300), encoding="utf-8")
    frame = Frame(config, clock=post.loop.clock.now)

    assert not is_worth_a_cycle(frame, post.inbox, post.told)


def test_an_event_about_no_issue_is_acknowledged_and_tells_that_deliveries_arrive(post: Post) -> None:
    hook = post.hooks["code"]
    assert isinstance(hook, GithubHook)

    assert [post.deliver(hook.of({"zen": "Speak like a human."}, "ping")), post.waiting()] == [204, []]
    assert (set(post.inbox.arrivals()), post.rung.is_set()) == ({"code"}, False)


def test_an_issue_that_is_not_ours_is_no_reason_for_a_cycle(post: Post) -> None:
    maya = post.loop.stage.people["code"]
    copy = maya.clone(post.loop.remote(2))
    assert post.deliver(post.hooks["code"].delivery(copy, "opened")) == 202
    assert not post.is_worth_a_cycle()

    post.cycle()
    assert post.waiting() == []


def test_our_own_writes_are_no_reason_for_a_cycle(post: Post) -> None:
    ours = GithubHook(post.loop.stage.github.url, "acme/web", "bot-token", SECRETS["code"])
    assert post.deliver(ours.delivery(post.loop.remote(2))) == 202

    assert not post.is_worth_a_cycle()


def test_deliveries_come_in_while_a_cycle_holds_the_record(post: Post) -> None:
    with Record.open(post.loop.config.record_path) as record, record.unit(at="2026-03-02T18:00:00.000Z"):
        assert post.deliver(post.hooks["code"].delivery(post.loop.remote(2))) == 202


# The inbox


def test_a_damaged_inbox_is_made_anew_since_it_holds_no_facts(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "poam.db")
    inbox.path.write_bytes(b"no database at all" * 100)
    inbox.prepare()

    assert inbox.waiting().hints == {}
    assert inbox.path.stat().st_mode & 0o077 == 0


def test_a_damaged_inbox_that_cannot_be_made_anew_is_told(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "poam.db")
    inbox.path.write_bytes(b"no database at all" * 100)
    (tmp_path / "poam.db.inbox-shm").mkdir()

    with pytest.raises(InboxError, match=r"poam\.db\.inbox cannot be used"):
        inbox.prepare()


def test_an_inbox_on_a_disk_that_fails_is_told_by_whoever_looks(tmp_path: Path) -> None:
    for look in (Inbox(tmp_path / ("x" * 300)).waiting, Inbox(tmp_path / ("x" * 300)).arrivals):
        with pytest.raises(InboxError, match="cannot be used: File name too long"):
            look()


def test_an_inbox_that_breaks_meanwhile_is_told_and_the_cycles_go_on(
    post: Post, capsys: pytest.CaptureFixture[str]
) -> None:
    post.inbox.path.write_bytes(b"no database at all" * 100)
    assert post.deliver(post.hooks["code"].delivery(post.loop.remote(2))) == 503
    post.loop.stage.people["code"].start(post.loop.remote(2))
    post.cycle()

    assert "poam.db.inbox cannot be used" in capsys.readouterr().err
    assert post.work_status(2) is WorkStatus.IN_PROGRESS


def test_a_delivery_is_known_again_for_a_week(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "poam.db")
    inbox.prepare()
    delivery = ("code", Hint("1", "7", "issues"), "digest")
    assert inbox.keep(*delivery, "2026-03-02T12:00:00.000Z")
    inbox.handled("code", inbox.waiting().until, "2026-03-09T12:00:00.000Z")
    assert not inbox.keep(*delivery, "2026-03-09T12:00:00.000Z")

    inbox.handled("code", 0, "2026-03-09T12:00:00.001Z")
    assert inbox.keep(*delivery, "2026-03-09T12:00:00.002Z")


def test_who_looks_at_an_inbox_that_is_not_there_makes_none(tmp_path: Path) -> None:
    inbox = Inbox(tmp_path / "poam.db")

    assert (inbox.arrivals(), inbox.waiting().hints, list(tmp_path.iterdir())) == ({}, {}, [])


def test_an_inbox_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(InboxError, match=r"poam\.db\.inbox cannot be used"):
        Inbox(tmp_path / "nowhere" / "poam.db").prepare()


# Health


def health(post: Post) -> int:
    with closing(http.client.HTTPConnection(urlsplit(post.url).netloc, timeout=30)) as connection:
        connection.request("GET", "/health")
        return connection.getresponse().status


def test_the_health_is_good_while_the_last_cycle_is_fresh(post: Post) -> None:
    post.cycle()
    assert health(post) == 200
    post.loop.clock.advance(minutes=7)
    assert health(post) == 503
    post.cycle()
    assert health(post) == 200
    health_path(post.loop.config.record_path).unlink()
    assert health(post) == 503


# The daemon itself


@contextmanager
def daemon(loop: Loop, *words: str) -> Iterator[subprocess.Popen[str]]:
    """`poam run` as a process."""
    code = "import sys; from poam.sync.commands import poam; poam.main(sys.argv[1:])"
    command = [sys.executable, "-u", "-c", code, "--config", str(loop.stage.config), *words, "run"]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ) as process:
        try:
            yield process
        finally:
            process.kill()


def line_with(process: subprocess.Popen[str], text: str) -> str:
    """The next line it prints that holds the text."""
    assert process.stdout is not None
    for line in process.stdout:
        if text in line:
            return line
    raise AssertionError(f"it never said {text!r}: {process.stderr and process.stderr.read()}")


def test_the_daemon_wakes_for_a_hint_long_before_its_interval_ends_and_stops_at_once(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("code", 2)) as loop:
        with_webhooks(loop)
        text = loop.stage.config.read_text(encoding="utf-8")
        loop.stage.config.write_text(text.replace('interval = "2m"', 'interval = "1d"'), encoding="utf-8")
        with daemon(loop) as process:
            url = line_with(process, "Webhooks are taken at").split()[-1].removesuffix("/CONNECTOR.")
            line_with(process, "1 issue created")
            loop.stage.people["code"].close(loop.remote(2))
            assert hooks(loop)["code"].delivery(loop.remote(2), "closed").send(f"{url}/code") == 202
            assert "1 item change" in line_with(process, "code: ")
            process.send_signal(signal.SIGTERM)
            assert line_with(process, "Stopped.")
            assert process.wait(timeout=30) == 0


def test_a_port_that_is_taken_is_told_at_the_start(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop") as loop, socket.create_server(("127.0.0.1", 0)) as taken:
        with_webhooks(loop)
        text = loop.stage.config.read_text(encoding="utf-8")
        port = taken.getsockname()[1]
        loop.stage.config.write_text(text.replace("127.0.0.1:0", f"127.0.0.1:{port}"), encoding="utf-8")
        result = loop.poam("run")

        assert (result.exit_code, result.stdout) == (3, "")
        assert f"[webhooks] listen: 127.0.0.1 port {port} cannot be listened at" in result.stderr


def test_a_secret_that_is_not_there_is_told_at_the_start_and_never_shown(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop") as loop:
        with_webhooks(loop)
        (loop.stage.folder / "jira.old").unlink()
        with pytest.raises(ConfigError, match=r"\[connectors\.jira\] webhook secret file .*jira\.old cannot be read"):
            Frame(loop.stage.config).webhook_secrets("jira")


# The configuration


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ('listen = "127.0.0.1:0"', 'listen = "8787"', "[webhooks] listen: must be HOST:PORT"),
        ('listen = "127.0.0.1:0"', 'listen = "127.0.0.1:65536"', "[webhooks] listen: a port is at most 65535"),
        ('least_rest = "0s"', "least_rest = 5", "[webhooks] least_rest: write a duration"),
        ("_file = [", '_env = "a-secret-itself"\nwebhook_secret_file = [', "webhook_secret_env: must name environment"),
        ('["jira.new", "jira.old"]', '["a", "b", "c"]', "webhook_secret_file: may name 2 at most"),
        ('["jira.new", "jira.old"]', '""', "webhook_secret_file: must be a file's path"),
        ("webhook_secret_file = [", "webhook_secret = [", "did you mean webhook_secret_"),
    ],
)
def test_a_mistake_is_told_in_one_sentence_that_shows_no_secret(
    shared: Post, tmp_path: Path, before: str, after: str, told: str
) -> None:
    text = shared.loop.stage.config.read_text(encoding="utf-8")
    assert before in text
    mistaken = tmp_path / "config.toml"
    mistaken.write_text(text.replace(before, after), encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        load(mistaken)

    assert told in str(error.value)
    assert "a-secret-itself" not in str(error.value)


@pytest.mark.parametrize(
    ("listen", "address"),
    [("127.0.0.1:8787", ("127.0.0.1", 8787)), ("[::1]:0", ("::1", 0)), ("a.example:1", ("a.example", 1))],
)
def test_an_address_is_a_host_and_a_port(listen: str, address: tuple[str, int]) -> None:
    assert Webhooks(listen=listen).address == address


# The doctor


def findings(loop: Loop, subject: str) -> list[tuple[str, str]]:
    found = json.loads(loop.poam("doctor", "--json").stdout)
    return [(each["level"], f"{each['text']} -> {each['remedy']}") for each in found if each["subject"] == subject]


def test_the_doctor_says_how_to_register_a_webhook_until_the_first_delivery_arrives(post: Post) -> None:
    told = findings(post.loop, "webhooks.code")
    assert [level for level, _ in told] == ["warning"]
    assert "no delivery has arrived yet" in told[0][1]
    assert all(word in told[0][1] for word in ("/webhooks/code", "application/json", "Issues", "Issue comments"))

    post.deliver(post.hooks["code"].delivery(post.loop.remote(2)))
    [(level, text)] = findings(post.loop, "webhooks.code")
    assert (level, "the last delivery arrived at 2026-03-02 15:00 UTC" in text) == ("ok", True)


def test_the_doctor_names_a_secret_where_nobody_listens_and_a_listener_without_one(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop") as loop:
        with_webhooks(loop)
        text = loop.stage.config.read_text(encoding="utf-8")
        loop.stage.config.write_text(text.replace('listen = "127.0.0.1:0"', ""), encoding="utf-8")
        assert findings(loop, "webhooks.jira")[0][0] == "warning"

        loop.stage.config.write_text(text.replace('webhook_secret_file = "github.hook"', ""), encoding="utf-8")
        assert findings(loop, "webhooks.code")[0][0] == "ok"
        (loop.stage.folder / "jira.old").chmod(0o644)
        assert any("readable by others" in text for _, text in findings(loop, "webhooks.jira"))
