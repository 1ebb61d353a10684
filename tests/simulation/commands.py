"""Verdicts on commands in comments: each is told once, by whoever said it, and answered once; and no answer talks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from poam.connectors.base import Comment
from poam.mapping.comment_commands import Command, answered_in, command_in
from poam.sync.looking.steps import said_in
from poam.sync.record.kinds import Link

from .known import Known
from .world import BOT, CANARY


def commands(known: Known, link: Link) -> Iterator[tuple[Comment, Command]]:
    """The commands below the issue of a link."""
    issue = known.issue(link)
    for comment in issue.comments if issue else ():
        command = None if comment.author == BOT else command_in(comment.text)
        if command is not None:
            yield comment, command


def verdicts_on_commands(known: Known, *, listed_only: bool = False) -> Iterator[str]:
    """Everything that is wrong with them."""
    told = Counter((row["entity_id"], row["source"]) for row in known.journal if row["field"] == "command")
    for link in known.links:
        for comment, command in commands(known, link):
            what = f"{command.typed!r} by {comment.author.id} at {link.remote_key}"
            count = told.pop((link.id, said_in(comment.id)), 0)
            if count != 1 and not (count == 0 and known.is_out_of_sight(link, listed_only=listed_only)):
                yield f"lost: told {count} times: {what}"
    for (link_id, source), count in told.items():
        yield f"journaled {count} times, never said: {link_id[:4]} {source}"
    yield from _truly_told(known)


def verdicts_on_answers(known: Known) -> Iterator[str]:
    """Each command that was told is answered once, and nothing else is; an answer repeats nothing."""
    told = {(row["entity_id"], row["source"]) for row in known.journal if row["field"] == "command"}
    for link in known.links:
        issue = known.issue(link)
        ours = [comment for comment in issue.comments if comment.author == BOT] if issue else []
        given = Counter(number for comment in ours for number in answered_in(comment.text))
        for comment, command in commands(known, link):
            count, is_told = given.pop(comment.id, 0), (link.id, said_in(comment.id)) in told
            may_lack = not is_told or known.is_out_of_sight(link) or known.left(link)
            if count > 1 or (count == 0 and not may_lack):
                yield f"answered {count} times: {command.typed!r} by {comment.author.id} at {link.remote_key}"
        if given:
            yield f"answered without a command at {link.remote_key}: {sorted(given)}"
        if any(CANARY in comment.text for comment in ours):
            yield f"an answer at {link.remote_key} repeats what somebody typed"


def _truly_told(known: Known) -> Iterator[str]:
    said = {
        (link.id, said_in(comment.id)): (link, comment) for link in known.links for comment, _ in commands(known, link)
    }
    for row in known.journal:
        if row["field"] == "command" and (row["entity_id"], row["source"]) in said:
            link, comment = said[row["entity_id"], row["source"]]
            true = (known.person(link.connector, comment), " ".join(comment.text.split()))
            if (row["person"], row["new"]) != true:
                yield f"journaled as {row['new']!r} of {row['person']}, was {true}"
