"""The work on an item: what a new work status changes, and who ever did the work and may therefore not verify it."""

from __future__ import annotations

from ...mapping.consequences import consequences
from ...mapping.item import PoamItem, WorkStatus
from ...mapping.life import UNATTRIBUTED
from ..record.database import Database
from ..record.memory import own_accounts
from ..record.past import work_before_it_ended, workers_of
from ..settings.config import Config
from ..settings.people import person_of
from .decider import Decider


def worked(item: PoamItem, status: WorkStatus, *, at: str = "", by: str = "") -> dict[str, str | int | None]:
    """A new work status. What is not done has never been done: the clock did not stop."""
    return {**moved_to(item, status), "work_done_at": at or None, "work_done_by": by}


def moved_to(item: PoamItem, status: WorkStatus) -> dict[str, str | int | None]:
    """A new work status that is no claim, and takes none back."""
    moved = int(status is not item.work_status)
    return {"work_status": status, "work_status_version": item.work_status_version + moved}


def answer_by_work(decider: Decider, item: PoamItem, status: WorkStatus) -> None:
    """Ends the questions that a person's new work status answers, as the same move at the tracker does."""
    answered = consequences(item, item.work_status, status, "").answers
    decider.end_requests(item, answered, f"the work is {status.value.replace('_', ' ')}")


def asked_again(database: Database, item: PoamItem) -> dict[str, str | int | None]:
    """Ended work as it stood before somebody ended it: nobody started it because an answer was refused."""
    if item.work_status not in (WorkStatus.DONE, WorkStatus.WONT_DO):
        return worked(item, item.work_status)
    before = work_before_it_ended(database, item.uid)
    return worked(item, WorkStatus(before or WorkStatus.NOT_STARTED))


def workers(database: Database, config: Config, item: PoamItem) -> frozenset[str]:
    """Everyone who ever did, or claimed, work on an item, however long ago and whatever became of it.

    Our own account at a tracker and one that a tracker does not name are nobody: anyone may be behind them.
    """
    ours = own_accounts(database)
    named = {
        each for each in workers_of(database, item.uid) if each not in ours and not each.endswith(f":{UNATTRIBUTED}")
    }
    return frozenset(named | {_known_today(config, each) for each in named})


def _known_today(config: Config, name: str) -> str:
    """The person behind an account that was nobody's yet when it did the work."""
    connector, _, account = name.partition(":")
    return person_of(config, connector, account).person if connector in config.connectors else name
