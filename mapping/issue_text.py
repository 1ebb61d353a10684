"""What an engineer reads: the issue's title and our block of its body.

The block stands between two delimiter lines; a person's text around them is never touched. It is written in
plain lines, without bullets, brackets or rules, because Jira Cloud turns markup into its own and back.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .comment_commands import USAGE, Verb
from .dates import effective_due, effective_rating, policy_date, shown_due
from .item import ChangeKind, FindingKind, PoamItem, Rating, State
from .kinds import category
from .later_dates import without_names
from .lenses import normal_body, normal_title
from .profiles import Profile
from .redaction import WITHHELD, TextMode, inert, leaks, scrub, unnamed, visible

BEGIN = "==== POA&M: kept by poam-sync, edits between these lines are undone ===="
END = "==== POA&M: end of the part kept by poam-sync ===="
BLOCK_LIMIT = 20_000
"""Characters of our block: Jira takes 32,767 for the whole body, and people need room too."""

_NEUTRAL_TITLE = "Compliance remediation task"
_ALLOWANCES = (6000, 3000, 1500, 700, 300, 100, 0)


@dataclass(frozen=True, slots=True)
class Notice:
    """A decision that the engineers read: `words` of ours, which any place may know, and a person's `reason`.

    The words end without a full stop. The reason is free text: it is redacted, and neutral does not tell it.
    """

    words: str
    reason: str = ""


def issue_title(item: PoamItem, mode: TextMode, limit: int) -> str:
    """`[V-12] ...`: a fixed phrase in neutral, the kind of work in restricted, the weakness name in full."""
    title = {"restricted": category(item), "full": inert(item.weakness_name)}.get(mode, _NEUTRAL_TITLE)
    return normal_title(f"[{_id(item, mode)}] {title or _NEUTRAL_TITLE}", limit)


def issue_block(
    item: PoamItem,
    profile: Profile,
    mode: TextMode,
    notices: Sequence[Notice],
    limit: int = BLOCK_LIMIT,
    *,
    move_date: str,
) -> str:
    """Our block with both delimiter lines, at most `limit` characters: only long texts are shortened.

    `move_date` says how a due date is moved at this tracker.
    """
    block = ""
    for allowance in _ALLOWANCES:
        block = _render(item, profile, mode, notices, move_date, allowance)
        if len(block) <= limit:
            return block
    return block


def block_in(body: str) -> str | None:
    """Our block as it stands in a body, delimiter lines included, or None where a person removed it."""
    lines = body.split("\n")
    region = next(_regions(lines), None)
    return None if region is None else "\n".join(lines[slice(*region)])


def with_block(body: str, block: str) -> str:
    """The body with our block replaced, or appended where a person removed it; copies of it go.

    A delimiter that lost its partner bounds nothing and is taken away; the text around it stays.
    """
    lines = body.split("\n")
    regions = list(_regions(lines))
    for start, end in reversed(regions[1:]):
        del lines[start:end]
    if regions:
        lines[slice(*regions[0])] = [block]
    kept = [line for line in lines if _key(line) not in _DELIMITERS]
    rest = "\n".join(kept)
    if regions:
        return rest
    return f"{rest.rstrip()}\n\n{block}" if rest.strip() else block


def _render(
    item: PoamItem, profile: Profile, mode: TextMode, notices: Sequence[Notice], move_date: str, allowance: int
) -> str:
    sections = (
        _facts(item, profile, mode, allowance),
        (_told(item, notice, mode, allowance) for notice in notices),
        _details(item, mode, allowance),
        _guidance(item, profile, mode, move_date),
    )
    paragraphs = ("\n".join(filter(None, lines)) for lines in sections)
    return normal_body("\n\n".join((BEGIN, *filter(None, paragraphs), END)))


def _facts(item: PoamItem, profile: Profile, mode: TextMode, allowance: int) -> Iterator[str]:
    yield f"POA&M item: {_id(item, mode)}"
    yield due_line(item, profile)
    yield _why_then(item, profile, mode)
    yield _STATES.get(item.state, "")
    if mode in ("restricted", "full"):
        yield _labelled("Owner", _said(item, item.point_of_contact, mode, min(allowance, 300)))
        yield f"Kind of work: {category(item)}"
        yield _labelled("Risk", effective_rating(item) or "")


def due_line(item: PoamItem, profile: Profile) -> str:
    """The date that the issue shows, and the one that binds where that is another; any place may know both."""
    shown, due = shown_due(item, profile), effective_due(item, profile)
    if shown is None:
        return "Due date: none yet"
    if shown == due:
        return f"Due date: {shown}"
    return f"Due date: {shown} (forecast{f'; required by {due}' if due else ''})"


def _why_then(item: PoamItem, profile: Profile, mode: TextMode) -> str:
    """Why that date binds; in neutral it tells no more than where the date stands."""
    due = effective_due(item, profile)
    if due is None or item.state in _FINAL:
        return ""
    if profile.extensions and due == item.approved_extension_date:
        return f"Why then: {_EXTENDED}."
    if mode not in ("restricted", "full"):
        return f"Why then: {_PLANNED}."
    if due == item.kev_due_date:
        return f"Why then: {_EXPLOITED}."
    if due == policy_date(item, profile) and profile.windows:
        days = profile.windows[effective_rating(item) or Rating.LOW]
        return f"Why then: {_WINDOW.format(profile.name, days, item.original_detection_date)}."
    return f"Why then: {_PLANNED}."


def _details(item: PoamItem, mode: TextMode, allowance: int) -> Iterator[str]:
    """What is wrong and what to do about it; neutral says nothing of this."""
    if mode == "full":
        for label, text in (
            ("Weakness", item.weakness_name),
            ("Description", item.weakness_description),
            ("CVE", item.cves),
            ("Controls", item.controls),
            ("Affected assets", "\n".join(item.assets)),
        ):
            yield _paragraph(label, _said(item, text, mode, allowance))
    if mode in ("restricted", "full"):
        yield _paragraph("Plan", _said(item, item.remediation_plan, mode, allowance))
        yield from _milestones(item, mode, allowance)


def _milestones(item: PoamItem, mode: TextMode, allowance: int) -> Iterator[str]:
    budget = min(allowance, 300)
    for each in item.milestones if budget else ():
        said = _said(item, each.description, mode, budget)
        yield f"Milestone {each.number}, {each.scheduled_completion_date}: {said}"
    for change in item.milestone_changes if budget else ():
        said = _said(item, unnamed(without_names(change.description)), mode, budget)
        yield f"Milestone {change.number}, {_CHANGES[change.kind]} {change.date}: {said}"


def _told(item: PoamItem, notice: Notice, mode: TextMode, allowance: int) -> str:
    """One line; who is named in a reason stays inside, and it does not read better for a mark in their place."""
    if mode not in ("restricted", "full"):
        return f"{notice.words}{_ASK if notice.reason else ''}."
    reason = _said(item, unnamed(" ".join(notice.reason.split())), mode, allowance)
    return f"{notice.words}: {reason}" if reason else f"{notice.words}."


def _guidance(item: PoamItem, profile: Profile, mode: TextMode, move_date: str) -> Iterator[str]:
    if item.state in _FINAL:
        return
    shared = mode in ("restricted", "full")
    yield f"Done means: {_DONE[item.finding_kind] if shared else _DONE_NEUTRAL}."
    yield _CLAIM
    yield f"Evidence to link here: {_EVIDENCE[item.finding_kind]}." if shared else _EVIDENCE_NEUTRAL
    later = _LATER.format(move_date)
    yield later if profile.extensions else f"{later} {_NO_EXTENSION}"
    yield _EARLIER
    yield _DECLINE
    yield _COMMANDS


def neutral_id(item: PoamItem) -> str:
    """The POA&M ID as any place may know it."""
    return _id(item, "neutral")


def _id(item: PoamItem, mode: TextMode) -> str:
    """The POA&M ID, unless it spells an asset, a CVE or the source identifier where that may not be said."""
    text = normal_title(inert(item.poam_id), 60)
    return WITHHELD if mode != "full" and leaks(text, item) else text or "new"


def _said(item: PoamItem, text: str, mode: TextMode, allowance: int) -> str:
    """A text of the record or of a person in restricted or full, cut in restricted; what leaks even then is withheld
    whole. Neutral says nothing that anybody wrote: only the id, dates and phrases of ours.
    """
    text = _head(text, 4 * allowance)
    if mode == "full":
        return _short(inert(text), allowance)
    said = _short(inert(scrub(visible(text), item)), allowance)
    return WITHHELD if leaks(said, item) else said


def _head(text: str, length: int) -> str:
    """The beginning of a text in whole words, so that no half address is left for the redaction to miss."""
    if len(text) <= length:
        return text
    words = text[:length].rsplit(maxsplit=1)
    return words[0] if len(words) > 1 else ""


def _short(text: str, allowance: int) -> str:
    text = text.strip()
    return text if len(text) <= allowance else f"{text[: allowance - 1].rstrip()}…" if allowance else ""


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _paragraph(label: str, text: str) -> str:
    """A label before one line, or above several."""
    return f"{label}:\n{text}" if "\n" in text else _labelled(label, text)


def _regions(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Every region from a begin line through the next end line, as a slice; the nearer begin line counts."""
    begin: int | None = None
    for number, line in enumerate(lines):
        match _key(line):
            case key if key == _BEGIN_KEY:
                begin = number
            case key if key == _END_KEY and begin is not None:
                yield begin, number + 1
                begin = None


def _key(line: str) -> str:
    """The letters and digits of a line: trackers escape, quote and re-space the rest."""
    return re.sub(r"[\W_]", "", html.unescape(line)).casefold()


_BEGIN_KEY, _END_KEY = _key(BEGIN), _key(END)
_DELIMITERS = frozenset({_BEGIN_KEY, _END_KEY})
_FINAL = frozenset({State.RISK_ACCEPTED, State.CLOSED, State.DISCARDED})
_STATES = {
    State.PENDING_VERIFICATION: "The work is claimed done and waits for verification.",
    State.RISK_ACCEPTED: "The risk of this item is accepted; nothing is to be done now.",
    State.CLOSED: "This item is closed; nothing is left to be done.",
    State.DISCARDED: "This item was discarded; nothing is to be done.",
}
_ASK = "; ask the compliance team why"
_PLANNED = "the POA&M sets this date"
_EXTENDED = "a later date was asked for and approved"
_EXPLOITED = "CISA lists this weakness as exploited and sets the date"
_WINDOW = "{} gives {} days from the detection on {}"
_CHANGES = {ChangeKind.NEW: "new for", ChangeKind.UPDATE: "moved to", ChangeKind.COMPLETE: "complete on"}
_DONE_NEUTRAL = "the change is in place everywhere it is needed, and a scan, a test or a document proves it"
_DONE = {
    FindingKind.VULNERABILITY: "the weakness is gone from every affected asset and a new scan proves it",
    FindingKind.CONFIGURATION: "the setting is right on every affected asset and a new scan proves it",
    FindingKind.PENETRATION_TEST: "the weakness is fixed and repeating the test proves it",
    FindingKind.CONTROL_GAP: "what the control asks for is in place and the ISSO can examine it",
}
_CLAIM = (
    "When it is done, close this issue as done: that claims the work done. The ISSO then verifies it "
    "with evidence and closes the POA&M item; until then the item stays open."
)
_EVIDENCE = {
    FindingKind.VULNERABILITY: "the change, and the new scan of every affected asset",
    FindingKind.CONFIGURATION: "the change, and the new scan or the setting as it is now",
    FindingKind.PENETRATION_TEST: "the change, and what the repeated test showed",
    FindingKind.CONTROL_GAP: "the document or the record that shows it in place",
}
_EVIDENCE_NEUTRAL = (
    "Details are in the POA&M record, not here: ask the compliance team. Keep host names, findings and evidence out of "
    "this issue."
)
_LATER = "To ask for a later date, {} and say why in a comment: it becomes a request for the ISSO."
_NO_EXTENSION = "The ISSO can take note of it; the required date itself does not move."
_EARLIER = "An earlier date is taken over as your forecast; set the required date again to withdraw it."
_DECLINE = (
    "If it will not be done, is a duplicate or cannot be reproduced, close it with that reason: the item "
    "stays open and the ISSO decides."
)
_COMMANDS = f"Commands in a comment: {', '.join(USAGE[verb] for verb in (Verb.DONE, Verb.EXTEND, Verb.HELP))}."
