"""What new comments below an issue mean: commands are proposals in the name of whoever typed them, and each is answered
once. Pure.

A comment is read once, in the order of the tracker's numbers; one that is changed afterwards says nothing new. Nobody
approves anything in a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from heapq import merge

from ...connectors.base import Comment, Issue
from ...mapping import comment_commands as words
from ...mapping.comment_commands import Command, Verb, as_comment, command_in, signed
from ...mapping.dates import DateMeaning, classify_date
from ...mapping.issue_text import due_line, neutral_id
from ...mapping.item import State, WorkStatus
from ...mapping.life import RequestKind
from ...mapping.redaction import visible
from ..record.kinds import Answer
from .history import FIELDS
from .rules import Rules
from .sketch import Sketch
from .steps import NewEvidence, NewRequest, Observed, View, Writes, Written, said_in

COMMAND = "command"
"""The field under which the journal keeps what was typed."""
COMMENT = "comment"
"""The field of an edit that holds our answers."""
WORK_STATUS, DUE_DATE = "work_status", "due_date"
WORK = {Verb.DONE: WorkStatus.DONE, Verb.BLOCKED: WorkStatus.BLOCKED}
ASKS = {
    Verb.VENDOR: RequestKind.VENDOR_DEPENDENCY,
    Verb.CHECK_IN: RequestKind.VENDOR_CHECK_IN,
    Verb.FALSE_POSITIVE: RequestKind.FALSE_POSITIVE,
}
MAX_REFERENCE = 500
"""Characters of what an issue points to that are kept as evidence; a longer address is none."""


@dataclass(frozen=True, slots=True)
class Said:
    """A command, and the comment that it is. One by an account that nobody in [people] has does nothing: at a place
    that strangers can write to, our account would do for them what they may not.
    """

    comment: Comment
    command: Command
    is_known: bool

    @property
    def source(self) -> str:
        """The comment, as the journal names it."""
        return said_in(self.comment.id)

    def observed(self, field: str, new: str | None, *, crossed: bool = False) -> Observed:
        """What it says of one field."""
        by, at, why = self.comment.author, self.comment.at, self.command.words
        return Observed(field, None, new, by, at, self.source, crossed, "" if field == COMMAND else why)


def said_since(view: View, issue: Issue, rules: Rules) -> tuple[Said, ...]:
    """The commands among the comments that were not read yet.

    What was said below an issue before a person attached it to its item is none.
    """
    kept = view.sighting
    if view.link.author and not kept.version:
        return ()
    new = (each for each in issue.comments if each.id > kept.comment_cursor)
    return tuple(Said(comment, command, _is_known(comment, rules)) for comment, command in _commands(new, rules))


def in_order(history: Iterable[Observed], said: Iterable[Observed]) -> tuple[Observed, ...]:
    """What people did and what they said, in the order of time: the last word is what they want now."""
    return tuple(merge(history, said, key=lambda one: (not one.at, one.at)))


def still_counting(history: Iterable[Observed], view: View, issue: Issue, rules: Rules) -> Iterator[Observed]:
    """What people did, marked where a command that was read before came after it."""
    read = [each for each in issue.comments if each.id <= view.sighting.comment_cursor]
    last: dict[str, str] = {}
    for comment, command in _commands((each for each in read if _is_known(each, rules)), rules):
        last |= {name: comment.at for name, _ in _proposed(command)}
    for one in history:
        yield replace(one, overtaken=True) if one.at and last.get(one.field, "") > one.at else one


def observed_in(said: Iterable[Said], view: View, issue: Issue, rules: Rules, wrote: Writes) -> Iterator[Observed]:
    """Every command as it was typed, and what some of them propose for a field."""
    for each in said:
        yield each.observed(COMMAND, each.command.typed)
        for name, value in _proposed(each.command) if each.is_known else ():
            if name == DUE_DATE and view.item.state is State.CLOSED:
                continue
            crossed = _crossed(name, each, view, issue, rules, wrote)
            one = each.observed(name, value, crossed=crossed)
            yield replace(one, overtaken=_is_overtaken(one, view, issue, rules))


def _commands(comments: Iterable[Comment], rules: Rules) -> Iterator[tuple[Comment, Command]]:
    for comment in sorted(comments, key=lambda each: each.id):
        command = None if comment.author.id in rules.accounts else command_in(comment.text)
        if command is not None:
            yield comment, command


def _is_known(comment: Comment, rules: Rules) -> bool:
    return comment.author.id.casefold() in rules.people


def _proposed(command: Command) -> Iterator[tuple[str, str | None]]:
    """The field that a command gives a value, if it does."""
    if not command.lacks and command.verb in WORK:
        yield WORK_STATUS, WORK[command.verb].value
    elif not command.lacks and command.verb is Verb.EXTEND:
        yield DUE_DATE, command.date


def _is_overtaken(one: Observed, view: View, issue: Issue, rules: Rules) -> bool:
    """Whether somebody moved the field at the issue after that was said, and we had seen it."""
    seen = (change for change in issue.history if change.id <= view.sighting.history_cursor)
    theirs = (each for each in seen if each.author.id not in rules.accounts and FIELDS.get(each.field) == one.field)
    return any(change.at > one.at for change in theirs)


def _crossed(field: str, said: Said, view: View, issue: Issue, rules: Rules, wrote: Writes) -> bool:
    """Whether we wrote the field after that was said and before we had read it."""
    unread = (change for change in issue.history if change.id > view.sighting.history_cursor)
    ours = (change for change in unread if change.author.id in rules.accounts and FIELDS.get(change.field) == field)
    late = issue.version == view.sighting.version or field in wrote
    return late or any(change.at >= said.comment.at for change in ours)


def plan_comments(sketch: Sketch, said: Sequence[Said]) -> None:
    """Queues what the commands ask for, and says which answers are owed and which of them are to be seen."""
    seen = {number for text in _ours(sketch) for number in words.answered_in(text)}
    for each in said:
        text = _answer(sketch, each)
        if each.comment.id not in seen:
            owed = Answer(sketch.view.link.id, each.comment.id, signed(text, each.comment.id))
            sketch.answers.append(owed)
    known = sketch.view.answers
    sketch.answered = frozenset(answer.comment_id for answer in known) & seen
    still = [answer.text for answer in known if answer.comment_id not in seen]
    if text := as_comment([*still, *(answer.text for answer in sketch.answers)]):
        sketch.pushes[COMMENT] = Written(text, None)
    else:
        sketch.equal.add(COMMENT)


def plan_evidence(sketch: Sketch, said: Sequence[Said]) -> None:
    """What proves the work, as far as anybody says: what a claim names, and what an issue points to that is claimed
    done.
    """
    if sketch.view.item.state in (State.OPEN, State.PENDING_VERIFICATION):
        for each in said:
            if each.command.url and each.is_known:
                _may_prove(sketch, "url", each.command.url, each.observed("evidence", each.command.url))
    half = bool(sketch.view.others) and sketch.after.work is WorkStatus.DONE  # one of several issues is done
    if sketch.item.state is State.PENDING_VERIFICATION or (half and sketch.item.state is State.OPEN):
        for one in sketch.issue.references:
            text = " ".join(visible(one.text).split())
            _may_prove(sketch, one.kind, text, Observed("evidence", None, text, one.author, one.at, one.kind))


def _may_prove(sketch: Sketch, kind: str, reference: str, because: Observed) -> None:
    known = sketch.view.evidence | {(each.kind, each.reference) for each in sketch.evidence}
    if 0 < len(reference) <= MAX_REFERENCE and (kind, reference) not in known:
        sketch.evidence.append(NewEvidence(kind, reference, because))


def _ours(sketch: Sketch) -> Iterator[str]:
    return (each.text for each in sketch.issue.comments if each.author.id in sketch.rules.accounts)


def _answer(sketch: Sketch, said: Said) -> str:
    """Does what follows from a command beside the work and the date, and says what came of it."""
    verb = said.command.verb
    if not said.is_known:
        return words.STRANGER
    if verb is None:
        return words.UNKNOWN
    if said.command.lacks:
        return words.LACKING.format(words.USAGE[verb])
    return _ANSWERS[verb](sketch, said)


def _work(sketch: Sketch, said: Said) -> str:
    proposal, status = sketch.proposal(WORK_STATUS), WORK[said.command.verb or Verb.DONE]
    if proposal is None or proposal.source != said.source:
        return words.OVERTAKEN
    if sketch.after.work is not status:
        return words.DISPUTED
    if status is WorkStatus.BLOCKED:
        return words.BLOCKED
    return words.DONE if sketch.item.state is State.PENDING_VERIFICATION else words.DONE_AFTERWARDS


def _date(sketch: Sketch, said: Said) -> str:
    day = said.command.date or ""
    if sketch.view.item.state is State.CLOSED:
        return words.ENDED.format("closed")
    proposal = sketch.proposal(DUE_DATE)
    if proposal is None or (proposal.source != said.source and proposal.new != day):
        return words.OVERTAKEN
    return _DATES[classify_date(sketch.view.own, sketch.view.profile, day)].format(day)


def _ask(sketch: Sketch, said: Said) -> str:
    state = sketch.item.state
    if state in (State.CLOSED, State.RISK_ACCEPTED):
        return words.ENDED.format(state.replace("_", " "))
    kind = ASKS[said.command.verb or Verb.VENDOR]
    sketch.requests.append(NewRequest(kind, None, None, said.observed(kind, None)))
    return words.ASKED


def _standing(sketch: Sketch, said: Said) -> str:
    after = sketch.after
    state = after.item.state.replace("_", " ")
    return words.STANDS.format(neutral_id(after.item), state, due_line(after.own, after.profile))


def _help(sketch: Sketch, said: Said) -> str:
    return words.HELP


_DATES = {
    DateMeaning.SAME: words.SHOWN,
    DateMeaning.FORECAST: words.FORECAST,
    DateMeaning.CLEARED: words.CLEARED,
    DateMeaning.LATER: words.LATER,
    DateMeaning.RESTORE: words.IMPOSSIBLE,
}
_ANSWERS: Mapping[Verb, Callable[[Sketch, Said], str]] = {
    **dict.fromkeys(WORK, _work),
    **dict.fromkeys(ASKS, _ask),
    Verb.EXTEND: _date,
    Verb.STATUS: _standing,
    Verb.HELP: _help,
}
