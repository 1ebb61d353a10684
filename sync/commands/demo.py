"""`poam demo`: the whole loop on two sandbox trackers."""

from __future__ import annotations

import secrets
import signal
from pathlib import Path
from threading import Event

import click

from ...connectors.sandbox.clock import Clock, iso
from ..demonstration.material import material
from ..demonstration.stage import REPOSITORY, Stage, stage
from ..demonstration.story import LASTS, Story
from ..errors import InputError
from ..record.record import Record
from . import Outcome, poam

SYSTEMS = ("harbor", "ledger")
LEFT = """\
What is left for you to open:
{shown}
Beside it, the trackers' tokens and what goes with the record:
   {beside}"""
KEPT = """\
The trackers run until Ctrl-C:
   Jira    {jira}
   GitHub  {github}
In another terminal, be the engineer (Ann in Jira, Maya in GitHub):
   curl -u ann@example.com:ann-token -X PUT -H 'Content-Type: application/json' \\
        -d '{{"fields": {{"duedate": "2027-06-30"}}}}' {jira}/rest/api/3/issue/SEC-3
   curl -H 'Authorization: Bearer maya-token' -X PATCH \\
        -d '{{"state": "closed", "state_reason": "completed"}}' {github}/repos/{repository}/issues/2
then bring it home:
   poam --config {config} sync
Every other act of theirs stands in docs/rehearsal.md."""
SHOWN = (".xlsx", ".toml", ".db", ".txt")


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the trackers running afterwards, with a ready config.toml.")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="A new folder for the files; default: poam-demo.")
def demo(keep: bool, output: Path | None) -> Outcome:
    """Show the whole loop on two sandbox trackers, in under a minute.

    A Jira and a GitHub are started on this machine, two fictional POA&Ms are
    imported and mirrored, engineers work, an ISSO decides, the documents come
    out. Nothing leaves this machine.
    """
    folder = _new_folder(output)
    clock = Clock()
    clock.advance(seconds=-LASTS.total_seconds())
    materials = {name: material(name, clock.now().date().isoformat()) for name in SYSTEMS}
    for name, each in materials.items():
        (folder / f"{name}.xlsx").write_bytes(each.workbook)
    with stage(folder, clock, [each.system for each in materials.values()]) as ready:
        Record.create(folder / "poam.db", record_id=secrets.token_hex(16), at=iso(clock.now())).close()
        Story(ready, lambda *words: _run(ready, words), _tell).play()
        _close(ready, keep)
    return Outcome.IN_SYNC


def _new_folder(output: Path | None) -> Path:
    """The folder asked for, which must be new; without one, the first free name."""
    names = [output] if output else [Path("poam-demo"), *(Path(f"poam-demo-{n}") for n in range(2, 1000))]
    for name in names:
        if not name.exists():
            name.mkdir(parents=True, mode=0o700)
            return name
    raise InputError(f"{names[-1]} exists already", hint="name a new folder with -o")


def _run(ready: Stage, words: tuple[str, ...]) -> int:
    """Runs a command line as a user would, with the demonstration's configuration and clock."""
    shown = " ".join(f'"{word}"' if " " in word else word for word in words)
    click.echo(f"\n$ poam {shown}")
    try:
        poam.main(["--config", str(ready.config), *words], obj=ready.clock.now)
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _tell(text: str) -> None:
    click.echo(f"\n{text}")


def _close(ready: Stage, keep: bool) -> None:
    left = sorted(ready.folder.iterdir())
    shown = "\n".join(f"   {path}" for path in left if path.suffix in SHOWN)
    beside = ", ".join(path.name for path in left if path.suffix not in SHOWN)
    _tell(LEFT.format(shown=shown, beside=beside))
    if not keep:
        return
    _tell(KEPT.format(jira=ready.jira.url, github=ready.github.url, repository=REPOSITORY, config=ready.config))
    stop = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    stop.wait()
