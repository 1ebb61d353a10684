"""What is mutated, group by group, what a group's score must reach, and the tests that judge.

The groups and their scores are the promise of the project's acceptance: merging 95 %, the rest of the engine 90 %.
"""

from __future__ import annotations

from dataclasses import dataclass

JUDGES = (
    *("golden_story", "plan", "merge", "convergence", "cycle", "crash", "decisions", "policies", "twins", "restored"),
    *(
        "existence",
        "meanwhile",
        "conflicts",
        "forecasts",
        "deliver",
        "notices",
        "accounts",
        "comment_commands",
        "status_date",
        "verification",
    ),
    *("asof", "record", "record_files", "record_hints", "record_lock", "journal", "guards", "guarded_tables", "verify"),
    *("several_issues", "hints", "parking", "rules"),
    *("clocks", "fencing", "edits", "intake", "explain", "export", "keeping_commands"),
    *("migrations", "restore", "backup", "faults", "sqlite"),
)
"""Quick tests of the engine: `tests/sync/test_….py`. Those over HTTP say nothing here that these do not."""


@dataclass(frozen=True)
class Group:
    """Modules of `poam.sync`, and the tests that judge their mutants."""

    modules: tuple[str, ...]
    judges: tuple[str, ...] = JUDGES

    @property
    def files(self) -> tuple[str, ...]:
        """The modules as files of the installed layout."""
        return tuple(f"poam/sync/{module}.py" for module in self.modules)

    @property
    def tests(self) -> tuple[str, ...]:
        """The judges as files."""
        return tuple(f"tests/sync/test_{judge}.py" for judge in self.judges)


PLAN = (
    *(
        "decide",
        "recognise",
        "guard",
        "plan",
        "looking/look",
        "looking/comments",
        "looking/due_date",
        "looking/work_status",
        "looking/history",
    ),
    *("looking/sketch", "looking/wanted", "looking/existence", "looking/notices", "looking/steps"),
    *("looking/stands", "looking/attaching", "looking/rules", "hinted", "moved"),
)
OUTBOX = (
    *("delivery/outbox", "delivery/create", "delivery/edit", "delivery/deliver", "delivery/postman", "delivery/links"),
    *("store", "commit", "restored", "delivery/twins", "delivery/answering", "conflicts"),
    *("parking", "deciding/several", "deciding/linking"),
)
RECORD = (
    *("record/record", "record/unit", "record/journal", "record/verify", "record/mirrors", "record/database"),
    *("record/memory", "record/owed", "record/past", "record/rows"),
    *("record/items", "record/fence", "record/migration", "record/restore", "record/backup", "record/copying"),
    "record/schema",
)

GROUPS = {
    "merge": Group(("looking/merge",), ("merge",)),
    "plan": Group(PLAN),
    "outbox": Group(OUTBOX),
    "record": Group(RECORD),
}

DEMAND = {"merge": 95, "plan": 90, "outbox": 90, "record": 90, "guards": 90}
"""The share of a group's mutants, in percent, that must be killed; the guards are those of the record's file."""

NO_JUDGES = (
    *("cut_twice_anywhere", "cut_anywhere_in", "struck_at_any_statement", "killed_at_any_step", "may_not_be_written"),
    *("what_people_do_before_another_process", "nobody_outside_the_record"),
)
"""Tests that go through every place to fail or die at, for what they call others call in a hundredth of the time; and
one that reads the sources, which stand elsewhere here.
"""

PRELOADED = ("click", "filelock", "github", "jira", "pydantic", "pytest", "sqlite_utils", "starlette")
"""Libraries that every judge needs. Our own modules are imported anew for each mutant: some work is done on import."""
