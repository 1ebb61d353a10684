"""Commands that people write in a comment below an issue, `/poam done https://...`, and the words they are answered in.

A comment is a command where its first line begins with `/poam`; it ends with its first blank line. Whatever is typed is
data: it is bounded, kept and shown, and never said again in an answer. The answers are phrases of ours with an item's
id, state and due date in them, so that any place may know them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import takewhile

from .dates import is_date
from .redaction import visible

MAX_WORDS = 500
"""Characters of a reason that are kept."""
MAX_TYPED = 1000
"""Characters of a command that the journal keeps."""
MAX_ANSWER = 8000
"""Characters of one comment of ours; what does not fit is said in the next one."""


class Verb(StrEnum):
    """What a command asks for, by the word that is typed."""

    DONE = "done"
    BLOCKED = "blocked"
    EXTEND = "extend"
    VENDOR = "vendor"
    CHECK_IN = "checkin"
    FALSE_POSITIVE = "fp"
    STATUS = "status"
    HELP = "help"


USAGE = {
    Verb.DONE: "/poam done URL",
    Verb.BLOCKED: "/poam blocked WHY",
    Verb.EXTEND: "/poam extend YYYY-MM-DD because WHY",
    Verb.VENDOR: "/poam vendor PRODUCT case NUMBER",
    Verb.CHECK_IN: "/poam checkin RESULT",
    Verb.FALSE_POSITIVE: "/poam fp WHY",
    Verb.STATUS: "/poam status",
    Verb.HELP: "/poam help",
}


@dataclass(frozen=True, slots=True)
class Command:
    """What somebody typed. `verb` is None for a word that is no command; `words` is what follows the verb, as one line,
    `typed` all of it. A command that `lacks` something has no effect.
    """

    verb: Verb | None
    typed: str
    words: str = ""
    date: str | None = None
    url: str = ""
    lacks: bool = False


def command_in(text: str) -> Command | None:
    """The command that a comment is, or None where it is none."""
    first, *rest = visible(text).strip().split("\n")
    head = _HEAD.match(first)
    if head is None:
        return None
    paragraph = takewhile(lambda line: line.strip() and not _HEAD.match(line), rest)
    lines = (first[head.end() :], *paragraph)
    verb, _, words = " ".join(" ".join(lines).split()).partition(" ")
    return _read(_VERBS.get(_plain(verb)), words, _cut(f"/poam {verb} {words}".strip(), MAX_TYPED))


def vendor_in(words: str) -> tuple[str, str]:
    """The product that a vendor has yet to mend, and the vendor's case: `"Server 9" 0815`, `Server 9 case 0815`."""
    quoted = _QUOTED.match(words)
    product, *case = quoted.groups() if quoted else _CASE.split(words, maxsplit=1)
    return product.strip(), "".join(case).strip()


def reference(comment_id: int) -> str:
    """The end of an answer, by which it is known again."""
    return f"(poam-sync re {comment_id})"


def answered_in(text: str) -> frozenset[int]:
    """The comments that a text of ours answers, however its tracker spaced or escaped the signs."""
    return frozenset(int(number) for number in _REFERENCE.findall(text))


def signed(text: str, comment_id: int) -> str:
    """An answer to one command."""
    return f"{text} {reference(comment_id)}"


def as_comment(answers: Iterable[str]) -> str:
    """Answers as one comment, a paragraph each, as many as fit."""
    return "\n\n".join(_fitting(answers))


# --- what is answered

HELP = (
    f"Commands, each at the beginning of a comment: {', '.join(USAGE.values())}. Each speaks in your name, and what "
    "needs a decision waits for the ISSO."
)
UNKNOWN = f"Nothing was recorded, as this is no command that is known here. {HELP}"
STRANGER = "Nothing was done, as the record does not know this account. The compliance team can make it known."
LACKING = "Nothing was recorded, as something is missing or is no date: {}"
ENDED = "Nothing was recorded, as this item is {}."
OVERTAKEN = "Recorded, but something later holds: the issue was moved, or another command came after this one."
DISPUTED = "Recorded, but not taken over: the record says otherwise, and a person decides."
DONE = "Recorded: the work is claimed done. The ISSO verifies it with evidence; until then the item stays open."
DONE_AFTERWARDS = "Recorded: the work of this item is done."
BLOCKED = "Recorded: the work is blocked."
FORECAST = "Recorded: {} is taken over as your forecast."
LATER = "Recorded: the later date {} is asked for and waits for a decision; until then the due date stands."
CLEARED = "Recorded: the due date holds, and there is no forecast any more."
SHOWN = "Recorded: the issue shows {} already."
IMPOSSIBLE = "Nothing follows from {}: it is before the day on which the weakness was found."
ASKED = "Recorded: it waits for a decision of the ISSO."
STANDS = "{} is {}. {}."


def _fitting(answers: Iterable[str]) -> Iterator[str]:
    length = 0
    for number, answer in enumerate(answers):
        length += len(answer) + 2
        if number and length > MAX_ANSWER:
            return
        yield answer


def _read(verb: Verb | None, words: str, typed: str) -> Command:
    """What the words behind a verb say."""
    if verb is Verb.EXTEND:
        said = _EXTEND.match(words)
        day, why = (said["day"], said["why"] or "") if said else ("", "")
        return Command(verb, typed, _cut(why, MAX_WORDS), day, lacks=not is_date(day))
    link = _URL.search(words) if verb is Verb.DONE else None
    address = link[0].rstrip(".,;:!?") if link else ""
    url = address if len(address) <= MAX_WORDS else ""
    return Command(verb, typed, _cut(words, MAX_WORDS), url=url, lacks=verb in _NEED_WORDS and not words)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


def _plain(word: str) -> str:
    return re.sub(r"[\W_]", "", word).casefold()


_NEED_WORDS = frozenset({Verb.BLOCKED, Verb.VENDOR, Verb.CHECK_IN, Verb.FALSE_POSITIVE})
_VERBS = {verb.value: verb for verb in Verb} | {"": Verb.HELP}
_HEAD = re.compile(r"\s*\\?/poam(?!\S)", re.IGNORECASE)
_EXTEND = re.compile(r"(?:to\s+)?(?P<day>\S+?)[,:;]?(?:\s+(?:because\b[,:]?)?\s*(?P<why>.*))?$", re.IGNORECASE)
_URL = re.compile(r"https?://[^\s<>\"'|()\[\]{}]+", re.IGNORECASE)
_QUOTED = re.compile(r'["“]([^"“”]+)["”]\s*(?:case\b)?[:#\s]*(.*)$', re.IGNORECASE)
_CASE = re.compile(r"\s+case\b[:#\s]*", re.IGNORECASE)
_REFERENCE = re.compile(r"poam\W*sync\W+re\W+(\d{1,18})(?!\d)", re.IGNORECASE)
