"""The demonstration's story: the whole loop, told in plain words around real commands and real requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from ...mapping.dates import add_days
from ..record.items import load
from ..record.kinds import Link, Request
from ..record.record import Record
from ..record.rows import rows
from .stage import ENGINEERS, Stage

LASTS = timedelta(hours=3, minutes=15)
"""How much time passes in the story by itself: it begins so long ago, and ends now."""

Command = Callable[..., int]
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Story:
    """`poam` runs a command line against the stage and returns its exit code; `tell` speaks to the reader."""

    stage: Stage
    poam: Command
    tell: Tell

    def play(self) -> None:
        """All acts in order."""
        self._import()
        self._mirror()
        self._engineers_work()
        self._an_engineer_thinks_again()
        self._the_isso_decides()
        self._everything_rests()
        self._documents()

    def _import(self) -> None:
        self.tell(
            "The story takes three hours and ends now. Every command is one that you can type.\n\n"
            "1. Compliance brings last month's POA&Ms: Harbor Cloud, under FedRAMP, and the Ledger Grants System of\n"
            "   an agency. An import shows its plan first; with --yes it is applied, whole or not at all."
        )
        for name in ("harbor", "ledger"):
            self.poam("import", str(self.stage.folder / f"{name}.xlsx"), "--yes")
        self.tell("   The same file once more changes nothing:")
        self.poam("import", str(self.stage.folder / "harbor.xlsx"), "--yes")

    def _mirror(self) -> None:
        self.tell(
            "2. A cycle. Every open item becomes one issue where its engineers already work: application findings in\n"
            f"   GitHub ({self.stage.github.url}), the rest in Jira ({self.stage.jira.url}). Closed items stay out."
        )
        self.poam("sync")

    def _engineers_work(self) -> None:
        jira, maya = ENGINEERS["jira"], ENGINEERS["code"]
        self.tell(
            f"3. The engineers work in their trackers and never see a spreadsheet.\n"
            f"   {jira} closes V-1041 as done, pulls V-1026 forward by two weeks and pushes V-1042 and LGS-104 back\n"
            f"   by 30 days. {maya} closes V-1027 and pushes V-1031 back by 45 days."
        )
        self._act("V-1041", lambda person, issue: person.close(issue))
        self._move("V-1026", -14)
        self._move("V-1042", 30)
        self._move("LGS-104", 30)
        self._act("V-1027", lambda person, issue: person.close(issue))
        self._move("V-1031", 45)
        self.tell("   Fifteen minutes later (people drag a date twice; a later one is taken when it has rested):")
        self.stage.clock.advance(minutes=15)
        self.poam("sync")
        self.tell(
            "   A closed issue is a claim: V-1041 and V-1027 wait for verification, none is closed. The earlier\n"
            "   date is the engineers' forecast. The later dates went back to what is due and became\n"
            "   requests with an author:"
        )
        self.poam("requests")

    def _an_engineer_thinks_again(self) -> None:
        self.tell(
            f"4. {ENGINEERS['code']} finds the fix of V-1027 incomplete and reopens the issue: the item is\n"
            f"   open again, its clock as if it had never stopped. {ENGINEERS['jira']} declines LGS-106 (won't do):\n"
            "   that closes no item, it queues a decision."
        )
        self._act("V-1027", lambda person, issue: person.reopen(issue))
        self._act("LGS-106", lambda person, issue: person.close(issue, "wont_do"))
        self.stage.clock.advance(hours=1)
        self.poam("sync")

    def _the_isso_decides(self) -> None:
        self.tell(
            "5. The ISSO decides. FedRAMP knows no extensions, so the later date of V-1042 is acknowledged:\n"
            "   recorded as a milestone change, while the due date stands. The agency's rules know them:\n"
            "   LGS-104 is extended."
        )
        self.poam("approve", self._request("V-1042"))
        self.poam("approve", self._request("LGS-104"), "--reason", "the restore site is available from then on")
        self.tell("   V-1031 is not late for a good reason, and LGS-106 cannot stay as it is:")
        self.poam("reject", self._request("V-1031"), "--reason", "the port can be closed with the next node image")
        self.poam(
            "reject", self._request("LGS-106"), "--reason", "the baseline is mandatory; ask for help with the rollout"
        )
        self.tell("   And V-1041 is verified by somebody who did not do the work, with evidence:")
        scan = self.stage.folder / "scan-after-patch.txt"
        scan.write_text(
            "Authenticated scan after patching: plugin not reported on any bastion host.\n", encoding="utf-8"
        )
        self.poam(
            "transition",
            "V-1041",
            "closed",
            "--reason",
            "remediated: clean authenticated scan",
            "--evidence",
            str(scan),
        )

    def _everything_rests(self) -> None:
        self.tell(
            "6. The decisions reach the engineers' issues (LGS-106 is open again there), and then everything rests:\n"
            "   a further cycle writes nothing, neither here nor there."
        )
        self.stage.clock.advance(hours=1)
        self.poam("sync")
        self.stage.clock.advance(hours=1)
        before = self._tracker_writes()
        self.poam("sync")
        self.tell(f"   Writes at the trackers in that last cycle: {self._tracker_writes() - before}.")
        self.poam("status")

    def _documents(self) -> None:
        self.tell(
            "7. The formal documents are generated from the record, never typed (both in FedRAMP's layout, so far the\n"
            "   only one), and the journal is proved."
        )
        for name in ("harbor", "ledger"):
            target = self.stage.folder / f"{name}-poam-new.xlsx"
            self.poam("export", "fedramp", "--system", name.upper(), "-o", str(target))
        self.poam("verify")
        self.tell("   Who did what to V-1042, from the journal:")
        self.poam("history", "V-1042")

    def _act(self, poam_id: str, act: Callable[..., None]) -> None:
        link = self._link(poam_id)
        act(self.stage.people[link.connector], link.remote_id)

    def _move(self, poam_id: str, days: int) -> None:
        with Record.read(self.stage.folder / "poam.db") as record:
            item = load(record.db, "poam_id = ?", (poam_id,))[0]
        moved = add_days(item.scheduled_completion_date or "", days)
        self._act(poam_id, lambda person, issue: person.set_due(issue, moved))

    def _link(self, poam_id: str) -> Link:
        with Record.read(self.stage.folder / "poam.db") as record:
            return rows(record.db, Link, "item_uid = (SELECT uid FROM items WHERE poam_id = ?)", (poam_id,))[0]

    def _request(self, poam_id: str) -> str:
        waiting = "state = 'waiting' AND item_uid = (SELECT uid FROM items WHERE poam_id = ?)"
        with Record.read(self.stage.folder / "poam.db") as record:
            return str(rows(record.db, Request, waiting, (poam_id,))[0].id)

    def _tracker_writes(self) -> int:
        servers = (self.stage.jira, self.stage.github)
        searches = sum(server.count("POST", r"/search/jql$|/bulkfetch$") for server in servers)
        return (
            sum(server.count(method) for server in servers for method in ("POST", "PUT", "PATCH", "DELETE")) - searches
        )
