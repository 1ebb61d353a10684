"""Whether record and trackers agree, since when, and what is owed: facts and the one line that tells them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..looking.existence import proof_after
from ..record.told import OwedWrite
from ..settings.config import Config
from ..times import iso, moment
from .health import Liveness


@dataclass(frozen=True, slots=True)
class Wait:
    """Why a write is still owed, and the instant (ISO 8601 UTC) until which nothing can be done, if there is one."""

    why: str
    until: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """The answer to "are we in step?". `since` is None when they are not; `line` says it all to a person."""

    in_step: bool
    since: str | None
    line: str


def standing(
    config: Config,
    now: datetime,
    live: Mapping[str, Liveness],
    owed: Sequence[OwedWrite],
    *,
    undecided: int,
    changed: Sequence[str],
    unrouted: int = 0,
    restored: bool = False,
) -> Standing:
    """Judges what is known. `undecided` decisions wait for a person, `changed` items moved since the last cycle,
    `unrouted` ones have no issue and no route to one, and no cycle has run since the record was `restored`.
    """
    rest = (_unrouted(unrouted), _decisions(undecided))
    if not config.connectors:
        return Standing(True, None, _line("No tracker is configured", *rest))
    known = {name: live.get(name, Liveness()) for name in config.connectors}
    late = {name: each for name, each in known.items() if each.error or each.is_stale(now, config.sync.interval)}
    out = [RESTORED] * restored + [*(_out_of_step(name, each) for name, each in late.items()), *_owed(owed)]
    if out:
        return Standing(False, None, _line(f"Not in step: {'; '.join(out)}", *_carried(changed), *rest))
    since = max(each.in_step_since or each.last_success for each in known.values())
    told = f"In step with {listed(list(known))} since {instant(since)}"
    return Standing(True, since, _line(told, *_carried(changed), *rest))


RESTORED = "restored from a backup; the next cycle only takes in"
"""What holds until a cycle has looked at every issue: what the health file tells is of the record that stood there."""


def _line(*parts: str) -> str:
    return "; ".join(filter(None, parts)) + "."


def _out_of_step(name: str, live: Liveness) -> str:
    reason = live.error.rstrip(".") or "no cycle ran since: is poam run running?"
    if not live.last_success:
        return f"{name} was never in step ({live.error.rstrip('.') or 'poam sync does a first cycle'})"
    return f"{name} was last in step at {instant(live.last_success)} ({reason})"


def _owed(owed: Sequence[OwedWrite]) -> Iterator[str]:
    for name in dict.fromkeys(each.connector for each in owed):
        count = sum(1 for each in owed if each.connector == name)
        yield f"{counted(count, 'write')} owed to {name}"


def _carried(changed: Sequence[str]) -> Iterator[str]:
    if changed:
        yield f"{counted(len(changed), 'item')} changed here since the last cycle"


def _unrouted(count: int) -> str:
    return f"{counted(count, 'item')} without a route" if count else ""


def _decisions(undecided: int) -> str:
    return f"{counted(undecided, 'decision')} wait{'s' if undecided == 1 else ''} for a person" if undecided else ""


def waits(write: OwedWrite, config: Config, now: datetime) -> Wait:
    """Why this write is not done yet, in words for a person, and until when."""
    settings = config.connectors.get(write.connector)
    if settings is None:
        return Wait(f"{write.connector} is not in the configuration any more; nothing is sent there", None)
    rests = write.not_before if write.not_before and moment(write.not_before) > now else None
    if write.state == "PENDING":
        return Wait(_pending(write, rests), rests)
    if write.operation != "create":
        why = "; the issue is read again, and what it then lacks is sent"
        return Wait(f"{_SENT[write.state]}{why} {_when(rests)}", rests)
    if write.sent_to not in ("", settings.place):
        return Wait(f"sent to {write.sent_to}, and not settled; it waits until {write.connector} is there again", None)
    proof = moment(write.send_deadline) + proof_after(settings, config.sync.limits)
    why = f"{write.connector} is asked for it every cycle, and it is never sent twice"
    known = f"only if there is none even after {instant(iso(proof))}, it never arrived and is sent anew"
    sent = _SENT[write.state] if write.sent_to else "it may have been sent before the record was restored"
    return Wait(f"{sent}; {why}: {known}", iso(proof))


_SENT = {
    "SENDING": "it is being sent, or the process stopped while it was sent",
    "UNKNOWN": "sent, and no answer came",
}


def _pending(write: OwedWrite, rests: str | None) -> str:
    if write.last_error:
        return f"it did not go through ({write.last_error.rstrip('.')}); tried again {_when(rests)}"
    if write.attempts:
        return f"sent, and the issue does not show all of it yet; looked at again {_when(rests)}"
    return f"not sent yet; it goes out {_when(rests)}"


def _when(rests: str | None) -> str:
    return f"after {instant(rests)}" if rests else "in the next cycle"


def instant(text: str) -> str:
    """An instant of the record for a person: `2026-03-02 12:00 UTC`; what a tracker wrote otherwise, as it is."""
    try:
        return moment(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError):
        return text


def counted(count: int, word: str) -> str:
    """`1 write`, `3 writes`."""
    return f"{count} {word}{'' if count == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """`jira`, `jira and code`, `jira, code and web`."""
    return " and ".join(filter(None, (", ".join(words[:-1]), words[-1])))
