"""The tokens that connectors sign in with are in their files and nowhere else: nothing written, nothing said."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

from poam.connectors.sandbox.jira import BOT

from .two_trackers import item_for, two_trackers

GITHUB = "bot-token"
SECRETS = (BOT.token, GITHUB, b64encode(f"{BOT.email}:{BOT.token}".encode()).decode())
COMMANDS = (
    ("sync",),
    ("status",),
    ("plan", "--json"),
    ("doctor", "--probe"),
    ("sync", "--full", "--json"),
    ("history", "V-1"),
    ("verify",),
)


def test_no_file_and_no_output_of_a_whole_loop_holds_a_token(tmp_path: Path) -> None:
    with two_trackers(tmp_path / "loop", item_for("jira", 1), item_for("code", 2)) as loop:
        said = [loop.poam(*words) for words in COMMANDS]
        document, copy = loop.stage.folder / "out.xlsx", loop.stage.folder / "copy.db"
        said += [
            loop.poam("export", "fedramp", "-o", str(document), "--system", "ACME"),
            loop.poam("backup", str(copy)),
        ]
        for name in ("jira", "github"):  # and whoever is refused is not told the token either
            token = loop.stage.folder / f"{name}.token"
            right = token.read_text(encoding="utf-8")
            token.write_text("canary-canary-canary\n", encoding="utf-8")
            said.append(loop.poam("sync"))
            token.write_text(right, encoding="utf-8")

    told = "".join(f"{each.stdout}{each.stderr}" for each in said)
    files = (path for path in (tmp_path / "loop").rglob("*") if path.is_file() and path.suffix != ".token")
    kept = {path: path.read_bytes() for path in files}
    assert document in kept
    assert copy in kept
    for secret in (*SECRETS, "canary-canary-canary"):
        assert secret not in told
        assert [path.name for path, data in kept.items() if secret.encode() in data] == []
