"""The contract's laws: every field that is mapped, written to a tracker and read back, is a lens.

PutGet: what was written is what is read, in the form that both sides are compared in. GetPut: writing what was read
changes nothing and is no news. PutPut: the second of two writes is as if there had been no first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import pytest

from poam.connectors.base import Edit, Issue
from poam.mapping.lenses import normal_body, normal_title

from .stage import Stage

TEXTS = (
    "Plain",
    "  Spaced  out ",
    "Überlänge ﬁ 漢字 \U0001f600",
    "e\u0301 decomposed",
    "@everyone see #12, SEC-1 and <b>bold</b> &amp; more",
    "=HYPERLINK(1)",
    "tail\t\u00a0",
)
BODIES = (
    *TEXTS,
    "",
    "a\r\nb\rc",
    "one  \n\n\ntwo\n\n",
    "h1. {code}x{code} ![a](b)\n- [ ] task",
    "<!-- not a marker -->\nx",
)
LABELS = frozenset({"poam-kev", "poam-date-pending", "poam-severity-high"})


@dataclass(frozen=True)
class Lens:
    """One field: how a value is put, how an issue shows it, and the form that both sides are compared in."""

    put: Callable[[str], Edit]
    get: Callable[[Issue], str]
    normal: Callable[[str], str]
    values: tuple[str, ...]


def _labels(wanted: str) -> Edit:
    return Edit(add_labels=frozenset(wanted.split()), remove_labels=LABELS - set(wanted.split()))


LENSES = {
    "title": Lens(
        put=lambda value: Edit(title=value),
        get=lambda issue: issue.title,
        normal=lambda value: normal_title(value, 255),
        values=TEXTS,
    ),
    "body": Lens(
        put=lambda value: Edit(body=value),
        get=lambda issue: issue.body,
        normal=lambda value: normal_body(value).strip(),
        values=BODIES,
    ),
    "due_date": Lens(
        put=lambda value: Edit(due_date=value),
        get=lambda issue: next(iter(issue.due_dates), ""),
        normal=str,
        values=("2027-01-31", "", "9999-12-31", "2028-02-29"),
    ),
    "status": Lens(
        put=lambda value: Edit(status=value),  # type: ignore[arg-type]
        get=lambda issue: issue.status.category,
        normal=str,
        values=("doing", "done", "todo", "done", "doing", "todo"),
    ),
    "labels": Lens(
        put=_labels,
        get=lambda issue: " ".join(sorted(issue.labels & LABELS)),
        normal=lambda value: " ".join(sorted(value.split())),
        values=("poam-kev", "poam-severity-high poam-kev", "", "poam-date-pending"),
    ),
}


class Laws:
    """Every field of every tracker."""

    @pytest.mark.parametrize("name", LENSES)
    def test_what_was_written_is_what_is_read_and_writing_that_changes_nothing(self, stage: Stage, name: str) -> None:
        lens, issue_id = LENSES[name], stage.create()
        for value in lens.values:
            stage.edit(issue_id, lens.put(value))
            read = stage.tracker.get(issue_id)
            assert lens.normal(lens.get(read)) == lens.normal(value)
            stage.edit(issue_id, lens.put(lens.get(read)))
            again = stage.tracker.get(issue_id)
            assert (lens.get(again), again.history) == (lens.get(read), read.history)

    @pytest.mark.parametrize("name", LENSES)
    def test_the_last_of_two_writes_holds_whatever_the_first_was(self, stage: Stage, name: str) -> None:
        lens = LENSES[name]
        for number, (first, second) in enumerate(pairwise(lens.values)):
            twice, once = stage.create(f"twice-{number}"), stage.create(f"once-{number}")
            stage.edit(twice, lens.put(first))
            stage.edit(twice, lens.put(second))
            stage.edit(once, lens.put(second))
            assert lens.normal(lens.get(stage.tracker.get(twice))) == lens.normal(lens.get(stage.tracker.get(once)))
