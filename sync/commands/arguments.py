"""What is typed behind a command: one of a few words, or a number of a list, each refused with what it should be."""

from __future__ import annotations

from typing import Any

import click

from ..settings.problems import did_you_mean


class Word(click.Choice[str]):
    """One of a few words; a mistyped one is told with the one that was probably meant."""

    def __init__(self, *words: str) -> None:
        super().__init__([str(word) for word in words])

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The word as it stands in the list."""
        if value not in self.choices:
            near = did_you_mean(value, tuple(self.choices))
            self.fail(f"{value} is not one of {', '.join(self.choices)}{near if '?' in near else ''}", param, ctx)
        return str(value)


class Number(click.IntRange):
    """The number that a list shows before each of its lines; `shown_by` is the command that prints the list."""

    def __init__(self, shown_by: str) -> None:
        super().__init__(1, 2**63 - 1)  # what the record can count to
        self.shown_by = shown_by

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        try:
            return int(super().convert(value, param, ctx))
        except click.BadParameter:
            self.fail(f"{value} is no number; N is the id that {self.shown_by} shows", param, ctx)
