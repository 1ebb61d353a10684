"""What each of an item's several issues stands for: what was agreed for it, until somebody here says otherwise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ...mapping.item import PoamItem, WorkStatus
from ..record.database import Database
from ..record.kinds import Base, Link
from ..record.mirrors import bases_of, links_with_issue
from ..record.past import last_words, said_here
from .due_date import FORECAST
from .steps import Stand
from .work_status import NAME as WORK_STATUS

Bases = Mapping[str, Base]


@dataclass(frozen=True, slots=True)
class Spoken:
    """The journal's last row in which a person here gave or withdrew the forecast, and the same if that word holds
    for the issue in question; 0 for none.
    """

    row: int
    holds: int


def stands_of(
    database: Database, item: PoamItem, link: Link, bases: Bases
) -> tuple[Spoken, Stand | None, tuple[Stand, ...]]:
    """What was said of the forecast here, what the link's issue stands for and what the others do; of an item's only
    issue there is nothing to tell apart.
    """
    here, there = last_words(database, item.uid, FORECAST)
    row, others = here.seq if here else 0, [each for each in links_with_issue(database, item.uid) if each.id != link.id]
    if not others:
        return Spoken(row, row if there is None or row > there.seq else 0), None, ()
    record = _record(database, item, row)
    own = bases.get(FORECAST)
    spoken = Spoken(row, row if own is None or row > own.version else 0)
    beside = tuple(_stand(record, each, bases_of(database, each.id)) for each in others)
    return spoken, _stand(record, link, bases), beside


@dataclass(frozen=True, slots=True)
class _Record:
    """What somebody here said last, for every issue; with the version of the work status and the row of the forecast
    that an issue has to have heard of to speak for itself.
    """

    work_status: WorkStatus
    version: int
    forecast_date: str | None
    row: int


def _record(database: Database, item: PoamItem, row: int) -> _Record:
    work = WorkStatus(said_here(database, item.uid, WORK_STATUS) or item.work_status)
    return _Record(work, item.work_status_version, said_here(database, item.uid, FORECAST), row)


def _stand(record: _Record, link: Link, bases: Bases) -> Stand:
    work, forecast = bases.get(WORK_STATUS), bases.get(FORECAST)
    own_work = work.record_value if work and work.version == record.version else None
    return Stand(
        link_id=link.id,
        key=link.remote_key,
        work_status=WorkStatus(own_work) if own_work else record.work_status,
        forecast_date=forecast.record_value if forecast and forecast.version >= record.row else record.forecast_date,
    )


def every_stand(database: Database, item: PoamItem, *, but: str = "") -> list[Stand]:
    """What each of an item's issues stands for, all but the one of that link."""
    here, _ = last_words(database, item.uid, FORECAST)
    record = _record(database, item, here.seq if here else 0)
    links = links_with_issue(database, item.uid)
    return [_stand(record, link, bases_of(database, link.id)) for link in links if link.id != but]


def own_forecast(database: Database, item: PoamItem, links: Sequence[Link]) -> dict[str, Base]:
    """The pair by which an item's only issue so far keeps the forecast of its people, once it gets company; none where
    somebody here spoke last, which every issue follows, and where there are several already.
    """
    if len(links) != 1:
        return {}
    here, there = last_words(database, item.uid, FORECAST)
    row = here.seq if here else 0
    if there is None or there.seq < row:
        return {}
    return {links[0].id: Base(item.forecast_date, item.forecast_date, row)}
